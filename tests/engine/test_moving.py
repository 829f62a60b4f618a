"""A journal moves whole or not at all, and is in one place that is used whenever the move is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crossover.engine import marks, postgres
from crossover.engine.copying import PAGE, total
from crossover.engine.journal import Journal, JournalReader
from crossover.engine.tables import schema
from crossover.errors import StudyError
from crossover.study.folder import StudyFolder
from crossover.study.move import Moved, move_journal
from crossover.types import Reply, Usage
from tests.engine.server import Server

PSYCOPG = pytest.importorskip("psycopg")
CALLS = 30


def sql(database: Server, statement: str) -> list[tuple[object, ...]]:
    with PSYCOPG.connect(database.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def schemas(database: Server) -> set[str]:
    return {str(name) for (name,) in sql(database, "SELECT nspname FROM pg_namespace") if not str(name).startswith("pg_")}


def reply(n: int) -> Reply:
    return Reply(f"answer {n} \0 \ud83d 日本", (0.5, -1.0, float("inf")), Usage(5 * 10**9, 1, 0.1, 1e-300), None)


def fill(journal: Journal, calls: int = CALLS) -> None:
    for n in range(calls):
        journal.add_calls("zero", {str(n): reply(n)}, {f"noted {n}": [n, "é"]})
    journal.add_calls("zero", {"a": reply(1), "b": Reply("", (), Usage(), "lost")})
    journal.add_uses("few", [str(n) for n in range(CALLS)])
    journal.add_needs("w", "call", ["a", "b"])
    journal.add_needs("é \\x ", "call", ["ü"])
    journal.add_work("w", 1.5)
    for epoch in (1, 2):
        journal.add_epoch("first", epoch, {"loss": epoch})
    journal.add_try("lora", "c", 1)
    journal.set_candidate("c", {"x": "y" * 10})
    journal.set_candidate("é", {"x": 1})
    journal.set_run("c", "dev", [1])
    journal.set_tune("first", {"path": "t"})
    journal.clock(1.0, 5.0)


def begun(folder: Path, calls: int = CALLS) -> StudyFolder:
    made = StudyFolder(folder)
    folder.mkdir()
    with closing(made.open_journal()) as journal:
        fill(journal, calls)
    return made


def content(folder: StudyFolder) -> dict[str, object]:
    """Every row, wherever it is."""
    with closing(JournalReader(folder.journal)) as reader:
        found: dict[str, object] = {name: total(reader.reading, table) for name, table in schema().tables.items()}
        return found | {"replies": len(reader.replies(map(str, range(CALLS)))), "spent": reader.spent()}


def files(folder: StudyFolder) -> set[str]:
    """But for the drafts and the log that a killed process left, which the next one writes anew."""
    found = {path.name for path in folder.path.iterdir() if not path.name.startswith(".")}
    return found - {"study.db-wal", "study.db-shm"}


def test_a_journal_goes_to_a_database_to_another_and_back_with_every_row(database: Server, tmp_path: Path) -> None:
    before, folder = schemas(database), begun(tmp_path / "one")
    told = content(folder)
    moved = move_journal(folder, database.url)
    assert (moved.calls, moved.left) == (CALLS + 2, f"the file is kept as {folder.path / 'study.db.moved'}")
    assert moved.rows == sum(one.rows for one in told.values() if hasattr(one, "rows"))
    assert files(folder) == {"study.url", "study.db.moved"}
    assert content(folder) == told
    assert move_journal(folder, database.url) == Moved(moved.place, 0, 0, "it was there already")
    with closing(folder.open_journal()) as journal:  # numbered behind the last
        journal.add_calls("zero", {"late": reply(0)})
    told = content(folder)
    named = f"{database.url}?study=named"
    second = move_journal(folder, named)
    assert (second.place, second.left) == (named, f"{moved.place} is dropped")
    assert content(folder) == told
    with pytest.raises(StudyError, match=r"has its journal in .*named, not in .*: name another folder"):
        folder.open_journal(moved.place)
    back = move_journal(folder, "file")
    assert (back.place, back.calls) == (str(folder.journal), CALLS + 3)
    assert folder.journal == folder.path / "study.db"
    assert files(folder) == {"study.db", "study.db.moved"}
    assert content(folder) == told
    assert schemas(database) == before
    with closing(folder.open_journal()) as journal:
        journal.add_calls("zero", {"later": reply(0)})
        assert journal.spent()[0] == CALLS + 4


def test_a_folder_on_another_machine_finds_it_and_is_told_when_it_has_gone(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun(tmp_path / "one")
    move_journal(folder, f"{database.url}?study=travels")
    other = StudyFolder(shutil.copytree(folder.path, tmp_path / "other"))
    assert content(other) == content(folder)
    other.open_journal().close()  # goes on with it
    assert "?study=travels says where it is to " in move_journal(folder, "file").left
    for opened in (other.open_journal, lambda: JournalReader(other.journal), lambda: move_journal(other, "file")):
        with pytest.raises(
            StudyError, match=rf"study=travels was moved to the folder .*:{folder.path} .*use it from there"
        ):
            opened()
    move_journal(folder, f"{database.url}?study=travels")  # where it was
    assert content(other) == content(folder)
    move_journal(folder, "file")


def test_nobody_else_is_moved_over(database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "BRIEF", 0.1)
    folder, other = begun(tmp_path / "one"), begun(tmp_path / "other")
    place = move_journal(other, f"{database.url}?study=anothers").place
    with pytest.raises(StudyError, match=r"study=anothers holds a study already: give another name"):
        move_journal(folder, place)
    assert files(folder) == {"study.db"}
    told = content(other)
    sql(database, "CREATE SCHEMA accounts_two; CREATE TABLE accounts_two.sums (x int)")
    with pytest.raises(StudyError, match="is not a Crossover journal"):
        move_journal(folder, f"{database.url}?study=accounts_two")
    with pytest.raises(StudyError, match="cannot be reached or used"):
        move_journal(folder, "postgresql://127.0.0.1:9/team")
    assert sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'accounts_two'") == [("sums",)]
    assert files(folder) == {"study.db"}
    assert content(other) == told
    with (
        closing(other.open_journal()),
        pytest.raises(StudyError, match=r"in use by another .* \(process \d+ on .*, since "),
    ):
        move_journal(other, "file")
    with folder.locked(), pytest.raises(StudyError, match=r"one is in use by another .* \(process \d+ on .*, since 2"):
        move_journal(folder, database.url)
    with pytest.raises(StudyError, match="has no journal: name the folder of a run"):
        move_journal(tmp_path / "none", "file")
    assert not (tmp_path / "none").exists()
    with pytest.raises(StudyError, match=r"'nowhere'; valid is postgresql://.*, or 'file' for one in the folder"):
        move_journal(folder, "nowhere")


def test_calls_of_one_moment_stay_two(database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = StudyFolder(tmp_path)
    monkeypatch.setattr("time.time", lambda: 1.0)
    with closing(folder.open_journal()) as journal:
        for n in range(3):
            journal.add_calls("zero", {"a": reply(n)})
    monkeypatch.undo()
    assert move_journal(folder, database.url).calls == 3
    with closing(JournalReader(folder.journal)) as reader:
        assert reader.spent()[0] == 3


def test_a_place_that_cannot_be_let_go_yet_is_let_go_later(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, before = begun(tmp_path / "one"), schemas(database)
    move_journal(folder, database.url)
    told = content(folder)

    def away(*_: object) -> str:
        raise StudyError("the server is away")

    with monkeypatch.context() as context:
        context.setattr("crossover.study.move.let_go", away)
        for where in ("file", database.url):  # also where it is to go on at once
            with pytest.raises(StudyError, match=r"the journal is in .*study\.db, and .*: the server is away \(or take"):
                move_journal(folder, where)
    assert content(folder) == told
    assert len(schemas(database)) == len(before) + 1
    assert move_journal(folder, "file").left.endswith("is dropped")
    assert (content(folder), schemas(database)) == (told, before)


def test_a_folder_whose_note_was_taken_away_goes_on_where_it_says(database: Server, tmp_path: Path) -> None:
    folder, [here, there] = begun(tmp_path / "one", 3), [f"{database.url}?study=noted_{name}" for name in "ab"]
    move_journal(folder, here)
    told, other = content(folder), StudyFolder(shutil.copytree(folder.path, tmp_path / "other"))
    with closing(folder.open_journal()) as journal:  # as a move leaves it that is killed once it is marked
        journal.set_fact(marks.MOVING, marks.Move.new(here, there).mark(folder.path))
    with pytest.raises(StudyError, match=r"noted_a is being moved to .*noted_b from"):
        other.open_journal()
    assert content(folder) == told
    assert move_journal(folder, there).left.endswith("noted_a is dropped")
    assert content(folder) == told
    move_journal(folder, "file")


def test_what_a_file_writes_as_another_value_arrives(database: Server, tmp_path: Path) -> None:
    folder = begun(tmp_path / "one", 3)
    place = f"{database.url}?study=zeros"
    move_journal(folder, place)
    sql(database, "UPDATE zeros.calls SET money = '-0.0'")
    assert move_journal(folder, "file").calls == 5
    with closing(sqlite3.connect(folder.journal)) as file:
        file.execute("UPDATE calls SET made = x'00'")  # as no version wrote it
        file.commit()
    with pytest.raises(StudyError, match="study=zeros cannot be reached or used"):
        move_journal(folder, place)
    assert files(folder) == {"study.db", "study.db.moved"}


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "[" * 100_000,
        '{"id": "x"}',
        *(
            json.dumps({"id": "x", "source": source, "target": target})
            for source, target in [("study.db", "study.db"), ("../..", "study.db"), ("study.db", "postgresql://h/d")]
        ),
    ],
    ids=range(6),
)
def test_a_note_that_is_none_is_said_and_nothing_is_touched(tmp_path: Path, text: str) -> None:
    folder = begun(tmp_path / "one", calls=1)
    (folder.path / marks.NOTE).write_text(text)
    before = files(folder)
    with pytest.raises(StudyError, match=r"moving\.json cannot be read .*: take it away, and move again"):
        move_journal(folder, "file")
    assert files(folder) == before


# what dies


@dataclass(eq=False)
class Moments:
    """Counts each statement, each commit and each change of a file, before and behind it; kills this process at one."""

    at: int
    met: int = 0

    def __call__(self, *_: object) -> None:
        self.met += 1
        if self.met == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any, **more: Any) -> Any:
            self()
            found = work(*given, **more)
            self()
            return found

        return done

    def watch(self) -> None:
        for what in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, what, self)
        for place, name in ((os, "replace"), (Path, "unlink"), (os, "fsync")):
            setattr(place, name, self.around(getattr(place, name)))


def killed(folder: StudyFolder, where: str, at: int) -> int:
    """A move in a process of its own that dies at a moment; how many there are, or 0 where it was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            moments = Moments(at)
            moments.watch()
            move_journal(folder, where)
            os.write(writer, str(moments.met).encode())
        except BaseException as error:  # noqa: BLE001
            os.write(writer, repr(error).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        found = told.read()
    os.waitpid(child, 0)
    return int(found or 0)


WAYS = [(None, "a"), ("a", "file"), ("a", "b")]  # where it is, and where it is to go: a study in the database, or a file


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_killed_at_any_moment_it_is_whole_and_the_same_command_goes_on(
    database: Server, tmp_path: Path, here: str | None, there: str
) -> None:
    def at(place: str) -> str:
        return place if place == "file" else f"{database.url}?study=killed_{place}_on_the_way_to_{there}"

    folder = begun(tmp_path / "one", calls=3)
    if here:
        move_journal(folder, at(here))
        (folder.path / "study.db.moved").unlink()
    told, start = content(folder), at(here or "file")

    def restored() -> None:
        move_journal(folder, start)
        (folder.path / "study.db.moved").unlink(missing_ok=True)
        assert content(folder) == told

    whole = killed(folder, at(there), 0)
    assert whole > 40
    after = files(folder)
    restored()
    before, held = files(folder), schemas(database)
    step = max(1, whole // int(os.environ.get("CROSSOVER_TEST_KILLS", "3")))
    for moment in range(1 + whole % step, whole + 1, step):
        assert killed(folder, at(there), moment) == 0
        assert content(folder) == told  # for whoever looks
        if moment % 3 == 0:
            move_journal(folder, start)  # back
            assert (files(folder) - {"study.db.moved"}, schemas(database)) == (before, held)
            restored()
            continue
        if moment % 3 == 1:
            folder.open_journal().close()  # goes on where it is
            assert content(folder) == told
        assert move_journal(folder, at(there)).place.endswith("study.db" if there == "file" else at(there))
        assert content(folder) == told
        assert files(folder) == after
        restored()
        assert (files(folder), schemas(database)) == (before, held)


def test_fifty_writers_of_four_studies_and_two_moves_outlive_the_server(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAGE, "calls", 3)  # so that a move takes its time
    folders = [StudyFolder(tmp_path / f"many{n}") for n in range(4)]
    written: list[dict[str, Reply]] = [{} for _ in folders]
    failed = list[BaseException]()
    for folder in folders:
        folder.path.mkdir()

    def writing(which: int, writers: int, name: str, stop: threading.Event) -> Callable[[], None]:
        journal = folders[which].open_journal(None if folders[which].begun else database.url)

        def write(writer: int) -> None:
            turn = 0
            try:
                while not stop.is_set():
                    key, turn = f"{name} {writer} {turn}", turn + 1
                    journal.add_calls(f"w{writer}", {key: reply(turn)})
                    written[which][key] = reply(turn)
            except BaseException as error:  # noqa: BLE001
                failed.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
        for thread in threads:
            thread.start()

        def end() -> None:
            stop.set()
            for thread in threads:
                thread.join(60)
            journal.close()

        return end

    def moving(which: int, where: str) -> None:
        for _ in range(600):
            try:
                move_journal(folders[which], where)
                return
            except StudyError:
                time.sleep(0.1)
        failed.append(AssertionError("not moved"))

    first = [writing(which, 13 if which < 2 else 12, "before", threading.Event()) for which in range(4)]

    def all_have(calls: int) -> None:
        until = time.monotonic() + 120
        while min(map(len, written)) <= calls and time.monotonic() < until:
            time.sleep(0.02)

    all_have(20)
    for end in first[:2]:
        end()
    ways = [(0, "file"), (1, f"{database.url}?study=many_moved")]
    moves = [threading.Thread(target=moving, args=way) for way in ways]
    for move in moves:
        move.start()
    time.sleep(0.15)
    database.kill()
    time.sleep(0.2)
    database.start()
    for move in moves:
        move.join(60)
    assert [folders[which].journal.name for which in (0, 1)] == ["study.db", "study.url"]
    second = [writing(which, 13, "after", threading.Event()) for which in (0, 1)]
    all_have(max(20, *map(len, written)) + 5)
    for end in (*first[2:], *second):
        end()
    assert not failed
    for folder, calls in zip(folders, written, strict=True):
        assert len(calls) > 20
        with closing(JournalReader(folder.journal)) as journal:
            assert journal.replies(calls) == calls
            assert journal.spent()[0] == len(calls)  # none lost, none twice
