"""Small benches with the bundled model, which note what a strategy does at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossover.evaluation.bench import StudyBench
from crossover.testing.strategies import toy_bench
from crossover.tuning.recipe import AnyRecipe
from crossover.types import Candidate, Decoding, Example, Run

WORDS = {"fruit": "apple|pear|plum", "tool": "hammer|drill|saw", "animal": "horse|rabbit|goose"}
KINDS = tuple(WORDS)
FRAMES = (
    "I saw a {} today.",
    "Where is the {}?",
    "She wants one more {}.",
    "The {} is behind the house.",
    "We have an old {} at home.",
    "Look at this {}.",
    "They talked about the {} all evening.",
    "He lost his {} on the way.",
)

# what a word's colour is cannot be known: only a demonstration about the same word tells
COLOURS = ("red", "blue")
BOOK = ["kelmo", "trapun", "vosti", "girra", "plenda", "oskul", "murtig", "bansel", "dorvik", "jastu", "fimmel", "quorza"]
ASKED = ("colour: {}", "colour? {}", "colour = {}")


@dataclass
class Watched(StudyBench):
    """A bench that keeps what was scored and with which recipes was tuned."""

    scored: list[Candidate] = field(default_factory=list)
    recipes: list[AnyRecipe] = field(default_factory=list)

    def score(self, candidate: Candidate) -> Run:
        self.scored.append(candidate)
        return super().score(candidate)

    def tune(
        self, candidate: Candidate, recipe: AnyRecipe, examples: Sequence[Example] | None = None, worse: Sequence[str] = ()
    ) -> Candidate:
        self.recipes.append(recipe)
        return super().tune(candidate, recipe, examples, worse)


@contextmanager
def bench(folder: Path, train: Sequence[Example], dev: Sequence[Example], **changes: Any) -> Iterator[Watched]:
    """A watched toy bench; its journal is closed at the end."""
    plain = toy_bench(folder, train, dev, **changes)
    try:
        yield Watched(**vars(plain))
    finally:
        plain.journal.close()


def examples(pairs: Sequence[tuple[str, str]]) -> list[Example]:
    return [Example(f"e{i}", text, output) for i, (text, output) in enumerate(pairs)]


def kinds() -> tuple[list[Example], list[Example]]:
    """Train and dev of a task that can be learnt: the label follows from one word. 54 and 18 examples."""
    pairs = [(frame.format(w), kind) for frame in FRAMES for kind, words in WORDS.items() for w in words.split("|")]
    found = examples(pairs)
    return found[:54], found[54:]


def coloured(*frames: str) -> list[tuple[str, str]]:
    return [(frame.format(word), COLOURS[(i * 7 // 3) % 2]) for frame in frames for i, word in enumerate(BOOK)]


def start(labels: Sequence[str] = ("warm", "cold"), **more: Any) -> Candidate:
    return Candidate("pocket", decoding=Decoding(labels=tuple(labels), **{"max_tokens": 16, **more}))


def clearly_better(run: Run, other: Run) -> bool:
    """Whether more items are better than worse by 1.96 standard errors (McNemar 1947), over all of both runs."""
    pairs = [(a.score, b.score) for a, b in zip(run.records, other.records, strict=True)]
    assert all(a is not None and b is not None for a, b in pairs)
    changes = [a.value - b.value for a, b in pairs if a is not None and b is not None]
    better, worse = sum(change > 0 for change in changes), sum(change < 0 for change in changes)
    return better > worse + 1.96 * (better + worse) ** 0.5
