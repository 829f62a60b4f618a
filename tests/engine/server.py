"""A PostgreSQL server of the tests' own, of the programs that the machine has."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.loopback import own_port

USER = "tests"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`: Debian's is in no PATH."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *map(Path, filter(None, [shutil.which("initdb")]))]
    return found[-1].parent if found else None


@dataclass
class Server:
    bin: Path
    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        """As another user where this one is root, which PostgreSQL refuses."""
        with (self.folder / "log").open("ab") as log:
            command = [str(self.bin / program), "-D", str(self.folder / "data"), *words]
            return subprocess.Popen(command, stdout=log, stderr=log, user=_user(), group=_group(), cwd=self.folder)

    def secure(self) -> None:
        """Have connections encrypted, where the machine can: their errors have other words."""
        if shutil.which("openssl"):
            kind = ["-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=tests"]
            command = ["openssl", "req", *kind, "-keyout", "data/server.key", "-out", "data/server.crt"]
            subprocess.run(command, check=True, capture_output=True, user=_user(), group=_group(), cwd=self.folder)

    def copied(self) -> Server | None:
        """A standby, which follows this one: not started. None where the machine lacks the program."""
        bins = [(self.bin / "initdb").resolve().parent, *Path("/usr/lib/postgresql").glob("*/bin")]
        copy = next((bin / "pg_basebackup" for bin in bins if (bin / "pg_basebackup").exists()), None)
        if copy is None:
            return None
        made = Server(self.bin, self.folder / "standby", own_port())
        made.folder.mkdir()
        if os.geteuid() == 0:
            os.chown(made.folder, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        ways = ["-R", "-X", "stream", "-c", "fast", "--no-sync", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        assert made.run(str(copy), *ways).wait() == 0, (made.folder / "log").read_text()
        return made

    def start(self) -> None:
        secure = "on" if (self.folder / "data" / "server.key").exists() else "off"
        settings = ("listen_addresses=127.0.0.1", "fsync=off", f"ssl={secure}")
        options = ("-p", str(self.port), "-k", str(self.folder), *(word for one in settings for word in ("-c", one)))
        self._process = None
        for _ in range(1200):
            if self._process is None or self._process.poll() is not None:  # what a killed one started still ends
                self._process = self.run("postgres", *options)
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as line:
                line.sendall(struct.pack("!ii", 8, 80877103))  # whether it encrypts: answered once it serves
                if line.recv(1):
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def kill(self) -> None:
        """As a power cut of the server would: -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once
            self._process.wait()


@contextmanager
def server(bin: Path) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="crossover-", dir="/tmp"))  # which another user may enter
    try:
        if os.geteuid() == 0:
            entry = pwd.getpwnam("nobody")
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        made = Server(bin, folder, own_port())
        assert made.run("initdb", "-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8", "--locale=C").wait() == 0, (
            folder / "log"
        ).read_text()
        made.secure()
        made.start()
        for _ in range(1200):  # it takes connections before it answers them
            if "ready to accept connections" in (folder / "log").read_text():
                break
            time.sleep(0.05)
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _group() -> int | None:
    return pwd.getpwnam("nobody").pw_gid if os.geteuid() == 0 else None
