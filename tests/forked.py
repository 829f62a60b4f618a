"""Work in a process of its own that has already imported what takes long: a real kill, or a limit, without a new start."""

from __future__ import annotations

import multiprocessing
import os
import pty
import resource
import select
import sys
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from crossover.cli.main import main

IMPORTED = ["crossover.models.hf", "crossover.tuning.sft", "crossover.study.run", "crossover.cli.main"]
# and what is imported once it is used, by a model, a journal, a report and a service
IMPORTED += ["transformers.models.llama.modeling_llama", "transformers.models.bert.modeling_bert", "peft.tuners.lora"]
IMPORTED += ["sqlalchemy.dialects.sqlite", "matplotlib.figure", "matplotlib.backends.backend_svg", "openai", "aiohttp"]
IMPORTED += ["sklearn.feature_extraction.text", "scipy.stats", "tests.still"]


def forked(work: Callable[..., Any], *given: Any) -> int:
    """Call a function of a test's module; the exit status, or minus the signal that killed the process."""
    process = started(work, *given)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def side_by_side(work: Callable[..., Any], number: int, *given: Any) -> list[int]:
    """Call a function with 0, 1, ... in so many processes at once; the exit status of each."""
    processes = [started(work, place, *given) for place in range(number)]
    for process in processes:
        process.join()
    return [process.exitcode if process.exitcode is not None else -1 for process in processes]


def ready() -> None:
    """Begin the process that others are forked from, for a program that forks by itself: it then imports nothing anew."""
    forked(os.getpid)


def started(work: Callable[..., Any], *given: Any) -> BaseProcess:
    """A process that has begun with a function of a test's module."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    process = context.Process(target=work, args=given)
    process.start()
    return process


def begun(*words: object) -> BaseProcess:
    """The command line under way, in this process's environment; what it writes goes nowhere."""
    return started(_begun, [str(word) for word in words], dict(os.environ))


def command(*words: object, told: Path, most: int = resource.RLIM_INFINITY) -> int:
    """The command line's exit status; `told`: where standard error goes; `most`: bytes that a file may have."""
    return forked(_command, [str(word) for word in words], told, most)


def in_terminal(
    words: Sequence[str], folder: Path, columns: int = 100, typed: str = "", out: str | None = None
) -> tuple[int, str]:
    """The command line in a folder, with a terminal of its own: its exit status, and all that it wrote there. `out`: the
    file in the folder that standard output goes to."""
    leader, follower = pty.openpty()
    name = os.ttyname(follower)
    process = started(_at_terminal, list(words), folder, name, columns, out)
    os.write(leader, typed.encode())
    found = b""
    while process.is_alive() or select.select([leader], [], [], 0)[0]:
        if select.select([leader], [], [], 0.02)[0]:
            found += os.read(leader, 65536)
    process.join()
    os.close(follower)  # until here, so that reading does not fail where the command has closed it
    os.close(leader)
    assert process.exitcode is not None
    return process.exitcode, found.decode()


def _at_terminal(words: list[str], folder: Path, name: str, columns: int, out: str | None) -> None:
    os.setsid()
    terminal = os.open(name, os.O_RDWR)
    for standard in range(3):
        os.dup2(terminal, standard)
    if out is not None:
        os.dup2(os.open(folder / out, os.O_WRONLY | os.O_CREAT), 1)
    for number, mode in enumerate("rww"):
        stream = open(number, mode, closefd=False)  # noqa: SIM115  the process's own, as a start gives them
        setattr(sys, ("stdin", "stdout", "stderr")[number], stream)
    os.environ.update(COLUMNS=str(columns), LINES="30", TERM="xterm-256color")
    os.chdir(folder)
    sys.argv = ["crossover", *words]
    main()


def _begun(words: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with open(os.devnull, "w") as file:
        for standard in (1, 2):
            os.dup2(file.fileno(), standard)
    sys.argv = ["crossover", *words]
    main()


def _command(words: list[str], told: Path, most: int) -> None:
    with told.open("w") as file:
        os.dup2(file.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    sys.argv = ["crossover", *words]
    main()
