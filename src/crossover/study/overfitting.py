"""Asks of the tuned candidates that could be shipped whether they overfit, beside the same prompt without their weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from crossover.decision.overfitting import Sides, overfitted
from crossover.errors import BudgetExceeded
from crossover.evaluation.run import Evaluator
from crossover.study.ladder import Climbed
from crossover.types import Candidate, Run


def overfitting(
    climbed: Sequence[Climbed],
    runs: Mapping[str, Run],
    shipped: Collection[str],
    evaluator: Evaluator,
    margin: float,
) -> list[str]:
    """A line for each that overfits. `runs`: test runs by candidate; `shipped`: the candidates that are asked about.

    The untuned side answers the same training rows; its other rows are test where a candidate of the study with that
    prompt was tested, else dev: nothing is scored on test for this.
    """
    found = []
    for made in climbed:
        if made.candidate is None or made.same_as is not None:
            continue
        if made.candidate.id not in shipped or made.family == "control":
            continue
        if made.train is None or made.dev is None:  # no weights
            continue
        try:
            sides = _sides(made, made.candidate, climbed, runs, evaluator)
        except BudgetExceeded:
            continue
        found.append(overfitted(made.name, *sides, evaluator.metric, margin, evaluator.seed))
    return [sentence for sentence in found if sentence]


def _sides(
    made: Climbed, tuned: Candidate, climbed: Sequence[Climbed], runs: Mapping[str, Run], evaluator: Evaluator
) -> tuple[Sides, Sides]:
    assert made.train is not None
    assert made.dev is not None
    bare = _asked(tuned)
    known = (c.candidate for c in climbed if c.candidate is not None and c.candidate.weights is None)
    tested = next((one for one in known if _asked(one) == bare and one.id in runs), None)
    untuned = tested or replace(tuned, weights=None)
    rows = [record.example for record in made.train.records]
    train = evaluator.run(untuned, "train", rows)
    whole = tested is not None and not runs[tested.id].stopped and tuned.id in runs and not runs[tuned.id].stopped
    if tested is not None and whole:  # the same rows
        return Sides(made.train, runs[tuned.id]), Sides(train, runs[tested.id])
    dev = evaluator.run(untuned, "dev", [record.example for record in made.dev.records])
    return Sides(made.train, made.dev), Sides(train, dev)


def _asked(candidate: Candidate) -> tuple[object, ...]:
    """What is asked, without the weights, and without calibration, which a tune gives up."""
    return candidate.model, candidate.prompt, replace(candidate.decoding, label_bias=())
