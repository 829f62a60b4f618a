"""What a model at a service costs this side: the share of the service's requests a second that is used, own CPU, memory.

    python -m benchmarks.hosted [--quick] [--json FILE] [--latency SECONDS] [--slots N]

The service is a process of its own here: it answers every request after the latency, and with 429 above its slots.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from crossover.data.economics import Limits
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.models.open import open_model
from crossover.types import Decoding, Message, Request
from tests.models.service import Service, serving

MIB = 1 << 20


def serve(pipe: Connection, latency: float, slots: int) -> None:
    with serving(Service(latency=latency, slots=slots, keep=False)) as service:
        pipe.send(service.url)
        pipe.recv()


def measured(url: str, calls: int, slots: int, latency: float, parts: int) -> dict[str, float]:
    """Calls through the caller, journal and meter, in parts; the first is the warm-up.

    At the end of each part slots are free, as nothing more is there to ask: about half a latency's worth of requests.
    """
    model = open_model(f"openai:m?url={url}&in_flight={slots}")
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "study.db")
        caller = Caller(journal, Meter(journal, Limits()))
        memory: list[float] = []
        began = cpu = 0.0
        for part in range(parts):
            if part == 1:
                began, cpu = time.perf_counter(), time.process_time()
            texts = [f"text {part} {i}" for i in range(calls // parts)]
            replies = caller.ask(
                model, [Request((Message("user", text),), Decoding(max_tokens=8)) for text in texts], "load"
            )
            if any(reply.text != text.split()[-1] for reply, text in zip(replies, texts, strict=True)):
                raise SystemExit("a reply is not the one to its request")
            memory.append(process.memory_info().rss / MIB)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        journal.close()
    done = (parts - 1) * (calls // parts)
    return {
        "calls": calls,
        "requests a second": done / took,
        "of what is possible, %": 100 * done / took / (slots / latency),
        "own CPU a call, ms": 1000 * cpu / done,
        "memory after the first part, MiB": memory[0],
        "memory at the end, MiB": memory[-1],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5,000 calls in the place of 50,000")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--slots", type=int, default=100)
    given = parser.parse_args()
    if given.latency <= 0 or given.slots < 1:
        print(f"--latency {given.latency:g} --slots {given.slots}; valid are numbers above 0", file=sys.stderr)
        return 2
    near, far = multiprocessing.Pipe()
    service = multiprocessing.get_context("spawn").Process(
        target=serve, args=(far, given.latency, given.slots), daemon=True
    )
    service.start()
    calls, parts = (5_000, 2) if given.quick else (50_000, 10)
    found = measured(near.recv(), calls, given.slots, given.latency, parts)
    near.send("done")
    service.join(10)
    for name, value in found.items():
        print(f"{name:36} {value:,.2f}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
