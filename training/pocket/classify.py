"""Classification episodes: classes drawn anew each time, named by meaning or arbitrarily, told by options or by examples.

What the context cannot tell yet is not learnt: a name that neither options nor examples have shown has weight 0. So the
only way down in loss is to read.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy
from numpy.typing import NDArray

from training.pocket.pieces import Episode, Piece
from training.pocket.sources import Group
from training.pocket.wording import form, instruction, spelling

TRIES = 20  # draws for each class that is wanted
END = 0.6  # weight of the end behind a name: whole names are compared
SHOUTED = 0.12  # share of the instructions in capitals, the options too: the answers keep their own spelling
WORD = re.compile(r"[A-Za-z][a-z']+")


@dataclass(frozen=True)
class Class:
    """A class as an episode uses it."""

    name: str
    texts: Sequence[str]
    description: str = ""
    keywords: Sequence[str] = ()


@dataclass
class Classes:
    """The classes of a group, with what tells one from another."""

    group: Group
    descriptions: dict[str, str] = field(default_factory=dict)
    near: NDArray[numpy.int64] | None = None  # (classes, classes): each class's others, the most similar first

    def __post_init__(self) -> None:
        self.names = sorted(self.group.classes)
        self.keywords = _keywords(self.group.classes)

    def rank(self, vector: Callable[[str], NDArray[numpy.float32]]) -> None:
        """Order each class's neighbours by the similarity of mean text embeddings, so that hard choices can be drawn."""
        means = numpy.stack([sum(vector(text) for text in self.group.classes[name][:40]) for name in self.names])
        means /= numpy.linalg.norm(means, axis=1, keepdims=True)
        self.near = numpy.argsort(-(means @ means.T), axis=1, kind="stable")

    def draw(self, rng: random.Random, count: int) -> list[Class]:
        """`count` different classes: in 4 of 10 draws similar ones."""
        count = min(count, len(self.names))
        if self.near is not None and rng.random() < 0.4:
            row = self.near[rng.randrange(len(self.names))]
            chosen = [self.names[i] for i in rng.sample([int(i) for i in row[: 3 * count]], count)]
        else:
            chosen = rng.sample(self.names, count)
        return [
            Class(name, self.group.classes[name], self.descriptions.get(name, ""), self.keywords[name]) for name in chosen
        ]


@dataclass
class Neighbourhoods:
    """Classes without a name: a text and the texts nearest to it in the teacher's space. There are as many as texts."""

    texts: Sequence[str]
    near: NDArray[numpy.int32]  # (texts, m): each text's nearest others, itself first

    def draw(self, rng: random.Random, count: int) -> list[Class]:
        """At most `count` classes, fewer where the texts hold no more that do not overlap."""
        taken: set[int] = set()
        found: list[Class] = []
        for _ in range(TRIES * count):
            if len(found) == count:
                break
            members = [int(i) for i in self.near[rng.randrange(len(self.texts))]]
            if not taken.intersection(members):
                taken.update(members)
                texts = [self.texts[i] for i in members]
                found.append(Class("", texts, "", _content(texts[0])))
        return found


