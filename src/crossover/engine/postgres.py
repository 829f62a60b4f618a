"""A journal's tables in a PostgreSQL database, those of each study in a schema of its own.

A study is written by one process, over one connection, which holds an advisory lock. Where it breaks, or the server is
away, a write waits, connects anew and is made again: whether the server had taken it before is not known, so a row that is
written twice is there once. Whoever finds on connecting anew that another process has opened the study since stops (a
fencing token: Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 8).
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crossover.alone import Holder, by
from crossover.engine.address import Address, read_address
from crossover.engine.marks import FOLDERS, HOLDER, MAKER, WRITER, Head, owner
from crossover.engine.upgrade import head
from crossover.errors import MissingExtra, StudyError

PROCESS = secrets.token_hex(16)
PATIENCE, BRIEF = 300.0, 10.0  # seconds that a writer, and who only looks, wait for a server that is away
CLOSING, DEAD = 0.5, 30.0  # seconds that a connection may take to be gone, and that of a process that has died
LEAVING = 5.0  # seconds for the server to say that a study is let go
SILENT = 120.0  # seconds without an answer, after which a connection is given up: the server may be frozen
CONNECTING = {"connect_timeout": 5, "application_name": "crossover", "client_encoding": "utf8"} | {
    # a machine that vanished is noticed in a minute
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
STREAM = (socket.AF_INET, socket.SOCK_STREAM)
NOTICED = (
    "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
DURABLE = (  # within a transaction: its end waits for the disk, whatever the server is set to do
    "SELECT set_config('synchronous_commit', CASE s WHEN 'off' THEN 'on' ELSE s END, true)"
    " FROM current_setting('synchronous_commit') AS s"
)
OWN = (  # end our own connection of before, where it still has the lock
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)"
)
ANSWERED = "answered"  # in a connection's notes: what each answer is told
LOCK = "crossover {}"  # what is locked while a study of a name is written
FULL = ("53100", "53200")  # SQLSTATE: the disk is full, no memory
AWAY = ("08", "40", "53", "57")  # classes of SQLSTATE that pass: connection, roll-back, resources, operator
LOCKED, FORBIDDEN = "55P03", "42501"
STANDBY = ("25006", "0A000")  # as which it does not write: that passes where it takes over from another
LASTING = re.compile(  # what a first connection fails for that no waiting mends
    r"does not exist|authentication|password|pg_hba\.conf|support SSL|certificate|translate host name|resolve host"
    r"|service not known|permission|invalid|definition of service",
    re.IGNORECASE,
)
for _name in ("psycopg", "sqlalchemy"):  # a broken connection is mended, or told in a sentence: not by them
    logging.getLogger(_name).addHandler(logging.NullHandler())
_away: set[str] = set()  # addresses that this process found away: who only looks asks them but once


class Postgres:
    """The database that the file at `path` tells, or the one at `address` for the study in that file's folder:
    `engine/database.py`."""

    def __init__(self, path: Path, address: Address | None = None) -> None:
        self.address = address or read_address(path)
        self.place, self.space = str(self.address), self.address.study
        self._folder = path.parent
        self._engine: Any = None
        self._token = PROCESS + secrets.token_hex(8)
        self._opened = False
        self._gave_up = False  # waited long enough: from then on each is tried but once, until one gets through
        self._pid = 0  # of the server's process behind the connection that writes

    def open(self, writes: bool) -> Head | None:
        self.connect(writes)
        try:
            found: Head | None = self.read(self.head)
            if found is None and not writes:
                raise StudyError(f"{self.address.url} holds no study {self.space!r}, or not for this user")
            return found
        except BaseException:
            self.close()
            raise

    def head(self, connection: Any) -> Head | None:
        return head(connection, self.space, self.place)

    def begin(self, meta: Any, facts: Mapping[str, str], fill: Callable[[Any], None] | None = None) -> None:
        own = Holder.own()

        def work(connection: Any) -> None:
            self._make(connection, meta, own, facts)
            if fill is not None:
                connection.exec_driver_sql(DURABLE)
                fill(connection)

        self.write(work)
        self._opened, self._patience = True, PATIENCE

    def keep_before(self, form: int) -> None:
        """Nothing: here what makes other tables is in a transaction too."""

    def insert(self, table: Any) -> Any:
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self._again(work)

    def write(self, work: Callable[[Any], Any]) -> Any:
        return self._again(work)

    def discard(self, meta: Any) -> None:
        """Drop the study where this process made it, and nobody else has opened it since. Raises `StudyError`."""

        def work(connection: Any) -> None:
            found = self.head(connection)
            made = found.facts if found else {}
            if made.get(MAKER) == PROCESS and str(made.get(WRITER)).startswith(PROCESS):
                self.drop(connection, meta)

        self.connect(writes=True)
        try:
            self.write(work)
        finally:
            self.close()

    def drop(self, connection: Any, meta: Any, whole: bool = True) -> bool:
        """Take the tables away, and as a `whole` the schema, where nobody laid anything else in it and this user may.
        Returns whether that was so."""
        import sqlalchemy as sa

        meta.drop_all(connection)
        if whole:
            with suppress(sa.exc.ProgrammingError, sa.exc.InternalError), connection.begin_nested():
                connection.execute(sa.schema.DropSchema(self.space))
                return True
        return False

    def leave(self, connection: Any, meta: Any, facts: Mapping[str, str]) -> None:
        """Take all away but these facts (JSON)."""
        kept = meta.tables["facts"]
        meta.drop_all(connection, tables=[table for table in meta.tables.values() if table is not kept])
        connection.execute(kept.delete())
        connection.execute(kept.insert(), [{"name": name, "body": body} for name, body in facts.items()])

    def close(self) -> None:
        self._engine.dispose()

    def connect(self, writes: bool = False) -> None:
        """As `open` does, and look at nothing. Raises `MissingExtra`."""
        import sqlalchemy as sa

        try:
            import psycopg
        except ImportError as error:
            raise MissingExtra("a journal in PostgreSQL", "postgres") from error

        brief = not writes and self.address.url in _away
        asked: dict[str, Any] = CONNECTING | ({"connect_timeout": 2} if brief else {})

        def connected() -> Any:
            made: Any = psycopg.connect(self.address.url, **asked)
            try:
                if writes:
                    with _given_up(made):
                        self._hold(made)
            except BaseException:
                made.close()
                raise
            return made

        more: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 2 * PATIENCE} if writes else {}
        engine = sa.create_engine("postgresql+psycopg://", creator=connected, **more)
        sa.event.listen(engine, "after_cursor_execute", _answered)
        if writes:
            sa.event.listen(engine, "close", _let_go)
        self._engine = engine.execution_options(schema_translate_map={None: self.space}, postgresql_readonly=not writes)
        self._patience = 0.0 if brief else BRIEF

    def _hold(self, connection: Any) -> None:
        """Have the study alone while a connection of psycopg's lasts. Raises `StudyError` where another process has it."""
        import psycopg

        name = LOCK.format(self.space)
        if not self._locked(connection, name):
            if self._pid and connection.execute(OWN, [self._pid, name]).fetchone():  # it has not seen that we are gone
                connection.commit()
                raise psycopg.OperationalError("the connection before this one is not closed yet")
            who = by(self._holder(connection))
            raise StudyError(f"{self.place} is in use by another crossover process{who}: wait, or name another folder")
        if self._opened and self._fact(connection, WRITER) != self._token:
            raise StudyError(f"{self.place} was taken over by another crossover process, while this one was cut off")
        connection.execute(NOTICED)
        connection.commit()
        self._pid = connection.info.backend_pid

    def _locked(self, connection: Any, name: str) -> bool:
        """Where nobody has it. Whose connection broke just now may still: it takes the server a moment."""
        lock, began = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", time.monotonic()
        while not connection.execute(lock, [name]).fetchone()[0]:
            taken = time.monotonic() - began
            if taken > CLOSING:
                who = self._holder(connection)
                connection.rollback()  # where that could not be read
                if taken > DEAD or who is None or not who.gone:
                    return False
            time.sleep(0.05)
        return True

    def _holder(self, connection: Any) -> Holder | None:
        """Who has the study, where that can be read."""
        import psycopg

        with suppress(psycopg.Error, ValueError):
            return Holder.read(self._fact(connection, HOLDER))
        return None

    def _fact(self, connection: Any, name: str) -> Any:
        found = connection.execute(f'SELECT body FROM "{self.space}".facts WHERE name = %s', [name]).fetchone()
        return json.loads(found[0]) if found else None

    def _make(self, connection: Any, meta: Any, own: Holder, facts: Mapping[str, str]) -> None:
        """Make the tables where there are none, and say who writes from now on. Raises `StudyError` in a foreign schema."""
        import sqlalchemy as sa

        mine: dict[str, Any] = {WRITER: self._token, HOLDER: asdict(own), FOLDERS: [owner(self._folder)]}
        if not self._known(connection):
            connection.execute(sa.schema.CreateSchema(self.space))
            mine[MAKER] = PROCESS
        elif there := sa.inspect(connection).get_table_names(schema=self.space):
            if lacking := {"facts", "calls"}.difference(there):
                raise StudyError(self._foreign(f"it has tables, and no {min(lacking)!r} among them"))
            found = self.head(connection)
            others = found.facts.get(FOLDERS) if found else None
            mine[FOLDERS] = sorted({*mine[FOLDERS], *map(str, others if isinstance(others, list) else ())})
        meta.create_all(connection)
        noted = self.insert(meta.tables["facts"])
        noted = noted.on_conflict_do_update(index_elements=["name"], set_={"body": noted.excluded.body})
        bodies = {name: json.dumps(body) for name, body in mine.items()} | dict(facts)
        connection.execute(noted, [{"name": name, "body": body} for name, body in bodies.items()])

    def _known(self, connection: Any) -> bool:
        import sqlalchemy as sa

        there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        return connection.execute(there, {"name": self.space}).first() is not None

    def _again(self, work: Callable[[Any], Any]) -> Any:
        """Do it in a transaction, once more where the server was away. Raises `StudyError`."""
        import sqlalchemy as sa

        until, wait = time.monotonic() + (0.0 if self._gave_up else self._patience), 0.1
        while True:
            with self._told():
                try:
                    with (
                        self._engine.connect() as connection,
                        _given_up(connection.connection.dbapi_connection) as answered,
                        connection.begin(),
                    ):
                        connection.info[ANSWERED] = answered
                        found = work(connection)
                    _away.discard(self.address.url)
                    self._gave_up = False
                    return found
                except sa.exc.DBAPIError as error:
                    if not self._passes(error):
                        raise
                    if time.monotonic() + wait > until:
                        _away.add(self.address.url)
                        self._gave_up = True
                        raise
            time.sleep(wait)
            wait = min(2 * wait, 5.0)

    def _passes(self, error: Any) -> bool:
        """Whether it may be done once more: the connection broke, or the server starts, stops or is full for a while."""
        import sqlalchemy as sa

        code = state(error)
        if code in FULL:
            return False
        if code in STANDBY:
            return self._opened
        if code or error.connection_invalidated:
            return error.connection_invalidated or code == LOCKED or code[:2] in AWAY
        # as while connecting: only the words tell, and an address that was right before is so again
        connecting = isinstance(error, sa.exc.OperationalError)
        return connecting and (self._opened or LASTING.search(str(error.orig)) is None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        import sqlalchemy as sa

        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            raise StudyError(self._reason(error)) from error

    def _reason(self, error: Exception) -> str:
        cause, code = str(getattr(error, "orig", None) or error).strip(), state(error)
        first = cause.splitlines()[0] if cause else type(error).__name__
        if code in FULL:
            return f"{self.place} cannot be written: {first}; free some space and run the same command again, it continues"
        if code in ("42P01", "42703"):
            return self._foreign(first)
        if code == STANDBY[0] or (code in STANDBY and "recovery" in first):
            return f"{self.place} can only be read there: {first}; name the server that writes"
        if code == FORBIDDEN:
            return f"{self.place} does not allow it to this user: {first}"
        return f"{self.place} cannot be reached or used: {first}; mend that and run the same command again, it continues"

    def _foreign(self, why: str) -> str:
        return f"{self.place} is not a Crossover journal ({why}): name another study"


def _let_go(connection: Any, *_: Any) -> None:
    """The study is free once the server says so, before the connection is closed, of which it may hear late."""
    import psycopg

    with suppress(psycopg.Error, OSError, ValueError):
        connection.pgconn.send_query(b"SELECT pg_advisory_unlock_all()")
        select.select([connection.pgconn.socket], [], [], LEAVING)


@contextmanager
def _given_up(raw: Any) -> Iterator[Callable[[], None]]:
    """Break a connection of psycopg's whose server says nothing for long: nothing else ends the wait for a frozen one. What
    is given is to be called with each answer."""
    done, latest = threading.Event(), [time.monotonic()]

    def watch() -> None:
        while not done.wait(max(0.0, latest[0] + SILENT - time.monotonic())):
            if time.monotonic() < latest[0] + SILENT:
                continue
            with suppress(OSError, raw.OperationalError), socket.fromfd(raw.fileno(), *STREAM) as it:
                it.shutdown(socket.SHUT_RDWR)
            return

    def answered() -> None:
        latest[0] = time.monotonic()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield answered
    finally:
        done.set()


def _answered(connection: Any, *_: Any) -> None:
    connection.info.get(ANSWERED, lambda: None)()


def state(error: Exception) -> str:
    """The SQLSTATE of an error of SQLAlchemy's, "" where there is none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
