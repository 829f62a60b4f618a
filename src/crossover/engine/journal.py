"""The study's journal: one SQLite file, written as things happen. Killing the process loses nothing that is finished.

Tables: `calls` (every finished call with its key, reply and usage; rows are only added, so a call made twice would show),
`uses` (which purpose wanted which call), `epochs` (one row for each finished tuning epoch), `tunes` (key -> finished
weights), `tries` (every candidate that a rung scored on dev), `candidates` and `runs` (results), `facts` (name -> JSON),
`sessions` (wall-clock seconds).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.errors import StudyError
from crossover.types import Reply, Usage, to_json

VERSION = 2  # 1 named candidates by how they came to be, too, and tunes without the decoding


class Journal:
    """Opens or creates the journal at `path`. Raises `StudyError` when the file is not one, or cannot be written."""

    def __init__(self, path: Path) -> None:
        import sqlalchemy as sa

        self.path = path
        self._sa = sa
        meta = sa.MetaData()
        text, number = sa.Text, sa.Float
        self._facts = sa.Table("facts", meta, sa.Column("name", text, primary_key=True), sa.Column("body", text))
        self._calls = sa.Table(
            "calls",
            meta,
            sa.Column("number", sa.Integer, primary_key=True),
            sa.Column("key", text, index=True),
            sa.Column("purpose", text),
            sa.Column("reply", text),
            sa.Column("failed", sa.Boolean),
            sa.Column("tokens_in", sa.Integer),
            sa.Column("tokens_out", sa.Integer),
            sa.Column("seconds", number),
            sa.Column("money", number),
            sa.Column("made", number),
        )
        self._uses = sa.Table(
            "uses",
            meta,
            sa.Column("key", text, primary_key=True),
            sa.Column("purpose", text, primary_key=True),
        )
        self._epochs = sa.Table(
            "epochs",
            meta,
            sa.Column("tune", text, primary_key=True),
            sa.Column("epoch", sa.Integer, primary_key=True),
            sa.Column("body", text),
            sa.Column("made", number),
        )
        self._tunes = sa.Table("tunes", meta, sa.Column("key", text, primary_key=True), sa.Column("body", text))
        self._tries = sa.Table(
            "tries",
            meta,
            sa.Column("rung", text, primary_key=True),
            sa.Column("candidate", text, primary_key=True),
            sa.Column("body", text),
            sa.Column("made", number),
        )
        self._results = sa.Table(
            "candidates",
            meta,
            sa.Column("name", text, primary_key=True),
            sa.Column("body", text),
        )
        self._runs = sa.Table(
            "runs",
            meta,
            sa.Column("candidate", text, primary_key=True),
            sa.Column("split", text, primary_key=True),
            sa.Column("body", text),
        )
        self._sessions = sa.Table(
            "sessions",
            meta,
            sa.Column("started", number, primary_key=True),
            sa.Column("seconds", number),
        )
        self._tables = {
            "facts": self._facts,
            "tunes": self._tunes,
            "candidates": self._results,
        }
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _tune_connection)
        try:
            meta.create_all(self._engine)
            if (found := self.fact("version", VERSION)) != VERSION:
                raise StudyError(
                    f"{path} was written by another version of Crossover (journal version {found}, here {VERSION}), which"
                    " named candidates otherwise, so it cannot be continued: name another folder with --out"
                )
            self.set_fact("version", VERSION)
        except sa.exc.DatabaseError as error:
            raise StudyError(_reason(path, error)) from error

    def close(self) -> None:
        self._engine.dispose()

    # facts, candidates, tunes: name -> JSON

    def fact(self, name: str, default: Any = None) -> Any:
        return self._get("facts", "name", name, default)

    def set_fact(self, name: str, body: Any) -> None:
        self._put("facts", "name", name, body)

    def set_candidate(self, name: str, body: Any) -> None:
        self._put("candidates", "name", name, body)

    def tune(self, key: str) -> Any:
        return self._get("tunes", "key", key, None)

    def set_tune(self, key: str, body: Any) -> None:
        self._put("tunes", "key", key, body)

    def tunes(self) -> dict[str, Any]:
        with self._engine.connect() as connection:
            return {key: json.loads(body) for key, body in connection.execute(self._sa.select(self._tunes)).all()}

    def candidates(self) -> dict[str, Any]:
        with self._engine.connect() as connection:
            return {name: json.loads(body) for name, body in connection.execute(self._sa.select(self._results)).all()}

    def _get(self, table: str, column: str, name: str, default: Any) -> Any:
        sa, t = self._sa, self._tables[table]
        with self._engine.connect() as connection:
            body = connection.execute(sa.select(t.c.body).where(t.c[column] == name)).scalar()
        return default if body is None else json.loads(body)

    def _put(self, table: str, column: str, name: str, body: Any) -> None:
        t = self._tables[table]
        self._write(t.insert().prefix_with("OR REPLACE"), [{column: name, "body": json.dumps(to_json(body))}])

    # calls

    def replies(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The finished, successful calls among `keys`."""
        sa, t = self._sa, self._calls
        found: dict[str, Reply] = {}
        with self._engine.connect() as connection:
            for chunk in _chunks(list(keys), 500):
                query = sa.select(t.c.key, t.c.reply).where(t.c.key.in_(chunk), ~t.c.failed)
                for key, body in connection.execute(query):
                    found[key] = _reply(json.loads(body))
        return found

    def add_calls(self, purpose: str, replies: Mapping[str, Reply]) -> None:
        """Journal finished calls, all or none of them."""
        rows = [
            {
                "key": key,
                "purpose": purpose,
                "reply": json.dumps({**vars(reply), "usage": vars(reply.usage)}),
                "failed": reply.error is not None,
                "tokens_in": reply.usage.tokens_in,
                "tokens_out": reply.usage.tokens_out,
                "seconds": reply.usage.seconds,
                "money": reply.usage.money,
                "made": time.time(),
            }
            for key, reply in replies.items()
        ]
        if rows:
            self._write(self._calls.insert(), rows)

    def add_uses(self, purpose: str, keys: Iterable[str]) -> None:
        """Note which calls a purpose wanted, whoever paid for them."""
        rows = [{"key": key, "purpose": purpose} for key in keys]
        if rows:
            self._write(self._uses.insert().prefix_with("OR IGNORE"), rows)

    def cached(self) -> int:
        """How often a further purpose wanted an answer that another had paid for: the same after a resumed run as in one
        go, however often a failed call was repeated.
        """
        sa, uses, calls = self._sa, self._uses.c, self._calls.c
        count = sa.select(sa.func.count() - sa.func.count(uses.key.distinct()))
        with self._engine.connect() as connection:
            answered = uses.key.in_(sa.select(calls.key).where(~calls.failed))
            return int(connection.execute(count.select_from(self._uses).where(answered)).scalar() or 0)

    def spent(self) -> tuple[int, Usage]:
        """How many calls were made in all sessions, and what they took."""
        sa, c = self._sa, self._calls.c
        total = sa.select(
            sa.func.count(),
            sa.func.sum(c.tokens_in),
            sa.func.sum(c.tokens_out),
            sa.func.sum(c.seconds),
            sa.func.sum(c.money),
        )
        with self._engine.connect() as connection:
            calls, tokens_in, tokens_out, seconds, money = connection.execute(total).one()
        return calls, Usage(tokens_in or 0, tokens_out or 0, seconds or 0.0, money or 0.0)

    # tuning epochs

    def add_epoch(self, tune: str, epoch: int, body: Any) -> None:
        """Journal a finished epoch. Raises `StudyError` for one that was finished before."""
        row = {"tune": tune, "epoch": epoch, "body": json.dumps(to_json(body)), "made": time.time()}
        self._write(self._epochs.insert(), [row])

    def epochs(self, tune: str) -> list[Any]:
        sa, t = self._sa, self._epochs
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(t.c.body).where(t.c.tune == tune).order_by(t.c.epoch)).scalars()
            return [json.loads(body) for body in rows]

    # what was tried on the way

    def add_try(self, rung: str, candidate: str, body: Any) -> None:
        """Note a candidate that a rung scored; the first time counts."""
        row = {"rung": rung, "candidate": candidate, "body": json.dumps(to_json(body)), "made": time.time()}
        self._write(self._tries.insert().prefix_with("OR IGNORE"), [row])

    def clear_tries(self, rung: str) -> None:
        """Forget what a rung scored, before it is climbed: another one may have had its name."""
        self._write(self._tries.delete().where(self._tries.c.rung == rung))

    def tries(self, rung: str) -> list[Any]:
        """What a rung scored, in the order in which it did."""
        sa, t = self._sa, self._tries
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(t.c.body).where(t.c.rung == rung).order_by(t.c.made)).scalars()
            return [json.loads(body) for body in rows]

    # runs

    def run(self, candidate: str, split: str) -> Any:
        sa, t = self._sa, self._runs
        with self._engine.connect() as connection:
            query = sa.select(t.c.body).where(t.c.candidate == candidate, t.c.split == split)
            body = connection.execute(query).scalar()
        return None if body is None else json.loads(body)

    def set_run(self, candidate: str, split: str, body: Any) -> None:
        row = {"candidate": candidate, "split": split, "body": json.dumps(to_json(body))}
        self._write(self._runs.insert().prefix_with("OR REPLACE"), [row])

    # wall-clock time over all sessions

    def clock(self, started: float, seconds: float) -> None:
        self._write(self._sessions.insert().prefix_with("OR REPLACE"), [{"started": started, "seconds": seconds}])

    def wall_seconds(self) -> float:
        with self._engine.connect() as connection:
            return float(connection.execute(self._sa.select(self._sa.func.sum(self._sessions.c.seconds))).scalar() or 0.0)

    def _write(self, statement: Any, rows: list[dict[str, Any]] | None = None) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(statement, rows)
        except self._sa.exc.DatabaseError as error:
            raise StudyError(_reason(self.path, error)) from error


def _tune_connection(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # safe against a killed process; a power cut may lose the last calls


def _reason(path: Path, error: Exception) -> str:
    cause = str(getattr(error, "orig", error))
    if "full" in cause:
        return f"{path} cannot be written: the disk is full; free some space and run the same command again, it continues"
    if any(sign in cause for sign in ("not a database", "malformed", "no such column", "has no column")):
        return f"{path} is not a Crossover journal ({cause}): move it away or name another folder"
    return f"{path} cannot be written: {cause}"


def _reply(body: dict[str, Any]) -> Reply:
    usage = Usage(**body["usage"])
    return Reply(body["text"], tuple(body["label_scores"]), usage, body["error"])


def _chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
