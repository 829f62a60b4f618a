"""Numbers of 32 and 16 bits are read as they were written, from wherever they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.floats import LONG, shortest
from crossover.data.load import load_rows, load_tables
from crossover.data.sketch import sketch
from tests.data.builders import examples, sentence, task

WRITTEN = [0.1, 0.25, 16777216.0, -3.4e38, None, float("inf")]


@given(st.integers(-999_999, 999_999), st.integers(-30, 30))
def test_six_digits_come_back_from_32_bits(digits: int, exponent: int) -> None:
    written = float(f"{digits}e{exponent}")
    assert shortest(float(np.float32(written)), 32) == written


@given(
    st.tuples(st.just(16), st.floats(width=16, allow_nan=False))
    | st.tuples(st.just(32), st.floats(width=32, allow_nan=False))
)
def test_any_number_is_itself_again(drawn: tuple[int, float]) -> None:
    bits, value = drawn
    assert np.dtype(f"f{bits // 8}").type(shortest(value, bits)) == value


def test_parquet_reads_floats_as_they_were_written(tmp_path: Path) -> None:
    single, half = pa.array(WRITTEN, pa.float32()), pa.array(np.array([0.1] * 6, np.float16))
    inner = pa.array([{"box": [0.1, 0.2]}] * 6, pa.struct({"box": pa.list_(pa.float32())}))
    vector = pa.array([[0.1] * (LONG + 1)] * 6, pa.list_(pa.float32()))
    columns = {"single": single, "half": half, "inner": inner, "vector": vector}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    rows = load_rows(tmp_path / "rows.parquet")
    assert [row.fields["single"] for row in rows] == WRITTEN
    assert (rows[0].fields["half"], rows[0].fields["inner"]) == (0.1, {"box": [0.1, 0.2]})
    assert rows[0].fields["vector"][0] == float(np.float32(0.1)), "a vector is left as it is"


@pytest.mark.parametrize("form", ["frame", "set", "list"])
def test_tables_in_memory_have_the_labels_of_a_file(form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": [sentence(n) for n in range(12)], "label": np.array([0.1, 0.7] * 6, np.float32)})
    rows = [{"text": text, "label": label} for text, label in zip(frame.text, frame.label.to_numpy(), strict=True)]
    data: Any = {"frame": frame, "set": datasets.Dataset.from_pandas(frame), "list": rows}[form]
    assert {example.output for example in examples(task(tmp_path, data))} == {"0.1", "0.7"}
    assert all(isinstance(row.fields["label"], float) for row in load_tables(task(tmp_path, data))["all"])


def test_a_column_that_is_no_text_is_named(tmp_path: Path) -> None:
    columns = {"picture": [b"\xff"] * 12, "text": [sentence(n) for n in range(12)], "label": ["a", "b"] * 6}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    said = "\n".join(sketch(tmp_path / "rows.parquet").assumed)
    assert "not used: the column 'picture', which cannot be read as text: a value of type bytes; valid are" in said
