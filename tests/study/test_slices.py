"""Slices from the task file to the page: named columns are read from every form of data, measured, and shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

import crossover
from crossover.data.splits import make_splits
from crossover.data.task import Task, load_task
from crossover.errors import DataError, TaskError
from crossover.report.page import render
from crossover.report.table import foot
from crossover.study.read import read_results
from crossover.study.redecide import redecide

CHANNELS = ("web", "phone", "<b>fax</b>")
TOPICS = {"kitchen": "soup", "garden": "roses"}
ROWS = [
    {"text": f"note {i} about {TOPICS[topic]}", "topic": topic, "channel": CHANNELS[i % 3], "words": i}
    for i in range(120)
    for topic in [list(TOPICS)[i % 2]]
]
KEYS: dict[str, Any] = {
    "name": "sliced",
    "input": "text",
    "output": "topic",
    "kind": "classify",
    "model": "fake",
    "forgetting": False,
    "instruction": "Say the topic.",
    "strategies": ["zero_shot", "instruction"],
    "limits": {"machine_cost_per_hour": 0},
}


def write(folder: Path, kind: str) -> str:
    path = folder / f"notes.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    elif kind == "parquet":
        pd.DataFrame(ROWS).to_parquet(path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ROWS[0], delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(ROWS)
    return path.name


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "rows", "frame"])
def test_every_form_of_data_carries_the_named_columns(tmp_path: Path, kind: str) -> None:
    data: Any = {"rows": ROWS, "frame": pd.DataFrame(ROWS)}.get(kind)
    task = Task(**KEYS, slices=["channel", "words"], data=write(tmp_path, kind) if data is None else data, folder=tmp_path)
    splits = make_splits(task)
    assert {example.slices["channel"] for example in splits.test} == {"web", "phone", "<b>fax</b>"}
    assert splits.test[0].slices["words"].isdigit()
    bare = Task(**KEYS, data=task.data if data is None else data, folder=tmp_path)
    assert make_splits(bare).sha256 == splits.sha256, "naming a column changes no data"


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'chanel'; did you mean 'channel'"):
        make_splits(Task(**KEYS, slices=["chanel"], data=ROWS))


def test_bad_lists_of_columns_are_one_sentence(tmp_path: Path) -> None:
    body = {**KEYS, "data": "notes.csv"}
    for given, said in (
        ("channel", "valid is a list of columns"),
        (["a", "a"], "'a' stands twice"),
        ([" "], "an empty name"),
    ):
        (tmp_path / "task.yaml").write_text(json.dumps({**body, "slices": given}))
        with pytest.raises(TaskError, match=rf"task\.yaml, line 1, key 'slices': .*{said}"):
            load_task(tmp_path / "task.yaml")


def test_a_study_shows_slices_in_the_decision_the_terminal_the_page_and_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "task.yaml"
    data = {"train": write(tmp_path, "csv"), "test": "test.csv"}
    with (tmp_path / "test.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows({**row, "text": f"another {row['text']}"} for row in ROWS[:60])
    path.write_text(json.dumps({**KEYS, "data": data, "slices": ["channel", "words"]}))
    study = crossover.run_study(path, out=tmp_path / "run")
    found = study.decision["slices"]
    assert [row["value"] for row in found["rows"] if row["column"] == "topic"] == ["kitchen", "garden"]
    assert {row["value"] for row in found["rows"] if row["column"] == "channel"} == {"web", "phone", "<b>fax</b>"}
    assert found["said"] == ["slices by 'words': 60 different numbers, in 4 ranges of about as many test items each"]
    tested = {c["id"] for c in study.decision["candidates"] if c["test"]}
    assert all(set(row["estimates"]) == tested for row in found["rows"])
    for c in study.decision["candidates"]:
        rows = [row["estimates"][c["id"]] for row in found["rows"] if row["column"] == "channel" and c["test"]]
        assert sum(e["n"] * e["value"] for e in rows) == pytest.approx(60 * c["test"]["value"], abs=1e-3) if rows else True
    results = read_results(study.path)
    console = Console(width=90, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(foot(results))
    text = console.export_text()
    assert " does worst where (of 9 slices): " in text
    assert max(map(len, text.splitlines())) <= 90
    page = render(results)
    assert 'id="slices"' in page
    assert "&lt;b&gt;fax&lt;/b&gt;" in page
    assert "<b>fax" not in page
    frame = study.slices_frame()
    assert len(frame) == 9 * len(tested)
    assert set(frame["column"]) == {"topic", "channel", "words"}
    assert study.slices[0].estimates.keys() == set(frame["candidate"])
    assert frame.loc[frame["candidate"] != study.verdict.choice, "lost"].notna().any()
    again = json.loads(redecide(study.path, ["tolerance=1"]).read_text())
    assert again["slices"]["rows"] == [row | {"against": again["slices"]["rows"][n]["against"]}
                                       for n, row in enumerate(found["rows"])]  # fmt: skip
    assert [len(row["against"]) for row in again["slices"]["rows"]] == [len(tested) - 1] * 9
