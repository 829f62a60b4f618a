"""What a row's input is compared by, found once: it is kept with the row, and goes when the row goes."""

from __future__ import annotations

from crossover.data.text import comparable
from crossover.types import Example

_KEPT = "_compared"  # no field: it counts neither where rows are equal nor in what is written of them


def compared(example: Example) -> str:
    """`comparable` of the input of a row."""
    found: str | None = example.__dict__.get(_KEPT)
    if found is None:
        found = comparable(example.input)
        example.__dict__[_KEPT] = found = example.input if found == example.input else found  # one text in memory, not two
    return found
