"""The bench a strategy works at: training examples, a metered dev score, and tuning. The test split is not in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover import tuning
from crossover.data.task import Task
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.errors import OptionError
from crossover.evaluation.replay import general_prompts, general_rows
from crossover.evaluation.run import Evaluator
from crossover.models.base import Model, Tunable
from crossover.types import (
    Candidate,
    Decoding,
    Demonstration,
    Epoch,
    Example,
    Message,
    Recipe,
    Reply,
    Request,
    Run,
    Weights,
    content_hash,
)

LONGEST = 100  # inputs tried for whether a prompt fits: the longest ones are those that do not


@dataclass
class StudyBench:
    """The `Bench` of `strategies/base.py`, over a study's folder and journal."""

    task: Task
    train: Sequence[Example]
    dev: Sequence[Example]
    evaluator: Evaluator
    journal: Journal
    meter: Meter
    folder: Path

    @property
    def model(self) -> Model:
        return self.evaluator.model_of(self.task.model)

    @property
    def seed(self) -> int:
        return self.task.seed

    def score(self, candidate: Candidate) -> Run:
        run = self.evaluator.run(candidate, "dev", self.dev)
        prompt, decoding = candidate.prompt, candidate.decoding
        shown = {
            "id": candidate.id,
            "instruction": prompt.instruction,
            "template": prompt.template,
            "demonstrations": prompt.shots if prompt.selection == "nearest" else len(prompt.demonstrations),
            "selection": prompt.selection,
            "calibrated": bool(decoding.label_bias),
            "samples": decoding.samples,
            "dev": run.estimate,
        }
        self.journal.add_try(candidate.provenance.strategy, candidate.id, shown)
        return run

    def rehearse(self, candidate: Candidate, examples: Sequence[Example]) -> Run:
        return self.evaluator.run(candidate, "train", examples)

    def ask(
        self, model: str, messages: Sequence[Message], max_tokens: int, temperature: float, draw: int, purpose: str
    ) -> Reply:
        asked = self.evaluator.model_of(model)
        if self.task.limits.data_stays_here and not asked.local:
            raise OptionError(
                f"limits.data_stays_here is true, and the model '{model}' runs elsewhere; valid: a local model"
            )
        decoding = Decoding(max_tokens=max_tokens, temperature=temperature, seed=self.seed)
        return self.evaluator.caller.ask(asked, [Request(tuple(messages), decoding, repeat=draw)], purpose)[0]

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        known = self.journal.fact(f"work {key}")
        if known is None:
            known = compute()
            self.journal.set_fact(f"work {key}", known)
        return known

    def tell(self, what: str, done: int, total: int) -> None:
        self.meter.tick()
        self.meter.check()
        self.evaluator.progress(what, done, total)

    def better(self, run: Run, reference: Run) -> bool:
        return run.estimate.value > reference.estimate.value + 1e-9

    def fits(self, candidate: Candidate) -> bool:
        renderer, steps = self.evaluator.renderer(candidate.prompt), candidate.prompt.steps
        inputs = sorted((e.input for e in (*self.train, *self.dev)), key=len)[-LONGEST:]
        said = {step.name: _longest(step.decoding) for step in steps}
        for own, decoding in [
            (renderer, candidate.decoding),
            *zip(renderer.steps, (s.decoding for s in steps), strict=True),
        ]:
            longest = max(self.model.count_tokens(own.messages(text, answers=said)) for text in inputs)
            if longest + decoding.max_tokens > self.model.context_window:
                return False
        return True

    def tune(self, candidate: Candidate, recipe: Recipe, examples: Sequence[Example] | None = None) -> Candidate:
        model, taught = self.model, self.train if examples is None else examples
        if not isinstance(model, Tunable):
            raise OptionError(f"the model '{self.task.model}' cannot be tuned in this process; valid: a local model")
        if candidate.prompt.steps:
            raise OptionError("a chain cannot be tuned as a whole; valid is tuned weights in a chain, such as lora+chain")
        # calibration belonged to the weights before
        candidate = dataclasses.replace(candidate, decoding=dataclasses.replace(candidate.decoding, label_bias=()))
        key = self._key(candidate, recipe, taught)
        finished = self.journal.tune(key)
        if finished is None:
            weights = self._fit(model, candidate, recipe, taught, key)
            # an epoch that was safe on disk when the process died, but not yet in the journal
            known = {body["epoch"] for body in self.journal.epochs(key)}
            for epoch in tuning.read_trace(self.folder / "tunes" / key):
                if epoch.epoch not in known:
                    self.journal.add_epoch(key, epoch.epoch, epoch)
            place = Path(weights.path).relative_to(self.folder)  # so that a study can be moved
            finished = {"kind": weights.kind, "sha256": weights.sha256, "path": place.as_posix()}
            self.journal.set_tune(key, finished)
        weights = Weights(**finished | {"path": str(self.folder / finished["path"])})
        model.check_weights(weights)
        return dataclasses.replace(candidate, weights=weights)

    def trace(self, weights: Weights) -> list[Epoch]:
        """The epochs of the tune that made these weights; empty when it was not made in this study."""
        for key, body in self.journal.tunes().items():
            if body["sha256"] == weights.sha256:
                return [Epoch(**epoch) for epoch in self.journal.epochs(key)]
        return []

    def _key(self, candidate: Candidate, recipe: Recipe, examples: Sequence[Example]) -> str:
        return content_hash(
            {
                "model": self.model.identity,
                "prompt": candidate.prompt,
                "start": candidate.weights.sha256 if candidate.weights else None,
                "recipe": recipe,
                "data": [[(e.input, e.output) for e in split] for split in (examples, self.dev)],
                "metric": self.evaluator.metric_name,
                **({"replay": general_prompts()} if recipe.replay else {}),
            }
        )

    def _fit(self, model: Tunable, candidate: Candidate, recipe: Recipe, examples: Sequence[Example], key: str) -> Weights:
        def dev_metric(weights: Weights) -> float:
            return self.evaluator.run(dataclasses.replace(candidate, weights=weights), "dev", self.dev).estimate.value

        def finished_epoch(epoch: Epoch) -> None:
            self.journal.add_epoch(key, epoch.epoch, epoch)
            self.meter.tick()
            self.evaluator.progress(f"{candidate.provenance.strategy}: {epoch.observation}", epoch.epoch, recipe.epochs)

        def finished_step(step: int, steps: int, loss: float) -> None:
            self.meter.check()
            self.evaluator.progress(f"tuning {candidate.provenance.strategy}, loss {loss:.3f}", step, steps)

        return tuning.fit(
            model=model,
            rows=self._rows(candidate, examples),
            dev_rows=self._rows(candidate, self.dev),
            recipe=recipe,
            folder=self.folder / "tunes" / key,
            start=candidate.weights,
            evaluate=dev_metric,
            on_epoch=finished_epoch,
            on_step=finished_step,
            general=general_rows(self.evaluator.caller, model, self.task.model) if recipe.replay else (),
        )

    def _rows(self, candidate: Candidate, examples: Sequence[Example]) -> list[tuple[tuple[Message, ...], str]]:
        renderer = self.evaluator.renderer(candidate.prompt)
        decoding = candidate.decoding
        spoken = dict(zip(decoding.labels, decoding.words, strict=True)) if decoding.words else {}
        return [
            (renderer.messages(e.input, Demonstration(e.input, e.output)), spoken.get(e.output, e.output)) for e in examples
        ]


def _longest(decoding: Decoding) -> str:
    """An answer as long as a step may give."""
    return max(decoding.labels, key=len) if decoding.labels else "and " * decoding.max_tokens
