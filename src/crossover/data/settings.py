"""Keys of a task file as a command line gives them: `limits.minutes=10`, in the place of the file's own.

What is called from Python gives them so too, and is named where the command line's option would be (`by`).
"""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossover.data.yamlfile import KeyPath, YamlFile, read_value
from crossover.errors import TaskError

SET = "--set"  # the command line's


def overridden(file: YamlFile, settings: Sequence[str], by: str = SET) -> YamlFile:
    """The file with these keys set. A key inside a mapping is written with a dot; without a value a key is taken away.

    Raises `TaskError` for one that is not KEY=VALUE, that has no valid value, or that lies inside what is no mapping.
    """
    if not settings:
        return file
    content, given = copy.deepcopy(file.content), set(file.settings)
    for setting in settings:
        name, sign, text = setting.partition("=")
        key = tuple(name.strip().split("."))
        if not sign or not all(key):
            raise TaskError(f"{called(setting, by)}: valid is KEY=VALUE, such as target=0.8 or limits.minutes=10")
        try:
            value = text if key[0] == "labels" and len(key) > 1 else read_value(text)
        except ValueError as error:
            quoted = f"{name}={json.dumps(text, ensure_ascii=False)}"
            hint = f"; text that begins so stands in quotes: {called(shlex.quote(quoted), by)}"
            raise TaskError(f"{called(setting, by)}: the value is {error}{hint}") from error
        _put(content, key, value, setting, by)
        given.add(key)
    return replace(file, content=content, settings=frozenset(given), by=by)


def called(setting: str, by: str) -> str:
    """A setting as a message names it: "--set margin=2"; "redecide, margin=2" of a function's."""
    return f"{by} {setting}" if by == SET else f"{by}, {setting}"


def _put(content: dict[str, Any], key: KeyPath, value: Any, setting: str, by: str) -> None:
    inner: Any = content
    for depth, part in enumerate(key[:-1], start=1):
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            outer = ".".join(map(str, key[:depth]))
            instead = called(f"{outer}=VALUE", by)
            raise TaskError(f"{called(setting, by)}: '{outer}' has no keys of its own; valid is {instead}")
    if value is None:
        inner.pop(key[-1], None)
    else:
        inner[key[-1]] = value
