from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossover.serve import parity
from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from tests.bare import Bare
from tests.bare import bare as server
from tests.pace import _one_pace as _one_pace
from tests.serve.studies import write_meetings, write_notes


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A finished study of the classification task, with a candidate of every kind."""
    folder = tmp_path_factory.mktemp("notes")
    return run_study(write_notes(folder), folder / "run")


@pytest.fixture(scope="session")
def meetings(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A finished study of the extraction task."""
    folder = tmp_path_factory.mktemp("meetings")
    return run_study(write_meetings(folder), folder / "run")


@pytest.fixture(scope="session")
def studies(notes: StudyFolder, meetings: StudyFolder) -> dict[str, StudyFolder]:
    return {"notes": notes, "meetings": meetings}


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """Starts programs where Crossover is not."""
    with server(tmp_path_factory.mktemp("bare")) as made:
        yield made


@pytest.fixture
def tried_bare(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are tried by forking; that a new process is started is tested once, by `test_parity.py`."""
    monkeypatch.setattr(parity, "finished", bare)
