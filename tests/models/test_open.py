from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest

from crossover.errors import ModelError
from crossover.models.hf import Hf
from crossover.models.open import open_model
from crossover.testing.models import check_model
from tests.models.asking import ask


def test_the_bundled_model_opens_by_its_name() -> None:
    model = open_model("pocket")
    assert isinstance(model, Hf)
    assert model.local
    assert model.context_window == 1024
    assert model.identity == open_model("hf:pocket").identity


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a model")
    with pytest.raises(ModelError, match=r"notes\.txt is not a GGUF file") as caught:
        open_model("notes.txt", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_plugin_opens_with_its_target() -> None:
    assert open_model("constant:yes: no").identity == "constant:yes: no"
    assert open_model("fake").identity == "fake:"
    assert open_model(" fake:answer=a:b ").identity == "fake:answer=a:b"


@pytest.mark.parametrize("prefix", ["", "hf:"])
def test_a_folder_is_looked_up_beside_the_task_file_first(prefix: str, chatty: Path) -> None:
    model = open_model(prefix + chatty.name, chatty.parent)
    assert isinstance(model, Hf)
    assert Path(model.target) == chatty.resolve()
    assert open_model(prefix + str(chatty)).identity == model.identity


def test_the_bundled_model_keeps_the_contract() -> None:
    check_model(open_model("pocket"))


def test_identity_follows_the_files(chatty: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(chatty, tmp_path / "copy"))
    before = Hf(str(copy)).identity
    assert before == Hf(str(chatty)).identity
    (copy / "README.md").write_text("a note")
    assert Hf(str(copy)).identity == before
    (copy / "chat_template.jinja").write_text("{{ messages[0].content }}")
    assert Hf(str(copy)).identity != before


def test_another_precision_is_another_identity() -> None:
    assert Hf("pocket", dtype="bfloat16").identity != Hf("pocket", dtype="float32").identity
    assert Hf("pocket", dtype="bfloat16").fingerprint == Hf("pocket", dtype="float32").fingerprint


@pytest.mark.parametrize("spec", ["", "no-such-model", "./nowhere", "a/b/c", "gpt:4", "hf", "hf:./nowhere"])
def test_an_unknown_model_names_what_is_valid(spec: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="valid: ") as caught:
        open_model(spec, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "hf:", "hf://"])
def test_a_hub_id_without_the_hub_says_so(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        ModelError, match=r"there is no folder 'nobody/nothing', and the hub .* cannot be reached"
    ) as caught:
        open_model(f"{prefix}nobody/nothing")
    assert "\n" not in str(caught.value)


def config(folder: Path, **changes: object) -> None:
    body = json.loads((folder / "config.json").read_text())
    body.update(changes)
    (folder / "config.json").write_text(json.dumps({k: v for k, v in body.items() if v is not None}))


def without(name: str) -> object:
    return lambda folder: (folder / name).unlink()


DAMAGE = {
    "has no config.json": without("config.json"),
    "is not JSON": lambda f: (f / "config.json").write_text("{"),
    "names no model_type": lambda f: config(f, model_type=None),
    "has no tokenizer": without("tokenizer.json"),
    "the tokenizer in .* does not load": lambda f: (f / "tokenizer.json").write_text("{}"),
    "as .bin \\(pickle\\) only": lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
    "lacks its weights: model.safetensors": without("model.safetensors"),
    "lacks its weights: a.safetensors": lambda f: (f / "model.safetensors.index.json").write_text(
        '{"weight_map": {"x": "a.safetensors"}}'
    ),
    "is not an index of weights": lambda f: (f / "model.safetensors.index.json").write_text("[]"),
    "is not a valid safetensors file": lambda f: (f / "model.safetensors").write_bytes(b"not tensors at all"),
    "is not a causal language model \\(it is BertForMaskedLM\\)": lambda f: config(
        f, model_type="bert", architectures=["BertForMaskedLM"]
    ),
    "is not a causal language model \\(it is t5\\)": lambda f: config(f, model_type="t5", architectures=None),
    "trust_remote_code": lambda f: config(f, model_type="new", auto_map={"AutoModelForCausalLM": "new.New"}),
    "does not know the architecture 'new'": lambda f: config(f, model_type="new"),
    "does not load|not a valid configuration": lambda f: config(f, hidden_size=33),
    "is an adapter, not a model": lambda f: (f / "config.json").rename(f / "adapter_config.json"),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_a_folder_that_cannot_be_used_says_why_in_one_sentence(message: str, chatty: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(chatty, tmp_path / "damaged"))
    DAMAGE[message](folder)  # type: ignore[operator]
    with pytest.raises(ModelError, match=message) as caught:
        open_model(str(folder)).complete([ask("hello", max_tokens=1)])
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_complete_are_refused(chatty: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(chatty, tmp_path / "cut"))
    config(folder, num_hidden_layers=3)
    with pytest.raises(ModelError, match="are not complete"):
        open_model(str(folder)).complete([ask("hello", max_tokens=1)])


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ModelError, match="there is no device 'abacus'"):
        Hf("pocket", device="abacus")


def test_options_stand_behind_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    found: Any = open_model("vertex:gemini-x?project=p1&context_window=1000&url=http%3A%2F%2F127.0.0.1%3A9&effort=low")
    assert (found.target, found.project, found.context_window, found.effort) == ("gemini-x", "p1", 1000, "low")
    assert found.url == "http://127.0.0.1:9"
    for asked, said in (
        ("project=p1&efort=low", "no option 'efort'; did you mean 'effort'"),
        ("project=p1&effort=much", "option 'effort': received 'much'"),
        ("project=p1&context_window=many", "option 'context_window': received 'many', valid is a whole number"),
    ):
        with pytest.raises(ModelError, match=re.escape(said)):
            open_model(f"vertex:gemini-x?{asked}")
    fake: Any = open_model("fake:answer=why?because=so")
    assert fake.target == "answer=why?because=so"
