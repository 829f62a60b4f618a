"""Starting a Ray cluster of this machine, or joining one, and what it has."""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crossover.errors import OptionError, StudyError, shown
from crossover.study.placing import STEP, Room

_own = False  # whether this process made the token of a cluster
VALID = "ray, for workers on this machine, or ray:HOST:PORT, the address of a Ray cluster that this machine is a node of"
TOKEN = "its token: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN, as where it was started"
PATIENCE = 3.0  # seconds for an address to answer
FREE = 60.0  # seconds for a share of a card to be free
OBJECTS = 256 * 2**20  # bytes of memory for what is handed to workers: rows and results, no model
QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
# of Ray's, read when it is imported: nothing is told to anybody, and cards are seen as they are
SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
SETTINGS_FRAME = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # of HTTP/2, with none
MODE, KEY = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
ASKED = (MODE, KEY, "RAY_AUTH_TOKEN_PATH")  # how a user says what is to be done about tokens
ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # a node's address is then that of the loopback, on Linux, too
    "RAY_worker_niceness": "0",  # beside other programs no slower than a study in one process, and not starved
}


def address_of(on: str) -> str:
    """HOST:PORT, empty for this machine alone. Raises `OptionError`."""
    if not isinstance(on, str):
        raise OptionError(f"on: received {shown(on)}; valid is {VALID}")
    engine, colon, address = on.partition(":")
    host, _, port = address.rpartition(":")
    if engine != "ray" or (colon and not (host and port.isascii() and port.isdecimal() and "/" not in host)):
        raise OptionError(f"--on: received '{on}'; valid is {VALID}")
    return address


def start_here(cpus: int | None = None) -> None:
    """A cluster of this machine, for this machine: it listens nowhere else, and takes nobody without a token that this
    process alone has. `cpus`: instead of all cores."""
    for name, value in (SETTINGS | ALONE).items():
        os.environ.setdefault(name, value)
    import ray
    from ray._private import ray_constants

    if not any(name in os.environ for name in ASKED):  # else Ray writes one into the user's home, for others to read
        _hold(secrets.token_hex(32))
    ray_constants.ENABLE_RAY_CLUSTER = False  # ALONE, where somebody has imported it before
    try:
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, object_store_memory=OBJECTS, **QUIET)
    except BaseException:
        if _own:  # another cluster would not take it
            _hold("")
        raise


def _hold(token: str) -> None:
    """Have Ray take a token in this process, and whatever it starts; none: what it was told before it was imported."""
    global _own
    raylet: Any = importlib.import_module("ray._raylet")
    if token:
        os.environ |= {MODE: "token", KEY: token}
    else:
        del os.environ[MODE], os.environ[KEY]
    _own = bool(token)
    raylet.Config.initialize("")
    raylet.AuthenticationTokenLoader.instance().reset_cache()


def joined(on: str, address: str) -> bool:
    """Join a cluster, or start one; whether this process was in none before. Raises `StudyError`."""
    for name, value in (SETTINGS if address else SETTINGS | ALONE).items():
        os.environ.setdefault(name, value)
    import ray

    reached = False
    try:
        if address:
            host, _, port = address.rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as line:
                reached = True
                _greeted(line)
            _admitted(on, address)
        if ray.is_initialized():
            if address not in ("", ray.get_runtime_context().gcs_address):
                raise StudyError(f"--on {on}: this process is part of another Ray cluster")
            return False
        if address:
            ray.init(address=address, **QUIET)
        else:
            start_here()
    except StudyError:
        raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        if reached:
            reason = f"what does is none, or hangs, or has another version of Ray, or wants {TOKEN}"
        raise StudyError(f"--on {on}: no Ray cluster answers there ({reason}); valid is {VALID}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise StudyError(f"--on {on}: the Ray cluster cannot be used ({reason}); valid is {VALID}") from error
    return True


def _greeted(line: socket.socket) -> None:
    """Whoever speaks HTTP/2, as a cluster does, begins with its settings (RFC 9113, 3.4), at once: Ray itself would wait
    minutes for one that hangs. Raises `OSError`."""
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):  # then it speaks after the handshake alone
        return
    line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS_FRAME)
    if line.recv(9)[3:4] != SETTINGS_FRAME[3:4]:
        raise OSError("no HTTP/2")


def _admitted(on: str, address: str) -> None:
    """Ray itself would try for half a minute with a token that is missing or another one. Raises `StudyError`."""
    from ray.exceptions import AuthenticationError, RayError

    raylet: Any = importlib.import_module("ray._raylet")
    try:
        with _hushed():
            raylet.GcsClient(address=address)
    except AuthenticationError as error:
        raise StudyError(f"--on {on}: the Ray cluster there does not take this one's token: valid is {TOKEN}") from error
    except RayError:  # joining says what it is
        return


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing reaches the terminal: a line of Ray's own goes past Python's streams."""
    with open(os.devnull, "w") as nowhere:
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def leave() -> None:
    """End this process's part in a cluster; of one that was started here nothing is left, its logs neither."""
    import ray

    node = ray._private.worker._global_node
    logs = node.get_session_dir_path() if node is not None and node.head else None
    ray.shutdown()
    if _own:
        _hold("")
    if logs is not None:
        shutil.rmtree(logs, ignore_errors=True)


def card() -> int:
    """A task: the bytes of a card."""
    import torch

    return int(torch.cuda.get_device_properties(0).total_memory)


def _bytes_of_card(ray: Any) -> int:
    """0, which is unknown, where other studies have all cards: theirs are not waited for before anything is begun."""
    asked = ray.remote(card).options(num_cpus=0, num_gpus=STEP, max_retries=0).remote()
    ready, _ = ray.wait([asked], timeout=FREE)
    if not ready:
        ray.cancel(asked)
        return 0
    try:
        return int(ray.get(asked))
    except ray.exceptions.RayError:  # a worker without the drivers
        return 0


def room_of(ray: Any) -> Room:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus, gpus = ([int(node.get(kind, 0)) for node in nodes] for kind in ("CPU", "GPU"))
    size = _bytes_of_card(ray) if any(gpus) else 0
    memory = min((int(node.get("memory", 0)) for node in nodes if node.get("CPU")), default=0)
    return Room(max(sum(cpus), 1), min(filter(None, cpus), default=1), memory, sum(gpus), size)
