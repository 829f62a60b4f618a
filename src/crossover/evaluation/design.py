"""What a cross-fitted estimate is worth beside as many independent items: its design effect (Kish 1965)."""

from __future__ import annotations


def refit_effect(folds: int) -> float:
    """By how much the variance of a cross-fitted estimate exceeds that of as many independent items of one candidate.

    What ships is made of other rows than what was measured, and the folds share most of theirs. Nadeau and Bengio (2003,
    Machine Learning 52) take the variance of a mean over J test sets, each of n2 rows and beside n1 rows of training, to be
    (1/J + n2/n1) times that of one set; of J folds, 1 + J / (J - 1) times that of independent rows.
    """
    return 1 + folds / (folds - 1)
