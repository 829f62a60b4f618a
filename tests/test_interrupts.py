"""An interrupt ends a command wherever it hits it, and is no failure of what it hits."""

from __future__ import annotations

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
