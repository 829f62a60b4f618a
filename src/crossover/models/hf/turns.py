"""Who is answered now, of more weights than are kept loaded: to read some at each token takes longer than to write it."""

from __future__ import annotations

from collections.abc import Iterable

TURN = 32  # steps before others take the places of some


class Turns:
    """Turns of weights of a kind of which `most` are kept loaded. Who has waited longest is next."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now: list[str] = []
        self._waiting: dict[str, None] = {}  # in the order in which they came
        self._taken = 0

    def take(self, wanted: Iterable[str]) -> None:
        """A step, at which these are asked for, each by its hash."""
        asked = dict.fromkeys(wanted)
        self._taken += 1
        stay = [sha for sha in self._now if sha in asked]
        others = [sha for sha in self._waiting | asked if sha in asked and sha not in stay]
        if others and self._taken > TURN:  # who has been here longest goes
            stay = stay[max(0, len(stay) + len(others) - self._most) :]
            self._taken = 1
        elif not stay:
            self._taken = 1
        self._now = [*stay, *others][: self._most]
        self._waiting = {sha: None for sha in [*others, *asked] if sha not in self._now}

    def has(self, sha: str) -> bool:
        """Whether it is the turn of these weights."""
        return sha in self._now
