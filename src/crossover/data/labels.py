"""One spelling for every label: composed or decomposed, 0 or 0.0 or "0", with other white space, they are one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from crossover.data.disguised import undisguised
from crossover.data.text import bare, comparable, folded, spelled
from crossover.types import Example

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_NUMBER = re.compile(r"([+-]?)(0|[1-9]\d*|(?=\.))(\.\d+)?")  # "007" is a code, and not 7
_SCALED = re.compile(r"[-+]?\d*\.?\d+")
MANY_NUMBERS = 12  # labels that are whole numbers: more may be a scale and no classes
_SHORT = {"y": "yes", "n": "no"}
_SAYS = {**dict.fromkeys(("true", "t", "yes", "y", "1"), "true"), **dict.fromkeys(("false", "f", "no", "n", "0"), "false")}
_OTHER = {"t": "f", "f": "t", "y": "n", "n": "y"}  # without it, the letter stands for something else
_ALIKE = str.maketrans("аеорсухіѕјԁһɡοαν", "aeopcyxisjdhgoav")  # Cyrillic and Greek letters that look like Latin ones


@dataclass(frozen=True)
class Merged:
    """A label that is also written in other ways, and the rows that do."""

    label: str
    ways: tuple[str, ...]  # "with decomposed letters", "'0.0'"
    rows: tuple[str, ...]


def sense(label: str) -> str:
    """What a label says, however it is typed: whole numbers without a fraction, true and false in lower case."""
    text = spelled(label) or label
    if whole := _WHOLE.fullmatch(text):
        text = "0" if whole[1] == "-0" else whole[1]
    return text.lower() if text.lower() in ("true", "false") else text


def seeming(label: str) -> str:
    """What a reader takes a label for: labels that only case, white space, quotes, dashes, full-width letters, escapes
    (HTML's, a URL's), the punctuation around them, letters that look alike or the writing of one number tell apart seem
    the same."""
    label = undisguised(label).strip() or label
    text = "".join(str(unicodedata.decimal(c, c)) for c in bare(label) or comparable(label)).replace("i\u0307", "i")
    if number := _NUMBER.fullmatch(text):
        value = f"{number[2].lstrip('0') or '0'}{(number[3] or '').rstrip('0').rstrip('.')}"
        return f"-{value}" if number[1] == "-" and value != "0" else value
    return text.translate(_ALIKE)


def look_alikes(labels: Iterable[str]) -> dict[str, list[str]]:
    """The labels by what they seem; "y" and "n" seem "yes" and "no" where these are among them: one of the two
    only where no other letter is a label. Where all say yes or no, so do "1" and "true"."""
    seen = {label: seeming(label) for label in labels}
    among = set(seen.values())
    lone = any(len(text) == 1 and not text.isdigit() and _OTHER[text] not in among for text in among & _OTHER.keys())
    if among <= _SAYS.keys() and not lone and len(among) > len({_SAYS[text] for text in among}) > 1:
        seen = {label: _SAYS[text] for label, text in seen.items()}
    answers = among >= {"y", "n"} or not ({"yes", "y"}.isdisjoint(among) or any(map(_other_letter, among)))
    whole = {"yes", "no"} & among if answers else set()
    found: dict[str, list[str]] = {}
    for label, text in seen.items():
        meant = _SHORT.get(text, text)
        found.setdefault(meant if meant in whole else text, []).append(label)
    return found


def _other_letter(label: str) -> bool:
    return len(label) == 1 and label.isalpha() and label not in _SHORT


def one_spelling(examples: Sequence[Example], listed: Sequence[str]) -> tuple[list[Example], list[Merged]]:
    """The examples with one spelling a label, and what was merged.

    A spelling that the task lists stays, and takes the others of its sense. Only what meets is merged: labels that are all
    "1.0", or all decomposed, stay so; white space around one, as completions once had it, never does.
    """
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for label in listed:
        owners[sense(label)].append(label)
    meet: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        meet[sense(example.output)].add(example.output)

    def name(output: str) -> str:
        meant = sense(output)
        owner = owners.get(meant, [])
        if output in owner or len(owner) > 1:
            return output
        if owner:
            return owner[0]
        return output if len(meet[meant]) == 1 and output == output.strip() else meant

    names = {output: name(output) for output in dict.fromkeys(example.output for example in examples)}
    changed: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if names[example.output] != example.output:
            changed[names[example.output]].append(example)
    merged = [
        Merged(
            label,
            tuple(dict.fromkeys(_way(example.output, label) for example in found)),
            tuple(example.source for example in found),
        )
        for label, found in changed.items()
    ]
    return [replace(example, output=names[example.output]) for example in examples], merged


def _way(written: str, label: str) -> str:
    if spelled(written) != spelled(label):
        return f"as '{spelled(written)}'"
    if written.strip() == label.strip() or " ".join(written.split()) == " ".join(label.split()):
        return "with other white space"
    return (
        "with invisible marks" if len(folded(written)) == len(written) - _invisible(written) else "with decomposed letters"
    )


def _invisible(text: str) -> int:
    """How many of its marks are not seen."""
    return sum(folded(f"x{letter}x") == "xx" for letter in text)


def scale(labels: Collection[str]) -> list[float]:
    """The numbers of a scale, in order, where labels are such; else none."""
    if not all(map(_SCALED.fullmatch, labels)) or len(labels) < 3:
        return []
    values = sorted(map(float, labels))
    return [] if all(value.is_integer() for value in values) and len(values) < MANY_NUMBERS else values
