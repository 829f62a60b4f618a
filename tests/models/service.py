"""A service in OpenAI's wire format on a free port of this machine: it answers by rule, fails by plan, and counts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
Fault = str  # a status ("429"), "drop", "hang", "cut", "garbage", "empty", "filter", or "" for none


def said(body: Body) -> str:
    """The rule: the last word of the last message."""
    return str(body["messages"][-1]["content"].split()[-1])


@dataclass
class Service:
    """`plan(number, body)`: what goes wrong with the request that comes as the so-manieth; `refuse(body)`: the parameter
    that it does not take; `logprobs`: tokens that could have come first, by their log-probability."""

    plan: Callable[[int, Body], Fault] = lambda number, body: ""
    refuse: Callable[[Body], str] = lambda body: ""
    answer: Callable[[Body], str] = said
    logprobs: Callable[[Body], Mapping[str, float] | None] = lambda body: None
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    slots: int = 0  # requests at a time, above which it answers 429; 0: any
    usage: Mapping[str, Any] = field(default_factory=lambda: {"prompt_tokens": 10, "completion_tokens": 2})
    keys: set[str] = field(default_factory=set)  # that it takes; none: any
    said: str = ""  # in its refusals
    url: str = ""
    bodies: list[Body] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)  # whole headers of requests
    paid: Counter[str] = field(default_factory=Counter)  # last message -> answers that were worked on, without a refusal
    under_way: int = 0
    most: int = 0
    open: int = 0  # connections
    number: int = 0
    keep: bool = True

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):  # the last: the test is over
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
        raw = await reader.readexactly(int(fields.get("content-length", 0)))
        body: Body = json.loads(raw or b"{}")
        self.number += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.keep:
                self.bodies.append(body)
                self.sent.append(head)
            return await self._answer(writer, body, fields)
        finally:
            self.under_way -= 1

    async def _answer(self, writer: asyncio.StreamWriter, body: Body, fields: Mapping[str, str]) -> bool:
        if self.keys and fields.get("authorization", "").removeprefix("Bearer ") not in self.keys:
            return await self._send(writer, 401, {"error": {"message": f"Incorrect API key {fields['authorization']}"}})
        if param := self.refuse(body):
            told = {"message": f"Unsupported parameter: '{param}' is not supported with this model.", "param": param}
            return await self._send(writer, 400, {"error": told})
        if self.slots and self.under_way > self.slots:
            return await self._send(writer, 429, {"error": {"message": "too many"}})
        fault = self.plan(self.number, body)
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault.isdigit():
            return await self._send(
                writer, int(fault), {"error": {"message": self.said or "later"}}, {"retry-after": "0.01"}
            )
        if self.keep:
            self.paid[str(body["messages"][-1]["content"])] += 1
        if fault == "drop":  # nobody at the other end knows how far it was
            return False
        if fault == "hang":
            await asyncio.sleep(600)  # until the service ends
        text = "" if fault == "empty" else self.answer(body)
        choice: Body = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        choice["finish_reason"] = "content_filter" if fault == "filter" else "stop"
        if body.get("logprobs") and (top := self.logprobs(body)):
            first = [{"token": token, "logprob": value, "bytes": None} for token, value in top.items()]
            choice["logprobs"] = {"content": [{**first[0], "top_logprobs": first[: body["top_logprobs"]]}]}
        whole = {"id": "1", "object": "chat.completion", "model": "m-1", "choices": [choice], "usage": self.usage}
        if fault == "garbage":
            return await self._send(writer, 200, "<html>Bad gateway</html>")
        return await self._send(writer, 200, whole, self.headers, cut=fault == "cut")

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: Any,
        headers: Mapping[str, str] | None = None,
        cut: bool = False,
    ) -> bool:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\n{more}\r\n"
        writer.write(head.encode() + (raw[: len(raw) // 2] if cut else raw))
        await writer.drain()
        return not cut


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """The service, running in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(service.handle, "127.0.0.1", 0, backlog=1024), loop
    ).result()
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield service
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
