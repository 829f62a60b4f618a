"""Forgetting: what tuned weights still can of what the bare model could, on general items, prose and the user's tasks.

The weights are asked alone, without the candidate's prompt: the question is what became of the model. Accuracy is paired
with the bare model's, item by item. Perplexity is that of prose as the answer to a request to go on, its end included: the
prose is the one label of a call, so it is metered and journaled like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossover.data.checks import raise_on_errors
from crossover.data.infer import prepare
from crossover.data.task import Task, load_task
from crossover.engine.decoding import decoding_for
from crossover.engine.follow import follow
from crossover.errors import TaskError
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.general import Holds, Item, items, passages
from crossover.evaluation.paired import Comparison, compare, pairs
from crossover.evaluation.run import Evaluator
from crossover.metrics.base import Metric
from crossover.models.base import Model
from crossover.registry import create
from crossover.strategies._phrasing import phrasings
from crossover.types import Candidate, Decoding, Example, Message, Prompt, Provenance, Reply, Request, Score, Weights

GENERAL = "general suite"
MOST = 200  # rows of a task of the user's
CONTINUE = "Continue the text.\n\n{}"


@dataclass(frozen=True)
class Part:
    """Items that are asked alike."""

    name: str
    prompt: Prompt
    decoding: Decoding
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Suite:
    """What is measured before and after: right or wrong on its items, or by a task's own metric."""

    name: str
    metric_name: str
    metric: Metric
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Lost:
    """A suite before and after. `parts`: name -> (items, before, after); `scores`: item by item, after."""

    suite: Suite
    before: float
    after: float
    change: Comparison  # after minus before
    parts: Mapping[str, tuple[int, float, float]]
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
    _scores: dict[tuple[str, str], list[list[Score | None]]] = field(default_factory=dict)
    _known: dict[str, Forgetting] = field(default_factory=dict)

    def measure(self, weights: Weights) -> Forgetting:
        """Raises `BudgetExceeded` when a limit is reached."""
        if weights.sha256 not in self._known:
            lost = tuple(self._lost(suite, weights) for suite in self.suites)
            self._known[weights.sha256] = Forgetting(weights.sha256, lost, self._perplexity(weights))
        return self._known[weights.sha256]

    def _lost(self, suite: Suite, weights: Weights) -> Lost:
        before, after = self._ask(suite, None), self._ask(suite, weights)
        found = {}
        for part, old, new in zip(suite.parts, before, after, strict=True):
            new_both, old_both, _ = pairs(new, old)
            found[part.name] = (len(old_both), self._value(suite, old_both), self._value(suite, new_both))
        flat = [[score for part in side for score in part] for side in (after, before)]
        groups = [example.group for part in suite.parts for example in part.examples]
        change = compare(flat[0], flat[1], suite.metric.aggregate, suite.metric.binary, groups, self.seed)
        new_all, old_all, _ = pairs(flat[0], flat[1])
        return Lost(suite, self._value(suite, old_all), self._value(suite, new_all), change, found, flat[0])

    def _value(self, suite: Suite, scores: Sequence[Score]) -> float:
        return estimate(scores, suite.metric.aggregate, suite.metric.binary, seed=self.seed).value

    def _ask(self, suite: Suite, weights: Weights | None) -> list[list[Score | None]]:
        """The scores of each part's items."""
        key = (suite.name, weights.sha256 if weights else "")
        if key not in self._scores:
            self._scores[key] = [self._ask_part(suite, part, weights) for part in suite.parts]
        return self._scores[key]

    def _ask_part(self, suite: Suite, part: Part, weights: Weights | None) -> list[Score | None]:
        candidate = Candidate(self.spec, part.prompt, part.decoding, weights, Provenance("forgetting"))
        answered = follow(
            candidate,
            self.evaluator.renderer(part.prompt),
            [(example.input, None) for example in part.examples],
            lambda asked: self._replies(asked, suite.name),
        )
        return [
            None if one.reply.error is not None else suite.metric.score(example.output, one.answer)
            for example, one in zip(part.examples, answered, strict=True)
        ]

    def _replies(self, asked: Sequence[Request], what: str) -> list[Reply]:
        model, purpose = self.evaluator.model_of(self.spec), f"forgetting: {what}"
        shown = self.evaluator.progress
        return self.evaluator.caller.ask(model, asked, purpose, lambda done, total: shown(purpose, done, total))

    def _perplexity(self, weights: Weights) -> tuple[float, float] | None:
        """Before and after, over the passages that fit the window; the end of each is a token, too."""
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
    alike: dict[tuple[str, tuple[str, ...], int], list[Item]] = {}
    for item in items():
        alike.setdefault((item.ability, item.labels, item.max_tokens), []).append(item)
    parts = tuple(
        Part(
            ability,
            Prompt(),
            Decoding(labels=labels, max_tokens=tokens),
            tuple(Example(f"{ability}-{n}", item.message, item.answer) for n, item in enumerate(same)),
        )
        for (ability, labels, tokens), same in alike.items()
    )
    return Suite(GENERAL, "accuracy", Holds(), parts)


def _of_task(task: Task, reference: str, model: Model) -> Suite:
    """Another task, asked as its plainest instruction asks; its test rows first, as many as are needed."""
    prepared = prepare(load_task(task.folder / reference))
    raise_on_errors(prepared.findings)
    other, splits = prepared.task, prepared.splits
    examples = tuple([*splits.test, *splits.dev, *splits.train][:MOST])
    decoding = decoding_for(other, model, [example.output for example in splits.train])
    name = other.metric or "accuracy"
    metric = create("metrics", name)
    if other.kind not in metric.kinds:
        raise TaskError(f"{task.folder / reference}: metric '{name}' does not suit kind '{other.kind}'")
    prompt = phrasings(other, splits.train)[0]
    return Suite(other.name, name, metric, (Part(other.name, prompt, decoding, examples),))
