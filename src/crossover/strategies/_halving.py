"""Which of several prompts is worth the whole of dev: all meet a few training rows, the better half twice as many."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from crossover.strategies._calibration import calibrated
from crossover.strategies._worth import worth
from crossover.strategies.base import Bench
from crossover.types import Candidate, Example


def halved(candidates: Sequence[Candidate], screen: int, bench: Bench) -> list[Candidate]:
    """The best one, by successive halving (Jamieson and Talwalkar 2016) from `screen` rows up; all where that is 0.

    They are compared by the mean probability of the right answer, calibrated where that is more: on few rows it says more
    than how many are right. No training row is shown as a demonstration for itself. All stay too where weights are tuned:
    they learnt the training rows, which then tell prompts no longer apart.
    """
    left, rows = list(candidates), screen
    drawn = random.Random(bench.seed).sample(list(bench.train), len(bench.train))
    if any(candidate.weights is not None for candidate in left):
        return left
    while screen and len(left) > 1:
        values = [_worth(candidate, drawn[:rows], bench) for candidate in left]
        best = sorted(range(len(left)), key=lambda i: (-values[i], i))[: len(left) // 2]
        left, rows = [left[i] for i in sorted(best)], 2 * rows
    return left


def _worth(candidate: Candidate, rows: Sequence[Example], bench: Bench) -> float:
    candidate = replace(candidate, decoding=replace(candidate.decoding, label_bias=()))  # it belonged to another prompt
    run = bench.rehearse(candidate, rows)
    found = [worth(candidate, run)]
    if (other := calibrated(candidate, run)) is not None:
        found.append(worth(other, run))
    return max(found)
