"""A study's winner for other tools, and its rows as training data, from Python: what `crossover export` writes."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.errors import OptionError, nearest
from crossover.study.folder import StudyFolder, check_new
from crossover.study.read import read_candidate

TOOLS = ("langchain", "llamacpp", "ollama", "vllm")


@dataclass(frozen=True)
class Exported:
    """`files`: what was written, relative to `path`. `parity`: whether it answers as measured, in a sentence, with lines of
    what differs behind it; "" where that was not tried: `equal` is None then. `preview`: of training data: rows, tokens and
    the cost, as pairs of text."""

    path: Path
    files: tuple[str, ...]
    parity: str = ""
    equal: bool | None = None
    preview: tuple[tuple[str, str], ...] = ()


def export(
    folder: StudyFolder,
    out: Path,
    tool: str | None,
    candidate: str | None,
    merge: bool,
    check: bool,
    llamacpp: Path | None,
    outtype: str | None,
) -> Exported:
    """A candidate as a folder that works without Crossover. Raises `OptionError` for an unknown tool, or an option that it
    does not have, and what the export itself raises."""
    check_new(out)
    if tool is not None and tool not in TOOLS:
        raise OptionError(f"there is no export for '{tool}'; {nearest(tool, TOOLS)}")
    check_options(tool or "transformers", llamacpp, outtype)
    read_candidate(folder, candidate)
    if tool == "llamacpp":
        told = _room(tool).export_llamacpp(folder, out, candidate, check, llamacpp, outtype)
        if told.replayed is None:
            return Exported(out, tuple(told.files))
        said = "\n".join((told.replayed.sentence, *told.replayed.said))
        return Exported(out, tuple(told.files), said, told.replayed.good)
    if tool not in (None, "langchain"):
        more = {"named": llamacpp} if tool == "ollama" else {}
        return Exported(out, tuple(getattr(_room(str(tool)), f"export_{tool}")(folder, out, candidate, merge, **more)))
    done = _room("export").export(folder, out, candidate, merge, check, tool is not None)
    if done.parity is None:
        return Exported(out, tuple(done.files))
    return Exported(out, tuple(done.files), done.parity.sentence, done.parity.equal)


def check_options(made: str, llamacpp: Path | None, outtype: str | None) -> None:
    """Raises `OptionError` for an option at which the export for `made`, a tool or another form, would not look."""
    for name, given, tools in (("llamacpp", llamacpp, ("llamacpp", "ollama")), ("outtype", outtype, ("llamacpp",))):
        if given is not None and made not in tools:
            raise OptionError(f"the option {name} is for {' or '.join(tools)}; this export is for {made}")


def training_data(
    folder: StudyFolder, out: Path, form: str, candidate: str | None, epochs: int, price: float | None
) -> Exported:
    """The training split, and dev as validation, as files to tune another model with. Raises `OptionError`, `DataError`."""
    check_new(out)
    written = _room("training_data").export_training_data(folder.path, out, form, candidate, epochs, price)
    return Exported(out, tuple(written.files), preview=tuple(written.preview.rows()))


def _room(name: str) -> Any:
    """A module of `serve/`; they load torch, so none before what was asked is known to be possible."""
    return importlib.import_module(f"crossover.serve.{name}")
