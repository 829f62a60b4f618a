"""The log of served answers, as it is written and read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.served import ServedLog, ServedRow
from crossover.errors import DataError

ROW = ServedRow("where is it?", "delivery", "2026-01-02T03:04:05.000+00:00", "p1", "m", "0123", None, 12.5, 7, 1)


@given(text=st.text(), answer=st.text(), error=st.none() | st.text())
@settings(max_examples=30)
def test_a_row_is_a_line_and_comes_back(
    text: str, answer: str, error: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("log") / "served.jsonl"
    row = ServedRow(text, answer, error=error)
    path.write_bytes(row.line() + ROW.line())
    log = ServedLog(path)
    assert log.more() == 2
    assert log.rows == [row, ROW]


def test_what_is_added_is_read_once_and_half_a_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    line = ROW.line()
    path.write_bytes(line + line[:20])
    log = ServedLog(path)
    assert (log.more(), log.more()) == (1, 0)
    with path.open("ab") as file:
        file.write(line[20:] + line)
    assert (log.more(), len(log.rows), log.broken) == (2, 3, [])


def test_a_last_line_without_a_break_counts_where_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    path.write_bytes(ROW.line().rstrip())
    log = ServedLog(path)
    assert (log.more(), log.more(ended=True)) == (0, 1)


def test_a_line_that_a_killed_server_left_is_left_out_and_known(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    path.write_bytes(ROW.line() + b'{"input": "hal\n\n' + ROW.line() + b"\xff\xfe\n")
    log = ServedLog(path)
    assert (log.more(), log.broken) == (2, [2, 5])


def test_a_log_of_another_server_needs_input_and_output_alone(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    path.write_text(
        json.dumps({"input": "a", "output": "b", "user": 3}) + "\n" + json.dumps({"input": "c", "error": "late"})
    )
    log = ServedLog(path)
    log.more(ended=True)
    assert log.rows == [ServedRow("a", "b"), ServedRow("c", "", error="late")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,input\n1,x\n", "line 1: it is no JSON object; valid is a log as 'crossover serve --log' writes it"),
        ('{"input": "x"}\n', "line 1, key 'output': received nothing; valid is text"),
        ('{"input": 7, "output": "x"}\n', "line 1, key 'input': received 7; valid is text"),
        ('{"input": "a", "output": "x", "milliseconds": "12"}\n', "key 'milliseconds': received '12'; valid is a number"),
    ],
)
def test_what_is_no_log_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "served.jsonl"
    path.write_text(text)
    with pytest.raises(DataError) as told:
        ServedLog(path).more()
    assert says in str(told.value)
    assert str(path) in str(told.value)


def test_a_log_that_was_cut_is_said(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    path.write_bytes(3 * ROW.line())
    log = ServedLog(path)
    log.more()
    path.write_bytes(ROW.line())
    with pytest.raises(DataError, match="was cut, or another file took its place, while it was read"):
        log.more()
