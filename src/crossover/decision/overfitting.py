"""Whether a tuned candidate knows its training rows better than others like them, beyond chance."""

from __future__ import annotations

from crossover.decision.numbers import percent, points
from crossover.types import Estimate


def overfitted(name: str, train: Estimate | None, dev: Estimate | None, test: Estimate | None) -> str | None:
    """A warning where the 95 % interval of the training rows lies above that of dev, or of test where it was tested.

    That two intervals lie apart is a stricter sign than a significant difference (Schenker and Gentleman 2001).
    """
    others = [(split, estimate) for split, estimate in (("dev", dev), ("test", test)) if estimate]
    apart = [(split, estimate) for split, estimate in others if train and train.low > estimate.high]
    if not train or not apart:
        return None
    shown = " and ".join(f"{percent(e.value)} on {split} ({points(train.value - e.value)})" for split, e in apart)
    return f"{name} overfits: {percent(train.value)} on its training rows, {shown.replace('(+', '(a gap of +')}"
