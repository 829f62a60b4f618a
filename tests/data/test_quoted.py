"""Outputs in lists of one or in quotes of their own: `init`, `run` and `evaluate` read them alike."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossover.data.infer import prepare
from crossover.data.labelled import check_labelled, read_labelled
from crossover.data.sketch import sketch
from crossover.data.task import load_task
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence, task, write

FORMS = {
    "plain": lambda held: held,
    "list of one": lambda held: [held],
    "text of a list": lambda held: json.dumps([held]),
    "quoted": lambda held: json.dumps(held if isinstance(held, str) else json.dumps(held)),
    "list of one or two": lambda held: [held] if len(str(held)) % 2 else [held, held],
    "text or list": lambda held: [held] if len(str(held)) % 2 else held,
}
HELD = {
    "label": lambda n: ["late", "lost", "fine!"][n % 3],
    "text": lambda n: f"an answer to {sentence(n)}",
    "number": lambda n: n % 4,
    "object": lambda n: {"colour": sentence(n), "n": n},
    "list": lambda n: [sentence(n), "b"],
}


def rows_of(form: str, held: str, blank: int = -1) -> list[dict[str, Any]]:
    written = [FORMS[form](HELD[held](n)) for n in range(15)]
    return [{"question": sentence(n), "answer": "" if n == blank else one} for n, one in enumerate(written)]


@given(form=st.sampled_from(sorted(FORMS)), held=st.sampled_from(sorted(HELD)), blank=st.sampled_from([-1, 3]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_task_file_that_init_wrote_measures_the_rows_that_it_described(
    tmp_path: Path, form: str, held: str, blank: int
) -> None:
    path = jsonl(tmp_path, "rows.jsonl", rows_of(form, held, blank))
    try:
        made = sketch(path)
    except DataError:
        return
    found = prepare(load_task(write(tmp_path, "task.yaml", made.text())))
    assert found.splits.sha256 == made.prepared.splits.sha256
    assert found.task.kind == made.prepared.task.kind


@pytest.mark.parametrize("kind", [None, "generate"])
def test_lists_of_one_are_what_they_hold_whatever_the_kind(kind: str | None, tmp_path: Path) -> None:
    found = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows_of("list of one", "text")).name, **ASKED, kind=kind))
    assert {example.output for example in found.splits.all} == {HELD["text"](n) for n in range(15)}
    assert "data: the column 'answer' holds lists of one: each is read as what it holds" in found.task.assumptions


@pytest.mark.parametrize("form", ["list of one", "quoted"])
def test_objects_in_them_are_read_where_the_kind_is_given(form: str, tmp_path: Path) -> None:
    path = jsonl(tmp_path, "rows.jsonl", rows_of(form, "object"))
    found = prepare(task(tmp_path, path.name, **ASKED, kind="extract"))
    assert {json.loads(example.output)["n"] for example in found.splits.all} == set(range(15))


ASKED = {"input": "question", "output": "answer"}


@pytest.mark.parametrize("kind", [None, "generate"])
@pytest.mark.parametrize(
    ("before", "later", "gold"),
    [
        (lambda n: f"[{json.dumps(sentence(n))}]", lambda n: '["a"]', "a"),
        (lambda n: [sentence(n)], lambda n: ["a"], "a"),
        (lambda n: json.dumps(sentence(n)), lambda n: '"a"', "a"),
        (lambda n: sentence(n), lambda n: '"a"', '"a"'),
        (lambda n: json.dumps([sentence(n), "b"][: 1 + n % 2]), lambda n: '["a"]', '["a"]'),
        (lambda n: json.dumps([sentence(n)]), lambda n: '["a"]' if n else '["a", "b"]', "a"),
        (lambda n: json.dumps(sentence(n)), lambda n: '"a"' if n else 'so "a"', "a"),
    ],
)
def test_later_rows_are_read_as_those_of_the_study(before: Any, later: Any, gold: str, kind: Any, tmp_path: Path) -> None:
    rows = [{"question": sentence(n), "answer": before(n)} for n in range(15)]
    study = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, **ASKED, kind=kind))
    new = jsonl(tmp_path, "new.jsonl", [{"question": sentence(n), "answer": later(n)} for n in range(40, 46)])
    read = read_labelled(study.task, new)
    assert [example.output for example in read.examples[1:]] == [gold] * 5


def test_later_rows_that_are_written_otherwise_are_said(tmp_path: Path) -> None:
    def findings(before: Any, later: Any) -> list[str]:
        rows = [{"question": sentence(n), "answer": before(n)} for n in range(15)]
        study = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, **ASKED, kind="generate"))
        rows = [{"question": sentence(n), "answer": later(n)} for n in range(40, 46)]
        new = read_labelled(study.task, jsonl(tmp_path, "new.jsonl", rows))
        found = check_labelled(study.task, new, dict(study.splits.items()))
        return [one.said for one in found if one.code == "output_form"]

    [said] = findings(lambda n: [sentence(n)], lambda n: ["a"] if n % 2 else ["a", "b"])
    assert said.endswith(
        "3 rows whose output is not a list of one, as the study's are: it is read as it stands (new.jsonl, line 1;"
        " new.jsonl, line 3, and 1 more)"
    )
    [said] = findings(sentence, lambda n: ["a"])
    assert "6 rows whose output is a list of one, as no output of the study is: it is read as it stands" in said
    assert findings(lambda n: [sentence(n), "b"][: 1 + n % 2], lambda n: ["a"]) == []
    assert findings(lambda n: [sentence(n)], lambda n: ["a"]) == []
    assert findings(sentence, lambda n: "a") == []


def test_that_outputs_are_lists_is_said_of_those_that_stay_lists(tmp_path: Path) -> None:
    said = "output: the column 'answer' holds lists, which are to be written as they stand there"
    assert said not in sketch(jsonl(tmp_path, "rows.jsonl", rows_of("list of one", "text"))).assumed
    assert said not in sketch(jsonl(tmp_path, "rows.jsonl", rows_of("text of a list", "text"))).assumed
    rows = [{"question": sentence(n), "answer": json.dumps([sentence(n), "b"])} for n in range(15)]
    assert said in sketch(jsonl(tmp_path, "rows.jsonl", rows)).assumed


def test_lists_that_are_no_form_of_the_study_are_named(tmp_path: Path) -> None:
    """Of texts, and some new rows are lists of one, one of two: none of them is right as it stands."""
    jsonl(tmp_path, "rows.jsonl", [{"question": sentence(n), "answer": f"an answer to {sentence(n)}"} for n in range(15)])
    study = prepare(task(tmp_path, "rows.jsonl", input="question", output="answer", kind="generate"))
    new = [{"question": sentence(n), "answer": ["a"] * (1 + (n == 30))} for n in range(20, 31)]
    read = read_labelled(study.task, jsonl(tmp_path, "new.jsonl", new))
    said = {finding.code: finding for finding in check_labelled(study.task, read, {"train": study.splits.train})}
    assert "output_form" in said


def test_a_label_of_the_study_is_none_that_is_written_otherwise(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": [["late", "paid"][n % 2]]} for n in range(24)]
    study = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name))
    later = [{"text": sentence(n), "label": "late" if n % 2 else ["paid"]} for n in range(40, 46)]
    new = read_labelled(study.task, jsonl(tmp_path, "new.jsonl", later))
    assert {example.output for example in new.examples} == {"late", "paid"}
    assert new.otherwise == ()
