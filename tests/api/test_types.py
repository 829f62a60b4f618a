"""What a program hands over in the wrong type is a sentence, before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pandas
import pytest

import crossover
from crossover.data.task import KEYS
from crossover.errors import CrossoverError
from crossover.study.listener import Quiet

ROWS = [{"text": f"number {n} of many", "label": ["odd", "even"][n % 2]} for n in range(20)]
BASE: dict[str, Any] = {"data": ROWS, "input": "text", "output": "label", "model": "fake", "strategies": ["zero_shot"]}
ODD: list[Any] = [
    3,
    -1.5,
    True,
    "",
    "x",
    [],
    [3],
    [None],
    {},
    {3: 4},
    {"a": object()},
    object(),
    b"x",
    float("nan"),
    {1},
    len,
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_another_type_is_taken_or_is_a_sentence(key: str) -> None:
    said = []
    for value in ODD:
        try:
            crossover.Task(**{"name": "t", **BASE, key: value})
        except CrossoverError as error:
            said.append(str(error))
    assert all(sentence and "\n" not in sentence and "<class" not in sentence for sentence in said)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda out: crossover.run_study(**BASE, out=out, listener=3),
            "listener: received 3; valid is an object with the m",
        ),
        (lambda out: crossover.run_study(**BASE, out=3), "the study's folder: received 3; valid is a path"),
        (lambda out: crossover.run_study(3, out=out), "the task: received 3; valid is a task file's path, or a Task"),
        (lambda out: crossover.run_study(**BASE, out=out, folder=3), "key 'folder': received 3; valid is a path"),
        (
            lambda out: crossover.run_study(**BASE | {"strategies": [{"few_shot": {"shots": 3}}]}, out=out),
            "key 'strategies', item 1: strategy 'few_shot', option 'shots': received 3, valid is a list of whole numbers",
        ),
        (lambda out: crossover.load_task(3), "the task file: received 3; valid is a path"),
        (lambda out: crossover.open_model(3), "the model: received 3; valid is a name or a path, as text"),
        (lambda out: crossover.open_model("fake", 3), "base: received 3; valid is a path"),
        (lambda out: crossover.read_results(3), "the study's folder: received 3; valid is a path"),
        (lambda out: crossover.Predictor.open(3), "the study's folder: received 3; valid is a path"),
        (lambda out: crossover.plan(3), "the task: received 3; valid is a task file's path, or a Task"),
        (lambda out: crossover.plan(**BASE, listener=3), "listener: received 3; valid is an object with the m"),
        (lambda out: crossover.draft(3), "draft: received 3; valid is a path"),
        (lambda out: crossover.read_logs(3), "read_logs: received 3; valid is a path"),
        (lambda out: crossover.start_server("fake", folder=3), "folder: received 3; valid is a path"),
        (lambda out: crossover.installed("strategy"), "received 'strategy'; did you mean 'strategies'"),
        (lambda out: crossover.options("strategies", "lorra"), "there is no strategy 'lorra'; did you mean 'lora'"),
        (lambda out: crossover.open_study(3), "open_study: received a int; valid is the folder of a run"),
    ],
)
def test_an_argument_of_another_type_is_a_sentence(call: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(CrossoverError) as caught:
        call(tmp_path / "out")
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_study_takes_names_and_paths_only(tmp_path: Path) -> None:
    class Deaf(Quiet):
        say = None  # type: ignore[assignment]

    with pytest.raises(
        CrossoverError, match="listener: received one without say; valid is an object with the methods plan"
    ):
        crossover.run_study(**BASE, out=tmp_path / "out", listener=Deaf())
    study = crossover.run_study(**BASE, out=tmp_path / "out")
    for call in (study.candidate, study.predictions, study.predictor, lambda name: study.predict(["x"], name)):
        with pytest.raises(CrossoverError, match="the candidate: received 3; valid is a name or an id"):
            call(3)
    predictor = study.predictor("zero_shot")
    assert [one.input for one in predictor.answer("number 1 of many")] == ["number 1 of many"]
    with pytest.raises(CrossoverError, match="predict: received a int; valid is a text, or a list of texts"):
        predictor.answer([3])  # type: ignore[list-item]
    for table in ({"note": ["a"]}, pandas.DataFrame({"note": ["a"]}), datasets.Dataset.from_dict({"note": ["a"]})):
        with pytest.raises(CrossoverError, match=rf"received a {type(table).__name__}; .* `predict_rows` answers the rows"):
            study.predict(table)  # type: ignore[arg-type]
    for call in (crossover.advise, crossover.plan, crossover.draft, crossover.start_server):
        with pytest.raises(CrossoverError, match="cannot be read: File name too long"):
            call("x" * 300)
    with pytest.raises(CrossoverError, match="report: received 3; valid is a path"):
        study.report(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "def other(gold, answer): return 1",
            r"own\.py has no function or class 'mine'; did you mean|has no function or class",
        ),
        ("def mine(gold, answer): return 1 / 0", r"own\.py, line 1: ZeroDivisionError"),
        ("def mine(gold, answer): return 1 / (len(answer) + 1) if answer else 1 / 0", r"ZeroDivisionError.* the answer ''"),
        ("def mine(gold, answer): return 'good'", "gave 'good'.*valid is a number from 0 to 1"),
    ],
)
def test_a_metric_that_fails_is_met_before_the_model(body: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(body)
    task = BASE | {"model": str(tmp_path / "no model"), "metric": "own.py:mine", "folder": tmp_path}
    with pytest.raises(CrossoverError, match=said):
        crossover.run_study(**task, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