@dataclass
class Classifier:
    """Draws episodes. `words`: names to give at random; `progress` runs from 0 to 1 over the curriculum."""

    named: Sequence[tuple[Classes, float]]
    unnamed: Neighbourhoods
    senses: Sequence[Class]  # a word as the name, its definition and uses as the texts
    words: Sequence[str]
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def episode(self, rng: random.Random, room: int, progress: float) -> Episode:
        """An episode of at most about `room` tokens."""
        count = rng.choices((2, 3, 4, 5, 6, 8, 10, 12, 15), (6, 8, 10, 12, 12, 14, 18, 10, 10))[0]
        shots = rng.choices((0, 1, 2, 3, 4, 6), (40, 18, 18, 8, 10, 6))[0]
        count = max(2, min(count, (room - 40) // (10 + 24 * max(shots, 1))) if shots else min(count, room // 14))
        draw = rng.random()
        early = 1 - progress
        contained = 0.08 + 0.27 * early
        if draw < contained:
            return self._compose(
                rng, self._contained(rng, count), "which word the text contains", "name", shots, room, early
            )
        if draw < contained + 0.16:
            classes = rng.sample(self.senses, min(count, len(self.senses)))
            return self._compose(rng, classes, "which word is meant", "name", min(shots, 1), room, early)
        if draw < contained + 0.34:
            return self._compose(rng, self.unnamed.draw(rng, count), "which group the text belongs to",
                                 rng.choices(("keyword", "random"), (50, 50))[0], max(shots, 1), room, early)  # fmt: skip
        source = rng.choices([s for s, _ in self.named], [w for _, w in self.named])[0]
        style = rng.choices(("name", "keyword", "random", "letter"), (46, 28, 20, 6))[0]
        return self._compose(rng, source.draw(rng, count), source.group.goal, style, shots, room, early)

    def _contained(self, rng: random.Random, count: int) -> list[Class]:
        """Each class is named by a word that its texts contain: reading options is learnt from these first."""
        found: dict[str, Class] = {}
        for _ in range(TRIES * count):
            if len(found) == count:
                break
            texts = [self.unnamed.texts[int(i)] for i in self.unnamed.near[rng.randrange(len(self.unnamed.texts))][:6]]
            word = rng.choice(_content(texts[0]) or [""])
            if word and word not in found:
                found[word] = Class(word, [t for t in texts if word in t.lower()] or texts[:1])
        return list(found.values())

    def names(self, rng: random.Random, classes: Sequence[Class], style: str) -> list[str]:
        if style == "letter":
            marks = rng.choice(("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "123456789"))
            return rng.sample(marks, len(classes)) if len(classes) <= len(marks) else rng.sample(self.words, len(classes))
        if style == "name":
            return spelling(rng, self._reworded(rng, [c.name for c in classes]))
        names: list[str] = []
        for c in classes:
            name = ""
            if style == "keyword" and c.keywords:
                few = min(len(c.keywords), rng.choice((1, 2, 2, 3)))
                name = " ".join(rng.sample(list(c.keywords), few))
            while not name or name in names:
                name = rng.choice(self.words) if rng.random() < 0.6 else " ".join(rng.sample(self.words, 2))
            names.append(name)
        return spelling(rng, names)

    def _reworded(self, rng: random.Random, names: list[str]) -> list[str]:
        """In every other episode, names with some words exchanged for synonyms: names seen a hundred times are not read."""
        if rng.random() < 0.5:
            return names
        found: list[str] = []
        for name in names:
            words = name.replace("_", " ").split(" ")
            other = " ".join(
                rng.choice(self.synonyms[word]) if word in self.synonyms and rng.random() < 0.4 else word for word in words
            )
            found.append(other)
        return found if len(set(found)) == len(names) else names

    def _compose(
        self, rng: random.Random, classes: Sequence[Class], goal: str, style: str, shots: int, room: int, early: float
    ) -> Episode:
        names = self.names(rng, classes, style)
        telling = style in ("name", "keyword")
        listed = rng.random() < (0.75 if telling else 0.35) or (shots == 0 and rng.random() < 0.9)
        described = all(c.description for c in classes) and rng.random() < 0.4
        if shots == 0 and not telling and not described:
            shots = 1
        layout = form(rng)
        episode: Episode = []
        behind = listed and shots == 0 and rng.random() < 0.2  # the instruction follows each text
        if not behind and (listed or rng.random() < 0.6):
            text = instruction(
                rng, goal, names if listed else None, [c.description for c in classes] if described else None
            )
            if rng.random() < SHOUTED:
                text, layout = text.upper(), layout.upper()
            episode += _with_meanings(text, names if listed and telling else [], classes)
            episode.append(Piece("\n\n" if rng.random() < 0.9 else "\n"))
        told = listed and (telling or described)
        size = sum(len(piece.text) for piece in episode) / 3.8
        seen: Counter[int] = Counter()
        shown: list[tuple[str, int]] = []
        order = _order(rng, len(classes), shots)
        for place, which in enumerate(order):
            text = self._text(rng, classes[which], shown, which, 0.45 * early + 0.03)
            size += len(text) / 4 + len(names[which]) / 4 + 8
            if size > room and place:
                break
            weight = 1.0 if seen[which] or told else 0.0
            if behind:
                asked = instruction(rng, goal, names, None)
                episode += [Piece(layout.before), Piece(text, 0.0, text), Piece("\n")]
                cue = layout.cue or "\nAnswer:"
                episode += [*_with_meanings(asked, names, classes), Piece(cue, 0.0, text, asks=which)]
                episode += [Piece(f" {names[which]}", weight), Piece("\n\n", END)]
                break
            tail = Piece(f" {names[which]}", weight, names=which)
            episode += [
                Piece(layout.before),
                Piece(text, 0.0, text, asks=-1 if layout.cue else which),
                Piece(layout.cue, 0.0, text, asks=which) if layout.cue else Piece(""),
                tail,
                Piece(layout.between, weight and END),
            ]
            seen[which] += 1
            shown.append((text, which))
        episode[-1] = Piece("</s>", END)
        return episode

    @staticmethod
    def _text(rng: random.Random, chosen: Class, shown: Sequence[tuple[str, int]], which: int, again: float) -> str:
        """A text of the class; early on often one that the episode has shown already, so that copying is learnt first."""
        before = [text for text, owner in shown if owner == which]
        if before and rng.random() < again:
            return rng.choice(before)
        text = rng.choice(chosen.texts)
        return text if text not in before else rng.choice(chosen.texts)


def _order(rng: random.Random, classes: int, shots: int) -> list[int]:
    """Which class each text is of: `shots` a class in random order, then some more; or all at random."""
    more = [rng.randrange(classes) for _ in range(rng.choice((1, 1, 1, 2, 3) if shots == 0 else (1, 2, 4, 6)))]
    if rng.random() < 0.2:
        return [rng.randrange(classes) for _ in range(classes * shots)] + more
    each = [which for which in range(classes) for _ in range(shots)]
    rng.shuffle(each)
    return each + more


def _with_meanings(text: str, names: Sequence[str], classes: Sequence[Class]) -> Episode:
    """The instruction, cut behind each option so that the state there carries the option's meaning."""
    episode: Episode = []
    rest = text
    for which, (name, chosen) in enumerate(zip(names, classes, strict=False)):
        place = rest.lower().find(name.lower())
        if place < 0:
            break
        end = place + len(name)
        episode.append(Piece(rest[:end], 0.0, chosen.name.replace("_", " ") or name, names=which))
        rest = rest[end:]
    return [*episode, Piece(rest)]


def _content(text: str) -> list[str]:
    """The words of a text that may name it: the longer ones."""
    return sorted({word.lower() for word in WORD.findall(text) if len(word) > 4})


def _keywords(classes: dict[str, list[str]]) -> dict[str, list[str]]:
    """Each class's most telling words, by count times inverse class frequency."""
    counts = {name: Counter(w for text in texts for w in set(_content(text))) for name, texts in classes.items()}
    spread = Counter(word for found in counts.values() for word in found)
    weigh = {word: math.log(len(classes) / n) + 0.1 for word, n in spread.items()}
    return {
        name: [word for word, _ in sorted(found.items(), key=lambda item: -item[1] * weigh[item[0]])[:4]]
        for name, found in counts.items()
    }
