"""What every tool's reader keeps, on logs that the tool wrote and on files that are none."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from crossover.data.infer import prepare
from crossover.data.task import load_task
from crossover.errors import CrossoverError, DataError
from crossover.importing.base import Reading
from crossover.importing.folder import body_of, read_body, write
from crossover.importing.open import TOOLS, read
from crossover.importing.source import Source
from tests.importing.logs import FILES, LOGS, files

ANSWERS = {  # what the tools printed when they wrote these logs: statistic, small, large
    "inspect": ("mean", 0.5, 0.9166666666666666),
    "lm-eval": ("value", 0.5, 0.9166666666666666),
    "promptfoo": ("pass rate", 0.5, 10 / 12),
    "openai-evals": ("passed", 0.5, 10 / 12),
    "oaieval": ("accuracy", 0.5, 0.9166666666666666),
    "dspy": ("score in %", 50.0, 91.67),
}
METRIC = {
    "inspect": "exact",
    "lm-eval": "acc",
    "promptfoo": "pass",
    "openai-evals": "passed",
    "oaieval": "correct",
    "dspy": "metric",
}


def only(name: str) -> Reading:
    [reading] = read(files(name))
    return reading


@pytest.mark.parametrize("name", LOGS)
def test_the_numbers_are_the_tools_own(name: str) -> None:
    body = body_of([only(name)], METRIC[name])
    statistic, *values = ANSWERS[name]
    logs = [body["logs"][0], body["logs"][-1]]
    printed = [log["figures"][0]["printed"] for log in logs]
    assert [(p["statistic"], p["value"]) for p in printed] == [(statistic, pytest.approx(value)) for value in values]


@pytest.mark.parametrize("name", LOGS)
def test_a_pair_has_its_interval_and_failed_calls_are_left_out(name: str) -> None:
    body = body_of([only(name)], METRIC[name])
    found = body["differences"][-1]["comparison"]
    failed = name in ("promptfoo", "openai-evals")
    # by hand: of 12 (or the 11 that both answered) the large one alone is right in 5
    assert found["n"] == (11 if failed else 12)
    assert found["difference"] == pytest.approx(5 / found["n"])
    assert found["test"] == "exact McNemar"
    assert found["p"] == pytest.approx(2 * 0.5**5)
    assert 0 < found["low"] < found["difference"] < found["high"] < 1
    last = body["logs"][-1]["figures"][0]
    assert (last["failed"], last["treatment"]) == ((1, "failed as zero") if failed else (0, "same"))
    assert last["estimate"]["value"] == pytest.approx((10 if failed else 11) / found["n"])


@pytest.mark.parametrize("name", LOGS)
def test_a_folder_has_all_and_a_task_that_can_be_run(name: str, tmp_path: Path) -> None:
    readings = read(files(name))
    body = body_of(readings)
    write(tmp_path / "it", readings, body)
    assert read_body(tmp_path / "it") == json.loads(json.dumps(body))
    rows = [json.loads(line) for line in (tmp_path / "it" / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 12
    prepared = prepare(load_task(tmp_path / "it" / "task.yaml"))
    assert prepared.task.kind == "classify"
    assert set(prepared.task.labels) == {"billing", "technical", "delivery"}
    assert len(prepared.splits.all) == 12
    items = [json.loads(line) for line in (tmp_path / "it" / "items.jsonl").read_text().splitlines()]
    assert len(items) == 12 * len(body["logs"])
    assert {item["answer"] for item in items if not item["failed"]} <= {"billing", "technical", "delivery", "other"}


@pytest.mark.parametrize("name", LOGS)
def test_one_tool_alone_recognises_its_files(name: str) -> None:
    for file in files(name):
        found = [tool.name for tool in TOOLS if tool.recognises(Source(file))]
        assert found == [name.replace("oaieval", "openai-evals")]


@pytest.mark.parametrize(
    "content",
    ["null", "[]", "{}", "3", '"a"', "[1, 2]", "[[]]", "[{}]", '{"eval": 1, "version": 2}', '{"results": {"results": 1}}'],
)
def test_no_tool_takes_or_stumbles_over_what_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text(content)
    assert [tool.name for tool in TOOLS if tool.recognises(Source(tmp_path / "it.json"))] == []
    with pytest.raises(DataError, match="is no file of a known tool; valid are Inspect"):
        read([tmp_path / "it.json"])


def _values(body: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The places in a JSON value, the outer ones first."""
    inner = body.items() if isinstance(body, dict) else enumerate(body[:2]) if isinstance(body, list) else ()
    return [path, *(place for key, part in inner for place in _values(part, (*path, key)))]


def _changed(body: object, path: tuple[object, ...], value: object) -> object:
    if not path:
        return value
    head, *rest = path
    if isinstance(body, dict):
        return {key: _changed(part, tuple(rest), value) if key == head else part for key, part in body.items()}
    assert isinstance(body, list)
    return [_changed(part, tuple(rest), value) if n == head else part for n, part in enumerate(body)]


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None]])
def test_a_value_of_another_type_anywhere_is_a_sentence_or_is_left_out(name: str, value: object, tmp_path: Path) -> None:
    file = files(name)[2] if name == "openai-evals" else files(name)[0]
    file = FILES / "inspect" / "log.json" if name == "inspect" else file
    lines = file.read_text().splitlines()
    body = [json.loads(line) for line in lines[:4]] if file.suffix == ".jsonl" else json.loads(file.read_text())
    places = _values(body)
    for path in places[:: max(1, len(places) // 40)]:
        changed = _changed(body, path, value)
        copy = tmp_path / file.with_suffix(".json").name
        copy.write_text(json.dumps(changed))
        with suppress(CrossoverError):
            body_of(read([copy], name.replace("oaieval", "openai-evals")))
