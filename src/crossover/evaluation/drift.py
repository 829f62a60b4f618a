"""Whether what comes after a study is as its test rows were: a two-sample test that may be looked at after every row.

The test split has m rows and gets no more. So the information on the difference between the stream's mean after n rows and
the test's, 1 / (1/m + 1/n), grows to that of the test split itself and no further, however long one looks. The
standardised differences after all n are, together, those of a group-sequential trial (Jennison and Turnbull 2000, Group
Sequential Methods, chapter 3): of a Brownian motion at the times n / (m + n), all of them below 1. The boundary is that of
Wang and Tsiatis (1987, Biometrics 43): C t^(SHAPE - 1/2) for the standardised difference, with C such that a Brownian
motion without drift ever meets it, looked at without a pause until time 1, with probability alpha (`LEVELS`). A stake that
is bet (`race.py`) pays for endless information, which there is not here, and finds a drop later (`benchmarks/LOG.md`).

Scores that are right or wrong are standardised by the mid-p of Fisher's exact test (Lancaster 1961, JASA 56), which needs
neither the share nor a normal law of few rows; others by the variance of all scores together. What stands here is
approximate in that the looks are joined as a normal law joins them; `benchmarks/watch.py` measures both errors.

What changes only later is looked for from a few later rows on: all that came before then counts with the test rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SHAPE = 0.4  # 0 spends the error late (O'Brien and Fleming), 0.5 as much on the first rows (Pocock)
# the probability that a Brownian motion ever meets the boundary until time 1, and C: `python -m benchmarks.watch --levels`
LEVELS = (
    *((1e-1, 2.083), (5e-2, 2.361), (4e-2, 2.445), (3e-2, 2.549), (2.5e-2, 2.614), (2e-2, 2.690), (1e-2, 2.917)),
    *((5e-3, 3.129), (2.5e-3, 3.329), (1e-3, 3.577), (5e-4, 3.756), (1e-4, 4.143), (1e-5, 4.644), (1e-6, 5.100)),
    (1e-7, 5.520),
)
EVERY, GROWTH = 200, 1.01  # all of so many rows are looked at, and after them each hundredth part more
FIRST, FARTHER = 256, 1.5  # rows of the stream before the first later beginning, and between two, as a factor
FEW = 10  # rows, before which scores that are not right or wrong say nothing


@dataclass(frozen=True)
class Proven:
    """After how many rows of the stream a change was shown, and how many rows from its beginning were as on test then."""

    after: int
    since: int = 0


@dataclass(frozen=True)
class Watched:
    """The mean of `n` rows of a stream beside that of the test split.

    `low` to `high`: an interval for the stream's mean minus the test's that holds at all looks together (95 %). `proven`:
    None where no change is shown. `least`: no smaller change can be shown by any number of rows, as test has so few.
    """

    n: int
    before: float
    now: float
    low: float
    high: float
    least: float
    proven: Proven | None

    @property
    def difference(self) -> float:
        return self.now - self.before


def fallen(
    test: Sequence[float],
    stream: Sequence[float],
    alpha: float,
    late: float = 0.0,
    design: float = 1.0,
    binary: bool = False,
) -> Watched:
    """Whether the mean of a stream's scores is below that of the test split; all scores in [0, 1], of independent units.

    Without a change it is said of at most `alpha` + `late` of streams, whenever one looks and however often. `late` is for
    what changes later than at the first row. `design`: the design effect, by which test rows count for less. `binary`: the
    scores are only ever 0 or 1. Raises `ValueError` for other scores.
    """
    return _watched(test, stream, design, binary, [(alpha, late, 1)], alpha)


def changed(
    test: Sequence[float],
    stream: Sequence[float],
    alpha: float,
    late: float = 0.0,
    design: float = 1.0,
    binary: bool = False,
) -> Watched:
    """The same of a change to either side."""
    return _watched(test, stream, design, binary, [(alpha / 2, late / 2, 1), (alpha / 2, late / 2, -1)], alpha / 2)


def level(alpha: float) -> float:
    """C of the boundary that is met with probability `alpha`: between the levels that are known, C^2 is straight in the
    logarithm of alpha, as the tail of a normal law nearly is."""
    import numpy as np

    alphas, levels = zip(*LEVELS, strict=True)
    x = np.log(alphas)[::-1]
    squared = np.interp(math.log(alpha), x, np.square(levels)[::-1])
    if math.log(alpha) < x[0]:  # beyond the table
        squared = squared + 2 * (x[0] - math.log(alpha))
    return math.sqrt(float(squared))


def looks(rows: int) -> list[int]:
    """After how many rows one looks: always the same ones, so that what was shown stays shown."""
    found = list(range(1, min(rows, EVERY) + 1))
    while found and (further := max(found[-1] + 1, int(found[-1] * GROWTH))) <= rows:
        found.append(further)
    return found


def _watched(
    test: Sequence[float],
    stream: Sequence[float],
    design: float,
    binary: bool,
    sides: Sequence[tuple[float, float, int]],
    alpha: float,
) -> Watched:
    """`sides`: the error for what changed from the first row, that for later, and 1 for a fall, -1 for a rise."""
    import numpy as np

    old, new = np.asarray(test, dtype=float), np.asarray(stream, dtype=float)
    if not old.size or not ((old >= 0) & (old <= 1)).all() or not ((new >= 0) & (new <= 1)).all():
        raise ValueError("a test split has a row or more, and scores lie between 0 and 1")
    exact = binary and design == 1 and bool(np.isin(old, (0, 1)).all())  # rows of a group may share a score between
    met = [found for main, late, sign in sides for found in _crossings(old, new, design, exact, main, late, sign)]
    size, spread = len(old) / design, _spread(old)
    before = float(old.mean())
    least = level(alpha) * spread / math.sqrt(size)
    if not new.size:
        return Watched(0, before, before, -1.0, 1.0, least, None)
    now, time = float(new.mean()), len(new) / (size + len(new))
    half = level(0.025) * time ** (SHAPE - 0.5) * math.hypot(spread / math.sqrt(size), _spread(new) / math.sqrt(len(new)))
    low, high = max(now - before - half, -1.0), min(now - before + half, 1.0)
    return Watched(len(new), before, now, low, high, least, min(met, key=lambda one: one.after, default=None))


def _spread(scores: Floats) -> float:
    """The standard deviation of a score, with one right and one wrong row more (Agresti and Caffo 2000, The American
    Statistician 54): a few equal scores are no proof that all are."""
    import numpy as np

    return float(np.concatenate([scores, [0.0, 1.0]]).std())


def _crossings(old: Floats, new: Floats, design: float, exact: bool, main: float, late: float, sign: int) -> list[Proven]:
    """Where the boundary is first met, by each beginning at which it is."""
    import numpy as np

    found = []
    starts = _starts(len(new)) if late > 0 else [0]
    for number, start in enumerate(starts):
        share = main if start == 0 else late / (number * (number + 1))  # 1/2 + 1/6 + 1/12 ... is 1
        at = np.asarray([n - start for n in looks(len(new)) if n > start])
        if share <= 0 or not at.size:
            continue
        one = old if start == 0 else np.concatenate([old, new[:start]])
        size = len(old) / design + start
        further = new[start:].cumsum()[at - 1]
        if exact:
            height = sign * _exact(round(one.sum()), len(one), further, at, sign)
        else:
            height = sign * _pooled(one, size, new[start:], at)
        past = height >= level(share) * (at / (size + at)) ** (SHAPE - 0.5)
        if past.any():
            found.append(Proven(start + int(at[past.argmax()]), start))
    return found


def _starts(rows: int) -> list[int]:
    found, next_one = [0], float(FIRST)
    while next_one < rows:
        found.append(int(next_one))
        next_one *= FARTHER
    return found


def _exact(right: int, rows: int, further: Floats, at: Floats, sign: int) -> Floats:
    """The normal quantiles of Fisher's mid-p: `further` of `at` rows are right, `right` of `rows` before. High: fewer now.

    Of the two tails the smaller is taken, which keeps its digits.
    """
    from scipy.special import ndtri
    from scipy.stats import hypergeom

    law = hypergeom(rows + at, right + further, rows)
    half = 0.5 * law.pmf(right)
    above, below = law.sf(right) + half, law.cdf(right - 1) + half
    found: Floats = -ndtri(above.clip(1e-300, 1.0)) if sign > 0 else ndtri(below.clip(1e-300, 1.0))
    return found


def _pooled(one: Floats, size: float, new: Floats, at: Floats) -> Floats:
    """The mean before less the mean of so many rows after, by its deviation were both of one law. `size`: what the rows
    before count as."""
    import numpy as np

    sums, squares = new.cumsum()[at - 1], (new**2).cumsum()[at - 1]
    total = len(one) + at
    mean = (one.sum() + sums) / total
    variance = np.maximum(((one**2).sum() + squares) / total - mean**2, 1e-12)
    found: Floats = (one.mean() - sums / at) / np.sqrt(variance * (1 / size + 1 / at))
    return np.where(at >= FEW, found, 0.0)
