"""Inputs that hold their own output: refused where it was put there, doubted where it may be a word of the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossover.data.finding import Finding, raise_on_errors
from crossover.data.infer import prepare
from crossover.data.outputs import Unclear
from crossover.data.sketch import sketch
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence, task

LABELS = ["defect", "visit", "billing"]


def shown(folder: Path, form: str, labels: list[str], **changes: str) -> Finding | None:
    """What is found where each input is made of its text, its label and the row's number."""
    column = changes.get("output", "label")
    rows = [
        {"text": form.format(sentence(n), labels[n % len(labels)], n=n), column: labels[n % len(labels)]} for n in range(30)
    ]
    made = prepare(task(folder, jsonl(folder, "rows.jsonl", rows).name, **changes))
    return next((finding for finding in made.findings if finding.code == "gold_in_input"), None)


@pytest.mark.parametrize(
    "form",
    [
        *(
            "[{1}] {0}",
            "{1}: {0}",
            "__label__{1} {0}",
            "{0}\nLabel: {1}",
            "{0} The answer is {1}.",
            "{0} | {1}",
            "{0} → {1}",
            "{0} ({1})",
        ),
        *('{{"t": "{0}", "label": "{1}"}}', "{0}\n**Category:** {1}\nThanks", "gold={1} {0}"),
    ],
)
@pytest.mark.parametrize("labels", [LABELS, ["0", "1", "2"]])
def test_a_label_in_the_place_of_an_answer_is_refused(form: str, labels: list[str], tmp_path: Path) -> None:
    found = shown(tmp_path, form, labels)
    assert found is not None
    assert found.level == "error"
    with pytest.raises(DataError, match=r"30 of 30 inputs say their own output \(.*every prompt would hold its answer"):
        raise_on_errors([found])


def test_the_output_column_by_its_own_name_announces_an_answer_too(tmp_path: Path) -> None:
    found = shown(tmp_path, "{0} queue: {1}", LABELS, output="queue")
    assert found is not None
    assert found.level == "error"


@pytest.mark.parametrize(
    ("form", "labels", "level"),
    [
        ("I like a {1} thing of {0}", ["tin", "oak", "wool"], "warning"),
        ("{0} and {1}", ["tin", "oak", "wool"], "warning"),
        ("{0} number {n}", ["0", "1", "2"], None),
        ("{0}. Labels: defect, visit or billing?", LABELS, None),
        ("{0}. Is the answer yes or no?", ["yes", "no"], None),
    ],
)
def test_a_label_that_may_be_a_word_of_the_text_is_doubted_at_most(
    form: str, labels: list[str], level: str | None, tmp_path: Path
) -> None:
    found = shown(tmp_path, form, labels)
    assert (found and found.level) == level


def test_a_long_output_that_ends_its_input_as_an_answer_is_refused(tmp_path: Path) -> None:
    def level(form: str) -> str | None:
        golds = [f"{sentence(n + 40)} so says {sentence(n)} to all" for n in range(12)]
        rows = [{"text": form.format(sentence(n), golds[n]), "label": golds[n]} for n in range(12)]
        made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="generate"))
        return next((finding.level for finding in made.findings if finding.code == "gold_in_input"), None)

    assert level("Question: {0}\nResponse: {1}") == "error"
    assert level("Of {0} it is told that {1}, and more. Which part tells it?") == "warning"
    assert level("Question: {0}") is None


def test_a_label_in_a_name_is_doubted(tmp_path: Path) -> None:
    found = shown(tmp_path, "{1}_{n}", LABELS)
    assert found is not None
    assert (found.level, len(found.rows)) == ("warning", 30)


@pytest.mark.parametrize("form", ["{0}\n{1}", "Fill in: {1} {0}", "{0} ```json\n{1}\n```"])
def test_an_object_that_stands_in_its_input_is_refused(form: str, tmp_path: Path) -> None:
    rows = [
        {"text": form.format(sentence(n), f'{{ "b": {n},  "a": "x{n}" }}'), "label": {"a": f"x{n}", "b": n}}
        for n in range(12)
    ]
    made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name))
    with pytest.raises(DataError, match="12 of 12 inputs say their own output"):
        raise_on_errors(made.findings)
    rows = [{**row, "text": f"{sentence(n)} {{}} {{"} for n, row in enumerate(rows)]
    assert "gold_in_input" not in [
        one.code for one in prepare(task(tmp_path, jsonl(tmp_path, "b.jsonl", rows).name)).findings
    ]


@pytest.mark.parametrize(
    "form",
    [
        '{{"order": {1}, "note": "{0}"}}',
        '[{{"note": "{0}"}}, {1}]',
        'Which one? {0}\n{{"orders": [{1}, {{"b": 0}}]}}',
        '<html><script type="application/ld+json">\n{1}</script><p>{0}</p></html>',
    ],
)
def test_an_object_that_is_a_part_of_what_is_read_is_doubted(form: str, tmp_path: Path) -> None:
    rows = [
        {"text": form.format(sentence(n), f'{{"b": {n}, "a": "x{n}"}}'), "label": {"a": f"x{n}", "b": n}} for n in range(12)
    ]
    made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name))
    [found] = [one for one in made.findings if one.code == "gold_in_input"]
    assert (found.level, found.message) == ("warning", "12 of 12 inputs hold their output: is the answer shown?")


