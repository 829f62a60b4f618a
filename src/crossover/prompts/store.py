"""The registry: a folder with a folder for each prompt, in which files are added and none is ever changed.

    prompts/support/versions/0003-1f0c9a2e.yaml            a version
    prompts/support/labels/production/0002-77ab01c4.yaml   a label was moved
    prompts/support/scores/tickets-5d2e8c11.yaml           what a study measured

What stands last is what no other record stands behind. After a merge of two branches that may be two, which is said: git
merges such files without a conflict, and nothing of either side is lost.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from crossover.data.textfile import as_path, read_text
from crossover.errors import PromptError, nearest
from crossover.prompts.names import REFERENCE, Reference, checked, checked_label, reference
from crossover.prompts.place import LABELS, SCORES, VERSIONS, held, home, now, somebody, write_new
from crossover.prompts.record import Figure, Move, Record, Version, check_prompt, file_text, read_record
from crossover.types import Decoding, Prompt

R = TypeVar("R", bound=Record)
_APART = "made apart from each other, on branches that were merged"


@dataclass(frozen=True)
class Change:
    """Something that happened to a prompt. `what`: "a version was added", "a label was moved" ..., in a sentence."""

    at: str
    by: str
    kind: Literal["version", "label", "score"]
    what: str
    note: str


class Registry:
    """The prompts in a folder; without one, of the project: CROSSOVER_PROMPTS, or the nearest `prompts` here or above.

    Everything that is read is read anew from the files. Every method raises `PromptError`, in one sentence.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = home() if folder is None else as_path(folder, "the folder of the prompts", PromptError)

    def names(self) -> list[str]:
        """All prompts, by name."""
        found = [unicodedata.normalize("NFC", entry) for entry in self._entries() if self._is_prompt(entry)]
        return sorted(set(found))

    def get(self, which: str) -> Version:
        """The version that `NAME`, `NAME@VERSION` or `NAME@LABEL` means, with the labels that it bears."""
        return self._resolved(reference(which))

    def versions(self, name: str) -> list[Version]:
        """All versions, the oldest first, with the labels that each bears."""
        labels = self.labels(name)
        found = self._read(Version, self._existing(name) / VERSIONS, name=name)
        return [replace(v, labels=tuple(k for k, at in labels.items() if v.identity in at)) for v in found]

    def labels(self, name: str) -> dict[str, tuple[str, ...]]:
        """Label -> the identity of the version that bears it; several where branches moved it apart ("": taken away)."""
        found = {}
        for label, moves in self._moves(name).items():
            at = tuple(dict.fromkeys(move.version for move in last(moves)))
            if at != ("",):
                found[label] = at
        return found

    def scores(self, name: str) -> list[Figure]:
        """What studies measured of it, the newest last; of one candidate in one study, on test where it came so far."""
        best: dict[tuple[str, ...], Figure] = {}
        for one in self._read(Figure, self._existing(name) / SCORES, name=name):
            key = (one.version, one.task, one.data, one.model, one.candidate, one.at)
            before = best.get(key)
            if before is None or (before.split == "test", before.n) < (one.split == "test", one.n):
                best[key] = one
        return sorted(best.values(), key=lambda one: (one.at, one.number, one.identity))

    def history(self, name: str) -> list[Change]:
        """Who changed what when, the oldest first."""
        found = [Change(v.at, v.by, "version", _came(v), v.note) for v in self.versions(name)]
        for label, moves in self._moves(name).items():
            for move in moves:
                what = f"{label} → {move.version}" if move.version else f"{label} was taken away"
                found.append(Change(move.at, move.by, "label", what, move.note))
        return sorted(found, key=lambda change: (change.at, change.kind == "label"))

    def add(
        self,
        name: str,
        prompt: Prompt,
        decoding: Decoding | None = None,
        note: str = "",
        source: str = "",
        by: str = "",
        label: str = "",
    ) -> Version:
        """Make a prompt the latest version, and return it; where it is that already, nothing is written.

        `source`: where it came from. `by`: else the name that git has here. `label`: one for it.
        """
        name, prompt, label = checked(name), check_prompt(prompt), checked_label(label) if label else ""
        with held(self.folder):
            self._check_new(name)
            if label and os.path.isdir(self._path(name) / VERSIONS):
                self._check_case(name, label)
            version = self._added(name, prompt, decoding, note, source, by)
            if label:
                self._moved(name, label, version.identity, note, by)
        return self.get(f"{name}@{version.identity}")

    def restore(self, which: str, note: str = "", by: str = "") -> Version:
        """Make an earlier version the latest once more: a new one, with the very prompt. What came between stays."""
        meant = reference(which)
        with held(self.folder):
            old = self._resolved(meant)
            return self._added(old.name, old.prompt, old.decoding, note, f"version {old.identity}", by)

    def label(self, which: str, label: str, note: str = "", by: str = "") -> Version:
        """Give a label to a version, from whichever had it, and return the version."""
        meant, label = reference(which), checked_label(label)
        with held(self.folder):
            version = self._resolved(meant)
            self._moved(version.name, label, version.identity, note, by)
        return self.get(f"{version.name}@{version.identity}")

    def unlabel(self, name: str, label: str, note: str = "", by: str = "") -> None:
        """Take a label away."""
        label = checked_label(label)
        with held(self.folder):
            borne = self.labels(name)
            if label not in borne:
                raise PromptError(f"'{name}' has no label '{label}'{_valid(label, list(borne))}")
            self._moved(name, label, "", note, by)

    def score(self, figure: Figure) -> None:
        """Keep what a study measured; the same once more changes nothing."""
        folder = self._existing(figure.name) / SCORES
        with held(self.folder):
            write_new(folder / _file(figure), file_text(figure))

    def _added(self, name: str, prompt: Prompt, decoding: Decoding | None, note: str, source: str, by: str) -> Version:
        folder = self._path(name)
        known = self._read(Version, folder / VERSIONS, name=name)
        newest = last(known)
        if len(newest) == 1 and (newest[0].prompt, newest[0].decoding) == (prompt, decoding):
            return newest[0]
        made = Version(
            name,
            1 + max((version.number for version in known), default=0),
            now(),
            _line(by or somebody(), "who changes it"),
            _line(note, "the note"),
            tuple(sorted(version.identity for version in newest)),
            _line(source, "where it came from"),
            prompt,
            decoding,
        )
        write_new(folder / VERSIONS / _file(made), file_text(made))
        return made

    def _moved(self, name: str, label: str, version: str, note: str, by: str) -> None:
        self._check_case(name, label)
        before = self._moves(name).get(label, [])
        newest = last(before)
        if [move.version for move in newest] == [version]:
            return
        number, who = 1 + max((move.number for move in before), default=0), _line(by or somebody(), "who changes it")
        after = tuple(sorted(move.identity for move in newest))
        made = Move(checked(name), number, now(), who, _line(note, "the note"), after, label, version)
        write_new(self._existing(name) / LABELS / label / _file(made), file_text(made))

    def _resolved(self, meant: Reference) -> Version:
        labels = self.labels(meant.name)  # before the versions: what a label is moved to meanwhile is then among them
        versions = self.versions(meant.name)
        known = [f"{version.number}" for version in versions]
        if meant.label:
            at = labels.get(meant.label)
            if at is None:
                borne = [*labels, *known]
                raise PromptError(f"'{meant.name}' has no label '{meant.label}'{_valid(meant.label, borne)}")
            if len(at) > 1:
                places = " and ".join(sorted(f"to {one}" if one else "away" for one in at))
                one = next(filter(None, at))
                raise PromptError(
                    f"the label '{meant.label}' of '{meant.name}' was moved {places}, apart from each other, on"
                    f" branches that were merged: say which with 'crossover prompts label {meant.name}@{one} {meant.label}'"
                )
            found = [version for version in versions if version.identity == at[0]]
            if not found:
                raise PromptError(f"{self.folder}: '{meant}' is version {at[0]}, whose file is not there: get it from git")
        elif meant.identity:
            found = [version for version in versions if version.identity == meant.identity]
        elif meant.number:
            found = [version for version in versions if version.number == meant.number]
        else:
            found = last(versions)
        if not found:
            raise PromptError(f"'{meant.name}' has no version {meant.identity or meant.number}; valid: {', '.join(known)}")
        if len(found) > 1:
            ids = " and ".join(version.identity for version in found)
            what = f"'{meant}' is two versions" if len(found) == 2 else f"'{meant}' is {len(found)} versions"
            raise PromptError(
                f"{what}, {ids}, {_APART}: name one, such as {meant.name}@{found[0].identity}"
                + ("" if meant.number else "; 'crossover prompts restore' with it makes it the latest")
            )
        return found[0]

    def _moves(self, name: str) -> dict[str, list[Move]]:
        """The moves of each label, in their order."""
        folder = self._existing(name) / LABELS
        found: dict[str, list[Move]] = {}
        for entry in _listed(folder):
            moves = self._read(Move, folder / entry, name=name, label=entry)
            if moves:
                found.setdefault(checked_label(entry), []).extend(moves)
        return dict(sorted(found.items()))

    def _read(self, kind: type[R], folder: Path, **own: str) -> list[R]:
        """The records of a folder, in their order. `own`: what each says of itself, as where it lies says it.

        Raises `PromptError` for one that is not what its name says, or that belongs elsewhere.
        """
        found = []
        for entry in _listed(folder):
            path = folder / entry
            if entry.startswith(".") or path.suffix != ".yaml":
                continue
            record = read_record(kind, read_text(path, error=PromptError), str(path))
            if entry != _file(record):
                raise PromptError(
                    f"{path} is not as it was written (it was changed, or a merge left its marks in it): get it back from"
                    " git, or, to keep what it says now, add that as a new version and delete it"
                )
            for key, here in own.items():
                said = getattr(record, key)
                if unicodedata.normalize("NFC", here) != said:
                    raise PromptError(
                        f"{path} belongs to the {'prompt' if key == 'name' else key} '{said}': put it back there; under"
                        " another name it is added anew"
                    )
            found.append(record)
        return sorted(found, key=lambda record: (record.number, record.at, record.identity))

    def _existing(self, name: str) -> Path:
        name = checked(name)
        path = self._path(name)
        if os.path.isdir(path / VERSIONS):
            return path
        names = self.names()
        if not names:
            raise PromptError(
                f"there is no prompt '{name}', and {self.folder} holds none: 'crossover prompts add {name} FILE' adds"
                " one, and CROSSOVER_PROMPTS says where others lie"
            )
        raise PromptError(f"there is no prompt '{name}' in {self.folder}; {nearest(name, names)}")

    def _path(self, name: str) -> Path:
        """A prompt's folder, whichever form of Unicode a file system or another program gave its name."""
        found = [entry for entry in self._entries() if unicodedata.normalize("NFC", entry) == name]
        if len(found) > 1:
            raise PromptError(
                f"{self.folder} has the folder '{name}' twice, in two forms of Unicode: move the files of one to the other"
            )
        return self.folder / (found[0] if found else name)

    def _check_new(self, name: str) -> None:
        for other in self.names():
            if other != name and other.casefold() == name.casefold():
                raise PromptError(
                    f"there is a prompt '{other}', and '{name}' differs from it in case alone, which not every file system"
                    f" keeps apart; valid is {other}, or another name"
                )

    def _check_case(self, name: str, label: str) -> None:
        for other in self._moves(name):
            if other != label and other.casefold() == label.casefold():
                raise PromptError(
                    f"the label '{label}' differs from '{other}' in case alone; valid is {other}, or another word"
                )

    def _entries(self) -> list[str]:
        return _listed(self.folder)

    def _is_prompt(self, entry: str) -> bool:
        try:
            checked(entry)
        except PromptError:
            return False
        return os.path.isdir(self.folder / entry / VERSIONS)


