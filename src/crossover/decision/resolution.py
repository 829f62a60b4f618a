"""What a test split of some size can show, said before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.data.splits import LITTLE
from crossover.decision import numbers
from crossover.evaluation.design import refit_effect
from crossover.evaluation.power import smallest_difference

ALPHA = 0.05 / 3  # Holm's strictest step, as a control, a prompt and tuned weights are compared in pairs
DISCORDANCE = 0.3  # the share of items that one of two ways alone has right, as it often is
SHARE = 5  # the test split is a fifth of the rows where it is cut


def least_shown(items: int, folds: int = 0) -> float | None:
    """The smallest difference that so many rows show with 80 % power, as a share; None where they show none."""
    return smallest_difference(int(items / refit_effect(folds)) if folds else items, ALPHA, DISCORDANCE)


def resolution(items: int, cut: Sequence[str], folds: int = 0) -> list[str]:
    """How many test rows there are and which difference they show (80 % power), and what to do where that is little.

    `folds`: in so many each of the `items` tests once.
    """
    least = least_shown(items, folds)
    rows = f"{numbers.plural(items, 'row')}, of which each tests once" if folds else numbers.plural(items, "test row")
    if least is None:
        said = [f"{rows}: too few to tell any two ways apart (80 % power)"]
    else:
        said = [f"{rows}: two ways are told apart (80 % power) where they differ by about {100 * least:.0f} points or more"]
    if folds and items < LITTLE * SHARE:
        said.append(
            f"under {LITTLE * SHARE} rows in all little can be told, and the verdict will often be undecided; with more,"
            " leave out 'folds', and a fifth of the rows tests"
        )
    elif not folds and items < LITTLE:
        more = f"give a test file of {LITTLE} rows or more"
        if "test" in cut:
            more = f"label more (about {LITTLE * SHARE} rows in all)"
        said.append(f"under {LITTLE} test rows little can be told, and the verdict will often be undecided: {more}")
    return said
