"""What an object of LangChain's is, as plain data: its classes and their parameters, never a key."""

from __future__ import annotations

import dis
import re
import types
from collections.abc import Iterator, Mapping
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


def described(thing: Any, depth: int = 0) -> Any:
    """JSON of an object: of one with fields its class and those that differ from their defaults, of a function its code, of
    any other its class alone."""
    if thing is None or isinstance(thing, (bool, int, float)):
        return thing
    if isinstance(thing, str):
        return _USER.sub("//", thing)
    if depth > DEEPEST:
        return type(thing).__qualname__
    if isinstance(thing, (set, frozenset)):
        thing = sorted(thing, key=str)
    if isinstance(thing, (list, tuple)):
        return [described(one, depth + 1) for one in thing]
    if isinstance(thing, Mapping):
        return {str(key): described(one, depth + 1) for key, one in thing.items() if not _GUARDED.search(str(key).lower())}
    if isinstance(thing, type):
        return f"{thing.__module__}.{thing.__qualname__}"
    function = getattr(thing, "func", getattr(thing, "afunc", thing))
    if isinstance(code := getattr(function, "__code__", None), types.CodeType):
        return {"function": code.co_qualname, "code": "\n".join(_instructions(code))}
    found = {
        name: described(value, depth + 1)
        for name, value in fields_of(thing)
        if name not in IDLE and not _GUARDED.search(name.lower())
    }
    return {"class": type(thing).__qualname__, **found}


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
