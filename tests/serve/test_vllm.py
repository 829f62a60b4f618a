"""What is written for vLLM gives the measured prompts, and asks for the labels in the tokens that were measured."""

from __future__ import annotations

import json
import re
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from crossover.data.gbnf import grammar_of_schema
from crossover.engine.render import Renderer
from crossover.errors import OptionError
from crossover.models.hf import Hf
from crossover.serve.vllm import export_vllm
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from tests.serve.studies import exports, recorded

KEYS = [
    ("notes", name) for name in ("instruction", "few_shot", "chain_of_thought", "chain", "lora", "full", "lora+few_shot")
]
KEYS += [("meetings", "lora")]


@pytest.fixture(scope="module")
def exported(studies: dict[str, StudyFolder], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    return exports(studies, KEYS, export_vllm, tmp_path_factory.mktemp("vllm"))


def request(folder: Path, name: str = "request.json") -> dict[str, Any]:
    return dict(json.loads((folder / name).read_text()))


def arguments(folder: Path) -> dict[str, str]:
    """Option -> value of the command in serve.sh."""
    words = shlex.split((folder / "serve.sh").read_text().splitlines()[1])
    at = words.index("serve")
    assert words[at - 1] == "vllm"
    found: dict[str, str] = {"model": words[at + 1]}
    name = ""
    for word in words[at + 2 :]:
        if word.startswith("--"):
            name = word
        found[name] = "" if word == name else word
    return found


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_its_request_and_template_give_the_measured_prompts(
    key: tuple[str, str], exported: dict[tuple[str, str], Path], studies: dict[str, StudyFolder], pocket: Hf
) -> None:
    folder, (candidate, _) = exported[key], read_candidate(studies[key[0]], key[1])
    tokenizer = AutoTokenizer.from_pretrained(folder / arguments(folder)["model"])
    template = (folder / "chat_template.jinja").read_text()
    turns = request(folder)["messages"]
    for text in recorded(studies[key[0]], key[1]):
        asked = Renderer(candidate.prompt).messages(text, answers={"topic": "{topic}"})
        shown = [{"role": m.role, "content": m.content} for m in asked]
        filled = [t | {"content": t["content"].replace("{input}", text)} for t in turns]
        at = slice(-1, None) if key[1] == "few_shot" else slice(None)  # nearest demonstrations are the caller's work
        assert filled[at] == shown[at]
        ids = tokenizer.apply_chat_template(shown, chat_template=template, add_generation_prompt=True)["input_ids"]
        assert ids == pocket.chat.prompt(asked)


def test_labels_are_a_choice_of_the_measured_tokens(exported: dict[tuple[str, str], Path], pocket: Hf) -> None:
    body = request(exported["notes", "lora"])
    choices = body["structured_outputs"]["choice"]
    tokenizer = pocket.chat.tokenizer
    assert [c.strip() for c in choices] == ["garage", "garden", "kitchen"]
    for choice in choices:
        ids = tokenizer(choice, add_special_tokens=False)["input_ids"]
        assert [*ids, *body["stop_token_ids"]] == pocket.chat.answer(choice.strip())
        assert len(ids) < body["max_completion_tokens"]


def test_free_text_stops_where_it_was_stopped(exported: dict[tuple[str, str], Path]) -> None:
    body = request(exported["notes", "chain_of_thought"])
    assert "structured_outputs" not in body
    assert (body["stop"], body["stop_token_ids"], body["max_completion_tokens"]) == (["\n\n"], [2], 12)


def test_json_is_held_to_the_white_space_that_was_measured(
    exported: dict[tuple[str, str], Path], studies: dict[str, StudyFolder]
) -> None:
    """Of a schema alone vLLM makes a grammar with white space anywhere (`any_whitespace` of its back ends)."""
    candidate, _ = read_candidate(studies["meetings"], "lora")
    asked = request(exported["meetings", "lora"])["structured_outputs"]
    assert asked == {"grammar": grammar_of_schema(candidate.decoding.schema)}
    assert '": "' in asked["grammar"]


def test_a_chain_has_a_request_a_step(exported: dict[tuple[str, str], Path]) -> None:
    folder = exported["notes", "chain"]
    assert request(folder, "request-topic.json")["max_completion_tokens"] == 6
    assert "{topic}" in request(folder)["messages"][-1]["content"]
    assert "`request-topic.json`: a step that is asked before" in (folder / "README.md").read_text()


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_the_command_names_what_is_there(
    key: tuple[str, str], exported: dict[tuple[str, str], Path], studies: dict[str, StudyFolder], pocket: Hf
) -> None:
    folder = exported[key]
    said = arguments(folder)
    assert (folder / "serve.sh").stat().st_mode & stat.S_IXUSR
    assert (folder / said["model"] / "config.json").is_file()
    assert (folder / said["--chat-template"]).is_file()
    assert said["--max-model-len"] == str(pocket.context_window)
    adapter = (folder / "adapter").is_dir()
    assert adapter == ("lora" in key[1])
    if adapter:
        name, _, place = said["--lora-modules"].partition("=")
        assert (folder / place / "adapter_config.json").is_file()
        assert said["--max-lora-rank"] == "16"
        assert said["--dtype"] == "bfloat16"  # vLLM's adapters know no float32
        assert "adapters in 16 bits only" in (folder / "README.md").read_text()
    else:
        name = said["--served-model-name"]
        assert said["--dtype"] == pocket.precision[0]
    assert request(folder)["model"] == name
    listed = set(re.findall(r"^- `([^`/]+)/?`:", (folder / "README.md").read_text(), re.MULTILINE))
    assert listed == {path.name for path in folder.iterdir()} - {"README.md"}


def test_a_rank_between_those_that_vllm_takes_is_rounded_up(notes: StudyFolder, tmp_path: Path) -> None:
    path = Path(str(read_candidate(notes, "lora")[0].weights.path)) / "adapter_config.json"  # type: ignore[union-attr]
    before = path.read_text()
    try:
        path.write_text(json.dumps(json.loads(before) | {"r": 20}))
        export_vllm(notes, tmp_path / "out", "lora")
        path.write_text(json.dumps(json.loads(before) | {"r": 1024}))
        with pytest.raises(OptionError, match="rank 1024, and vLLM takes at most 512: merge it"):
            export_vllm(notes, tmp_path / "other", "lora")
    finally:
        path.write_text(before)
    assert arguments(tmp_path / "out")["--max-lora-rank"] == "32"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["majority", "soft_prompt"])
def test_what_vllm_cannot_do_is_refused(name: str, notes: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=f"'{name}' is a .*"):
        export_vllm(notes, tmp_path / "out", name)
    assert list(tmp_path.iterdir()) == []
