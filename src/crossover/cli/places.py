"""Paths on the command line: an empty one, such as of a variable that is not set, is refused by every command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from crossover.errors import OptionError

Place = Annotated[str, Path]  # a text that is a path, or stands for one: STUDY:CANDIDATE, hf://ORG/NAME, NAME=STUDY
Places = Annotated[list[str], Path]


def no_empty_paths(command: Any) -> Any:
    """The command, refusing an empty path: it would be the working directory."""
    hints = get_type_hints(command.callback, include_extras=True)
    for parameter in command.params:
        if _holds_paths(hints.get(parameter.name)):
            parameter.process_value = partial(_refusing, parameter, parameter.process_value)
    return command


def _holds_paths(hint: Any) -> bool:
    return hint is Path or any(map(_holds_paths, get_args(hint)))


def _refusing(parameter: Any, process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    if value == "" or (isinstance(value, (list, tuple)) and "" in value):
        what = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name.upper()
        raise OptionError(f"{what}: received ''; valid is a path")
    return process(context, value)
