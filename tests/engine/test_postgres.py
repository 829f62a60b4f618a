"""A journal in a PostgreSQL database is one in a file, for several studies, and outlives its server."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.engine import postgres
from crossover.engine.address import Address, address, named
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import MissingExtra, StudyError
from crossover.study import conductor
from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from crossover.types import Reply, Usage
from tests.engine.server import Server
from tests.study.small import write_small

PSYCOPG = pytest.importorskip("psycopg")
HELD = "SELECT pid FROM pg_stat_activity WHERE application_name = 'crossover'"


def place(folder: Path, database: Server, study: str) -> Path:
    path = folder / f"{study}.url"
    path.write_text(f"{database.url}?study={study}\n")
    return path


def reply(n: int) -> Reply:
    return Reply(f"answer {n} \0 \ud83d 日本", (0.5, -1.0), Usage(3, 1, 0.25, 0.125), None)


def sql(database: Server, statement: str) -> list[tuple[object, ...]]:
    with PSYCOPG.connect(database.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


# one or the other


@pytest.fixture(params=["file", "database"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "file":
        return tmp_path / "study.db"
    return place(tmp_path, request.getfixturevalue("database"), f"kept_{abs(hash(tmp_path))}")


def test_whatever_is_written_is_read(path: Path) -> None:
    with closing(Journal(path)) as journal:
        journal.add_calls("zero", {"a": reply(1), "b": Reply("", (), Usage(), "lost")}, {"noted": [1, 2]})
        journal.add_calls("zero", {"b": reply(2)})
        journal.add_calls("zero", {"a": reply(1)})  # a call that is made twice shows
        journal.add_uses("zero", ["a", "b"])
        journal.add_uses("few", ["a", "a"])
        journal.add_needs("w", "call", ["a", "b", "a"])
        journal.add_work("w", 1.5)
        journal.add_work("w", 9.5)
        for epoch in (1, 2):
            journal.add_epoch("first", epoch, {"loss": epoch})
        journal.add_epoch("second", 1, {"loss": 0.5})
        with pytest.raises(StudyError, match="holds epoch 1 of this tune already"):
            journal.add_epoch("first", 1, {"loss": 9})
        journal.add_try("lora", "c", 1)
        journal.add_try("lora", "b", 2)
        journal.add_try("lora", "c", 3)
        journal.add_try("full", "c", 4)
        journal.clear_tries("full")
        journal.set_fact("noted", [3])
        journal.set_candidate("c", {"x": 1})
        journal.set_candidate("c", {"x": 2})
        journal.set_run("c", "dev", [1])
        journal.set_tune("first", {"path": "t"})
        journal.clock(1.0, 5.0)
        journal.clock(1.0, 6.0)
        journal.clock(2.0, 1.0)
        with closing(JournalReader(path)) as reader:
            for one in (journal, reader):
                assert one.replies(["a", "b", "c"]) == {"a": reply(1), "b": reply(2)}
                assert one.spent() == (4, Usage(9, 3, 0.75, 0.375))
                assert one.usage(["b"]) == (2, Usage(3, 1, 0.25, 0.125))
                assert one.cached() == 1
                assert one.needs("w") == [("call", "a"), ("call", "b")]
                assert one.work_seconds("w") == 1.5
                assert one.epochs("first") == [{"loss": 1}, {"loss": 2}]
                assert (one.under_way(), one.tuned()) == ([{"loss": 0.5}], 3)
                assert (one.tries("lora"), one.tries("full")) == ([1, 2], [])
                assert (one.fact("noted"), one.fact("no", 7)) == ([3], 7)
                assert (one.candidates(), one.run("c", "dev"), one.run("c", "test")) == ({"c": {"x": 2}}, [1], None)
                assert (one.tune("first"), one.tunes()) == ({"path": "t"}, {"first": {"path": "t"}})
                assert one.wall_seconds() == 7.0
    with closing(Journal(path)) as journal:  # which goes on
        assert journal.spent()[0] == 4


def test_any_count_of_tokens_is_kept(path: Path) -> None:
    with closing(Journal(path)) as journal:
        journal.add_calls("tuning", {key: Reply("", (), Usage(5 * 10**9, 1), None) for key in "ab"})
        assert journal.spent() == journal.usage("ab") == (2, Usage(10**10, 2))
        assert json.dumps(journal.spent()[1].tokens_in) == "10000000000"  # no decimal


def test_a_study_gives_the_same_decision_wherever_its_journal_is(database: Server, tmp_path: Path) -> None:
    task = write_small(tmp_path, strategies=["zero_shot"])
    found = []
    for out, where in (("file", None), ("database", database.url)):
        folder = run_study(task, tmp_path / out, journal=where)
        body = json.loads(folder.decision.read_text())
        body["spent"].pop("seconds")
        body.pop("created"), body.pop("flips")  # some of which turn on the milliseconds of this run
        for row in body["candidates"]:
            row.pop("latency_ms"), row.pop("cost")
        found.append(body)
        assert run_study(task, tmp_path / out).decision.exists()  # again, from where the folder says
        with closing(JournalReader(folder.journal)) as journal:
            assert journal.spent()[0] == body["spent"]["calls"]
            assert "postgresql" not in str(journal.fact("options"))  # which the report shows
    assert found[0] == found[1]
    assert not (tmp_path / "database" / "study.db").exists()
    with pytest.raises(StudyError, match=r"has its journal in study\.db, not in postgresql://"):
        run_study(task, tmp_path / "file", journal=database.url)
    with pytest.raises(StudyError, match=r"has its journal in postgresql://.*\?study=database_\w+, not in postgresql://"):
        run_study(task, tmp_path / "database", journal=f"{database.url}?study=another")


def test_what_ends_before_anything_is_spent_leaves_nothing(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = write_small(tmp_path, strategies=["zero_shot"])
    before = sql(database, "SELECT nspname FROM pg_namespace")

    def refused(*_: object) -> None:
        assert len(sql(database, "SELECT nspname FROM pg_namespace")) == len(before) + 1
        raise StudyError("cannot be done")

    monkeypatch.setattr(conductor, "freeze", refused)
    with pytest.raises(StudyError, match="cannot be done"):
        run_study(task, tmp_path / "none", journal=database.url)
    assert not (tmp_path / "none").exists()
    assert sql(database, "SELECT nspname FROM pg_namespace") == before


def test_an_address_that_leads_nowhere_is_not_remembered(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "BRIEF", 0.1)
    task, out = write_small(tmp_path, strategies=["zero_shot"]), tmp_path / "runs" / "one"
    for where in ("postgresql://127.0.0.1:9/team", f"{database.url}1"):
        with pytest.raises(StudyError, match="cannot be reached or used"):
            run_study(task, out, journal=where)
        assert not out.parent.exists()


def test_nothing_of_others_is_taken_away(database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = write_small(tmp_path, strategies=["zero_shot"])
    for study, calls in (("theirs", {}), ("paid", {"a": reply(1)})):  # begun on another machine
        with closing(Journal(place(tmp_path, database, study))) as journal:
            journal.add_calls("w", calls)
    monkeypatch.setattr(postgres, "PROCESS", "this one")
    sql(database, "CREATE SCHEMA accounts; CREATE TABLE accounts.sums (x int); CREATE SCHEMA given")

    def refused(*_: object) -> None:
        raise StudyError("cannot be done")

    monkeypatch.setattr(conductor, "freeze", refused)
    refusals = dict.fromkeys(("theirs", "paid", "given"), "cannot be done") | {"accounts": "is not a Crossover journal"}
    for study, why in refusals.items():
        with pytest.raises(StudyError, match=why):
            run_study(task, tmp_path / "none", journal=f"{database.url}?study={study}")
        assert not (tmp_path / "none").exists()
        assert sql(database, f"SELECT 1 FROM pg_namespace WHERE nspname = '{study}'")
    assert sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'accounts'") == [("sums",)]


@pytest.fixture(scope="module")
def names(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    with closing(Journal(place(tmp_path_factory.mktemp("names"), database, "names"))) as journal:
        yield journal


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=())))
def test_any_name_is_one(names: Journal, name: str) -> None:
    names.set_candidate(name, name)
    names.add_needs(name, "call", [name])
    assert names.candidates()[name] == name
    assert names.needs(name) == [("call", name)]


# one writer


def test_a_study_has_one_writer_and_readers_as_many_as_like(database: Server, tmp_path: Path) -> None:
    path = place(tmp_path, database, "one")
    with closing(Journal(path)) as journal:
        journal.set_fact("data", 1)
        with pytest.raises(StudyError, match=r"study=one is in use by another crossover process"):
            Journal(path)
        readers = [JournalReader(path) for _ in range(3)]
        assert [reader.fact("data") for reader in readers] == [1, 1, 1]
        with pytest.raises(StudyError, match="read-only transaction"):
            readers[0]._database.write(lambda connection: connection.execute(sa.text("DELETE FROM one.facts")))
        for reader in readers:
            reader.close()
    Journal(path).close()


def cut_off(database: Server) -> None:
    """End the connections of all journals, and wait until that is so."""
    ended = {pid for (pid,) in sql(database, HELD)}
    sql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crossover'")
    while ended & {pid for (pid,) in sql(database, HELD)}:
        time.sleep(0.01)


def test_who_lost_its_connection_writes_nothing_after_another_has_taken_over(database: Server, tmp_path: Path) -> None:
    path = place(tmp_path, database, "taken")
    with closing(Journal(path)) as first:
        first.set_fact("data", 1)
        cut_off(database)
        first.set_fact("data", 2)  # nobody was faster
        cut_off(database)
        with closing(Journal(path)) as second:
            with pytest.raises(StudyError, match="in use by another crossover process"):
                first.set_fact("data", 3)
            second.set_fact("other", 1)
        with pytest.raises(StudyError, match="was taken over by another crossover process"):
            first.set_fact("data", 3)
        with closing(JournalReader(path)) as reader:
            assert (reader.fact("data"), reader.fact("other")) == (2, 1)


# what dies


def test_fifty_writers_of_four_studies_outlive_the_server(database: Server, tmp_path: Path) -> None:
    journals = [Journal(place(tmp_path, database, f"many{n}")) for n in range(4)]
    stop, failed = threading.Event(), list[BaseException]()
    written: list[dict[str, Reply]] = [{} for _ in journals]

    def write(writer: int) -> None:
        study, turn = writer % 4, 0
        try:
            while not stop.is_set():
                key, turn = f"{writer} {turn}", turn + 1
                journals[study].add_calls(f"w{writer}", {key: reply(turn)})
                journals[study].add_uses(f"w{writer}", [key])
                written[study][key] = reply(turn)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()

    def all_have(calls: int) -> None:
        until = time.monotonic() + 120
        while min(map(len, written)) <= calls and time.monotonic() < until:
            time.sleep(0.02)

    all_have(5)
    os.kill(
        int(str(sql(database, HELD)[0][0])), signal.SIGKILL
    )  # for which the server ends all connections, in TLS's words
    all_have(max(map(len, written)) + 5)
    database.kill()
    time.sleep(0.3)
    database.start()
    all_have(max(50, *map(len, written)) + 5)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not failed
    for journal, calls in zip(journals, written, strict=True):
        assert len(calls) > 50
        assert journal.replies(calls) == calls
        assert journal.spent()[0] == len(calls)  # none twice
        journal.close()


def test_a_server_that_is_frozen_is_given_up_and_waited_for(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SILENT", 0.3)
    journal = Journal(place(tmp_path, database, "frozen"))
    reader = JournalReader(place(tmp_path, database, "frozen"))
    stopped = [int(str(pid)) for (pid,) in sql(database, HELD)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert reader.fact("none", 1) == 1  # over another connection
        write = threading.Thread(target=journal.add_calls, args=("w", {"a": reply(1)}))
        write.start()
        write.join(1.0)
        assert write.is_alive()  # its own connection of before still has the study
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    write.join(60)
    assert journal.spent()[0] == 1
    journal.close()
    reader.close()


def test_a_server_that_stays_away_is_waited_for_once(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal(place(tmp_path, database, "gone"))) as journal:
        database.stop()
        for patience in (0.4, 1e9):  # it never ends where it waits again
            monkeypatch.setattr(journal._database, "_patience", patience)
            with pytest.raises(StudyError, match=r"study=gone cannot be reached or used: .* run the same command again"):
                journal.set_fact("data", 1)
        database.start()
        for attempt in range(600):  # until it takes connections
            try:
                journal.set_fact("data", attempt)
                break
            except StudyError:
                time.sleep(0.1)
        assert journal.fact("data") is not None


CLIENT = """
import sys
from pathlib import Path
from crossover.engine.journal import Journal
from crossover.types import Reply, Usage
journal = Journal(Path(sys.argv[1]))
for n in range(100000):
    journal.add_calls("w", {str(n): Reply(str(n), (), Usage(1, 1, 0.0, 0.0), None)})
    print(n, flush=True)
