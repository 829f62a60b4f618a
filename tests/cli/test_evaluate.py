"""`crossover evaluate`: a finished study's candidates on labelled rows that came later."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

import crossover as package
from crossover.evaluation.intervals import wilson
from crossover.evaluation.paired import compare
from crossover.models.fake import Fake
from crossover.report.evaluated import evaluated
from crossover.report.page import render
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from crossover.types import Reply, Request, Score
from tests.cli.small import LABELS, Terminal, table, write_task

NEW = [(f"my letter of day {n} says: please look into it", LABELS[n % 4]) for n in range(24)]
NAMES = ("classifier", "instruction+lora")


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def study(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    (tmp_path / "new.csv").write_text(table(NEW))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "study"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that reaches the model."""
    complete, found = Fake.complete, list[Request]()

    def noting(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        found.extend(requests)
        return complete(self, requests)

    monkeypatch.setattr(Fake, "complete", noting)
    return found


def measured(said: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(said.out)
    return body


def scores(study: Path, name: str, file: str = "1") -> list[float]:
    lines = (study / "evaluations" / f"{file}.jsonl").read_text().splitlines()
    return [row["score"] for row in map(json.loads, lines) if row["candidate"] == name]


def test_it_prints_what_was_found_keeps_it_and_leaves_the_verdict(crossover: Terminal, study: Path) -> None:
    before = {name: (study / name).read_bytes() for name in ("decision.json", "study.db")}
    said = crossover("evaluate", study, "--data", "new.csv")
    assert said.status == 0, said
    assert "new.csv: 24 rows" in said.out
    assert "kept as" in said.out
    assert {name: (study / name).read_bytes() for name in before} == before
    shown = words(crossover("show", study).out)
    body = json.loads((study / "evaluations" / "1.json").read_text())
    for row in body["candidates"]:
        assert f"{row['name']} {100 * row['estimate']['value']:.1f} % (" in shown
    assert "measured on new.csv (" in shown


def test_the_figures_are_those_of_the_answers(crossover: Terminal, study: Path) -> None:
    body = measured(crossover("evaluate", study, "-d", "new.csv", "-c", "zero_shot", "-c", "instruction", "--json"))
    first, second = body["candidates"]
    assert (first["name"], second["name"]) == ("zero_shot", "instruction")
    for row in (first, second):
        right = scores(study, row["name"])
        value = sum(right) / 24
        assert row["estimate"] == {"n": 24, "value": value, **dict(zip(("low", "high"), wilson(value, 24), strict=True))}
    sides = [[Score(value) for value in scores(study, name)] for name in ("instruction", "zero_shot")]
    found = compare(*sides, "mean", True)
    [pair] = body["comparisons"]
    assert (pair["a"], pair["b"]) == (second["id"], first["id"])
    assert (pair["difference"], pair["low"], pair["high"], pair["p"], pair["test"]) == (
        *(found.difference, found.low, found.high, found.p),
        "exact McNemar",
    )
    change = first["change"]
    assert change["difference"] == pytest.approx(first["estimate"]["value"] - first["test"]["value"])
    assert change["low"] < change["difference"] < change["high"]
    assert first["cost"]["low"] <= first["cost"]["per_1k_requests"] <= first["cost"]["high"]


def test_without_names_it_is_the_choice_and_each_sides_champion(crossover: Terminal, study: Path) -> None:
    decision = json.loads((study / "decision.json").read_text())
    verdict = decision["verdict"]
    body = measured(crossover("evaluate", study, "--data", "new.csv", "--json"))
    champions = {row["id"] for row in decision["candidates"] if row["status"] == "champion"}
    assert body["candidates"][0]["id"] == (verdict["choice"] or verdict["provisional"])
    assert {row["id"] for row in body["candidates"]} == champions | {body["candidates"][0]["id"]}


def test_again_it_asks_nothing_and_gives_the_same_file(crossover: Terminal, study: Path, asked: list[Request]) -> None:
    first = crossover("evaluate", study, "--data", "new.csv", "--json")
    count = len(asked)
    assert count
    assert crossover("evaluate", study, "--data", "new.csv", "--json").out == first.out
    assert len(asked) == count
    assert [path.name for path in sorted((study / "evaluations").glob("*.json"))] == ["1.json"]
    crossover("evaluate", study, "--data", "new.csv", "-c", "instruction")
    assert (study / "evaluations" / "2.json").is_file()


def test_what_the_study_asked_is_not_asked_again(crossover: Terminal, study: Path, asked: list[Request]) -> None:
    decision = json.loads((study / "decision.json").read_text())
    rows = [(p.input, p.gold) for p in package.open_study(study).predictions("zero_shot")]
    Path("test.csv").write_text(table(rows))
    body = measured(crossover("evaluate", study, "--data", "test.csv", "-c", "zero_shot", "--json"))
    assert asked == []
    tested = next(row["test"] for row in decision["candidates"] if row["name"] == "zero_shot")
    assert body["candidates"][0]["estimate"]["value"] == pytest.approx(tested["value"], abs=1e-6)
    assert any("with test: scores on test.csv will look too good" in one["message"] for one in body["findings"])


def test_interrupted_it_goes_on_where_it_was(
    crossover: Terminal, study: Path, asked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [(f"letter {n} of many: please look into it", LABELS[n % 4]) for n in range(80)]
    Path("new.csv").write_text(table(many))
    noting = Fake.complete

    def killed(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        if asked:
            raise KeyboardInterrupt
        return noting(self, requests)

    with monkeypatch.context() as context:
        context.setattr(Fake, "complete", killed)
        assert crossover("evaluate", study, "--data", "new.csv", "-c", "zero_shot").status == 130
    assert not list((study / "evaluations").glob("*.json"))
    assert 0 < len(asked) < 80
    assert crossover("evaluate", study, "--data", "new.csv", "-c", "zero_shot").status == 0
    assert len(asked) == 80, "each row was asked once"


def test_rows_that_the_study_has_met_are_said(crossover: Terminal, study: Path) -> None:
    known = (study.parent / "rows.csv").read_text().splitlines()[1:4]
    lines = [*(f"{text},{label}" for text, label in NEW), *known, ",order", "a new kind of letter,praise"]
    Path("new.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    said = crossover("evaluate", study, "--data", "new.csv")
    told = words(said.out + said.err)
    assert said.status == 0
    assert "the study has met 3 rows of these; without them" in told
    assert "scores on new.csv will look too good" in told
    assert told.count("new.csv: 1 row with a blank input or output, left out (new.csv, line 29)") == 1, "once"
    assert "left out (new.csv, line 29)" in words(crossover("evaluate", study, "--data", "new.csv", "--quiet").out)
    assert "new.csv: the study does not know the label 'praise' (1 row), so no candidate can give it" in told
    body = json.loads((study / "evaluations" / "1.json").read_text())
    assert body["data"] | {"sha256": ""} == {"name": "new.csv", "sha256": "", "rows": 28, "blank": 1, "met": 3}
    row = next(row for row in body["candidates"] if row["chosen"] or True)
    assert (row["estimate"]["n"], row["unmet"]["n"]) == (28, 25)
    assert {pair["n"] for pair in body["comparisons"]} == {25}, "what the study knows tells none apart from another"
    for row in body["candidates"]:
        old, new = row["test"], row["unmet"]
        assert row["change"]["difference"] == pytest.approx(new["value"] - old["value"], abs=1e-6)
    page = render(read_results(study))
    assert "Measured since" in page
    assert "28 rows, 3 of which the study had met" in page


def test_rows_that_the_study_has_met_all_show_nothing_new(crossover: Terminal, study: Path) -> None:
    known = (study.parent / "rows.csv").read_text().splitlines()[:12]
    Path("new.csv").write_text("\n".join(known) + "\n")
    said = crossover("evaluate", study, "--data", "new.csv", "-c", "zero_shot", "-c", "instruction")
    told = words(said.out)
    assert said.status == 0
    assert "the study has met every row of these: they show nothing of rows that come later" in told
    assert "than on test" not in told
    assert "−100.0" not in told, "a difference of no rows is none"
    body = json.loads((study / "evaluations" / "1.json").read_text())
    assert [row["change"] for row in body["candidates"]] == [None, None]
    assert [(pair["n"], pair["p"]) for pair in body["comparisons"]] == [(0, 1.0)]


def test_two_at_once_are_told_what_else_there_is(crossover: Terminal, study: Path) -> None:
    with StudyFolder(study / "evaluations").locked():
        said = crossover("evaluate", study, "--data", "new.csv")
    assert said.status == 2
    assert "wait for it, or evaluate in a copy of the study's folder" in said.err
    assert "--out" not in said.err


def test_the_report_escapes_what_an_evaluation_is_called(crossover: Terminal, study: Path) -> None:
    Path("new <img src=x>.csv").write_text(table(NEW))
    assert crossover("evaluate", study, "--data", "new <img src=x>.csv", "-c", "zero_shot").status == 0
    page = render(read_results(study))
    assert "new &lt;img src=x&gt;.csv" in page
    assert "<img src=x" not in page
    damaged = study / "evaluations" / "1.json"
    damaged.write_text("[]")
    assert "is damaged" in crossover("show", study).err


def test_where_the_studys_rows_are_gone_that_is_said(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert crossover("run", write_task(tmp_path), "--quiet", "--out", "study").status == 0
    Path("rows.csv").unlink()
    Path("new.csv").write_text(table(NEW))
    said = crossover("evaluate", "study", "--data", "new.csv")
    assert said.status == 0
    assert "the study's training rows cannot be read any more (there is no file" in words(said.out)


def test_labels_are_spelled_as_the_study_spells_them(crossover: Terminal, study: Path) -> None:
    plain = measured(crossover("evaluate", study, "--data", "new.csv", "-c", "zero_shot", "--json"))
    Path("odd.csv").write_text(table([(text, f" {label} ") for text, label in NEW]))
    odd = measured(crossover("evaluate", study, "--data", "odd.csv", "-c", "zero_shot", "--json"))
    assert odd["candidates"][0]["estimate"] == plain["candidates"][0]["estimate"]


def test_rows_of_a_group_are_no_independent_evidence(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_task(tmp_path, group="who")
    plain = (tmp_path / "rows.csv").read_text().splitlines()
    (tmp_path / "rows.csv").write_text("\n".join([f"{plain[0]},who", *(f"{r},p{n // 2}" for n, r in enumerate(plain[1:]))]))
    assert crossover("run", path, "--quiet", "--out", "study").status == 0
    lines = [f"{text},{label},{who}" for n, (text, label) in enumerate(NEW) for who in [f"n{n // 6}" if n else "p3"]]
    Path("new.csv").write_text("\n".join(["text,label,who", *lines]))
    names = ("-c", "zero_shot", "-c", "instruction")
    body = measured(crossover("evaluate", "study", "--data", "new.csv", *names, "--json"))
    assert body["comparisons"][0]["test"].endswith("by group")
    assert any("1 row of 1 group(s) that the study has met" in one["message"] for one in body["findings"])


def test_a_failed_call_is_no_wrong_answer(crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_task(tmp_path, model="fake:fail:50")
    assert crossover("run", path, "--quiet", "--out", "study").status == 0
    many = [(f"letter {n} of many: please look into it", LABELS[n % 4]) for n in range(150)]
    Path("new.csv").write_text(table(many))
    body = measured(crossover("evaluate", "study", "--data", "new.csv", "-c", "zero_shot", "--json"))
    [row] = body["candidates"]
    assert row["failures"] > 0
    assert row["estimate"]["n"] == 150 - row["failures"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "absent.csv"), "there is no file absent.csv"),
        (("--data", "other.csv"), "other.csv has no column 'text'; did you mean 'texts'?"),
        (("--data", "new.csv", "-c", "zero"), "has no candidate 'zero'; did you mean 'zero_shot'?"),
        (("--data", "blank.csv"), "blank.csv: every row has a blank 'text' or a blank 'label'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(
    crossover: Terminal, study: Path, arguments: tuple[str, ...], says: str
) -> None:
    Path("other.csv").write_text(table(NEW, "texts,label"))
    Path("blank.csv").write_text("text,label\n,order\na letter,\n")
    said = crossover("evaluate", study, *arguments)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err
    assert not (study / "evaluations").exists()


def test_without_a_finished_study_it_says_what_to_do(crossover: Terminal, tmp_path: Path) -> None:
    said = crossover("evaluate", tmp_path, "--data", "new.csv")
    assert said.status == 2
    assert "holds no study" in said.err


def test_from_python_with_rows_at_hand(study: Path) -> None:
    frame = pd.DataFrame(NEW, columns=["text", "label"])
    found = package.open_study(study).evaluate(frame, ["zero_shot", "instruction"])
    assert list(found.estimates) == ["zero_shot", "instruction"]
    assert found.estimates["zero_shot"].n == 24
    assert [(pair["a"], pair["b"]) for pair in found.comparisons] == [("instruction", "zero_shot")]
    assert len(found.answers) == 48
    assert "DataFrame (in memory), 24 rows: zero_shot" in str(found)
    assert "zero_shot" in found._repr_html_()
    assert package.open_study(study).results.evaluations[0].data == "DataFrame (in memory)"


def test_a_name_is_not_broken_where_figures_are_many() -> None:
    figure = {"n": 122, "value": 0.984, "low": 0.944, "high": 1.0}
    change = {"difference": -0.131, "low": -0.449, "high": 0.989}
    row = {"estimate": figure, "test": figure, "change": change, "failures": 1, "chosen": False}
    rows = [{**row, "id": name, "name": name, "cost": {"currency": "USD", "per_1k_requests": 0.00088}} for name in NAMES]
    pair = {**change, "a": NAMES[1], "p_adjusted": 0.0321, "n": 122}
    body = {"data": {"name": "new.csv", "rows": 122}, "metric": "accuracy", "candidates": rows, "comparisons": [pair]}
    out = io.StringIO()
    Console(file=out, width=100).print(evaluated({**body, "findings": [], "said": []}))
    assert all(name in out.getvalue() for name in NAMES)
    assert all(len(line) <= 100 for line in out.getvalue().splitlines())
