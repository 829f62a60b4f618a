"""Rows from a Parquet file."""

from __future__ import annotations

from pathlib import Path

from crossover.data.rows import Row, without_nulls
from crossover.data.textfile import read_bytes
from crossover.errors import DataError


def read_parquet(path: Path) -> list[Row]:
    """The rows of a Parquet file, with Python values. Raises `DataError`."""
    import pyarrow
    import pyarrow.parquet

    data = read_bytes(path)
    try:
        records = pyarrow.parquet.read_table(pyarrow.BufferReader(data)).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as problem:
        reason = str(problem).split("\n", 1)[0]
        raise DataError(f"{path} is not a readable Parquet file: {reason}") from problem
    if not records:
        raise DataError(f"{path} has columns and no rows")
    return [
        Row(n, {name: without_nulls(value) for name, value in record.items()}, f"{path.name}, row {n}")
        for n, record in enumerate(records, start=1)
    ]
