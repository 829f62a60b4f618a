"""What an object of LangChain's is, as plain data: its classes and their parameters, never a key."""

from __future__ import annotations

import dis
import functools
import re
import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

# parameters that may hold a secret, by their names
_GUARDED = re.compile(
    r"(?:^|_)(?:api_?)?(?:key|token|secret|password|passwd|credentials?|auth\w*|headers?|cookies?)(?:$|_)"
)
_USER = re.compile(r"//[^/@\s]+@")  # a name or a password in an address
# parameters of any chat model that change no answer; how long is waited and how often tried again likewise
IDLE = {"name", "cache", "verbose", "callbacks", "callback_manager", "tags", "metadata", "custom_get_token_ids"}
IDLE |= {"rate_limiter", "disable_streaming", "output_version", "profile", "timeout", "request_timeout", "max_retries"}
DEEPEST = 12


def described(thing: Any, depth: int = 0, seen: set[int] | None = None) -> Any:
    """JSON of an object: of one with fields its class and those that differ from their defaults, of a function its code and
    what it is bound to, of a runnable without fields the plain data that it keeps, of any other its class alone."""
    seen = set() if seen is None else seen
    if thing is None or isinstance(thing, (bool, int, float)):
        return thing
    if isinstance(thing, str):
        return _USER.sub("//", thing)
    if depth > DEEPEST:
        return type(thing).__qualname__
    if isinstance(thing, (set, frozenset)):
        thing = sorted(thing, key=str)
    if isinstance(thing, (list, tuple)):
        return [described(one, depth + 1, seen) for one in thing]
    if isinstance(thing, Mapping):
        return {str(key): described(one, depth + 1, seen) for key, one in thing.items() if _open(key)}
    if isinstance(thing, type):
        return f"{thing.__module__}.{thing.__qualname__}"
    if isinstance(thing, functools.partial):
        return described({"partial": thing.func, "args": thing.args, **thing.keywords}, depth, seen)
    function = getattr(thing, "func", getattr(thing, "afunc", thing))
    if isinstance(function, functools.partial):
        return described(function, depth, seen)
    if isinstance(code := getattr(function, "__code__", None), types.CodeType):
        if id(function) in seen:  # one that has itself among what it is bound to
            return {"function": code.co_qualname}
        seen.add(id(function))
        bound = described(_bound(function), depth + 1, seen)
        return {"function": code.co_qualname, "code": "\n".join(_instructions(code)), **({"bound": bound} if bound else {})}
    own = fields_of(thing) if hasattr(type(thing), "model_fields") else _kept(thing)
    found = {name: described(value, depth + 1, seen) for name, value in own if name not in IDLE and _open(name)}
    return {"class": type(thing).__qualname__, **found}


def _open(name: Any) -> bool:
    return not _GUARDED.search(str(name).lower())


def _bound(function: Any) -> dict[str, Any]:
    """What a function has beside its code: of a closure, of a method, and its parameters' defaults."""
    found: dict[str, Any] = dict(getattr(function, "__kwdefaults__", None) or {})
    for name, cell in zip(function.__code__.co_freevars, getattr(function, "__closure__", None) or (), strict=False):
        with suppress(ValueError):  # it is empty yet
            found[name] = cell.cell_contents
    more = {"defaults": getattr(function, "__defaults__", None), "self": getattr(function, "__self__", None)}
    return found | {name: value for name, value in more.items() if value is not None}


def _kept(thing: Any) -> Iterator[tuple[str, Any]]:
    """The plain data of a runnable without fields, and the runnables in it; a client changes as it works."""
    if any(kind.__name__ == "Runnable" for kind in type(thing).__mro__):
        for name, value in sorted(getattr(thing, "__dict__", {}).items()):
            if value is not None and (isinstance(value, (bool, int, float, str)) or hasattr(type(value), "model_fields")):
                yield name, value


def fields_of(thing: Any) -> Iterator[tuple[str, Any]]:
    """The fields of an object of pydantic's whose values are not their defaults."""
    for name, field in getattr(type(thing), "model_fields", {}).items():
        value = getattr(thing, name, None)
        if value is not None and not _is_default(field, value):
            yield name, value


def _is_default(field: Any, value: Any) -> bool:
    try:
        return bool(value == field.get_default(call_default_factory=True))
    except Exception:  # noqa: BLE001  a default that cannot be made, or compared, is another one
        return False


def secrets_in(thing: Any, depth: int = 0) -> Iterator[str]:
    """The secrets among an object's fields, so that they are told nobody."""
    if hasattr(thing, "get_secret_value"):
        yield str(thing.get_secret_value())
    elif isinstance(thing, Mapping):
        for key, one in thing.items():
            if isinstance(one, str) and _GUARDED.search(str(key).lower()):
                yield one
            elif depth <= DEEPEST:
                yield from secrets_in(one, depth + 1)
    elif isinstance(thing, (list, tuple)):
        for one in thing if depth <= DEEPEST else ():
            yield from secrets_in(one, depth + 1)
    elif hasattr(type(thing), "model_fields") and depth <= DEEPEST:
        yield from secrets_in({name: getattr(thing, name, None) for name in type(thing).model_fields}, depth + 1)


def _instructions(code: types.CodeType) -> Iterator[str]:
    """What a function does, whatever file and line it stands in."""
    for one in dis.get_instructions(code):
        inner, value = isinstance(one.argval, types.CodeType), one.argval
        value = sorted(value, key=str) if isinstance(value, frozenset) else value
        yield f"{one.opname} {'' if inner else value!r}"
        if inner:
            yield from _instructions(one.argval)
