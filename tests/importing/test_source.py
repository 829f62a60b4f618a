"""Files of others are opened with care: what is broken, huge or hostile is a sentence."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from crossover.errors import DataError
from crossover.importing import source as module
from crossover.importing.open import read
from crossover.importing.source import Source
from tests.importing.logs import FILES

COPIES = "its aliases stand for over 1,000,000 values"


def packed(path: Path, entries: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRY", 1_000_000)
    bomb = packed(tmp_path / "bomb.eval", {"header.json": " " * 50_000_000})
    with pytest.raises(DataError, match=r"bomb.eval, header.json: unpacks to more than 1 MB"):
        read([bomb])


def test_many_entries_together_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 100_000)
    samples = {f"samples/{n}.json": '"' + "x" * 40_000 + '"' for n in range(4)}
    bomb = packed(tmp_path / "bomb.eval", {"header.json": "{}", **samples})
    with pytest.raises(DataError, match="which is refused"):
        read([bomb])


def test_a_bomb_of_zstandard_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRY", 1_000)
    with pytest.raises(DataError, match=r"large.eval, header.json: unpacks to more than"):
        read([FILES / "inspect" / "large.eval"])


@pytest.mark.parametrize("keep", [4, 30, 500, 5_000, 20_000])
def test_a_log_that_is_cut_off_is_a_sentence(keep: int, tmp_path: Path) -> None:
    cut = tmp_path / "cut.eval"
    cut.write_bytes((FILES / "inspect" / "small.eval").read_bytes()[:keep])
    with pytest.raises(DataError, match=r"cut.eval is a zip that cannot be read"):
        read([cut])


def test_a_log_whose_bytes_were_changed_is_a_sentence(tmp_path: Path) -> None:
    whole = (FILES / "inspect" / "small.eval").read_bytes()
    for position in range(0, len(whole), 997):
        broken = tmp_path / "broken.eval"
        broken.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with suppress(DataError):
            read([broken])


def test_a_log_that_was_not_finished_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no header.json, so it was not finished; run 'inspect eval-retry' on it"):
        read([packed(tmp_path / "it.eval", {"_journal/start.json": "{}"})])


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("it.json", "[" * 100_000, "nested too deep"),
        ("it.json", '{"a": ', "not valid JSON: Expecting value at line 1, column 7"),
        ("it.jsonl", '{"a": 1}\n{"b": }\n', "line 2: not valid JSON"),
        ("it.yaml", "a: [1\nb: 2", "not valid YAML"),
        ("it.yaml", "a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        (
            "it.yaml",
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)),
            COPIES,
        ),
        ("it.yaml", f"a: &a {'x' * 10**6}\nb: [" + "*a, " * 101 + "]", COPIES),
        ("it.yaml", "a: &a [1, *a]", "the alias 'a' stands within what it stands for"),
        ("it.json", "", "is empty"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(name: str, content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=sentence):
        read([tmp_path / name])


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    (tmp_path / "it.json").write_text(json.dumps(list(range(100))))
    with pytest.raises(DataError, match="GB are read"):
        _ = Source(tmp_path / "it.json").content
