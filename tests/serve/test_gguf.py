"""A study on a GGUF file, named by a relative path: it climbs, answers, and is exported without that file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors import safe_open

from crossover.errors import OptionError
from crossover.models.hf import Hf
from crossover.serve.export import export
from crossover.serve.llamacpp import export_llamacpp
from crossover.serve.ollama import export_ollama
from crossover.serve.predict import Predictor
from crossover.serve.standalone import Exported
from crossover.serve.vllm import export_vllm
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from crossover.study.run import run_study
from tests.models.tiny import CHATML
from tests.serve.studies import recorded
from tests.study.tasks import write_task

pytest.importorskip("gguf")
from tests.models.gguf_files import KIND, write

TUNED = {"epochs": 1, "learning_rate": 2e-3}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    folder = tmp_path_factory.mktemp("task")
    (folder / "models").mkdir()
    write(folder / "models" / "tiny.gguf", KIND.Q4_1, template=CHATML)
    shutil.rmtree(folder / "models" / "tiny-source")
    strategies = ["zero_shot", "instruction", {"lora": TUNED}, {"full": TUNED}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSOVER_CACHE", str(folder / "cache"))
        return run_study(write_task(folder, strategies, model="models/tiny.gguf"), folder / "run")


@pytest.fixture(autouse=True)
def _cached(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", str(study.path.parent / "cache"))


@pytest.mark.parametrize("name", ["instruction", "lora", "full"])
def test_every_candidate_says_the_users_own_model_and_answers(name: str, study: StudyFolder) -> None:
    candidate, row = read_candidate(study, name)
    assert candidate.model == "models/tiny.gguf"
    assert row["dev"]["n"] > 0
    [answer] = Predictor.open(study, name).answer(["the roses need water"])
    assert answer.error is None
    assert answer.text in ("garden", "kitchen", "journey")


@pytest.mark.usefixtures("tried_bare")
@pytest.mark.parametrize(("name", "merge"), [("instruction", False), ("lora", False), ("lora", True), ("full", False)])
def test_an_export_answers_as_measured_without_the_file(name: str, merge: bool, study: StudyFolder, tmp_path: Path) -> None:
    alone = name == "lora" and not merge  # in a process of its own once: its start takes longer than all answers
    done = export(study, tmp_path / "out", name, merge=merge, check=alone)
    if alone:
        assert done.parity is not None
        assert done.parity.equal, done.parity.sentence
    wanted, exported = recorded(study, name), Exported(tmp_path / "out")
    answers = {text: exported.answer(text) for text in wanted}
    assert answers == wanted or (merge and answers.keys() == wanted.keys())  # merged weights are rounded otherwise
    assert not any(file.endswith(".gguf") for file in done.files)
    place = "model" if merge or name == "full" else "base"
    told = (tmp_path / "out" / "settings.json").read_text()
    assert json.loads(told)["base"] == place
    assert str(tmp_path.parent) not in told  # nobody else's concern: the model lies beside
    Hf(str(tmp_path / "out" / place))
    if name == "lora" and not merge:
        written = json.loads((tmp_path / "out" / "adapter" / "adapter_config.json").read_text())
        assert written["base_model_name_or_path"] == "base"


def test_the_exports_for_servers_carry_the_converted_model(study: StudyFolder, tmp_path: Path) -> None:
    export_ollama(study, tmp_path / "o", "lora")
    assert "FROM ./model" in (tmp_path / "o" / "Modelfile").read_text()
    export_vllm(study, tmp_path / "v", "lora")
    assert "vllm serve ./base" in (tmp_path / "v" / "serve.sh").read_text()
    for place in (tmp_path / "o" / "model", tmp_path / "v" / "base"):
        with safe_open(place / "model.safetensors", framework="pt") as weights:
            assert "model.layers.1.mlp.up_proj.weight" in weights.keys()  # noqa: SIM118 - no mapping


def test_where_only_a_prompt_won_the_users_own_file_goes_to_llama_cpp(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    own = (study.path.parent / "models" / "tiny.gguf").read_bytes()
    done = export_llamacpp(study, tmp_path / "l", "instruction", check=True)
    assert (tmp_path / "l" / "model.gguf").read_bytes() == own
    assert done.replayed is None
    assert "in the user's own file" in (tmp_path / "l" / "README.md").read_text()
    export_ollama(study, tmp_path / "o", "instruction")
    assert (tmp_path / "o" / "model.gguf").read_bytes() == own
    assert "FROM ./model.gguf" in (tmp_path / "o" / "Modelfile").read_text()
    with pytest.raises(OptionError, match="git clone"):
        export_llamacpp(study, tmp_path / "t", "lora")  # tuned weights have to be converted
