"""What every part of a task file is: a frozen pydantic model that takes each value as YAML typed it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Strict: YAML has types, so text is no number and the reverse. A field's description says what is valid."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
