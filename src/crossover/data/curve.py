"""What a task file says of learning curves: `curve: true`, or `curve: {sizes: [..], seeds: 3}`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from crossover.data.part import Part
from crossover.errors import shown

FEWEST = 4  # labels: some to learn from, and one to choose by
WHAT = "true, false, or {sizes: [..], seeds: 3}: labels (training and dev rows together), and how often each is drawn"


class CurveSpec(Part):
    """`sizes`: numbers of labels, ascending; none: doubling up to all. `seeds`: draws of rows at each."""

    sizes: list[int] = Field(
        default=[], description=f"a list of different whole numbers from {FEWEST} up: training and dev rows together"
    )
    seeds: int = Field(default=3, ge=1, le=20, description="a whole number from 1 to 20")

    @field_validator("sizes")
    @classmethod
    def _ascending(cls, sizes: list[int]) -> list[int]:
        if len(set(sizes)) < len(sizes) or any(size < FEWEST for size in sizes):
            raise ValueError(f"received {shown(sizes)}; valid is {cls.model_fields['sizes'].description}")
        return sorted(sizes)


def _given(value: Any) -> Any:
    """True is a curve as it is by default, false none."""
    return {True: CurveSpec(), False: None}[value] if isinstance(value, bool) else value


Curve = Annotated[CurveSpec | None, BeforeValidator(_given)]
