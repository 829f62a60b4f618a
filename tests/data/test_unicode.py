"""The same words in another form are the same label, duplicate, leak and conflict; and it is said."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from crossover.data.checks import check_tokens
from crossover.data.infer import Prepared, prepare
from crossover.data.sketch import sketch
from crossover.data.task import load_task
from crossover.errors import TaskError
from tests.data.builders import jsonl, sentence, task, write

COFFEE, TEA = "caf\u00e9 cr\u00e8me", "th\u00e9"


def other(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def prepared(folder: Path, outputs: list[Any], **changes: Any) -> Prepared:
    jsonl(folder, "rows.jsonl", [{"text": sentence(n), "label": label} for n, label in enumerate(outputs)])
    return prepare(task(folder, "rows.jsonl", **changes))


def codes(found: Prepared) -> dict[str, str]:
    """Code -> message, the first of each code."""
    return {finding.code: finding.message for finding in reversed(found.findings)}


@pytest.mark.parametrize(
    ("forms", "names", "way"),
    [
        ([COFFEE, TEA, other(COFFEE)], [COFFEE, TEA], "with decomposed letters"),
        (["red", "blue", "re\u200bd"], ["blue", "red"], "with invisible marks"),
        (["red", "blue", "\ufeffred\u200d"], ["blue", "red"], "with invisible marks"),
        (["dark red", "blue", "dark\u00a0red "], ["blue", "dark red"], "with other white space"),
        ([0, 1, 0.0, 1.0, "0", "1"], ["0", "1"], "as '0.0'"),
        ([True, False, "True", "False"], ["false", "true"], "as 'False'"),
    ],
)
def test_forms_of_one_label_are_one_and_it_is_said(forms: list[Any], names: list[str], way: str, tmp_path: Path) -> None:
    found = prepared(tmp_path, forms * 10)
    assert found.task.kind == "classify"
    assert list(found.task.labels) == names
    assert {e.output for e in found.splits.all} == set(names)
    said = [finding.message for finding in found.findings if finding.code == "merged_labels"]
    assert any(way in sentence for sentence in said)


@pytest.mark.parametrize(
    "labels",
    [["m\u00b2", "m2"], ["Spam", "spam"], ["1", "\uff11"], ["1.10", "1.1"], ["resume", "r\u00e9sum\u00e9"], [1, True]],
)
def test_what_means_something_else_stays_apart(labels: list[Any], tmp_path: Path) -> None:
    found = prepared(tmp_path, labels * 15)
    assert len(found.task.labels) == 2
    assert "merged_labels" not in codes(found)


def test_labels_of_one_type_keep_their_spelling(tmp_path: Path) -> None:
    assert list(prepared(tmp_path, [1.0, 2.0] * 10).task.labels) == ["1.0", "2.0"]


def test_the_spelling_of_the_task_counts(tmp_path: Path) -> None:
    found = prepared(tmp_path, [COFFEE, other(TEA)] * 10, labels={other(COFFEE): "", TEA: ""})
    assert {e.output for e in found.splits.all} == {other(COFFEE), TEA}
    with pytest.raises(TaskError, match="stands twice: in another Unicode form"):
        task(tmp_path, "rows.jsonl", labels=[COFFEE, other(COFFEE)])


def test_free_text_keeps_its_form(tmp_path: Path) -> None:
    found = prepared(tmp_path, [f"{COFFEE} {sentence(n)}" for n in range(9)] + [other(COFFEE)], kind="generate")
    assert other(COFFEE) in {e.output for e in found.splits.all}


def test_a_leak_a_duplicate_and_a_conflict_in_another_form(tmp_path: Path) -> None:
    texts = [f"{COFFEE} {sentence(n)}" for n in range(20)]
    table = [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate(texts)]
    jsonl(
        tmp_path, "train.jsonl", [*table, {"text": other(texts[0]), "label": "a"}, {"text": other(texts[1]), "label": "a"}]
    )
    jsonl(tmp_path, "test.jsonl", [{"text": other(text), "label": "ab"[n % 2]} for n, text in enumerate(texts[:10])])
    jsonl(tmp_path, "dev.jsonl", [{"text": sentence(n), "label": "ab"[n % 2]} for n in range(50, 56)])
    said = codes(prepare(task(tmp_path, {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"})))
    assert said["leak_exact"].startswith("test shares 10 inputs of its 10 with train (10 of them in another Unicode form)")
    assert said["duplicates"].endswith("as an earlier row (1 of them in another Unicode form)")
    assert said["conflict"].startswith("1 input with more than one output")


def test_a_text_of_invisible_marks_is_blank(tmp_path: Path) -> None:
    jsonl(tmp_path, "rows.jsonl", [{"text": "\u200b" if n == 3 else sentence(n), "label": "ab"[n % 2]} for n in range(20)])
    assert prepare(task(tmp_path, "rows.jsonl")).splits.blank == ("rows.jsonl, line 4",)


@pytest.mark.parametrize(
    ("source", "output"),
    [("label", "label"), ("{text} {label}", "label"), ("meta", "meta.gold"), ("{a.b}", "a"), ("\u00e9", "e\u0301")],
)
def test_an_input_that_shows_the_output_is_refused(source: str, output: str, tmp_path: Path) -> None:
    body = json.dumps({"name": "same", "data": "rows.csv", "input": source, "output": output})
    with pytest.raises(TaskError, match=r"task.yaml, line 1, key 'output': received .* every prompt would hold its answer"):
        load_task(write(tmp_path, "task.yaml", body))


def test_inputs_that_hold_their_own_label_are_doubtful(tmp_path: Path) -> None:
    rows = [
        {"text": f"{sentence(n)} so {'yes' if n % 2 else 'nope'}", "label": "yes" if n % 2 else "nope"} for n in range(30)
    ]
    jsonl(tmp_path, "rows.jsonl", rows)
    assert codes(prepare(task(tmp_path, "rows.jsonl")))["gold_in_input"].startswith("30 of 30 inputs hold their own label")


def test_what_changes_the_data_is_said_by_init(tmp_path: Path) -> None:
    rows = [{"text": sentence(n) if n else "", "label": [0, 1, 0.0, "1"][n % 4]} for n in range(40)]
    assumed = sketch(jsonl(tmp_path, "rows.jsonl", rows)).assumed
    assert any(said.startswith("1 row with a blank input or output, left out") for said in assumed)
    assert any(said.startswith("the label '0' is also written as '0.0'") for said in assumed)


def test_labels_of_the_same_tokens_are_named() -> None:
    [found] = check_tokens(
        ["m\u00b2", "x", "m2"], lambda label: [ord(c) for c in unicodedata.normalize("NFKC", label)], "tiny"
    )
    assert (found.level, found.code) == ("error", "same_tokens")
    assert "'m\u00b2', 'm2' are the same tokens for the model 'tiny'" in found.message
