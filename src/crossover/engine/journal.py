"""The study's journal, written as things happen: one SQLite file, or tables of a PostgreSQL database
(`engine/database.py`). Killing the process loses nothing that is finished.

Tables: `calls` (every finished call with its key, reply and usage; rows are only added, so a call made twice would show),
`uses` (which purpose wanted which call), `needs` and `works` (which work needed which calls, other work and labelled rows,
and how long it took), `epochs` (one row for each finished tuning epoch), `tunes` (key -> finished
weights), `tries` (every candidate that a rung scored on dev), `candidates` and `runs` (results), `facts` (name -> JSON),
`sessions` (wall-clock seconds).

Whoever only looks opens it with `JournalReader`, which changes nothing: neither a row nor a file beside it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.engine import marks
from crossover.engine.database import at
from crossover.engine.marks import VERSION as VERSION_FACT
from crossover.engine.marks import Head
from crossover.engine.tables import FORM, schema
from crossover.engine.upgrade import upgrade
from crossover.errors import StudyError
from crossover.scores import packed, unpacked
from crossover.types import Reply, Usage, to_json

READABLE = (1, 2)
VERSION = 2  # 1 named candidates by how they came to be, too, and tunes without the decoding


class JournalReader:
    """What a journal holds, also while a study writes it. Raises `StudyError` when the file is none that can be read."""

    def __init__(self, path: Path) -> None:
        found = self._open(path, writes=False)
        try:
            if found is not None:
                self._check(found)
            version = found.facts.get(VERSION_FACT) if found else None
            if found is None or version is None:
                none = "it has no version): move it away or name another folder"
                raise StudyError(f"{self.place} is not a Crossover journal ({none}")
            if version not in READABLE:
                valid = " and ".join(map(str, READABLE))
                raise StudyError(
                    f"{self.place} is of version {version} of the journal; this version of Crossover reads {valid}"
                )
            self._name(schema(found.form))
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path, writes: bool) -> Head | None:
        import sqlalchemy as sa

        self.path, self._sa, self._database = path, sa, at(path)
        return self._database.open(writes)

    def _check(self, found: Head) -> None:
        """Raise `StudyError` for one that is elsewhere by now, or written by a later version."""
        marks.check(found, self.place, self.path.parent)
        if found.form > FORM:
            raise StudyError(
                f"{self.place} was written by a later version of Crossover (its tables are of form {found.form}, here"
                f" {FORM}): use that version"
            )

    def _name(self, meta: Any) -> None:
        tables = meta.tables
        self._built: dict[tuple[str, str], Any] = {}
        self._facts, self._calls, self._uses = tables["facts"], tables["calls"], tables["uses"]
        self._needs, self._works = tables.get("needs"), tables.get("works")  # none in the first form
        self._epochs, self._tunes, self._tries = tables["epochs"], tables["tunes"], tables["tries"]
        self._results, self._runs, self._sessions = tables["candidates"], tables["runs"], tables["sessions"]

    @property
    def place(self) -> str:
        """Where it is, for sentences."""
        return self._database.place

    def close(self) -> None:
        self._database.close()

    def reading(self, work: Callable[[Any], Any]) -> Any:
        """Do a piece of work that reads, with a connection of SQLAlchemy, once more where a server was away. Raises
        `StudyError`."""
        return self._database.read(work)

    def _rows(self, statement: Any, **given: Any) -> list[Any]:
        return list(self._database.read(lambda connection: connection.execute(statement, given).all()))

    def _one(self, statement: Any, **given: Any) -> Any:
        """The first value of the first row; None where there is no row."""
        return next((row[0] for row in self._rows(statement, **given)), None)

    def _once_built(self, what: str, table: Any, build: Callable[[], Any]) -> Any:
        """A statement that is used again and again: to build it takes longer than to execute it."""
        key = (what, table.name)
        if key not in self._built:
            self._built[key] = build()
        return self._built[key]

    # facts, candidates, tunes: name -> JSON

    def fact(self, name: str, default: Any = None) -> Any:
        sa, t = self._sa, self._facts
        query = self._once_built("body", t, lambda: sa.select(t.c.body).where(t.c.name == sa.bindparam("wanted")))
        return _body(self._one(query, wanted=name), default)

    def tune(self, key: str) -> Any:
        t = self._tunes
        return _body(self._one(self._sa.select(t.c.body).where(t.c.key == key)))

    def tunes(self) -> dict[str, Any]:
        t = self._tunes
        return {key: json.loads(body) for key, body in self._rows(self._sa.select(t).order_by(t.c.key))}

    def candidates(self) -> dict[str, Any]:
        t = self._results
        return {name: json.loads(body) for name, body in self._rows(self._sa.select(t).order_by(t.c.name))}

    # calls

    def replies(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The finished, successful calls among `keys`."""
        t = self._calls
        some: Any = self._sa.bindparam("some", expanding=True)
        query = self._once_built(
            "replies", t, lambda: self._sa.select(t.c.key, t.c.reply).where(t.c.key.in_(some), ~t.c.failed)
        )
        found: dict[str, Reply] = {}
        for chunk in _chunks(list(keys), 500):
            found |= {key: reply_from_json(json.loads(body)) for key, body in self._rows(query, some=chunk)}
        return found

    def cached(self) -> int:
        """How often a further purpose wanted an answer that another had paid for: the same after a resumed run as in one
        go, however often a failed call was repeated.
        """
        sa, uses, calls = self._sa, self._uses.c, self._calls.c
        count = sa.select(sa.func.count() - sa.func.count(uses.key.distinct())).select_from(self._uses)
        return int(self._one(count.where(uses.key.in_(sa.select(calls.key).where(~calls.failed)))) or 0)

    def spent(self) -> tuple[int, Usage]:
        """How many calls were made in all sessions, and what they took."""
        [(calls, tokens_in, tokens_out, seconds, money)] = self._rows(self._totals())
        return calls, Usage(tokens_in or 0, tokens_out or 0, seconds or 0.0, money or 0.0)

    def usage(self, keys: Iterable[str]) -> tuple[int, Usage]:
        """How many calls were made under these keys, failed ones too, and what they took."""
        c = self._calls.c
        query = self._sa.select(c.tokens_in, c.tokens_out, c.seconds, c.money)
        rows = [row for chunk in _chunks(sorted(keys), 500) for row in self._rows(query.where(c.key.in_(chunk)))]
        tokens_in, tokens_out, seconds, money = ([row[place] or 0 for row in rows] for place in range(4))
        # exact, as each place gives the rows in an order of its own, and a verdict is to be the same in each
        return len(rows), Usage(sum(tokens_in), sum(tokens_out), math.fsum(seconds), math.fsum(money))

    def _totals(self) -> Any:
        sa, c = self._sa, self._calls.c
        tokens = (sa.cast(sa.func.sum(one), sa.BigInteger) for one in (c.tokens_in, c.tokens_out))  # else a decimal
        return sa.select(sa.func.count(), *tokens, sa.func.sum(c.seconds), sa.func.sum(c.money))

    # what was needed for what

    def needs(self, whole: str) -> list[tuple[str, str]]:
        """Kind and name of what a piece of work needed (`engine/taken.py`)."""
        t = self._needs
        if t is None:
            return []
        query = self._sa.select(t.c.kind, t.c.part).where(t.c.whole == whole).order_by(t.c.kind, t.c.part)
        return [(kind, part) for kind, part in self._rows(query)]

    def work_seconds(self, work: str) -> float:
        """How long a piece of work took, 0 where that was not timed."""
        t = self._works
        if t is None:
            return 0.0
        return float(self._one(self._sa.select(t.c.seconds).where(t.c.work == work)) or 0.0)

    # tuning epochs, what was tried on the way, runs

    def epochs(self, tune: str) -> list[Any]:
        t = self._epochs
        rows = self._rows(self._sa.select(t.c.body).where(t.c.tune == tune).order_by(t.c.epoch))
        return [json.loads(body) for (body,) in rows]

    def under_way(self) -> list[Any]:
        """The epochs so far of the tune that was worked on last, while it is not finished; else none."""
        t = self._epochs
        last = self._one(self._sa.select(t.c.tune).order_by(t.c.made.desc(), t.c.epoch.desc()).limit(1))
        return self.epochs(last) if last is not None and self.tune(last) is None else []

    def tuned(self) -> int:
        """How many epochs were tuned in all, each once however many candidates have its weights."""
        return int(self._one(self._sa.select(self._sa.func.count()).select_from(self._epochs)) or 0)

    def tries(self, rung: str) -> list[Any]:
        """What a rung scored, in the order in which it did."""
        t = self._tries
        rows = self._rows(self._sa.select(t.c.body).where(t.c.rung == rung).order_by(t.c.made))
        return [json.loads(body) for (body,) in rows]

    def run(self, candidate: str, split: str) -> Any:
        t = self._runs
        return _body(self._one(self._sa.select(t.c.body).where(t.c.candidate == candidate, t.c.split == split)))

    def wall_seconds(self) -> float:
        """The wall-clock time of all sessions."""
        return float(self._one(self._sa.select(self._sa.func.sum(self._sessions.c.seconds))) or 0.0)


