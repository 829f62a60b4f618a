"""Who keeps the machine busy, told from the system's own counters."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import psutil
import pytest

from crossover.evaluation import container, contention
from crossover.evaluation.contention import Load, Watch, settled

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")
Mine = namedtuple("Mine", "user system children_user children_system iowait")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Four cores; what each side has used so far, in seconds of a core, and what the clock says."""
    used = {"all": 100.0, "own": 10.0, "below": 0.0, "idle": 300.0, "clock": 0.0}
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(container, "OWN", Path("/nowhere"))
    monkeypatch.setattr(contention.time, "monotonic", lambda: used["clock"])

    def times(percpu: bool) -> list[Any]:
        assert percpu
        return [Times(used["all"] / 4, 0, 0, used["idle"] / 4, 0, 0, 0, 0, 99.0, 0)] * 4

    class Child:
        def cpu_times(self) -> Any:
            return Mine(used["below"], 0, 0, 0, 0)

    class Process:
        def cpu_times(self) -> Any:
            return Mine(used["own"], 0, 0, 0, 0)

        def children(self, recursive: bool) -> list[Child]:
            return [Child()] if recursive else []

    monkeypatch.setattr(psutil, "cpu_times", times)
    monkeypatch.setattr(psutil, "Process", Process)
    return used


def passed(machine: dict[str, float], own: float, others: float, seconds: float = 10.0) -> None:
    machine["own"] += seconds * own
    machine["all"] += seconds * (own + others)
    machine["idle"] += seconds * (4 - own - others)
    machine["clock"] += seconds


@pytest.mark.parametrize(
    ("own", "others", "contended"),
    [(4.0, 0.0, False), (1.0, 1.0, False), (1.0, 3.0, True), (3.5, 0.3, False), (2.0, 2.0, True)],
)
def test_others_contend_where_they_take_what_this_process_could_use(
    machine: dict[str, float], own: float, others: float, contended: bool
) -> None:
    watch = Watch()
    passed(machine, own, others)
    load = watch.load()
    assert load == Load(4, pytest.approx(own), pytest.approx(others))
    assert load.contended == contended


def test_what_runs_below_this_process_is_no_other(machine: dict[str, float]) -> None:
    watch = Watch()
    machine["below"] += 30.0
    passed(machine, 1.0, 3.0)
    assert watch.load() == Load(4, pytest.approx(4.0), pytest.approx(0.0))


def test_a_child_of_this_process_is_its_own_work() -> None:
    spin = "import time\nprint(flush=True)\ninput()\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    with subprocess.Popen([sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        before = contention._own()
        child.communicate(b"\n")
    assert contention._own() - before > 0.2


def test_only_the_cores_that_this_process_may_use_count(machine: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: [1, 3], raising=False)
    watch = Watch()
    passed(machine, 1.0, 3.0)
    assert watch.load() == Load(2, pytest.approx(1.0), pytest.approx(1.0))


def grouped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: dict[str, str]) -> Path:
    """A container's control groups, as files."""
    root = tmp_path / "cgroup"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(container, "GROUPS", root)
    monkeypatch.setattr(container, "OWN", tmp_path / "own")
    return root


TWO = {"pod/cpu.max": "150000 100000", "pod/cpu.stat": "usage_usec 5000000\nnr_periods 3", "pod/a/cpu.max": "max 100000"}
ONE = {"cpu,cpuacct/cpu.cfs_quota_us": "150000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}
ONE |= {"cpu,cpuacct/cpuacct.usage": "5000000000"}
APART = {"cpu/x/cpu.cfs_quota_us": "150000", "cpu/x/cpu.cfs_period_us": "100000", "cpuacct/x/cpuacct.usage": "5000000000"}


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("0::/pod/a", TWO),
        ("4:cpu,cpuacct:/docker/of/the/host", ONE),
        ("1:cpu:/x\n2:cpuacct:/x", APART),
    ],
)
def test_in_a_container_its_quota_is_what_there_is(
    own: str, files: dict[str, str], machine: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grouped(tmp_path, monkeypatch, own, files)
    found = container.quota()
    assert found is not None
    assert (found.cores, found.used()) == (1.5, 5.0)
    watch = Watch()
    used = "usage_usec 17000000" if found.usage.name == "cpu.stat" else "17000000000"
    found.usage.write_text(used)
    passed(machine, 0.7, 0.9)  # of four cores: on the machine there is room, in the container there is not
    load = watch.load()
    assert load == Load(1.5, pytest.approx(0.7), pytest.approx(0.5), "container")
    assert not load.contended
    found.usage.write_text(used.replace("17", "20"))
    assert watch.load().contended
    assert str(watch.load()) == "others kept 0.8 of the container's 1.5 cores busy"


def test_a_full_machine_is_felt_in_a_container_too(
    machine: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grouped(tmp_path, monkeypatch, "0::/pod/a", TWO)
    watch = Watch()
    passed(machine, 0.5, 3.4)
    assert watch.load() == Load(4, pytest.approx(0.5), pytest.approx(3.4))


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("0::/", {"cpu.max": "max 100000"}),
        ("0::/", {}),
        ("1:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}),
        ("nonsense", {}),
    ],
)
def test_without_a_quota_the_machine_is_what_there_is(
    own: str, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grouped(tmp_path, monkeypatch, own, files)
    assert container.quota() is None


def test_too_short_a_time_says_nothing(machine: dict[str, float]) -> None:
    watch = Watch()
    machine["all"] += 0.01
    machine["clock"] += 0.01
    assert watch.load() == Load(4, 0.0, 0.0)


def test_waiting_ends_as_soon_as_others_leave_room_and_never_later_than_asked(
    machine: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        passed(machine, 0.0, 4.0, seconds)

    monkeypatch.setattr(contention.time, "sleep", sleep)
    assert not settled(0.0)

    def rest(seconds: float) -> None:
        passed(machine, 0.0, 0.0, seconds)

    monkeypatch.setattr(contention.time, "sleep", rest)
    assert settled()


def test_the_real_machine_is_read() -> None:
    watch = Watch()
    sum(i * i for i in range(200_000))
    load = watch.load()
    assert load.cores >= 1
    assert 0 <= load.others <= load.cores + 1
