"""Layouts that people have: what is the input and what the output of each, and that it is said."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from crossover.data.infer import prepare
from crossover.data.load import load_rows
from crossover.data.sketch import sketch
from crossover.data.task import load_task
from crossover.errors import DataError, NoRows
from tests.data.builders import examples, jsonl, sentence, task, write

ANSWERS = ["Call us.", "Write to us.", "Wait a day."]


def sketched(path: Path) -> tuple[Any, str]:
    """What `init` makes of a file, prepared, and what it says."""
    made = sketch(path)
    return prepare(load_task(write(path.parent, "task.yaml", made.text()))), "\n".join(made.assumed)


def listed(folder: Path, rows: list[dict[str, Any]]) -> Path:
    return write(folder, "rows.json", json.dumps(rows))


def test_alpaca_with_inputs_that_are_mostly_empty(tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Do {sentence(n)}", "input": "" if n % 4 else f"with {n}", "output": ANSWERS[n % 3]}
        for n in range(24)
    ]
    found, said = sketched(listed(tmp_path, rows))
    assert (found.task.input, found.task.output) == ("{instruction}\n{input}", "output")
    assert len(found.splits.all) == 24
    assert {e.input for e in found.splits.all} >= {f"Do {sentence(0)}\nwith 0", f"Do {sentence(1)}"}
    assert "the columns 'instruction' and 'input', by the layout (Alpaca)" in said


@pytest.mark.parametrize("names", [("Instruction", "Input", "Output"), ("instruction", "input", "response")])
def test_alpaca_under_its_other_names(names: tuple[str, str, str], tmp_path: Path) -> None:
    asked, given, answer = names
    rows = [{asked: f"Name team {n}", given: "" if n % 3 else "now", answer: ["a", "b"][n % 2]} for n in range(12)]
    made, said = sketched(listed(tmp_path, rows))
    assert (made.task.input, made.task.output) == (f"{{{asked}}}\n{{{given}}}", answer)
    assert len(made.splits.all) == 12
    assert "by the layout (Alpaca)" in said


def test_dolly_has_its_answer_in_the_response_and_not_in_the_category(tmp_path: Path) -> None:
    rows = [
        {"instruction": sentence(n), "context": "", "response": ANSWERS[n % 3], "category": "qa"}
        | ({"context": "x"} if n else {})
        for n in range(12)
    ]
    found, _ = sketched(listed(tmp_path, rows))
    assert (found.task.input, found.task.output) == ("{instruction}\n{context}", "response")


def test_dolly_whose_contexts_are_all_empty_has_its_answer_in_the_response(tmp_path: Path) -> None:
    rows = [{"instruction": sentence(n), "context": "", "response": f"r {n}", "category": "ab"[n % 2]} for n in range(12)]
    found, _ = sketched(listed(tmp_path, rows))
    assert found.task.output == "response"
    assert found.splits.all[0].input.count("\n") == 0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", '{"text": ["a"], "label": ["b", "c"]}', "looks like one entry for each column"),
        ("a.json", '{"train": [["a", "x"]], "test": [["b", "x"]]}', "holds the splits train, test: save each as a file"),
        ("a.json", '{"train": [{"a": 1}], "test": [{"a": 1}]}', "holds the splits train, test: save each as a file"),
        ("a.json", '{"talk": [{"role": "user", "content": "a"}]}', "save the list under 'talk' alone"),
        ("a.json", '{"a": 1}\n{"a": \n', "a.json, line 2: not valid JSON"),
        ("a.jsonl", "[1, 2]\n", "line 1: received a list, valid is an object"),
        ("a.json", '[{"a": 1},]', "not valid JSON"),
    ],
)
def test_json_of_another_form_is_told_what_it_is(name: str, text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        load_rows(write(tmp_path, name, text))
    assert says in str(refused.value)


TABLE = [{"text": f"t{n}", "label": "xy"[n % 2]} for n in range(4)]


@pytest.mark.parametrize(
    ("name", "held", "says"),
    [
        ("a.jsonl", TABLE, ""),
        ("a.json", {"version": "1", "data": TABLE}, "the rows are the list 'data'"),
        ("a.json", {"schema": {"fields": [{"name": "text"}]}, "data": TABLE}, "the rows are the list 'data'"),
        ("a.json", {"nlu": {"common_examples": TABLE, "synonyms": []}}, "the rows are the list 'common_examples'"),
        ("a.json", {"Instances": TABLE, "Positive Examples": [{"input": "a"}]}, "the rows are the list 'Instances'"),
        ("a.json", {f"id{n}": row for n, row in enumerate(TABLE)}, "the rows stand under their ids"),
        ("a.json", {k: {str(n): row[k] for n, row in enumerate(TABLE)} for k in TABLE[0]}, "column by column"),
        ("a.json", {k: [row[k] for row in TABLE] for k in TABLE[0]}, "column by column"),
        ("a.json", {"columns": ["text", "label"], "index": [0], "data": [list(r.values()) for r in TABLE]}, "column by"),
    ],
)
def test_rows_are_found_where_json_holds_them_plainly(name: str, held: object, says: str, tmp_path: Path) -> None:
    rows = load_rows(write(tmp_path, name, json.dumps(held)))
    assert [row.fields for row in rows] == TABLE
    assert all(says in "".join(row.remarks) for row in rows)


def test_one_object_a_line_is_read_whatever_the_name(tmp_path: Path) -> None:
    rows = load_rows(write(tmp_path, "a.json", "".join(json.dumps(row) + "\n" for row in TABLE)))
    assert [row.fields for row in rows] == TABLE
    assert rows[3].source == "a.json, line 4"


def test_squad_as_it_is_given_out_has_a_question_a_row(tmp_path: Path) -> None:
    asked = [
        {"question": f"When {n}?", "id": f"q{n}", "answers": [{"text": f"in {n}", "answer_start": 0}]} for n in range(8)
    ]
    paragraphs = [{"context": f"{sentence(n)} in {n} to {n + 1}", "qas": asked[n : n + 2]} for n in range(0, 8, 2)]
    found, _ = sketched(
        write(tmp_path, "dev.json", json.dumps({"version": "2", "data": [{"title": "A", "paragraphs": paragraphs}]}))
    )
    assert (found.task.input, found.task.output, len(found.splits.all)) == ("{question}\n{context}", "answers", 8)
    assert {example.output for example in found.splits.all} == {f"in {n}" for n in range(8)}


@pytest.mark.parametrize("column", ["conversations", "Messages", "dialog", "chat"])
def test_a_conversation_is_found_behind_an_empty_one_and_under_its_other_names(tmp_path: Path, column: str) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    rows = [{column: [], "source": "x"}, {column: turns, "source": "y"}]
    with pytest.raises(DataError, match=r"line 1: .* is a list; valid is a list of messages, not empty"):
        load_rows(jsonl(tmp_path, "rows.jsonl", rows))
    [row] = load_rows(jsonl(tmp_path, "rows.jsonl", rows[1:]))
    assert (row.fields["input"], row.fields["output"]) == ("a", "b")


def test_prompts_and_completions_may_be_conversations(tmp_path: Path) -> None:
    rows = [
        {
            "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": sentence(n)}],
            "completion": [{"role": "assistant", "content": ANSWERS[n % 3]}],
        }
        for n in range(12)
    ]
    [row, *_] = load_rows(jsonl(tmp_path, "rows.jsonl", rows))
    assert (row.fields["prompt"], row.fields["completion"], row.system) == (sentence(0), ANSWERS[0], "Be brief.")
    assert "read as chat" in row.remarks[0]


def test_pairs_of_texts_are_read_whole(tmp_path: Path) -> None:
    rows = [{"premise": sentence(n), "hypothesis": f"so {sentence(n)}", "label": n % 2} for n in range(12)]
    assert sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.task.input == "{premise}\n{hypothesis}"


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        *(
            ("sentence1", "sentence2", "gold_label"),
            ("Text_A", "Text_B", "score"),
            ("question1", "question2", "is_duplicate"),
        ),
        *(("claim", "evidence", "verdict"), ("question", "passage", "answer"), ("text", "aspect", "sentiment")),
    ],
)
def test_texts_that_belong_together_are_read_whole_whatever_the_output_is(
    first: str, second: str, answer: str, tmp_path: Path
) -> None:
    rows = [{"qid": n, first: sentence(n), second: f"so {n}", answer: n % 2} for n in range(12)]
    made, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (made.task.input, made.task.output) == (f"{{{first}}}\n{{{second}}}", answer)
    assert "not used: the column 'qid'" in said


def test_choices_stand_in_the_input_of_a_question(tmp_path: Path) -> None:
    lettered = [
        {"question": sentence(n), **{one: f"{one}{n}" for one in "ABCD"}, "answer": "ABCD"[n % 4]} for n in range(16)
    ]
    made, _ = sketched(jsonl(tmp_path, "rows.jsonl", lettered))
    assert (made.task.input, made.task.output) == ("{question}\nA: {A}\nB: {B}\nC: {C}\nD: {D}", "answer")
    rows = [{"question": sentence(n), "choices": ["x", "y"], "answer": n % 2} for n in range(12)]
    made, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert made.task.input == "{question}\n{choices}"
    assert "the column 'choices' holds lists or objects, which stand in it as JSON" in said


@pytest.mark.parametrize(
    ("pair", "outcome"),
    [(("response_a", "response_b"), "winner"), (("Answer1", "Answer2"), "preference"), (("output_1", "output_2"), "label")],
)
def test_two_answers_and_the_better_one_are_a_comparison(pair: tuple[str, str], outcome: str, tmp_path: Path) -> None:
    one, two = pair
    rows = [{"prompt": sentence(n), one: f"yes {n}", two: f"no {n}", outcome: ["a", "b", "tie"][n % 3]} for n in range(12)]
    made, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert made.task.input == f"{{prompt}}\n{one}: {{{one}}}\n{two}: {{{two}}}"
    assert made.task.output == outcome
    assert "by the layout (which of two answers is the better)" in said
    assert "to give the better answer instead, have it in a column 'chosen' and the other in 'rejected'" in said


def test_a_comparison_whose_outcome_stands_in_several_columns_is_refused(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "response_a": "x", "response_b": "y", "winner_model_a": 1, "winner_tie": 0}] * 12
    with pytest.raises(DataError, match=r"stands in several columns \('winner_.*'\); valid is one, such as 'winner'"):
        sketch(listed(tmp_path, rows))


def test_a_comparison_whose_outcome_is_one_of_several_columns_is_read_as_one_label(tmp_path: Path) -> None:
    ways = ("winner_model_a", "winner_model_b", "winner_tie")
    rows = [
        {"prompt": sentence(n), "response_a": f"yes {n}", "response_b": f"no {n}"}
        | {way: int(n % 3 == place) for place, way in enumerate(ways)}
        for n in range(24)
    ]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert found.task.input == "{prompt}\nresponse_a: {response_a}\nresponse_b: {response_b}"
    assert (found.task.output, sorted(found.task.labels)) == ("label", sorted(ways))
    assert "the 3 columns 'winner_model_a' to 'winner_tie' are 0 or 1, and exactly one is 1 in each row" in said
    assert "not used" not in said


@pytest.mark.parametrize("column", ["dialogue", "Turns", "utterances"])
def test_what_was_said_as_a_list_of_texts_is_read_as_turns(column: str, tmp_path: Path) -> None:
    rows = [{column: [sentence(n), "Go on.", "Bye"], "label": "ab"[n % 2]} for n in range(12)]
    made, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert made.splits.all[0].input.endswith("\nGo on.\nBye")
    assert f"the column '{column}' holds lists of texts: they are read as turns, one a line" in said


@pytest.mark.parametrize("better", ["chosen_response", "good_reply"])
def test_an_answer_that_is_not_to_be_given_is_never_the_output(better: str, tmp_path: Path) -> None:
    rows = [{"instruction": f"Say {n}", better: f"yes {n}", "rejected_response": f"no {n}"} for n in range(12)]
    made, _ = sketched(listed(tmp_path, rows))
    assert (made.task.input, made.task.output) == ("instruction", better)


def test_of_a_pair_the_chosen_answer_is_the_output(tmp_path: Path) -> None:
    rows = [{"prompt": sentence(n), "chosen": f"Yes, {sentence(n)}!", "rejected": f"No {n}"} for n in range(12)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("prompt", "chosen")
    assert "'rejected' is not used" in said
    assert found.splits.all[0].output.startswith("Yes")


@pytest.mark.parametrize("asked", ["prompt", "turns", "none", "human"])
def test_pairs_in_chat_form(asked: str, tmp_path: Path) -> None:
    user, good, bad = ({"role": r, "content": c} for r, c in (("user", "Hi?"), ("assistant", "Good"), ("assistant", "Bad")))
    row: dict[str, Any] = {
        "prompt": {"prompt": "Hi?", "chosen": [user, good], "rejected": [user, bad]},
        "turns": {"prompt": [user], "chosen": [good], "rejected": [bad]},
        "none": {"chosen": [user, good], "rejected": [user, bad]},
        "human": {"chosen": "\n\nHuman: Hi?\n\nAssistant: Good", "rejected": "\n\nHuman: Hi?\n\nAssistant: Bad"},
    }[asked]
    [read] = load_rows(jsonl(tmp_path, "rows.jsonl", [row]))
    assert read.fields == {"prompt": "Hi?", "chosen": "Good", "rejected": "Bad"}


def share(n: int, **changes: Any) -> dict[str, Any]:
    talk = [{"from": "human", "value": sentence(n)}, {"from": "gpt", "value": ["red", "green"][n % 2]}]
    return {"id": f"c{n}", "conversations": talk, "source": ["mail", "web"][n % 2]} | changes


def test_sharegpt_is_read_as_chat(tmp_path: Path) -> None:
    found, said = sketched(listed(tmp_path, [share(n) for n in range(12)]))
    assert (found.task.input, found.task.output) == ("input", "output")
    assert {e.output for e in found.splits.all} == {"red", "green"}
    assert all(e.input in {sentence(n) for n in range(12)} for e in found.splits.all)
    assert "'conversations' is read as chat" in said


@pytest.mark.parametrize(
    "talk",
    [
        [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}],
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
        ],
    ],
)
def test_either_way_of_naming_turns_in_either_column(talk: list[dict[str, str]], tmp_path: Path) -> None:
    for column in ("conversations", "messages"):
        [row] = load_rows(jsonl(tmp_path, "rows.jsonl", [{column: talk}]))
        assert (row.fields, row.system) == ({"input": "Hi", "output": "Hello"}, "Be brief.")


def test_a_speaker_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    talk = [{"from": "human", "value": "Hi"}, {"from": "narrator", "value": "Hello"}]
    with pytest.raises(DataError, match=r"row 1, message 2: role 'narrator'; valid: human, gpt"):
        load_rows(listed(tmp_path, [{"conversations": talk}]))


@pytest.mark.parametrize("show", [json.dumps, str])
def test_messages_as_text_inside_a_csv(show: Any, tmp_path: Path) -> None:
    talk = show([{"role": "user", "content": "It's here"}, {"role": "assistant", "content": "Good"}])
    quoted = '"' + talk.replace('"', '""') + '"'
    [row] = load_rows(write(tmp_path, "rows.csv", f"id,messages\n1,{quoted}\n"))
    assert row.fields == {"id": "1", "input": "It's here", "output": "Good"}


def test_an_output_column_beside_a_conversation_is_kept(tmp_path: Path) -> None:
    user, assistant = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}
    rows = [{"messages": [user], "output": "greeting"}, {"messages": [user, assistant], "output": "polite"}]
    found = examples(task(tmp_path, jsonl(tmp_path, "c.jsonl", rows).name, input="input", output="output"))
    assert [(e.input, e.output) for e in found] == [("Hi", "greeting"), ("user: Hi\nassistant: Hello", "polite")]
    with pytest.raises(DataError, match=r"line 1: it has 'messages' and a column 'input' too"):
        load_rows(jsonl(tmp_path, "d.jsonl", [{"messages": [user], "input": "another"}]))


def classes(folder: Path, **features: Any) -> Path:
    """A Parquet file with the metadata that `datasets` writes."""
    table = pyarrow.table(
        {"text": [sentence(n) for n in range(4)], "label": [0, 1, -1, None], "tags": [[0], [1, 1], [], None]}
    )
    meta = {"info": {"features": {"text": {"dtype": "string", "_type": "Value"}, **features}}}
    path = folder / "rows.parquet"
    pyarrow.parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(meta)}), path)
    return path


def test_classes_of_a_parquet_file_are_read_by_their_names(tmp_path: Path) -> None:
    kind = {"names": ["good", "bad"], "_type": "ClassLabel"}
    rows = load_rows(classes(tmp_path, label=kind, tags={"feature": kind, "_type": "List"}))
    assert [row.fields["label"] for row in rows] == ["good", "bad", None, None]
    assert [row.fields["tags"] for row in rows] == [["good"], ["bad", "bad"], [], None]
    assert rows[0].remarks[0] == "the column 'label' holds numbers of classes: read by their names"


@pytest.mark.parametrize("features", [{}, {"label": {"dtype": "int64", "_type": "Value"}}, {"label": "?"}, {"label": None}])
def test_numbers_without_names_stay_numbers(features: dict[str, Any], tmp_path: Path) -> None:
    assert [row.fields["label"] for row in load_rows(classes(tmp_path, **features))] == [0, 1, -1, None]


def test_classes_of_a_data_set_are_read_by_their_names(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    names = datasets.ClassLabel(names=["good", "bad"])
    features = datasets.Features({"text": datasets.Value("string"), "label": names})
    data = {"text": [sentence(n) for n in range(10)], "label": [n % 2 for n in range(10)]}
    datasets.Dataset.from_dict(data, features).save_to_disk(tmp_path / "data")
    found = prepare(task(tmp_path, "hf:data"))
    assert list(found.task.labels) == ["bad", "good"]
    assert "data: the column 'label' holds numbers of classes: read by their names" in found.task.assumptions
    datasets.Dataset.from_dict(data, features).to_parquet(tmp_path / "rows.parquet")
    assert list(prepare(task(tmp_path, "rows.parquet")).task.labels) == ["bad", "good"]


def test_a_class_without_a_name_is_refused(tmp_path: Path) -> None:
    kind = {"names": ["good"], "_type": "ClassLabel"}
    said = r"rows.parquet, row 2, column 'label': received the class 1; valid: 0 to 0, the names that the file has"
    with pytest.raises(DataError, match=said):
        load_rows(classes(tmp_path, label=kind))


def test_a_column_is_found_by_its_name_in_either_unicode_form(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", "te\u0301xt,\ufefflabel\na,b\n")
    [example] = examples(task(tmp_path, path.name, input="t\u00e9xt"))
    assert (example.input, example.output) == ("a", "b")


def talks(tmp_path: Path, row: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    [read] = load_rows(jsonl(tmp_path, "rows.jsonl", [row]))
    return read.fields, read.system


def test_turns_in_pairs_are_a_conversation(tmp_path: Path) -> None:
    row = {"conversation": [{"system": "Be brief.", "input": "Hi", "output": "Hello"}]}
    assert talks(tmp_path, row) == ({"input": "Hi", "output": "Hello"}, "Be brief.")
    row = {"turns": [{"question": "Hi?", "answer": "Yes."}, {"question": "Who?", "answer": "I."}]}
    assert talks(tmp_path, row)[0] == {"input": "user: Hi?\nassistant: Yes.\nuser: Who?", "output": "I."}
    with pytest.raises(DataError, match=r"line 1, message 1, answer: the content is a number; valid is text"):
        talks(tmp_path, {"turns": [{"question": "Hi?", "answer": 1}]})


@pytest.mark.parametrize("key", ["systemInstruction", "system_instruction"])
def test_contents_in_parts_are_a_conversation(key: str, tmp_path: Path) -> None:
    parts = [{"text": "Let me see.", "thought": True}, {"text": "Hel"}, {"text": "lo"}]
    turns = [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": parts}]
    row = {key: {"parts": [{"text": "Be brief."}]}, "contents": turns}
    assert talks(tmp_path, row) == ({"input": "Hi", "output": "Hello"}, "Be brief.")
    assert talks(tmp_path, {"contents": [{"parts": [{"text": "Hi"}]}], "output": "x"})[0] == {"input": "Hi", "output": "x"}
    assert talks(tmp_path, {key: None, "contents": turns}) == ({"input": "Hi", "output": "Hello"}, None)
    with pytest.raises(DataError, match=r"message 1: role 'robot'; valid: model, system"):
        talks(tmp_path, {"contents": [{"role": "robot", "parts": [{"text": "Hi"}]}]})
    with pytest.raises(DataError, match=r"message 1: it has a part 'inlineData', which is no text; valid are"):
        talks(tmp_path, {"contents": [{"role": "user", "parts": [{"inlineData": {}}]}]})


def test_parts_that_are_thoughts_are_left_out(tmp_path: Path) -> None:
    parts = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello"}]
    row = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": parts}]}
    assert talks(tmp_path, row)[0] == {"input": "Hi", "output": "Hello"}


def test_pairs_as_openai_writes_them(tmp_path: Path) -> None:
    rows = [
        {
            "input": {"messages": [{"role": "user", "content": sentence(n)}], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [{"role": "assistant", "content": f"Yes, {sentence(n)}!"}],
            "non_preferred_output": [{"role": "assistant", "content": f"No {n}"}],
        }
        for n in range(12)
    ]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("input", "preferred_output")
    assert "'preferred_output' is the better one, and 'non_preferred_output' is not used" in said
    assert {(e.input, e.output) for e in found.splits.all} == {(sentence(n), f"Yes, {sentence(n)}!") for n in range(12)}


@pytest.mark.parametrize("listed_", [True, False])
def test_of_answers_with_their_places_the_first_text_is_read(listed_: bool, tmp_path: Path) -> None:
    def answers(n: int) -> Any:
        texts = [f"the {sentence(n)}", f"{n}"] if n else []
        if listed_:
            return [{"text": text, "answer_start": 3} for text in texts]
        return {"text": texts, "answer_start": [3] * len(texts)}

    rows = [{"context": f"Here is {n}", "question": sentence(n), "answers": answers(n)} for n in range(13)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output, found.task.kind) == ("{question}\n{context}", "answers", "generate")
    assert {e.output for e in found.splits.all} == {f"the {sentence(n)}" for n in range(1, 13)}
    assert found.splits.blank == ("rows.jsonl, line 1",)
    assert "'answers' holds answers with their places: the first text of each row is read" in said


def test_a_list_of_labels_is_one_sentence_and_a_list_of_one_its_label(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": [["red", "green"][n % 2]]} for n in range(12)]
    found = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name))
    assert list(found.task.labels) == ["green", "red"]
    assert "data: the column 'label' holds lists of one: each is read as what it holds" in found.task.assumptions
    rows[3]["label"] = ["red", "green"]
    with pytest.raises(DataError, match=r"line 4: the output 'label' is a list of 2; valid is one label or text a row"):
        prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name))
    assert prepare(task(tmp_path, "rows.jsonl", kind="generate")).task.kind == "generate"
    lists = ['"[""red""]"', '"[""red"", ""green""]"']
    texts = "".join(f"{sentence(n)},{lists[n % 2]}\n" for n in range(12))
    [finding, *_] = prepare(task(tmp_path, write(tmp_path, "rows.csv", f"text,label\n{texts}").name)).findings
    assert (finding.level, finding.code) == ("error", "several_labels")
    assert finding.message == 'the output ["red", "green"] is a list of labels; valid is one label a row: keep the main one'


def test_labels_that_join_others_are_said(tmp_path: Path) -> None:
    labels = ["red", "green", "red;green"]
    texts = "".join(f"{sentence(n)},{labels[n % 3]}\n" for n in range(18))
    found = prepare(task(tmp_path, write(tmp_path, "rows.csv", f"text,label\n{texts}").name)).findings
    assert "6 rows with several labels, such as 'red;green': each combination counts as a label" in [
        f.message for f in found
    ]


@pytest.mark.parametrize(("who", "what"), [("speaker", "text"), ("from", "value"), ("role", "content"), ("author", "body")])
@pytest.mark.parametrize("column", ["items", "dialog"])
def test_a_conversation_that_nobody_can_read_is_no_input_for_some_other_column(
    who: str, what: str, column: str, tmp_path: Path
) -> None:
    talks = [[{who: "user", what: sentence(n)}, {who: "assistant", what: "yes"}] for n in range(12)]
    known = column == "dialog" and who in ("from", "role")
    path = jsonl(tmp_path, "rows.jsonl", [{column: talk, "source": "ab"[n % 2]} for n, talk in enumerate(talks)])
    if known:
        found, said = sketched(path)
        assert {e.output for e in found.splits.all} == {"yes"}
        assert "not used: the column 'source'" in said
    else:
        with pytest.raises(DataError, match=f"the column '{column}' holds conversations, and no column is named like an"):
            sketch(path)
    rows = [{column: talk[:1], "label": "ab"[n % 2]} for n, talk in enumerate(talks)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert {e.output for e in found.splits.all} == {"a", "b"}


def test_conversations_without_an_answer_are_one_sentence(tmp_path: Path) -> None:
    turns = [[{"role": "user", "content": sentence(n)}] for n in range(4)]
    with pytest.raises(DataError, match="no conversation ends with an answer, and no other column has content"):
        sketch(jsonl(tmp_path, "rows.jsonl", [{"messages": talk} for talk in turns]))


def test_columns_that_are_not_used_are_said(tmp_path: Path) -> None:
    row = {"text": "t", "label": "x", "customer": "c", "rejected": "no"} | {f"c{n}": "v" for n in range(7)}
    rows = [row | {"text": sentence(n), "label": "xy"[n % 2], "id": str(n)} for n in range(12)]
    _, said = sketched(listed(tmp_path, rows))
    assert "not used: the columns 'rejected', 'c0', 'c1', 'c2', 'c3', 'c4' and 2 more" in said
    _, said = sketched(listed(tmp_path, [{"prompt": sentence(n), "chosen": "a", "rejected": "b"} for n in range(12)]))
    assert "not used: the column" not in said


@pytest.mark.parametrize("better", ["chosen", "preferred_output"])
def test_a_drafted_instruction_asks_for_an_answer_and_not_for_the_better_one(better: str, tmp_path: Path) -> None:
    worse = {"chosen": "rejected"}.get(better, f"non_{better}")
    rows = [{"prompt": sentence(n), better: f"Dear you, {sentence(n)} is well", worse: "no"} for n in range(12)]
    assert (
        sketch(listed(tmp_path, [row | {"input": row["prompt"]} for row in rows])).draft == "Write the answer to the text."
    )


@pytest.mark.parametrize("beside", ["label", "Intent"])
def test_a_label_beside_a_conversation_with_an_answer_is_said_to_be_a_choice(beside: str, tmp_path: Path) -> None:
    turns = [[{"role": r, "content": f"{r} {sentence(n)}"} for r in ("user", "assistant")] for n in range(12)]
    rows = [{"messages": talk, beside: "ab"[n % 2]} for n, talk in enumerate(turns)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert found.task.output == "output"
    assert (
        f"output: the column 'output', by the layout (chat); the column '{beside}' is not used: to learn that instead, of"
        " the whole conversation, rename it 'output'" in said
    )
    found, said = sketched(
        jsonl(tmp_path, "rows.jsonl", [{"messages": row["messages"], "output": row[beside]} for row in rows])
    )
    assert {(e.output, e.input.count("\n")) for e in found.splits.all} == {("a", 1), ("b", 1)}
    assert "is not used" not in said


@pytest.mark.parametrize(
    ("columns", "source", "output"),
    [
        (["sent_A", "sent_B", "label"], "{sent_A}\n{sent_B}", "label"),
        (["id_left", "text_left", "id_right", "text_right", "label"], "{text_left}\n{text_right}", "label"),
        (["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"], "{#1 String}\n{#2 String}", "Quality"),
        (["Context", "Hypothesis", "kind"], "{Context}\n{Hypothesis}", "kind"),
        (["question", "sentence", "label"], "{question}\n{sentence}", "label"),
        (["question", "answer", "label"], "{question}\n{answer}", "label"),
        (["ctx", "ending0", "ending1", "label"], "{ctx}\n0: {ending0}\n1: {ending1}", "label"),
        (["goal", "sol1", "sol2", "label"], "{goal}\n1: {sol1}\n2: {sol2}", "label"),
        (["question", "option_a", "option_b", "target"], "{question}\nA: {option_a}\nB: {option_b}", "target"),
        (["Class Index", "Title", "Description"], "{Title}\n{Description}", "Class Index"),
        (["subject", "body", "queue"], "{subject}\n{body}", "queue"),
        (["question", "contexts", "ground_truth", "answer"], "{question}\n{contexts}", "ground_truth"),
        (["gold_label", "sentence1", "sentence2", "label1"], "{sentence1}\n{sentence2}", "gold_label"),
        (["annotation_id", "annotator", "created_at", "lead_time", "text", "polarity"], "text", "polarity"),
        (["text", "source", "url", "kind", "predicted_label"], "text", "kind"),
        (["Question", "Category", "Best Answer"], "Question", "Best Answer"),
        (["passage", "question", "options", "label"], "{passage}\n{question}\n{options}", "label"),
        (["question", "context", "ans0", "ans1", "label"], "{context}\n{question}\n0: {ans0}\n1: {ans1}", "label"),
        (["question", "A", "B", "C", "label"], "{question}\nA: {A}\nB: {B}\nC: {C}", "label"),
        (["qtext", "label", "atext"], "{qtext}\n{atext}", "label"),
        (["q1", "q2", "kind"], "{q1}\n{q2}", "kind"),
        (["story_id", "premises", "conclusion", "label"], "{premises}\n{conclusion}", "label"),
        (["sent_more", "sent_less", "annotations", "label"], "{sent_more}\n{sent_less}", "label"),
        (["Q", "A", "label"], "{Q}\n{A}", "label"),
        (["Q", "A"], "{Q}", "A"),
        (["headline", "text", "category"], "{headline}\n{text}", "category"),
        (["Utterance", "Speaker", "Emotion", "Season", "Episode"], "Utterance", "Emotion"),
        (["utterance", "context", "targetValue"], "utterance", "targetValue"),
        (["task_id", "prompt", "entry_point", "canonical_solution", "test"], "prompt", "canonical_solution"),
        (["texto", "fuente", "etiqueta"], "texto", "etiqueta"),
        (["标签", "评论"], "评论", "标签"),
    ],
)
def test_columns_are_told_by_what_people_call_them(columns: list[str], source: str, output: str, tmp_path: Path) -> None:
    few = (
        "label",
        "Season",
        "Episode",
        "Quality",
        "kind",
        "target",
        "queue",
        "Class Index",
        "annotator",
        "label1",
        "predicted_label",
        "source",
    )

    def value(name: str, n: int) -> str:
        if name == "entry_point":
            return f"f{n}"
        return "xyz"[n % 3] if name in (*few, output) and name != "title" else f"{sentence(n)} {name}"

    rows = [{name: value(name, n) for name in columns} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == (source, output)


def test_an_input_that_lists_all_labels_does_not_say_its_own(tmp_path: Path) -> None:
    listed = [{"label": sign, "text": word} for sign, word in zip("AB", ("rain", "sun"), strict=True)]
    rows = [{"question": {"stem": sentence(n), "choices": listed}, "answerKey": "AB"[n % 2]} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert found.task.output == "answerKey"
    assert "gold_in_input" not in [finding.code for finding in found.findings]


def tools_rows(shape: Any) -> list[dict[str, Any]]:
    return [shape(sentence(n), "xyz"[n % 3]) | {"id": f"r{n}"} for n in range(12)]


@pytest.mark.parametrize(
    ("shape", "source", "output"),
    [
        (lambda t, a: {"inputs": {"question": t}, "outputs": {"answer": a}}, "inputs.question", "outputs.answer"),
        (
            lambda t, a: {"input": {"q": t, "c": "c"}, "expectedOutput": {"label": a}},
            "{input.q}\n{input.c}",
            "expectedOutput.label",
        ),
        (lambda t, a: {"inputs": {"q": t}, "outputs": {"a": a, "b": a}}, "inputs.q", "outputs"),
        (lambda t, a: {"input": t, "expected_output": {"label": a}}, "input", "expected_output.label"),
        (lambda t, a: {"item": {"text": t, "label": a}}, "item.text", "item.label"),
        (lambda t, a: {"translation": {"en": t, "de": f"{t} {a}"}}, "translation.en", "translation.de"),
        (lambda t, a: {"input": t, "slots": {"label": a}}, "input", "slots"),  # an object that is to be extracted
    ],
)
def test_objects_of_tools_for_evaluations_are_opened(shape: Any, source: str, output: str, tmp_path: Path) -> None:
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", tools_rows(shape)))
    assert (found.task.input, found.task.output, len(found.splits.all)) == (source, output, 12)
    assert "not used" not in said


def test_turns_that_are_asked_stand_in_the_input_where_the_answer_stands_beside_them(tmp_path: Path) -> None:
    def asked(text: str, answer: str) -> dict[str, Any]:
        return {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}], "ideal": answer}

    found, said = sketched(jsonl(tmp_path, "rows.jsonl", tools_rows(asked)))
    assert (found.task.input, found.task.output, found.task.instruction) == ("input", "ideal", "Be brief.")
    assert {example.input for example in found.splits.all} == {sentence(n) for n in range(12)}
    assert "data: the column 'input' is read as chat: it is what precedes the answer" in said


@pytest.mark.parametrize("talk", ["conversations", "messages"])
def test_a_pair_of_turns_answers_the_conversation_beside_it(talk: str, tmp_path: Path) -> None:
    rows = [
        {
            talk: [{"from": "human", "value": sentence(n)}],
            "chosen": {"from": "gpt", "value": f"good {n}"},
            "rejected": {"from": "gpt", "value": f"bad {n}"},
        }
        for n in range(12)
    ]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("prompt", "chosen")
    assert {(e.input, e.output) for e in found.splits.all} == {(sentence(n), f"good {n}") for n in range(12)}


@pytest.mark.parametrize(
    "held",
    [
        [{"data": {"text": "a"}, "annotations": [{"result": ["x", {"from_name": 1}, {"from_name": "m", "value": 2}]}]}],
        [{"data": {"text": "a"}, "annotations": [{"result": None}, 3]}],
        [{"data": {"text": "a"}, "annotations": [{"result": [{"from_name": "m", "value": {"labels": "x"}}]}]}],
        {"data": [{"paragraphs": [1, {"qas": [2]}, {"qas": 3}]}, {"paragraphs": []}]},
    ],
)
def test_exports_that_are_broken_are_rows_without_answers_or_a_sentence(held: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        sketch(write(tmp_path, "rows.json", json.dumps(held)))


def labelled(n: int, *choices: str, **of: Any) -> dict[str, Any]:
    result = [{"from_name": "mood", "type": "choices", "value": {"choices": [choice]}} for choice in choices]
    return {"id": n, "data": {"text": sentence(n)}, "annotations": [{"id": n, "completed_by": 1, "result": result, **of}]}


def test_an_export_of_label_studio_has_its_choices_as_the_output(tmp_path: Path) -> None:
    rows = [labelled(n, "xyz"[n % 3]) for n in range(12)]
    rows[0]["annotations"].insert(0, {"was_cancelled": True, "result": []})
    found, said = sketched(listed(tmp_path, rows))
    assert (found.task.input, found.task.output, len(found.splits.all)) == ("text", "mood", 12)
    assert "data: it is an export of Label Studio: the first annotation of each row is read" in said
    spans = [{"from_name": "ner", "value": {"start": 0, "text": "Ada", "labels": ["person"]}}]
    rows = [{"id": n, "data": {"text": f"Ada {sentence(n)}"}, "annotations": [{"result": spans}]} for n in range(12)]
    found, _ = sketched(listed(tmp_path, rows))
    assert (found.task.kind, found.splits.all[0].output) == ("extract", '{"person": ["Ada"]}')
    several = [labelled(n, "x") for n in range(12)]
    several[3]["annotations"][0]["result"][0]["value"]["choices"] = ["x", "y"]
    with pytest.raises(DataError, match=r"row 4, mood: 2 were chosen; valid is one a row"):
        load_rows(listed(tmp_path, several))


@pytest.mark.parametrize("form", ["['{}']", '["{}"]', '"{}"'])
def test_labels_that_were_written_as_lists_of_one_or_in_quotes_are_what_they_hold(form: str, tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": form.format("xyz"[n % 3])} for n in range(12)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.kind, list(found.task.labels)) == ("classify", ["x", "y", "z"])
    assert "each is read" in said
    rows[0]["label"] = "x"  # then the others are meant as they are
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert form.format("y") in found.task.labels or found.task.kind == "generate"


def test_a_column_that_is_empty_everywhere_makes_no_layout(tmp_path: Path) -> None:
    rows = [
        {"passage": sentence(n), "question": "Who?", "options": ["a", "b"], "label": "AB"[n % 2], "answer": None}
        for n in range(12)
    ]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("{passage}\n{question}\n{options}", "label")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"file_id": "f{}", "label": "{}"}, "no column holds the texts: 'file_id' only names them"),
        ({"sentid": "s{}.txt", "sentence": "text {}"}, "no column looks like an output: 'sentid' tells of a row"),
    ],
)
def test_what_only_names_rows_is_no_input_and_no_output(columns: dict[str, str], says: str, tmp_path: Path) -> None:
    rows = [{name: held.format(n % 2 if name == "label" else n) for name, held in columns.items()} for n in range(12)]
    with pytest.raises(DataError, match=says):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))


def test_where_no_column_has_a_name_all_texts_are_the_input(tmp_path: Path) -> None:
    lines = [f"{n % 3},{sentence(n)},{sentence(n + 40)}" for n in range(15)]
    found, said = sketched(write(tmp_path, "rows.csv", "\n".join(lines) + "\n"))
    assert (found.task.input, found.task.output) == ("{column_2}\n{column_3}", "column_1")
    assert "input: the columns 'column_2', 'column_3', all texts" in said


def test_where_no_column_holds_texts_all_are_the_input(tmp_path: Path) -> None:
    lines = [f"{5 + n / 10},{3 + n / 7:.1f},{['north', 'south'][n % 2]},{'xyz'[n % 3]}" for n in range(24)]
    found, said = sketched(write(tmp_path, "rows.csv", "length,width,side,class\n" + "\n".join(lines) + "\n"))
    assert found.splits.all[0].input.splitlines()[0].startswith("length: ")
    assert found.task.input == "length: {length}\nwidth: {width}\nside: {side}"
    assert "as none holds texts" in said


def test_a_column_of_splits_is_told(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": "xy"[n % 2], "fold": ["train", "train", "test"][n % 3]} for n in range(18)]
    _, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert "the column 'fold' says which split a row is of, and is not used: save each split as a file of its own" in said
    lines = [f"{n % 3},{sentence(n)},{['train', 'dev', 'test'][n % 3]}\n" for n in range(18)]  # no header names it
    found, said = sketched(write(tmp_path, "rows.csv", "".join(lines)))
    assert found.task.output == "column_1"
    assert "the column 'column_3' says which split a row is of" in said


def test_labels_that_are_a_scale_are_told(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": (n % 5) / 4} for n in range(30)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    [said] = [one.message for one in found.findings if one.code == "number_labels"]
    assert said.startswith("the 5 labels are numbers (from 0 to 1): each counts as a class of its own")
    rows = [{"text": sentence(n), "label": n % 20} for n in range(80)]  # classes by their numbers, or points of twenty
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    [finding] = [one for one in found.findings if one.code == "number_labels"]
    assert finding.level == "info"
    assert "(from 0 to 19): if they are a scale, each counts as a class of its own" in finding.message
    rows = [{"text": sentence(n), "label": n % 5} for n in range(30)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert "number_labels" not in [one.code for one in found.findings]


def test_a_sign_of_a_model_joins_no_labels(tmp_path: Path) -> None:
    rows = [{"prompt": sentence(n), "completion": f" {['late', 'lost'][n % 2]}<|endoftext|>"} for n in range(18)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert "several_labels" not in [one.code for one in found.findings]


def test_what_is_written_in_quotes_is_read_alike_before_and_after_the_labels_are_listed(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": f"['{'xyz'[n % 3]}']"} for n in range(18)]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    text = sketch(path).text()
    assert "labels:" in text  # so the file that `init` wrote lists them
    found = prepare(load_task(write(tmp_path, "task.yaml", text)))
    assert not [one for one in found.findings if one.level == "error"]
    assert {example.output for example in found.splits.all} == {"x", "y", "z"}
    kept = prepare(task(tmp_path, "rows.jsonl", labels={f"['{label}']": "" for label in "xyz"}))
    assert {example.output for example in kept.splits.all} == {"['x']", "['y']", "['z']"}


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("query", "pos", "neg"),
        ("anchor", "positive", "negative"),
        ("question", "response_j", "response_k"),
        ("prompt", "good", "bad"),
        ("prompt", "winning", "losing"),
        ("x", "y_w", "y_l"),
        ("question", "accepted", "rejected"),
    ],
)
def test_the_worse_of_two_answers_is_never_the_output(asked: str, better: str, worse: str, tmp_path: Path) -> None:
    rows = [{asked: sentence(n), better: f"Yes, {sentence(n + 20)}", worse: f"No, {sentence(n + 50)}"} for n in range(12)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == (asked, better)
    assert f"it holds pairs of answers: '{better}' is the better one, and '{worse}' is not used" in said


def test_numbers_beside_a_text_are_no_pair_of_answers(tmp_path: Path) -> None:
    rows = [{"prompt": sentence(n), "positive": n % 2, "negative": 1 - n % 2} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert sorted(found.task.labels) == ["negative", "positive"]


def test_names_beside_numbers_are_the_labels(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": n % 3, "label_text": ["late", "lost", "paid"][n % 3]} for n in range(18)]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.output, sorted(found.task.labels)) == ("label_text", ["late", "lost", "paid"])
    assert "output: the column 'label_text', the names of the numbers in 'label'" in said
    rows[0]["label_text"] = "paid"  # then they say two things
    with pytest.raises(DataError, match="which column is the output is not clear: 'label' or 'label_text' may be"):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))


def test_a_test_file_without_answers_is_not_used(tmp_path: Path) -> None:
    jsonl(tmp_path, "test.jsonl", [{"text": sentence(n + 40)} for n in range(8)])
    found, said = sketched(jsonl(tmp_path, "train.jsonl", [{"text": sentence(n), "label": "xy"[n % 2]} for n in range(20)]))
    assert (found.task.data, len(found.splits.all)) == ("train.jsonl", 20)
    assert "data: test.jsonl has no column 'label' with anything in it, and is not used" in said


def test_a_test_file_whose_answers_were_withheld_is_an_error(tmp_path: Path) -> None:
    jsonl(tmp_path, "test.jsonl", [{"text": sentence(n + 40), "label": "-1"} for n in range(8)])
    found, _ = sketched(jsonl(tmp_path, "train.jsonl", [{"text": sentence(n), "label": "01"[n % 2]} for n in range(20)]))
    [error] = [one for one in found.findings if one.level == "error"]
    assert error.message.startswith("test: no training row has the label '-1', and it has no other")


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:a\n", "is a pointer of Git LFS"),
        ("\n<!DOCTYPE html><html>", "is a web page"),
        ("PK\x03\x04rest", "is a ZIP archive or a spreadsheet"),
        (gzip.compress(b"text,label\na,b\n", mtime=0), "is packed with gzip; valid is a name that ends in .gz"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "is a spreadsheet"),
        (b"PAR1\x15\x04\x15", "is a Parquet file"),
        (b"SQLite format 3\0", "is a database"),
        (b"%PDF-1.4\n%\xe2\xe3", "is a PDF"),
        ("text,label\na b c,d\n".encode("utf-16-le"), "is UTF-32, UTF-16 without a byte order mark, or no text"),
        ("text,label\na b c,d\n".encode("utf-32"), "is UTF-32, UTF-16 without a byte order mark, or no text"),
        ('{"text": "a, b", "label": "c"}\n', "holds JSON, an object a line; valid is a name that ends in .jsonl"),
        ("All tickets\ntext,label\na,b\n", "or leave out what stands above the row of column names"),
    ],
)
def test_what_is_no_data_is_said_to_be_what_it_is(start: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        load_rows(write(tmp_path, "rows.csv", start))


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".txt", ".tsv"])
@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\n\x00", b"\xef\xbb\xbf", b"\x0c", "\u2003".encode()]
)
def test_a_file_of_nothing_is_empty(ending: str, text: bytes, tmp_path: Path) -> None:
    with pytest.raises(NoRows, match=" is empty"):
        load_rows(write(tmp_path, f"rows{ending}", text))


@pytest.mark.parametrize("ending", [".json", ".csv", ".txt", ".tsv"])
@pytest.mark.parametrize("text", ["<html>", "<!doctype html>\n<html>\n<p>one, two\n</html>\n", "<HTML>\n<p>one\n<p>two\n"])
def test_a_web_page_in_the_place_of_data_is_said(ending: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a web page"):
        load_rows(write(tmp_path, f"rows{ending}", text))


def test_a_web_page_may_be_the_first_text_of_a_table(tmp_path: Path) -> None:
    lines = [f"<html><p>{sentence(n)}</p></html>,{'xy'[n % 2]}" for n in range(12)]
    assert len(load_rows(write(tmp_path, "rows.csv", "\n".join(lines) + "\n"))) == 12


def test_roles_of_a_conversation_are_read_in_any_case(tmp_path: Path) -> None:
    talk = [{"role": "User", "content": "When?"}, {"role": "Chatbot", "content": "Now."}]
    [row] = load_rows(jsonl(tmp_path, "rows.jsonl", [{"messages": talk}]))
    assert (row.fields["input"], row.fields["output"]) == ("When?", "Now.")


def test_the_answer_to_a_question_with_choices_is_no_category(tmp_path: Path) -> None:
    rows = [
        {"question": sentence(n), "candidates": ["a", "b"], "category": "xyz"[n % 3], "answer": n % 2} for n in range(18)
    ]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("{question}\n{candidates}", "answer")


def test_instances_of_an_instruction_are_rows(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"seed_{n}",
            "instruction": f"Do {sentence(n)}",
            "instances": [{"input": "", "output": f"done {n}"}, {"input": "twice", "output": f"done twice {n}"}],
            "is_classification": n % 2 == 0,
        }
        for n in range(9)
    ]
    found, said = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output, len(found.splits.all)) == ("{instruction}\n{input}", "output", 18)
    assert "'instances' holds inputs with their outputs: each is a row" in said


@pytest.mark.parametrize(
    "labels", [("<s>sold</s>", "<s>kept</s>"), ("alarm/set", "alarm/stop"), ("Sci/Tech", "Arts/Film"), ("n/a", "24/7")]
)
def test_labels_with_a_slash_are_no_names_of_files(labels: tuple[str, str], tmp_path: Path) -> None:
    rows = [{"note": sentence(n), "held": labels[n % 2]} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("note", "held")
    rows = [{"note": sentence(n), "held": f"rows/{n % 2}/page.html", "mood": labels[n % 2]} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert found.task.output == "mood"


@pytest.mark.parametrize(
    ("columns", "source", "output"),
    [
        ({"query": "what is {}", "positive": "it is {}", "negative": "it is not {}", "label": "?"}, "", ""),
        ({"question": "what is {}", "good": "it is {}", "bad": "it is not {}", "rating": "?"}, "", ""),
        ({"query": "what is {}", "positive": "it is {}", "negative": "it is not {}"}, "query", "positive"),
    ],
)
def test_a_pair_of_answers_is_the_output_only_where_no_other_column_is(
    columns: dict[str, str], source: str, output: str, tmp_path: Path
) -> None:
    rows = [
        {name: "xyz"[n % 3] if form == "?" else form.format(sentence(n)) for name, form in columns.items()}
        for n in range(18)
    ]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    if not output:
        with pytest.raises(DataError, match="which column is the output is not clear"):
            sketch(path)
        return
    found, said = sketched(path)
    assert (found.task.input, found.task.output) == (source, output)
    assert "'negative' is not used" in said


def test_what_is_used_of_a_pair_is_not_said_to_be_unused(tmp_path: Path) -> None:
    rows = [
        {"context": sentence(n), "positive": f"a {n} b", "negative": f"c {n} d", "mood": "xy"[n % 2]} for n in range(18)
    ]
    jsonl(tmp_path, "rows.jsonl", rows)

    def said(source: str, output: str) -> str:
        return " ".join(prepare(task(tmp_path, "rows.jsonl", input=source, output=output)).task.assumptions)

    assert "is not used" not in said("{context} {positive} {negative}", "mood")
    assert "is not used" not in said("{context} {negative}", "positive")
    assert "'positive' is the better one, and 'negative' is not used" in said("context", "positive")


@pytest.mark.parametrize("kind", ["q", "str", "question", "text"])
def test_answers_of_a_questionnaire_are_no_pair_of_texts(kind: str, tmp_path: Path) -> None:
    rows = [{f"{kind}{i}": (n * i) % 5 for i in (1, 2, 3)} | {"dept": "xyz"[n % 3]} for n in range(24)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == (
        f"{kind}1: {{{kind}1}}\n{kind}2: {{{kind}2}}\n{kind}3: {{{kind}3}}",
        "dept",
    )
    rows = [{f"{kind}{i}": sentence(n + 40 * i) for i in (1, 2)} | {"dept": "xyz"[n % 3]} for n in range(24)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == (f"{{{kind}1}}\n{{{kind}2}}", "dept")


@pytest.mark.parametrize("held", [[[0, 3, 0], [1, 1, 2]], [[3, 5]], [[3, 5], [4, 6]]])
def test_lists_of_numbers_are_no_places_in_a_text(held: list[list[int]], tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": [[one + n for one in pair] for pair in held]} for n in range(12)]
    found = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="generate"))
    assert {example.output for example in found.splits.all} == {json.dumps(row["label"]) for row in rows}
    for places in ([[0, 3, "x"]], [{"start": 0, "end": 3}]):
        rows[0]["label"] = places
        with pytest.raises(DataError, match="the output 'label' holds places in a text"):
            prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="generate"))


@pytest.mark.parametrize("call", ["tool_calls", "function_call"])
@pytest.mark.parametrize("said", ["Let me look.", "", None])
def test_a_call_of_a_tool_is_no_answer_and_its_row_is_left_out_and_said(
    call: str, said: str | None, tmp_path: Path
) -> None:
    calls = {call: [{"function": {"name": "look", "arguments": "{}"}}]}
    rows = [
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": sentence(n)},
                {"role": "assistant", "content": f"{n}"},
            ]
        }
        for n in range(12)
    ]
    rows[3]["messages"][2] |= {"content": said} | calls  # type: ignore[operator]
    found, told = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (len(found.splits.all), found.splits.blank) == (11, ("rows.jsonl, line 4",))
    assert f"1 row: a turn calls a tool ('{call}'), which is no text: the conversation is read as empty" in told
    assert "1 row with a blank input or output, left out (rows.jsonl, line 4)" in told
    assert found.task.instruction == "Be brief."
    for row in rows:
        row["messages"][2] |= calls  # type: ignore[operator]
    with pytest.raises(DataError, match=f"line 1, message 3: it calls a tool \\('{call}'\\), which is no text; valid are"):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ({"role": "tool", "content": "42"}, "a turn is a tool's ('tool')"),
        ({"from": "observation", "value": "42"}, "a turn is a tool's ('observation')"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, "a turn has a part 'image_url'"),
        ({"role": "assistant", "content": [{"type": "tool_use", "name": "f"}]}, "a turn has a part 'tool_use'"),
        ({"role": "assistant", "content": [{"type": "mcp_call", "name": "f"}]}, "a turn has a part 'mcp_call'"),
        ({"role": "assistant", "content": [{"cachePoint": {"type": "default"}}]}, "a turn has a part 'cachePoint'"),
        (
            {"role": "user", "content": [{"content_type": "image_asset_pointer", "asset_pointer": "x"}]},
            "a turn has a part 'image_asset_pointer'",
        ),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, "a turn has a part 'refusal'"),
        ({"role": "assistant", "content": None, "refusal": "No."}, "a turn is a refusal ('refusal')"),
        ({"role": "model", "parts": [{"functionCall": {"name": "f"}}]}, "a turn has a part 'functionCall'"),
    ],
)
@pytest.mark.parametrize("layout", ["messages", "prompt", "pair"])
def test_a_turn_that_is_no_text_leaves_out_its_row_alone(
    turn: dict[str, Any], said: str, layout: str, tmp_path: Path
) -> None:
    user, assistant = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}

    def row(n: int) -> dict[str, Any]:
        asked, answer = [{**user, "content": sentence(n)}], [{**assistant, "content": f"So {sentence(n)}"}]
        asked = [*asked, turn, assistant, user] if n == 3 else asked
        return {
            "messages": {"messages": [*asked, *answer], "topic": "x"},
            "prompt": {"prompt": asked, "completion": answer},
            "pair": {"prompt": asked, "chosen": answer, "rejected": [assistant]},
        }[layout]

    found, told = sketched(jsonl(tmp_path, "rows.jsonl", [row(n) for n in range(12)]))
    assert (len(found.splits.all), found.splits.blank) == (11, ("rows.jsonl, line 4",))
    assert f"1 row: {said}, which is no text: the conversation is read as empty (rows.jsonl, line 4)" in told
    assert "11 rows:" not in told


@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"txt": "Hello"}, "a part of the content is of the kind 'txt'; a text's is one of: text, input_text, output_text"),
        (
            {"type": "textfile", "text": "Hello"},
            "a part of the content is of the kind 'textfile'; a text's is one of: text, input_text",
        ),
        ({"type": "txt", "text": "Hello"}, "a part of the content is of the kind 'txt'; a text's is one of: text"),
        (
            {"type": "text", "txt": "Hello"},
            "the content is a list; valid is text, or a list of text parts, and one is {'txt'",
        ),
    ],
)
def test_a_part_that_is_misspelt_refuses_the_file_with_its_line(
    part: dict[str, str], says: str, rows: int, tmp_path: Path
) -> None:
    """Also where it is one row of many, which had been left out: no text that somebody wrote is lost."""

    def row(n: int) -> dict[str, Any]:
        answer = [part] if n >= 12 - rows else "Hello"
        return {"messages": [{"role": "user", "content": sentence(n)}, {"role": "assistant", "content": answer}]}

    with pytest.raises(DataError, match=f"line {13 - rows}, message 2: {re.escape(says)}"):
        sketch(jsonl(tmp_path, "rows.jsonl", [row(n) for n in range(12)]))


def test_a_label_of_a_conversation_that_is_no_text_stays_for_another_input(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "Hi"}, {"role": "tool", "content": "42"}]
    rows = [{"messages": talk if n else talk[:1], "title": sentence(n), "output": "ab"[n % 2]} for n in range(12)]
    found = prepare(task(tmp_path, jsonl(tmp_path, "c.jsonl", rows).name, input="title", output="output"))
    assert (len(found.splits.all), found.splits.blank) == (12, ())


@pytest.mark.parametrize("name", ["conversations", "data"])
def test_lists_of_texts_alone_are_what_a_user_and_an_assistant_say_in_turn(name: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": n, name: [sentence(n), f"So {n}"], "source": "xyz"[n % 3]} for n in range(12)]
    rows[2][name] += ["And then?", "Nothing."]
    rows[5][name].pop()
    found, told = sketched(jsonl(tmp_path, "train.jsonl", rows))
    assert (found.task.input, found.task.output, found.task.kind) == ("input", "output", "generate")
    inputs = {example.source: (example.input, example.output) for example in found.splits.all}
    assert inputs["train.jsonl, line 1"] == (sentence(0), "So 0")
    assert inputs["train.jsonl, line 3"] == (f"user: {sentence(2)}\nassistant: So 2\nuser: And then?", "Nothing.")
    assert found.splits.blank == ("train.jsonl, line 6",)
    assert f"'{name}' holds lists of texts: they are read as what a user and an assistant say in turn" in told
    jsonl(tmp_path, "test.jsonl", [{"id": n, name: [f"What is {sentence(n)}?"], "source": "x"} for n in range(12)])
    assert (
        "data: test.jsonl has no column 'output' with anything in it, and is not used"
        in sketched(tmp_path / "train.jsonl")[1]
    )


@pytest.mark.parametrize("odd", [[], None, ["Why?", None], [None, "So."]])
def test_a_list_without_a_text_leaves_the_others_what_was_said_in_turn(odd: Any, tmp_path: Path) -> None:
    """The source of each had become the output, for one row of thousands."""
    rows = [{"conversations": [sentence(n), f"So {n}"] if n else odd, "source": "xyz"[n % 3]} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output, found.splits.blank) == ("input", "output", ("rows.jsonl, line 1",))


def test_lists_of_texts_beside_a_label_stay_a_text(tmp_path: Path) -> None:
    rows = [{"conversations": [sentence(n), "Go on."], "emotion": "ab"[n % 2]} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.task.input, found.task.output) == ("conversations", "emotion")


def test_an_answer_that_is_not_to_be_learnt_is_none(tmp_path: Path) -> None:
    rows = [
        {
            "messages": [
                {"role": "user", "content": sentence(n)},
                {"role": "assistant", "content": f"so {n % 3}", "weight": 1},
            ]
        }
        for n in range(12)
    ]
    rows[3]["messages"][1]["weight"] = 0  # type: ignore[index]
    found = sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.splits
    assert found.blank == ("rows.jsonl, line 4",)


def test_parts_as_openais_responses_name_them_are_text(tmp_path: Path) -> None:
    def part(kind: str, text: str) -> list[dict[str, str]]:
        return [{"type": f"{kind}_text", "text": text}]

    rows = [
        {
            "messages": [
                {"role": "user", "content": part("input", sentence(n))},
                {"role": "assistant", "content": part("output", "xy"[n % 2])},
            ]
        }
        for n in range(12)
    ]
    found = sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.splits
    assert {(one.input, one.output) for one in found.all} == {(sentence(n), "xy"[n % 2]) for n in range(12)}


def test_a_mark_where_another_file_was_put_behind_is_no_text(tmp_path: Path) -> None:
    rows = [json.dumps({"text": sentence(n), "label": "xy"[n % 2]}) for n in range(12)]
    text = "\n".join([*rows[:6], f"\ufeff{rows[6]}", *rows[7:]])
    assert [row.fields["text"] for row in load_rows(write(tmp_path, "rows.jsonl", text))] == [
        sentence(n) for n in range(12)
    ]


def test_a_parquet_file_with_a_name_twice_is_a_sentence(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, names=["text", "text"]), tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"rows\.parquet has the column 'text' twice; every column needs its own name"):
        load_rows(tmp_path / "rows.parquet")


def test_a_text_that_cannot_be_read_is_said_with_its_row(tmp_path: Path) -> None:
    rows = [f'{{"text": "{sentence(n)}{chr(92) + "ud83d" if n == 3 else ""}", "label": "x"}}' for n in range(12)]
    with pytest.raises(DataError, match=r"text with half a surrogate pair, .* \(rows.jsonl, line 4\)"):
        sketch(write(tmp_path, "rows.jsonl", "\n".join(rows)))


def test_an_answer_is_rated_with_what_it_keeps_to(tmp_path: Path) -> None:
    rows = [
        {"question": sentence(n), "answer": sentence(n + 30), "evidence": sentence(n + 60), "label": n % 2}
        for n in range(20)
    ]
    task = sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.task
    assert (task.input, task.output) == ("{evidence}\n{question}\n{answer}", "label")


def test_texts_in_formulas_of_a_spreadsheet_are_what_it_shows(tmp_path: Path) -> None:
    held = io.StringIO(newline="")
    cells = [(f'="{sentence(n)}, ""so"""', f'="00{n % 3}"', f'="x" or {n}') for n in range(12)]
    cells.insert(0, ("", "", "the first row may be blank there"))
    csv.writer(held).writerows([("text", "label", "note"), *cells])
    rows = load_rows(write(tmp_path, "rows.csv", held.getvalue()))
    assert [tuple(row.fields.values()) for row in rows[1:]] == [
        (f'{sentence(n)}, "so"', f"00{n % 3}", f'="x" or {n}') for n in range(12)
    ]
    assert "the column 'label' holds texts as a spreadsheet's formulas" in rows[0].remarks[1]


def test_turns_in_the_place_of_an_output_are_said_to_be_that(tmp_path: Path) -> None:
    rows = [
        {
            "input": [{"role": "user", "content": [{"type": "input_text", "text": sentence(n)}]}],
            "output": [{"role": "assistant", "content": [{"type": "output_text", "text": sentence(n + 50)}]}],
        }
        for n in range(12)
    ]
    with pytest.raises(DataError, match="'output' holds turns of a conversation; valid is an output column"):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))
