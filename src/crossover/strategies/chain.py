"""A prompt chain: steps from the task file, each asked with the answers of those before it; the last one answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.chain import ChainStep
from crossover.data.infer import prepare
from crossover.data.task import Task, load_task
from crossover.engine.decoding import decoding_for, without_prompt
from crossover.engine.phrasing import phrasings
from crossover.errors import OptionError
from crossover.strategies._calibration import score_best
from crossover.strategies._choice import noted
from crossover.strategies.base import Bench, Demanding, Outline, Outlining
from crossover.types import Candidate, Decoding, Family, Prompt, Step

LENGTH = 64  # tokens of a step's answer where the file does not say


@dataclass(frozen=True)
class Chain(Outlining, Demanding):
    """The steps stand under `chain` in the task file (Wu et al. 2022, AI Chains). A step may be another task: it is asked
    as that task's plainest instruction asks, for one of its labels or JSON of its fields.

    Demonstrations of the start are not kept; its weights are, for all steps.
    """

    family: ClassVar[Family] = "prompt"

    def outline(self, start: Outline, task: Task | None) -> Outline:
        if task is None:  # one step alone is no chain
            return Outline(worded=True, weights=start.weights)
        *before, last = task.chain
        left = start.told(Prompt(last.instruction, last.template), last.answer_pattern or "")
        return replace(left, worded=left.worded or bool(before), chained=bool(before))

    def check(self, task: Task) -> None:
        if not task.chain:
            raise OptionError("strategy 'chain': the task file has no key 'chain'; valid is a list of steps with names")
        for step in task.chain:
            if step.task is not None:
                load_task(task.folder / step.task)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        self.check(bench.task)
        written = bench.task.chain
        *before, last = written
        prompt = Prompt(last.instruction, last.template, steps=tuple(self._step(step, bench) for step in before))
        outputs = [example.output for example in bench.train]
        decoding = without_prompt(start, bench.task, bench.model_of(start.model), outputs)
        decoding = replace(decoding, max_tokens=last.max_tokens or decoding.max_tokens)
        if last.answer_pattern:
            decoding = replace(decoding, schema="", pattern=last.answer_pattern)
        candidate = replace(start, prompt=prompt, decoding=decoding)
        if not bench.fits(candidate):
            raise OptionError(
                f"strategy 'chain': a prompt with the longest answers of its steps exceeds the context window of"
                f" {bench.model.context_window} tokens; valid are lower max_tokens"
            )
        candidate, _ = score_best(candidate, bench)
        note = f"{len(written)} steps: {', '.join(step.name for step in written)}"
        return noted(candidate, note)

    @staticmethod
    def _step(step: ChainStep, bench: Bench) -> Step:
        if step.task is None:
            decoding = Decoding(
                labels=() if step.answer_pattern else tuple(step.labels),
                pattern=step.answer_pattern or "",
                max_tokens=step.max_tokens or LENGTH,
                seed=bench.seed,
            )
            return Step(step.name, Prompt(step.instruction, step.template), decoding)
        other = prepare(load_task(bench.task.folder / step.task))
        asked = phrasings(other.task, other.splits.train)[0]
        decoding = decoding_for(other.task, bench.model, [example.output for example in other.splits.train])
        if (
            step.template != ChainStep.model_fields["template"].default
        ):  # the other task's input, made of what is known here
            asked = replace(asked, template=asked.template.replace("{input}", step.template))
        return Step(step.name, asked, replace(decoding, max_tokens=step.max_tokens or decoding.max_tokens))
