"""Programs that run where Crossover cannot be imported, in processes forked from one that has only imported what their own
imports take seconds for: each imports, reads and answers as one that was started anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVER = """
import gc, json, os, runpy, sys, traceback
import langchain_core.language_models, langchain_core.runnables, llguidance.hf, peft, safetensors.torch, torch
from transformers import AutoModelForCausalLM, AutoTokenizer, BertModel, LlamaForCausalLM


def run(words, cwd, environment, streams):
    for number, name in enumerate(streams):
        os.dup2(os.open(name, os.O_RDWR), number)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "rww"[n], encoding="utf-8", closefd=False) for n in range(3))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    status = 1
    try:
        if words[0] == "-c":
            sys.argv = ["-c", *words[2:]]
            sys.path.insert(0, "")
            space = {"__name__": "__main__"}
            exec(compile(words[1], "<string>", "exec"), space)
        else:
            sys.argv = words
            sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
            runpy.run_path(words[0], run_name="__main__")
        status = 0
    except SystemExit as left:
        status = left.code or 0
        if not isinstance(status, int):
            status = print(left.code, file=sys.stderr) or 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


gc.collect()
gc.freeze()
for line in sys.stdin:
    child = os.fork()
    if not child:
        run(*json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def missing(folder: Path, *names: str) -> dict[str, str]:
    """An environment in which importing these packages fails."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"raise ImportError('{name} is not here')\n")
    environment = {**os.environ, "PYTHONPATH": str(folder), "HF_HUB_OFFLINE": "1"}
    for name in names:
        failed = subprocess.run([sys.executable, "-c", f"import {name}"], env=environment, capture_output=True, text=True)
        assert f"{name} is not here" in failed.stderr
    return environment


class Bare:
    """Starts programs of Python's: a file, or `-c` and code."""

    def __init__(self, server: subprocess.Popen[str], own: dict[str, str], folder: Path) -> None:
        self._server, self._own, self._folder = server, own, folder

    def __call__(
        self, argv: Sequence[str], cwd: Path | None = None, given: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """What it came to that reads `given`; `more`: environment variables. As `crossover.child.finished`."""
        assert argv[0] == sys.executable
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        streams = [self._folder / name for name in ("in", "out", "err")]
        for stream, text in zip(streams, (given, "", ""), strict=True):
            stream.write_text(text, encoding="utf-8")
        environment = {**os.environ, **self._own, **more}
        asked = [list(argv[1:]), str(cwd or Path.cwd()), environment, list(map(str, streams))]
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        status = int(self._server.stdout.readline())
        out, err = (stream.read_text(encoding="utf-8", errors="replace") for stream in streams[1:])
        return subprocess.CompletedProcess(argv, status, out, err)


@contextmanager
def bare(folder: Path) -> Iterator[Bare]:
    environment = missing(folder, "crossover")
    own = {name: environment[name] for name in ("PYTHONPATH", "HF_HUB_OFFLINE")}
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-c", SERVER], env=environment, text=True, **pipes) as server:  # type: ignore[call-overload]
        yield Bare(server, own, folder)
