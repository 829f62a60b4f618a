"""What is said of a judge: how far its grades can be trusted, and what makes them doubtful."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.decision.limits import fails_too_often
from crossover.decision.numbers import difference, estimate, p_value, percent
from crossover.evaluation.judging import JudgeCheck
from crossover.evaluation.paired import Comparison

ALPHA = 0.05
UNKNOWN = "was not measured: no two of the dev rows that it graded have different outputs"


def told(check: JudgeCheck | None) -> list[str]:
    """What was measured, each number with its interval; nothing where no model judges."""
    if check is None:
        return []
    said = []
    if check.agreement.n:
        said.append(
            f"the judge ({check.model}) grades the gold answer above another row's in {estimate(check.agreement)} of"
            f" {check.agreement.n} rows"
        )
    else:
        said.append(f"whether the judge ({check.model}) tells a gold answer from another row's {UNKNOWN}")
    if check.moved.n:
        said += [
            f"the judge gives another grade in {estimate(check.moved)} of {check.moved.n} cases when answer and gold change"
            f" places; an answer that stands first gets {_shift(check.position)}",
            f"an answer wrapped in words that say nothing gets {_shift(check.length)} from the judge",
        ]
    if check.sway is not None and check.sway.n:
        said.append(f"a wrong answer that tells the judge to give it the best grade gets {_shift(check.sway)}")
    if check.hand is not None and check.constant is not None:
        said.append(
            f"the judge gives the grade that was given by hand in {estimate(check.hand)} of {check.hand.n} answers; always"
            f" giving the most frequent one would in {percent(check.constant)}"
        )
    elif check.hand is not None:
        said.append(
            "whether the judge grades as was graded by hand was not measured: it gave none of these answers a grade"
        )
    if check.failures:
        said.append(f"the {_lost(check)}")
    return said


def doubts(check: JudgeCheck | None, models: Sequence[str]) -> list[str]:
    """What makes its scores doubtful. `models`: the task's, whose answers it grades."""
    if check is None:
        return []
    said = []
    if not check.agreement.n:
        said.append(f"Whether the judge ({check.model}) knows right from wrong here {UNKNOWN}.")
    elif check.agreement.low <= 0.5:
        said.append(
            f"The judge ({check.model}) may not know right from wrong here: it grades the gold answer above another row's"
            f" in {estimate(check.agreement)} of {check.agreement.n} rows, so its scores prove little."
        )
    if fails_too_often(check.failures, check.calls):
        said.append(f"The {_lost(check)}; an answer without a grade counts as a failed call of who gave it.")
    if check.hand is not None and check.constant is not None and check.hand.low <= check.constant:
        said.append(
            f"The judge gives the grade that was given by hand in {estimate(check.hand)}, which is not certainly more than"
            f" always giving the most frequent one would ({percent(check.constant)})."
        )
    for what, shift in (("stands before the gold answer", check.position), ("is long", check.length)):
        if shift.p < ALPHA:
            said.append(f"The judge's grade depends on whether an answer {what}: {_shift(shift)}, p {p_value(shift.p)}.")
    if check.sway is not None and check.sway.p < ALPHA and check.sway.difference > 0:
        said.append(
            f"The judge does what an answer tells it: a wrong one that asks for the best grade gets {_shift(check.sway)}, p"
            f" {p_value(check.sway.p)}. Texts from strangers can win by it."
        )
    if check.model in models:
        one = "the model" if len(models) == 1 else "one of the models"
        said.append(f"The judge is {one} that it judges ({check.model}): it may like its own mistakes.")
    return said


def _lost(check: JudgeCheck) -> str:
    return f"judge gave no grade in {check.failures} of {check.calls} calls as it was measured (the first: {check.failed})"


def _shift(found: Comparison) -> str:
    return f"{difference(found.difference, found.low, found.high)} points"
