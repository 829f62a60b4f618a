"""From one form of a journal's tables to the next: each step in one transaction, by whoever writes the journal.

A form is a fact (`form`); before that was noted it shows in the tables. Whoever only looks reads the earlier forms as they
are (`tables.schema`), and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from crossover.engine import marks
from crossover.engine.marks import Head
from crossover.engine.tables import FORM, schema
from crossover.errors import StudyError

NAMES = sorted({marks.VERSION} | marks.PLACE)


class Upgradable(Protocol):
    """Of `database.Database` what this needs."""

    @property
    def space(self) -> str | None: ...
    def insert(self, table: Any) -> Any: ...
    def read(self, work: Callable[[Any], Any]) -> Any: ...
    def write(self, work: Callable[[Any], Any]) -> Any: ...
    def keep_before(self, form: int) -> None: ...


@dataclass(frozen=True)
class Step:
    """To a form: whether the tables that are there `lack` what it is about, and what makes them so."""

    form: int
    lack: Callable[[Any, str | None], bool]
    take: Callable[[Any, str | None], None]


def head(connection: Any, space: str | None, place: str) -> Head | None:
    """What a journal says of itself, None where none is. `space`: the schema of its tables, where a database has several;
    `place`: for the sentence. Raises `StudyError` where its facts are none."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table("facts", schema=space):
        return None
    t = schema().tables["facts"].c
    rows = connection.execute(sa.select(t.name, t.body).where(t.name.in_(NAMES))).all()
    try:
        facts = {name: json.loads(body) for name, body in rows}
    except (TypeError, ValueError, RecursionError) as error:
        raise StudyError(f"{place} is not a Crossover journal (its facts are no JSON): name another one") from error
    form = facts.get(marks.FORM)
    if isinstance(form, int) and form > 0:
        return Head(form, facts)
    if marks.MOVED in facts:  # no other table is left
        return Head(FORM, facts)
    older = (step.form - 1 for step in STEPS if step.lack(connection, space))
    return Head(next(older, STEPS[-1].form), facts)


def upgrade(database: Upgradable, form: int) -> None:
    """Bring the tables from a form to the present one. What they were is kept, where a database would not keep it itself.

    Raises `StudyError`; then they are of a form between.
    """
    ahead = [step for step in STEPS if step.form > form]
    if database.read(lambda connection: any(step.lack(connection, database.space) for step in ahead)):
        database.keep_before(FORM)
    for step in ahead:
        database.write(partial(_take, step, database))


def _take(step: Step, database: Upgradable, connection: Any) -> None:
    if step.lack(connection, database.space):  # else the answer to this very step was lost
        step.take(connection, database.space)
    facts = schema().tables["facts"]
    noted = database.insert(facts)
    noted = noted.on_conflict_do_update(index_elements=["name"], set_={"body": noted.excluded.body})
    connection.execute(noted, [{"name": marks.FORM, "body": json.dumps(step.form)}])


def _lack_needs(connection: Any, space: str | None) -> bool:
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    return not all(inspector.has_table(name, schema=space) for name in ("needs", "works"))


def _make_needs(connection: Any, _: str | None) -> None:
    schema(2).create_all(connection)


def _narrow(connection: Any, space: str | None) -> bool:
    """SQLite's numbers have any size, and its texts any letter."""
    import sqlalchemy as sa

    if connection.dialect.name != "postgresql":
        return False
    columns = sa.inspect(connection).get_columns("calls", schema=space)
    return any(type(one["type"]) is sa.INTEGER for one in columns if one["name"] in ("tokens_in", "tokens_out"))


def _widen(connection: Any, space: str | None) -> None:
    """Counts of any size, and names as `tables.schema` writes them. Names of ASCII stay: some were written so already."""
    import sqlalchemy as sa

    wide = ", ".join(f"ALTER COLUMN {name} TYPE BIGINT" for name in ("tokens_in", "tokens_out"))
    connection.exec_driver_sql(f'ALTER TABLE "{space}".calls {wide}')
    schema(2).create_all(connection)  # what a beginning that was killed had not made yet
    now = schema(3).tables
    for old in (column for table in schema(2).tables.values() for column in table.columns):
        if isinstance(old.type, sa.Text) and old.name not in ("body", "reply"):
            table = now[old.table.name]
            strange = sa.select(old).where(old.regexp_match("[^[:ascii:]]")).distinct()
            for (name,) in connection.execute(strange).all():
                same = sa.type_coerce(table.c[old.name], sa.Text()) == sa.literal(name, sa.Text())
                connection.execute(table.update().where(same).values({old.name: name}))


# rows of form 3 stay as they are beside those of form 4
STEPS = (Step(2, _lack_needs, _make_needs), Step(3, _narrow, _widen), Step(4, lambda *_: False, lambda *_: None))
