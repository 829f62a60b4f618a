"""What every part of a task file is: a frozen pydantic model that takes each value as YAML typed it."""

from __future__ import annotations

import reprlib
from typing import Any

from pydantic import BaseModel, ConfigDict

SHORT = reprlib.Repr()
SHORT.maxstring = 80


class Part(BaseModel):
    """Strict: YAML has types, so text is no number and the reverse. A field's description says what is valid."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def shown(value: Any) -> str:
    """A received value as the user would know it, cut to a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if not isinstance(value, (str, int, float, list, dict)):
        return f"'{value}'"
    text = SHORT.repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