"""


def test_no_library_speaks_of_a_broken_connection_itself() -> None:
    for name in ("psycopg", "sqlalchemy"):
        assert any(isinstance(one, logging.NullHandler) for one in logging.getLogger(name).handlers)


def test_what_a_killed_writer_had_written_is_there_once(database: Server, tmp_path: Path) -> None:
    path = place(tmp_path, database, "killed")
    with subprocess.Popen([sys.executable, "-c", CLIENT, str(path)], stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        said = [int(next(client.stdout)) for _ in range(30)]
        os.kill(client.pid, signal.SIGKILL)
        said += [int(line) for line in client.stdout if line.endswith("\n")]
    with closing(Journal(path)) as journal:
        count = journal.spent()[0]
        assert count in (len(said), len(said) + 1)  # one may have been on its way
        assert sorted(map(int, journal.replies(map(str, range(count + 1))))) == list(range(count))


@pytest.mark.parametrize("killed", [False, True])
def test_a_study_is_free_once_who_wrote_it_has_closed_it_or_died_however_late_the_server_sees_it(
    database: Server, tmp_path: Path, killed: bool
) -> None:
    path = place(tmp_path, database, f"late{killed}".lower())
    before = set(sql(database, HELD))
    if killed:
        with subprocess.Popen([sys.executable, "-c", CLIENT, str(path)], stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            next(client.stdout)
            [(pid,)] = set(sql(database, HELD)) - before
            os.kill(int(str(pid)), signal.SIGSTOP)
            client.kill()
    else:
        first = Journal(path)
        first.set_fact("data", 1)
        [(pid,)] = set(sql(database, HELD)) - before
        os.kill(int(str(pid)), signal.SIGSTOP)
    slow = threading.Timer(1.5, os.kill, (int(str(pid)), signal.SIGCONT))
    slow.start()
    if not killed:
        first.close()
    Journal(path).close()
    slow.join()


# what is refused


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mysql://host/team", r"is 'mysql://host/team'; valid is postgresql://\[USER@\]HOST"),
        ("postgresql://host", "valid is postgresql://"),
        ("study.db", "is 'study.db'; valid is"),
        ("postgresql://me:hush@host/team", "holds a password, which would be written down: .* set PGPASSWORD"),
        ("postgresql://me@host/team?password=hush", "holds a password"),
        ("postgresql://me:hu@hush@host/team", "holds a password"),
        ("postgresql://me:hu/hush@host/team", "holds a password"),
        ("postgresql://:hush@host/team", "holds a password"),
        ("postgresql://host/team?sslmode=require&%70assword=hush", "holds a password"),
        ("postgresql://host/team?sslpassword=hush", "holds a password"),
        ("mysql://me:hu@hush@host/team", r"is 'mysql://\.\.\.@host/team'"),
        ("mysql://host/team?%70assword=hush", r"is 'mysql://host/team\?\.\.\.'"),
        ("host=h password=hush dbname=team", r"is '\.\.\.'"),
        ("postgresql://host/team?study=a&study=b", "study='a' and study='b'; valid is one"),
        ("postgresql://host/team\n?study=a", "valid is postgresql://"),
        ("postgresql://host:no/team", "valid is postgresql://"),
        ("postgresql://host/team?study=public", "study='public'; valid is"),
        ("postgresql://host/team?study=A-b", "study='A-b'"),
        ("postgresql://host/team?study=pg_x", "study='pg_x'"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence_without_its_password(text: str, why: str) -> None:
    with pytest.raises(StudyError, match=why) as caught:
        address(text)
    assert "hush" not in str(caught.value)


@given(st.text(min_size=1), st.text("ab_0", max_size=9).map(lambda end: f"s{end}"))
def test_an_address_and_its_study_are_read_as_written(folder: str, study: str) -> None:
    made = named("postgresql://me@h:1/d?sslmode=require", folder)
    assert address(str(made)) == made
    assert made.url == "postgresql://me@h:1/d?sslmode=require"
    assert named(f"postgresql://h/d?study={study}", folder) == Address("postgresql://h/d", study)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://[::1]:5432/team",
        "postgresql://me@one:5432,two:5433,[::2]/team?target_session_attrs=read-write",
        "postgresql:///team?host=/var/run/postgresql",
        "postgresql://%2Ftmp/team",
        "postgresql:///team?service=ours&passfile=%2Fhome%2Fme%2Fpass",
        "postgresql://host/team?options=-c%20statement_timeout%3D5s",
    ],
)
def test_what_libpq_takes_stays_as_it_is_written(url: str) -> None:
    for text in (f"{url}{'&' if '?' in url else '?'}study=one", url.replace("/team", "/team?study=one&").rstrip("&")):
        assert address(text.replace("&?", "&")) == Address(url, "one")
    assert address(str(named(url, "pg-1"))).study.startswith("study_pg_1_")


def test_what_cannot_be_reached_or_read_is_one_sentence(
    database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PATIENCE", 0.2)
    monkeypatch.setattr(postgres, "BRIEF", 0.2)
    with pytest.raises(StudyError, match=r"holds no study 'absent'"):
        JournalReader(place(tmp_path, database, "absent"))
    away = tmp_path / "away.url"
    away.write_text("postgresql://me@127.0.0.1:9/team?study=x")
    for opened in (Journal, JournalReader):
        with pytest.raises(StudyError, match=r"study=x cannot be reached or used: .*refused.*run the same command again"):
            opened(away)
    away.write_text(f"{database.url}1?study=x")
    with pytest.raises(StudyError, match='database "postgres1" does not exist'):
        Journal(away)
    away.write_text(database.url)
    with pytest.raises(StudyError, match=r"away\.url names no study"):
        Journal(away)
    sql(database, "CREATE ROLE guest LOGIN; CREATE SCHEMA foreign_one; CREATE TABLE foreign_one.facts (x int)")
    away.write_text(f"{database.url.replace('tests@', 'guest@')}?study=mine")
    with pytest.raises(StudyError, match="does not allow it to this user: permission denied"):
        Journal(away)
    away.write_text(f"{database.url}?study=foreign_one")
    with pytest.raises(StudyError, match="is not a Crossover journal"):
        Journal(away)


def test_without_the_driver_the_way_to_install_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    (tmp_path / "study.url").write_text("postgresql://h/d?study=x")
    with pytest.raises(MissingExtra, match=r"pip install 'crossover\[postgres\]'"):
        JournalReader(StudyFolder(tmp_path).journal)
