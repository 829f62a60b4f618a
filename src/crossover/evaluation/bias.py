"""A macro F1 of few items is too low, and so is each resample of it: its bootstrap draws, moved and widened accordingly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


LEAST = 0.77  # of the labels' frequency that is taken to have been seen: less makes equally frequent labels' too wide
DOUBT = 1 / 3  # of the bias that is found, how far it may be off (a standard error): labels with an item or two hide a part


def corrected(
    draws: Floats, centre: float, value: float, left_out: Floats, seen: float = 1.0, paired: bool = False
) -> Floats:
    """The `draws` around `value` less its bias, with at least the jackknife's standard error; their shape is kept.

    `centre`: what the draws are resamples of. `left_out`: the value without each of the units (Efron and Tibshirani 1993,
    An Introduction to the Bootstrap, chapter 11). With few items of each label the bootstrap thinks too little of the bias,
    with few labels the jackknife may: the larger of the two is taken off. Neither knows of labels that no item has: `seen`
    is the share of the labels' frequency that some item has (Good 1953, Biometrika 40). The bias is divided by it, and the
    error by its square, for labels that are missing and those that nearly are; of a difference (`paired`), from which most
    of that cancels, by itself. Simulated in `benchmarks/verdict.py`.
    """
    import numpy as np

    n, spread = len(left_out), float(draws.std())
    if n < 2 or spread == 0:
        return draws
    mean = float(left_out.mean())
    biases = (float(draws.mean()) - centre, (n - 1) * (mean - value))
    error = float(np.sqrt((n - 1) / n * ((left_out - mean) ** 2).sum()))
    share = max(seen, LEAST)
    bias, error = max(biases, key=abs) / share, max(spread, error) / (share if paired else share**2)
    moved: Floats = value - bias + (draws - draws.mean()) * (float(np.hypot(error, DOUBT * bias)) / spread)
    return moved
