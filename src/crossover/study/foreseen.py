"""What a ladder is thought to take: all of it, and of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossover.study.refits import Reckoned
from crossover.study.work import Work
from crossover.types import Candidate, Recipe

Recipes = Mapping[str, tuple[Recipe, Candidate]]


@dataclass(frozen=True)
class Forecast:
    """`work`: all of it, of which calls and tokens are what the journal will have; money is the most it can be. `parts`: of
    each rung, of measuring what each rung's weights forgot ("forgetting NAME"), and of the finalists ("test"), or of each
    rung made again in all folds ("folds of NAME"). `recipes`: one of each method that is tuned with, with the prompt that
    it is tuned behind; `models`: these by model. `unforeseen`: rungs of which nobody knows what they will ask. `finals`:
    "test", by the model of the finalists ("" for controls). `twins`: rungs that end in the candidate of one before;
    `kept`: those of them that end in what they start from.
    `apart`: each rung made again in all folds ("folds of NAME") where each of them chooses among others.
    `climbs`: what each rung takes without its latency. `refused`: rungs that cannot be climbed, and why."""

    work: Work
    recipes: Recipes
    unforeseen: tuple[str, ...] = ()
    parts: Mapping[str, Work] = field(default_factory=dict)
    finals: Mapping[str, Work] = field(default_factory=dict)
    models: Mapping[str, Recipes] = field(default_factory=dict)
    twins: tuple[str, ...] = ()
    climbs: Mapping[str, Reckoned] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    apart: Mapping[str, Work] = field(default_factory=dict)

    def minutes(self, pace: Mapping[str, float]) -> float:
        """`pace`: seconds of a token, by what is done with it."""
        return sum(tokens * pace.get(what, 0.0) for what, tokens in self.work.items()) / 60
