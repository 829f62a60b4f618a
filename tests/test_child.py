"""What was started for an export does not outlive it, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from crossover.child import child, finished

# a program that starts another, as a script around a server does
ASKS = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # else not where the tests run behind another program
signal.signal(signal.SIGHUP, signal.SIG_DFL)
class Popen(subprocess.Popen):
    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        time.sleep(float(sys.argv[1]))
subprocess.Popen = Popen
from crossover.child import child
with child(["/bin/sh", "-c", "sleep 600 & echo $$ $!; wait"]):
    time.sleep(600)
"""


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):  # one that nobody has waited for is over, too
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc").is_dir()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("late", [0.0, 1.0])
def test_a_child_and_its_own_end_with_who_started_it(number: signal.Signals, late: float) -> None:
    """Also where it is told to end before it knows the child, `late` seconds behind its start."""
    asks = subprocess.Popen([sys.executable, "-c", ASKS, str(late)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert asks.stdout is not None
    pids = [int(word) for word in asks.stdout.readline().split()]
    asks.send_signal(number)
    status = asks.wait(60)
    asks.stdout.close()
    if number == signal.SIGKILL:  # nobody is left to end what the child itself has started
        os.kill(pids.pop(), signal.SIGKILL)
    if number in (signal.SIGTERM, signal.SIGHUP):
        assert status == 128 + number
    if number != signal.SIGKILL or sys.platform == "linux":
        end = time.monotonic() + 60
        while any(map(lives, pids)) and time.monotonic() < end:
            time.sleep(0.01)
        assert not any(map(lives, pids))


def test_a_block_ends_its_child_and_changes_no_signal() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with child(["sleep", "600"]) as running:
        assert running.poll() is None
    assert running.poll() == -signal.SIGKILL
    assert signal.getsignal(signal.SIGTERM) == before


def ended(pid: int) -> bool:
    end = time.monotonic() + 60
    while lives(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not lives(pid)


def test_what_a_child_left_behind_ends_with_the_block() -> None:
    with child(["/bin/sh", "-c", "sleep 600 & echo $!"], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        running.stdout.close()
        assert running.wait() == 0
        assert lives(pid)
    assert ended(pid)


def test_a_child_with_grace_is_asked_before_it_is_killed() -> None:
    script = "trap 'exit 7' TERM; echo; sleep 600 & wait"
    with child(["/bin/sh", "-c", script], grace=60.0, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
    assert running.returncode == 7


def test_what_a_program_reads_and_says() -> None:
    done = finished(["/bin/sh", "-c", "read line; echo said $line; echo wrong >&2; exit 3"], given="it\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, "said it\n", "wrong\n")
    if sys.platform == "linux":
        lost = finished(["/no/such/program"])
        assert (lost.returncode, lost.stderr) == (1, "/no/such/program: No such file or directory\n")
