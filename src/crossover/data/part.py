"""What every part of a task file is: a frozen pydantic model that takes each value as YAML typed it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from crossover.errors import shown


class Part(BaseModel):
    """Strict: YAML has types, so text is no number and the reverse. A field's description says what is valid."""

    # inputs may hold a key, and pydantic's own message is in the traceback of whoever calls from Python
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


def _distinct(names: list[str]) -> list[str]:
    for name in names:
        if not name.strip():
            raise ValueError("received an empty name; valid is the name of a column")
        if names.count(name) > 1:
            raise ValueError(f"{shown(name)} stands twice")
    return names


Distinct = Annotated[list[str], AfterValidator(_distinct)]  # names, none twice
