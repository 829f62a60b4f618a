"""A journal's tables in a PostgreSQL database, those of each study in a schema of its own.

A study is written by one process, over one connection, which holds an advisory lock. Where it breaks, or the server is
away, a write waits, connects anew and is made again: whether the server had taken it before is not known, so a row that is
written twice is there once. Whoever finds on connecting anew that another process has opened the study since stops (a
fencing token: Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 8).
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.errors import MissingExtra, StudyError

SUFFIX = ".url"  # of the file that tells the address, in the place of the SQLite file
STUDY = "study"  # the part of the address that names the schema
NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
TAKEN = ("public", "information_schema")
WRITER = "writer"  # a fact: who may write
PATIENCE, BRIEF = 300.0, 10.0  # seconds that a writer, and who only looks, wait for a server that is away
FULL = ("53100", "53200")  # SQLSTATE: the disk is full, no memory
AWAY = ("08", "40", "53", "57")  # classes of SQLSTATE that pass: connection, roll-back, resources, operator
LASTING = re.compile(
    r"does not exist|authentication|password|pg_hba\.conf|SSL|translate host name|service not known|permission"
)


@dataclass(frozen=True)
class Address:
    """`url`: of the database, without the study. `study`: the schema, "" where none is named."""

    url: str
    study: str

    def __str__(self) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}{STUDY}={self.study}" if self.study else self.url


def address(text: str) -> Address:
    """Read `postgresql://[USER@]HOST[:PORT]/DATABASE[?study=NAME]`. Raises `StudyError`."""
    import sqlalchemy as sa

    try:
        url = sa.engine.make_url(text.strip())
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in ("postgresql", "postgres") or not url.database:
        shown = re.sub(r"(//[^:/@]*):[^@]*@", r"\1:...@", text.strip())
        raise StudyError(
            f"a journal's address is {shown!r}; valid is postgresql://[USER@]HOST[:PORT]/DATABASE[?study=NAME]"
        )
    if url.password is not None or "password" in url.query:
        raise StudyError(
            "the address of a journal holds a password, which would be written down: leave it out and set PGPASSWORD, or"
            " write it into ~/.pgpass"
        )
    query = dict(url.query)
    study = query.pop(STUDY, "")
    if not isinstance(study, str) or (study and (NAME.fullmatch(study) is None or study in TAKEN)):
        raise StudyError(f"a journal's address has study={study!r}; valid is a study's name there, of a-z, 0-9 and _")
    return Address(url.set(drivername="postgresql", query=query).render_as_string(), study)


def named(text: str, folder: str) -> Address:
    """The address of a journal for a new study in a folder: with a name of its own, where it has none yet.

    Raises `StudyError`.
    """
    found = address(text)
    if found.study:
        return found
    words = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")[:40]
    return Address(found.url, f"{'study_' if not words[:1].isalpha() else ''}{words}_{secrets.token_hex(4)}")


def read_address(path: Path) -> Address:
    """The address in a study's file. Raises `StudyError`."""
    try:
        found = address(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from error
    if not found.study:
        raise StudyError(f"{path} names no study: valid is an address that ends in ?{STUDY}=NAME")
    return found


class Postgres:
    """The database that the file at `path` tells: `engine/database.py`."""

    def __init__(self, path: Path) -> None:
        self.address = read_address(path)
        self.place = str(self.address)
        self._engine: Any = None
        self._meta: Any = None
        self._token = secrets.token_hex(16)
        self._opened = False

    def open(self, writes: bool, meta: Any) -> None:
        self._connect(writes)
        self._meta = meta
        try:
            if writes:
                self._again(self._begin)
                self._opened, self._patience = True, PATIENCE
            elif not self.read(self._known):
                raise StudyError(f"{self.address.url} holds no study {self.address.study!r}, or not for this user")
        except StudyError:
            self.close()
            raise

    def insert(self, table: Any) -> Any:
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)

    def read(self, work: Callable[[Any], Any]) -> Any:
        def once() -> Any:
            with self._engine.connect() as connection:
                return work(connection)

        return self._again(once)

    def write(self, work: Callable[[Any], Any]) -> Any:
        def once() -> Any:
            with self._engine.begin() as connection:
                return work(connection)

        return self._again(once)

    def discard(self) -> None:
        """Drop the study where nobody writes it. Raises `StudyError`."""
        import sqlalchemy as sa

        self._connect(writes=True)
        try:
            self.write(lambda connection: connection.execute(sa.schema.DropSchema(self.address.study, cascade=True)))
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

        def connected() -> Any:
            asked: dict[str, Any] = {"connect_timeout": 10, "keepalives_idle": 30, "application_name": "crossover"}
            made = psycopg.connect(self.address.url, **asked)
            try:
                if writes:
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
        self._patience = BRIEF

    def _hold(self, connection: Any) -> None:
        """Have the study alone while a connection of psycopg's lasts. Raises `StudyError` where another process has it."""
        lock = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        if not connection.execute(lock, [f"crossover {self.address.study}"]).fetchone()[0]:
            raise StudyError(f"{self.place} is in use by another crossover process: wait for it, or name another folder")
        if self._opened:
            who = f'SELECT body FROM "{self.address.study}".facts WHERE name = %s'
            if connection.execute(who, [WRITER]).fetchone() != (f'"{self._token}"',):
                raise StudyError(f"{self.place} was taken over by another crossover process, while this one was cut off")
        connection.commit()

    def _begin(self) -> None:
        """Make the tables where there are none, and say who writes from now on."""
        import sqlalchemy as sa

        with self._engine.begin() as connection:
            if not self._known(connection):
                connection.execute(sa.schema.CreateSchema(self.address.study))
            self._meta.create_all(connection)
            mine = self.insert(self._meta.tables["facts"]).values(name=WRITER, body=f'"{self._token}"')
            connection.execute(mine.on_conflict_do_update(index_elements=["name"], set_={"body": mine.excluded.body}))

    def _known(self, connection: Any) -> bool:
        import sqlalchemy as sa

        there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        return connection.execute(there, {"name": self.address.study}).first() is not None

    def _again(self, work: Callable[[], Any]) -> Any:
        """Do it, once more where the server was away. Raises `StudyError`."""
        import sqlalchemy as sa

        until, wait = time.monotonic() + self._patience, 0.1
        while True:
            with self._told():
                try:
                    return work()
                except sa.exc.DBAPIError as error:
                    if not _passes(error) or time.monotonic() + wait > until:
                        raise
            time.sleep(wait)
            wait = min(2 * wait, 5.0)

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
            return f"{self.place} is not a Crossover journal ({first}): name another study"
        if state == "42501":
            return f"{self.place} does not allow it to this user: {first}"
        return f"{self.place} cannot be reached or used: {first}; mend that and run the same command again, it continues"


def _state(error: Exception) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _passes(error: Any) -> bool:
    """Whether it may be done once more: the connection broke, or the server is starting, stopping or full for a while."""
    state = _state(error)
    if not state:  # as while connecting: only the words tell
        return LASTING.search(str(error.orig)) is None
    return state not in FULL and (error.connection_invalidated or state[:2] in AWAY)