def _listed(folder: Path) -> list[str]:
    """What a folder holds; nothing where there is none. Raises `PromptError` for one that may not be read."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise PromptError(f"{folder} cannot be read: {error.strerror or error}") from error


def last(records: Sequence[R]) -> list[R]:
    """Those that no other stands behind: one, or several where branches were merged.

    A record whose file was taken away, or was not seen yet while others write, is thought to stand behind all before it.
    """
    behind = {identity for record in records for identity in record.after}
    gone = [re.match(r"\d{1,9}", identity) for identity in behind - {record.identity for record in records}]
    after = max((int(number[0]) for number in gone if number), default=0)
    return [record for record in records if record.identity not in behind and record.number >= after]


def _file(record: Record) -> str:
    """What a record's file is called: after its number, or after the task that was measured, and its hash."""
    task = re.sub(r"[^\w.-]|^\.", "_", record.task)[:100] if isinstance(record, Figure) else ""
    return f"{task or f'{record.number:04d}'}-{record.identity.partition('-')[2]}.yaml"


def _came(version: Version) -> str:
    return f"version {version.identity}" + (f" from {version.source}" if version.source else "")


def _valid(word: str, names: Sequence[str]) -> str:
    return f"; {nearest(word, list(names))}" if names else f"; it has no labels, and valid is {REFERENCE}"


def _line(text: str, what: str) -> str:
    """A text of a record, without white space around it. Raises `PromptError` for half a character."""
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise PromptError(f"{what}: received {text!a}, which is not UTF-8; valid is text") from problem
    return text.strip()
