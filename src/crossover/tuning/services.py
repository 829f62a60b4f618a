"""What is known of services before anything is spent there: closed tuning, and models that will stop answering."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from crossover.errors import TuningError

TABLE = Path(__file__).with_name("services.yaml")
SOON = 90  # days before a model stops that this is said


def service_of(host: str) -> Mapping[str, Any]:
    """What the table says of the service behind a host; empty where it does not know it."""
    for service in _table()["services"]:
        if any(host == one or host.endswith(f".{one}") for one in service["hosts"]):
            return {**service, "checked": _table()["checked"]}
    return {}


def check_open(host: str, model: str, stops: date | None, today: date) -> list[str]:
    """Sentences about what a tuned model has ahead. `stops`: when the service itself says that the model ends.

    Raises `TuningError` where no job is taken any more, or the model has ended.
    """
    service, said = service_of(host), []
    name, last = service.get("name", host), service.get("last_jobs")
    asof = f" (as of {service['checked']})" if service else ""
    if service.get("closed") or (last and today >= last):
        raise TuningError(f"{name} takes no tuning jobs any more{asof}: nothing was sent; valid: another service")
    if last:
        note = f" ({service['said']})" if "said" in service else ""
        said.append(f"{name} takes tuning jobs until {last}{note}{asof}")
    began = model.removeprefix("ft:")  # what is tuned ends with what it was tuned from
    told = [one["stops"] for one in service.get("models", ()) if began.startswith(tuple(one["begins"]))]
    end = min([*told, *([stops] if stops else [])], default=None)
    if end is None:
        return said
    if today >= end:
        raise TuningError(f"the model '{model}' stopped on {end}, as {name} says: nothing was sent; valid: another model")
    if (end - today).days <= SOON:
        said.append(f"'{model}' and what is tuned from it stop answering on {end}, as {name} says")
    return said


def day(value: Any) -> date | None:
    """A date as services write one: seconds since 1970, or ISO 8601; None for anything else."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).date()
        return date.fromisoformat(str(value)[:10]) if value else None
    except (ValueError, OverflowError, OSError):
        return None


@cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return found
