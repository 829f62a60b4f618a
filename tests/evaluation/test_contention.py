"""Who keeps the machine busy, told from the system's own counters."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import psutil
import pytest

from crossover.evaluation import contention
from crossover.evaluation.contention import Load, Watch, settled

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")
Mine = namedtuple("Mine", "user system children_user children_system iowait")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Four cores; what each side has used so far, in seconds of a core."""
    used = {"all": 100.0, "own": 10.0, "idle": 300.0}
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(psutil, "cpu_times", lambda: Times(used["all"], 0, 0, used["idle"], 0, 0, 0, 0, 99.0, 0))

    class Process:
        def cpu_times(self) -> Any:
            return Mine(used["own"], 0, 0, 0, 0)

    monkeypatch.setattr(psutil, "Process", Process)
    return used


@pytest.mark.parametrize(
    ("own", "others", "contended"),
    [(4.0, 0.0, False), (1.0, 1.0, False), (1.0, 3.0, True), (3.5, 0.3, False), (2.0, 2.0, True)],
)
def test_others_contend_where_they_take_what_this_process_could_use(
    machine: dict[str, float], own: float, others: float, contended: bool
) -> None:
    watch = Watch()
    machine["own"] += 10 * own
    machine["all"] += 10 * (own + others)
    machine["idle"] += 10 * (4 - own - others)
    load = watch.load()
    assert load == Load(4, pytest.approx(own), pytest.approx(others))
    assert load.contended == contended


def test_too_short_a_time_says_nothing(machine: dict[str, float]) -> None:
    watch = Watch()
    machine["all"] += 0.01
    assert watch.load() == Load(4, 0.0, 0.0)


def test_waiting_ends_as_soon_as_others_leave_room_and_never_later_than_asked(
    machine: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        machine["all"] += 4 * seconds

    monkeypatch.setattr(contention.time, "sleep", sleep)
    assert not settled(0.0)

    def rest(seconds: float) -> None:
        machine["idle"] += 4 * seconds

    monkeypatch.setattr(contention.time, "sleep", rest)
    assert settled()


def test_the_real_machine_is_read() -> None:
    watch = Watch()
    sum(i * i for i in range(200_000))
    load = watch.load()
    assert load.cores >= 1
    assert 0 <= load.others <= load.cores + 1
