"""Work in a process of its own that has already imported what takes long: a real kill, or a limit, without a new start."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossover.cli.main import main

IMPORTED = ["crossover.models.hf", "crossover.tuning.sft", "crossover.study.conductor", "crossover.cli.main"]
IMPORTED += ["sentence_transformers", "sklearn.feature_extraction.text", "scipy.stats"]


def forked(work: Callable[..., Any], *given: Any) -> int:
    """Call a function of a test's module; the exit status, or minus the signal that killed the process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    process = context.Process(target=work, args=given)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def command(*words: object, told: Path, most: int = resource.RLIM_INFINITY) -> int:
    """The command line's exit status; `told`: where standard error goes; `most`: bytes that a file may have."""
    return forked(_command, [str(word) for word in words], told, most)


def _command(words: list[str], told: Path, most: int) -> None:
    with told.open("w") as file:
        os.dup2(file.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    sys.argv = ["crossover", *words]
    main()
