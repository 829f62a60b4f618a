"""Plain values as YAML for people and for git: every text comes back letter by letter, and what nobody sees is escaped.

A text of several lines has a line each, so that a difference of two files shows the line that changed. Line breaks of
another kind, control codes, marks that turn the direction of writing and spaces at an end are escapes, in the file as in a
terminal; so git may change the file's own line breaks and changes no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # several times as quick, where PyYAML was built with it


def written(body: Mapping[str, Any]) -> str:
    """A mapping of texts, numbers, truth values, None, lists and mappings as YAML; keys are words."""
    return "".join(f"{line}\n" for line in _mapping(body, ""))


def read(text: str) -> dict[str, Any]:
    """The mapping in a YAML text. Raises `ValueError` for anything else, and for aliases, which may unfold without end."""
    loader = None
    try:
        loader = _LOADER(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ValueError("it holds no YAML mapping")
        _check_tree(node)
        return dict(loader.construct_document(node))
    except yaml.MarkedYAMLError as problem:
        line = f"line {problem.problem_mark.line + 1}: " if problem.problem_mark else ""
        raise ValueError(f"{line}not valid YAML: {problem.problem or problem.context}") from problem
    except yaml.YAMLError as problem:
        raise ValueError(f"not valid YAML: {str(problem).splitlines()[0]}") from problem
    except RecursionError as problem:
        raise ValueError("not valid YAML: nested too deep") from problem
    finally:
        if loader is not None:
            loader.dispose()


def visible(text: str) -> str:
    """A text as a terminal may show it: what is not printable, line breaks too, as its escape."""
    return "".join(c if _is_clear(c) else _escaped(c) for c in text)


def _check_tree(root: yaml.Node) -> None:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            raise ValueError(f"line {node.start_mark.line + 1}: an alias; valid is what it stands for")
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [one for pair in node.value for one in pair]


def _mapping(body: Mapping[str, Any], pad: str) -> Iterator[str]:
    for key, value in body.items():
        yield from _entry(f"{pad}{key}:", value, f"{pad}  ")


def _entry(head: str, value: Any, pad: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text(head, value, pad)
    elif isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, pad)
    elif isinstance(value, (list, tuple)) and value:
        yield head
        for item in value:
            yield from _item(item, pad)
    else:
        yield f"{head} {_scalar(value)}"


def _item(item: Any, pad: str) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        first, *others = _mapping(item, f"{pad}  ")
        yield f"{pad}- {first.removeprefix(f'{pad}  ')}"
        yield from others
    else:
        yield from _entry(f"{pad}-", item, f"{pad}  ")


def _text(head: str, text: str, pad: str) -> Iterator[str]:
    if "\n" not in text:
        yield f'{head} "{_quoted(text)}"'
    elif _is_readable(text):
        yield f"{head} {'|' if text.endswith(chr(10)) else '|-'}"
        for line in text.removesuffix("\n").split("\n"):
            yield f"{pad}{line}" if line else ""
    else:
        yield f'{head} "\\'  # a backslash at an end joins two lines of the file, without the spaces between them
        *others, last = re.findall(r"[^\n]*\n|[^\n]+", text)
        for piece in others:
            yield f"{pad}{_continued(piece)}\\"
        yield f'{pad}{_continued(last)}"'


def _is_readable(text: str) -> bool:
    """Whether a text can stand in lines of its own as it is."""
    lines = text.removesuffix("\n").split("\n")
    whole = bool(lines[0]) and bool(lines[-1]) and not lines[0][0].isspace()
    return whole and all(line == line.rstrip() and all(map(_is_clear, line)) for line in lines)


def _is_clear(letter: str) -> bool:
    return letter.isprintable() or letter == "\u3000"  # the space of Chinese and Japanese is one that is seen


def _continued(piece: str) -> str:
    found = _quoted(piece)
    return f"\\{found}" if found.startswith(" ") else found


def _quoted(text: str) -> str:
    return "".join(c if _is_clear(c) and c not in _ESCAPES else _escaped(c) for c in text)


def _escaped(letter: str) -> str:
    code = ord(letter)
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        text = repr(value)
        return text if "." in text else re.sub("(?=e)", ".0", text)  # YAML takes 1e-05 for a text
    return "[]" if isinstance(value, (list, tuple)) else "{}" if isinstance(value, Mapping) else str(value)
