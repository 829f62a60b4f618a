"""Adapters at a server that loads them while it runs, each under a name made of its hash."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from crossover.models._service import words_of
from crossover.models.engine.server import MISSING, Server
from crossover.types import Weights

KEPT = 8  # that were loaded by this process; of more the one that was not asked for longest goes
NAME = "crossover-"
CONFIG = "adapter_config.json"
RANK = "max_lora_rank"  # in vLLM's refusal of a rank
PASSING = (408, 425, 429, 502, 503, 504)  # of who stands before the server, or is not ready yet
NO_ROUTE = (404, 405)  # also of a folder that it does not see
ALREADY = "already been loaded"  # what vLLM says of a name that it has


class Refused(Exception):
    """The server does not take an adapter: one sentence."""


class Closed(Refused):
    """It would take no other in its place: not from there, not of this rank, or none at all."""


class Ignored(Closed):
    """It says that it took one, and answers without it."""


class Adapters:
    """`using` gives the name by which the server answers with some weights, loaded where it is not."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._users: OrderedDict[str, int] = OrderedDict()  # by name, the last one asked for at the end
        self._locks: dict[str, asyncio.Lock] = {}
        self._refused: dict[str, tuple[type[Refused], str]] = {}

    @asynccontextmanager
    async def using(
        self, weights: Weights, check: Callable[[Weights], None], prove: Callable[[str, Weights], Awaitable[None]]
    ) -> AsyncIterator[str]:
        """`check` sees weights before they are loaded, `prove` their name before it is used. Raises what these do,
        `Refused`, and what the client does."""
        name = named(weights)
        async with self._locks.setdefault(name, asyncio.Lock()):
            if name not in self._users:
                check(weights)
                await self._load(name, weights)
                await prove(name, weights)
                self._users[name] = 0
            self._users.move_to_end(name)
            self._users[name] += 1
        try:
            yield name
        finally:
            if name in self._users:
                self._users[name] -= 1
            await self._make_room()

    def forget(self, weights: Weights) -> None:
        """The server, which may have been started anew, knows it no more."""
        self._users.pop(named(weights), None)

    async def tried(self, folder: Path, rank: int) -> str:
        """Why the server would not load an adapter of this rank that lies in a folder, empty where nothing speaks against
        it: it is offered one without weights, and says what else it lacks."""
        library = importlib.import_module("openai")
        with tempfile.TemporaryDirectory(dir=folder, prefix="engine-") as trial:
            config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": [], "bias": "none"}
            Path(trial).chmod(0o755)  # the server may be another user's
            (Path(trial) / CONFIG).write_text(json.dumps(config), encoding="utf-8")
            path = str(Path(trial).resolve())
            name = f"{NAME}trial-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
            try:
                await self._server.send("/load_lora_adapter", {"lora_name": name, "lora_path": path})
            except library.APIStatusError as error:
                said = words_of(error)[0]
                return self._why(str(folder), said) if any(sign in said for sign in (MISSING, RANK)) else ""
            except (library.APIConnectionError, TimeoutError):
                return ""  # as what is asked next says
            with suppress(library.OpenAIError, TimeoutError):
                await self._server.send("/unload_lora_adapter", {"lora_name": name})
        return ""

    def _why(self, path: str, said: str) -> str:
        return (
            f"the engine at {self._server.name} does not load the adapter in {path}: {said}; valid is a folder that"
            " lies at the same place on its machine, and a server that takes such adapters (vLLM: --enable-lora,"
            " --max-lora-rank, VLLM_ALLOW_RUNTIME_LORA_UPDATING=True)"
        )

    def met(self) -> None:
        """The server may be another one than that which refused some and has the others."""
        self._refused.clear()
        self._users.clear()

    async def _load(self, name: str, weights: Weights) -> None:
        if name in self._refused:
            kind, said = self._refused[name]
            raise kind(said)
        library = importlib.import_module("openai")
        path = str(Path(weights.path).resolve())
        try:
            await self._server.send("/load_lora_adapter", {"lora_name": name, "lora_path": path})
        except library.APIStatusError as error:
            said = words_of(error)[0]
            if ALREADY in said:
                return
            if error.status_code in PASSING:
                raise  # it says nothing of the adapter
            closed = error.status_code in NO_ROUTE or RANK in said
            kind, said = self._refused[name] = Closed if closed else Refused, self._why(path, said)
            raise kind(said) from error

    async def _make_room(self) -> None:
        library = importlib.import_module("openai")
        idle = [name for name, users in self._users.items() if users <= 0]
        for name in idle[: max(0, len(self._users) - KEPT)]:
            lock = self._locks[name]
            if lock.locked() or self._users.get(name, 1) > 0:
                continue  # while another was unloaded it was asked for again, or forgotten
            async with lock:  # who asks for it now loads it when it is gone
                del self._users[name]
                with suppress(library.OpenAIError, TimeoutError):  # it keeps it, which costs it little
                    await self._server.send("/unload_lora_adapter", {"lora_name": name})


def named(weights: Weights) -> str:
    """The name under which a server has an adapter. The place is in it: vLLM reads an adapter again from where it was
    loaded first, and ends where that is gone, as with a study that was deleted and made anew."""
    place = hashlib.sha256(str(Path(weights.path).resolve()).encode()).hexdigest()
    return f"{NAME}{weights.sha256[:16]}-{place[:8]}"


def loadable(weights: Weights) -> bool:
    """Whether servers load such an adapter: low-rank, without magnitudes of its own (DoRA), and nothing else trained."""
    path = Path(weights.path) / CONFIG
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True  # whoever loads it says what is wrong
    plain = config.get("peft_type") == "LORA" and config.get("bias", "none") == "none"
    return plain and not config.get("use_dora") and not config.get("modules_to_save")
