"""A service with OpenAI's files and batches and nothing else: it answers by rule, fails by plan, and counts."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from tests.models.service import said

Body = dict[str, Any]


@dataclass
class BatchService:
    """`plan(key, body)`: of a line "" (answered), "left", "missing", "twice", "again" (a fault before it), "garbage", a
    status ("429"), or a parameter that is refused. `ends`: how batches end ("broken": failed, with results); `looks`,
    `seconds`: at one, and after its beginning, until it is over."""

    plan: Callable[[str, Body], str] = lambda key, body: ""
    answer: Callable[[Body], str] = said
    ends: str = "completed"
    looks: int = 1
    seconds: float = 0.0
    lose: int = 0  # begun batches whose answer is lost
    refuse: str = ""  # why no batch is begun
    room: int = 10**9  # requests that may wait there at a time
    silent: bool = False  # keeps no metadata
    away: int = 0  # looks at a batch that are not answered
    too_many: int = 0  # begun batches that are one too many
    forgets: bool = False  # keeps no results
    strange: bool = False  # knows no batch of this key
    full: bool = False  # takes no files
    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Body] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)  # by method and first part of the path
    bodies: list[Body] = field(default_factory=list)
    paid: Counter[str] = field(default_factory=Counter)  # last message -> answers
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lines(self, batch: Body) -> list[Body]:
        return [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]

    def begin(self, body: Body) -> Body:
        number = f"batch_{len(self.batches) + 1}"
        asked = {name: body.get(name) for name in ("input_file_id", "endpoint", "completion_window")}
        metadata = None if self.silent else body.get("metadata")
        batch = {"id": number, "object": "batch", "created_at": 1, "status": "in_progress", "metadata": metadata, **asked}
        batch |= {"looks": 0, "began": time.monotonic()}
        self.batches[number] = batch
        live = sum(len(self.lines(one)) for one in self.batches.values() if one["status"] == "in_progress")
        if len({line["body"]["model"] for line in self.lines(batch)}) > 1:
            told = {"code": "mismatched_model", "message": "All requests must use the same model", "line": None}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [told]}}
        if live > self.room:
            told = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [told]}}
        return batch

    def looked(self, batch: Body) -> Body:
        if batch["status"] != "in_progress":
            return batch
        batch["looks"] += 1
        total = len(self.lines(batch))
        if batch["looks"] < self.looks or time.monotonic() < batch["began"] + self.seconds:
            batch["request_counts"] = {"total": total, "completed": total // 2, "failed": 0}
        elif self.ends == "failed":
            told = {"code": "invalid", "message": "the file is no good, key sk-abcdef123456", "line": 1}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [told]}}
        else:
            self._end(batch)
        return batch

    def _end(self, batch: Body) -> None:
        good: list[Body] = []
        bad: list[Body] = []
        for line in self.lines(batch):
            key, body = line["custom_id"], line["body"]
            self.bodies.append(body)
            fault = self.plan(key, body)
            result: Body = {"id": f"r-{key}", "custom_id": key, "response": None, "error": None}
            if fault in ("", "twice", "again", "garbage"):
                self.paid[body["messages"][-1]["content"]] += 1
                choice = {"message": {"role": "assistant", "content": self.answer(body)}, "finish_reason": "stop"}
                usage = {"prompt_tokens": 10, "completion_tokens": 2}
                whole: Any = {"model": "m-1", "choices": [choice], "usage": usage} if fault != "garbage" else "?"
                good += [result | {"response": {"status_code": 200, "body": whole}}] * (2 if fault == "twice" else 1)
                good += [result | {"response": {"status_code": 500, "body": {}}}] * (fault == "again")
            elif fault == "left":
                bad.append(result | {"error": {"code": f"batch_{self.ends}", "message": "not in time"}})
            elif fault.isdigit():
                told = {"error": {"message": "no such thing", "code": None}}
                bad.append(result | {"response": {"status_code": int(fault), "body": told}})
            elif fault != "missing":
                told = {"error": {"message": f"Unsupported parameter: '{fault}'", "param": fault}}
                bad.append(result | {"response": {"status_code": 400, "body": told}})
        for name, some in (("output_file_id", good[::-1]), ("error_file_id", bad)):
            if some:
                batch[name] = f"file_{len(self.files) + 1}"
                self.files[batch[name]] = b"not a line\n" + b"".join(json.dumps(one).encode() + b"\n" for one in some)
        batch |= {
            "status": "failed" if self.ends == "broken" else self.ends,
            "request_counts": {"total": len(good) + len(bad), "completed": len(good), "failed": 0},
        }


@contextmanager
def serving(service: BatchService) -> Iterator[BatchService]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body go out together: apart, each answer waits 40 ms

        def do_GET(self) -> None:
            self._route()

        def do_POST(self) -> None:
            self._route()

        def _route(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlparse(self.path).path.removeprefix("/v1/").split("/")
            with service.lock:
                service.asked[f"{self.command} {parts[0]}"] += 1
                found = self._found(parts, raw)
            if found is None:
                self.close_connection = True
            elif isinstance(found, bytes):
                self._send(200, found)
            else:
                self._send(found.pop("status", 400) if "error" in found else 200, json.dumps(found).encode())

        def _found(self, parts: list[str], raw: bytes) -> Body | bytes | None:
            match (self.command, *parts):
                case ("POST", "files") if service.full:
                    return {"error": {"message": "no room for files"}}
                case ("GET", "files", *_) if service.forgets:
                    return {"error": {"message": "no such file"}, "status": 404}
                case ("GET", "batches", name) if service.strange:
                    return {"error": {"message": "no such batch"}, "status": 404}
                case ("POST", "files"):
                    head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                    [part] = [
                        one
                        for one in BytesParser().parsebytes(head + raw).get_payload()
                        if "filename" in str(one["Content-Disposition"])  # type: ignore[index]
                    ]
                    name = f"file_{len(service.files) + 1}"
                    service.files[name] = part.get_payload(decode=True)  # type: ignore[union-attr,assignment]
                    return {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch"}
                case ("GET", "files", name, "content"):
                    return service.files[name]
                case ("POST", "batches"):
                    if service.refuse:
                        return {"error": {"message": service.refuse}}
                    service.too_many -= 1
                    if service.too_many >= 0:
                        return {"error": {"message": "too many batches"}, "status": 429}
                    batch = service.begin(json.loads(raw))
                    service.lose -= 1
                    return None if service.lose >= 0 else batch
                case ("GET", "batches"):
                    after = parse_qs(urlparse(self.path).query).get("after")
                    return {"object": "list", "data": [] if after else list(service.batches.values()), "has_more": False}
                case ("GET", "batches", name):
                    service.away -= 1
                    if service.away >= 0:
                        return None
                    return service.looked(service.batches[name])
            return {"error": {"message": "no such route"}}

        def _send(self, status: int, raw: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
