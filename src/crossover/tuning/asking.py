"""How a service is asked about a job: again where that costs nothing, and what goes wrong as one sentence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from crossover.errors import TuningError, without_keys

T = TypeVar("T")
P = ParamSpec("P")
TRIES = 8
WAIT, LONGEST = 2.0, 60.0  # seconds before the second try, twice as long before each further one; the longest wait
PASSING = {408, 409, 425, 429}  # that pass by themselves, as all from 500 on do
TURNED_AWAY = {425, 429}  # of these, what says that nothing was done
MOST = 10**12  # tokens: a service that tells more counts wrong


class Unreadable(Exception):
    """A service answered, and not in its dialect: nobody knows what it did."""


def spoken(method: Callable[P, T]) -> Callable[P, T]:
    """A method of a desk, which does nothing but speak with its service: what it stumbles over is what that answered.

    Raises `Unreadable` for that.
    """

    @wraps(method)
    def spoke(*args: P.args, **named: P.kwargs) -> T:
        try:
            return method(*args, **named)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            if status(error) is not None or _lost(error):
                raise
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    return spoke


def passing(error: Exception) -> bool:
    """Whether the same call may go well a little later."""
    if "insufficient_quota" in str(error):
        return False
    code = status(error)
    return code in PASSING or code >= 500 if code is not None else _unheard(error)


def turned_away(error: Exception) -> bool:
    """Whether a call was surely not done, and may be a little later."""
    return status(error) in TURNED_AWAY and passing(error)


def again(call: Callable[[], T], late: Collection[int] = (), may: Callable[[Exception], bool] = passing) -> T:
    """What a call gives that may be made twice, tried again while the fault may pass. Raises what it raised last.

    `late`: further answers that may pass, as a service does not know at once what it has.
    """
    for number in range(TRIES - 1):
        try:
            return call()
        except Exception as error:
            if not may(error) and status(error) not in late:
                raise
        time.sleep(min(WAIT * 2**number, LONGEST))
    return call()


def steady(call: Callable[[], T], what: str, late: Collection[int] = ()) -> T:
    """`again`, and what goes wrong as a sentence. Raises `TuningError`."""
    try:
        return again(call, late)
    except Exception as error:
        raise refused(error, what) from error


def status(error: BaseException | None) -> int | None:
    """The HTTP status of a failed call; None where there was no answer, or none of the dialect."""
    found = getattr(error, "status_code", None) or getattr(error, "code", None)
    return int(found) if isinstance(found, int) and found >= 300 else None


def unanswered(error: Exception) -> bool:
    """Whether nobody knows what became of a call: it may have been done."""
    code = status(error)
    return code >= 500 or code in (408, 409) if code is not None else _unheard(error)


def refused(error: Exception, what: str) -> Exception:
    """The sentence for a call that failed; a mistake that is not the service's stays as it is."""
    code, said = status(error), in_short(_message(error))
    if code is None and _named(error, "GoogleAuthError") and not _lost(error):
        valid = "valid: those of 'gcloud auth', or the option key"
        return TuningError(f"{what}: Google takes no credentials ({said}); {valid}")
    if code is None and not _unheard(error):
        return error
    if code is None and not _lost(error):
        return TuningError(f"{what}: the service's answer cannot be read ({said}); run it again, it goes on")
    if code is None:
        return TuningError(f"{what}: the service cannot be reached ({said}); run it again when it can, it goes on")
    hint = {
        401: "the key is refused",
        403: "the key's account may not do this: self-serve tuning may be closed for it",
        404: "the service has none of this: a wrong name, or no tuning at this address",
        429: "the account's quota is used up, or too much was asked at once",
    }.get(code)
    return TuningError(f"{what}: the service answers {code} ({said})" + (f"; {hint}" if hint else ""))


def in_short(text: str) -> str:
    """A service's own words, on one line and without what may be a key."""
    return without_keys(" ".join(text.split()))[:300]


def amount(value: Any) -> float | None:
    """A number as services tell one, None for anything else."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """A count as services tell one, None for anything else, and beyond all measure."""
    found = amount(value)
    return int(found) if found is not None and 0 <= found <= MOST else None


def _unheard(error: Exception) -> bool:
    """Whether what the service said did not arrive, or cannot be read."""
    garbled = isinstance(error, Unreadable) or getattr(error, "status_code", None) == 200
    return garbled or _lost(error)


def _lost(error: Exception) -> bool:
    """Whether it is a connection's error; by name, as each client has its own."""
    return _named(error, "APIConnectionError", "ConnectionError", "TransportError", "TimeoutError", "RetryError")


def _named(error: Exception, *names: str) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _message(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return str(inner["message"])
    return str(getattr(error, "message", None) or error)
