"""Which choice is right is told by what a column holds, and each choice stands behind the sign that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossover.data.outputs import Unclear
from crossover.data.sketch import sketch
from tests.data.builders import jsonl, sentence

FOUR = [f"op{letter}" for letter in "abcd"]


def asked(n: int) -> dict[str, Any]:
    return {"question": sentence(n), "kind": ("single", "multi")[n // 5 % 2], "topic": "xyz"[n % 3]}


def made(folder: Path, rows: list[dict[str, Any]]) -> tuple[str, str]:
    task = sketch(jsonl(folder, "rows.jsonl", rows)).prepared.task
    return task.input, task.output


def test_a_label_of_another_thing_is_not_the_right_choice(tmp_path: Path) -> None:
    rows = [
        {
            "activity_label": f"making {'pq'[n % 2]}",
            "ctx": sentence(n),
            "label": str(n % 4),
            "split_type": ("near", "far")[n % 2],
        }
        | {"endings": [f"{sentence(n + at)} then" for at in range(4)]}
        for n in range(36)
    ]
    assert made(tmp_path, rows) == ("{ctx}\n{endings}", "label")


@pytest.mark.parametrize(
    ("values", "signs"),
    [
        ([0, 1, 2, 3], "0123"),
        (["1", "2", "3", "4"], "1234"),
        ([1, 2], "ABCD"),  # nothing tells from where they count
        (["a", "b", "c", "d"], "ABCD"),
        (["A", "C"], "ABCD"),
    ],
)
def test_choices_stand_behind_the_signs_of_the_output(values: list[Any], signs: str, tmp_path: Path) -> None:
    rows = [
        asked(n) | {name: sentence(n + 20 * at) for at, name in enumerate(FOUR, 1)} | {"cop": values[n % len(values)]}
        for n in range(36)
    ]
    lines = "\n".join(f"{sign}: {{{name}}}" for sign, name in zip(signs, FOUR, strict=True))
    path = jsonl(tmp_path, "rows.jsonl", rows)
    if len(values) == len(FOUR):
        assert made(tmp_path, rows) == (f"{{question}}\n{lines}", "cop")
    else:
        with pytest.raises(Unclear, match="'cop'"):
            sketch(path)
    assert sketch(path, roles=(None, "cop")).prepared.task.input == f"{{question}}\n{lines}"


def test_the_first_of_two_solutions_is_called_what_the_label_calls_it(tmp_path: Path) -> None:
    rows = [
        {"goal": sentence(n), "sol1": sentence(n + 20), "sol2": sentence(n + 40), "label": n * 7 % 2} for n in range(36)
    ]
    assert made(tmp_path, rows) == ("{goal}\n0: {sol1}\n1: {sol2}", "label")
    said = sketch(tmp_path / "rows.jsonl", roles=(None, "label")).prepared.task
    assert said.input == "{goal}\n0: {sol1}\n1: {sol2}"


def test_the_text_of_a_choice_says_which_one_it_is(tmp_path: Path) -> None:
    rows = [
        asked(n) | {"choices": [f"{sentence(n + at)} so" for at in range(3)], "key": f"{sentence(n + n % 3)} so"}
        for n in range(36)
    ]
    assert made(tmp_path, rows) == ("{question}\n{choices}", "key")


@pytest.mark.parametrize("beside", [{"answer": lambda n: sentence(n + 80)}, {"level": lambda n: n % 3 + 1}])
def test_a_number_that_may_be_a_level_is_no_choice_by_itself(beside: dict[str, Any], tmp_path: Path) -> None:
    rows = [
        asked(n)
        | {"choices": ["one", "two", "three", "four"], "hard": n % 3}
        | {name: of(n) for name, of in beside.items()}
        for n in range(36)
    ]
    if "answer" in beside:
        assert made(tmp_path, rows)[1] == "answer"
    else:
        with pytest.raises(Unclear, match="is not clear"):
            made(tmp_path, rows)


@pytest.mark.parametrize("choices", [2, 4])
def test_a_flag_of_a_question_is_no_choice(choices: int, tmp_path: Path) -> None:
    rows = [
        asked(n) | {"choices": [sentence(n + at) for at in range(choices)], "is_hard": n * 5 // 3 % 2} for n in range(36)
    ]
    with pytest.raises(Unclear, match="'is_hard'"):
        made(tmp_path, rows)


@pytest.mark.parametrize("name", ["grade", "score", "votes"])
def test_a_rating_of_a_question_is_no_choice(name: str, tmp_path: Path) -> None:
    rows = [
        asked(n) | {"choices": [sentence(n + at) for at in range(4)], name: n * 5 // 3 % 4, "key": "ABCD"[n * 7 // 5 % 4]}
        for n in range(36)
    ]
    assert made(tmp_path, rows)[1] == "key"


@pytest.mark.parametrize(("text", "listed"), [("article", "options"), ("dialogue", "choices"), ("stem", "candidates")])
def test_choices_stand_in_the_input_whatever_is_asked_is_called(text: str, listed: str, tmp_path: Path) -> None:
    rows = [
        {
            text: f"{sentence(n)} and more",
            listed: [f"{sentence(n + at)} so" for at in range(4)],
            "key": "ABCD"[n * 7 // 5 % 4],
        }
        for n in range(36)
    ]
    task = sketch(jsonl(tmp_path, "rows.jsonl", rows), roles=(None, "key")).prepared.task
    assert task.input == f"{{{text}}}\n{{{listed}}}"
    other = [row | {"key": "xyz"[n % 3]} for n, row in enumerate(rows)]  # which says none of the choices
    assert sketch(jsonl(tmp_path, "other.jsonl", other), roles=(None, "key")).prepared.task.input == text
