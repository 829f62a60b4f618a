"""Batch calibration (Zhou et al. 2024, section 3): what a label gets on average over inputs is taken off its score."""

from __future__ import annotations

import math
from dataclasses import replace

from crossover.strategies.base import Bench
from crossover.types import Candidate, Decoding, Reply, Run


def calibrated(candidate: Candidate, run: Run) -> Candidate | None:
    """The candidate with the mean log-probability of each label over the run's inputs as its bias; no gold label is used.

    None where there is nothing to calibrate: free text, or a backend without log-probabilities.
    """
    scores = [record.reply.label_scores for record in run.records if record.reply.label_scores]
    if not scores:
        return None
    bias = tuple(round(sum(column) / len(scores), 6) for column in zip(*scores, strict=True))
    return replace(candidate, decoding=replace(candidate.decoding, label_bias=bias))


def probabilities(reply: Reply, decoding: Decoding) -> list[float]:
    """The calibrated probability of each label; empty where the backend has none, or the answer is read out of text."""
    if not reply.label_scores or decoding.pattern:
        return []
    bias = decoding.label_bias or (0.0,) * len(decoding.labels)
    calibrated = [score - off for score, off in zip(reply.label_scores, bias, strict=True)]
    highest = max(calibrated)
    shares = [math.exp(score - highest) for score in calibrated]
    return [share / sum(shares) for share in shares]


def score_best(candidate: Candidate, bench: Bench) -> tuple[Candidate, Run]:
    """The candidate without calibration or with it, whichever dev prefers; calibration costs no further call.

    A bias that it comes with belonged to another prompt and is dropped.
    """
    candidate = replace(candidate, decoding=replace(candidate.decoding, label_bias=()))
    run = bench.score(candidate)
    other = calibrated(candidate, run)
    if other is None:
        return candidate, run
    other_run = bench.score(other)
    return (other, other_run) if bench.better(other_run, run) else (candidate, run)
