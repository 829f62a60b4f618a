"""Who may only read a database reads all there is to read in it, also on a standby, and sees whose studies are there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

import crossover
from crossover.engine import studies as listing
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import StudyError
from crossover.models.fake import Fake
from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from crossover.types import Reply, Request
from tests.cli.small import Terminal, write_task
from tests.engine.server import Server

PSYCOPG = pytest.importorskip("psycopg")
GRANTS = """
CREATE ROLE looker LOGIN;
GRANT USAGE ON SCHEMA parcels TO looker;
GRANT SELECT ON ALL TABLES IN SCHEMA parcels TO looker;
"""


def sql(database: Server, statement: str) -> None:
    with PSYCOPG.connect(database.url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="module")
def place(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished study with its journal in the database, and one that only its owner sees."""
    place = tmp_path_factory.mktemp("place")
    run_study(write_task(place), place / "study", journal=f"{database.url}?study=parcels")
    (place / "hidden.url").write_text(f"{database.url}?study=hidden")
    Journal(place / "hidden.url").close()
    sql(database, GRANTS)
    yield place
    sql(database, "DROP SCHEMA parcels CASCADE; DROP SCHEMA hidden CASCADE; DROP ROLE looker")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Path) -> Terminal:
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(monkeypatch, capsys)


def test_whoever_only_looks_needs_no_more_than_select(database: Server, place: Path, terminal: Terminal) -> None:
    both: list[tuple[str, ...]] = [("show", "study"), ("predict", "study", "where do I pay")]
    told = {words: terminal(*words).out for words in both}
    url = place / "study" / "study.url"
    before = url.read_text()
    url.write_text(before.replace("tests@", "looker@"))
    try:
        for words, out in told.items():
            assert terminal(*words).out == out
        rows = (place / "rows.csv").read_text().replace(" number ", " no ")
        (place / "later.csv").write_text(rows)
        looks: list[tuple[str, ...]] = [("report", "study"), ("redecide", "study", "--set", "margin=0.02")]
        looks += [
            ("show", "study", "--json"),
            ("evaluate", "study", "--data", "later.csv", "--quiet"),
            ("export", "study", "out", "--no-check"),
        ]
        for words in looks:
            said = terminal(*words)
            assert (said.status, said.err) == (0, "")
        assert crossover.open_study("study").predictions()
        for words in (("run", "task.yaml", "--out", "study", "--quiet"), ("move", "study", "--journal", "file")):
            said = terminal(*words)
            assert said.status == 2
            assert "study=parcels does not allow it to this user: permission denied" in said.err
    finally:
        url.write_text(before)
    assert terminal("run", "task.yaml", "--out", "study", "--quiet").status == 0


def test_the_studies_of_a_database_are_listed_for_who_may_see_them(
    database: Server, place: Path, terminal: Terminal
) -> None:
    found = {one.study: one for one in crossover.studies(database.url)}
    parcels = found["parcels"]
    assert (parcels.task, parcels.state, parcels.held, parcels.rows, parcels.owner) == (
        "parcels",
        "decided",
        False,
        40,
        "tests",
    )
    with closing(JournalReader(StudyFolder(place / "study").journal)) as journal:
        assert parcels.calls == journal.spent()[0]
    assert parcels.changed
    assert found["hidden"].state == "begun"
    with closing(Journal(place / "hidden.url")):
        [hidden] = crossover.studies(f"{database.url}?study=hidden")
        assert hidden.held
        assert hidden.holder
        assert f"process {hidden.holder.pid} on" in " ".join(terminal("studies", database.url).out.split())
    looker = database.url.replace("tests@", "looker@")
    seen = {one.study: one for one in listing.studies(looker)}
    assert (seen["parcels"], seen["hidden"].state) == (
        listing.Listed(**vars(parcels) | {"address": f"{looker}?study=parcels"}),
        "closed",
    )
    out = terminal("studies", looker, "--json").out
    assert {"parcels", "hidden"} <= {one["study"] for one in json.loads(out)}
    assert "no study is there" in terminal("studies", f"{looker}?study=none").out
    sql(
        database,
        "CREATE SCHEMA strange; CREATE TABLE strange.facts (name text, body text); CREATE TABLE strange.calls (x int)",
    )
    sql(database, "INSERT INTO strange.facts VALUES ('version', 'no JSON')")
    assert "strange" not in {one.study for one in crossover.studies(database.url)}
    sql(database, "DROP SCHEMA strange CASCADE")


