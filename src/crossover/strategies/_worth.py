"""What a prompt's answers are worth, by more than right or wrong: few rows then tell more."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from crossover.strategies._calibration import probabilities
from crossover.strategies._choice import first_best
from crossover.strategies.base import Bench
from crossover.types import Candidate, Run

RARE = 0.1


def worth(candidate: Candidate, run: Run) -> float:
    """The mean worth of a run's rows; where none could be answered, nothing."""
    found = [value for value in worths(candidate, run) if value is not None]
    return mean(found) if found else 0.0


def worths(candidate: Candidate, run: Run) -> list[float | None]:
    """Of each row the probability of the right answer; its score where the model says none, None where the call failed."""
    labels = candidate.decoding.labels
    found: list[float | None] = []
    for record in run.records:
        shares = probabilities(record.reply, candidate.decoding)
        if record.score is not None and shares and record.example.output in labels:
            found.append(shares[labels.index(record.example.output)])
        else:
            found.append(record.score.value if record.score else None)
    return found


def surely_better(candidate: Candidate, run: Run, start: Candidate, begun: Run) -> bool:
    """Whether the rows' worth rose beyond luck (signed ranks, Wilcoxon 1945; one-sided p below `RARE`).

    What was picked among many for its luck on other rows is not better on these.
    """
    from scipy.stats import wilcoxon

    pairs = zip(worths(candidate, run), worths(start, begun), strict=True)
    changes = [round(now - before, 9) for now, before in pairs if now is not None and before is not None]
    return any(changes) and float(wilcoxon(changes, alternative="greater").pvalue) < RARE


def surely_best(tried: Sequence[tuple[Candidate, Run]], bench: Bench) -> Candidate:
    """The best on dev of a start and what was found, in that order, if it is surely better than the start."""
    (start, begun), *_ = tried
    best, run = tried[first_best([run for _, run in tried], bench)]
    return best if surely_better(best, run, start, begun) else start
