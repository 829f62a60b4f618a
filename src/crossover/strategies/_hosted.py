"""What strategies that tune at a service have in common: wrong answers that the study has, and its metric as a grader."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from crossover.data.task import Task
from crossover.data.text import comparable
from crossover.errors import OptionError
from crossover.strategies._options import check
from crossover.strategies._recipe import tuned_outline
from crossover.strategies.base import Bench, Outline
from crossover.tuning.providers import sayable
from crossover.tuning.recipe import HostedRecipe
from crossover.types import Candidate, Decoding, Example, Record

EQUAL = ("accuracy", "exact_match", "macro_f1")  # metrics of whether an answer is the right one
SIMILAR = {"rouge_l": "rouge_l"}  # ours, and what the dialect calls it


def tuned(name: str, strategy: Any, start: Candidate, bench: Bench, least: int) -> Candidate:
    """The start, tuned at its service as a strategy's options say, with `warm_up` on the right answers first.

    `strategy`: a dataclass whose fields, beside that one, are a recipe's. `least`: pairs that a job takes.
    """
    options = {field.name: getattr(strategy, field.name) for field in fields(strategy) if field.name != "warm_up"}
    recipe = HostedRecipe(**options, seed=bench.seed)
    if start.decoding.pattern and recipe.objective != "supervised":  # before a job is paid for
        raise OptionError(_reasoned(name, recipe.objective))
    if recipe.objective == "reinforcement":
        return bench.tune(start, graded(name, bench, recipe))
    if recipe.objective == "supervised":
        return bench.tune(start, recipe)
    if strategy.warm_up:
        start = bench.tune(start, replace(recipe, objective="supervised", beta=None))
    examples, worse = preferences(start, bench)
    if len(examples) >= least:
        return bench.tune(start, recipe, examples, worse)
    few = (
        f"the start gave {len(examples)} wrong answers to {len(bench.train)} training rows, and preference tuning takes"
        f" {least} pairs or more"
    )
    if not strategy.warm_up:
        raise OptionError(f"strategy '{name}': {few}; valid: more rows, or objective supervised")
    note = "; ".join(filter(None, [start.provenance.note, f"only warmed up: so tuned, {few}"]))
    return replace(start, provenance=replace(start.provenance, note=note))  # which is paid for


def _reasoned(name: str, objective: str) -> str:
    return (
        f"strategy '{name}': the start reasons before it answers, and objective {objective} takes an answer as it stands;"
        " valid is objective supervised, which learns its own right solutions, or no reasoning before it"
    )


def hosted_outline(name: str, objective: str, start: Outline) -> Outline:
    """What a job leaves of a start. Raises `OptionError` for one that it cannot go on from."""
    if start.reasons and objective != "supervised":
        raise OptionError(_reasoned(name, objective))
    return tuned_outline(name, start, "hosted")


def check_graded(name: str, objective: str, task: Task) -> None:
    """Raise `OptionError` where a metric that the task names has to be written as a grader and cannot."""
    if objective == "reinforcement" and task.metric is not None:
        _grader(name, task.metric)


def check_hosted(name: str, strategy: Any) -> None:
    """Raise `OptionError` for the first option that no job can have."""
    prefers, rate, beta = strategy.objective == "dpo", strategy.rate_multiplier, strategy.beta
    check(
        name,
        strategy,
        ("epochs", "1 or more", strategy.epochs >= 1),
        ("rate_multiplier", "a number above 0", rate is None or (rate > 0 and math.isfinite(rate))),
        ("beta", "a number above 0, with objective dpo", beta is None or (beta > 0 and math.isfinite(beta) and prefers)),
        ("warm_up", "true only with objective dpo", not strategy.warm_up or prefers),
        ("suffix", "64 characters at the most", len(strategy.suffix) <= 64),
    )


def preferences(start: Candidate, bench: Bench) -> tuple[list[Example], list[str]]:
    """Training rows, and to each the wrong answer that the start gave, or was nearest to giving."""
    found = [(record.example, _worse(record, start.decoding)) for record in bench.rehearse(start, bench.train).records]
    pairs = [(example, worse) for example, worse in found if sayable(worse)]
    return [example for example, _ in pairs], [worse for _, worse in pairs]


def _worse(record: Record, decoding: Decoding) -> str:
    """A wrong answer to a row, "" where none is known: what was answered, or the second most probable label."""
    if record.score is None:
        return ""
    gold = record.example.output
    if comparable(record.prediction) != comparable(gold):
        right = record.score.value >= 1.0  # in other words than the gold answer, which the metric allows
        return "" if right else record.prediction.strip()
    scores = dict(zip(decoding.labels, record.reply.label_scores, strict=False))
    return max((label for label in scores if label != gold), key=lambda label: scores[label], default="")


def graded(name: str, bench: Bench, recipe: HostedRecipe) -> HostedRecipe:
    """The recipe with the task's metric as OpenAI's dialect writes a grader. Raises `OptionError` where it cannot."""
    return replace(recipe, grader=_grader(name, bench.task.metric or "accuracy"))


def _grader(name: str, metric: str) -> Mapping[str, Any]:
    sides = {"input": "{{sample.output_text}}", "reference": "{{item.reference}}"}
    if metric in EQUAL:
        return {"type": "string_check", "name": metric, "operation": "eq", **sides}
    if metric in SIMILAR:
        return {"type": "text_similarity", "name": metric, "evaluation_metric": SIMILAR[metric], **sides}
    valid = ", ".join((*EQUAL, *SIMILAR))
    raise OptionError(
        f"strategy '{name}': the metric '{metric}' cannot be written as a grader of the service; valid with objective"
        f" reinforcement: {valid}"
    )
