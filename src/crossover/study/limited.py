"""What a plan says where a limit may end the run before all of the ladder is climbed."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.data.economics import Limits
from crossover.decision.numbers import count, money

TEST_RESERVE = 0.2  # the share of the limits that is kept for the finalists
FOLDS_RESERVE = 0.7  # and for the folds, where every rung is made again in each
AMOUNTS = ("calls", "tokens", "minutes", "money")


def reached(
    limits: Limits, climb: Sequence[float | None], whole: Sequence[float | None], reserve: float
) -> dict[str, float]:
    """The limits in `AMOUNTS` that a run may reach. `climb`, `whole`: calls, tokens, minutes and money of what comes before
    test, and of all, at the most; None where nobody knows. `reserve`: the share that is kept for test."""
    found: dict[str, float] = {}
    for name, ahead, most in zip(AMOUNTS, climb, whole, strict=True):
        limit = getattr(limits, name)
        if limit is None or most is None or ahead is None:
            continue
        if most > limit or ahead > (1 - reserve) * limit:
            found[name] = limit
    return found


def reached_text(name: str, limit: float, currency: str, reserve: float) -> str:
    """What reaching a limit means for a run."""
    shown = money(limit, currency) if name == "money" else f"{limit:,g}" if limit % 1 else count(limit)
    return (
        f"limits.{name} is {shown}, which may end the climb before all of this is done, as {round(100 * reserve)} % of it"
        " are kept for test: the run then takes less, and decides with what it has"
    )
