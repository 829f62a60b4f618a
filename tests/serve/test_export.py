"""An export works where Crossover is not, gives the measured answers, and appears whole or not at all."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from crossover.engine.conversation import conversation
from crossover.errors import ModelError, StudyError
from crossover.models.base import Runtime
from crossover.models.fake import Fake
from crossover.models.hf.folder import POCKET
from crossover.serve import export as module
from crossover.serve.export import export
from crossover.serve.predict import Predictor
from crossover.serve.standalone import Exported
from crossover.study.folder import StudyFolder, write_json
from crossover.study.read import read_candidate
from crossover.types import Demonstration, Message, Prompt, candidate_from_json, to_json
from tests.bare import Bare, missing
from tests.serve.studies import recorded
from tests.serve.test_bundle import plugin

NOTES = ["majority", "zero_shot", "instruction", "few_shot", "chain_of_thought", "lora", "full"]
NOTES += ["instruction+lora", "lora+few_shot", "chain", "soft_prompt"]
MEETINGS = ["zero_shot", "lora"]
ALL = [("notes", name, False) for name in NOTES] + [("meetings", name, False) for name in MEETINGS]
ALL += [("notes", "lora", True), ("meetings", "lora", True)]
RUNNABLE = [key for key in ALL if key[1] != "majority"]
BASE = json.loads((POCKET / "config.json").read_text())["architectures"][0]
MERGED = [key for key in ALL if key[2]]

# Runs in another process: each README's Python lines in its folder, then predict.py over the inputs of a study.
DRIVER = """
import importlib.util, json, os, sys
wanted, answers, models = json.load(sys.stdin), {}, {}
for name, (folder, code, texts) in wanted.items():
    os.chdir(folder)
    space = {}
    exec(code, space)
    space["model"](**space["tokenizer"]("a text", return_tensors="pt"))
    models[name] = type(space["model"]).__name__
    if os.path.isdir("adapter"):
        from peft import AutoPeftModelForCausalLM
        AutoPeftModelForCausalLM.from_pretrained("adapter")
    spec = importlib.util.spec_from_file_location("predict", "predict.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    exported = module.Exported()
    answers[name] = [exported.answer(text) for text in texts]
    try:
        answers[name].append(exported.answer("endless " * 3000))
    except ValueError as error:
        answers[name].append(str(error))
json.dump([answers, models], sys.stdout)
"""


def label(key: tuple[str, str, bool]) -> str:
    return f"{key[0]}-{key[1]}" + ("-merged" if key[2] else "")


@pytest.fixture(scope="module")
def exported(studies: dict[str, StudyFolder], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of every export."""
    place = tmp_path_factory.mktemp("exports")
    for key in ALL:
        files = export(studies[key[0]], place / label(key), key[1], merge=key[2]).files
        assert files == sorted(p.relative_to(place / label(key)).as_posix() for p in every_file(place / label(key)))
    return {label(key): place / label(key) for key in ALL}


def every_file(folder: Path) -> list[Path]:
    """All but what Python keeps of a program that has been run."""
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]


