"""Files -> what they hold: which tool wrote each, and all of them read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crossover.errors import DataError, OptionError, nearest
from crossover.importing.base import Reading, Tool
from crossover.importing.dspy import DSPy
from crossover.importing.inspect import Inspect
from crossover.importing.langchain import LangChain, named_object
from crossover.importing.lm_eval import LmEval
from crossover.importing.openai_evals import OpenAIEvals
from crossover.importing.promptfoo import Promptfoo
from crossover.importing.promptlayer import PREFIX, read_prompt
from crossover.importing.source import Source, shallow

TOOLS: tuple[Tool, ...] = (Inspect(), LmEval(), Promptfoo(), OpenAIEvals(), DSPy(), LangChain())


def read(paths: Sequence[Path], tool: str | None = None) -> list[Reading]:
    """What the files hold, by tool and task. `tool`: the one that wrote all of them, where that is to be said. A path
    `FILE.py:NAME` stands for an object in a Python file, which is run; `promptlayer:NAME@LABEL` for a prompt that
    PromptLayer keeps.

    Raises `OptionError` for an unknown tool, for a file that stands twice and for a Python file without a name in it;
    `DataError` for a file that is no tool's.
    """
    if tool is not None and tool not in (names := [known.name for known in TOOLS]):
        raise OptionError(f"--from {tool}: there is no such tool; {nearest(tool, names)}")
    found: dict[str, list[Source]] = {}
    seen: set[Path] = set()
    remote = [str(path) for path in paths if str(path).startswith(PREFIX)]
    for path in paths:
        if str(path) in remote:
            continue
        if path.resolve() in seen:
            raise OptionError(f"{path} stands twice among the files")
        seen.add(path.resolve())
        if path.suffix == ".py":
            raise OptionError(f"{path} is a Python file; valid is {path}:NAME, a prompt of LangChain's in it, which is run")
        source = named_object(path) or Source(path)
        found.setdefault(_tool_of(source, tool).name, []).append(source)
    with shallow():
        local = [reading for known in TOOLS if known.name in found for reading in known.read(found[known.name])]
    return [*local, *map(read_prompt, dict.fromkeys(remote))]


def _tool_of(source: Source, wanted: str | None) -> Tool:
    for tool in TOOLS:
        with shallow():
            if wanted in (None, tool.name) and tool.recognises(source):
                return tool
    tools = [tool for tool in TOOLS if wanted in (None, tool.name)]
    valid = "; ".join(f"{tool.shown}: {tool.files}" for tool in tools)
    hint = "" if wanted else "; for labelled examples: crossover init"
    raise DataError(f"{source.path} is no file of {tools[0].shown if wanted else 'a known tool'}; valid are {valid}{hint}")
