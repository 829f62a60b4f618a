from __future__ import annotations

import pytest

from crossover.study.conductor import run_study
from crossover.study.folder import StudyFolder
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
