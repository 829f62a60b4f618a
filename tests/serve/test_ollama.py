"""A Modelfile says what was measured, in the words that Ollama documents; what it cannot say is refused."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from crossover.engine.render import Renderer
from crossover.errors import OptionError
from crossover.models.hf import Hf
from crossover.serve.ollama import PATTERNS, architecture, export_ollama, unknown_words
from crossover.serve.winner import limits, winner
from crossover.study.folder import StudyFolder, write_json
from crossover.study.read import read_candidate
from crossover.types import to_json
from tests.models.tiny import build
from tests.serve.go_template import evaluate, read_modelfile
from tests.serve.studies import exports, recorded

KEYS = [("notes", name) for name in ("zero_shot", "instruction", "chain_of_thought", "lora", "full", "lora+few_shot")]
KEYS += [("meetings", "lora")]


@pytest.fixture(scope="module")
def exported(studies: dict[str, StudyFolder], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    return exports(studies, KEYS, export_ollama, tmp_path_factory.mktemp("ollama"))


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_the_modelfile_makes_the_prompts_that_were_measured(
    key: tuple[str, str], exported: dict[tuple[str, str], Path], studies: dict[str, StudyFolder], pocket: Hf
) -> None:
    candidate, _ = read_candidate(studies[key[0]], key[1])
    said = read_modelfile((exported[key] / "Modelfile").read_text(encoding="utf-8"))
    tokenizer, adds = pocket.chat.tokenizer, json.loads((exported[key] / "model" / "tokenizer_config.json").read_text())
    assert adds["add_bos_token"]  # so Ollama puts it there, and the template must not
    before = [{"role": "system", "content": said.one["SYSTEM"]}] if "SYSTEM" in said.one else []
    before += [{"role": role, "content": text} for role, text in said.messages]
    for text in recorded(studies[key[0]], key[1]):
        prompt = evaluate(said.one["TEMPLATE"], [*before, {"role": "user", "content": text}])
        ids = [tokenizer.bos_token_id, *tokenizer(prompt, add_special_tokens=False)["input_ids"]]
        assert ids == pocket.chat.prompt(Renderer(candidate.prompt).messages(text))


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_it_answers_as_long_and_as_coolly_as_was_measured(
    key: tuple[str, str], exported: dict[tuple[str, str], Path], studies: dict[str, StudyFolder], pocket: Hf
) -> None:
    how = read_candidate(studies[key[0]], key[1])[0].decoding
    said = read_modelfile((exported[key] / "Modelfile").read_text(encoding="utf-8")).parameters
    written = how.labels and not how.pattern
    longest = max((len(pocket.chat.answer(label)) for label in how.labels), default=0) if written else how.max_tokens
    assert said["num_predict"] == [longest]
    assert said["temperature"] == [how.temperature]
    assert said["repeat_penalty"] == [1]  # Ollama's default punishes words that the prompt names
    assert said["stop"] == ["</s>", "\n\n"]
    assert said["num_ctx"] == [pocket.context_window]


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_everything_that_is_named_is_there(key: tuple[str, str], exported: dict[tuple[str, str], Path]) -> None:
    folder = exported[key]
    said = read_modelfile((folder / "Modelfile").read_text(encoding="utf-8")).one
    assert (folder / said["FROM"] / "model.safetensors").is_file()
    assert ("ADAPTER" in said) == ("lora" in key[1])
    if "ADAPTER" in said:
        assert (folder / said["ADAPTER"] / "adapter_model.safetensors").is_file()
    listed = set(re.findall(r"^- `([^`/]+)/?`", (folder / "README.md").read_text(), re.MULTILINE))
    assert listed == {path.name for path in folder.iterdir()} - {"README.md"}
    assert str(folder) not in "".join(path.read_text() for path in folder.glob("*.*"))
    weights = json.loads((folder / "candidate.json").read_text())["weights"]
    assert weights is None or (folder / weights["path"]).is_dir()


def test_extraction_sends_its_schema(exported: dict[tuple[str, str], Path]) -> None:
    assert json.loads((exported["meetings", "lora"] / "request.json").read_text())["format"]["type"] == "object"
    assert "format" not in json.loads((exported["notes", "lora"] / "request.json").read_text())
    said = "Ollama lets white space stand anywhere in JSON"
    assert said in (exported["meetings", "lora"] / "README.md").read_text()
    assert said not in (exported["notes", "lora"] / "README.md").read_text()


def test_an_adapter_can_be_merged(notes: StudyFolder, tmp_path: Path) -> None:
    export_ollama(notes, tmp_path / "out", "lora", merge=True)
    assert "ADAPTER" not in read_modelfile((tmp_path / "out" / "Modelfile").read_text()).one
    places = (tmp_path / "out" / "model", notes.path.parent / "model")
    merged, base = (load_file(folder / "model.safetensors") for folder in places)
    assert merged.keys() == base.keys()
    assert any(not merged[name].float().equal(base[name].float()) for name in merged)


def test_the_copied_configuration_has_the_names_that_ollama_reads(exported: dict[tuple[str, str], Path]) -> None:
    for name in ("instruction", "full"):
        config = json.loads((exported["notes", name] / "model" / "config.json").read_text())
        assert config["rope_theta"] == config["rope_parameters"]["rope_theta"]


def test_the_readme_says_what_differs(exported: dict[tuple[str, str], Path], notes: StudyFolder) -> None:
    text = (exported["notes", "instruction"] / "README.md").read_text()
    assert f"accuracy {100 * read_candidate(notes, 'instruction')[1]['test']['value']:.1f} %" in text
    for said in ("log-probability", "nothing was run in Ollama", "divides text by rules", "in 16 bits"):
        assert said in text
    assert "regular expression" in (exported["notes", "chain_of_thought"] / "README.md").read_text()


def test_calibration_label_words_and_votes_are_told(notes: StudyFolder) -> None:
    found = winner(notes, "instruction", "Ollama")
    labels = found.candidate.decoding.labels
    how = replace(found.candidate.decoding, label_bias=(0.1,) * len(labels), verbalizer=("x", "y", "z"), samples=5)
    told = " ".join(limits(replace(found, candidate=replace(found.candidate, decoding=how)), "Ollama"))
    assert "calibration is lost" in told
    assert f"`x` is `{labels[0]}`" in told
    assert "most frequent of 5 draws" in told


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("majority", "'majority' is a control, without a language model"),
        ("soft_prompt", "'soft_prompt' is a soft prompt, which Ollama cannot load"),
        ("chain", "'chain' is a chain of several calls"),
        ("few_shot", "'few_shot' chooses its demonstrations for each input"),
    ],
)
def test_what_ollama_cannot_do_is_refused(name: str, why: str, notes: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=why):
        export_ollama(notes, tmp_path / "out", name)
    assert list(tmp_path.iterdir()) == []


def changed(study: StudyFolder, place: Path, name: str, **changes: object) -> StudyFolder:
    """A copy of a study with another candidate in the place of `name`."""
    copy = StudyFolder(Path(shutil.copytree(study.path, place)))
    path = copy.candidate(read_candidate(copy, name)[0].id)
    write_json(path, json.loads(path.read_text()) | changes)
    return copy


def test_three_double_quotes_are_refused(notes: StudyFolder, tmp_path: Path) -> None:
    prompt = to_json(read_candidate(notes, "instruction")[0].prompt) | {"instruction": 'Say """x""".'}
    with pytest.raises(OptionError, match="three double quotes in a row"):
        export_ollama(changed(notes, tmp_path / "study", "instruction", prompt=prompt), tmp_path / "out", "instruction")


def test_an_architecture_whose_adapters_ollama_does_not_read_is_refused(
    notes: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossover.serve.ollama.architecture", lambda folder: "Qwen2ForCausalLM")
    with pytest.raises(OptionError, match=r"reads adapters of Llama.* one of Qwen2ForCausalLM: merge it .* --merge"):
        export_ollama(notes, tmp_path / "out", "lora")
    export_ollama(notes, tmp_path / "out", "lora", merge=True)
    assert "does not name Qwen2ForCausalLM among what it imports" in (tmp_path / "out" / "README.md").read_text()


def test_a_tokenizer_that_ollama_knows_raises_no_doubt(tmp_path: Path) -> None:
    llama = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    llama += r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    folder = build(tmp_path / "model")
    assert architecture(folder) == "LlamaForCausalLM"
    assert unknown_words(folder)
    body = json.loads((folder / "tokenizer.json").read_text())
    split = {"type": "Split", "pattern": {"Regex": llama}, "behavior": "Isolated", "invert": False}
    body["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, {"type": "ByteLevel"}]}
    (folder / "tokenizer.json").write_text(json.dumps(body))
    assert not unknown_words(folder)
    body["pre_tokenizer"] = None  # SentencePiece's kind
    (folder / "tokenizer.json").write_text(json.dumps(body))
    assert not unknown_words(folder)
    assert len(PATTERNS) == 2
