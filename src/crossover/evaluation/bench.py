"""The bench a strategy works at: training examples, a metered dev score, and tuning. The test split is not in it."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from crossover import tuning
from crossover.data.clusters import clusters
from crossover.data.compared import compared
from crossover.data.modelspec import prices_for
from crossover.data.nested import beginning, nested
from crossover.data.task import Task
from crossover.data.text import comparable
from crossover.engine.carrier import TUNES, Carrier, Here
from crossover.engine.claims import held
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.engine.taken import LABELS
from crossover.errors import OptionError, TuningError
from crossover.evaluation.looks import looks, shuffled
from crossover.evaluation.replay import general_prompts, general_rows
from crossover.evaluation.run import Evaluator
from crossover.evaluation.selection import beaten
from crossover.evaluation.service import Service
from crossover.evaluation.stopped import estimated
from crossover.evaluation.taught import left_out, placed_lessons
from crossover.models.base import Model, Weighted
from crossover.models.batches import in_batches
from crossover.tuning.open import trainer_for
from crossover.tuning.recipe import AnyRecipe, HostedRecipe
from crossover.tuning.trainer import Events, Tuned
from crossover.types import (
    Candidate,
    Decoding,
    Epoch,
    Example,
    Message,
    Raced,
    Recipe,
    Reply,
    Request,
    Run,
    SplitName,
    Weights,
    content_hash,
    to_json,
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
    barred: frozenset[str] = frozenset()  # inputs of the test split: known here only so that nothing learns from them
    part: str = ""  # which rows these are, where a study has benches of several: what is remembered is of these rows
    carrier: Carrier = field(default_factory=Here)  # of tunes, where the study's folder is on another machine
    other: str = ""  # the model, where it is not the study's first: what is remembered is of this one

    @property
    def model(self) -> Model:
        return self.model_of(self.task.model)

    def model_of(self, spec: str) -> Model:
        return self.evaluator.model_of(spec)

    @property
    def seed(self) -> int:
        return self.task.seed

    def again(self, number: int) -> StudyBench:
        return dataclasses.replace(self, task=self.task.model_copy(update={"seed": self.task.seed + number}))

    def on(self, spec: str) -> StudyBench:
        """The bench of another of the study's models."""
        if spec in ("", self.task.model):
            return self
        prices = prices_for(spec, self.task.models, self.task.prices)
        return dataclasses.replace(self, task=self.task.model_copy(update={"model": spec, "prices": prices}), other=spec)

    def at(self, rows: int, seed: int = 0, held: Sequence[Example] = (), dev: int | None = None) -> StudyBench:
        """The bench of a user who has so many training rows and `dev` rows (None: in proportion), with a seed's own draws.

        The rows of a seed are nested: fewer are among more, in each label's share, whole groups (`data/nested.py`). `held`:
        training rows that are among none. Nothing learns from a row that is left out.
        """
        stratify, out, draw = self.task.kind == "classify", {example.id for example in held}, self.seed + seed
        train = beginning(nested([e for e in self.train if e.id not in out], draw, stratify), rows)
        share = round(len(self.dev) * len(train) / len(self.train)) if dev is None else dev
        choosing = beginning(nested(self.dev, draw, stratify), share)
        kept = {compared(example) for example in (*train, *choosing)}
        left_out = {example.input for example in (*self.train, *self.dev) if compared(example) not in kept}
        return dataclasses.replace(
            self.again(seed),
            train=tuple(train),
            dev=tuple(choosing),
            barred=self.barred | left_out,
            part=content_hash([[e.id for e in split] for split in (train, choosing)]),
        )

    def score(self, candidate: Candidate) -> Run:
        self._allowed(candidate.model)
        self._labelled(["dev", *self.shown(candidate)])
        run = self.evaluator.run(candidate, "dev", self.dev)
        self._tried(candidate, run)
        return run

    def _tried(self, candidate: Candidate, run: Run) -> None:
        prompt, decoding = candidate.prompt, candidate.decoding
        shown = {
            "id": candidate.id,
            "model": candidate.model,
            "instruction": prompt.instruction,
            "template": prompt.template,
            "demonstrations": prompt.shots if prompt.selection == "nearest" else len(prompt.demonstrations),
            "selection": prompt.selection,
            "calibrated": bool(decoding.label_bias),
            "samples": decoding.samples,
            "dev": run.estimate,
            "recipe": self._made(candidate.weights)[1].get("recipe") if candidate.weights else None,
            "stopped": run.stopped,
        }
        self.journal.add_try(candidate.provenance.shown, candidate.id, shown)

    def race(self, candidates: Sequence[Candidate], met: Sequence[Run] = ()) -> list[Run]:
        for candidate in candidates:
            self._allowed(candidate.model)
        if not self._races(candidates, met):
            self.evaluator.ahead(candidates, "dev", self.dev)
            return [self.score(candidate) for candidate in candidates]
        rows = shuffled(self.dev, self.seed)
        ends = looks(rows)
        walks = [self.evaluator.blocks(candidate, "dev", rows, ends) for candidate in candidates]
        runs: list[Run] = []
        out: dict[int, str] = {}  # who is out, and who was better
        for end in ends:
            runs = [runs[i] if i in out else next(walk) for i, walk in enumerate(walks)]
            if end == ends[0] and any(record.reply.label_scores for run in runs for record in run.records):
                return [self.score(candidate) for candidate in candidates]  # calibration may yet change all of them
            if end < len(rows):  # who has met all of them is whole, whatever came of it
                out |= beaten(runs, met, [i for i in range(len(runs)) if i not in out], len(rows))
        return [self._stopped(c, runs[i], out[i]) if i in out else self.score(c) for i, c in enumerate(candidates)]

    def _races(self, candidates: Sequence[Candidate], met: Sequence[Run]) -> bool:
        """Whether some should stop on dev: where calls cost something, and a mean of rows is what counts."""
        if self.task.exhaustive or self.evaluator.metric.aggregate != "mean" or len(candidates) + len(met) < 2:
            return False
        models = [self.model_of(candidate.model) for candidate in candidates]
        costs = self.meter.cost(models) and not any(map(in_batches, models))
        return self.task.exhaustive is False or costs  # each look would wait for a batch

    def _stopped(self, candidate: Candidate, run: Run, winner: str) -> Run:
        groups = clusters([record.example for record in run.records])
        found = estimated([record.score for record in run.records], groups)
        run = dataclasses.replace(run, estimate=found, raced=Raced(len(self.dev), winner))
        self._tried(candidate, run)
        return run

    def rehearse(self, candidate: Candidate, examples: Sequence[Example]) -> Run:
        self._allowed(candidate.model)
        self._labelled([*(example.id for example in examples), *self.shown(candidate)])
        return self.evaluator.run(candidate, "train", examples)

    def answers(self, candidate: Candidate, examples: Sequence[Example], repeat: int = 0) -> list[tuple[str, Reply]]:
        self._allowed(candidate.model)
        self._labelled(self.shown(candidate))
        return [(one.answer, one.reply) for one in self.evaluator.answer(candidate, "train", examples, repeat)]

    def unseen(self, inputs: Sequence[str]) -> list[str]:
        seen = {compared(example) for split in (self.train, self.dev) for example in split}
        seen |= {comparable(text) for text in self.barred}
        return [text for text in inputs if comparable(text) not in seen]

    def ask(
        self, model: str, messages: Sequence[Message], max_tokens: int, temperature: float, draw: int, purpose: str
    ) -> Reply:
        asked = self._allowed(model)
        decoding = Decoding(max_tokens=max_tokens, temperature=temperature, seed=self.seed)
        return self.evaluator.caller.ask(asked, [Request(tuple(messages), decoding, repeat=draw)], purpose)[0]

    def shown(self, candidate: Candidate) -> list[str]:
        """The ids of the training rows that a candidate shows, or draws from, as demonstrations."""
        prompts = [candidate.prompt, *(step.prompt for step in candidate.prompt.steps)]
        texts = {demonstration.input for prompt in prompts for demonstration in prompt.demonstrations}
        return [example.id for example in self.train if example.input in texts] if texts else []

    def _labelled(self, rows: Sequence[str]) -> None:
        """Note rows whose labels are needed for what is being made: ids, or "train" and "dev" for all of a split."""
        self.evaluator.caller.need(LABELS, rows)

    def _allowed(self, spec: str) -> Model:
        """A model that may see the data. Raises `OptionError` for one elsewhere where the data has to stay."""
        model = self.model_of(spec)
        if self.task.limits.data_stays_here and not model.local:
            raise OptionError(
                f"limits.data_stays_here is true, and the model '{spec}' runs elsewhere; valid: a local model"
            )
        return model

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        work = " ".join(filter(None, ("work", self.part, self.other, key)))
        with self.evaluator.caller.making(work):
            known = self.journal.fact(work)
            if known is None:
                with held(self.evaluator.caller.claims, work):
                    known = self.journal.fact(work)  # by whoever did it meanwhile
                    if known is None:
                        began = time.perf_counter()
                        known = compute()
                        self.journal.add_work(work, time.perf_counter() - began)
                        self.journal.set_fact(work, known)
        return known

    def tell(self, what: str, done: int, total: int) -> None:
        self.meter.tick()
        self.meter.check()
        self.evaluator.progress(what, done, total)

    def better(self, run: Run, reference: Run) -> bool:
        if run.stopped or reference.stopped:
            return reference.stopped and not run.stopped
        return run.estimate.value > reference.estimate.value + 1e-9

    def fits(self, candidate: Candidate) -> bool:
        model = self.model_of(candidate.model)
        renderer, steps = self.evaluator.renderer(candidate.prompt), candidate.prompt.steps
        inputs = sorted((e.input for e in (*self.train, *self.dev)), key=len)[-LONGEST:]
        said = {step.name: _longest(step.decoding) for step in steps}
        for own, decoding in [
            (renderer, candidate.decoding),
            *zip(renderer.steps, (s.decoding for s in steps), strict=True),
        ]:
            longest = max(model.count_tokens(own.messages(text, answers=said)) for text in inputs)
            if longest + decoding.max_tokens > model.context_window:
                return False
        return True

    def tune(
        self, candidate: Candidate, recipe: AnyRecipe, examples: Sequence[Example] | None = None, worse: Sequence[str] = ()
    ) -> Candidate:
        model = self._allowed(candidate.model)
        general = partial(general_rows, self.evaluator.caller, model, candidate.model)
        hosted, processes = isinstance(recipe, HostedRecipe), self.task.tuning.processes
        trainer = trainer_for(model, candidate.model, hosted, general, processes)
        if candidate.prompt.steps:
            raise OptionError("a chain cannot be tuned as a whole; valid is tuned weights in a chain, such as lora+chain")
        # calibration belonged to the weights before
        candidate = dataclasses.replace(candidate, decoding=dataclasses.replace(candidate.decoding, label_bias=()))
        taught, held = self.train if examples is None else examples, self.dev
        self._labelled(["dev", *(["train"] if examples is None else []), *self.shown(candidate)])
        if candidate.decoding.pattern:
            taught, held = self._solved(candidate, "train", taught), self._solved(candidate, "dev", held)
        key = self._key(candidate, recipe, taught, worse)

        def make(folder: Path) -> Tuned:
            renderer = self.evaluator.renderer(candidate.prompt)
            rows, dev_rows = (placed_lessons(renderer, candidate.decoding, *of) for of in ((taught, worse), (held, ())))
            if isinstance(recipe, HostedRecipe):
                service = Service(self.task, self.evaluator, self.journal, self.meter, self.dev, key)
                return service.tune(trainer, candidate, rows, dev_rows, recipe, folder)
            tuned = trainer.tune(rows, dev_rows, recipe, folder, candidate.weights, self._events(candidate, recipe, key))
            # an epoch that was safe on disk when the process died, but not yet in the journal
            known = {body["epoch"] for body in self.journal.epochs(key)}
            for epoch in tuning.read_trace(folder):
                if epoch.epoch not in known:
                    self.journal.add_epoch(key, epoch.epoch, epoch)
            return tuned

        weights = self.store(key, make, recipe=to_json(recipe))
        if isinstance(model, Weighted):
            model.check_weights(weights)
        said = [*self.journal.tune(key).get("said", ())]
        if not isinstance(recipe, HostedRecipe):
            said.append(left_out(tuning.read_progress(self.folder / "tunes" / key), len(taught), len(held)))
        note = "; ".join(filter(None, [candidate.provenance.note, *said]))
        provenance = dataclasses.replace(candidate.provenance, note=note)
        return dataclasses.replace(candidate, weights=weights, provenance=provenance)

    def store(self, key: str, make: Callable[[Path], Weights | Tuned], **about: Any) -> Weights:
        if not about:  # weights that a strategy makes itself, from all that it is given
            self._labelled(["train"])
        with self.evaluator.caller.making(f"tune {key}"), held(self.evaluator.caller.claims, f"tune {key}"):
            self.carrier.bring(key)
            finished = self.journal.tune(key)
            gone = finished is not None and "part" in finished and not (self.folder / finished["path"]).exists()
            if finished is None or gone:
                folder = self.folder / "tunes" / key
                folder.mkdir(parents=True, exist_ok=True)
                began = time.perf_counter()
                made = make(folder)
                self.carrier.send(key)
                weights = made.weights if isinstance(made, Tuned) else made
                self.journal.add_work(f"tune {key}", time.perf_counter() - began)
                place = Path(weights.path).relative_to(self.folder)  # so that a study can be moved
                finished = {"kind": weights.kind, "sha256": weights.sha256, "path": place.as_posix(), **about}
                finished |= {"part": self.part} if self.part else {}
                if isinstance(made, Tuned):
                    paid = {"ref": weights.ref, "job": made.job, "trained_tokens": made.usage.tokens_in} if made.job else {}
                    finished |= paid | ({"said": list(made.said)} if made.job or made.said else {})
                self.journal.set_tune(key, finished)
        path = str(self.folder / finished["path"])
        return Weights(finished["kind"], finished["sha256"], path, finished.get("ref", ""))

    def brought(self, request: Request) -> Request:
        """With weights that lie in this bench's folder, which may be another than that of whoever asks."""
        if request.weights is None or not (parts := Path(request.weights.path).parts) or TUNES not in parts:
            return request
        own = parts[len(parts) - 1 - parts[::-1].index(TUNES) :]
        self.carrier.bring(own[1])
        return dataclasses.replace(
            request, weights=dataclasses.replace(request.weights, path=str(self.folder.joinpath(*own)))
        )

    def discard(self) -> None:
        """Take away the files of the tunes that were made at this smaller bench: should one be wanted, it is made again."""
        for key, body in self.journal.tunes().items() if self.part else ():
            if body.get("part") == self.part:
                shutil.rmtree(self.folder / "tunes" / key, ignore_errors=True)

    def trace(self, weights: Weights) -> list[Epoch]:
        """The epochs of the tune that made these weights; empty when it was not made in this study."""
        key, _ = self._made(weights)
        return [Epoch(**epoch) for epoch in self.journal.epochs(key)] if key else []

    def _made(self, weights: Weights) -> tuple[str, dict[str, Any]]:
        """The key of the tune that made these weights, and what the journal knows of it; nothing where there is none."""
        found = ((key, body) for key, body in self.journal.tunes().items() if body["sha256"] == weights.sha256)
        return next(found, ("", {}))

    def _solved(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> list[Example]:
        """Examples with the candidate's own reasoning as their answer, where it led to the right one.

        A gold answer alone would teach it to answer without reasoning (Zelikman et al. 2022, STaR, section 3.1). Raises
        `TuningError` where no reasoning led anywhere.
        """
        run = self.evaluator.run(candidate, split, examples)
        right = [record for record in run.records if record.score is not None and record.score.value == 1.0]
        if not right:
            raise TuningError(
                f"none of the model's own reasoned answers to {len(examples)} {split} rows is right: there is nothing to"
                " tune on; valid: tuned weights before the reasoning, as in lora+chain_of_thought"
            )
        return [dataclasses.replace(record.example, output=record.reply.text) for record in right]

    def _key(self, candidate: Candidate, recipe: AnyRecipe, examples: Sequence[Example], worse: Sequence[str]) -> str:
        return content_hash(
            {
                "model": self.model_of(candidate.model).identity,
                "prompt": candidate.prompt,
                "decoding": candidate.decoding,  # what is learnt, and what dev measures of it
                "start": candidate.weights.sha256 if candidate.weights else None,
                "recipe": recipe.made if isinstance(recipe, HostedRecipe) else recipe,
                "data": [[(e.input, e.output) for e in split] for split in (examples, self.dev)],
                "metric": self.evaluator.metric_name,
                **({"rule": self.evaluator.metric_id} if self.evaluator.metric_id else {}),
                **({"worse": list(worse)} if worse else {}),
                **({"replay": general_prompts()} if not isinstance(recipe, HostedRecipe) and recipe.replay else {}),
            }
        )

    def _events(self, candidate: Candidate, recipe: Recipe, key: str) -> Events:
        def dev_metric(weights: Weights) -> float:
            return self.evaluator.run(dataclasses.replace(candidate, weights=weights), "dev", self.dev).estimate.value

        again = {body["epoch"] for body in self.journal.epochs(key)} if self.journal.tune(key) else set()  # discarded since

        def finished_epoch(epoch: Epoch) -> None:
            if epoch.epoch not in again:
                self.journal.add_epoch(key, epoch.epoch, epoch)
            self.carrier.send(key)
            self.meter.tick()
            self.evaluator.progress("epochs", epoch.epoch, recipe.epochs)

        def finished_step(step: int, steps: int, loss: float) -> None:
            self.carrier.send(key)
            self.meter.check()
            self.evaluator.progress("tuning", step, steps)

        return Events(dev_metric, finished_epoch, finished_step)


def _longest(decoding: Decoding) -> str:
    """An answer as long as a step may give."""
    return max(decoding.labels, key=len) if decoding.labels else "and " * decoding.max_tokens