class Journal(JournalReader):
    """Opens or creates the journal at `path` to write it; with `begun` it has to be there.

    Raises `StudyError` when the file is not one, is of another version, or cannot be written.
    """

    def __init__(self, path: Path, begun: bool = False) -> None:
        found = self._open(path, writes=True)
        try:
            if begun and found is None:
                gone = f"holds no study any more: put it back, or take {path} away to begin anew"
                raise StudyError(f"{self.place} {gone}")
            if found is not None:
                self._check(found)
                upgrade(self._database, found.form)
            meta = schema()
            self._database.begin(meta, {VERSION_FACT: json.dumps(VERSION), marks.FORM: json.dumps(FORM)})
            self._name(meta)
            if found is not None and marks.MOVING in found.facts:  # of this folder's own move, which is to go on, or back
                self.stay()
        except BaseException:
            self.close()  # a connection would have the study for as long as somebody keeps the error
            raise

    def _check(self, found: Head) -> None:
        super()._check(found)
        if (version := found.facts.get(VERSION_FACT, VERSION)) != VERSION:
            raise StudyError(
                f"{self.place} was written by another version of Crossover (journal version {version}, here"
                f" {VERSION}), which named candidates otherwise, so it cannot be continued: name another folder with --out"
            )

    def set_fact(self, name: str, body: Any) -> None:
        self._put(self._facts, name=name, body=body)

    def stay(self) -> None:
        """Take the mark of a move away."""
        self._write(self._facts.delete().where(self._facts.c.name == marks.MOVING))

    def set_candidate(self, name: str, body: Any) -> None:
        self._put(self._results, name=name, body=body)

    def set_tune(self, key: str, body: Any) -> None:
        self._put(self._tunes, key=key, body=body)

    def set_run(self, candidate: str, split: str, body: Any) -> None:
        self._put(self._runs, candidate=candidate, split=split, body=body)

    def add_calls(self, purpose: str, replies: Mapping[str, Reply], facts: Mapping[str, Any] | None = None) -> None:
        """Journal finished calls, and facts with them, all or none of them."""
        rows = [
            {
                "key": key,
                "purpose": purpose,
                "reply": json.dumps(reply_json(reply)),
                "failed": reply.error is not None,
                "tokens_in": took.tokens_in,
                "tokens_out": took.tokens_out,
                "seconds": took.seconds,
                "money": took.money,
                "made": time.time(),
            }
            for key, reply in replies.items()
            for took in (reply.usage + reply.once,)
        ]
        known = [{"name": name, "body": json.dumps(to_json(body))} for name, body in (facts or {}).items()]
        self._write_all((self._once(self._calls), rows), (self._instead(self._facts), known))

    def add_uses(self, purpose: str, keys: Iterable[str]) -> None:
        """Note which calls a purpose wanted, whoever paid for them."""
        rows = [{"key": key, "purpose": purpose} for key in keys]
        if rows:
            self._write(self._once(self._uses), rows)

    def add_needs(self, whole: str, kind: str, parts: Iterable[str]) -> None:
        """Note what a piece of work needed, whoever paid for it."""
        rows = [{"whole": whole, "kind": kind, "part": part} for part in parts]
        if rows:
            self._write(self._once(self._needs), rows)

    def clear_needs(self, whole: str) -> None:
        """Forget what a piece of work needed, before it is done again: by another task it may have needed other things."""
        self._write(self._needs.delete().where(self._needs.c.whole == whole))

    def add_work(self, work: str, seconds: float) -> None:
        """Note how long a piece of work took; the first time counts."""
        self._write(self._once(self._works), [{"work": work, "seconds": seconds}])

    def add_epoch(self, tune: str, epoch: int, body: Any) -> None:
        """Journal a finished epoch. Raises `StudyError` for one that was finished before."""
        row = {"tune": tune, "epoch": epoch, "body": json.dumps(to_json(body)), "made": time.time()}
        insert = self._database.insert(self._epochs)
        same = self._epochs.c.made == insert.excluded.made  # written by this, and the answer of the server was lost
        keys = list(self._epochs.primary_key)
        statement = insert.on_conflict_do_update(index_elements=keys, set_={"body": insert.excluded.body}, where=same)
        statement = statement.execution_options(preserve_rowcount=True)
        if not self._database.write(lambda connection: connection.execute(statement, row).rowcount):
            raise StudyError(f"{self.place} holds epoch {epoch} of this tune already: another process wrote it")

    def add_try(self, rung: str, candidate: str, body: Any) -> None:
        """Note a candidate that a rung scored; the first time counts."""
        row = {"rung": rung, "candidate": candidate, "body": json.dumps(to_json(body)), "made": time.time()}
        self._write(self._once(self._tries), [row])

    def clear_tries(self, rung: str) -> None:
        """Forget what a rung scored, before it is climbed: another one may have had its name."""
        self._write(self._tries.delete().where(self._tries.c.rung == rung))

    def clock(self, started: float, seconds: float) -> None:
        """Note the wall-clock time of the session that `started` then, so far."""
        self._write(self._instead(self._sessions), [{"started": started, "seconds": seconds}])

    def _put(self, table: Any, body: Any, **key: str) -> None:
        self._write(self._instead(table), [{**key, "body": json.dumps(to_json(body))}])

    def _instead(self, table: Any) -> Any:
        """An insert in the place of a row of the same key."""

        def build() -> Any:
            insert = self._database.insert(table)
            rest = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
            return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)

        return self._once_built("instead", table, build)

    def _once(self, table: Any) -> Any:
        """An insert where no row of the same key is."""
        return self._once_built("once", table, lambda: self._database.insert(table).on_conflict_do_nothing())

    def _write(self, statement: Any, rows: list[dict[str, Any]] | None = None) -> None:
        self._write_all((statement, rows))

    def _write_all(self, *writes: tuple[Any, list[dict[str, Any]] | None]) -> None:
        """In one transaction; nothing where there are no rows."""
        writes = tuple((statement, rows) for statement, rows in writes if rows != [])

        def work(connection: Any) -> None:
            for statement, rows in writes:
                connection.execute(statement, rows)

        if writes:
            self._database.write(work)


def _body(text: str | None, default: Any = None) -> Any:
    return default if text is None else json.loads(text)


def reply_json(reply: Reply) -> dict[str, Any]:
    scores = packed(reply.label_scores) if reply.label_scores else []
    return {**vars(reply), "label_scores": scores, "usage": vars(reply.usage), "once": vars(reply.once)}


def reply_from_json(body: dict[str, Any]) -> Reply:
    """The inverse of `reply_json`. Raises `ValueError` for scores that cannot be read."""
    usage, once = Usage(**body["usage"]), Usage(**body.get("once", {}))
    scores, model, finish = body["label_scores"], body.get("model", ""), body.get("finish", "")
    found = unpacked(scores) if isinstance(scores, str) else scores  # a list before form 4 of the tables
    return Reply(body["text"], found, usage, body["error"], model, finish, once)


def _chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
