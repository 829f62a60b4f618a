"""A YAML mapping with the line of every key: what `load_task` needs to name the place of a mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from crossover.data.textfile import read_text
from crossover.errors import TaskError

KeyPath = tuple[str | int, ...]
ENDINGS = (".yaml", ".yml")
COPIED, LONG = 1_000_000, 100  # values that aliases may stand for; characters of a text that count as one
TEXT = "tag:yaml.org,2002:str"
MAPPING = "tag:yaml.org,2002:map"
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class YamlFile:
    """The mapping's content, and where each key stands. `settings`: keys that were given beside the file, in `content`
    but not in `written`; `by`: how, as a message says it."""

    path: Path
    content: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    settings: frozenset[KeyPath] = frozenset()
    by: str = "--set"

    def place(self, key: KeyPath) -> str:
        """`"task.yaml, line 3, key 'limits.money'"`; without a line where the file does not have the key."""
        beneath = key not in self.lines and any(given[: len(key)] == key for given in self.settings)
        if beneath or any(key[: len(given)] == given for given in self.settings):
            return f"{self.by}, {key_name(key)}"
        line = next((self.lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.lines), None)
        at = f", line {line}" if line is not None else ""
        return f"{self.path}{at}, {key_name(key)}"


def key_name(key: KeyPath) -> str:
    """`"key 'limits.money'"`, `"key 'strategies', item 2"`."""
    names = ".".join(part for part in key if isinstance(part, str))
    items = "".join(f", item {part + 1}" for part in key if isinstance(part, int))
    return f"key '{names}'{items}"


def read_yaml(path: Path, as_written: str) -> YamlFile:
    """Read a YAML mapping; keys without a value are left out. Raises `TaskError`, with the line.

    Plain scalars under the key `as_written` stay text as written: `yes` is a label, not a truth value.
    """
    text = read_text(path, error=TaskError, endings=ENDINGS)
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode) or node.tag != MAPPING:
            kind = {yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}.get(type(node), "nothing")
            kind = f"a value of type {node.tag}" if isinstance(node, yaml.MappingNode) else kind
            raise TaskError(f"{path} holds {kind}; valid is a YAML mapping with the keys of a task file")
        _keep_text(node, as_written)
        _index(path, node, (), lines, set())
        content = loader.construct_document(node)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = problem.problem or problem.context or "it cannot be parsed"
        raise TaskError(f"{path}{at}: not valid YAML: {reason}") from problem
    except yaml.reader.ReaderError as problem:
        line = text[: problem.position].count("\n") + 1
        raise TaskError(f"{path}, line {line}: not valid YAML: {problem.reason}") from problem
    except (RecursionError, ValueError) as problem:
        reason = "nested too deep" if isinstance(problem, RecursionError) else str(problem)
        raise TaskError(f"{path}: not valid YAML: {reason}") from problem
    found = {str(key): value for key, value in content.items() if value is not None}
    return YamlFile(path, found, lines, found)


def read_value(text: str) -> Any:
    """A value as a task file would have it. A plain text is itself, whatever signs it has; empty is None.

    Raises `ValueError` for a list, a mapping or a quoted text that is not valid YAML.
    """
    try:
        value = yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError) as problem:
        if text.lstrip()[:1] in tuple("[{\"'"):
            raise ValueError("not valid YAML") from problem
        return text
    plain = isinstance(value, (bool, int, float)) or value is None
    return value if plain or text.lstrip()[:1] in tuple("[{\"'") else text


class _Alias(yaml.MarkedYAMLError):
    """One that is not read."""


class BoundedLoader(yaml.SafeLoader):
    """A few lines of aliases of aliases stand for billions of values: as many as people write are read, no more.

    Raises `yaml.MarkedYAMLError`.
    """

    made = copied = 0  # values so far, by aliases those that they stand for; long texts count as several

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._sizes: dict[str, int] = {}  # of what has a name, once it is whole

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        before, mark = self.made, event.start_mark
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor in self.anchors and anchor not in self._sizes:
                raise _Alias(None, None, f"the alias '{anchor}' stands within what it stands for", mark)
            self.copied += self._sizes.get(str(anchor), 0)
            self.made += self._sizes.get(str(anchor), 0)
            if self.copied > COPIED:
                raise _Alias(None, None, f"its aliases stand for over {COPIED:,} values", mark)
        else:
            self.made += 1 + len(getattr(event, "value", "")) // LONG
        node = super().compose_node(parent, index)
        if anchor is not None and not isinstance(event, yaml.AliasEvent):
            self._sizes[anchor] = self.made - before
        return node


_WITHOUT_COLONS = {  # YAML 1.1's numbers
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)\Z"),
    "tag:yaml.org,2002:float": re.compile(
        r"([-+]?([0-9][0-9_]*)\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
    ),
}


class _Loader(BoundedLoader):
    """PyYAML reads 1e-3 as text, which YAML 1.2 and everyone who writes a learning rate read as a number, and 1:30 as the
    number 90, which nobody does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, _WITHOUT_COLONS.get(tag, written)) for tag, written in found]
    for first, found in BoundedLoader.yaml_implicit_resolvers.items()
}


class Dumper(yaml.SafeDumper):
    """Puts in quotes what the loader would take for a number."""


for _reader in (_Loader, Dumper):
    _reader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z"), list("-+0123456789")
    )


def _index(path: Path, node: yaml.Node, key: KeyPath, lines: dict[KeyPath, int], seen: set[int]) -> None:
    """Note the line of every key and item below a node. Raises `TaskError` for a key twice, or not text."""
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            lines[(*key, number)] = item.start_mark.line + 1
            _index(path, item, (*key, number), lines, seen)
    elif isinstance(node, yaml.MappingNode):
        own: set[str] = set()
        for name, value in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode):
                raise TaskError(f"{path}, line {line}: a key is a list or a mapping; valid is text")
            below = (*key, name.value)
            if name.value in own:
                raise TaskError(f"{path}, line {line}, {key_name(below)}: it stands on line {lines[below]} already")
            own.add(name.value)
            lines[below] = line
            _index(path, value, below, lines, seen)


def _keep_text(root: yaml.MappingNode, key: str) -> None:
    """Tag the plain scalars of a list or mapping as text, also in the mappings of a list below (the steps of a chain); an
    empty value stays null."""
    for name, value in root.value:
        for item in value.value if isinstance(value, yaml.SequenceNode) else ():
            if isinstance(item, yaml.MappingNode):
                _keep_text(item, key)
        if name.value == key and isinstance(value, (yaml.SequenceNode, yaml.MappingNode)):
            pairs = [(item,) for item in value.value] if isinstance(value, yaml.SequenceNode) else value.value
            for scalar in (scalar for pair in pairs for scalar in pair):
                if isinstance(scalar, yaml.ScalarNode) and scalar.value != "" and scalar.tag != MERGE:
                    scalar.tag = TEXT
