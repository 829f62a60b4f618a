"""One candidate on one split: ask, parse, score, aggregate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crossover.engine.answer import vote
from crossover.engine.caller import Caller
from crossover.engine.render import Renderer, requests
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.relevance import Relevance
from crossover.metrics.base import Metric
from crossover.models.base import Model
from crossover.types import Candidate, Demonstration, Example, Prompt, Record, Run, Score, SplitName, Usage

Progress = Callable[[str, int, int], None]


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
    _renderers: dict[Prompt, Renderer] = field(default_factory=dict)

    def renderer(self, prompt: Prompt) -> Renderer:
        """The prompt's renderer, kept: its index of demonstrations is built once."""
        if prompt not in self._renderers:
            self._renderers[prompt] = Renderer(prompt)
        return self._renderers[prompt]

    def run(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> Run:
        """Answer and score `examples`. Failed calls are recorded as failed and left out of the estimate.

        On "train", an example is never shown as a demonstration for itself.
        """
        renderer = self.renderer(candidate.prompt)
        asked = []
        for example in examples:
            itself = Demonstration(example.input, example.output) if split == "train" else None
            asked += requests(candidate, renderer, example.input, leave_out=itself)
        what = f"{candidate.provenance.strategy} on {split}"
        drawn = self.caller.ask(
            self.model_of(candidate.model), asked, what, lambda done, total: self.progress(what, done, total)
        )
        samples = candidate.decoding.samples
        voted = [vote(drawn[i : i + samples], candidate.decoding) for i in range(0, len(drawn), samples)]
        replies, answers = [reply for reply, _ in voted], [answer for _, answer in voted]
        closeness = self.relevance.score([example.output for example in examples], answers)
        records = tuple(
            Record(example, reply, "")
            if reply.error is not None
            else Record(example, reply, answer, self.metric.score(example.output, answer), relevance)
            for example, reply, answer, relevance in zip(examples, replies, answers, closeness, strict=True)
        )
        groups = [example.group for example in examples]
        scores = [record.score for record in records]
        relevances = [None if record.relevance is None else Score(record.relevance) for record in records]
        return Run(
            candidate=candidate.id,
            split=split,
            metric=self.metric_name,
            records=records,
            estimate=estimate(scores, self.metric.aggregate, self.metric.binary, groups, self.seed),
            relevance=estimate(relevances, "mean", False, groups, self.seed),
            usage=sum((reply.usage for reply in replies), Usage()),
        )
