"""WordNet 3.0: words, their definitions, sentences that use them, and which kind of thing is a kind of which.

Thousands of class names, each with texts that belong to it: a model that meets a new name in nearly every episode has to
read names instead of learning them by heart. Format: wndb(5WN); word counts: cntlist(5WN).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from training.pocket.sources import Group

PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
SMALLEST_CLASS = 8
SIMPLE = re.compile(r"[a-z]{3,}")


@dataclass
class Synset:
    """One sense: its words, the commonest first, its definition, and its example sentences."""

    key: str
    part: str
    words: list[str]
    gloss: str
    examples: list[str]
    count: int  # how often the sense occurs in WordNet's tagged texts
    parents: list[str] = field(default_factory=list)

    @property
    def readable(self) -> bool:
        """Whether the definition is neither a stub nor an essay."""
        return 8 <= len(self.gloss) <= 160


def read(folder: Path) -> dict[str, Synset]:
    """Every sense by key (part of speech and offset)."""
    counts = _counts(folder / "cntlist.rev")
    found: dict[str, Synset] = {}
    for name, letter in PARTS.items():
        for line in (folder / f"data.{name}").read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):
                synset = _synset(line, letter, counts)
                found[synset.key] = synset
    return found


def _synset(line: str, letter: str, counts: dict[tuple[str, str], int]) -> Synset:
    head, _, gloss = line.partition(" | ")
    cells = head.split()
    number = int(cells[3], 16)
    words = [re.sub(r"\(.*\)$", "", word).replace("_", " ") for word in cells[4 : 4 + 2 * number : 2]]
    lexical = [word.lower().replace(" ", "_") for word in words]
    pointers = cells[5 + 2 * number :]
    parents = [letter + pointers[i + 1] for i in range(0, 4 * int(cells[4 + 2 * number]), 4) if pointers[i] in ("@", "@i")]
    examples = re.findall(r'"([^"]{8,})"', gloss)
    meaning = re.sub(r"^\([^)]*\)\s*", "", re.split(r';\s*"|:\s*"', gloss)[0].strip())
    count = max((counts.get((word, cells[1]), 0) for word in lexical), default=0)
    return Synset(letter + cells[0], letter, words, meaning, [e.strip() for e in examples], count, parents)


def _counts(path: Path) -> dict[tuple[str, str], int]:
    """How often a word occurs in a lexicographer file's sense: (word, file number) -> count."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, count = line.split()
        word, _, rest = key.partition("%")
        found[word, rest.split(":")[1]] += int(count)
    return found


def common(synsets: dict[str, Synset]) -> list[Synset]:
    """Senses of words in use, whose definition is of readable length."""
    return [s for s in synsets.values() if s.count >= 1 and s.readable and s.words[0].isascii()]


def synonyms(synsets: dict[str, Synset]) -> dict[str, list[str]]:
    """Each word's others in its commonest sense: single words in small letters, in any part of speech but adverbs."""
    commonest: dict[str, Synset] = {}
    for synset in synsets.values():
        if synset.count and synset.part != "r":
            for word in synset.words:
                if word not in commonest or commonest[word].count < synset.count:
                    commonest[word] = synset
    found = {word: [w for w in s.words if w != word and SIMPLE.fullmatch(w)] for word, s in commonest.items()}
    return {word: others for word, others in found.items() if others and SIMPLE.fullmatch(word)}


def kinds(synsets: dict[str, Synset]) -> list[Group]:
    """Classes that are kinds of something: texts are definitions (with or without the word), the class is a word above."""
    below: dict[str, set[str]] = defaultdict(set)
    for synset in synsets.values():
        if synset.part not in "nv" or not synset.readable:
            continue
        for above in _ancestors(synset, synsets, steps=4):
            below[above].add(synset.key)
    named: dict[str, dict[str, list[str]]] = {"n": {}, "v": {}}
    for key, members in sorted(below.items()):
        top = synsets[key]
        if top.count < 2 or not SMALLEST_CLASS <= len(members) <= 800:
            continue
        name = top.words[0].lower()
        texts = [text for member in sorted(members)[:120] for text in _texts(synsets[member], name)]
        if len(texts) >= SMALLEST_CLASS and name not in named[top.part]:
            named[top.part][name] = texts
    return [
        Group("kinds-n", "what kind of thing is described", named["n"]),
        Group("kinds-v", "what kind of action is described", named["v"]),
    ]


def _texts(synset: Synset, name: str) -> list[str]:
    forms = [synset.gloss, *synset.examples[:1]]
    if synset.count:
        forms.append(f"{synset.words[0]}: {synset.gloss}")
    return [text for text in forms if name not in text.lower()]


def _ancestors(synset: Synset, synsets: dict[str, Synset], steps: int) -> set[str]:
    found: set[str] = set()
    edge = [synset.key]
    for _ in range(steps):
        edge = [parent for key in edge for parent in synsets[key].parents if parent not in found]
        found.update(edge)
    return found
