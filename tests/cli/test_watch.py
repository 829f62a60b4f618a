"""`crossover watch`: a served candidate's log beside what its study measured."""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import crossover as package
from crossover.cli.main import load
from crossover.data.served import ServedLog, ServedRow
from crossover.errors import DataError
from crossover.study.run import run_study
from tests.cli.small import FRUITS, Terminal, table, write_task

RIGHT = 0.8  # of the rows are "order", which is what the model always says


def letters(count: int, share: float, seed: int) -> list[tuple[str, str]]:
    """Texts, all different, with labels, of which so many are "order"."""
    draw = random.Random(seed)
    return [
        (
            f"{draw.choice(FRUITS)} {draw.choice(FRUITS)} letter {draw.randrange(10**9)}{' and more' * draw.randrange(4)}",
            "order" if draw.random() < share else draw.choice(["delivery", "billing"]),
        )
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its test split has 300 rows, of which "order" is right for four of five."""
    place = tmp_path_factory.mktemp("watched")
    path = write_task(place, model="fake:answer=order", strategies=["zero_shot"], data={"train": "a.csv", "test": "b.csv"})
    (place / "a.csv").write_text(table(letters(60, RIGHT, 1)))
    (place / "b.csv").write_text(table(letters(300, RIGHT, 2)))
    run_study(path, place / "study")
    return place / "study"


@pytest.fixture
def here(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def served(study: Path, texts: Sequence[str], answer: str = "order", **more: Any) -> bytes:
    """Lines of a log, one a second."""
    identity = package.open_study(study).candidate("zero_shot").id
    rows = [
        ServedRow(text, answer, f"2026-01-02T03:{n // 60:02d}:{n % 60:02d}.000+00:00", f"r{n}", "served", identity, **more)
        for n, text in enumerate(texts)
    ]
    return b"".join(row.line() for row in rows)


def words(text: str) -> str:
    return " ".join(text.split())


def put(study: Path, rows: Sequence[tuple[str, str]]) -> None:
    """The log of an answer to each row, and all labels."""
    Path("served.jsonl").write_bytes(served(study, [text for text, _ in rows]))
    Path("labels.csv").write_text(table(list(rows)))


def test_a_log_like_the_test_split_shows_no_drift(crossover: Terminal, study: Path, here: Path) -> None:
    put(study, letters(400, RIGHT, 3))
    said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl", "--labels", "labels.csv")
    told = words(said.out)
    assert said.status == 0, told
    assert told.startswith("No drift shown: “zero_shot” has accuracy ")
    assert "on 400 labelled answers" in told
    assert "labels: 400, of which 400 belong to an answer (by input) and 400 count" in told
    assert "inputs and answers are as on test, so far as 400 inputs can show" in told
    assert "can be shown by no number of labels: test has too few rows" in told
    assert "served.jsonl: 400 answers (2026-01-02 03:00 to 2026-01-02 03:06)" in told


def test_a_fall_is_told_with_its_interval_and_status_3(crossover: Terminal, study: Path, here: Path) -> None:
    rows = letters(300, RIGHT - 0.2, 4)
    put(study, rows)
    asked = ("watch", f"{study}:zero_shot", "-l", "served.jsonl", "--labels", "labels.csv")
    said = crossover(*asked, "--json")
    body = json.loads(said.out)
    found = body["quality"]
    assert (said.status, body["drift"]) == (3, True)
    assert found["now"] == pytest.approx(sum(label == "order" for _, label in rows) / 300, abs=1e-6)
    assert found["before"] == pytest.approx(sum(label == "order" for _, label in letters(300, RIGHT, 2)) / 300, abs=1e-6)
    assert found["low"] < found["difference"] < found["high"] < 0
    assert found["proven"]["after"] < 300
    told = words(crossover(*asked).out)
    assert told.startswith("Drift: “zero_shot” has accuracy ")
    assert f"shown after {found['proven']['after']}." in told
    assert "crossover evaluate" in told


def test_labels_are_joined_by_the_id_of_the_log_too(crossover: Terminal, study: Path, here: Path) -> None:
    rows = letters(200, RIGHT, 5)
    put(study, rows)
    lines = [f"r{n},{label}" for n, (_, label) in enumerate(rows)]
    Path("late.csv").write_text("\n".join(["id,label", *lines, "x9,order"]))
    named, plain = (
        json.loads(crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl", "--labels", file, "--json").out)
        for file in ("late.csv", "labels.csv")
    )
    counts = {"rows": 201, "matched": 200, "counted": 200, "unlisted": 0, "such_as": []}
    assert named["labels"] == {"path": "late.csv", "by": "id", **counts}
    assert named["quality"] == plain["quality"]


def test_labels_that_the_study_does_not_know_are_said(crossover: Terminal, study: Path, here: Path) -> None:
    """Else a file that spells the labels otherwise would seem a fall, without a word."""
    rows = [(text, {"order": "orders"}.get(label, label)) for text, label in letters(100, RIGHT, 5)]
    put(study, rows)
    said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl", "--labels", "labels.csv")
    count = sum(label == "orders" for _, label in rows)
    assert f"of the labels {count} are none that the study knows (“orders”), so no answer can be right" in words(said.out)


@pytest.mark.parametrize("waiting", ["text,label\n", "", "text,label\nplum letter 7,\n"])
def test_a_file_that_waits_for_labels_has_none_yet(crossover: Terminal, study: Path, here: Path, waiting: str) -> None:
    put(study, letters(40, RIGHT, 5))
    Path("labels.csv").write_text(waiting)
    said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl", "--labels", "labels.csv")
    assert (said.status, said.err) == (0, "")
    assert "no label belongs to an answer of “zero_shot” yet" in words(said.out)


def test_a_log_of_several_models_that_names_no_candidate_says_so(crossover: Terminal, study: Path, here: Path) -> None:
    texts = [text for text, _ in letters(20, RIGHT, 5)]
    lines = [ServedRow(text, "order", model=f"m{n % 2}").line() for n, text in enumerate(texts)]
    Path("served.jsonl").write_bytes(b"".join(lines))
    said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl")
    assert "has answers of 2 models (m0, m1): all are taken for those of “zero_shot”" in words(said.out)
    Path("served.jsonl").write_bytes(b"".join(lines[::2]))
    assert "models" not in words(crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl").out)


def test_a_log_that_another_took_the_place_of_is_not_read_on_in_its_middle(here: Path) -> None:
    path = Path("served.jsonl")
    path.write_bytes(ServedRow("a", "b").line())
    log = ServedLog(path)
    assert log.more() == 1
    Path("next").write_bytes(b"".join(ServedRow(f"another {n}", "b").line() for n in range(9)))
    os.replace("next", path)
    with pytest.raises(DataError, match=r"another file took its place.* join the parts of one that was rotated"):
        log.more()
    assert len(log.rows) == 1


def test_an_input_that_comes_again_is_no_further_evidence(crossover: Terminal, study: Path, here: Path) -> None:
    rows = letters(30, 0.0, 6)
    put(study, rows)
    Path("served.jsonl").write_bytes(served(study, [text for text, _ in rows] * 5))
    said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl", "--labels", "labels.csv", "--json")
    body = json.loads(said.out)
    assert (body["log"]["rows"], body["log"]["different"], body["quality"]["n"]) == (150, 30, 30)


def test_without_labels_other_answers_and_inputs_are_told(crossover: Terminal, study: Path, here: Path) -> None:
    texts = [text for text, _ in letters(300, RIGHT, 7)]
    logs = {
        "": served(study, texts),
        "rarer answers are 33.3 % of the answers, 0.0 % on test": served(study, texts[:200])
        + served(study, texts[200:], "billing"),
        "an input is longer than one of test in ": served(study, [f"{text}, {text} and so on and on" for text in texts]),
        "of the calls failed, 0.0 % on test": served(study, texts)
        + served(study, [f"{text} once more" for text in texts[:100]], "", error="late"),
    }
    for told, log in logs.items():
        Path("served.jsonl").write_bytes(log)
        said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl")
        if told:
            assert said.status == 3, told
            assert "Drift: what “zero_shot” is asked, or answers, is not as on test." in words(said.out)
            assert told in words(said.out)
        else:
            assert said.status == 0
            assert words(said.out).startswith("No drift shown in 300 answers of “zero_shot”; without labels")


def test_a_missed_target_and_a_broken_limit_end_the_verdict(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    more: dict[str, Any] = {"target": 0.6, "limits": {"latency_p95_ms": 50}}
    path = write_task(tmp_path, model="fake:answer=order", strategies=["zero_shot"], **more)
    Path("rows.csv").write_text(table(letters(200, RIGHT, 1)))
    own = run_study(path, tmp_path / "study").path
    rows = letters(300, 0.3, 8)
    put(own, rows)
    Path("served.jsonl").write_bytes(served(own, [text for text, _ in rows], milliseconds=80.0))
    said = crossover("watch", "study:zero_shot", "--log", "served.jsonl", "--labels", "labels.csv")
    told = words(said.out)
    assert said.status == 3
    assert "the verdict no longer holds: “zero_shot” misses the target of 60.0 %" in told
    assert "of the answers take longer than the limit of 50 ms, which 5 % may" in told
    assert "in the model half of the answers took up to 80 ms" in told


def test_following_ends_when_drift_is_shown(
    crossover: Terminal, study: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = letters(400, 0.4, 9)
    put(study, rows)
    Path("served.jsonl").write_bytes(b"")
    left = [rows[start : start + 10] for start in range(0, 400, 10)]

    def wait(seconds: float) -> None:
        assert seconds == 0.5
        with Path("served.jsonl").open("ab") as file:
            file.write(served(study, [text for text, _ in left.pop(0)]))

    monkeypatch.setattr(time, "sleep", wait)
    options = ("--labels", "labels.csv", "--follow", "--every", "0.5")
    said = crossover("watch", f"{study}:zero_shot", "--log", "served.jsonl", *options)
    assert said.status == 3
    assert left, "it ends before the log does"
    assert "10 answers; “zero_shot” has accuracy" in words(said.out)
    assert "Drift: “zero_shot” has accuracy" in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--log", "absent.jsonl"), "there is no file absent.jsonl"),
        (
            ("--log", "other.jsonl"),
            "other.jsonl has no answer of 'zero_shot' as this study made it; it has",
        ),
        (("--log", "served.jsonl", "--labels", "none.csv"), "there is no file none.csv"),
        (
            ("--log", "served.jsonl", "--labels", "odd.csv"),
            "has neither the ids of the log ('id') nor the input (text)",
        ),
        (("--log", "served.jsonl", "--labels", "input.csv"), "input.csv has no column 'label'"),
        (
            ("--log", "served.jsonl", "--labels", "twice.csv"),
            "twice.csv, line 5: the id 'r1' has the label 'billing', and 'order' in twice.csv, line 3; valid is one label",
        ),
        (("--log", "csv.jsonl"), "csv.jsonl, line 1: it is no JSON object"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    crossover: Terminal, study: Path, here: Path, arguments: tuple[str, ...], says: str
) -> None:
    put(study, letters(20, RIGHT, 3))
    Path("other.jsonl").write_bytes(ServedRow("a", "b", model="another", candidate="0123").line())
    Path("odd.csv").write_text("letter,label\na,order\n")
    Path("input.csv").write_text("text\na\n")
    Path("twice.csv").write_text("id,label\nr0,order\nr1,order\nr0,order\nr1,billing\n")
    Path("csv.jsonl").write_text("a,b\n")
    said = crossover("watch", f"{study}:zero_shot", *arguments)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err


def test_a_study_that_is_none_is_said(crossover: Terminal, here: Path) -> None:
    Path("served.jsonl").write_bytes(ServedRow("a", "b").line())
    said = crossover("watch", here, "--log", "served.jsonl")
    assert said.status == 2
    assert "holds no study" in said.err


def test_the_page_names_commands_and_options_that_there_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()
    lines = [line.split() for line in page.splitlines() if line.startswith("crossover ")]
    assert {line[1] for line in lines} == {"evaluate", "serve", "watch"}
    for line in lines:
        known = {option for one in load(line[1]).params for option in one.opts}
        assert {word for word in line if word.startswith("-")} <= known
    named = {option for name in ("evaluate", "serve", "watch") for one in load(name).params for option in one.opts}
    assert set(re.findall(r"`(--[a-z-]+)", page)) <= named


def test_from_python(study: Path, here: Path) -> None:
    put(study, letters(300, RIGHT - 0.25, 4))
    found = package.open_study(study).watch("served.jsonl", labels="labels.csv", candidate="zero_shot")
    assert (found.drift, found.alarm) == (True, True)
    assert found.body["quality"]["proven"]
    assert str(found).startswith("Drift: “zero_shot” has accuracy")
    assert "zero_shot" in found._repr_html_()
