"""A macro F1 of few items is too low, and so is each resample of it: its bootstrap draws, moved and widened accordingly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


LEAST = 0.5  # of the labels' frequency that is taken to have been seen


def corrected(draws: Floats, centre: float, value: float, left_out: Floats, seen: float = 1.0) -> Floats:
    """The `draws` around `value` less its bias, with at least the jackknife's standard error; their shape is kept.

    `centre`: what the draws are resamples of. `left_out`: the value without each of the units (Efron and Tibshirani 1993,
    An Introduction to the Bootstrap, chapter 11). With few items of each label the bootstrap thinks too little of the bias,
    with few labels the jackknife may: the larger of the two is taken off. Neither knows of labels that no item has: `seen`
    is the share of the labels' frequency that some item has (Good 1953, Biometrika 40). The bias is divided by its square,
    for labels that are missing and those that nearly are, and the error by itself. Simulated in `benchmarks/verdict.py`.
    """
    import numpy as np

    n, spread = len(left_out), float(draws.std())
    if n < 2 or spread == 0:
        return draws
    mean = float(left_out.mean())
    biases = (float(draws.mean()) - centre, (n - 1) * (mean - value))
    error = float(np.sqrt((n - 1) / n * ((left_out - mean) ** 2).sum()))
    share = max(seen, LEAST)
    bias, wide = max(biases, key=abs) / share**2, max(1.0, error / spread / share)
    moved: Floats = value - bias + (draws - draws.mean()) * wide
    return moved
