"""A place through which the files of tunes travel: whole or not at all, nothing left, one sentence where it cannot be."""

from __future__ import annotations

import errno
import pickle
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from crossover.engine.depot import DEPOT, Depot
from crossover.errors import OptionError, StudyError


@pytest.mark.parametrize("kind", ["folder", "file", "memory"])
def test_what_one_brings_another_fetches_and_nothing_stays(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = {"folder": "depot", "file": (tmp_path / "depot").as_uri(), "memory": "memory://depot"}[kind]
    monkeypatch.setenv(DEPOT, f"{url}/")
    here = Depot.asked()
    assert here is not None
    there: Depot = pickle.loads(pickle.dumps(here))  # as it travels to a worker
    monkeypatch.chdir("/")  # where it is somewhere else
    there.check()
    for content in (b"", b"1" * 100_000):
        (tmp_path / "file").write_bytes(content)
        there.put("a", tmp_path / "file")
        there.put("a", tmp_path / "file")
        here.get("a", tmp_path / "arrived")
        assert (tmp_path / "arrived").read_bytes() == content
        here.drop("a")
        here.drop("a")
    here.clear()
    left = [path for path in (tmp_path / "depot").rglob("*") if path.is_file()]
    assert (left, MemoryFileSystem().find("/depot")) == ([], [])
    with pytest.raises(StudyError, match=r"cannot be read \(FileNotFoundError"):
        there.check()


def test_without_the_variable_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEPOT, raising=False)
    assert Depot.asked() is None


def test_what_breaks_off_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depot = Depot("memory://depot/crossover-1")
    (tmp_path / "file").write_bytes(b"1" * 10)

    def broken(self: Any, lpath: str, rpath: str, **more: Any) -> None:
        self.pipe_file(rpath, b"1")
        raise ConnectionError("reset")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", broken)
        with pytest.raises(StudyError, match=r"cannot be written \(ConnectionError: reset\)"):
            depot.put("a", tmp_path / "file")
    assert MemoryFileSystem().find("/depot") == []
    depot.put("a", tmp_path / "file")
    assert [Path(path).name for path in MemoryFileSystem().find("/depot")] == ["a"]
    depot.clear()


def test_a_machine_that_sees_another_place_says_so(tmp_path: Path) -> None:
    depot = Depot(f"{tmp_path}/crossover-1")
    with pytest.raises(StudyError, match="cannot be read"):
        depot.check()
    (tmp_path / "crossover-1").mkdir()
    (tmp_path / "crossover-1" / "1").write_text("2")
    with pytest.raises(StudyError, match="something else there"):
        depot.check()


class Reading(BaseHTTPRequestHandler):
    """A server that files are read from, and never written to."""

    def do_GET(self) -> None:
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None: ...


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "nosuch://bucket/a",
            r"CROSSOVER_WEIGHTS is 'nosuch://bucket/a': .*Protocol not known: nosuch.*; valid is a folder, or",
        ),
        ("gdrive://bucket/a", r"what reads gdrive:// is not installed: pip install gdrive_fsspec; valid is"),
        ("sftp://host/a", r"what reads sftp:// is not installed: SFTPFileSystem requires \"paramiko\"|cannot be written"),
        (
            "s3://me:secret@bucket/a",
            r"has a password or several addresses in it; valid is .*, keys being in the environment",
        ),
        ("simplecache::s3://bucket/a", r"has a password or several addresses in it"),
        ("{file}/a", r"cannot be written \(NotADirectoryError|cannot be written \(FileExistsError"),
        ("http://127.0.0.1:{port}/a", r"crossover-\w+ cannot be written \(\w+: .*\); valid is"),
    ],
)
def test_a_place_that_cannot_be_is_refused_at_the_beginning(
    given: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Reading)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        monkeypatch.setenv(DEPOT, given.format(file=tmp_path / "file", port=server.server_port))
        with pytest.raises(OptionError, match=said) as found:
            Depot.asked()
        assert "secret" not in str(found.value)
        assert "\n" not in str(found.value)
    finally:
        server.shutdown()
        server.server_close()


def test_a_home_is_no_folder_called_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(DEPOT, "~/depot")
    found = Depot.asked()
    assert found is not None
    assert found.url.startswith(f"{tmp_path / 'home' / 'depot'}/crossover-")
    assert not (tmp_path / "~").exists()


def test_a_disk_that_is_full_here_is_not_said_of_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depot = Depot("memory://depot/crossover-1")

    def full(self: Any, rpath: str, lpath: str, **more: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(MemoryFileSystem, "get_file", full)
    with pytest.raises(StudyError, match=rf"^{tmp_path} cannot be written \(No space left on device\): mend that"):
        depot.get("a", tmp_path / "draft")
