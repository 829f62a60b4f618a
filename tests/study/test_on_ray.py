"""Work on a Ray cluster: the decision of one process, whoever dies; no call twice, and a limit over all workers."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crossover.engine.journal import Journal
from crossover.errors import StudyError
from crossover.study import joining, letterbox, on_ray
from crossover.study.elsewhere import Reception
from crossover.study.listener import Quiet, Stage
from crossover.study.run import run_study
from tests.models.service import Service, said, serving
from tests.ray_workers import forking
from tests.study.small import write_small
from tests.study.test_hosted import task
from tests.study.test_resume import rows, without_times

AT_ONCE = 16  # requests of one worker that may be at the service
LORA = {"epochs": 2, "learning_rate": 0.002, "rank": 4}
STRATEGIES = ["zero_shot", {"lora": LORA}, {"lora+few_shot": {"lora": LORA, "few_shot": {"shots": [3], "orders": 1}}}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def workers(home: Path) -> Iterator[None]:
    """Two, for all studies of this module: to start them takes longer than a study. Each has one core, and so has this
    process: over more threads a tune's last bits are others."""
    if find_spec("ray") is None:
        pytest.skip("without ray")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with forking(plain=2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOME", str(home))
            patch.setenv("RAY_ADDRESS", "127.0.0.1:9")  # of a cluster that nobody has asked for
            joining.start_here(cpus=2)
        yield
        joining.leave()
    torch.set_num_threads(threads)


BEGINNING = """
import multiprocessing, os, signal, socket, time
from tests.ray_workers import fork_workers
multiprocessing.get_context("fork").Process(target=fork_workers, args=("line", 1)).start()
while not os.path.exists("line"):
    time.sleep(0.01)
for words in (b"", b"[", b"[]\\n"):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("line")
        line.sendall(words)
        line.shutdown(socket.SHUT_WR)
        print(words, line.recv(16), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_forks_workers_goes_on_where_one_that_asks_is_killed_and_ends_with_who_began_it(tmp_path: Path) -> None:
    """What is begun holds the stream that is read here to its end."""
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [sys.executable, "-c", BEGINNING]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | paths, stdout=subprocess.PIPE, text=True, timeout=120)
    assert done.stdout.splitlines() == ["b'' b''", "b'[' b''", r"b'[]\n' b''"]


def working() -> list[psutil.Process]:
    """The workers that do something."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if (process.cmdline() or [""])[0].startswith("ray::do"):
                found.append(process)
    return found


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> list[list[psutil.Process]]:
    """Who works whenever a journal is closed."""
    found: list[list[psutil.Process]] = []
    close = Journal.close

    def closed(journal: Journal) -> None:
        found.append(working())
        close(journal)

    monkeypatch.setattr(Journal, "close", closed)
    return found


@dataclass
class Killer:
    """Kills a worker that works, as soon as one tells of a part of its work, whether or not that is shown."""

    part: str
    killed: list[int] = field(default_factory=list)

    def progress(self, reception: Reception, owner: str, what: str, done: int, total: int) -> None:
        if what.startswith(self.part) and not self.killed:
            for process in working()[:1]:
                self.killed.append(process.pid)
                os.kill(process.pid, signal.SIGKILL)


def killing(part: str, monkeypatch: pytest.MonkeyPatch) -> Killer:
    killer = Killer(part)
    monkeypatch.setattr(Reception, "_progress", lambda *told: killer.progress(*told))
    return killer


@pytest.mark.usefixtures("workers")
def test_a_cluster_of_this_machine_listens_nowhere_else_and_leaves_no_token_to_others(home: Path) -> None:
    assert list(home.iterdir()) == []
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    places = [
        connection.laddr.ip
        for process in psutil.Process().children(recursive=True)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {ip.removeprefix("::ffff:") for ip in places} == {"127.0.0.1"}


@pytest.mark.usefixtures("workers")
def test_work_goes_before_others_as_it_would_without_ray() -> None:
    ray = importlib.import_module("ray")
    assert ray.get(ray.remote(lambda: os.nice(0)).remote()) == os.nice(0)


@pytest.mark.usefixtures("workers")
def test_workers_that_are_killed_change_nothing_but_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = write_small(tmp_path / "task", STRATEGIES, forgetting=False)
    alone, together = tmp_path / "alone", tmp_path / "together"
    run_study(about, alone)
    killer = killing("tuning", monkeypatch)
    monkeypatch.chdir(tmp_path)  # where no worker is
    run_study(about.relative_to(tmp_path), Path(together.name), on="ray")
    assert killer.killed
    assert without_times(together) == without_times(alone)
    assert rows(together, "SELECT key, count(*) FROM calls GROUP BY key HAVING count(*) > 1") == []
    for table in ("uses", "needs", "tries", "epochs", "tunes", "calls"):
        count = f"SELECT count(*) FROM {table}"
        assert rows(together, count) == rows(alone, count), table
    assert {path.name for path in together.iterdir()} == {path.name for path in alone.iterdir()}
    before = rows(together, "SELECT count(*) FROM calls")
    run_study(about, together)  # whoever climbed, a further run asks nothing
    assert rows(together, "SELECT count(*) FROM calls") == before


@pytest.mark.usefixtures("workers")
def test_a_service_is_paid_once_for_what_several_workers_want_and_the_limit_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "prices: {input: 1000, output: 4000}\nlimits: {money: 30}\nseed: 1\n"
    with serving(Service(logprobs=lambda body: {said(body): -0.1}, latency=0.01)) as service:
        about = task(tmp_path, f"{service.url}&in_flight={AT_ONCE}", more=more)
        text = about.read_text().replace("[majority, zero_shot]", "[majority, zero_shot, instruction, few_shot]")
        about.write_text(text)
        killer = killing("dev", monkeypatch)
        folder = run_study(about, tmp_path / "out", on="ray")
        assert killer.killed
        assert rows(folder.path, "SELECT key FROM calls GROUP BY key HAVING count(*) > 1") == []
        [(calls,)] = rows(folder.path, "SELECT count(*) FROM calls")
        # what was at the service when workers were killed is asked again; a process finds out once how labels are chosen
        assert service.number <= calls + len(killer.killed) * AT_ONCE + 6
        less = run_study(about, tmp_path / "less", settings=["limits.money=2"], on="ray")
        [(money,)] = rows(less.path, "SELECT sum(money) FROM calls")
        assert 0 < money <= 2
        assert "the limit of 2 in money" in less.decision.read_text()


@pytest.mark.usefixtures("workers")
def test_another_token_is_one_sentence_and_ray_itself_says_nothing() -> None:
    at = importlib.import_module("ray").get_runtime_context().gcs_address
    code = (
        "from crossover.study import joining\n"
        f"try: joining.joined('ray:{at}', '{at}')\n"
        "except joining.StudyError as error: print(error)\n"
    )
    other = os.environ | {"RAY_AUTH_TOKEN": "another" * 8}
    told = subprocess.run([sys.executable, "-c", code], env=other, capture_output=True, text=True, check=True)
    assert told.stdout.startswith(
        f"--on ray:{at}: the Ray cluster there does not take this one's token: valid is its token:"
    )
    assert told.stderr == ""


def understood(at: int) -> Foreign:
    if os.getpid() != at:
        raise ImportError("No module named 'crossover.later'")
    return Foreign()


class Foreign:
    """Is understood in this process alone."""

    name = "zero_shot"

    def __reduce__(self) -> Any:
        return understood, (os.getpid(),)


@pytest.mark.usefixtures("workers")
def test_what_another_crossover_does_not_understand_is_one_sentence_with_its_node() -> None:
    ray = importlib.import_module("ray")
    by = SimpleNamespace(_ray=ray)
    node = r"on node 127\.0\.0\.1: "
    for work, sentence in (
        (Foreign(), node + r"what the study sends is not understood there \(.*crossover\.later'\); valid is the same"),
        (None, f"zero_shot failed {node}AttributeError: 'NoneType' object has no attribute"),
    ):
        with pytest.raises(ray.exceptions.RayTaskError) as error:
            ray.get(ray.remote(on_ray.do).options(max_retries=0).remote(work, work, "a", work, 1))
        found = on_ray.RayExecutor._strange(cast(Any, by), cast(Any, SimpleNamespace(work=Foreign())), error.value)
        assert re.match(sentence, found)
        assert "\n" not in found


class Waiting(Quiet):
    """Gives the cluster free once it hears that it is waited for."""

    def __init__(self, taken: Any) -> None:
        self.taken, self.said = taken, list[str]()

    def say(self, sentence: str) -> None:
        if "has not begun anything" in sentence:
            self.said.append(sentence)
            importlib.import_module("ray").cancel(self.taken, force=True)  # also where interrupts are ignored


@pytest.mark.usefixtures("workers")
def test_a_cluster_that_others_have_is_waited_for_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "IDLE", 0.1)
    monkeypatch.setattr(on_ray, "LOOK", 0.1)

    def other() -> None:
        for _ in range(2000):
            time.sleep(0.05)  # a longer one is not interrupted

    waiting = Waiting(importlib.import_module("ray").remote(other).options(num_cpus=2, max_retries=0).remote())
    about = write_small(tmp_path / "task", ["zero_shot"], forgetting=False)
    assert run_study(about, tmp_path / "out", waiting, on="ray").decision.exists()
    assert len(waiting.said) == 1


class Impatient(Quiet):
    """Interrupts the climb once its judge is asked."""

    def __init__(self, service: Service) -> None:
        self.service, self.before = service, 0

    def stage(self, stage: Stage) -> None:
        self.before = self.before or (self.service.number if stage.kind == "climb" else 0)

    def progress(self, what: str, done: int, total: int) -> None:
        if self.before and self.service.number > self.before:
            raise KeyboardInterrupt


def interrupted(folder: Path, service: Service) -> None:
    """A study in `out`, whose judge is at the service, until that is asked."""
    judge = {"judge": {"model": f"openai:m?url={service.url}", "rubric": "Is it the topic?"}}
    about = write_small(folder / "task", ["zero_shot", "instruction", {"lora": LORA}], metric=judge)
    with pytest.raises(KeyboardInterrupt):
        run_study(about, folder / "out", Impatient(service), on="ray")


@pytest.mark.usefixtures("workers")
def test_interrupted_nobody_works_behind_the_lock_and_what_a_judge_is_asked_for_a_local_model_is_kept(
    tmp_path: Path, behind: list[list[psutil.Process]]
) -> None:
    """What is at the judge's service when the study ends is paid for, though its rung's own model is asked on a worker."""
    with serving(Service(answer=lambda body: "right", latency=0.1)) as service:
        interrupted(tmp_path, service)
        assert behind == [[]]
        kept = "SELECT count(*) FROM calls WHERE purpose LIKE '%judg%' OR purpose = 'given up'"
        [(calls,)] = rows(tmp_path / "out", kept)
        assert calls <= sum(service.paid.values()) <= calls + 3  # of each process, what finds out how labels are chosen


@pytest.mark.usefixtures("workers")
def test_interrupted_again_while_it_ends_nobody_works_behind_the_lock(
    tmp_path: Path, behind: list[list[psutil.Process]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Reception, "stop", again)
    with serving(Service(answer=lambda body: "right", latency=0.1)) as service:
        interrupted(tmp_path, service)
    assert behind == [[]]


def test_on_a_cluster_that_never_is_quiet_work_is_stopped_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is always a letter more, of those who go on."""
    monkeypatch.setattr(on_ray, "LONG_ENOUGH", 2.0)
    told = list[str]()

    class Busy(on_ray.RayExecutor):
        def __init__(self) -> None:
            self._ray = SimpleNamespace(wait=lambda references, timeout: (references, []))
            self._reception = cast(Any, SimpleNamespace(stop=told.append, asking=lambda owner: False, shown="a"))
            self._draining, self._going = False, {}
            self._poll = "poll"

        def _read(self) -> None:
            told.append("read")

    Busy()._drained([cast(Any, SimpleNamespace(owner="a#1"))], 1.0)
    assert told[0] == "a#1"
    assert "read" in told


@pytest.mark.parametrize("on", ["ray:127.0.0.1:9", "ray:nowhere.invalid:6379"])
def test_a_cluster_that_is_away_is_one_sentence_and_leaves_nothing(on: str, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    about = write_small(tmp_path / "task", ["majority"])
    with pytest.raises(StudyError, match=rf"--on {on}: no Ray cluster answers there .*valid is ray"):
        run_study(about, tmp_path / "out", on=on)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_answers_and_is_no_cluster_or_hangs_is_not_waited_for(says: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(joining, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line, suppress(OSError):
                line.sendall(says)
                line.recv(100)
                line.recv(100)  # until the other end goes

        thread = threading.Thread(target=answer)
        thread.start()
        on = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(StudyError, match=r"no Ray cluster answers there \(what does is none, or hangs.*RAY_AUTH_TOKEN"):
            joining.joined(f"ray:{on}", on)
        thread.join(60)
    assert not thread.is_alive()


@given(st.permutations(range(6)))
def test_what_one_worker_tells_is_taken_in_the_order_in_which_it_told_it(order: list[int]) -> None:
    async def arriving() -> list[Any]:
        box, taken = letterbox.LetterBox(), list[Any]()
        for place in order:
            await box.tell("a", place, [("n", (place,))])
        await box.tell("b", 0, [("n", ("other",))])
        while len(taken) < 7:
            taken += [operations[0][1][0] for _, _, operations in await box.take()]
        return taken

    assert asyncio.run(arriving()) == [*range(6), "other"]
