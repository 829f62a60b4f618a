from __future__ import annotations

from pathlib import Path

import pytest

from crossover.study.run import run_study
from tests.cli.small import Terminal, write_task


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a task, its rows and, in `study`, its finished study."""
    place = tmp_path_factory.mktemp("finished")
    run_study(write_task(place), place / "study")
    return place
