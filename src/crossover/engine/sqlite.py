"""A journal's tables in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossover.errors import StudyError


class Sqlite:
    """The database in the file at `path`: `engine/database.py`."""

    def __init__(self, path: Path) -> None:
        self.path, self.place = path, str(path)
        self._engine: Any = None

    def open(self, writes: bool, meta: Any) -> None:
        import sqlalchemy as sa

        if not writes:
            self._engine = sa.create_engine("sqlite://", creator=lambda: _reading(self.path), poolclass=sa.pool.NullPool)
            return
        self._engine = sa.create_engine(sa.URL.create("sqlite", database=str(self.path)), connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _tune_connection)
        self.write(meta.create_all)

    def insert(self, table: Any) -> Any:
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self._done(work, self._engine.connect, "read")

    def write(self, work: Callable[[Any], Any]) -> Any:
        return self._done(work, self._engine.begin, "written")

    def _done(self, work: Callable[[Any], Any], connect: Callable[[], Any], what: str) -> Any:
        import sqlalchemy as sa

        try:
            with connect() as connection:
                return work(connection)
        except sa.exc.DatabaseError as error:
            raise StudyError(_reason(self.path, error, what)) from error

    def close(self) -> None:
        self._engine.dispose()


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Where no log lies beside the file nobody writes it, and none is made for reading."""
    alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{alone}", uri=True, timeout=30, check_same_thread=False)


def _tune_connection(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # safe against a killed process; a power cut may lose the last calls


def _reason(path: Path, error: Exception, what: str) -> str:
    cause = str(getattr(error, "orig", error))
    if "full" in cause:
        return f"{path} cannot be written: the disk is full; free some space and run the same command again, it continues"
    if any(sign in cause for sign in ("not a database", "malformed", "no such column", "has no column", "no such table")):
        return f"{path} is not a Crossover journal ({cause}): move it away or name another folder"
    return f"{path} cannot be {what}: {cause}"
