"""Whether others kept the machine busy while something was timed: then the time is theirs too, and proves little."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

OTHERS = 0.1  # the share of the cores that others may use without being felt
FULL = 0.9  # the share of the cores in use from which somebody has to wait
LOOK = 0.5  # seconds of one look at an idle machine
SETTLE = 30.0  # seconds that are waited for others to finish


@dataclass(frozen=True)
class Load:
    """Cores that were busy on average, of `cores`: with this process (and its children), and with all others."""

    cores: int
    own: float
    others: float

    @property
    def contended(self) -> bool:
        """Others were at work, and there was not enough left for everybody."""
        return self.others > OTHERS * self.cores and self.own + self.others > FULL * self.cores

    def __str__(self) -> str:
        return f"others kept {self.others:.1f} of the machine's {self.cores} cores busy"


class Watch:
    """Begins to watch when it is made."""

    def __init__(self) -> None:
        self._began = _reading()

    def load(self) -> Load:
        """What was busy since then; nothing where less time has passed than the system's clock can tell."""
        cores = psutil.cpu_count() or 1
        whole, busy, own = (now - then for now, then in zip(_reading(), self._began, strict=True))
        if whole <= 0.02 * cores:
            return Load(cores, 0.0, 0.0)
        mine = min(own, busy) / whole * cores
        return Load(cores, mine, max(0.0, busy / whole * cores - mine))


def settled(most: float = SETTLE) -> bool:
    """Wait until others leave room, at most so many seconds; whether they did."""
    end = time.monotonic() + most
    while True:
        watch = Watch()
        time.sleep(LOOK)
        load = watch.load()
        if load.others <= OTHERS * load.cores:
            return True
        if time.monotonic() >= end:
            return False


def _reading() -> tuple[float, float, float]:
    """Seconds of all cores: all there were, those that were busy, and those of this process and its children."""
    machine, mine = psutil.cpu_times(), psutil.Process().cpu_times()
    counted = {name: value for name, value in machine._asdict().items() if not name.startswith("guest")}
    whole = sum(counted.values())
    idle = counted.get("idle", 0.0) + counted.get("iowait", 0.0)
    return whole, whole - idle, sum(mine[:4])
