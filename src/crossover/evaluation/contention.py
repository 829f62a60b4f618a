"""Whether others kept the machine busy while something was timed: then the time is theirs too, and proves little."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import psutil

from crossover.evaluation.container import quota

OTHERS = 0.1  # the share of the cores that others may use without being felt
FULL = 0.9  # the share of the cores in use from which somebody has to wait
LOOK = 0.5  # seconds of one look at an idle machine
SETTLE = 30.0  # seconds that are waited for others to finish


@dataclass(frozen=True)
class Load:
    """Cores that were busy on average, of `cores`: with this process and all below it, and with all others.

    `place`: where: the machine (the cores that this process may run on), or a container with a quota.
    """

    cores: float
    own: float
    others: float
    place: str = "machine"

    @property
    def contended(self) -> bool:
        """Others were at work, and there was not enough left for everybody."""
        return self.others > OTHERS * self.cores and self.own + self.others > FULL * self.cores

    def leaves(self, wanted: float) -> bool:
        """Whether others are not felt: they use next to nothing, or so much is left."""
        return self.others <= max(OTHERS * self.cores, FULL * self.cores - wanted)

    def __str__(self) -> str:
        return f"others kept {self.others:.1f} of the {self.place}'s {self.cores:g} cores busy"


@dataclass(frozen=True)
class _Reading:
    """Seconds of a core so far: all there were, those that were busy, this process's and all below it, the container's."""

    at: float
    whole: float
    busy: float
    own: float
    group: float | None


class Watch:
    """Begins to watch when it is made."""

    def __init__(self) -> None:
        self._quota = quota()
        self._cores = _cores()
        self._began = self._read()

    @property
    def wanted(self) -> float:
        """The cores that this process may use at once."""
        return min(self._quota.cores, len(self._cores)) if self._quota else len(self._cores)

    def load(self) -> Load:
        """What was busy since then: in the container, where there is one and the machine around it left room."""
        found = self.loads()
        return next((load for load in found if load.contended), found[0])

    def loads(self) -> list[Load]:
        """The container's, where there is one, and the machine's; nothing busy where too little time has passed to tell."""
        now, then, cores = self._read(), self._began, len(self._cores)
        own, whole = now.own - then.own, now.whole - then.whole
        found = []
        if self._quota and now.group is not None and then.group is not None:
            found.append(_load(self._quota.cores, own, now.group - then.group, now.at - then.at, "container"))
        found.append(_load(cores, own, now.busy - then.busy, whole / cores, "machine"))
        return found

    def _read(self) -> _Reading:
        each = psutil.cpu_times(percpu=True)
        whole = busy = 0.0
        for core in self._cores:
            counted = {name: value for name, value in each[core]._asdict().items() if not name.startswith("guest")}
            whole += sum(counted.values())
            busy += sum(value for name, value in counted.items() if name not in ("idle", "iowait"))
        return _Reading(time.monotonic(), whole, busy, _own(), self._quota.used() if self._quota else None)


def settled(most: float = SETTLE) -> bool:
    """Wait until others leave room, at most so many seconds; whether they did."""
    end = time.monotonic() + most
    while True:
        watch = Watch()
        time.sleep(LOOK)
        if all(load.leaves(watch.wanted) for load in watch.loads()):
            return True
        if time.monotonic() >= end:
            return False


def _load(cores: float, own: float, busy: float, seconds: float, place: str) -> Load:
    if seconds <= 0.02:
        return Load(cores, 0.0, 0.0, place)
    mine = max(0.0, min(own, busy)) / seconds
    return Load(cores, mine, max(0.0, busy / seconds - mine), place)


def _cores() -> list[int]:
    """The numbers of the cores that this process may run on."""
    every = range(psutil.cpu_count() or 1)
    try:
        return [core for core in psutil.Process().cpu_affinity() if core in every] or list(every)
    except (AttributeError, OSError, psutil.Error):  # a system that does not say
        return list(every)


def _own() -> float:
    """What this process has used, all that it has started and is done, and all that still runs below it."""
    me = psutil.Process()
    total = sum(me.cpu_times()[:4])
    for child in me.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended since
            total += sum(child.cpu_times()[:4])
    return total
