"""The tables of a study's journal, in each of their forms (`engine/upgrade.py` makes of one the next)."""

from __future__ import annotations

from typing import Any

# 1 had neither needs nor works; 2, in PostgreSQL, names as they are, and counts of tokens below 2^31; 3 labels' scores as
# lists, and a version that knows no other would read packed ones as letters
FORM = 4


def schema(form: int = FORM) -> Any:
    """A new `sqlalchemy.MetaData` with the tables that `engine/journal.py` describes, as they were in a form."""
    import sqlalchemy as sa

    meta = sa.MetaData()
    text, name, number = sa.Text, _name() if form > 2 else sa.Text, sa.Float
    sa.Table("facts", meta, sa.Column("name", name, primary_key=True), sa.Column("body", text))
    sa.Table(
        "calls",
        meta,
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),  # which counts there
        sa.Column("key", name, index=True),
        sa.Column("purpose", name),
        sa.Column("reply", text),
        sa.Column("failed", sa.Boolean),
        sa.Column("tokens_in", sa.BigInteger),  # a service may tune on thousands of millions
        sa.Column("tokens_out", sa.BigInteger),
        sa.Column("seconds", number),
        sa.Column("money", number),
        sa.Column("made", number),
        # a server's answer may be lost, and the same rows be written again
        sa.Index("calls_once", "key", "purpose", "made", unique=True).ddl_if(dialect="postgresql"),
    )
    sa.Table(
        "uses",
        meta,
        sa.Column("key", name, primary_key=True),
        sa.Column("purpose", name, primary_key=True),
    )
    if form > 1:
        sa.Table(
            "needs",
            meta,
            sa.Column("whole", name, primary_key=True),
            sa.Column("kind", name, primary_key=True),
            sa.Column("part", name, primary_key=True),
        )
        sa.Table("works", meta, sa.Column("work", name, primary_key=True), sa.Column("seconds", number))
    sa.Table(
        "epochs",
        meta,
        sa.Column("tune", name, primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True),
        sa.Column("body", text),
        sa.Column("made", number),
    )
    sa.Table("tunes", meta, sa.Column("key", name, primary_key=True), sa.Column("body", text))
    sa.Table(
        "tries",
        meta,
        sa.Column("rung", name, primary_key=True),
        sa.Column("candidate", name, primary_key=True),
        sa.Column("body", text),
        sa.Column("made", number),
    )
    sa.Table(
        "candidates",
        meta,
        sa.Column("name", name, primary_key=True),
        sa.Column("body", text),
    )
    sa.Table(
        "runs",
        meta,
        sa.Column("candidate", name, primary_key=True),
        sa.Column("split", name, primary_key=True),
        sa.Column("body", text),
    )
    sa.Table(
        "sessions",
        meta,
        sa.Column("started", number, primary_key=True),
        sa.Column("seconds", number),
    )
    return meta


def _name() -> Any:
    """The type of a text that somebody may have chosen. PostgreSQL holds neither NUL nor half a character, some of its
    databases nothing but Latin letters: there it is written as Python would escape it. What is JSON is ASCII anyway."""
    import sqlalchemy as sa

    class Escaped(sa.types.TypeDecorator[str]):
        impl = sa.Text
        cache_ok = True

        def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
            return value and value.encode("unicode_escape").decode("ascii")

        def process_result_value(self, value: str | None, dialect: Any) -> str | None:
            return value and value.encode("ascii").decode("unicode_escape")

    return sa.Text().with_variant(Escaped(), "postgresql")
