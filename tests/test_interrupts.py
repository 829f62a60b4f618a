"""An interrupt ends a command wherever it hits it, and is no failure of what it hits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crossover.interrupts import every_interrupt_heard
from crossover.study.folder import StudyFolder
from crossover.study.ladder import guarded
from tests.cli.small import write_task

# metrics during which the interrupt comes: while an object is taken down; in a library that makes its own of it
METRICS = {
    "dropped": """
import os, signal, time

class Taken:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass

def near(answer, output):
    Taken()
    time.sleep(5)
    return 1.0
""",
    "disguised": """
import os, signal

def near(answer, output):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
    except BaseException:
        raise LookupError("an invalid matrix") from None
    return 1.0
""",
}
COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # else not behind another program
    "from crossover.cli.main import main; main()"
)


@pytest.mark.parametrize("how", METRICS)
def test_an_interrupt_that_a_library_drops_or_disguises_ends_the_study(how: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(METRICS[how])
    task = write_task(tmp_path, metric="own.py:near")
    argv = [sys.executable, "-c", COMMAND, "run", str(task), "--out", str(tmp_path / "run")]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 130, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "invalid matrix" not in ended.stderr
    assert not (tmp_path / "run" / "decision.json").exists()


def test_an_interrupt_is_no_failure_of_the_rung_that_it_hits(tmp_path: Path) -> None:
    def rung() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass
        except KeyboardInterrupt:
            raise LookupError("an invalid matrix") from None

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), every_interrupt_heard():
            guarded("lora", rung, StudyFolder(tmp_path))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert "IndexError" in str(guarded("lora", lambda: [][0], StudyFolder(tmp_path))), "a later one is a failure again"


def test_whoever_keeps_on_pressing_is_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, heard = iter([10.0, 10.6, 11.2, 11.8, 12.4]), []
    monkeypatch.setattr("crossover.interrupts.time.monotonic", lambda: next(moments))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with every_interrupt_heard():
            for press in range(5):
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt:  # something that goes on after one
                    heard.append(press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [0, 2, 4]


TWICE = """
import atexit, os, signal
from pathlib import Path

def press():
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass

asked = 0

def near(answer, output):
    global asked
    pressed = os.environ.get("PRESSED")
    asked += bool(pressed) and Path(pressed).with_name("run").joinpath("study.db").exists()
    if asked > 20:  # of 40 rows, 8 of them dev, and three rungs: by then something is measured
        atexit.register(press)  # once more, while Python takes down what there is
        try:
            press()
        finally:
            press()
            Path(pressed).write_text("whole")
    return float(answer == output)
"""


def test_an_interrupt_that_comes_again_leaves_a_study_that_goes_on(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(TWICE)
    task = write_task(tmp_path, metric="own.py:near")
    closed = tmp_path / "closed"

    def ran(out: str, **more: str) -> subprocess.CompletedProcess[str]:
        code = COMMAND.replace("crossover.cli.main", "crossover.__main__")
        argv = [sys.executable, "-c", code, "run", str(task), "--out", str(tmp_path / out)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, env=os.environ | more)

    ended = ran("run", PRESSED=str(closed))
    assert ended.returncode in (130, -signal.SIGINT), ended.stderr
    assert "run the same command again and it continues" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert closed.read_text() == "whole", "what closes was let finish"
    assert {path.name for path in (tmp_path / "run").iterdir()} <= {".lock", "study.db"}
    assert ran("run").returncode == ran("whole").returncode == 0
    calls = [json.loads((tmp_path / out / "decision.json").read_text())["spent"]["calls"] for out in ("run", "whole")]
    assert calls[0] == calls[1] > 0, "nothing is paid twice"


PRESSED_TWICE = """
import os, signal, threading, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from crossover.studio import run

with run.opened(run.Settings(Path("."), port=0)) as (server, bound):
    def press():
        while not server.started:
            time.sleep(0.01)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            while not server.should_exit:
                time.sleep(0.001)
    threading.Thread(target=press).start()
    try:
        server.run(sockets=[bound])
    except KeyboardInterrupt:
        print("ended")
"""


def test_a_server_that_is_interrupted_twice_at_once_ends_as_by_one(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", PRESSED_TWICE]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")


def test_a_server_does_not_wait_for_whom_it_answers_where_it_is_interrupted_again(tmp_path: Path) -> None:
    later = PRESSED_TWICE.replace("time.sleep(0.001)", "time.sleep(0.001)\n            server._last = float('-inf')")
    assert later != PRESSED_TWICE
    argv = [sys.executable, "-c", later]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")
