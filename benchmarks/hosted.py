"""What a model at a service costs this side: the share of the service's requests a second that is used, own CPU, memory.

    python -m benchmarks.hosted [--quick] [--json FILE] [--latency SECONDS] [--slots N] [--alone]

The service is a process of its own here: it answers every request after the latency, and with 429 above its slots. In the
same run promptfoo and lm-eval's local-chat-completions ask it too, in environments of their own, made at first use (npm is
needed for the first); `--alone` leaves them out.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from benchmarks.board import Board
from benchmarks.peers import Failed, peer
from crossover.data.economics import Limits
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.models.open import open_model
from crossover.types import Decoding, Message, Request
from tests.models.service import Body, Service, serving

MIB = 1 << 20
PEERS = ("lm-eval-api", "promptfoo")
FEW, MANY = 200, 2_200  # calls of a peer: what it takes to start is in both


@dataclass
class Clocked(Service):
    """Notes when the first request since `asked` came, and when the last answer went."""

    first: float = 0.0
    last: float = 0.0

    async def _answer(self, writer: asyncio.StreamWriter, body: Body, fields: Mapping[str, str]) -> bool:
        self.first = self.first or time.perf_counter()
        try:
            return await super()._answer(writer, body, fields)
        finally:
            self.last = time.perf_counter()

    def asked(self) -> tuple[int, float]:
        """Requests, and the seconds from the first to the last answer, since this was asked before."""
        found = self.number, self.last - self.first
        self.number, self.first = 0, 0.0
        return found


def serve(pipe: Connection, latency: float, slots: int) -> None:
    """A service that tells its address, then what it was asked, until it hears "done"."""
    service = Clocked(latency=latency, slots=slots, keep=False)
    with serving(service):
        pipe.send(service.url)
        while pipe.recv() != "done":
            pipe.send(service.asked())


@dataclass(frozen=True)
class Found:
    """Requests a second, milliseconds of own CPU a call, and the MiB that memory grew by after the first of five parts."""

    rate: float
    cpu: float
    gained: float


def measured(url: str, calls: int, slots: int) -> Found:
    """Calls through the caller, journal and meter: half of them in five parts, whose memory is compared, then the other
    half at once, as the peers ask, for the rate and the CPU."""
    model = open_model(f"openai:m?url={url}&in_flight={slots}")
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "study.db")
        caller = Caller(journal, Meter(journal, Limits()))

        def ask(numbers: range) -> float:
            requests = [Request((Message("user", f"text {number}"),), Decoding(max_tokens=8)) for number in numbers]
            replies = caller.ask(model, requests, "load")
            if any(reply.text != str(number) for reply, number in zip(replies, numbers, strict=True)):
                raise SystemExit("a reply is not the one to its request")
            return process.memory_info().rss / MIB

        half = calls // 2
        memory = [ask(range(start, start + half // 5)) for start in range(0, half, half // 5)]
        began, cpu = time.perf_counter(), time.process_time()
        ask(range(half, calls))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        journal.close()
    return Found((calls - half) / took, 1000 * cpu / (calls - half), memory[-1] - memory[0])


def beside(name: str, url: str, slots: int, pipe: Connection) -> tuple[float, float]:
    """A peer's requests a second, and its milliseconds of CPU a call. Raises `Failed`."""
    cpu: list[float] = []
    rate = 0.0
    for calls in (FEW, MANY):
        prompts, before = [f"text {i}" for i in range(calls)], _children()
        found = peer(name, {"url": url, "slots": slots, "prompts": prompts})
        cpu.append(_children() - before)
        if [text.strip() for text in found["texts"]] != [str(i) for i in range(calls)]:
            raise Failed(f"{name}: an answer is not the one to its prompt")
        pipe.send("asked")
        number, seconds = pipe.recv()
        rate = calls / seconds
        if number > calls:
            print(f"{name}: {number - calls} of {number} requests were refused and sent again")
    return rate, 1000 * (cpu[1] - cpu[0]) / (MANY - FEW)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5,000 calls in the place of 50,000")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--alone", action="store_true", help="without promptfoo and lm-eval")
    given = parser.parse_args()
    if given.latency <= 0 or given.slots < 1:
        print(f"--latency {given.latency:g} --slots {given.slots}; valid are numbers above 0", file=sys.stderr)
        return 2
    near, far = multiprocessing.Pipe()
    service = multiprocessing.get_context("spawn").Process(
        target=serve, args=(far, given.latency, given.slots), daemon=True
    )
    service.start()
    url, possible = near.recv(), given.slots / given.latency
    calls = 5_000 if given.quick else 50_000
    board = Board(given.json or Path())
    found = measured(url, calls, given.slots)
    board.add("of the possible requests a second", [100 * found.rate / possible], 90)
    board.add("own CPU a call", [found.cpu], 1, "ms", lower=True)
    board.add(f"memory gained over {calls // 2:,} calls", [found.gained], 10, "MiB", lower=True)
    near.send("asked")
    number, seconds = near.recv()
    board.add("crossover, as the service sees it: of the possible", [100 * number / seconds / possible], None)
    for name in () if given.alone else PEERS:
        try:
            rate, cpu = beside(name, url, given.slots, near)
        except Failed as error:
            print(error, file=sys.stderr)
            continue
        board.add(f"{name}, as the service sees it: of the possible", [100 * rate / possible], None)
        board.add(f"{name}: CPU a call", [cpu], None, "ms", lower=True)
    near.send("done")
    service.join(10)
    if given.json:
        board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
