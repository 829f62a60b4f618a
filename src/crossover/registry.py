"""Name -> plug-in. Built-ins are found by file name, outsiders by entry point; listing imports neither.

A room's built-in `NAME` is the class `Name` (camel case) in `crossover/ROOM/name.py` or `crossover/ROOM/name/__init__.py`.
An outsider's is the object that its entry point names, in the group `crossover.ROOM`. A plug-in is a dataclass; its typed
fields are its options, and the first line of its docstring (for a built-in: of its module's) is what a list shows.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import gc
import importlib
import importlib.metadata
import json
import re
import traceback
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossover.errors import CrossoverError, OptionError, nearest, shown

Room = Literal["strategies", "metrics", "models"]
ROOMS: tuple[Room, ...] = typing.get_args(Room)
NOT_PLUGINS = {"base", "batches", "open", "embedding", "kernels", "light", "scoring", "serving", "start", "template"}


@dataclass(frozen=True)
class Entry:
    """A plug-in that can be loaded: its name, where it comes from ("built-in" or a distribution), and one line about it."""

    name: str
    origin: str
    summary: str


def entries(room: Room) -> list[Entry]:
    """All plug-ins of a room, sorted by name, without importing them."""
    found = {name: Entry(name, "built-in", _summary(path)) for name, path in _builtin_files(room).items()}
    for point in _points(room):
        origin = point.dist.name if point.dist else "entry point"
        found.setdefault(point.name, Entry(point.name, origin, point.value))
    return [found[name] for name in sorted(found)]


def names(room: Room) -> list[str]:
    """The names of a room's plug-ins."""
    return sorted({*_builtin_files(room), *(point.name for point in _points(room))})


def has(room: Room, name: str) -> bool:
    """Whether a room has a plug-in of that name. Outsiders are looked for, which takes longer, where no built-in has it."""
    return name in _builtin_files(room) or any(point.name == name for point in _points(room))


def load(room: Room, name: str) -> type[Any]:
    """Import a plug-in's class. Raises `OptionError` for an unknown name, and for an outsider that cannot be used."""
    files = _builtin_files(room)
    if name in files:
        with uncollected():
            module = importlib.import_module(f"crossover.{room}.{name}")
        return typing.cast("type[Any]", getattr(module, _class_name(name)))
    found = {(point.value, point.dist.name if point.dist else ""): point for point in _points(room) if point.name == name}
    if len(found) > 1:  # which of them is measured must not hang on the order of a path
        homes = " and ".join(f"{value} of {home}" if home else value for value, home in sorted(found))
        raise OptionError(f"the plug-in '{name}' is there {len(found)} times: {homes}; uninstall all but one")
    for point in found.values():
        return _outsider(point)
    raise OptionError(f"there is no {_singular(room)} '{name}'; {nearest(name, names(room))}")


def _outsider(point: importlib.metadata.EntryPoint) -> type[Any]:
    """What an entry point names, if it is a dataclass whose types are known; else an `OptionError`."""
    what = f"the plug-in '{point.name}' ({point.value})"
    try:
        with uncollected():
            plugin = point.load()
    except (Exception, SystemExit) as error:
        raise OptionError(f"{what} does not import: {error}") from error
    if not isinstance(plugin, type) or not dataclasses.is_dataclass(plugin):
        raise OptionError(f"{what} is no dataclass; a plug-in is a class with @dataclass(frozen=True) above it")
    try:
        typing.get_type_hints(plugin)
    except Exception as error:
        raise OptionError(f"{what} has an option whose type cannot be read: {error}") from error
    return plugin


def blamed(error: BaseException) -> str | None:
    """The plug-in of another package that raised an error, in words; None where our own code, or nobody's, did."""
    mine = __name__.partition(".")[0]
    homes = {point.module.partition(".")[0]: (room, point) for room in ROOMS for point in _points(room)}
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        home = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if home == mine:
            return None
        if home in homes:
            room, point = homes[home]
            return f"the {_singular(room)} '{point.name}' ({point.value})"
    return None


def stated(room: Room, name: str, attribute: str) -> Any:
    """A plain value that a plug-in's class states, such as a strategy's `family`; None where it states none.

    A built-in's is read off its source, for importing it may load a heavy library. Raises `OptionError` as `load` does.
    """
    path = _builtin_files(room).get(name)
    return getattr(load(room, name), attribute, None) if path is None else _read_off(path, _class_name(name), attribute)


