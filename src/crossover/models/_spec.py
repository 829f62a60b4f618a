"""Options in a model's specification: `NAME:TARGET?option=value&option=value`, as in a URL."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any
from urllib.parse import parse_qsl

from crossover import registry
from crossover.errors import ModelError


def with_options(name: str, text: str) -> tuple[str, dict[str, Any]]:
    """The target and the options of what follows the colon; all of it is the target of a plug-in that has no options, or
    whose target is a path. Raises `ModelError` for what is no list of options.
    """
    plugin = registry.load("models", name)
    hints = typing.get_type_hints(plugin)
    options = [field.name for field in dataclasses.fields(plugin) if field.init and field.name != "target"]
    target, mark, asked = text.partition("?")
    if not mark or not options or getattr(plugin, "target_is_path", False):
        return text, {}
    try:
        pairs = parse_qsl(asked, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        valid = "option=value, several with & between"
        raise ModelError(f"the model '{name}:{text}': received '{asked}' behind the ?; valid is {valid}") from error
    return target, {key: _typed(value, hints.get(key, str)) for key, value in pairs}


def _typed(value: str, hint: Any) -> Any:
    """A text in the type of a field where it can be; else the text, of which the field's check says what is valid."""
    for kind in typing.get_args(hint) or (hint,):
        if kind is bool and value in ("true", "false"):
            return value == "true"
        if kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return value
