"""The tables of a study's journal."""

from __future__ import annotations

from typing import Any


def schema() -> Any:
    """A new `sqlalchemy.MetaData` with the tables that `engine/journal.py` describes."""
    import sqlalchemy as sa

    meta = sa.MetaData()
    text, number = sa.Text, sa.Float
    sa.Table("facts", meta, sa.Column("name", text, primary_key=True), sa.Column("body", text))
    sa.Table(
        "calls",
        meta,
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),  # which counts there
        sa.Column("key", text, index=True),
        sa.Column("purpose", text),
        sa.Column("reply", text),
        sa.Column("failed", sa.Boolean),
        sa.Column("tokens_in", sa.Integer),
        sa.Column("tokens_out", sa.Integer),
        sa.Column("seconds", number),
        sa.Column("money", number),
        sa.Column("made", number),
        # a server's answer may be lost, and the same rows be written again
        sa.Index("calls_once", "key", "purpose", "made", unique=True).ddl_if(dialect="postgresql"),
    )
    sa.Table(
        "uses",
        meta,
        sa.Column("key", text, primary_key=True),
        sa.Column("purpose", text, primary_key=True),
    )
    sa.Table(
        "needs",
        meta,
        sa.Column("whole", text, primary_key=True),
        sa.Column("kind", text, primary_key=True),
        sa.Column("part", text, primary_key=True),
    )
    sa.Table("works", meta, sa.Column("work", text, primary_key=True), sa.Column("seconds", number))
    sa.Table(
        "epochs",
        meta,
        sa.Column("tune", text, primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True),
        sa.Column("body", text),
        sa.Column("made", number),
    )
    sa.Table("tunes", meta, sa.Column("key", text, primary_key=True), sa.Column("body", text))
    sa.Table(
        "tries",
        meta,
        sa.Column("rung", text, primary_key=True),
        sa.Column("candidate", text, primary_key=True),
        sa.Column("body", text),
        sa.Column("made", number),
    )
    sa.Table(
        "candidates",
        meta,
        sa.Column("name", text, primary_key=True),
        sa.Column("body", text),
    )
    sa.Table(
        "runs",
        meta,
        sa.Column("candidate", text, primary_key=True),
        sa.Column("split", text, primary_key=True),
        sa.Column("body", text),
    )
    sa.Table(
        "sessions",
        meta,
        sa.Column("started", number, primary_key=True),
        sa.Column("seconds", number),
    )
    return meta