def create(room: Room, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """Make a plug-in with its options, checked against its dataclass fields. Raises `OptionError`."""
    return made(load(room, name), f"{_singular(room)} '{name}'", options)


def made(plugin: type[Any], what: str, options: Mapping[str, Any] | None = None) -> Any:
    """Make an object of a dataclass with options, checked against its fields; `what` it is, for messages.

    Raises `OptionError`.
    """
    options = dict(options or {})
    hints = typing.get_type_hints(plugin)
    fields = [f.name for f in dataclasses.fields(plugin) if f.init]
    for key, value in options.items():
        if key not in fields:
            valid = nearest(key, fields) if fields else "it has no options"
            raise OptionError(f"{what} has no option '{key}'; {valid}")
        options[key] = _checked(f"{what}, option '{key}'", value, hints[key])
    for field in dataclasses.fields(plugin):
        given = field.name in options or not field.init
        if not given and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            about = _abouts(plugin.__doc__ or "").get(field.name, _type(hints[field.name]))
            raise OptionError(f"{what}: the option '{field.name}' is missing; valid is {about.rstrip('.')}")
    try:
        return plugin(**options)
    except CrossoverError:
        raise
    except (TypeError, ValueError) as error:
        raise OptionError(f"{what}: {error}") from error


@dataclass(frozen=True)
class Option:
    """An option of a plug-in: its type in words, its default as YAML has it (or "required"), and what it is, or ""."""

    name: str
    type: str
    default: str
    about: str


def describe(room: Room, name: str) -> list[Option]:
    """A plug-in's options, in their order. What each is stands in the docstring of its class: "- `name`: what it is"."""
    plugin = load(room, name)
    said, hints = _abouts(plugin.__doc__ or ""), typing.get_type_hints(plugin)
    return [
        Option(f.name, _type(hints[f.name]), _default(f), said.get(f.name, ""))
        for f in dataclasses.fields(plugin)
        if f.init
    ]


def summary(room: Room, name: str) -> str:
    """One line about a plug-in, as a list shows it. Raises `OptionError` for an unknown name."""
    load(room, name)
    return next(entry.summary for entry in entries(room) if entry.name == name)


def _abouts(document: str) -> dict[str, str]:
    """Name -> text of each item of a list in a docstring; an item goes on in lines that are set in further."""
    found: dict[str, str] = {}
    name, indent = "", 0
    for line in document.split("\n"):
        item = re.match(r"(\s*)- `(\w+)`: (.*)", line)
        if item:
            name, indent = item[2], len(item[1])
            found[name] = item[3].strip()
        elif name and line.strip() and len(line) - len(line.lstrip()) > indent:
            found[name] += f" {line.strip()}"
        else:
            name = ""
    return found


def _type(hint: Any) -> str:
    """A type as somebody who writes a task file knows it: "whole number", "list of text"."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(option) for option in arguments)
    if origin is Literal:
        return " or ".join(map(str, arguments))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    plain = {int: "whole number", float: "number", bool: "true or false", str: "text", type(None): "null"}
    return plain.get(hint, "mapping" if origin is Mapping else getattr(hint, "__name__", str(hint)))


def _default(option: dataclasses.Field[Any]) -> str:
    if option.default is not dataclasses.MISSING:
        value = option.default
    elif option.default_factory is not dataclasses.MISSING:
        value = option.default_factory()
    else:
        return "required"
    return json.dumps(value if not isinstance(value, Mapping) else dict(value), ensure_ascii=False, default=str)


def _checked(where: str, value: Any, hint: Any) -> Any:
    """The value in its field's type, or an `OptionError`: YAML gives lists for tuples and ints for floats."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            try:
                return _checked(where, value, option)
            except OptionError:
                continue
    elif origin is Literal:
        if value in arguments:
            return value
    elif origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_checked(where, item, arguments[0]) for item in value)
    elif origin is Mapping and isinstance(value, Mapping):
        return dict(value)
    elif hint is Any or (isinstance(hint, type) and isinstance(value, hint) and not (hint is int and value is True)):
        return value
    elif hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    said = {True: " (as YAML reads yes and on)", False: " (as YAML reads no and off)"} if hint is str else {}
    quoted = " in quotes" if hint is str and isinstance(value, (bool, int, float)) else ""
    about = said.get(value, "") if isinstance(value, bool) else ""
    raise OptionError(f"{where}: received {shown(value)}{about}, valid is {_valid(hint)}{quoted}")


def _valid(hint: Any) -> str:
    """What a type takes, for a sentence: "a list of whole numbers"."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_valid(option) for option in arguments)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple:
        inner = _type(arguments[0])
        return f"a list of {inner}s" if arguments[0] in (int, float) else f"a list of {inner}"
    return f"a {_type(hint)}" if hint in (int, float) or origin is Mapping else _type(hint)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: what a start makes stays, and looking at it again and again took a fifth of it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _builtin_files(room: Room) -> dict[str, Path]:
    folder = Path(__file__).parent / room
    found = {path.stem: path for path in folder.glob("*.py")}
    found |= {path.parent.name: path for path in folder.glob("*/__init__.py")}
    return {n: p for n, p in found.items() if not n.startswith("_") and n not in NOT_PLUGINS}


def _points(room: Room) -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group=f"crossover.{room}")


@functools.cache  # a study asks again and again, and each file is parsed for it
def _read_off(path: Path, kind: str, attribute: str) -> Any:
    """The value that a class states for an attribute, off its source; None where it states none."""
    for found in ast.parse(path.read_text(encoding="utf-8")).body:
        for line in found.body if isinstance(found, ast.ClassDef) and found.name == kind else ():
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.target.id == attribute:
                return ast.literal_eval(line.value) if line.value else None
    return None


@functools.cache
def _summary(path: Path) -> str:
    document = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return document.split("\n", 1)[0]


def _singular(room: Room) -> str:
    return {"strategies": "strategy", "metrics": "metric", "models": "model"}[room]
