"""Workers of Ray that are forked from a process which has imported what they need: each start takes seconds otherwise.

As a script it stands where Ray's own `setup_worker.py` does. The first workers start as Ray starts them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

VARIABLE = "CROSSOVER_TEST_RAY_WORKERS"  # the socket at which workers are forked
SPARE = ("--serialized-runtime-env-context=", "--language=")  # what setup_worker.py takes for itself


@contextmanager
def forking(plain: int) -> Iterator[None]:
    """Until the block ends, workers of a cluster that is started here are forked, but for the first `plain`."""
    import pytest

    from crossover.study import joining
    from tests.forked import started

    for name, value in (joining.SETTINGS | joining.ALONE).items():
        os.environ.setdefault(name, value)  # as where a cluster is started: Ray reads some when it is imported
    from ray._private.parameter import RayParams

    made, folder = RayParams.__init__, tempfile.mkdtemp()  # a test's own folder may be longer than a socket's name
    at = Path(folder) / "line"
    forks = started(fork_workers, str(at), plain)
    try:
        while not at.exists():
            assert forks.is_alive()
            time.sleep(0.01)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(at))
            patch.setattr(RayParams, "__init__", lambda *a, **named: made(*a, **{"setup_worker_path": __file__} | named))
            yield
    finally:
        forks.kill()
        forks.join()
        shutil.rmtree(folder)


def fork_workers(at: str, plain: int) -> None:
    """Fork who is asked for at a socket, but for the first `plain`, until the process that began this one has ended."""
    began = multiprocessing.parent_process()
    assert began is not None
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a worker
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{at}.made")
        server.listen(16)
        os.rename(f"{at}.made", at)  # whoever sees it can connect
        while began.sentinel not in wait([server, began.sentinel]):
            line, _ = server.accept()
            words, streams, _, _ = socket.recv_fds(line, 1 << 20, 3)
            while not words.endswith(b"\n") and (more := line.recv(1 << 20)):
                words += more
            if not words.endswith(b"\n"):
                pass  # who asked was killed
            elif plain:
                plain -= 1
            elif os.fork() == 0:
                for place, stream in enumerate(streams):
                    os.dup2(stream, place)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                line.sendall(b"forked")
                line.close()
                _work(*json.loads(words))
            line.close()
            for stream in streams:
                os.close(stream)


def _work(words: list[str], environment: dict[str, str]) -> None:
    """Be a worker. Ray itself is imported here: what it holds does not outlive a fork."""
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    status = 1
    try:
        runpy.run_path(words[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _ask() -> None:
    """As a script: have the worker forked whose start Ray has asked for, else be it."""
    words = [word for word in sys.argv[1:] if not word.startswith(SPARE)]
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ[VARIABLE])
        socket.send_fds(line, [json.dumps([words, dict(os.environ)]).encode() + b"\n"], [0, 1, 2])
        if line.recv(16):
            return
    import ray

    path = str(Path(ray.__file__).parent / "_private" / "workers" / "setup_worker.py")
    os.execv(sys.executable, [sys.executable, path, *sys.argv[1:]])


if __name__ == "__main__":
    _ask()
