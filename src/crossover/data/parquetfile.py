"""Rows from a Parquet file."""

from __future__ import annotations

from pathlib import Path

from crossover.data.classnames import stored
from crossover.data.floats import rewritten
from crossover.data.rows import Row, rows_of
from crossover.data.textfile import read_bytes
from crossover.errors import DataError, NoRows


def read_parquet(path: Path) -> list[Row]:
    """The rows of a Parquet file, with Python values, and classes by their names where it has them. Raises `DataError`."""
    import pyarrow
    import pyarrow.parquet

    data = read_bytes(path)
    try:
        names = pyarrow.parquet.read_schema(pyarrow.BufferReader(data)).names
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise DataError(f"{path} has the column '{twice}' twice; every column needs its own name")
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(data))
        records = table.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as problem:
        reason = str(problem).split("\n", 1)[0]
        raise DataError(f"{path} is not a readable Parquet file: {reason}") from problem
    if not records:
        raise NoRows(f"{path} has columns and no rows")
    return rows_of(rewritten(records, table.schema), stored(table.schema.metadata), path.name)
