"""A service that keeps to OpenAI's wire format and tunes nothing: a tuned model answers as its file's nearest row.

Faults are settings: an answer to a started job that is lost, a refusal, jobs that fail.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import openai

from crossover.models.base import hosted_weights
from crossover.types import Message, Reply, Request, Usage, Weights

BASE, KEY = "base-mini", "sk-canary-1234567890"
CHECKPOINT = "ft:{}:ckpt-step-{}"
USAGE = Usage(5, 1)


@dataclass
class Service:
    """What it holds, and how it behaves. `asked`: how often each route was asked."""

    url: str = ""
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)  # what is told of the files
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    models: dict[str, dict[str, Any]] = field(default_factory=lambda: {BASE: {}})
    lose: int = 0  # started jobs whose answer is lost
    lose_files: int = 0  # uploads likewise
    refuse: tuple[int, str] | None = None
    fail: str = ""  # why jobs fail
    looks: int = 2  # at a job until it is over
    steps: int = 6
    good: str = "last"  # or "checkpoint": which answers well
    busy: int = 0  # further answers that are 503
    plain: str = "warm"  # what untuned models answer to anything
    opened: openai.OpenAI | None = None
    unknown: tuple[str, ...] = ()  # what a job may not have
    narrow: bool = True  # jobs can be looked for by their metadata
    silent: bool = False  # tuned models are not deployed
    twist: Callable[[str, Any], Any] = lambda route, body: body  # what is sent: raw bytes, or (status, body)

    def client(self) -> openai.OpenAI:
        """The one of this service; it reads no certificates, which takes most of what making one does."""
        if self.opened is None:
            plain = openai.DefaultHttpxClient(verify=False)
            self.opened = openai.OpenAI(base_url=self.url, api_key=KEY, max_retries=0, timeout=60, http_client=plain)
        return self.opened

    def started(self, body: dict[str, Any]) -> dict[str, Any]:
        number = f"ftjob-{len(self.jobs) + 1}"
        job = {
            "id": number,
            "object": "fine_tuning.job",
            "created_at": 1,
            "finished_at": None,
            "status": "validating_files",
            "model": body["model"],
            "fine_tuned_model": None,
            "organization_id": "org",
            "result_files": [],
            "seed": body.get("seed", 0),
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "trained_tokens": None,
            "hyperparameters": {},
            "method": body["method"],
            "metadata": body.get("metadata"),
            "error": None,
        }
        self.jobs[number] = job | {"looks": 0}
        return job

    def looked(self, job: dict[str, Any]) -> dict[str, Any]:
        job["looks"] += 1
        if job["status"] != "cancelled":
            job["status"] = "running"
        if job["looks"] >= self.looks and job["status"] == "running":
            if self.fail:
                job |= {"status": "failed", "error": {"code": "bad", "message": self.fail, "param": None}}
            else:
                rows = self.files[job["training_file"]]
                epochs = job["method"][job["method"]["type"]]["hyperparameters"]["n_epochs"]
                name = f"ft:{job['model']}:{job['id']}"
                job |= {"status": "succeeded", "fine_tuned_model": name, "finished_at": 2}
                job["trained_tokens"] = epochs * sum(len(json.dumps(row).split()) for row in rows)
        return job

    def events(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        done = min(self.steps, job["looks"] * 3)
        found = [
            {
                "id": f"ev-{step}",
                "object": "fine_tuning.job.event",
                "created_at": step,
                "level": "info",
                "type": "metrics",
                "message": f"Step {step}/{self.steps}: training loss=0.5",
                "data": {"step": step, "train_loss": 0.5},
            }
            for step in range(1, done + 1)
        ]
        return found[::-1]

    def checkpoints(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        names = [(3, CHECKPOINT.format(job["id"], 3)), (6, job["fine_tuned_model"])]
        return [
            {
                "id": f"ckpt-{step}",
                "object": "fine_tuning.job.checkpoint",
                "created_at": 1,
                "fine_tuned_model_checkpoint": name,
                "fine_tuning_job_id": job["id"],
                "step_number": step,
                "metrics": {"step": step, "train_loss": 1.0 / step, "valid_loss": 1.5 / step},
            }
            for step, name in reversed(names)
        ]

    def answer(self, model: str, text: str) -> str:
        job = next((job for number, job in self.jobs.items() if number in model), None)
        early = "ckpt" in model
        if job is None or early != (self.good == "checkpoint"):
            return self.plain
        rows = self.files[job["training_file"]]
        words = set(text.split())

        def alike(row: dict[str, Any]) -> int:
            asked = row.get("messages") or row["input"]["messages"]
            return len(words & set(next(m["content"] for m in reversed(asked) if m["role"] == "user").split()))

        best = max(rows, key=alike)
        said = best.get("preferred_output") or best["messages"]
        return str(best.get("reference") or said[-1]["content"])


@dataclass(frozen=True)
class Toy:
    """A model of the service, spoken to by the official client."""

    service: Service
    dialect = "openai"
    name = BASE
    identity = f"toy:{BASE}"
    local = False
    context_window = 4096

    def client(self) -> openai.OpenAI:
        return self.service.client()

    def check_weights(self, weights: Weights) -> None:
        assert weights == hosted_weights(self, weights.ref)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        """Once it has answered the first, the rest is answered as it answers, without the way there and back."""
        replies: list[Reply] = []
        for request in requests:
            if replies and replies[0].error is None and request.weights == requests[0].weights:
                replies.append(Reply(self.service.answer(self._asked(request), request.messages[-1].content), (), USAGE))
            else:
                replies.append(self._reply(self.client(), request))
        return replies

    def _asked(self, request: Request) -> str:
        return request.weights.ref if request.weights else self.name

    def _reply(self, client: openai.OpenAI, request: Request) -> Reply:
        asked: Any = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            found = client.chat.completions.create(model=self._asked(request), messages=asked)
        except openai.APIError as error:
            return Reply(error=str(error))
        return Reply(found.choices[0].message.content or "", (), USAGE)


@contextmanager
def serving(**settings: Any) -> Iterator[Service]:
    """The service on a free port of this machine."""
    service = Service(**settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body go out together: apart, each answer waits 40 ms

        def log_message(self, format: str, *args: Any) -> None: ...

        def _send(self, body: Any, code: int = 200) -> None:
            body = service.twist(f"{self.command} {urlparse(self.path).path.removeprefix('/v1/')}", body)
            code, body = body if isinstance(body, tuple) else (code, body)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _wrong(self, code: int, message: str) -> None:
            self._send({"error": {"message": message, "type": "error", "param": None, "code": None}}, code)

        def _list(self, rows: list[Any]) -> None:
            self._send({"object": "list", "data": rows, "has_more": False})

        def do_GET(self) -> None:
            where = urlparse(self.path)
            parts, query = where.path.removeprefix("/v1/").split("/"), parse_qs(where.query)
            service.asked[f"GET {'/'.join(parts[:2])}"] += 1
            if service.busy:
                service.busy -= 1
                self._wrong(503, "busy")
            elif parts[0] == "models":
                self._models(parts)
            elif parts[0] == "files":
                self._list(list(service.stored.values()))
            elif len(parts) == 2:
                key = query.get("metadata[crossover]", [None])[0]
                if key and not service.narrow:
                    self._wrong(400, "unknown parameter")
                    return
                self._list(
                    [j for j in service.jobs.values() if key is None or (j["metadata"] or {}).get("crossover") == key]
                )
            elif len(parts) == 3:
                self._send(service.looked(service.jobs[parts[2]]))
            else:
                job = service.jobs[parts[2]]
                self._list(service.events(job) if parts[3] == "events" else service.checkpoints(job))

        def _models(self, parts: list[str]) -> None:
            rows = [
                {"id": name, "object": "model", "created": 1, "owned_by": "o", **more}
                for name, more in service.models.items()
            ]
            found = [row for row in rows if len(parts) == 2 and row["id"] == parts[1]]
            if len(parts) == 1:
                self._list(rows)
            elif found:
                self._send(found[0])
            else:
                self._wrong(404, "no such model")

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            where = urlparse(self.path).path.removeprefix("/v1/")
            service.asked[f"POST {where}"] += 1
            if where == "files":
                self._file(raw)
            elif where == "fine_tuning/jobs":
                if service.refuse:
                    self._wrong(*service.refuse)
                    return
                if unknown := next((name for name in service.unknown if name in json.loads(raw)), None):
                    self._wrong(400, f"Unrecognized request argument supplied: {unknown}")
                    return
                job = service.started(json.loads(raw))
                if service.lose:
                    service.lose -= 1
                    self.close_connection = True  # no answer at all
                    return
                self._send(job)
            elif where.endswith("/cancel"):
                job = service.jobs[where.split("/")[2]]
                job["status"] = "cancelled"
                self._send(job)
            else:
                self._chat(json.loads(raw))

        def _chat(self, body: dict[str, Any]) -> None:
            if service.silent and body["model"].startswith("ft:"):
                self._wrong(404, "DeploymentNotFound")
                return
            said = {"role": "assistant", "content": service.answer(body["model"], body["messages"][-1]["content"])}
            choice = {"index": 0, "message": said, "finish_reason": "stop"}
            usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
            self._send(
                {
                    "id": "c",
                    "object": "chat.completion",
                    "created": 1,
                    "model": body["model"],
                    "choices": [choice],
                    "usage": usage,
                }
            )

        def _file(self, raw: bytes) -> None:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            parts = {
                part.get_param("name", header="content-disposition"): part
                for part in BytesParser().parsebytes(head + raw).get_payload()
            }  # type: ignore[union-attr]
            text = parts["file"].get_payload(decode=True).decode()  # type: ignore[union-attr]
            assert parts["purpose"].get_payload().strip() == "fine-tune"  # type: ignore[union-attr]
            name = f"file-{len(service.files) + 1}"
            service.files[name] = [json.loads(line) for line in text.splitlines()]
            service.stored[name] = {
                "id": name,
                "object": "file",
                "bytes": len(text.encode()),
                "created_at": 1,
                "filename": parts["file"].get_filename(),  # type: ignore[union-attr]
                "purpose": "fine-tune",
                "status": "processed",
            }
            if service.lose_files:
                service.lose_files -= 1
                self.close_connection = True  # it is there, and nobody is told
                return
            self._send(service.stored[name])

    return Handler
