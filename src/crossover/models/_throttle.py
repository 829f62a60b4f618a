"""How many requests may be under way at a service: more while it answers, half as many when it refuses, none while it asks
to wait. Pure arithmetic on a clock that the caller reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST = 8  # requests at a time, before anything is known of a service
AWAY = 60.0  # seconds that a service is waited for which had answered, and now is not there: a restart takes up to 30
LEFT = 0.1  # of a quota: when less is left, no further request is added
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?")


@dataclass
class Throttle:
    """Slow start, then additive increase and multiplicative decrease (Chiu and Jain 1989; TCP's, RFC 5681), within `most`.

    Times are seconds of any one clock.
    """

    most: int
    limit: float = 0.0
    under_way: int = 0
    paused_until: float = 0.0
    failures: int = 0  # in a row, of all attempts
    last: str = ""  # why the last attempt failed
    _starting: bool = True
    known: bool = False  # whether anything was answered
    _away: tuple[float, float] | None = None  # the first and the last time that nobody was there, with no answer between
    _halved: float = field(default=-1e9, init=False)

    def __post_init__(self) -> None:
        self.limit = self.limit or float(min(FIRST, self.most))

    def room(self, now: float) -> int:
        """How many more may be sent now."""
        return 0 if now < self.paused_until else max(0, int(self.limit) - self.under_way)

    def wait(self, now: float) -> float:
        """Seconds until anything may be sent again."""
        return max(0.0, self.paused_until - now)

    def answered(self, headers: Mapping[str, str], now: float) -> None:
        """An attempt was answered; `headers` may tell what is left of the quotas."""
        self.failures, self.known, self._away = 0, True, None
        if not self._quota(headers, now) and self.under_way + 1 >= int(self.limit):
            self.limit = min(self.most, self.limit + (1.0 if self._starting else 1.0 / self.limit))

    def refused(self, after: float | None, now: float, took: float) -> None:
        """Too many requests: `after` as long as the service says. Those sent before the last halving do not halve again:
        an attempt `took` so long."""
        if now - took >= self._halved:
            self.limit, self._starting, self._halved = max(1.0, self.limit / 2), False, now
        if after is not None:
            self.paused_until = max(self.paused_until, now + after)

    def failed(self, why: str, away: float | None = None) -> None:
        """An attempt was not answered, or by an error of the service's own. `away`: the time, where nobody was there to
        take it: so nobody bills it, and who was there before may come back."""
        self.last = why
        if away is None or not self.known:
            self.failures += 1
        else:
            self._away = (self._away[0] if self._away else away, away)

    def broken(self) -> bool:
        """Whether nothing but failures came, or nobody was there, for so long that the service is taken to be down."""
        if self._away and self._away[1] - self._away[0] >= AWAY:
            return True
        return self.failures >= max(3 * FIRST, 2 * int(self.most) if self.known else 0)

    def _quota(self, headers: Mapping[str, str], now: float) -> bool:
        """Whether a quota is nearly used up; where nothing is left, sending waits until it is filled again."""
        scarce = False
        for what in ("requests", "tokens"):
            left, whole = (_number(headers.get(f"x-ratelimit-{part}-{what}")) for part in ("remaining", "limit"))
            if left is None or not whole:
                continue
            scarce = scarce or left < LEFT * whole
            reset = seconds(headers.get(f"x-ratelimit-reset-{what}"))
            if left < 1 and reset is not None:
                self.paused_until = max(self.paused_until, now + min(reset, 60.0))
        return scarce


def seconds(text: str | None) -> float | None:
    """A duration as services write one in a header ("1s", "6m0s", "20ms", "1.5"), None for anything else."""
    if text is None or not (text := text.strip()):
        return None
    if (plain := _number(text)) is not None:
        return max(0.0, plain)
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    hours, minutes, whole, milli = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + whole + milli / 1000


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is None or abs(value) < 1e12 else None
