"""What is written for llama.cpp has the measured tokens, template and labels; what its server answers is shown row by row.

The converter and the server are stood in for: the one writes the vocabulary as llama.cpp's does, the other says what it is
told.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crossover.data.gbnf import in_characters, literal
from crossover.errors import ModelError, OptionError, StudyError
from crossover.models.hf import Hf
from crossover.models.hf.folder import POCKET
from crossover.models.hf.gguf import read_vocabulary
from crossover.serve import gguf_model
from crossover.serve.gguf_model import way_of
from crossover.serve.llamacpp import export_llamacpp
from crossover.serve.ollama import export_ollama
from crossover.serve.standalone_llamacpp import body_of
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from crossover.types import Decoding
from tests.llama_server import Routes, serving
from tests.serve.go_template import read_modelfile
from tests.serve.studies import recorded

pytest.importorskip("gguf")

# as llama.cpp's: it knows no vocabulary that it has not seen, and writes what it is told
CONVERTER = """
import argparse, json
from pathlib import Path
import gguf, numpy

class TextModel:
    def get_vocab_base_pre(self, tokenizer):
        raise NotImplementedError("BPE pre-tokenizer was not recognized")

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--outfile")
    parser.add_argument("--outtype")
    given = parser.parse_args()
    folder = Path(given.model)
    body = json.loads((folder / "tokenizer.json").read_text())
    assert (folder / "model.safetensors").is_file()
    tokens = {number: token for token, number in body["model"]["vocab"].items()}
    added = {one["id"]: one["content"] for one in body["added_tokens"]}
    tokens |= added
    writer = gguf.GGUFWriter(given.outfile, "llama")
    writer.add_name(given.outtype)
    writer.add_block_count(1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(TextModel().get_vocab_base_pre(None))
    writer.add_token_list([tokens[i] for i in range(len(tokens))])
    writer.add_token_types([3 if i in added else 1 for i in range(len(tokens))])
    gguf.SpecialVocab(folder, load_merges=True).add_to_gguf(writer)
    writer.add_tensor("output.weight", numpy.zeros((32, 32), numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
"""
NAMES = ("instruction", "lora", "chain")


def checkout(folder: Path, code: str = CONVERTER) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "convert_hf_to_gguf.py").write_text(code)
    return folder


@pytest.fixture(scope="module")
def llamacpp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("llama.cpp"))


@pytest.fixture(scope="module")
def exported(notes: StudyFolder, llamacpp: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("exports")
    for name in NAMES:
        export_llamacpp(notes, place / name, name, named=llamacpp)
    return {name: place / name for name in NAMES}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "measured.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["instruction", "lora"])
def test_the_files_vocabulary_and_template_give_the_measured_tokens(
    name: str, exported: dict[str, Path], notes: StudyFolder, pocket: Hf
) -> None:
    tokenizer, metadata = read_vocabulary(exported[name] / "model.gguf")
    template = (exported[name] / "chat_template.jinja").read_text()
    assert metadata["tokenizer.chat_template"] == template
    assert metadata["tokenizer.ggml.add_bos_token"] is True  # llama.cpp then takes the template's own away
    assert metadata["general.name"] == "f32"  # as it was measured
    rows, wanted = rows_of(exported[name]), recorded(notes, name)
    assert {row["input"]: row["answer"] for row in rows} == wanted
    turns = json.loads((exported[name] / "request.json").read_text())["messages"]
    for row in rows:
        said = [turn | {"content": turn["content"].replace("{input}", row["input"])} for turn in turns]
        text = (
            ImmutableSandboxedEnvironment()
            .from_string(template)
            .render(messages=said, bos_token="<s>", add_generation_prompt=True)
        )
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == row["tokens"]


def test_the_request_is_held_to_the_labels(exported: dict[str, Path], notes: StudyFolder, pocket: Hf) -> None:
    body = json.loads((exported["lora"] / "request.json").read_text())
    labels = read_candidate(notes, "lora")[0].decoding.labels
    texts = (exported["lora"] / "grammar.gbnf").read_text()
    assert re.findall('"(.*?)"', texts) == [pocket.chat.answer_lead + label for label in labels]
    ways = body["grammar"].removeprefix("root ::= ").split(" | ")
    assert [[int(token) for token in re.findall(r"<\[(\d+)\]>", way)] for way in ways] == [
        pocket.chat.answer(label)[: -len(pocket.chat.end)] for label in labels
    ]
    assert body["max_tokens"] == max(len(pocket.chat.answer(label)) for label in labels)
    settings = json.loads((exported["lora"] / "settings.json").read_text())
    assert settings["answers"] == {label: pocket.chat.answer(label) for label in labels}


def test_a_token_that_is_a_part_of_a_character_stands_as_its_text(pocket: Hf) -> None:
    label = "café 🎉"
    *answer, end = pocket.chat.answer(label)
    written = in_characters(answer, pocket.chat.spelled)
    texts = [one for one in written if isinstance(one, str)]
    assert "".join(texts).split() == ["é", "🎉"]
    settings = {"name": "m", "separator": "", "answers": {label: [*answer, end]}, "written": {label: written}, "end": 1}
    body = body_of(settings, [], Decoding(labels=(label,)))
    for text in texts:  # llama.cpp: a grammar's token that is a part of a character lets nothing pass
        assert literal(text) in body["grammar"]
    whole = [one for one in written if isinstance(one, int)]
    assert [int(one) for one in re.findall(r"<\[(\d+)\]>", body["grammar"])] == whole
    assert body["max_tokens"] >= len(answer) + 1


def test_draws_are_from_the_share_that_was_measured() -> None:
    settings = {"name": "m", "separator": "", "answers": {}, "written": {}, "end": 1}
    body = body_of(settings, [], Decoding(temperature=0.7, top_p=0.9))
    assert (body["temperature"], body["top_p"]) == (0.7, 0.9)
    assert body["samplers"] == ["temperature", "top_p"]  # in this order, as here


def test_extraction_is_held_to_its_schema(meetings: StudyFolder, llamacpp: Path, tmp_path: Path) -> None:
    export_llamacpp(meetings, tmp_path / "out", "zero_shot", named=llamacpp, outtype="q8_0")
    assert '\\"person\\": ' in (tmp_path / "out" / "grammar.gbnf").read_text()
    assert read_vocabulary(tmp_path / "out" / "model.gguf")[1]["general.name"] == "q8_0"


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_told_and_nothing_names_this_machine(name: str, exported: dict[str, Path]) -> None:
    folder = exported[name]
    told = (folder / "README.md").read_text()
    listed = set(re.findall(r"^- `([^`/]+)`:", told, re.MULTILINE))
    assert listed == {path.name for path in folder.iterdir()} - {"README.md"}
    assert str(folder.parent) not in "".join(path.read_text() for path in folder.iterdir() if path.suffix != ".gguf")
    assert "**Nothing was run in llama.cpp when this was written" in told
    assert (folder / "Modelfile").exists() == (name in ("instruction", "lora"))
    if name == "lora":
        assert read_modelfile((folder / "Modelfile").read_text()).one["FROM"] == "./model.gguf"
    assert (folder / "request-topic.json").exists() == (name == "chain")


def test_ollamas_modelfile_is_built_on_it(notes: StudyFolder, llamacpp: Path, tmp_path: Path) -> None:
    files = export_ollama(notes, tmp_path / "out", "lora", named=llamacpp)
    assert "model.gguf" in files
    assert not any(file.endswith(".safetensors") for file in files)
    assert read_modelfile((tmp_path / "out" / "Modelfile").read_text()).one["FROM"] == "./model.gguf"
    assert "Ollama's import does not know" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.usefixtures("nowhere")
def test_without_a_converter_it_says_how_to_get_one(notes: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"git clone https://github.com/ggml-org/llama\.cpp.*--llamacpp FOLDER"):
        export_llamacpp(notes, tmp_path / "out", "lora")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match=r"empty has no convert_hf_to_gguf.py"):
        export_llamacpp(notes, tmp_path / "out", "lora", named=tmp_path / "empty")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (
            "class TextModel:",
            "raise SystemExit('Model Strange is not supported')\nclass TextModel:",
            "Model Strange is not",
        ),
        (
            "tokens |= added",
            "tokens |= added; tokens |= {i: tokens[8491 - i] for i in range(300, 8192)}",
            "gives other tokens than",
        ),
    ],
)
def test_what_the_converter_makes_wrong_is_no_export(
    before: str, after: str, why: str, notes: StudyFolder, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=why):
        export_llamacpp(
            notes, tmp_path / "out", "instruction", named=checkout(tmp_path / "c", CONVERTER.replace(before, after))
        )
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_how_a_tokenizer_divides_text_is_read_off_its_rules(tmp_path: Path) -> None:
    assert way_of(POCKET) == "smollm"
    body = json.loads((POCKET / "tokenizer.json").read_text())
    words = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    split = {"type": "Split", "pattern": {"Regex": "x"}, "behavior": "Isolated", "invert": False}
    for rules, way in (
        (words, "gpt-2"),
        (words | {"add_prefix_space": True}, ""),
        ({"type": "Sequence", "pretokenizers": [split, words | {"use_regex": False}]}, ""),  # a pattern that nobody knows
        (None, ""),
    ):
        (tmp_path / "tokenizer.json").write_text(json.dumps(body | {"pre_tokenizer": rules}))
        assert way_of(tmp_path) == way
    assert way_of(tmp_path / "nothing") == ""


@dataclass
class Told:
    """What the server is to say. `wanted`: the likeliest label by input; `at_once`: what it writes otherwise."""

    wanted: dict[str, str]
    tokens: dict[str, list[int]]
    answers: dict[str, list[int]]
    at_once: dict[str, str] = field(default_factory=dict)

    def routes(self) -> Routes:
        return {
            "/apply-template": lambda body: {"prompt": self.text(body)},
            "/tokenize": self.tokenized,
            "/completion": self.written,
            "/v1/chat/completions": self.said,
        }

    def text(self, body: Any) -> str:
        return next(text for text in self.tokens if text in body["messages"][-1]["content"])

    def tokenized(self, body: Any) -> Any:
        assert body["add_special"]
        assert body["parse_special"]
        return {"tokens": self.tokens[body["content"]]}

    def written(self, body: Any) -> Any:
        begun = [text for text, ids in self.tokens.items() if ids == body["prompt"][: len(ids)]]
        text = max(begun, key=lambda text: len(self.tokens[text]))
        step = [*body["prompt"][len(self.tokens[text]) :], body["logit_bias"][0][0]]
        likely = self.answers[self.wanted[text]][: len(step)] == step
        return {"completion_probabilities": [{"id": step[-1], "logprob": -0.1 if likely else -5.0}]}

    def said(self, body: Any) -> Any:
        text = self.text(body)
        return {"choices": [{"message": {"content": " " + self.at_once.get(text, self.wanted[text])}}]}


@pytest.fixture
def served(exported: dict[str, Path]) -> Iterator[tuple[str, Told]]:
    rows = rows_of(exported["lora"])
    answers = json.loads((exported["lora"] / "settings.json").read_text())["answers"]
    told = Told({row["input"]: row["answer"] for row in rows}, {row["input"]: row["tokens"] for row in rows}, answers)
    with serving(told.routes()) as url:
        yield url, told


@pytest.fixture(scope="module")
def check(exported: dict[str, Path]) -> ModuleType:
    spec = importlib.util.spec_from_file_location("exported_check", exported["lora"] / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(check: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["check.py", *arguments])
    return int(check.main())


def test_a_server_that_answers_as_measured_passes(
    check: ModuleType, served: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, _ = served
    assert run(check, monkeypatch, f"{url}/v1") == 0
    head, tokens, once, labels = capsys.readouterr().out.splitlines()
    assert head == f"12 measured rows through llama.cpp at {url}: all as measured"
    assert tokens == "prompt: 12 of 12 have the tokens that were measured"
    assert once.startswith("request.json: 12 of 12 answers are as measured; ")
    assert labels.startswith("predict.py: 12 of 12 answers are as measured; ")


def test_each_row_that_differs_is_shown(
    check: ModuleType,
    served: Any,
    exported: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, told = served
    rows = rows_of(exported["lora"])
    labels = list(told.answers)
    others = {row["input"]: next(label for label in labels if label != row["answer"]) for row in rows}
    told.at_once = {rows[2]["input"]: others[rows[2]["input"]]}  # the whole label's log-probability says otherwise
    told.wanted = {**told.wanted, rows[5]["input"]: others[rows[5]["input"]]}  # other weights
    assert run(check, monkeypatch, url, "--json") == 1
    body = json.loads(capsys.readouterr().out)
    assert body["good"] is False
    assert body["said"][1].startswith("request.json: 10 of 12")
    assert body["said"][2].startswith("predict.py: 11 of 12")
    [hint, third, sixth] = body["said"][3:]
    assert hint.startswith("ask as predict.py does")
    assert third.startswith(f"row 3: measured {rows[2]['answer']!r}; request.json {others[rows[2]['input']]!r}; input")
    assert "predict.py" not in third
    assert sixth.startswith(f"row 6: measured {rows[5]['answer']!r}; ")
    assert f"predict.py {others[rows[5]['input']]!r}" in sixth
    told.tokens = {**told.tokens, rows[0]["input"]: [1, 2, 3]}  # another template
    told.wanted = {row["input"]: row["answer"] for row in rows}
    told.at_once = {}
    assert run(check, monkeypatch, url) == 1
    assert f"row 1: measured {rows[0]['answer']!r}; prompt: other tokens" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_told(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(check, monkeypatch, "http://127.0.0.1:9") == 1
    said = capsys.readouterr().out
    assert "predict.py: 0 of 12 answers are as measured" in said
    assert "serve.sh starts it, LLAMA_URL names another" in said


def test_a_server_that_does_not_start_is_no_export(
    notes: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = checkout(tmp_path / "c")
    (place / "llama-server").write_text("#!/bin/sh\necho error: unknown model architecture >&2\nexit 1\n")
    (place / "llama-server").chmod(0o755)
    monkeypatch.setattr(gguf_model, "_convert", lambda converter, folder, file, kind: file.write_bytes(b""))
    monkeypatch.setattr(gguf_model, "check_tokens", lambda *_: None)
    with pytest.raises(StudyError, match="server does not start with the model: error: unknown model architecture"):
        export_llamacpp(notes, tmp_path / "out", "instruction", check=True, named=place)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
