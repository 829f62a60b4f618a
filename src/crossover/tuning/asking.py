"""How a service is asked about a job: again where that costs nothing, and what goes wrong as one sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from crossover.errors import TuningError, without_keys

T = TypeVar("T")
TRIES = 8
WAIT, LONGEST = 2.0, 60.0  # seconds before the second try, twice as long before each further one; the longest wait
PASSING = {408, 409, 425, 429}  # that pass by themselves, as all from 500 on do


def again(call: Callable[[], T]) -> T:
    """What a call gives that may be made twice, tried again while the fault may pass. Raises what it raised last."""
    for number in range(TRIES - 1):
        try:
            return call()
        except Exception as error:
            if not passing(error):
                raise
        time.sleep(min(WAIT * 2**number, LONGEST))
    return call()


def steady(call: Callable[[], T], what: str) -> T:
    """`again`, and what goes wrong as a sentence. Raises `TuningError`."""
    try:
        return again(call)
    except Exception as error:
        raise refused(error, what) from error


def status(error: Exception) -> int | None:
    """The HTTP status of a failed call; None where there was no answer."""
    found = getattr(error, "status_code", None) or getattr(error, "code", None)
    return found if isinstance(found, int) else None


def unanswered(error: Exception) -> bool:
    """Whether nobody knows what became of a call: it may have been done."""
    code = status(error)
    return code >= 500 or code == 408 if code is not None else _lost(error)


def passing(error: Exception) -> bool:
    """Whether the same call may go well a little later."""
    if "insufficient_quota" in str(error):
        return False
    code = status(error)
    return code in PASSING or code >= 500 if code is not None else _lost(error)


def refused(error: Exception, what: str) -> Exception:
    """The sentence for a call that failed; a mistake that is not the service's stays as it is."""
    code = status(error)
    if code is None and not _lost(error):
        return error
    said = without_keys(" ".join(_message(error).split()))[:300]
    if code is None:
        return TuningError(f"{what}: the service cannot be reached ({said}); run it again when it can, it goes on")
    hint = {
        401: "the key is refused",
        403: "the key's account may not do this: self-serve tuning may be closed for it",
        404: "the service has none of this: a wrong name, or no tuning at this address",
        429: "the account's quota is used up, or too much was asked at once",
    }.get(code)
    return TuningError(f"{what}: the service answers {code} ({said})" + (f"; {hint}" if hint else ""))


def _lost(error: Exception) -> bool:
    """Whether it is a connection's error; by name, as each client has its own."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"APIConnectionError", "ConnectionError", "TransportError", "TimeoutError", "RetryError"})


def _message(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return str(inner["message"])
    return str(getattr(error, "message", None) or error)
