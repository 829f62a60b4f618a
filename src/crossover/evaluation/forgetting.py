"""Forgetting: what tuned weights still can of what the bare model could, on general items, prose and the user's tasks.

The weights are asked alone, without the candidate's prompt: the question is what became of the model. Accuracy is paired
with the bare model's, item by item. Perplexity is that of prose as the answer to a request to go on, its end included: the
prose is the one label of a call, so it is metered and journaled like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossover.data.clusters import clusters
from crossover.data.finding import raise_on_errors
from crossover.data.infer import prepare
from crossover.data.task import Task, load_task
from crossover.engine.decoding import decoding_for
from crossover.engine.follow import follow
from crossover.engine.phrasing import phrasings
from crossover.errors import OptionError, TaskError
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.general import WRITTEN, Holds, items, passages
from crossover.evaluation.paired import Comparison, compare, pairs
from crossover.evaluation.run import Evaluator, scored
from crossover.metrics.base import Judging, Metric
from crossover.metrics.open import metric_of
from crossover.models.base import Model
from crossover.types import Candidate, Decoding, Example, Message, Prompt, Provenance, Reply, Request, Score, Weights

GENERAL = "general suite"
MOST = 200  # rows of a task of the user's
CONTINUE = "Continue the text.\n\n{}"


@dataclass(frozen=True)
class Part:
    """Items that are asked alike, at once."""

    prompt: Prompt
    decoding: Decoding
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Suite:
    """What is measured before and after. `by_source`: its examples' sources are kinds of items, to be shown one by one."""

    name: str
    metric_name: str
    metric: Metric
    parts: tuple[Part, ...]
    by_source: bool = False

    @property
    def examples(self) -> list[Example]:
        return [example for part in self.parts for example in part.examples]


@dataclass(frozen=True)
class Lost:
    """A suite before and after. `kinds`: kind of item -> (items, before, after); `scores`: item by item, after."""

    suite: Suite
    before: float
    after: float
    change: Comparison  # after minus before
    kinds: Mapping[str, tuple[int, float, float]]
    scores: Sequence[Score | None]


@dataclass(frozen=True)
class Forgetting:
    """What one set of weights forgot. Perplexities are per token; None where the model gives no log-probabilities."""

    weights: str  # their SHA-256
    suites: tuple[Lost, ...]
    perplexity: tuple[float, float] | None  # before, after


def open_suites(task: Task, model: Model) -> list[Suite]:
    """The general suite, then the user's tasks. Raises `TaskError` or `DataError` for one that cannot be used."""
    if task.forgetting is False:
        return []
    others = task.forgetting if isinstance(task.forgetting, list) else []
    return [_general(), *(_of_task(task, reference, model) for reference in others)]


