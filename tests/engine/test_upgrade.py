"""Tables of an earlier form are read as they are, and brought to the present one by who writes, step by step."""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossover.engine import marks, upgrade
from crossover.engine.database import at
from crossover.engine.journal import Journal, JournalReader
from crossover.engine.tables import FORM, schema
from crossover.errors import StudyError
from crossover.types import Reply, Usage
from tests.engine.server import Server

PSYCOPG = pytest.importorskip("psycopg")
NAMES = ["few_shot", "é", "日本 🎉"]

# as the versions that wrote them made them, but for tables that nothing is in here
FIRST = """
CREATE TABLE facts (name TEXT NOT NULL, body TEXT, PRIMARY KEY (name));
CREATE TABLE calls (number INTEGER NOT NULL, key TEXT, purpose TEXT, reply TEXT, failed BOOLEAN, tokens_in INTEGER,
  tokens_out INTEGER, seconds FLOAT, money FLOAT, made FLOAT, PRIMARY KEY (number));
CREATE INDEX ix_calls_key ON calls (key);
CREATE TABLE candidates (name TEXT NOT NULL, body TEXT, PRIMARY KEY (name));
INSERT INTO facts VALUES ('version', '2'), ('data', '[1]');
INSERT INTO calls (key, purpose, reply, failed, tokens_in, tokens_out, seconds, money, made) VALUES
  ('a', 'é', '{"text": "x", "label_scores": [], "usage": {"tokens_in": 1, "tokens_out": 1, "seconds": 0.0, "money": 0.0},
   "error": null}', false, 1, 1, 0.0, 0.0, 1.5);
"""
SERIAL = ("number INTEGER NOT NULL", "number BIGSERIAL NOT NULL")
SECOND = """
CREATE TABLE needs (whole TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, PRIMARY KEY (whole, kind, part));
CREATE TABLE works (work TEXT NOT NULL, seconds FLOAT, PRIMARY KEY (work));
INSERT INTO needs VALUES ('é', 'call', 'a');
CREATE UNIQUE INDEX calls_once ON calls (key, purpose, made);
"""


