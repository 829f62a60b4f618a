"""Distillation: a short prompt with tuned weights learns to answer as a long prompt does, or as a stronger model does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.load import load_rows, render_input
from crossover.data.task import Task
from crossover.data.text import comparable
from crossover.engine.decoding import decoding_for, on_another
from crossover.engine.phrasing import answer_form, instructed, speaks
from crossover.errors import OptionError
from crossover.strategies._calibration import probabilities
from crossover.strategies._choice import noted
from crossover.strategies._options import check
from crossover.strategies._recipe import check_tuner, recipe_for, tuned_outline
from crossover.strategies.base import Bench, Demanding, Outline, Outlining
from crossover.types import Candidate, Example, Family, LoraRecipe, Prompt, Reply, Run, content_hash

NO_TEACHER = (
    "strategy 'distill' has no teacher: the start's prompt is as short as the student's; valid: a prompt before it, as in"
    " few_shot+distill, or the option 'teacher'"
)


@dataclass(frozen=True)
class Distill(Outlining, Demanding):
    """The start is the teacher, as in `few_shot+distill`: its answers to the training inputs are what is tuned on.

    No gold answer is used: context distillation (Askell et al. 2021, appendix; Snell et al. 2022), at sequence level
    (Kim and Rush 2016). The student's prompt is the bare form of question and answer; it is tuned by LoRA.

    - `teacher`: another model that teaches, with the start's prompt; empty is the start itself.
    - `unlabelled`: a file with further inputs for the teacher, in the task's columns; those that are in another split
      are left out.
    - `samples`: draws of each answer, of which the most frequent is taught.
    - `temperature`: of the draws, where there are several.
    - `agreement`: answers are kept that have at least this probability, where the teacher has probabilities, or else
      this share of the draws.
    - `rank`: as for `lora`.
    - `alpha`: as for `lora`.
    - `learning_rate`: as for `lora`.
    - `epochs`: as for `lora`.
    - `batch_size`: as for `lora`.
    - `patience`: as for `lora`.
    """

    family: ClassVar[Family] = "weights"

    teacher: str = ""
    unlabelled: str = ""
    samples: int = 1
    temperature: float = 0.7
    agreement: float = 0.0
    rank: int = 16
    alpha: int = 32
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int = 8
    patience: int | None = None

    def __post_init__(self) -> None:
        check_tuner("distill", self)
        check(
            "distill",
            self,
            ("samples", "1 or more", self.samples >= 1),
            ("temperature", "above 0", self.temperature > 0),
            ("agreement", "a number from 0 to 1", 0 <= self.agreement <= 1),
        )

    def outline(self, start: Outline, task: Task | None) -> Outline:
        if not self.teacher and not start.worded:
            raise OptionError(NO_TEACHER)
        return tuned_outline("distill", Outline(weights=start.weights), "adapter")

    def check(self, task: Task) -> None:
        if self.unlabelled:
            for row in load_rows(task.folder / self.unlabelled)[:1]:
                render_input(task, row)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        teacher = self._teacher(start, bench)
        short = answer_form(bench.task)
        if not self.teacher and not _longer(teacher.prompt, short):
            raise OptionError(NO_TEACHER)
        asked = [*bench.train, *self._unlabelled(bench)]
        taught = self._taught(teacher, asked, bench)
        decoding = decoding_for(bench.task, bench.model_of(start.model), [example.output for example in taught])
        student = replace(start, prompt=short, decoding=decoding)
        recipe = recipe_for(self, LoraRecipe, student, bench, rank=self.rank, alpha=self.alpha)
        made = bench.tune(student, recipe, taught)
        return noted(made, _note(bench.score(teacher), bench.score(made), len(taught), len(asked)))

    def _teacher(self, start: Candidate, bench: Bench) -> Candidate:
        if not self.teacher:
            return start
        told, outputs = instructed(start, bench.task, bench.train), [example.output for example in bench.train]
        models = bench.model_of(start.model), bench.model_of(self.teacher)
        decoding = on_another(told, bench.task, *models, outputs)
        return replace(told, model=self.teacher, weights=None, decoding=decoding)

    def _unlabelled(self, bench: Bench) -> list[Example]:
        """Further inputs, each once, without those that any split has. Raises `DataError`, `OptionError`."""
        if not self.unlabelled:
            return []
        rows = load_rows(bench.task.folder / self.unlabelled)
        first: dict[str, str] = {}
        for text in (render_input(bench.task, row) for row in rows):
            first.setdefault(comparable(text), text)
        fresh = bench.unseen([text for key, text in first.items() if key])
        if not fresh:
            raise OptionError(
                f"strategy 'distill', option 'unlabelled': {self.unlabelled} has no input in the task's columns that is not"
                " in a split already"
            )
        return [Example(f"unlabelled-{content_hash(text)}", text, "", source=self.unlabelled) for text in fresh]

    def _taught(self, teacher: Candidate, asked: Sequence[Example], bench: Bench) -> list[Example]:
        """What the teacher answers and agrees with itself on. Raises `OptionError` when that is nothing."""
        drawn = teacher
        if self.samples > 1:
            drawn = replace(teacher, decoding=replace(teacher.decoding, temperature=self.temperature))
        draws = [bench.answers(drawn, asked, repeat) for repeat in range(self.samples)]
        valid = set(teacher.decoding.labels)
        found = []
        for example, answers in zip(asked, zip(*draws, strict=True), strict=True):
            said = [_share(answer, reply, teacher) for answer, reply in answers if reply.error is None]
            if not said:
                continue
            shares: dict[str, float] = {}
            for answer, share in said:
                shares[answer] = shares.get(answer, 0.0) + share
            answer, share = max(shares.items(), key=lambda pair: pair[1])
            if answer and (not valid or answer in valid) and share / len(said) >= self.agreement:
                found.append(replace(example, output=answer))
        if not found:
            raise OptionError(
                f"strategy 'distill': none of the teacher's {len(asked)} answers is valid with an agreement of"
                f" {self.agreement:g}; valid is a lower 'agreement', or a better prompt before it"
            )
        return found


def _share(answer: str, reply: Reply, teacher: Candidate) -> tuple[str, float]:
    """An answer, and how sure it is: its probability among the labels, else one vote."""
    shares = probabilities(reply, teacher.decoding)
    return answer, max(shares) if shares else 1.0


def _longer(prompt: Prompt, short: Prompt) -> bool:
    return speaks(prompt) or bool(prompt.demonstrations or prompt.steps) or len(prompt.template) > len(short.template)


def _note(long: Run, short: Run, kept: int, asked: int) -> str:
    before, after = (run.usage.tokens_in / max(1, len(run.records)) for run in (long, short))
    saved = f"{100 * (1 - after / before):.0f} % of the tokens saved" if before else "a teacher without tokens"
    return (
        f"{kept} of {asked} answers of the teacher learnt; a prompt of {after:.0f} tokens for one of {before:.0f}"
        f" ({saved}); dev {100 * short.estimate.value:.1f}, the teacher's {100 * long.estimate.value:.1f}"
    )
