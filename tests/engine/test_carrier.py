"""Tunes between two machines: byte for byte, only what is new, whole or not at all, and nowhere else than in tunes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.engine import carrier
from crossover.engine.carrier import Away, Shelf
from crossover.engine.depot import Depot
from crossover.engine.link import Link
from crossover.engine.store import Operation
from crossover.errors import StudyError

NAMES = ("checkpoint.safetensors", "trace.json", "weights-1/a.safetensors", "weights-2/a.safetensors", "weights-2/b.json")
Files = dict[str, bytes]


@pytest.fixture(autouse=True, scope="module")
def pieces() -> Iterator[None]:
    """Files are of several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carrier, "PIECE", 7)
        patch.setattr(carrier, "LOOK", 0.001)
        yield


class Machines:
    def __init__(self, folder: Path, depot: Depot | None = None) -> None:
        self.shelf, self.told = Shelf(folder / "home", depot), list[str]()
        self.places = [folder / name for name in ("one", "two")]
        self.away = [Away(Link(lambda operations: None, self._call), place, depot) for place in self.places]

    def _call(self, operations: list[Operation]) -> Callable[[], Any]:
        [(name, given)] = operations
        self.told.append(name)
        return partial(self.shelf.operations[name], "owner", *given)


def write(place: Path, files: Files) -> None:
    """Replaced whole, as a tune does it, and what is not among them is gone."""
    home = place / "tunes" / "k"
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "file.new").write_bytes(content)
        (home / "file.new").replace(home / name)
    for path in [path for path in home.rglob("*") if path.is_file() and path.relative_to(home).as_posix() not in files]:
        path.unlink()


def read(place: Path) -> Files:
    home = place / "tunes" / "k"
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


STEPS = st.lists(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=20), min_size=1), min_size=1, max_size=3)


@settings(max_examples=25, deadline=None)
@given(STEPS, st.booleans())
def test_what_one_machine_made_another_has(steps: list[Files], through: bool) -> None:
    depot = Depot("memory://depot/crossover-1") if through else None
    with TemporaryDirectory() as folder:
        at = Machines(Path(folder), depot)
        for files in steps:
            write(at.places[0], files)
            at.away[0].send("k")
            assert read(at.shelf.folder) == files
            assert not MemoryFileSystem().glob("/depot/**/k-*")  # what has arrived stays nowhere else
        at.away[1].bring("k")
        assert read(at.places[1]) == steps[-1]
        if depot is not None:
            depot.clear()
            assert not MemoryFileSystem().find("/depot")


def test_what_is_large_goes_through_the_depot_and_nothing_else_does(tmp_path: Path) -> None:
    at = Machines(tmp_path, Depot((tmp_path / "depot" / "crossover-1").as_uri()))
    write(at.places[0], {"checkpoint.safetensors": b"1" * 50, "trace.json": b"{}"})
    at.away[0].send("k")
    assert at.told.count("tune_write") == 1
    assert "tune_take" in at.told
    assert list((tmp_path / "depot").rglob("*k-*")) == []
    at.told.clear()
    at.away[1].bring("k")
    assert at.told.count("tune_read") == 1
    assert "tune_offer" in at.told
    assert [path.name[:2] for path in (tmp_path / "depot").rglob("*k-*")] == ["k-"]


def test_what_the_depot_has_of_another_hash_takes_no_place(tmp_path: Path) -> None:
    depot = Depot(str(tmp_path / "depot" / "crossover-1"))
    at = Machines(tmp_path, depot)
    write(at.places[0], {"weights-1/a.safetensors": b"1" * 50})
    at.away[0].send("k")
    [(_, _, sha256)] = at.shelf.tune_files("owner", "k")
    (tmp_path / "other").write_bytes(b"2" * 50)
    depot.put(f"k-{sha256}", tmp_path / "other")
    with pytest.raises(StudyError, match=r"a.safetensors of a tune arrived with the SHA-256"):
        at.away[1].bring("k")
    assert read(at.places[1]) == {}


def test_a_depot_that_goes_away_is_one_sentence_at_whoever_waits(tmp_path: Path) -> None:
    at = Machines(tmp_path, Depot(str(tmp_path / "depot" / "crossover-1")))
    write(at.places[0], {"weights-1/a.safetensors": b"1" * 50})

    def taken() -> None:
        while not at.shelf.tune_take("owner", "k", "weights-1/a.safetensors", "0" * 64):
            pass

    with pytest.raises(StudyError, match=r"crossover-1 cannot be read \(FileNotFoundError: .*\): mend that, then run"):
        taken()
    (tmp_path / "depot").write_text("no folder any more")
    with pytest.raises(StudyError, match=r"crossover-1 cannot be written \(\w+: .*\): mend that"):
        at.away[0].send("k")
    assert read(at.shelf.folder) == {}
    with pytest.raises(StudyError, match="no place through which"):
        Shelf(tmp_path).tune_take("owner", "k", "a", "0" * 64)


def test_what_both_have_is_not_carried_again(tmp_path: Path) -> None:
    at = Machines(tmp_path)
    write(at.places[0], {"checkpoint.safetensors": b"1" * 50, "trace.json": b"{}"})
    at.away[0].send("k")
    at.told.clear()
    at.away[0].send("k")
    assert at.told == []
    at.away[0].bring("k")
    assert at.told == ["tune_files"]


def test_what_arrives_otherwise_than_it_left_takes_no_place(tmp_path: Path) -> None:
    at = Machines(tmp_path)
    at.shelf.tune_write("owner", "k", "trace.json", 0, b"{")
    assert read(at.shelf.folder) == {".arriving-trace.json": b"{"}
    assert at.shelf.tune_files("owner", "k") == []
    with pytest.raises(StudyError, match=r"trace.json of a tune arrived with the SHA-256"):
        at.shelf.tune_whole("owner", "k", "trace.json", "0" * 64)
    assert read(at.shelf.folder) == {}


@pytest.mark.parametrize(
    ("key", "name"), [("..", "a"), ("k", "../../study.db"), ("k", "/etc/passwd"), ("k/..", "a"), ("k", "")]
)
def test_nothing_is_written_or_read_beside_the_tunes(key: str, name: str, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with pytest.raises(StudyError, match="a tune has no"):
        shelf.tune_write("owner", key, name, 0, b"x")
    with pytest.raises(StudyError, match="a tune has no"):
        shelf.tune_read("owner", key, name, 0)
    assert list(tmp_path.rglob("*")) == []


def test_half_a_file_of_a_machine_that_died_does_not_stay(tmp_path: Path) -> None:
    at = Machines(tmp_path)
    half = at.shelf.folder / "tunes" / "k" / "weights-1" / f"{carrier.ARRIVING}123-a.safetensors"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"12")
    write(at.places[0], {"trace.json": b"1"})
    at.away[0].send("k")
    assert read(at.shelf.folder) == {"trace.json": b"1"}
