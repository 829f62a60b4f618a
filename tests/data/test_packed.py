"""Files that are packed with gzip are read as what they hold, within bounds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from crossover.data.load import load_rows
from crossover.data.sketch import sketch
from crossover.data.task import Files
from crossover.errors import DataError, NoRows
from tests.data.builders import sentence, table, write


def test_each_form_is_read_packed(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "label": "ab"[n % 2]} for n in range(4)]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    texts = {
        ".csv": "text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in rows),
        ".jsonl": "".join(f"{json.dumps(row)}\n" for row in rows),
        ".json": json.dumps(rows),
    }
    packed = {ending: text.encode() for ending, text in texts.items()}
    packed[".parquet"] = (tmp_path / "rows.parquet").read_bytes()
    for ending, content in packed.items():
        found = load_rows(write(tmp_path, f"rows{ending}.GZ", gzip.compress(content)))
        assert [row.fields for row in found] == rows
        assert found[1].source.startswith(f"rows{ending}.GZ, ")


def test_packed_splits_and_their_task(tmp_path: Path) -> None:
    write(tmp_path, "parcels_train.csv.gz", gzip.compress(table({"a": 9, "b": 9}).encode()))
    write(tmp_path, "parcels_test.csv.gz", gzip.compress(table({"a": 2}).replace("amber", "ochre").encode()))
    found = sketch(tmp_path / "parcels_train.csv.gz").prepared.task
    assert (found.name, found.data) == (
        "parcels_train",
        Files(train="parcels_train.csv.gz", test="parcels_test.csv.gz"),
    )


def test_what_cannot_be_unpacked_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gzip.compress(table({"a": 9, "b": 9}).encode())
    for name, content, said in [
        ("a.csv.gz", b"text,label\n", "a.csv.gz is not a readable gzip file"),
        ("b.csv.gz", whole[:-12], "b.csv.gz is not a readable gzip file"),
        ("c.csv.gz", whole[:20] + b"\xff" * 9 + whole[29:], "c.csv.gz is not a readable gzip file"),
        ("d.gz", whole, r"d.gz: the name has '.gz'; valid: .csv, .*, and .gz behind one of these"),
    ]:
        with pytest.raises(DataError, match=said):
            load_rows(write(tmp_path, name, content))
    with pytest.raises(NoRows, match=r"e.csv.gz is empty"):
        load_rows(write(tmp_path, "e.csv.gz", gzip.compress(b"")))
    monkeypatch.setattr("crossover.data.textfile.LARGEST", 1 << 20)
    with pytest.raises(DataError, match=r"f.csv.gz unpacks to more than 1 MiB; valid is less, or the file unpacked"):
        load_rows(write(tmp_path, "f.csv.gz", gzip.compress(b"a" * (1 << 21))))