def test_a_column_that_says_the_label_in_other_words_is_refused(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "number": n % 3, "shop": n % 4, "label": LABELS[n % 3]} for n in range(24)]
    jsonl(tmp_path, "rows.jsonl", rows)
    made = prepare(task(tmp_path, "rows.jsonl", input="{text} ({number})"))
    with pytest.raises(DataError, match="the column 'number' in the input says the output"):
        raise_on_errors(made.findings)
    for honest in ("{text} ({shop})", "text"):
        assert not [one for one in prepare(task(tmp_path, "rows.jsonl", input=honest)).findings if one.level == "error"]


@pytest.mark.parametrize("form", ["{0}\nAnswer: {1}", "Q: {0}\nA: {1}", "{0}. The answer is {1}.", "{0} completion: {1}"])
def test_a_short_output_that_is_announced_at_the_end_of_its_input_is_refused(form: str, tmp_path: Path) -> None:
    rows = [{"text": form.format(sentence(n), n * 37), "label": n * 37} for n in range(30)]
    [found] = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name)).findings
    assert (found.level, found.code) == ("error", "gold_in_input")


@pytest.mark.parametrize("form", ["{0}. Total: {1}", "{0} -> {1}", "{1}: {0}", "{0} costs {1}", "{0}; b: 3; a: {1}"])
def test_what_stands_in_a_text_to_be_found_there_is_no_answer_put_there(form: str, tmp_path: Path) -> None:
    rows = [{"text": form.format(sentence(n), n * 37), "total": n * 37} for n in range(30)]
    assert prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, output="total")).findings == []


def test_a_label_under_another_name_of_one_is_refused_and_one_sign_by_itself_doubted(tmp_path: Path) -> None:
    said = shown(tmp_path, "{0}\nSentiment: {1}", ["0", "1"])
    assert said is not None
    assert said.level == "error"
    said = shown(tmp_path, "{0} {1} times", ["x", "y"])
    assert said is not None
    assert (said.level, said.message) == (
        "warning",
        "30 of 30 inputs hold their own label and no other: is the answer shown?",
    )


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (lambda n: {"body": sentence(n), "code": n % 3}, "text.code"),
        (lambda n: [{"text": sentence(n + at), "is_correct": at == n % 3} for at in range(3)], "text.is_correct"),
        (lambda n: {"texts": [sentence(n)] * 3, "labels": [int(at == n % 3) for at in range(3)]}, "text.labels"),
        (lambda n: {"body": sentence(n), "code": n // 3 % 3}, ""),
        (lambda n: [{"text": sentence(n + at), "seen": at > n % 3} for at in range(3)], ""),
    ],
)
def test_an_object_in_the_input_does_not_say_the_label_in_other_words(tmp_path, held, named):
    rows = [{"text": held(n), "label": "ABC"[n % 3]} for n in range(36)]
    found = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name)).findings
    told = [one.message for one in found if one.code == "gold_in_input"]
    assert [one.split("'")[1] for one in told] == [named] * bool(named)


def test_objects_that_say_a_label_each_are_asked_about_and_doubted(tmp_path: Path) -> None:
    def row(n: int, field: str) -> dict[str, Any]:
        label = LABELS[n % 3]
        pieces = [{"text": sentence(n + at), field: label if at < 2 else LABELS[(n + 1) // 2 % 3]} for at in range(4)]
        return {"claim": f"{sentence(n)} so", "evidences": pieces, "claim_label": label}

    path = jsonl(tmp_path, "rows.jsonl", [row(n, "evidence_label") for n in range(36)])
    with pytest.raises(Unclear, match="the input is not clear: 'claim' or 'evidences'"):
        sketch(path)
    found = sketch(path, roles=("{claim}\n{evidences}", None)).prepared.findings
    assert any("'evidences.evidence_label'" in one.said and one.code == "gold_in_input" for one in found)
    assert not any(one.code == "gold_in_input" for one in sketch(path, roles=("claim", None)).prepared.findings)
    plain = sketch(jsonl(tmp_path, "rows.jsonl", [row(n, "place") for n in range(36)])).prepared
    assert plain.task.input == "{claim}\n{evidences}"


def test_letters_of_choices_are_no_labels_of_theirs(tmp_path: Path) -> None:
    rows = [
        {
            "question": f"{sentence(n)} so",
            "choices": [{"text": sentence(n + at), "label": "ABCD"[at]} for at in range(4)],
            "answerKey": "ABCD"[n * 7 // 5 % 4],
        }
        for n in range(36)
    ]
    made = sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared
    assert (made.task.input, made.task.output) == ("{question}\n{choices}", "answerKey")
    assert not [one for one in made.findings if one.code == "gold_in_input"]
