"""A clear instruction: the goal, the labels or fields, the output format; the best of a few on dev, and of its formats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.strategies._calibration import CALIBRATED, score_best
from crossover.strategies._choice import first_best, noted
from crossover.strategies._formats import formats
from crossover.strategies._options import check
from crossover.strategies._phrasing import phrasings
from crossover.strategies.base import Bench
from crossover.types import Candidate, Family


@dataclass(frozen=True)
class Instruction:
    """Demonstrations of the start are kept. With the start already tuned, its weights are kept too.

    `formats`: how many other formats of the best phrasing are tried (field names, signs, gaps). The spread over all that
    was tried is the task's prompt sensitivity in the report.
    """

    family: ClassVar[Family] = "prompt"

    formats: int = 4

    def __post_init__(self) -> None:
        check("instruction", self, ("formats", "0 or more", self.formats >= 0))

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        tried = []
        for form in phrasings(bench.task, bench.train):
            prompt = replace(start.prompt, instruction=form.instruction, template=form.template)
            tried.append(score_best(replace(start, prompt=prompt), bench))
        phrased = len(tried)
        best = tried[first_best([run for _, run in tried], bench)][0]
        others = [replace(best, prompt=prompt) for prompt in formats(best.prompt, self.formats, bench.seed)]
        tried += [score_best(candidate, bench) for candidate in others if bench.fits(candidate)]
        best = tried[first_best([run for _, run in tried], bench)][0]
        values = ", ".join(f"{100 * run.estimate.value:.1f}" for _, run in tried)
        calibration = CALIBRATED if best.decoding.label_bias else ""
        more = f" and {len(tried) - phrased} formats" if len(tried) > phrased else ""
        note = f"best of {phrased} phrasings{more} on dev ({values}){calibration}"
        return noted(best, note)
