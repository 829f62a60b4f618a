"""Training files hold the train and dev rows, never a test row, in the providers' formats and within their rules."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.journal import Journal
from crossover.errors import DataError, OptionError, StudyError
from crossover.models.hf import Hf
from crossover.serve.lessons import gather
from crossover.serve.training_data import export_training_data
from crossover.study.folder import StudyFolder, write_json
from crossover.study.read import read_candidate
from crossover.tuning.providers import FORMATS, Lesson, problems
from crossover.types import Message, to_json
from tests.serve.studies import NOTES, write_notes

TALK = (Message("system", "Sort."), Message("user", "a"), Message("assistant", "x"), Message("user", "b"))
LESSON = Lesson(TALK, "y", "rows.csv, row 1")
ALL_NOTES = {text: label for label, texts in NOTES.items() for text in texts.split("|")}


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def inputs(study: StudyFolder, split: str) -> set[str]:
    journal = Journal(study.journal)
    try:
        run = journal.run(read_candidate(study)[0].id, split)  # who was chosen has met both splits
    finally:
        journal.close()
    return {record["input"] for record in run["records"]}


# formats


def test_openais_format() -> None:
    assert FORMATS["openai"].write(LESSON) == {
        "messages": [
            {"role": "system", "content": "Sort."},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "x", "weight": 0},  # a demonstration is read, not learnt
            {"role": "user", "content": "b"},
            {"role": "assistant", "content": "y"},
        ]
    }


def test_vertexs_format() -> None:
    assert FORMATS["vertex"].write(LESSON) == {
        "systemInstruction": {"role": "system", "parts": [{"text": "Sort."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"text": "x"}]},
            {"role": "user", "parts": [{"text": "b"}]},
            {"role": "model", "parts": [{"text": "y"}]},
        ],
    }
    assert "systemInstruction" not in FORMATS["vertex"].write(Lesson(TALK[1:], "y", ""))


def test_trls_format() -> None:
    assert FORMATS["trl"].write(LESSON) == {
        "prompt": [{"role": m.role, "content": m.content} for m in TALK],
        "completion": [{"role": "assistant", "content": "y"}],
    }


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("talk", [TALK, TALK[1:], TALK[3:]])
def test_what_is_written_keeps_the_rules(name: str, talk: tuple[Message, ...]) -> None:
    rows = [json.dumps(FORMATS[name].write(Lesson(talk, f"y{n}\n\tä", ""))) for n in range(11)]
    assert problems(FORMATS[name], rows[:10], rows[10:]) == []


def turn(number: int, **changes: Any) -> Callable[[Any], Any]:
    def change(body: Any) -> Any:
        key = next(k for k in ("messages", "contents", "prompt") if k in body)
        body[key][number] |= changes
        return body

    return change


def without(key: str) -> Callable[[Any], Any]:
    return lambda body: {name: value for name, value in body.items() if name != key}


BROKEN: list[tuple[str, Callable[[Any], Any], str]] = [
    ("openai", without("messages"), "the key 'messages' is missing"),
    ("openai", lambda body: body | {"input": 1}, "the key 'input' is unknown; valid: messages"),
    ("openai", lambda body: {"messages": body["messages"][:-1]}, "'messages' has the role 'user'; valid: assistant"),
    ("openai", lambda body: {"messages": []}, "no list of messages"),
    ("openai", turn(1, role="model"), "message 2 has the role 'model'; valid: system, user, assistant"),
    ("openai", turn(1, role="system"), "message 2 is a system message; valid is only the first"),
    ("openai", turn(1, content="  "), "message 2 (user) is empty"),
    ("openai", turn(1, content="a\x07b"), "message 2 (user) holds the control character U+0007"),
    ("openai", turn(1, content="\ud800"), "holds the control character U+D800"),
    ("openai", turn(1, weight=0), "message 2 has the weight 0; valid is 0 or 1, on an assistant's message"),
    ("openai", turn(2, weight=0.5), "message 3 has the weight 0.5"),
    ("openai", turn(4, weight=0), "the last message has the weight 0"),
    ("vertex", without("contents"), "the key 'contents' is missing"),
    ("vertex", lambda body: body | {"systemInstruction": {"parts": []}}, "'systemInstruction' has the role None"),
    ("vertex", turn(1, role="assistant"), "turn 2 has the role 'assistant'; valid here is model"),
    ("vertex", turn(1, role="user"), "turn 2 has the role 'user'; valid here is model"),
    ("vertex", turn(1, parts=[]), "turn 2 has no parts"),
    ("vertex", turn(1, parts=[{"text": ""}]), "turn 2 (model) is empty"),
    ("vertex", lambda body: body | {"contents": body["contents"][:-1]}, "the last turn is the user's"),
    ("trl", without("completion"), "the key 'completion' is missing"),
    ("trl", lambda body: body | {"prompt": body["prompt"][:-1]}, "'prompt' has the role 'assistant'; valid: user"),
    ("trl", lambda body: body | {"completion": "y"}, "'completion' is no list of messages"),
    ("trl", lambda body: body | {"completion": body["prompt"]}, "'completion', message 1 has the role 'system'"),
]


@pytest.mark.parametrize(("name", "change", "sentence"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)])
def test_a_broken_rule_is_a_sentence_that_names_the_line(name: str, change: Callable[[Any], Any], sentence: str) -> None:
    rows = [json.dumps(FORMATS[name].write(Lesson(TALK, f"y{n}", ""))) for n in range(10)]
    rows[6] = json.dumps(change(json.loads(rows[6])))
    [*found] = problems(FORMATS[name], rows, [])
    assert any(sentence in problem for problem in found), found
    assert all(problem.startswith("train.jsonl, line 7: ") for problem in found)


def test_rules_of_whole_files() -> None:
    kind = FORMATS["openai"]
    rows = [json.dumps(kind.write(Lesson(TALK, f"y{n}", ""))) for n in range(10)]
    assert problems(kind, rows[:9], []) == ["train.jsonl has 9 rows; OpenAI's supervised fine-tuning needs at least 10"]
    [both] = problems(kind, rows, [rows[3]])
    assert both.startswith("validation.jsonl, line 1: it is line 4 of train.jsonl too")
    [broken] = problems(kind, [*rows, '{"messages": '], [])
    assert broken.startswith("train.jsonl, line 11: not valid JSON")
    assert problems(kind, [*rows, "[]"], []) == [
        "train.jsonl, line 11: received no object; valid is one JSON object a line"
    ]
    vertex = FORMATS["vertex"]
    many = [json.dumps(vertex.write(Lesson(TALK, f"v{n}", ""))) for n in range(5001)]
    assert problems(vertex, many[:1], many[1:]) == []
    assert "takes at most 5000" in problems(vertex, [json.dumps(vertex.write(LESSON))], many)[0]


# a study's files


@pytest.mark.parametrize("name", FORMATS)
def test_a_study_gives_its_train_and_dev_rows_and_no_test_row(name: str, notes: StudyFolder, tmp_path: Path) -> None:
    done = export_training_data(notes.path, tmp_path / "out", name, "instruction")
    assert done.files == ["README.md", "train.jsonl", "validation.jsonl"]
    texts = {file: (tmp_path / "out" / file).read_text() for file in ("train.jsonl", "validation.jsonl")}
    dev, test = inputs(notes, "dev"), inputs(notes, "test")
    train = ALL_NOTES.keys() - dev - test
    assert (len(train), len(dev), len(test)) == (36, 12, 12)
    for file, own in (("train.jsonl", train), ("validation.jsonl", dev)):
        assert len(texts[file].splitlines()) == len(own)
        for text in ALL_NOTES:
            assert (text in texts[file]) == (text in own)
    found = [json.loads(line) for text in texts.values() for line in text.splitlines()]
    assert problems(FORMATS[name], texts["train.jsonl"].splitlines(), texts["validation.jsonl"].splitlines()) == []
    for body in found if name == "openai" else ():
        [asked, answer] = [m["content"] for m in body["messages"] if m["role"] != "system"]
        assert [label for text, label in ALL_NOTES.items() if text in asked] == [answer]


def test_datasets_loads_what_is_written_for_trl(notes: StudyFolder, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_training_data(notes.path, tmp_path / "out", "trl", "lora+few_shot")
    files = {"train": str(tmp_path / "out" / "train.jsonl"), "validation": str(tmp_path / "out" / "validation.jsonl")}
    loaded = datasets.load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].column_names == ["prompt", "completion"]
    assert (len(loaded["train"]), len(loaded["validation"])) == (36, 12)
    assert [t["role"] for t in loaded["train"][0]["completion"]] == ["assistant"]
    assert all(row["prompt"][-1]["role"] == "user" for row in loaded["train"])


def test_a_row_is_never_a_demonstration_for_itself(notes: StudyFolder, tmp_path: Path) -> None:
    export_training_data(notes.path, tmp_path / "out", "trl", "few_shot")
    for body in lines(tmp_path / "out" / "train.jsonl"):
        *shown, asked = [turn["content"] for turn in body["prompt"] if turn["role"] == "user"]
        assert len(shown) == 3
        assert asked not in shown


def test_the_prompt_is_the_choices_or_else_the_plain_instruction(notes: StudyFolder) -> None:
    choice, row = read_candidate(notes)
    given = gather(notes.path)
    if choice.prompt.instruction or choice.prompt.demonstrations:
        assert row["name"] in given.prompt
    for name, said in (("majority", "no prompt"), ("chain", "no answers for its steps"), ("lora", "has no prompt")):
        found = gather(chosen(notes, name).path)
        assert found.prompt.startswith("the plain instruction, as "), said
        assert said.split()[-1] in found.prompt
        assert found.train[0].messages[0].content.startswith("Say which part of the house a note is about.\nLabels: ")
    assert gather(notes.path, "zero_shot").train[0].messages == (
        Message("user", gather(notes.path, "lora").train[0].messages[0].content),
    )


def chosen(study: StudyFolder, name: str) -> StudyFolder:
    """The study with another verdict; beside it, so that it is thrown away with it."""
    copy = StudyFolder(study.path.with_name(f"chosen-{name}"))
    shutil.copytree(study.path, copy.path, dirs_exist_ok=True)
    decision = json.loads(copy.decision.read_text())
    decision["verdict"]["choice"] = next(c["id"] for c in decision["candidates"] if c["name"] == name)
    write_json(copy.decision, decision)
    return copy


def test_label_words_are_what_is_learnt(notes: StudyFolder, tmp_path: Path) -> None:
    copy = StudyFolder(Path(shutil.copytree(notes.path, tmp_path / "study")))
    candidate, row = read_candidate(copy, "instruction")
    body = to_json(candidate)
    body["decoding"]["verbalizer"] = [f"word {label}" for label in candidate.decoding.labels]
    write_json(copy.candidate(row["id"]), body)
    answers = {lesson.answer for lesson in gather(copy.path, "instruction").train}
    assert answers == {"word garage", "word garden", "word kitchen"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("majority", "majority is a control without a prompt"),
        ("chain", "chain is a chain"),
        ("chain_of_thought", "asks for steps before the answer, and the data have answers alone"),
    ],
)
def test_a_candidate_that_cannot_be_taught_is_refused(name: str, why: str, notes: StudyFolder) -> None:
    with pytest.raises(OptionError, match=why):
        gather(notes.path, name)


def test_a_task_file_is_enough(tmp_path: Path, notes: StudyFolder) -> None:
    task = write_notes(tmp_path)
    found = gather(task)
    assert found.prompt == "the plain instruction"
    assert {lesson.messages[-1].content.split("\n")[0] for lesson in found.train} == {
        f"Text: {text}" for text in ALL_NOTES.keys() - inputs(notes, "dev") - inputs(notes, "test")
    }
    with pytest.raises(OptionError, match="is a task file and has no candidate 'lora'"):
        gather(task, "lora")


def test_data_that_changed_since_are_refused(notes: StudyFolder, tmp_path: Path) -> None:
    shutil.copytree(notes.path.parent, tmp_path / "moved")
    study = StudyFolder(tmp_path / "moved" / notes.path.name)
    journal = Journal(study.journal)
    try:
        journal.set_fact("task", journal.fact("task") | {"folder": str(tmp_path / "moved")})
    finally:
        journal.close()
    assert len(gather(study.path, "instruction").train) == 36
    table = tmp_path / "moved" / "notes.csv"
    table.write_text(table.read_text().replace("The hose leaks near the tap.", "The hose is new."))
    with pytest.raises(StudyError, match=r"measured other data .* than its task's files hold now"):
        gather(study.path, "instruction")
    table.unlink()
    with pytest.raises(DataError, match=r"there is no file .*notes\.csv"):
        gather(study.path, "instruction")


def test_rows_of_both_splits_are_left_out_of_validation_and_repeats_are_told(tmp_path: Path) -> None:
    path = write_notes(tmp_path)
    with (tmp_path / "notes.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    for split, part in (("train", [*rows[::2], rows[0]]), ("dev", [rows[0], *rows[1:30:2]]), ("test", rows[31::2])):
        with (tmp_path / f"{split}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["text", "place"], *part])
    task = json.loads(path.read_text())
    path.write_text(json.dumps(task | {"data": {s: f"{s}.csv" for s in ("train", "dev", "test")}}))
    done = export_training_data(path, tmp_path / "out", "openai")
    assert (done.preview.train.rows, done.preview.validation.rows) == (31, 15)
    assert any("1 training rows stand twice" in note for note in done.preview.notes)


def test_too_few_rows_and_broken_rows_write_nothing(tmp_path: Path) -> None:
    path = write_notes(tmp_path)
    table = (tmp_path / "notes.csv").read_text().splitlines(keepends=True)
    (tmp_path / "notes.csv").write_text("".join([table[0], *table[1:5], *table[21:25], *table[41:45]]))
    with pytest.raises(DataError, match=r"notes: the rows break the rules of OpenAI.* train.jsonl has [0-9] rows"):
        export_training_data(path, tmp_path / "out", "openai")
    (tmp_path / "notes.csv").write_text("".join(table).replace(" the lawn", "\x08 the lawn"))
    with pytest.raises(DataError, match=r"line \d+: .*U\+0008.* \[notes\.csv, line \d+\]"):
        export_training_data(path, tmp_path / "out", "trl")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.part").exists()


# the preview


def test_tokens_are_those_of_tuning_and_the_cost_is_theirs(notes: StudyFolder, tmp_path: Path, pocket: Hf) -> None:
    done = export_training_data(notes.path, tmp_path / "out", "openai", "instruction", epochs=4, price=25.0)
    found = gather(notes.path, "instruction")
    encoded = [pocket.encode(lesson.messages, lesson.answer) for lesson in found.train]
    preview = done.preview
    assert preview.train.tokens == sum(len(ids) for ids, _ in encoded)
    assert preview.train.prompt_tokens == sum(start for _, start in encoded)
    assert preview.train.longest == max(len(ids) for ids, _ in encoded)
    assert preview.billed == 4 * preview.train.tokens
    assert preview.cost == pytest.approx(preview.billed / 1e6 * 25)
    text = (tmp_path / "out" / "README.md").read_text()
    assert f"| training tokens × epochs | {preview.train.tokens:,} × 4 = {preview.billed:,} |" in text
    assert f"{preview.cost:.2f}" in text
    assert "the tokenizer of model, the study's model: an estimate" in text


def test_without_a_price_there_is_no_cost(notes: StudyFolder, tmp_path: Path) -> None:
    preview = export_training_data(notes.path, tmp_path / "out", "trl", "instruction").preview
    assert preview.cost is None
    assert ("cost", "name the price of a million training tokens with --price") in preview.rows()
    assert not any("estimate" in note for note in preview.notes)  # TRL tunes this very model


def test_demonstrations_that_may_be_learnt_are_told(notes: StudyFolder, tmp_path: Path) -> None:
    told = {
        (name, candidate): " ".join(
            export_training_data(notes.path, tmp_path / f"{name}-{candidate}", name, candidate).preview.notes
        )
        for name in ("vertex", "openai")
        for candidate in ("instruction", "lora+few_shot")
    }
    assert [key for key, notes_ in told.items() if "may be learnt too" in notes_] == [("vertex", "lora+few_shot")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format_name": "opnai"}, "there is no training data format 'opnai'; did you mean 'openai'"),
        ({"epochs": 0}, "--epochs: received 0, valid is 1 or more"),
        ({"price": -1.0}, "--price: received -1, valid is a price"),
        ({"price": float("nan")}, "--price: received nan"),
    ],
)
def test_bad_options_are_one_sentence(changes: dict[str, Any], sentence: str, notes: StudyFolder, tmp_path: Path) -> None:
    options: dict[str, Any] = {"format_name": "trl"} | changes
    with pytest.raises(OptionError, match=sentence):
        export_training_data(notes.path, tmp_path / "out", **options)
