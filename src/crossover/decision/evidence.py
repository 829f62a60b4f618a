"""What published work says of prompting and tuning, with its sources: read from evidence.yaml when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

Favours = Literal["prompt", "weights", "hybrid", "neither", "care"]
Sure = Literal["definition", "arithmetic", "several", "each", "one", "disputed", "judgement"]

SURE: Mapping[Sure, str] = {
    "definition": "by definition",
    "arithmetic": "by arithmetic",
    "several": "studies agree",
    "each": "one study each",
    "one": "one study",
    "disputed": "studies disagree",
    "judgement": "judgement, no study",
}


@dataclass(frozen=True)
class Source:
    """A published work. `where`: the venue, and the arXiv number; `setting`: what it measured."""

    cite: str
    year: int
    title: str
    where: str
    setting: str

    @property
    def short(self) -> str:
        """ "Liu et al. 2022"."""
        return f"{self.cite} {self.year}"

    def reference(self) -> str:
        """All of it, in a line."""
        title = self.title if self.title.endswith(("?", "!")) else f"{self.title}."
        return f"{self.short}: {title} {self.where} ({self.setting})"


@dataclass(frozen=True)
class Claim:
    """A statement with its sources. `says` may hold figures of the situation, in braces."""

    favours: Favours
    sure: Sure
    says: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Criterion:
    """One of the criteria by which the literature compares the two, and what it says of each way."""

    name: str
    prompt: str
    weights: str
    hybrid: str


@dataclass(frozen=True)
class Evidence:
    sources: Mapping[str, Source]
    claims: Mapping[str, Claim]
    criteria: tuple[Criterion, ...]


@cache
def evidence() -> Evidence:
    """All of it."""
    text = files("crossover.decision").joinpath("evidence.yaml").read_text(encoding="utf-8")
    body: dict[str, Any] = yaml.safe_load(text)
    sources = {key: Source(**fields) for key, fields in body["sources"].items()}
    claims = {
        key: Claim(one["favours"], one["sure"], one["says"], tuple(sources[name] for name in one.get("from", ())))
        for key, one in body["statements"].items()
    }
    return Evidence(sources, claims, tuple(Criterion(**one) for one in body["criteria"]))