@dataclass
class Memory:
    """Measures weights on suites. The bare model is asked once in a study, and so is each set of weights."""

    evaluator: Evaluator
    spec: str  # the study's model
    suites: Sequence[Suite]
    seed: int = 0
    _scores: dict[tuple[str, str], list[Score | None]] = field(default_factory=dict)
    _known: dict[str, Forgetting] = field(default_factory=dict)

    def measure(self, weights: Weights) -> Forgetting:
        """Raises `BudgetExceeded` when a limit is reached."""
        if weights.sha256 not in self._known:
            lost = tuple(self._lost(suite, weights) for suite in self.suites)
            self._known[weights.sha256] = Forgetting(weights.sha256, lost, self._perplexity(weights))
        return self._known[weights.sha256]

    def _lost(self, suite: Suite, weights: Weights) -> Lost:
        before, after = self._ask(suite, None), self._ask(suite, weights)
        rule, examples = suite.metric, suite.examples
        change = compare(after, before, rule.aggregate, rule.binary, clusters(examples), self.seed)
        _, old, new = self._both(suite, before, after)
        kinds = {}
        for kind in dict.fromkeys(example.source for example in examples) if suite.by_source else ():
            of_kind = [i for i, example in enumerate(examples) if example.source == kind]
            kinds[kind] = self._both(suite, [before[i] for i in of_kind], [after[i] for i in of_kind])
        return Lost(suite, old, new, change, kinds, after)

    def _both(
        self, suite: Suite, before: Sequence[Score | None], after: Sequence[Score | None]
    ) -> tuple[int, float, float]:
        """How many items both answered, and their values before and after."""
        new, old, _ = pairs(after, before)
        old_value, new_value = (
            estimate(scores, suite.metric.aggregate, suite.metric.binary, seed=self.seed).value for scores in (old, new)
        )
        return len(old), old_value, new_value

    def _ask(self, suite: Suite, weights: Weights | None) -> list[Score | None]:
        """The scores of the suite's examples."""
        key = (suite.name, weights.sha256 if weights else "")
        if key not in self._scores:
            self._scores[key] = [score for part in suite.parts for score in self._ask_part(suite, part, weights)]
        return self._scores[key]

    def _ask_part(self, suite: Suite, part: Part, weights: Weights | None) -> list[Score | None]:
        candidate = Candidate(self.spec, part.prompt, part.decoding, weights, Provenance("forgetting"))
        answered = follow(
            candidate,
            self.evaluator.renderer(part.prompt),
            [example.input for example in part.examples],
            lambda asked: self._replies(asked, suite.name),
        )
        return [
            None if one.reply.error is not None else scored(suite.metric, example.output, one)
            for example, one in zip(part.examples, answered, strict=True)
        ]

    def _replies(self, asked: Sequence[Request], what: str) -> list[Reply]:
        model, purpose = self.evaluator.model_of(self.spec), f"forgetting: {what}"
        shown = self.evaluator.progress
        return self.evaluator.caller.ask(model, asked, purpose, lambda done, total: shown(purpose, done, total))

    def _perplexity(self, weights: Weights) -> tuple[float, float] | None:
        """Before and after, over the passages that fit the window; the end of each is a token, too.

        A service answers with texts of its own, so nothing is asked there.
        """
        if weights.kind == "hosted":
            return None
        sides = [
            self._replies(
                [
                    Request((Message("user", CONTINUE.format(p.opening)),), Decoding(labels=(p.text,)), side)
                    for p in passages()
                ],
                "prose",
            )
            for side in (None, weights)
        ]
        both = [pair for pair in zip(*sides, strict=True) if all(r.error is None and r.label_scores for r in pair)]
        tokens = sum(old.usage.tokens_out for old, _ in both)
        if not tokens:
            return None
        old, new = (-sum(pair[side].label_scores[0] for pair in both) / tokens for side in (0, 1))
        return math.exp(min(old, 100.0)), math.exp(min(new, 100.0))


def _general() -> Suite:
    alike: dict[tuple[str, ...], list[Example]] = {}
    for number, item in enumerate(items()):
        example = Example(f"general-{number}", item.message, item.answer, source=item.ability)
        alike.setdefault(item.labels, []).append(example)
    parts = [
        Part(Prompt(), Decoding(labels=labels, max_tokens=WRITTEN), tuple(examples)) for labels, examples in alike.items()
    ]
    return Suite(GENERAL, "accuracy", Holds(), tuple(parts), by_source=True)


def _of_task(task: Task, reference: str, model: Model) -> Suite:
    """Another task, asked as its plainest instruction asks; its test rows first, as many as are needed."""
    prepared = prepare(load_task(task.folder / reference))
    raise_on_errors(prepared.findings)
    other, splits = prepared.task, prepared.splits
    examples = tuple([*splits.test, *splits.dev, *splits.train][:MOST])
    decoding = decoding_for(other, model, [example.output for example in splits.train])
    name, where = other.metric or "accuracy", task.folder / reference
    try:
        metric = metric_of(other, str(where))
    except OptionError as error:
        raise TaskError(str(error)) from error
    if isinstance(metric, Judging):
        raise TaskError(f"{where}: the metric '{name}' asks a model; under 'forgetting' valid is one that compares texts")
    prompt = phrasings(other, splits.train)[0]
    return Suite(other.name, name, metric, (Part(prompt, decoding, examples),))
