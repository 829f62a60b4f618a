"""An export is tried where Crossover is not: equal answers are said, and so are those that are not."""

from __future__ import annotations

import importlib.util
import io
import itertools
import json
import shutil
import sys
from pathlib import Path

import pytest

from crossover.engine.journal import Journal
from crossover.errors import StudyError
from crossover.serve import export as module
from crossover.serve.export import export
from crossover.serve.parity import measured, spread
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate


@pytest.fixture
def study(notes: StudyFolder, tmp_path: Path) -> StudyFolder:
    return StudyFolder(Path(shutil.copytree(notes.path, tmp_path / "study")))


def misremember(study: StudyFolder, identity: str, split: str) -> str:
    """Another answer in the journal than was measured; the input for which it is."""
    journal = Journal(study.journal)
    try:
        run = journal.run(identity, split)
        record = run["records"][3]
        record["prediction"] = "cellar"
        run["records"][5]["error"] = "it had failed"
        journal.set_run(identity, split, run)
    finally:
        journal.close()
    return str(record["input"])


def test_an_export_says_that_its_answers_are_as_measured(notes: StudyFolder, tmp_path: Path) -> None:
    _, row = read_candidate(notes, "lora+few_shot")
    done = export(notes, tmp_path / "out", "lora+few_shot", check=True)
    assert done.parity is not None
    assert done.parity.equal
    assert (done.parity.split, done.parity.rows) == ("test" if row["test"] else "dev", 12)
    assert done.parity.sentence in (tmp_path / "out" / "README.md").read_text()
    assert not any("pycache" in file for file in done.files)
    assert export(notes, tmp_path / "control", "majority", check=True).parity is None  # nothing to run


@pytest.mark.usefixtures("tried_bare")
def test_an_export_says_which_answer_is_not_as_measured(study: StudyFolder, tmp_path: Path) -> None:
    candidate, row = read_candidate(study, "instruction")
    text = misremember(study, candidate.id, "test" if row["test"] else "dev")
    done = export(study, tmp_path / "out", "instruction", check=True)
    assert done.parity is not None
    assert not done.parity.equal
    assert done.parity.rows == 11  # what failed in the study is not asked
    [(input_, wanted, got)] = done.parity.different
    assert (input_, wanted) == (text, "cellar")
    assert got != "cellar"
    said = (tmp_path / "out" / "README.md").read_text()
    assert "1 answers are NOT as measured" in said
    assert repr(text) in said


def test_an_export_that_does_not_run_is_taken_back(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "bundle", lambda script: "raise ImportError('no torch here')\n")
    with pytest.raises(StudyError, match="does not run, so it was taken back: ImportError: no torch here"):
        export(study, tmp_path / "out", "instruction", check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]


def test_inputs_of_several_lines_are_replayed_whole(
    notes: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export(notes, tmp_path / "out", "zero_shot")
    spec = importlib.util.spec_from_file_location("exported_predict", tmp_path / "out" / "predict.py")
    assert spec is not None
    assert spec.loader is not None
    predict = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(predict)
    asked = ["The tap\ndrips.\u2028Again.", "endless " * 3000, 5]
    monkeypatch.setattr(sys, "argv", ["predict.py", "--json"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(json.dumps(text) + "\n" for text in asked)))
    assert predict.main() == 1
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(first) == {"answer"}
    assert "the window is" in second["error"]
    assert "valid is a JSON string" in third["error"]


def test_rows_are_spread_evenly_over_the_split() -> None:
    rows = [{"n": n} for n in range(107)]
    chosen = [row["n"] for row in spread(rows, 50)]
    assert len(chosen) == 50
    assert chosen == sorted(set(chosen))
    assert max(b - a for a, b in itertools.pairwise(chosen)) <= 3
    assert chosen[0] == 0
    assert chosen[-1] >= 104
    assert spread(rows[:7], 50) == rows[:7]
    assert spread([], 50) == []


def test_a_candidate_that_was_no_finalist_is_replayed_on_dev(notes: StudyFolder) -> None:
    rows = [(n, *read_candidate(notes, n)) for n in ("zero_shot", "few_shot", "full", "lora", "chain", "soft_prompt")]
    for _, candidate, row in rows:
        split, records = measured(notes, candidate.id)
        assert split == ("test" if row["test"] else "dev")
        assert len(records) == 12
    assert {row["test"] is None for _, _, row in rows} == {True, False}
