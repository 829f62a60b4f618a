"""Clients of a server, light enough to share its machine: python -m benchmarks.load JOB.json prints what they saw.

Each client has a connection of its own and asks again as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Seen:
    """What clients saw: `statuses` by number, seconds of each answer, `texts`: the first bodies, each with the place of its
    request, `waits`: answers with a Retry-After, `broken`: requests without an answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    waits: int = 0
    broken: int = 0


def request(path: str, port: int, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a whole answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if "content-length" in fields:
        return int(head[0].split()[1]), fields, await reader.readexactly(int(fields["content-length"]))
    body = b""
    while size := int(await reader.readline(), 16):  # in chunks
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return int(head[0].split()[1]), fields, body


async def client(job: dict[str, Any], ready: list[bytes], turn: list[int], until: float, seen: Seen) -> None:
    """Ask until the time, or the requests, are over."""
    reader = writer = None
    while time.perf_counter() < until and turn[0] < job.get("requests", 1 << 60):
        number, turn[0] = turn[0], turn[0] + 1
        try:
            if writer is None or reader is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", job["port"], limit=1 << 24)
            began = time.perf_counter()
            writer.write(ready[number % len(ready)])
            status, fields, body = await asyncio.wait_for(answer(reader), 300)
        except (TimeoutError, OSError, EOFError, ValueError):
            seen.broken += 1
            writer = None
            continue
        seen.statuses[status] += 1
        seen.waits += "retry-after" in fields
        if status == 200:
            seen.seconds.append(time.perf_counter() - began)
            if len(seen.texts) < job.get("texts", 0):
                seen.texts.append((number % len(ready), body.decode()))
        if fields.get("connection") == "close":
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    ready = [request(job["path"], job["port"], body.encode()) for body in job["bodies"]]
    seen, began = Seen(), time.perf_counter()
    until, turn = began + job["seconds"], [0]
    await asyncio.gather(*(client(job, ready, turn, until, seen) for _ in range(job["clients"])))
    took = time.perf_counter() - began
    print(json.dumps({**vars(seen), "statuses": dict(seen.statuses), "took": took}))


if __name__ == "__main__":
    asyncio.run(main())
