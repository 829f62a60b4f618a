"""A clear instruction: the goal, the labels or fields, the output format; the best of a few on dev, and of its formats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.task import Task
from crossover.engine.phrasing import own, phrasings, reasoning, speaks, worded
from crossover.strategies._calibration import score_all
from crossover.strategies._choice import dev_values, first_best, noted
from crossover.strategies._formats import formats
from crossover.strategies._halving import halved
from crossover.strategies._options import check
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Family


@dataclass(frozen=True)
class Instruction(Outlining):
    """Demonstrations of the start are kept, and its chain; an instruction that it has is one of those tried. With the start
    already tuned, its weights are kept too; where it reasons, so does all that is tried. The spread of all that met dev is
    the prompt sensitivity in the report.

    - `formats`: how many other formats of the best phrasing are tried (field names, signs, gaps).
    - `screen`: so many training rows on which phrasings, and then formats, are tried first, and only the best one of
      each meets dev (`strategies/_halving.py`); 0: all do.
    """

    family: ClassVar[Family] = "prompt"

    formats: int = 4
    screen: int = 0

    def __post_init__(self) -> None:
        check(
            "instruction",
            self,
            ("formats", "0 or more", self.formats >= 0),
            ("screen", "0 or more", self.screen >= 0),
        )

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return replace(start, worded=True)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        start = replace(start, decoding=replace(start.decoding, verbalizer=()))  # it names the labels themselves
        found = [own(start.prompt)] if speaks(start.prompt) else []  # perhaps a searched one
        plain = [worded(form, start.prompt) for form in phrasings(bench.task, bench.train)]
        phrased = dict.fromkeys([*found, *reasoning(plain, start, bench.task, bench.train)])
        forms = [
            replace(start, prompt=replace(start.prompt, instruction=form.instruction, template=form.template))
            for form in phrased
        ]
        tried = score_all(halved(forms, self.screen, bench), bench)
        best = tried[first_best([run for _, run in tried], bench)][0]
        others = [replace(best, prompt=prompt) for prompt in formats(best.prompt, self.formats, bench.seed)]
        others = [candidate for candidate in others if bench.fits(candidate)]
        tried += score_all(halved(others, self.screen, bench), bench, [run for _, run in tried if not run.stopped])
        best = tried[first_best([run for _, run in tried], bench)][0]
        values = dev_values([run for _, run in tried])
        more = f" and {len(others)} formats" if others else ""
        screened = f", {len(tried)} of them" if len(tried) < len(forms) + len(others) else ""
        note = f"best of {len(forms)} phrasings{more}{screened} on dev ({values})"
        return noted(best, note)
