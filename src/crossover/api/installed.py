"""What is installed, and the keys of a task file, from Python: what `crossover list` shows."""

from __future__ import annotations

from crossover import registry
from crossover.data.keys import Key, keys_of
from crossover.errors import OptionError, nearest, shown
from crossover.models.open import NAMED, SERVICES
from crossover.registry import ROOMS, Option, Room


def installed(room: Room) -> dict[str, str]:
    """Name and one line of what it is, of all "strategies", "metrics" or "models"; none is imported. Raises
    `OptionError` for another word."""
    _check(room)
    named = NAMED | {f"{name}:": about for name, about in SERVICES.items() if name != "openai"} if room == "models" else {}
    return named | {entry.name: entry.summary for entry in registry.entries(room)}


def options(room: Room, name: str) -> list[Option]:
    """The options of a strategy, metric or model, each with `type`, `default` and `about`. Raises `OptionError`."""
    _check(room)
    return registry.describe(room, name)


def keys(outer: str = "") -> list[Key]:
    """The keys of a task file, or those inside one such as "limits", each with `default`, `valid` and `about`. Raises
    `OptionError`."""
    return keys_of(outer)


def _check(room: object) -> None:
    if room not in ROOMS:
        raise OptionError(f"received {shown(room)}; {nearest(str(room), ROOMS)}")
