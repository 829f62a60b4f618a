"""A stage of a run that is planned, with what it takes; sums of such, and what lies between two."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Kind = Literal["speed", "judge", "climb", "forgetting", "folds", "test", "curve"]


@dataclass(frozen=True)
class Part:
    """A stage of the run. `seconds` and `money` are None where nobody knows; money is what calls cost, or the machine's
    price for the seconds."""

    kind: Kind
    name: str
    calls: int
    tokens_in: int
    tokens_out: int
    seconds: float | None = None
    money: float | None = None

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    @property
    def amounts(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name not in ("kind", "name")}

    @property
    def limited(self) -> tuple[float | None, ...]:
        """Its amounts, as `AMOUNTS` of `limited.py` names them."""
        return self.calls, self.tokens, None if self.seconds is None else self.seconds / 60, self.money


def together(parts: Sequence[Part]) -> Part:
    """One stage of several; what nobody knows of one nobody knows of all."""

    def summed(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    calls, tokens_in, tokens_out = (sum(getattr(p, n) for p in parts) for n in ("calls", "tokens_in", "tokens_out"))
    seconds, money = (summed([getattr(p, n) for p in parts]) for n in ("seconds", "money"))
    return Part(parts[0].kind, parts[0].name, calls, tokens_in, tokens_out, seconds, money)


def ends(one: Part, *others: Part) -> tuple[Part, Part]:
    """The least and the most of each amount of a stage; what nobody knows on one side nobody knows."""

    def at(pick: Callable[[list[Any]], Any]) -> Part:
        pairs = {name: [getattr(side, name) for side in (one, *others)] for name in one.amounts}
        picked: dict[str, Any] = {name: None if None in pair else pick(pair) for name, pair in pairs.items()}
        return replace(one, **picked)

    return at(min), at(max)


def middle(least: Part, most: Part, both: bool) -> Part:
    """What a stage is thought to take: of calls, tokens and seconds the geometric mean, as they are known within a factor,
    or the mean of one that asks `both` short and long prompts; of money the most, since who pays wants to know that."""

    def between(name: str) -> float:
        low, high = getattr(least, name), getattr(most, name)
        return (low + high) / 2 if both or not low else math.sqrt(low * high)

    calls, tokens_in, tokens_out = (round(between(name)) for name in ("calls", "tokens_in", "tokens_out"))
    seconds = None if least.seconds is None or most.seconds is None else between("seconds")
    return replace(most, calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds)
