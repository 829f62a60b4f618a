"""A server that keeps to the wire formats of Vertex AI and Cloud Storage and tunes nothing: a tuned model answers as its
file's nearest row.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

TOKEN = "ya29.canary-token"
PLACE = "projects/p1/locations/us-central1"


@dataclass
class Google:
    """`objects`: by gs:// path. `asked`: bodies of `generateContent`, with the model."""

    url: str = ""
    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    lose: int = 0
    busy: int = 0
    fail: str = ""
    block: bool = False
    good: int = 2  # the step whose model has learnt the rows
    uncounted: bool = False  # no usage in answers
    thinks: bool = False  # and comes to no answer
    nameless: int = 0  # further looks at a job that succeeded, in which it names no model
    said: str = ""  # in refusals

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        name = f"{PLACE}/tuningJobs/{100 + len(self.jobs)}"
        self.jobs[name] = {"name": name, "state": "JOB_STATE_PENDING", "looks": 0, **body}
        return self.jobs[name]

    def look(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        job["looks"] += 1
        if job["state"] in ("JOB_STATE_PENDING", "JOB_STATE_RUNNING"):
            job["state"] = "JOB_STATE_RUNNING"
            if job["looks"] > 3 and self.fail:
                job |= {"state": "JOB_STATE_FAILED", "error": {"code": 3, "message": self.fail}}
            elif job["looks"] > 3:
                number = name.rsplit("/", 1)[1]
                ends = {step: f"{PLACE}/endpoints/{number}{step}" for step in "12"}
                points = [{"checkpointId": s, "epoch": s, "step": s, "endpoint": end} for s, end in ends.items()]
                job["state"] = "JOB_STATE_SUCCEEDED"
                job["tunedModel"] = {"model": f"{PLACE}/models/{number}@1", "endpoint": ends["2"], "checkpoints": points}
                job["tuningDataStats"] = {"supervisedTuningDataStats": {"totalBillableTokenCount": "70"}}
        if self.nameless and job["state"] == "JOB_STATE_SUCCEEDED":
            self.nameless -= 1
            return {key: value for key, value in job.items() if key != "tunedModel"}
        return job

    def answer(self, model: str, body: dict[str, Any]) -> str:
        words = body["generationConfig"].get("responseSchema", {}).get("enum", [])
        ends = {name.rsplit("/", 1)[1]: job for name, job in self.jobs.items()}
        job = next((job for number, job in ends.items() if model.endswith(f"/endpoints/{number}{self.good}")), None)
        if job is None:
            return words[0] if words else "warm"
        spec = job.get("supervisedTuningSpec") or job["preferenceOptimizationSpec"]
        asked = set(body["contents"][-1]["parts"][0]["text"].split())
        rows = self.objects[spec["trainingDatasetUri"]]

        def turns(row: dict[str, Any]) -> list[Any]:
            return row["contents"] + [one["completion"] for one in row.get("completions", [])[:1]]

        best = max(rows, key=lambda row: len(asked & set(turns(row)[-2]["parts"][0]["text"].split())))
        return str(turns(best)[-1]["parts"][0]["text"])


@contextmanager
def serving(**settings: Any) -> Iterator[Google]:
    google = Google(**settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(google))
    google.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()


def _handler(google: Google) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body go out together

        def log_message(self, format: str, *args: Any) -> None: ...

        def _send(self, body: Any, code: int = 200) -> None:
            raw = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_GET(self) -> None:
            where = urlparse(self.path)
            name = unquote(where.path).removeprefix("/v1/")
            if name.endswith("/tuningJobs"):
                wanted = parse_qs(where.query).get("filter", [""])[0].partition("=")[2]
                found = [job for job in google.jobs.values() if job.get("labels", {}).get("crossover") == wanted]
                self._send({"tuningJobs": found} if found else {})
            elif name in google.jobs:
                self._send(google.look(name))
            else:
                self._send({"error": {"code": 404, "message": f"no {name}", "status": "NOT_FOUND"}}, 404)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            where = urlparse(self.path)
            name, _, verb = unquote(where.path).removeprefix("/v1/").rpartition(":")
            google.tokens.add(self.headers.get("Authorization", ""))
            if where.path.startswith("/upload/"):
                self._object(raw, where.path.split("/")[5])
            elif where.path.endswith("/tuningJobs"):
                job = google.start(json.loads(raw))
                if google.lose:
                    google.lose -= 1
                    self.close_connection = True
                    return
                self._send(job)
            elif verb == "cancel":
                google.jobs[name]["state"] = "JOB_STATE_CANCELLED"
                self._send({})
            elif google.busy:
                google.busy -= 1
                self._send(
                    {"error": {"code": 429, "message": google.said or "slow down", "status": "RESOURCE_EXHAUSTED"}}, 429
                )
            else:
                self._generate(name, json.loads(raw))

        def _generate(self, name: str, body: dict[str, Any]) -> None:
            google.asked.append((name, body))
            usage = {"promptTokenCount": 7, "candidatesTokenCount": 1, "thoughtsTokenCount": 3, "totalTokenCount": 11}
            content = {"role": "model", "parts": [{"text": google.answer(name, body)}]}
            if google.uncounted:
                usage = {}
            if google.thinks:
                self._send({"candidates": [{"finishReason": "MAX_TOKENS"}], "usageMetadata": usage})
            elif google.block:
                self._send({"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": usage})
            else:
                self._send({"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage})

        def _object(self, raw: bytes, bucket: str) -> None:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            about, data = BytesParser().parsebytes(head + raw).get_payload()  # type: ignore[misc]
            name = json.loads(about.get_payload())["name"]  # type: ignore[union-attr, arg-type]
            text = data.get_payload(decode=True).decode()  # type: ignore[union-attr]
            google.objects[f"gs://{bucket}/{name}"] = [json.loads(line) for line in text.splitlines()]
            self._send({"kind": "storage#object", "name": name, "bucket": bucket})

    return Handler
