from __future__ import annotations

from typing import Any

import pytest

from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from tests.cli.small import write_task
from tests.pace import _one_pace as _one_pace

RUNGS: list[Any] = [
    "majority",
    "zero_shot",
    {"instruction": {"formats": 0}},
    {"few_shot": {"shots": [2], "selection": ["random"], "attempts": 1}},
]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A finished study of four rungs on the fake model."""
    folder = tmp_path_factory.mktemp("parcels")
    return run_study(write_task(folder, strategies=RUNGS, forgetting=False), folder / "run")
