"""What leaves this machine names no folder of it: of a model's path only what loads it has more than the last part."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from crossover.data.modelspec import placeless
from crossover.models.hf.folder import POCKET
from crossover.publish.open import publish
from crossover.publish.placeless import apart, without_places
from crossover.serve.export import export
from crossover.serve.openai.catalogue import Catalogue
from crossover.serve.vllm import export_vllm
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from crossover.study.run import run_study
from tests.cli.small import write_task
from tests.publish.local import running
from tests.publish.tracking import Tracking

LOADING = {"settings.json", "adapter/adapter_config.json", "serve.sh"}  # a model that is not in the export


@dataclass(frozen=True)
class Kept:
    study: StudyFolder
    path: str  # of the folder that the model lies in


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A study of a model in a folder of this machine, which stands in its task file with the whole path."""
    folder = tmp_path_factory.mktemp("somebody")
    model = shutil.copytree(POCKET, folder / "their models" / "mine-v2")
    rungs = ["zero_shot", {"instruction": {"formats": 0}}, {"lora": {"epochs": 1}}]
    task = write_task(folder, model=str(model), data=str(folder / "rows.csv"), strategies=rungs, forgetting=False)
    return Kept(run_study(task, folder / "run"), str(folder))


def holding(folder: Path, text: str) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix() for path in files if text.encode() in path.read_bytes()}


def test_an_export_names_the_folder_where_it_loads_from_it_and_nowhere_else(kept: Kept, tmp_path: Path) -> None:
    for name in ("zero_shot", "lora"):
        export(kept.study, tmp_path / name, name)
        export_vllm(kept.study, tmp_path / f"{name}-vllm", name)
        for written in (name, f"{name}-vllm"):
            assert holding(tmp_path / written, kept.path) <= LOADING
            readme = (tmp_path / written / "README.md").read_text()
            assert "model `mine-v2`" in readme
            candidate, _ = read_candidate(kept.study, name)
            assert f"candidate `{candidate.id}`" in readme
    export(kept.study, tmp_path / "merged", "lora", merge=True)
    assert holding(tmp_path / "merged", kept.path) == set(), "there it has the model"
    export(kept.study, tmp_path / "tried", "zero_shot", check=True)
    assert "all answers are as measured" in (tmp_path / "tried" / "README.md").read_text()


def test_an_export_has_the_id_that_was_measured(kept: Kept, tmp_path: Path) -> None:
    export(kept.study, tmp_path / "out", "instruction")
    [served] = Catalogue([str(tmp_path / "out")])
    assert served.candidate is not None
    assert (served.candidate.model, served.candidate.id) == ("mine-v2", read_candidate(kept.study, "instruction")[0].id)


def test_an_export_that_was_edited_is_not_what_was_measured(kept: Kept, tmp_path: Path) -> None:
    export(kept.study, tmp_path / "out", "instruction")
    written = tmp_path / "out" / "candidate.json"
    measured, body = read_candidate(kept.study, "instruction")[0].id, json.loads(written.read_text())
    for part, key, value in (("prompt", "instruction", "Say what it is."), ("decoding", "seed", 7)):
        written.write_text(json.dumps({**body, part: {**body[part], key: value}}))
        [served] = Catalogue([str(tmp_path / "out")])
        assert served.candidate is not None
        assert served.candidate.id != measured, "its log and its fingerprint would be those of the verdict's winner"


@pytest.mark.parametrize("rows", [False, True])
def test_mlflow_is_told_no_folder_of_this_machine(kept: Kept, rows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server = Tracking()
    with running(server):
        publish(kept.study, "mlflow", url=server.url, candidate="instruction", label="production", rows=rows)
        assert kept.path not in server.everything()
        parent = server.named("parcels")
        assert parent.params["model"] == server.named("lora").params["model"] == "mine-v2"
        task = json.loads(parent.files["task.json"])
        assert (task["model"], task["data"]) == ("mine-v2", "rows.csv")
        assert "mine-v2" in parent.files["report.html"]


def test_two_models_whose_folders_have_one_name_are_told_apart_where_it_is_published(tmp_path: Path) -> None:
    one, two = (str(shutil.copytree(POCKET, tmp_path / "at" / name / "last")) for name in ("first", "second"))
    task = write_task(tmp_path, model=None, models={"a": one, "b": two}, strategies=["zero_shot"], forgetting=False)
    study, server = run_study(task, tmp_path / "run"), Tracking()
    with running(server):
        publish(study, "mlflow", url=server.url, candidate="zero_shot (a)")
        models = json.loads(server.named("parcels").files["task.json"])["models"]
        assert [model["spec"] for model in models.values()] == [".../first/last", ".../second/last"]
        assert str(tmp_path) not in server.everything()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("its make/model, at http://here/models", "its make/model, at http://here/models"),
        ("model /model, or '/model/config.json'", "model model, or 'model/config.json'"),
        ("hf:/model?dtype=float32 /x/model", "hf:model?dtype=float32 .../x/model"),
    ],
)
def test_a_place_is_no_part_of_a_word(text: str, left: str) -> None:
    here = {"hf:/model?dtype=float32": "hf:model?dtype=float32", "/x/model": ".../x/model", "/model": "model"}
    assert without_places({"said": [text]}, here) == {"said": [left]}
    assert without_places(text, {}) == text


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (["/x/m", "/x/m/"], ["m", "m"]),  # one path
        (["/x/a/m", "/x/b/m", "/x/c"], [".../a/m", ".../b/m", "c"]),
        (["/x/a/v/m", "/x/b/v/m"], [".../a/v/m", ".../b/v/m"]),
        (["m", "/x/m"], ["m", ".../x/m"]),
        (["C:\\x\\m", "D:\\y\\m"], [".../x/m", ".../y/m"]),
        (["hf:/x/m?dtype=float32", "hf:/x/m"], ["hf:m?dtype=float32", "hf:m"]),
        (["/m", "/x/m", "~/m"], ["m", ".../x/m", "m"]),
    ],
)
def test_a_path_has_as_many_of_its_last_parts_as_tell_it_from_the_others(told: list[str], shown: list[str]) -> None:
    assert [apart(told)[one] for one in told] == shown


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("/home/x/models/mine", "mine"),
        ("/home/x/models/mine/?dtype=float32", "mine?dtype=float32"),
        ("hf:/home/x/mine?engine=openai:http://127.0.0.1:8000/v1", "hf:mine?engine=openai:http://127.0.0.1:8000/v1"),
        ("~/models/mine.gguf", "mine.gguf"),
        ("../../x/mine", "mine"),
        ("C:\\Users\\x\\mine", "mine"),
        ("/home/x/own.py:Mine", "own.py:Mine"),
        *((same, same) for same in ("pocket", "org/name", "models/mine", "openai:gpt-5-mini", "constant:a/b", "fake", "/")),
        ("openai:gpt-5-mini?url=http://127.0.0.1:9/v1", "openai:gpt-5-mini?url=http://127.0.0.1:9/v1"),
    ],
)
def test_of_a_path_the_last_part_is_shown_and_any_other_specification_is_itself(spec: str, shown: str) -> None:
    assert placeless(spec) == shown
    assert placeless(shown) == shown
