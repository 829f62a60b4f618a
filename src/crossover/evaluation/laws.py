"""Three laws that learning curves follow, each with a floor and a ceiling, and what is believed of them beforehand.

All three say: share(n) = ceiling - (ceiling - floor) * S(n), where S falls from 1 at no labels to 0 at endlessly many.

- `rectified`: S = 1 / (1 + (n / n0)^b), the rectified law of Lin et al. (2024, arXiv 2402.02314), L = B / (D + n^b) + E: a
  flat beginning, a bend at n0, a power law behind it; the same as a logistic in log n (Hill 1910).
- `power`: S = (1 + n / n0)^-b, a power law that starts at n0 rows already known (Hestness et al. 2017, arXiv 1712.00409).
- `stretched`: S = exp(-(n / n0)^b), which ends faster than any power law; of Weibull's form, among the best of 16 in the
  Learning Curve Database (Mohr et al. 2022, ECML PKDD; Viering & Loog 2023, IEEE TPAMI 45).

A plain power law is the end of `power` with a small n0, a line in log n the middle of `rectified` with a small b, a
constant the case of a floor near the ceiling: none of them needs a law of its own.

Shares are compared as angles, asin(sqrt(share)): there the binomial noise of m items is 1 / (4 m) at every share
(Anscombe 1948), the ends 0 and 1 are kept, and a point near the ceiling weighs as much as it should.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAWS = ("rectified", "power", "stretched")
PARAMETERS = 4
# Weak, and the same for prompts and weights. Half of all curves end between 93 and 98 % with endlessly many labels (what
# text classifiers reach on whole data sets), 95 % of them between 46 and 100 %; begin at 8 to 38 % of that (half of them);
# bend between 160 and 6,600 labels (half); their exponent lies between 0.52 and 0.69 (half), 0.3 and 1.2 (95 %).
CEILING, FLOOR = (3.3, 1.0), (-1.5, 1.5)  # mean and deviation of the logit; the floor as a share of the ceiling
BEND = (10.0, 4.0)  # of log2(n0)
EXPONENT = (math.log(0.6), 0.2)  # of log(b)
FARTHEST = 5.0  # deviations, where a belief is cut off


def tailed(belief: NDArray[np.float64]) -> NDArray[np.float64]:
    """A standard normal belief as one with the same middle and long tails: what most curves do, few do quite otherwise."""
    import numpy as np

    found: NDArray[np.float64] = np.sinh(np.clip(belief, -FARTHEST, FARTHEST))
    return found


def angle(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares in [0, 1] as angles in [0, pi / 2]."""
    import numpy as np

    found: NDArray[np.float64] = np.arcsin(np.sqrt(np.clip(shares, 0, 1)))
    return found


def share(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles as shares in [0, 1]; what lies outside [0, pi / 2] becomes the nearer end."""
    import numpy as np

    found: NDArray[np.float64] = np.sin(np.clip(angles, 0, math.pi / 2)) ** 2
    return found


def expected(law: str, beliefs: NDArray[np.float64], octaves: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shares (draws x sizes) by `law` at log2 labels `octaves`.

    `beliefs` (draws x PARAMETERS) are standard normal beforehand: ceiling, floor, bend, exponent.
    """
    import numpy as np

    ceiling = _logistic(CEILING[0] + CEILING[1] * tailed(beliefs[:, 0:1]))
    floor = ceiling * _logistic(FLOOR[0] + FLOOR[1] * beliefs[:, 1:2])
    away = math.log(2) * (octaves[None] - BEND[0] - BEND[1] * beliefs[:, 2:3])  # log(n / n0)
    b = np.exp(EXPONENT[0] + EXPONENT[1] * tailed(beliefs[:, 3:4]))
    if law == "rectified":
        log_left = -np.logaddexp(0, b * away)
    elif law == "power":
        log_left = -b * np.logaddexp(0, away)
    else:
        log_left = -np.exp(np.minimum(b * away, 7))  # exp(7): nothing is left, and no overflow
    found: NDArray[np.float64] = ceiling - (ceiling - floor) * np.exp(log_left)
    return found


def _logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    found: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return found
