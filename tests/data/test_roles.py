"""Which columns are the input and the output, where several could be: gold before what a model said, classes before ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossover.data.infer import Prepared, prepare
from crossover.data.sketch import sketch
from crossover.data.task import load_task
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence, table, task, write


def sketched(path: Path) -> tuple[Prepared, str]:
    """The data as the task file that `init` writes for them reads them, and all that it said."""
    made = sketch(path)
    return prepare(load_task(write(path.parent, "task.yaml", made.text()))), " ".join(made.assumed)


def some(name: str, n: int, translated: bool, flags: tuple[str, str] = ("Y", "N")) -> str:
    """A value of a column: of flags, of classes, of marks, or a text of its own."""
    name = name.lower()
    if name.startswith(("is_", "verified", "recommended")):
        return flags[n % 2]
    if name.endswith(
        (
            "label",
            "category",
            "intent",
            "stance",
            "_id",
            "idx",
            "domain",
            "source",
            "adjudicated",
            "annotation",
            "prediction",
        )
    ):
        return "xyz"[n % 3] if name != "source" else f"{sentence(n)} said" if translated else "pq"[n % 2]
    if name == "status":
        return "mn"[n % 2]
    if name.endswith(("rating", "stars", "score")):
        return str(1 + n % 5)
    return f"{sentence(n)} {name}"


@pytest.mark.parametrize(
    ("columns", "source", "output"),
    [
        (["prompt", "human_answer", "model_answer"], "prompt", "human_answer"),
        (["question", "human_answers", "chatgpt_answers"], "question", "human_answers"),
        (["prompt", "expert_reply", "gpt-4o response"], "prompt", "expert_reply"),
        (["prompt", "model_response", "expected_response", "score"], "prompt", "expected_response"),
        (["text", "model_output_label", "human_label"], "text", "human_label"),
        (["text", "old_label", "label_corrected"], "text", "label_corrected"),
        (["text", "auto_label", "checked_label"], "text", "checked_label"),
        (["text", "first_label", "second_label", "adjudicated"], "text", "adjudicated"),
        (["prompt", "gpt4_response"], "prompt", "gpt4_response"),  # nothing else is the output
        (["text", "model_label"], "text", "model_label"),
        (["input_text", "target_text", "domain"], "input_text", "target_text"),
        (["text", "label_id", "source"], "text", "label_id"),
        (["text", "source", "class_idx"], "text", "class_idx"),
        (["text", "response_id", "tone_label"], "text", "tone_label"),
        (["review_text", "star_rating", "verified_purchase"], "review_text", "star_rating"),
        (["review", "Review Rating", "recommended"], "review", "Review Rating"),
        (["text", "is_train", "is_test", "is_spam"], "text", "is_spam"),
        (["problem", "type", "solution"], "problem", "solution"),
        (["problem", "solution", "answer"], "{problem}", "answer"),
        (["text", "prediction", "annotation", "status"], "text", "annotation"),
        (["category", "intent", "instruction", "response"], "instruction", "response"),
        (["prompt", "response", "label"], "{prompt}\n{response}", "label"),
        (["document", "claim", "label"], "{document}\n{claim}", "label"),
        (["Tweet", "Target", "Stance"], "{Tweet}\n{Target}", "Stance"),
    ],
)
def test_what_people_decided_is_the_output(columns: list[str], source: str, output: str, tmp_path: Path) -> None:
    path = jsonl(
        tmp_path, "rows.jsonl", [{name: some(name, n, "target" in columns) for name in columns} for n in range(15)]
    )
    found, _ = sketched(path)
    assert (found.task.input, found.task.output) == (source, output)


def test_columns_that_say_which_split_a_row_is_of_are_no_label(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "is_train": int(n < 9), "is_test": int(n >= 9), "kind": "xyz"[n % 3]} for n in range(12)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert found.task.output == "kind"
    assert "'is_train', 'is_test'" in said


@pytest.mark.parametrize(
    ("columns", "instruction"),
    [
        (("पाठ", "लेबल"), "Decide which लेबल fits the पाठ: x, y or z."),
        (("ข้อความ", "ป้าย"), "Decide which ป้าย fits the ข้อความ: x, y or z."),
        (("the_text", "human_label"), "Decide which label fits the the text: x, y or z."),
    ],
)
def test_marks_belong_to_their_letters_in_a_drafted_instruction(
    columns: tuple[str, str], instruction: str, tmp_path: Path
) -> None:
    rows = [{columns[0]: sentence(n), columns[1]: "xyz"[n % 3]} for n in range(12)]
    assert sketch(jsonl(tmp_path, "rows.jsonl", rows)).draft == instruction


def test_labels_with_commas_are_told_from_each_other_in_a_drafted_instruction(tmp_path: Path) -> None:
    labels = ["Food, Drink", "Art, Culture", "Law"]
    rows = [{"text": sentence(n), "topic": labels[n % 3]} for n in range(12)]
    drafted = sketch(jsonl(tmp_path, "rows.jsonl", rows)).draft
    assert drafted == "Decide which topic fits the text: Art, Culture; Food, Drink or Law."


def test_the_better_of_two_short_answers_is_a_label_in_a_drafted_instruction(tmp_path: Path) -> None:
    rows = [{"prompt": sentence(n), "chosen": "xyz"[n % 3], "rejected": "no"} for n in range(12)]
    assert sketch(jsonl(tmp_path, "rows.jsonl", rows)).draft == "Decide which label fits the text: x, y or z."


def test_a_column_that_is_no_text_is_named_where_another_is_missed(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"text": [b"a", b"b"], "label": ["x", "y"]}), tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"valid are two, .*; not used: the column 'text', which cannot be"):
        sketch(tmp_path / "rows.parquet")


ANSWERS: list[Any] = [
    lambda label: {"kind": [{"value": None, "status": "draft"}, {"value": label}, {"value": "w", "user_id": "u"}]},
    lambda label: [
        {"values": {"kind": {"value": "w"}}, "status": "discarded"},
        {"values": {"kind": {"value": label}}, "status": "submitted"},
    ],
]


@pytest.mark.parametrize("answers", ANSWERS)
def test_records_of_argilla_are_read_by_their_first_response(answers: Any, tmp_path: Path) -> None:
    rows = [
        {
            "id": f"r{n}",
            "status": "completed",
            "fields": {"text": sentence(n)},
            "suggestions": {},
            "responses": answers("xyz"[n % 3]) if n else type(answers(""))(),
        }
        for n in range(13)
    ]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output, found.task.kind) == ("text", "kind", "classify")
    assert {example.id: example.output for example in found.splits.all} == {f"r{n}": "xyz"[n % 3] for n in range(1, 13)}
    assert "it is an export of Argilla: the first response of each record is read" in said
    assert "1 row with a blank input or output, left out" in said


def test_an_object_of_0_and_1_is_the_label_that_is_1(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "cats": {name: float(name == "xyz"[n % 3]) for name in "xyz"}} for n in range(12)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.output, found.task.kind, set(found.task.labels)) == ("cats", "classify", set("xyz"))
    assert "'cats' holds objects of 0 and 1, and exactly one is 1 in each row" in said
    rows[4]["cats"] = {"x": 1, "y": 1, "z": 0}  # several may be
    assert sketched(jsonl(tmp_path, "several.jsonl", rows))[0].task.kind == "extract"


@pytest.mark.parametrize("written", [json.dumps, lambda spans: str([tuple(span) for span in spans])])
def test_places_that_a_table_holds_as_text_are_read_as_those_of_json(written: Any, tmp_path: Path) -> None:
    held = [written([[0, 3, "WHO"]]) if n % 4 else "[]" for n in range(12)]
    texts = "".join(f'Ada paid {sentence(n)},"{spans}"\n'.replace('"WHO"', '""WHO""') for n, spans in enumerate(held))
    found, _ = sketched(write(tmp_path, "rows.csv", f"text,entities\n{texts}"))
    assert found.task.kind == "extract"
    assert sorted({example.output for example in found.splits.all}) == ['{"WHO": ["Ada"]}', "{}"]


def test_places_as_text_that_cannot_be_read_are_one_sentence(tmp_path: Path) -> None:
    texts = "".join(f'{sentence(n)},"[[0, {n % 3 + 1}]]"\n' for n in range(12))
    write(tmp_path, "rows.csv", f"text,spans\n{texts}")
    with pytest.raises(
        DataError, match=r"rows.csv, line 2: the output 'spans' holds places in a text; valid is what stands"
    ):
        prepare(task(tmp_path, "rows.csv", output="spans"))


@pytest.mark.parametrize(
    ("labels", "joined"),
    [
        (["joy, anger", "anger, joy", "fear"], 8),
        (["joy, anger", "anger, fear", "fear"], 8),
        (["joy/anger", "joy", "anger"], 4),
        (["joy + anger", "joy", "anger"], 4),
        (["joy and anger", "joy", "anger"], 4),
        (["joy", "joy, mild", "fear, mild", "fear"], 6),
        (["joy", "joy|mild", "fear|mild", "fear"], 6),
        (["Art", "Art, Culture", "Food, Drink", "Food"], 0),
        (["Paris", "Paris, France", "Lyon, France", "Bonn"], 0),
        (["Art, Culture", "Food, Drink", "Law"], 0),
        (["Paris, France", "Lyon, France", "Bonn, Germany"], 0),
        (["C", "C++", "C#"], 0),
        (["N/A", "yes", "no"], 0),
    ],
)
def test_labels_that_join_several_are_said(labels: list[str], joined: int, tmp_path: Path) -> None:
    jsonl(tmp_path, "rows.jsonl", [{"text": sentence(n), "label": labels[n % len(labels)]} for n in range(12)])
    found = prepare(task(tmp_path, "rows.jsonl")).findings
    assert sum(len(one.rows) for one in found if one.code == "several_labels") == joined


@pytest.mark.parametrize(
    ("labels", "alike"),
    [
        (["True", "1", "False", "0"], ["the labels 'True', '1' differ", "the labels 'False', '0' differ"]),
        (["yes", "true", "no"], ["the labels 'yes', 'true' differ"]),
        (["Q&A", "Q&amp;A", "other"], ["the labels 'Q&A', 'Q&amp;A' differ"]),
        (["caf\u00e9", "caf&eacute;", "C++", "C%2B%2B"], ["'caf\u00e9', 'caf&eacute;'", "'C++', 'C%2B%2B'"]),
        (["R&D", "R & D", "A&B"], []),
        (["true", "0"], []),
        (["0", "1", "2", "true"], []),
    ],
)
def test_labels_that_say_the_same_in_two_ways_are_said(labels: list[str], alike: list[str], tmp_path: Path) -> None:
    write(tmp_path, "rows.csv", table(dict.fromkeys(labels, 8)))
    found = [one.message for one in prepare(task(tmp_path, "rows.csv")).findings if one.code == "label_variants"]
    quoted = [sorted(said.split("'")[1::2]) for said in found]
    assert sorted(quoted) == sorted(sorted(said.split("'")[1::2]) for said in alike)


def test_outputs_that_are_measured_are_told_that_nearly_is_wrong(tmp_path: Path) -> None:
    jsonl(tmp_path, "rows.jsonl", [{"text": sentence(n), "label": n / 8} for n in range(12)])
    [said] = [one.message for one in prepare(task(tmp_path, "rows.jsonl")).findings if one.code == "number_outputs"]
    assert said.startswith("the outputs are numbers (from 0 to 1.375), and exact_match takes 'nearly' for wrong")
    jsonl(tmp_path, "whole.jsonl", [{"text": sentence(n), "label": n} for n in range(12)])
    codes = [one.code for one in prepare(task(tmp_path, "whole.jsonl")).findings]
    assert "number_outputs" not in codes


@pytest.mark.parametrize(
    ("columns", "source", "output"),
    [
        ({"response_text": sentence, "theme": lambda n: "abc"[n % 3]}, "response_text", "theme"),
        ({"answer_text": sentence, "grade": lambda n: "ABC"[n % 3]}, "answer_text", "grade"),
        ({"input_text": sentence, "target_text": lambda n: f"{sentence(n)}!", "domain": lambda n: "ab"[n % 2]},
         "input_text", "target_text"),
        ({"text": sentence, "target": lambda n: "04"[n % 2], "sentiment": lambda n: ("neg", "pos")[n % 2]}, "text",
         "sentiment"),
        ({"problem": sentence, "solution": lambda n: f"{sentence(n)}.", "label": lambda n: "ab"[n % 2]},
         "{problem}\n{solution}", "label"),
        ({"problem": sentence, "solution": lambda n: f"{sentence(n)}."}, "problem", "solution"),
        ({"s1": lambda n: f"item{n}", "s2": lambda n: f"thing{n * 7}", "label": lambda n: "01"[n % 2]}, "{s1}\n{s2}",
         "label"),
    ],
)  # fmt: skip
def test_what_only_sounds_like_an_answer_is_read(columns: dict[str, Any], source: str, output: str, tmp_path: Path) -> None:
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", [{name: of(n) for name, of in columns.items()} for n in range(24)]))
    assert found.task.output == output
    assert found.task.input in (source, f"{{{source}}}")


def test_an_object_of_0_and_1_is_one_label_where_all_tables_say_so_and_nothing_to_extract_is_asked(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": {"a": n % 2, "b": 1 - n % 2}} for n in range(20)]
    none = [{"text": sentence(n), "label": {"a": 0, "b": 0}} for n in range(20, 30)]
    jsonl(tmp_path, "rows.jsonl", rows)
    jsonl(tmp_path, "test.jsonl", none)
    one = prepare(task(tmp_path, "rows.jsonl"))
    assert {example.output for example in one.splits.all} == {"a", "b"}
    asked = prepare(task(tmp_path, "rows.jsonl", kind="extract"))
    both = prepare(task(tmp_path, {"train": "rows.jsonl", "test": "test.jsonl"}, kind="extract"))
    for found in (asked, both):
        assert all(example.output.startswith("{") for example in found.splits.all)


@pytest.mark.parametrize("held", ['[{"start": 3, "end": 7, "what": "call"}]', '[[28, 32, "PER"]]'])
def test_json_that_begins_and_ends_somewhere_may_be_what_is_to_be_written(held: str, tmp_path: Path) -> None:
    jsonl(tmp_path, "rows.jsonl", [{"text": sentence(n), "label": held.replace("3", str(n))} for n in range(20)])
    found = prepare(task(tmp_path, "rows.jsonl", kind="generate"))
    assert len({example.output for example in found.splits.all}) == 20


def test_fields_and_responses_of_another_are_no_record_of_argilla(tmp_path: Path) -> None:
    rows = [{"fields": {"text": sentence(n)}, "responses": {"count": 3}, "label": "ab"[n % 2]} for n in range(20)]
    found = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, input="{fields.text}"))
    assert {example.output for example in found.splits.all} == {"a", "b"}


def test_classes_called_train_are_classes(tmp_path: Path) -> None:
    names = ("train", "bus", "car")
    rows = [{"text": sentence(n), **{name: int(n % 3 == at) for at, name in enumerate(names)}} for n in range(24)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert {example.output for example in found.splits.all} == set(names)
