"""General abilities, shipped: a suite of short items, prose, and what prompts for replay are made of. All our own text.

suite.jsonl    ability, message, answer; labels where the answer is chosen
prose.jsonl    register, opening, text: what perplexity is measured on
replay.json    texts, and what is asked about them; none of it is in the suite
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, ClassVar

from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score

WRITTEN = 32  # tokens of a written answer


@dataclass(frozen=True)
class Item:
    """One question with its answer; `labels`: what there is to choose from, empty where the answer is written."""

    ability: str
    message: str
    answer: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passage:
    """Prose in one register: how it begins, and how it goes on."""

    register: str
    opening: str
    text: str


@cache
def items() -> tuple[Item, ...]:
    """The suite, item by item; those of one ability stand together."""
    return tuple(Item(**row | {"labels": tuple(row.get("labels", ()))}) for row in _lines("suite.jsonl"))


@cache
def passages() -> tuple[Passage, ...]:
    """The prose."""
    return tuple(Passage(**row) for row in _lines("prose.jsonl"))


@cache
def material() -> dict[str, Any]:
    """What prompts for replay are made of."""
    found: dict[str, Any] = json.loads(_text("replay.json"))
    return found


@dataclass(frozen=True)
class Holds:
    """Right where the answer stands in the reply as whole words; a JSON object where the reply holds an equal one.

    What comes before or behind is forgiven: one model says "48", another "The number is 48."
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("classify", "extract", "generate")
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = True

    def score(self, gold: str, answer: str) -> Score:
        """1 or 0."""
        if gold.startswith("{"):
            return Score(float(_object(answer) == json.loads(gold)))
        return Score(float(re.search(rf"(?<!\w){re.escape(gold)}(?!\w)", answer) is not None))


def _object(text: str) -> Any:
    """The JSON value between the first and the last brace; None where there is none."""
    try:
        return json.loads(text[text.index("{") : text.rindex("}") + 1])
    except ValueError:
        return None


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _text(name).splitlines()]


def _text(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
