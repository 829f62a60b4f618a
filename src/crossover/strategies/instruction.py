"""A clear instruction: the goal, the labels or fields, the output format; the best of a few phrasings on dev."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.strategies._calibration import CALIBRATED, score_best
from crossover.strategies._phrasing import phrasings
from crossover.strategies.base import Bench
from crossover.types import Candidate, Family


@dataclass(frozen=True)
class Instruction:
    """Demonstrations of the start are kept. With the start already tuned, its weights are kept too."""

    family: ClassVar[Family] = "prompt"

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        tried = []
        for form in phrasings(bench.task, bench.train):
            prompt = replace(start.prompt, instruction=form.instruction, template=form.template)
            tried.append(score_best(replace(start, prompt=prompt), bench))
        best, best_run = tried[0]
        for candidate, run in tried[1:]:
            if bench.better(run, best_run):
                best, best_run = candidate, run
        values = ", ".join(f"{100 * run.estimate.value:.1f}" for _, run in tried)
        calibration = CALIBRATED if best.decoding.label_bias else ""
        note = f"best of {len(tried)} phrasings on dev ({values}){calibration}"
        return replace(best, provenance=replace(best.provenance, note=note))