def test_no_schema_of_others_stops_the_list_or_runs_anything(database: Server, terminal: Terminal, place: Path) -> None:
    sql(
        database,
        """CREATE ROLE evil LOGIN; CREATE SCHEMA trap AUTHORIZATION evil; SET ROLE evil; SET search_path = trap;
        CREATE TABLE facts (name text, body text); INSERT INTO facts VALUES ('version', '2');
        CREATE TABLE calls (money float, made float); CREATE TABLE epochs (made timestamp);
        CREATE TABLE sessions (started timestamp, seconds interval);
        CREATE FUNCTION run() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
        GRANT USAGE ON SCHEMA trap TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA trap TO PUBLIC""",
    )
    looker = database.url.replace("tests@", "looker@")

    def state(url: str, study: str = "trap") -> str | None:
        return next((one.state for one in listing.studies(url) if one.study == study), None)

    try:
        assert state(looker) == "begun"
        sql(database, "ALTER TABLE trap.facts ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON trap.facts USING (trap.run())")
        assert (state(looker), state(looker, "parcels")) == ("closed", "decided")
        sql(database, "ALTER TABLE trap.facts DISABLE ROW LEVEL SECURITY; INSERT INTO trap.epochs VALUES (now())")
        assert (state(looker), state(looker, "parcels")) == (None, "decided")
        sql(database, "DROP TABLE trap.epochs; CREATE VIEW trap.epochs AS SELECT 1.0 AS made WHERE trap.run()")
        assert (state(looker), state(database.url)) == (None, None)
        sql(database, "INSERT INTO trap.facts VALUES ('holder', repeat('[', 200000))")
        assert (state(database.url), state(database.url, "parcels")) == (None, "decided")
        (place / "trap.url").write_text(f"{database.url}?study=trap")
        with pytest.raises(StudyError, match="is not a Crossover journal"):
            JournalReader(place / "trap.url")
    finally:
        sql(database, "DROP SCHEMA trap CASCADE; DROP ROLE evil")
    with PSYCOPG.connect(database.url) as changing:
        changing.execute("LOCK TABLE parcels.facts IN ACCESS EXCLUSIVE MODE")
        assert state(looker, "parcels") == "busy"
        assert "busy (its tables are being changed)" in terminal("studies", looker).out


def test_a_standby_is_read_and_not_written(database: Server, place: Path, terminal: Terminal, tmp_path: Path) -> None:
    follows = database.copied()
    if follows is None:
        pytest.skip("pg_basebackup is not installed")
    follows.start()
    url = place / "study" / "study.url"
    before = url.read_text()
    try:
        url.write_text(before.replace(f":{database.port}/", f":{follows.port}/"))
        assert terminal("show", "study").status == 0
        assert {one.study for one in crossover.studies(follows.url)} >= {"parcels", "hidden"}
        with pytest.raises(StudyError, match=r"study=parcels can only be read there: .*; name the server that writes"):
            Journal(url)
        for words in (("run", "task.yaml", "--out", "new", "--quiet", "--journal", follows.url),):
            said = terminal(*words)
            assert said.status == 2
            assert "can only be read there" in said.err
        assert not (place / "new").exists()
    finally:
        url.write_text(before)
        follows.stop()


def test_a_study_that_moves_goes_on_where_it_was_and_pays_for_no_call_again(
    database: Server, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_task(tmp_path)
    run, where = ("run", "task.yaml", "--quiet", "--out"), f"{database.url}?study=moves"
    complete, made, most = Fake.complete, 0, 29

    def counted(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        nonlocal made
        if made >= most:
            raise KeyboardInterrupt
        made += len(requests)
        return complete(self, requests)

    monkeypatch.setattr(Fake, "complete", counted)
    assert terminal(*run, "one").status == 130
    before = terminal("show", "one").out
    said = terminal("move", "one", "--journal", where)
    with closing(JournalReader(StudyFolder(tmp_path / "one").journal)) as journal:
        assert said.out.startswith(f"moved {journal.spent()[0]} calls (")
    assert f"every one compared; the file is kept as one/study.db.moved\nthe journal is in {where}\n" in said.out
    assert terminal("show", "one").out == before
    most = 10**6
    assert terminal(*run, "one").status == 0
    whole = made
    assert terminal(*run, "other").status == 0
    assert made == 2 * whole  # as many as in one go
    told = [terminal("show", "one", "--json").out, terminal("predict", "one", "where do I pay").out]
    made, answered = 0, json.loads(told[0])
    assert "moves is dropped\n" in terminal("move", "one", "--journal", "file").out
    assert terminal(*run, "one").status == 0
    assert made == 0
    assert json.loads(terminal("show", "one", "--json").out)["candidates"] == answered["candidates"]
    assert terminal("predict", "one", "where do I pay").out == told[1]
    assert terminal("report", "one").status == 0
    assert crossover.move_journal(crossover.open_study("one"), "file").left == "it was there already"
    for words, why in (
        (("none", "--journal", "file"), "has no journal"),
        (("one", "--journal", "x"), "valid is postgresql://"),
    ):
        assert why in terminal("move", *words).err


def test_a_folder_whose_study_was_dropped_begins_none_anew(database: Server, tmp_path: Path, terminal: Terminal) -> None:
    run_study(write_task(tmp_path), tmp_path / "study", journal=f"{database.url}?study=dropped")
    sql(database, "DROP SCHEMA dropped CASCADE")
    for words in (("run", tmp_path / "task.yaml", "--quiet", "--out"), ("move", "--journal", "file")):
        said = terminal(*words, tmp_path / "study")
        assert said.status == 2
        assert "study=dropped holds no study any more: put it back, or take" in said.err
    assert "dropped" not in {one.study for one in crossover.studies(database.url)}