def written(path: Path, form: int, database: Server | None) -> Path:
    """A journal as a version before this one left it."""
    rows = "".join(f"INSERT INTO candidates VALUES ('{name}', '{{\"n\": {n}}}');" for n, name in enumerate(NAMES))
    text = FIRST + rows + (SECOND if form > 1 else "")
    if database is None:
        with closing(sqlite3.connect(path)) as file:
            file.executescript(text)
        return path
    study = f"form_{abs(hash(path))}"
    with PSYCOPG.connect(database.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {study}; SET search_path = {study}; {text.replace(*SERIAL)}")
    url = path.with_name("study.url")
    url.write_text(f"{database.url}?study={study}\n")
    return url


@pytest.fixture(params=["file", "database"])
def kind(request: pytest.FixtureRequest) -> Server | None:
    return None if request.param == "file" else request.getfixturevalue("database")


def state(path: Path) -> dict[str, Any]:
    with closing(JournalReader(path)) as journal:
        return {
            "candidates": journal.candidates(),
            "calls": (journal.spent()[0], sorted(journal.replies(["a"]))),
            "works": journal.work_seconds("w"),
            "fact": journal.fact("data"),
        }


def form_of(path: Path) -> int:
    database = at(path)
    found = database.open(writes=False)
    database.close()
    assert found is not None
    return found.form


@pytest.mark.parametrize("form", [1, 2])
def test_an_earlier_form_is_read_as_it_is_and_upgraded_by_who_writes(
    form: int, kind: Server | None, tmp_path: Path
) -> None:
    path = written(tmp_path / "study.db", form, kind)
    known = FORM if kind is None and form == 2 else form  # which a file does not tell from the next
    assert form_of(path) == known
    before = state(path)
    assert before["candidates"] == {name: {"n": n} for n, name in enumerate(NAMES)}
    assert before["calls"] == (1, ["a"])
    with closing(JournalReader(path)) as reader:
        assert reader.needs("é") == ([("call", "a")] if form > 1 else [])
    assert form_of(path) == known  # as it was
    with closing(Journal(path)) as journal:
        assert journal.needs("é") == ([("call", "a")] if form > 1 else [])
        journal.add_calls("w", {"b": Reply("", (), Usage(5 * 10**9, 1), None)})
        journal.add_work("w", 1.5)
        journal.set_candidate("é", {"n": "new"})
    assert form_of(path) == FORM
    after = state(path)
    assert after["candidates"] == before["candidates"] | {"é": {"n": "new"}}
    assert (after["calls"], after["works"]) == ((2, ["a"]), 1.5)
    kept = sorted(one.name for one in tmp_path.glob("*before*"))
    assert kept == (["study.db.before-4"] if known < 2 and kind is None else [])
    if kept:
        old = tmp_path / "kept"
        old.mkdir()
        (tmp_path / kept[0]).rename(old / "study.db")
        assert state(old / "study.db") == before
        assert form_of(old / "study.db") == 1


def test_scores_in_lists_are_read_beside_packed_ones(kind: Server | None, tmp_path: Path) -> None:
    old, new = (-0.1, -2.5), (-1 / 3, -0.0, -5e-324)
    path = written(tmp_path / "study.db", 2, kind)
    with closing(Journal(path)) as journal:
        journal.add_calls("w", {"old": Reply("x", old), "new": Reply("y", new)})
    reply = json.dumps({"text": "x", "label_scores": old, "usage": {}, "error": None})
    place, mark = (sqlite3.connect(path), "?") if kind is None else (PSYCOPG.connect(kind.url), "%s")
    calls = "calls" if kind is None else f"{path.read_text().strip().rpartition('=')[2]}.calls"
    with closing(place):
        place.execute(f"UPDATE {calls} SET reply = {mark} WHERE key = 'old'", (reply,))
        place.commit()
    with closing(JournalReader(path)) as reader:
        found = reader.replies(["old", "new"])
    assert (found["old"].label_scores, found["new"].label_scores) == (old, new)
    assert struct.pack("3d", *found["new"].label_scores) == struct.pack("3d", *new)


def test_what_is_stopped_between_two_steps_goes_on(
    kind: Server | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, (first, second, *_) = written(tmp_path / "study.db", 1, kind), upgrade.STEPS

    def broken(connection: Any, space: str | None) -> None:
        if kind:
            second.take(connection, space)
        raise StudyError("the disk is full")

    monkeypatch.setattr(upgrade, "STEPS", (first, upgrade.Step(3, lambda *_: True, broken)))
    with pytest.raises(StudyError, match="the disk is full"):
        Journal(path)
    monkeypatch.undo()
    assert form_of(path) == 2
    assert state(path)["candidates"] == {name: {"n": n} for n, name in enumerate(NAMES)}
    Journal(path).close()
    assert form_of(path) == FORM
    assert state(path)["candidates"] == {name: {"n": n} for n, name in enumerate(NAMES)}


def test_a_later_form_is_one_sentence_and_stays_as_it_is(kind: Server | None, tmp_path: Path) -> None:
    path = written(tmp_path / "study.db", 2, kind)
    with closing(Journal(path)) as journal:
        journal.set_fact(marks.FORM, FORM + 1)
    for opened in (Journal, JournalReader):
        with pytest.raises(
            StudyError, match=rf"by a later version of Crossover \(its tables are of form {FORM + 1}, here {FORM}\)"
        ):
            opened(path)
    assert form_of(path) == FORM + 1


def test_one_of_names_from_before_is_not_upgraded(tmp_path: Path) -> None:
    path = written(tmp_path / "study.db", 1, None)
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE facts SET body = '1' WHERE name = 'version'")
        file.commit()
    with pytest.raises(StudyError, match="journal version 1, here 2"):
        Journal(path)
    assert form_of(path) == 1
    assert state(path)["fact"] == [1]


def test_all_forms_have_the_tables_of_the_one_before() -> None:
    for form in range(1, FORM):
        assert set(schema(form).tables) <= set(schema(form + 1).tables)
    assert [step.form for step in upgrade.STEPS] == list(range(2, FORM + 1))
