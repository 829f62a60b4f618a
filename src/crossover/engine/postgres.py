"""A journal's tables in a PostgreSQL database, those of each study in a schema of its own.

A study is written by one process, over one connection, which holds an advisory lock. Where it breaks, or the server is
away, a write waits, connects anew and is made again: whether the server had taken it before is not known, so a row that is
written twice is there once. Whoever finds on connecting anew that another process has opened the study since stops (a
fencing token: Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 8).
"""

from __future__ import annotations

import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crossover.engine.address import read_address
from crossover.errors import MissingExtra, StudyError

WRITER, MAKER = "writer", "maker"  # facts: who may write, and which process made the schema
PROCESS = secrets.token_hex(16)
PATIENCE, BRIEF = 300.0, 10.0  # seconds that a writer, and who only looks, wait for a server that is away
SILENT = 120.0  # seconds without an answer, after which a connection is given up: the server may be frozen
CONNECTING = {"connect_timeout": 5, "application_name": "crossover", "client_encoding": "utf8"} | {
    # a machine that vanished is noticed in a minute
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
NOTICED = (
    "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
OWN = (  # end our own connection of before, where it still has the lock
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)"
)
FULL = ("53100", "53200")  # SQLSTATE: the disk is full, no memory
AWAY = ("08", "40", "53", "57")  # classes of SQLSTATE that pass: connection, roll-back, resources, operator
LOCKED = "55P03"
STANDBY = ("25006", "0A000")  # as which it does not write: that passes where it takes over from another
LASTING = re.compile(  # what a first connection fails for that no waiting mends
    r"does not exist|authentication|password|pg_hba\.conf|support SSL|certificate|translate host name|resolve host"
    r"|service not known|permission|invalid|definition of service",
    re.IGNORECASE,
)
_away: set[str] = set()  # addresses that this process found away: who only looks asks them but once


class Postgres:
    """The database that the file at `path` tells: `engine/database.py`."""

    def __init__(self, path: Path) -> None:
        self.address = read_address(path)
        self.place = str(self.address)
        self._engine: Any = None
        self._meta: Any = None
        self._token = PROCESS + secrets.token_hex(8)
        self._opened = False
        self._gave_up = False  # waited long enough: from then on each is tried but once, until one gets through
        self._pid = 0  # of the server's process behind the connection that writes

    def open(self, writes: bool, meta: Any) -> None:
        self._connect(writes)
        self._meta = meta
        try:
            if writes:
                self.write(self._begin)
                self._opened, self._patience = True, PATIENCE
            elif not self.read(self._known):
                raise StudyError(f"{self.address.url} holds no study {self.address.study!r}, or not for this user")
        except BaseException:
            self.close()
            raise

    def insert(self, table: Any) -> Any:
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self._again(work)

    def write(self, work: Callable[[Any], Any]) -> Any:
        return self._again(work)

    def discard(self, meta: Any) -> None:
        """Drop the study where this process made it, and nobody else has opened it since. Raises `StudyError`."""
        import sqlalchemy as sa

        def work(connection: Any) -> None:
            t = meta.tables["facts"]
            made = dict(connection.execute(sa.select(t.c.name, t.c.body).where(t.c.name.in_([MAKER, WRITER]))).all())
            if made.get(MAKER) == f'"{PROCESS}"' and made[WRITER].startswith(f'"{PROCESS}'):
                meta.drop_all(connection)
                connection.execute(sa.schema.DropSchema(self.address.study))  # not what others laid in it

        self._connect(writes=True)
        try:
            if self.read(self._known):
                self.write(work)
        finally:
            self.close()

    def close(self) -> None:
        self._engine.dispose()

    def _connect(self, writes: bool) -> None:
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
        self._engine = engine.execution_options(
            schema_translate_map={None: self.address.study}, postgresql_readonly=not writes
        )
        self._patience = 0.0 if brief else BRIEF

    def _hold(self, connection: Any) -> None:
        """Have the study alone while a connection of psycopg's lasts. Raises `StudyError` where another process has it."""
        import psycopg

        name = f"crossover {self.address.study}"
        lock = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        if not connection.execute(lock, [name]).fetchone()[0]:
            if self._pid and connection.execute(OWN, [self._pid, name]).fetchone():  # it has not seen that we are gone
                connection.commit()
                raise psycopg.OperationalError("the connection before this one is not closed yet")
            raise StudyError(f"{self.place} is in use by another crossover process: wait for it, or name another folder")
        if self._opened:
            who = f'SELECT body FROM "{self.address.study}".facts WHERE name = %s'
            if connection.execute(who, [WRITER]).fetchone() != (f'"{self._token}"',):
                raise StudyError(f"{self.place} was taken over by another crossover process, while this one was cut off")
        connection.execute(NOTICED)
        connection.commit()
        self._pid = connection.info.backend_pid

    def _begin(self, connection: Any) -> None:
        """Make the tables where there are none, and say who writes from now on. Raises `StudyError` in a foreign schema."""
        import sqlalchemy as sa

        facts, lacking = {WRITER: self._token}, set[str]()
        if not self._known(connection):
            connection.execute(sa.schema.CreateSchema(self.address.study))
            facts[MAKER] = PROCESS
        elif there := sa.inspect(connection).get_table_names(schema=self.address.study):
            lacking = {"facts", "calls"}.difference(there)
        if lacking:
            raise StudyError(self._foreign(f"it has tables, and no {min(lacking)!r} among them"))
        self._meta.create_all(connection)
        mine = self.insert(self._meta.tables["facts"])
        mine = mine.on_conflict_do_update(index_elements=["name"], set_={"body": mine.excluded.body})
        connection.execute(mine, [{"name": name, "body": f'"{body}"'} for name, body in facts.items()])

    def _known(self, connection: Any) -> bool:
        import sqlalchemy as sa

        there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        return connection.execute(there, {"name": self.address.study}).first() is not None

    def _again(self, work: Callable[[Any], Any]) -> Any:
        """Do it in a transaction, once more where the server was away. Raises `StudyError`."""
        import sqlalchemy as sa

        until, wait = time.monotonic() + (0.0 if self._gave_up else self._patience), 0.1
        while True:
            with self._told():
                try:
                    with (
                        self._engine.connect() as connection,
                        _given_up(connection.connection.dbapi_connection),
                        connection.begin(),
                    ):
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

        state = _state(error)
        if state in FULL:
            return False
        if state in STANDBY:
            return self._opened
        if state or error.connection_invalidated:
            return error.connection_invalidated or state == LOCKED or state[:2] in AWAY
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
        cause, state = str(getattr(error, "orig", None) or error).strip(), _state(error)
        first = cause.splitlines()[0] if cause else type(error).__name__
        if state in FULL:
            return f"{self.place} cannot be written: {first}; free some space and run the same command again, it continues"
        if state in ("42P01", "42703"):
            return self._foreign(first)
        if state == "42501":
            return f"{self.place} does not allow it to this user: {first}"
        return f"{self.place} cannot be reached or used: {first}; mend that and run the same command again, it continues"

    def _foreign(self, why: str) -> str:
        return f"{self.place} is not a Crossover journal ({why}): name another study"


@contextmanager
def _given_up(raw: Any) -> Iterator[None]:
    """Break a connection of psycopg's whose server says nothing for long: nothing else ends the wait for a frozen one."""

    def cut() -> None:
        with suppress(OSError, raw.OperationalError), socket.fromfd(raw.fileno(), socket.AF_INET, socket.SOCK_STREAM) as it:
            it.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(SILENT, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _state(error: Exception) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
