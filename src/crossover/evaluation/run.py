"""One candidate on one split: ask, parse, score, aggregate."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from crossover.data.clusters import clusters
from crossover.engine.caller import Caller
from crossover.engine.follow import Answered, follow
from crossover.engine.render import Renderer
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.judging import Graded, graded
from crossover.evaluation.relevance import Relevance
from crossover.metrics.base import Judging, Metric, score_of
from crossover.models.base import Model
from crossover.models.batches import in_batches
from crossover.types import Candidate, Example, Prompt, Record, Reply, Request, Run, Score, SplitName, Usage

Progress = Callable[[str, int, int], None]
NO_ANSWER = Score(0.0, valid=False)


def silent(what: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""


@dataclass
class Evaluator:
    """Scores candidates with one metric. `model_of` opens the model that a candidate names."""

    caller: Caller
    model_of: Callable[[str], Model]
    metric: Metric
    metric_name: str
    relevance: Relevance
    seed: int
    progress: Progress = silent
    judge: str = ""  # the model that a judging metric asks
    metric_id: str = ""  # what the metric is beside its name
    _renderers: dict[Prompt, Renderer] = field(default_factory=dict)

    def renderer(self, prompt: Prompt) -> Renderer:
        """The prompt's renderer, kept: its index of demonstrations is built once."""
        if prompt not in self._renderers:
            self._renderers[prompt] = Renderer(prompt)
        return self._renderers[prompt]

    def answer(
        self, candidate: Candidate, split: SplitName, examples: Sequence[Example], repeat: int = 0
    ) -> list[Answered]:
        """Answer `examples` without scoring. On "train", an example is never shown as a demonstration for itself."""
        model, what = self.model_of(candidate.model), f"{candidate.provenance.shown} on {split}"
        return follow(
            candidate,
            self.renderer(candidate.prompt),
            [example.input for example in examples],
            lambda asked: self.caller.ask(model, asked, what, lambda done, total: self.progress(split, done, total)),
            repeat,
            leave_out=split == "train",
        )

    def ahead(self, candidates: Sequence[Candidate], split: SplitName, examples: Sequence[Example]) -> None:
        """Of a model that answers in batches, ask in one what is needed of several candidates, up to their first steps."""
        for spec in dict.fromkeys(candidate.model for candidate in candidates):
            own = [candidate for candidate in candidates if candidate.model == spec]
            if len(own) < 2 or not in_batches(model := self.model_of(spec)):
                continue
            needed: list[Request] = []

            def note(asked: Sequence[Request], needed: list[Request] = needed) -> list[Reply]:
                needed.extend(asked)
                return [Reply(error="not asked yet")] * len(asked)

            for candidate in own:
                inputs, renderer = [example.input for example in examples], self.renderer(candidate.prompt)
                follow(candidate, renderer, inputs, note, leave_out=split == "train")
            self.caller.ahead(model, needed, f"{len(own)} candidates on {split}", partial(self.progress, split))

    def run(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> Run:
        """Answer and score `examples`. Failed calls are recorded as failed and left out of the estimate."""
        return self.summed(candidate, split, self._records(candidate, split, examples))

    def blocks(
        self, candidate: Candidate, split: SplitName, examples: Sequence[Example], ends: Sequence[int]
    ) -> Iterator[Run]:
        """The run so far after each of the numbers `ends` of examples, which rise; only what is further is asked."""
        records: list[Record] = []
        for start, end in itertools.pairwise((0, *ends)):
            records += self._records(candidate, split, examples[start:end])
            yield self.summed(candidate, split, records)

    def _records(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> list[Record]:
        answered = self.answer(candidate, split, examples)
        closeness = self.relevance.score([example.output for example in examples], [one.answer for one in answered])
        graded = iter(self._graded(split, examples, answered))
        return [
            Record(example, one.reply, "", steps=one.steps)
            if one.reply.error is not None
            else _record(example, one, next(graded), relevance)
            for example, one, relevance in zip(examples, answered, closeness, strict=True)
        ]

    def summed(self, candidate: Candidate, split: SplitName, records: Sequence[Record]) -> Run:
        """The run that these records are."""
        groups = clusters([record.example for record in records])
        scores = [record.score for record in records]
        relevances = [None if record.relevance is None else Score(record.relevance) for record in records]
        return Run(
            candidate=candidate.id,
            split=split,
            metric=self.metric_name,
            records=tuple(records),
            estimate=estimate(scores, self.metric.aggregate, self.metric.binary, groups, self.seed),
            relevance=estimate(relevances, "mean", False, groups, self.seed),
            usage=sum((record.reply.usage for record in records), Usage()),
        )

    def _graded(self, split: SplitName, examples: Sequence[Example], answered: Sequence[Answered]) -> list[Graded]:
        """The score of each answer that there is. What a judge takes is metered, and no cost of the candidate's."""
        pairs = [(e, one) for e, one in zip(examples, answered, strict=True) if one.reply.error is None]
        if not isinstance(self.metric, Judging):
            return [Graded(scored(self.metric, example.output, one)) for example, one in pairs]
        what, judge = f"judging on {split}", self.metric
        grades = iter(
            graded(
                judge,
                self.model_of(self.judge),
                self.caller,
                [(example.input, example.output, one.answer) for example, one in pairs if not one.says_nothing],
                what,
                lambda done, total: self.progress(what, done, total),
            )
        )
        return [Graded(NO_ANSWER) if one.says_nothing else next(grades) for _, one in pairs]


def scored(metric: Metric, gold: str, one: Answered) -> Score:
    """An answer's score. Where the reply says nothing it is 0 and not valid, whatever the metric gives an empty text."""
    score = score_of(metric, gold, one.answer)
    return replace(score, value=NO_ANSWER.value, valid=NO_ANSWER.valid) if one.says_nothing else score


def _record(example: Example, one: Answered, grade: Graded, relevance: float) -> Record:
    """An answer that could not be graded is a failed call, as an answer that could not be had."""
    reply = one.reply if grade.error is None else replace(one.reply, error=grade.error)
    prediction = one.answer if grade.error is None else ""
    return Record(example, reply, prediction, grade.score, relevance if grade.score else None, one.steps)
