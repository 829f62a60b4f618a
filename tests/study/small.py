"""The task of the tests on a random model of a few thousand weights: for what a study does, whatever its figures are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.models.tiny import build
from tests.study.tasks import write_task


def write_small(folder: Path, strategies: list[Any], **more: Any) -> Path:
    """As `write_task`, with the model beside the data."""
    build(folder / "model")
    return write_task(folder, strategies, model="model", **more)
