"""Each side of a measurement in a process of its own; a peer also in an environment of its own, made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NODE = ("promptfoo",)  # peers from npm
WORK = HERE / ".work"  # models and environments; not in version control
QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")])),
}


class Failed(Exception):
    """A side ended without a result."""


def ours(job: dict[str, Any]) -> dict[str, Any]:
    """Crossover's result for a job."""
    return _run([sys.executable, "-m", "benchmarks.sides.ours"], job)


def peer(name: str, job: dict[str, Any]) -> dict[str, Any]:
    """A peer's result for a job: `name` is that of its requirements and its script in `sides`."""
    script = HERE / "sides" / f"{name.replace('-', '_')}_side.py"
    if name in NODE:
        return _run([sys.executable, str(script)], {**job, "folder": str(node_environment(name))})
    return _run([str(environment(name)), str(script)], job)


def environment(name: str) -> Path:
    """The Python of a peer's own environment; made at first use."""
    folder = WORK / "environments" / name
    python = folder / "bin" / "python"
    done = folder / "done"
    requirements = HERE / "sides" / f"{name}.txt"
    if not done.is_file() or done.read_text() != requirements.read_text():
        sys.stderr.write(f"installing {name}\n")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        done.write_text(requirements.read_text())
    return python


def node_environment(name: str) -> Path:
    """The folder with a peer's packages from npm, its own Node among them; made at first use."""
    folder, requirements = WORK / "environments" / name, (HERE / "sides" / f"{name}.txt").read_text()
    done = folder / "done"
    if not done.is_file() or done.read_text() != requirements:
        sys.stderr.write(f"installing {name}\n")
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(["npm", "install", *quiet, "--prefix", folder, *requirements.split()], check=True)
        done.write_text(requirements)
    return folder


def _run(command: list[str], job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(job, file)
        file.flush()
        done = subprocess.run(
            [*command, file.name], capture_output=True, text=True, env={**os.environ, **QUIET}, check=False
        )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
