"""Demonstrations in the prompt: how many, and random or nearest to the input, is chosen on dev."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from crossover.errors import OptionError
from crossover.strategies._calibration import CALIBRATED, score_best
from crossover.strategies._demonstrations import balanced
from crossover.strategies._phrasing import answer_form, phrasings
from crossover.strategies.base import Bench
from crossover.types import Candidate, Demonstration, Family, Prompt, Run

Selection = Literal["random", "nearest"]


@dataclass(frozen=True)
class FewShot:
    """`shots`: the numbers of demonstrations to try; random ones are balanced over the labels.

    A start without an instruction is tried both without one and with the plainest one.
    """

    family: ClassVar[Family] = "prompt"

    shots: tuple[int, ...] = (4, 10)
    selection: tuple[Selection, ...] = ("random", "nearest")

    def __post_init__(self) -> None:
        if not self.shots or min(self.shots) < 1:
            raise OptionError(f"strategy 'few_shot', option 'shots': received {list(self.shots)}, valid is 1 or more")
        if not self.selection:
            raise OptionError("strategy 'few_shot', option 'selection': received [], valid is 'random' or 'nearest'")

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        best: tuple[Candidate, Run] | None = None
        tried = 0
        for prompt in self._prompts(start, bench):
            candidate = replace(start, prompt=prompt)
            if not bench.fits(candidate):
                continue
            tried += 1
            scored = score_best(candidate, bench)
            if best is None or bench.better(scored[1], best[1]):
                best = scored
        if best is None:
            raise OptionError(
                f"strategy 'few_shot': not even {min(self.shots)} demonstrations fit the context window of"
                f" {bench.model.context_window} tokens"
            )
        candidate = best[0]
        how = (
            f"{candidate.prompt.shots} demonstrations, {'nearest' if candidate.prompt.selection == 'nearest' else 'random'}"
        )
        calibration = CALIBRATED if candidate.decoding.label_bias else ""
        note = f"{how}{calibration}; best of {tried} prompts on dev"
        return replace(candidate, provenance=replace(candidate.provenance, note=note))

    def _prompts(self, start: Candidate, bench: Bench) -> Iterator[Prompt]:
        forms = [start.prompt]
        if not start.prompt.instruction and start.weights is None:
            forms = [answer_form(bench.task), phrasings(bench.task, bench.train)[0]]
        pool = tuple(Demonstration(example.input, example.output) for example in bench.train)
        for form in forms:
            for shots in sorted({min(shots, len(pool)) for shots in self.shots}):
                if "random" in self.selection:
                    yield replace(form, demonstrations=balanced(pool, shots, bench.seed), selection="fixed", shots=shots)
                if "nearest" in self.selection:
                    yield replace(form, demonstrations=pool, selection="nearest", shots=shots)
