"""Keys of a task file as a command line gives them: `limits.minutes=10`, in the place of the file's own."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossover.data.yamlfile import KeyPath, YamlFile, read_value
from crossover.errors import TaskError


def overridden(file: YamlFile, settings: Sequence[str]) -> YamlFile:
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
            raise TaskError(f"--set {setting}: valid is KEY=VALUE, such as target=0.8 or limits.minutes=10")
        try:
            value = text if key[0] == "labels" and len(key) > 1 else read_value(text)
        except ValueError as error:
            quoted = f"{name}={json.dumps(text, ensure_ascii=False)}"
            hint = f"; text that begins so stands in quotes: --set {shlex.quote(quoted)}"
            raise TaskError(f"--set {setting}: the value is {error}{hint}") from error
        _put(content, key, value, setting)
        given.add(key)
    return replace(file, content=content, settings=frozenset(given))


def _put(content: dict[str, Any], key: KeyPath, value: Any, setting: str) -> None:
    inner: Any = content
    for depth, part in enumerate(key[:-1], start=1):
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            outer = ".".join(map(str, key[:depth]))
            raise TaskError(f"--set {setting}: '{outer}' has no keys of its own; valid is --set {outer}=VALUE")
    if value is None:
        inner.pop(key[-1], None)
    else:
        inner[key[-1]] = value