def code_of(folder: Path) -> str:
    """The Python lines of an export's README."""
    found = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def drive(
    keys: list[tuple[str, str, bool]],
    exported: dict[str, Path],
    studies: dict[str, StudyFolder],
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> tuple[dict[str, list[str]], dict[str, str]]:
    work = {}
    for key in keys:
        folder = exported[label(key)]
        work[label(key)] = (str(folder), code_of(folder), list(recorded(studies[key[0]], key[1])))
    done = start([sys.executable, "-c", DRIVER], given=json.dumps(work))
    assert done.returncode == 0, done.stderr
    answers, models = json.loads(done.stdout)
    return answers, models


@pytest.fixture(scope="module")
def driven(
    exported: dict[str, Path], studies: dict[str, StudyFolder], bare: Bare
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What each export answers, and the class that its README loads, where Crossover cannot be imported."""
    return drive(RUNNABLE, exported, studies, bare)


@pytest.mark.parametrize("key", RUNNABLE, ids=label)
def test_it_answers_as_the_study_recorded(
    key: tuple[str, str, bool],
    driven: tuple[dict[str, list[str]], dict[str, str]],
    studies: dict[str, StudyFolder],
) -> None:
    *answers, too_long = driven[0][label(key)]
    assert answers == list(recorded(studies[key[0]], key[1]).values())
    assert re.fullmatch(r"(step 'topic': )?the prompt has \d+ tokens, the window is \d+", too_long)


@pytest.mark.parametrize("key", RUNNABLE, ids=label)
def test_the_readme_loads_it_with_transformers_and_peft(
    key: tuple[str, str, bool], driven: tuple[dict[str, list[str]], dict[str, str]]
) -> None:
    adapted = ("lora" in key[1] or key[1] == "soft_prompt") and not key[2]
    assert driven[1][label(key)] == ("PeftModelForCausalLM" if adapted else BASE)


def test_a_merged_export_needs_transformers_alone(
    exported: dict[str, Path], studies: dict[str, StudyFolder], tmp_path: Path
) -> None:
    environment = missing(tmp_path, "crossover", "peft", "sklearn")

    def start(argv: list[str], given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(argv, env=environment, input=given, capture_output=True, text=True)

    answers, models = drive(MERGED, exported, studies, start)
    assert set(models.values()) == {BASE}
    for key in MERGED:
        assert answers[label(key)][:-1] == list(recorded(studies[key[0]], key[1]).values())


def test_the_readmes_command_answers_an_argument_or_lines(
    exported: dict[str, Path],
    studies: dict[str, StudyFolder],
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = exported["notes-lora+few_shot"]
    [line] = re.findall(r"^python predict\.py.*$", (folder / "README.md").read_text(), re.MULTILINE)
    wanted = recorded(studies["notes"], "lora+few_shot")
    command = [sys.executable, *shlex.split(line, comments=True)[1:]]
    first = next(iter(wanted))
    command[-1] = first
    done = bare(command, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == wanted[first] + "\n"
    spec = importlib.util.spec_from_file_location("exported_command", folder / command[1])
    assert spec is not None
    assert spec.loader is not None
    predict = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(predict)
    monkeypatch.setattr(sys, "argv", [*command[1:-1], "-"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*wanted, "", "endless " * 3000]) + "\n"))
    assert predict.main() == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [*wanted.values(), "", ""]  # a line for each line
    assert "failed: the prompt has " in said.err.splitlines()[-1]


@pytest.mark.parametrize("key", ALL, ids=label)
def test_the_messages_are_a_conversation_that_ends_with_the_input(
    key: tuple[str, str, bool], exported: dict[str, Path]
) -> None:
    turns = json.loads((exported[label(key)] / "messages.json").read_text())
    assert all(set(turn) == {"role", "content"} and isinstance(turn["content"], str) for turn in turns)
    roles = [turn["role"] for turn in turns]
    without_system = roles[1:] if roles[0] == "system" else roles
    assert without_system == ["user", "assistant"] * (len(without_system) // 2) + ["user"]
    assert turns[-1]["content"].count("{input}") == 1
    assert not any("{input}" in turn["content"] for turn in turns[:-1])


@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_it_votes_as_the_predictor_does(top_p: float, studies: dict[str, StudyFolder], tmp_path: Path) -> None:
    """Draws are the same outside: so are the votes over them."""
    predictor = Predictor.open(studies["notes"], "chain_of_thought")
    how = replace(predictor.candidate.decoding, samples=3, temperature=0.8, top_p=top_p)
    export(studies["notes"], tmp_path / "out", "chain_of_thought")
    written = tmp_path / "out" / "candidate.json"
    written.write_text(json.dumps(json.loads(written.read_text()) | {"decoding": to_json(how)}))
    voting = replace(predictor, candidate=replace(predictor.candidate, decoding=how))
    inputs = list(recorded(studies["notes"], "chain_of_thought"))
    drawn = Exported(tmp_path / "out")
    answers = voting.answer(inputs)
    assert [drawn.answer(text) for text in inputs] == [answer.text for answer in answers]
    assert all(answer.error is None for answer in answers)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_answers_by_weights_that_are_no_numbers_are_none(number: float, notes: StudyFolder, tmp_path: Path) -> None:
    export(notes, tmp_path / "out", "chain_of_thought")
    outside = Exported(tmp_path / "out")
    for weight in outside.model.parameters():
        weight.data.fill_(number)
    with pytest.raises(ValueError, match="log-probabilities that are no numbers"):
        outside.answer("a text")


@pytest.mark.parametrize("name", ["zero_shot", "chain_of_thought"])
def test_one_infinite_score_outside_is_no_answer(name: str, notes: StudyFolder, tmp_path: Path) -> None:
    export(notes, tmp_path / "out", name)
    outside = Exported(tmp_path / "out")
    outside.model.get_output_embeddings().register_forward_hook(
        lambda module, given, found: found.index_fill(-1, torch.tensor([7]), torch.inf)
    )
    with pytest.raises(ValueError, match="log-probabilities that are no numbers"):
        outside.answer("a text")


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is None, reason="needs the extra embeddings")
def test_it_finds_the_nearest_by_meaning_as_the_predictor_does(studies: dict[str, StudyFolder], tmp_path: Path) -> None:
    source = studies["notes"]
    shutil.copytree(source.path, tmp_path / "study")
    study = StudyFolder(tmp_path / "study")
    candidate, row = read_candidate(study, "few_shot")
    meaning = replace(candidate, prompt=replace(candidate.prompt, likeness="all-MiniLM-L6-v2"))
    write_json(study.candidate(row["id"]), to_json(meaning))
    files = export(study, tmp_path / "out", "few_shot").files
    assert any(file.startswith("embedding/") for file in files)
    assert "sentence-transformers" in (tmp_path / "out" / "README.md").read_text()
    inputs = list(recorded(source, "few_shot"))
    outside = Exported(tmp_path / "out")
    assert [outside.answer(text) for text in inputs] == [a.text for a in Predictor.open(study, "few_shot").answer(inputs)]


def test_an_input_placeholder_inside_a_demonstration_stays_as_it_is() -> None:
    shown = (Demonstration("say {input}", "yes"),)
    found = conversation(Prompt("Judge.", "Text: {input}", shown, "fixed", 1))
    assert found == [
        Message("system", "Judge."),
        Message("user", "Text: say {input}"),
        Message("assistant", "yes"),
        Message("user", "Text: {input}"),
    ]


@pytest.mark.parametrize("key", ALL, ids=label)
def test_the_candidate_comes_back_from_its_file(
    key: tuple[str, str, bool], exported: dict[str, Path], studies: dict[str, StudyFolder]
) -> None:
    folder = exported[label(key)]
    body = json.loads((folder / "candidate.json").read_text())
    candidate, _ = read_candidate(studies[key[0]], key[1])
    assert candidate_from_json(body) == candidate
    assert candidate_from_json(body).id == candidate.id
    if body["weights"]:
        assert (folder / body["weights"]["path"]).is_dir()


@pytest.mark.parametrize("key", ALL, ids=label)
def test_the_readme_names_every_file_and_nothing_else(key: tuple[str, str, bool], exported: dict[str, Path]) -> None:
    folder = exported[label(key)]
    listed = set(re.findall(r"^- `([^`/]+)/?`", (folder / "README.md").read_text(), re.MULTILINE))
    there = {path.relative_to(folder).parts[0] for path in every_file(folder)} - {"README.md"}
    assert listed == (there if key[1] != "majority" else {"candidate.json"})


def test_the_readme_says_what_was_measured(exported: dict[str, Path], studies: dict[str, StudyFolder]) -> None:
    candidate, row = read_candidate(studies["notes"], "instruction")
    text = (exported["notes-instruction"] / "README.md").read_text()
    assert f"accuracy {100 * row['test']['value']:.1f} %" in text
    assert f"on {row['test']['n']} test items" in text
    assert candidate.id in text
    assert "it always answers" in (exported["notes-majority"] / "README.md").read_text()


def test_an_own_model_folder_is_named_and_not_copied(tmp_path: Path, notes: StudyFolder) -> None:
    """predict.py loads from the folder itself, however the task file wrote it, and the README from where that is said."""
    copy = StudyFolder(Path(shutil.copytree(notes.path, tmp_path / "study")))
    own = Path(shutil.copytree(POCKET, tmp_path / "own"))
    path = copy.candidate(read_candidate(copy, "instruction")[0].id)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": f"hf:{own}"}))
    export(copy, tmp_path / "out", "instruction")
    assert not (tmp_path / "out" / "base").exists()
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["base"] == str(own)
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "base = json.load(open('settings.json'))['base']  # the folder of `own`\n" in readme
    assert "from_pretrained(base)" in readme


def test_a_plugins_model_says_itself_how_it_is_exported(
    notes: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin(tmp_path, monkeypatch, '"""A."""\nfrom outsiders_plugin.answers import answer\nprint(answer())\n')
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "rows").write_text("all of them")
    about = {"table": "what it looks up"}
    made = Runtime(
        "outsiders_plugin.script", ("abacus",), {"beads": 7}, {"table": tmp_path / "table"}, about, "No weights."
    )
    monkeypatch.setattr(Fake, "runtime", lambda self, candidate: made, raising=False)
    copy = StudyFolder(Path(shutil.copytree(notes.path, tmp_path / "study")))
    path = copy.candidate(read_candidate(copy, "instruction")[0].id)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": "fake"}))
    export(copy, tmp_path / "out", "instruction")
    told = (tmp_path / "out" / "README.md").read_text()
    assert {"- `table/`: what it looks up", "No weights."} <= set(told.splitlines())
    assert "needs abacus" in told
    assert json.loads((tmp_path / "out" / "settings.json").read_text()) == {"beads": 7}
    assert (tmp_path / "out" / "table" / "rows").read_text() == "all of them"
    done = subprocess.run([sys.executable, "predict.py"], cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert done.stdout == "yes\n"


def test_the_verdicts_choice_is_exported_without_a_name(notes: StudyFolder, tmp_path: Path) -> None:
    export(notes, tmp_path / "out")
    assert candidate_from_json(json.loads((tmp_path / "out" / "candidate.json").read_text())) == read_candidate(notes)[0]


def test_an_empty_folder_is_used_and_the_current_one_can_be_it(
    notes: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    export(notes, Path(), "majority")
    assert (tmp_path / "here" / "README.md").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_what_is_there_is_not_overwritten(notes: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(StudyError, match="exists and is not an empty folder"):
            export(notes, tmp_path / name, "lora")
    assert sorted(p.name for p in every_file(tmp_path)) == ["file", "mine.txt"]


@pytest.mark.parametrize("copier", ["copyfile", "copytree"])
@pytest.mark.parametrize(
    ("error", "raised", "sentence"),
    [
        (OSError(28, "No space left on device"), StudyError, "cannot be written: .*No space left on device"),
        (shutil.Error([("a", "b", "no room for b")]), StudyError, "cannot be written: no room for b"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
    ids=["full disk", "some files", "interrupted"],
)
def test_a_failed_export_leaves_nothing_behind(
    copier: str,
    error: BaseException,
    raised: type[BaseException],
    sentence: str | None,
    notes: StudyFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(module.shutil, copier, fail)
    with pytest.raises(raised, match=sentence):
        export(notes, tmp_path / "out", "lora")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(notes: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="out cannot be written: Not a directory"):
        export(notes, tmp_path / "file" / "out", "lora")


def test_changed_weights_are_not_exported(notes: StudyFolder, tmp_path: Path) -> None:
    copy = StudyFolder(Path(shutil.copytree(notes.path, tmp_path / "study")))
    candidate, _ = read_candidate(copy, "full")
    assert candidate.weights is not None
    with (Path(candidate.weights.path) / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    with pytest.raises(ModelError, match="was changed"):
        export(copy, tmp_path / "out", "full")
    assert not (tmp_path / "out").exists()


def test_to_json_of_the_messages_is_what_is_written(exported: dict[str, Path], notes: StudyFolder) -> None:
    candidate, _ = read_candidate(notes, "lora+few_shot")
    written = json.loads((exported["notes-lora+few_shot"] / "messages.json").read_text())
    assert written == to_json(conversation(candidate.prompt))
    assert sum(turn["role"] == "assistant" for turn in written) == 3
