"""Batches of OpenAI's dialect, by its official client: a file of requests, and a file of results in any order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from crossover.errors import ModelError
from crossover.models.batches import BatchLook
from crossover.models.openai.client import without_secrets
from crossover.models.openai.wire import Quirks, refusal
from crossover.types import LOST, Reply, Request

T = TypeVar("T")
LINES, BYTES = 50_000, 190_000_000  # of a file; the services' own limit is 200 MB
TRIES = 6  # of what may be asked twice, by the client itself
LISTED = 1000  # batches that are looked through
NAMED = "crossover"  # in a batch's metadata
UNANSWERED = ("expired", "cancelled")  # how a batch ends that may have left requests, which then cost nothing
CROWDED = "token_limit_exceeded"
UNTOLD = "no reason is given"
REFUSED = (400, 422)


@dataclass(frozen=True)
class OpenaiBatches:
    """`client`: the official one, its own retries off; `url`: what batches call the route of a chat; `key`: the variable of
    the key; `body`: of a request; `read`: the reply in an answer to one."""

    client: Any
    url: str
    key: str
    body: Callable[[Request], dict[str, Any]]
    read: Callable[[Request, bytes], Reply]
    quirks: Quirks

    @property
    def most(self) -> tuple[int, int]:
        return LINES, BYTES

    def line(self, key: str, request: Request) -> bytes:
        body = {"custom_id": key, "method": "POST", "url": self.url, "body": self.body(request)}
        return json.dumps(body, ensure_ascii=False).encode() + b"\n"

    def upload(self, name: str, lines: Sequence[bytes]) -> str:
        file = (f"{NAMED}-{name}.jsonl", b"".join(lines))
        return str(self._steady(lambda to: to.files.create(file=file, purpose="batch").id, "uploading a batch"))

    def find(self, name: str, file: str) -> str:
        def found(to: Any) -> str:
            for one in itertools.islice(to.batches.list(limit=100), LISTED):
                if (one.metadata or {}).get(NAMED) == name or one.input_file_id == file:
                    return str(one.id)
            return ""

        return self._steady(found, "looking for a batch")

    def begin(self, name: str, file: str) -> str:
        try:
            made = self.client.batches.create(
                input_file_id=file,
                endpoint=self.url,
                completion_window="24h",
                metadata={NAMED: name},
                extra_headers={"Idempotency-Key": name},
            )
        except Exception as error:
            if _unanswered(error):
                return ""
            raise self._said(error, "beginning a batch") from error
        return str(made.id)

    def look(self, batch: str) -> BatchLook:
        now = self._steady(lambda to: to.batches.retrieve(batch), f"asking after the batch {batch}")
        counts = now.request_counts
        done = (counts.completed or 0) + (counts.failed or 0) if counts else 0
        if now.status != "failed":
            return BatchLook(done, now.status in ("completed", *UNANSWERED))
        errors = list((now.errors.data if now.errors else None) or ())
        told = "; ".join(without_secrets(str(one.message), self.key) for one in errors[:3])
        return BatchLook(done, True, told or UNTOLD, any(one.code == CROWDED for one in errors))

    def replies(self, batch: str, requests: Mapping[str, Request]) -> dict[str, Reply]:
        now = self._steady(lambda to: to.batches.retrieve(batch), f"asking after the batch {batch}")
        results: dict[str, Mapping[str, Any]] = {}
        for file in filter(None, (now.output_file_id, now.error_file_id)):
            content = self._steady(partial(_content, file=file), f"reading the batch {batch}")
            for key, result in _results(content):
                if key in requests:
                    results.setdefault(key, result)
        refused = [key for key, result in results.items() if _status(result) in REFUSED and requests[key].messages]
        sent = {key: self.body(requests[key]) for key in refused}  # before anything is learnt from one of them
        again = {key for key, body in sent.items() if self._learnt(results[key], body)}
        found = {key: self._reply(requests[key], result) for key, result in results.items() if key not in again}
        free = now.status in UNANSWERED
        why = f"the batch {now.status} before this was answered" if free else "the batch has no result for this"
        left = Reply(error=why, finish="" if free else LOST)
        return {key: found.get(key, left) for key in requests if key not in again}

    def _learnt(self, result: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """Whether a request may be asked again, without what was refused of it."""
        told = _told(result)
        message, param = without_secrets(str(told.get("message") or UNTOLD), self.key), str(told.get("param") or "")
        return self.quirks.learn(_status(result), message, param, body)

    def _reply(self, request: Request, result: Mapping[str, Any]) -> Reply:
        response = result.get("response")
        if not isinstance(response, Mapping):
            error = result.get("error")
            told = error.get("message") or error.get("code") if isinstance(error, Mapping) else None
            return Reply(error=f"the batch has no answer to this: {without_secrets(str(told or UNTOLD), self.key)}")
        status, told = _status(result), _told(result)
        if status == 200:
            return self.read(request, json.dumps(response.get("body")).encode())
        message = without_secrets(str(told.get("message") or UNTOLD), self.key)
        found = refusal(status, {}, message, str(told.get("code") or ""), "")
        return found.reply or Reply(error=found.again or f"the service answered {status}: {message}")

    def _steady(self, call: Callable[[Any], T], what: str) -> T:
        """What a call gives that may be made twice. Raises `ModelError`."""
        try:
            return call(self.client.with_options(max_retries=TRIES))
        except Exception as error:
            raise self._said(error, what) from error

    def _said(self, error: Exception, what: str) -> Exception:
        """The sentence for a call that failed; a mistake that is not the service's stays as it is."""
        names = {kind.__name__ for kind in type(error).__mro__}
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            body = getattr(error, "body", None)
            told = body.get("message") if isinstance(body, dict) else None
            message = without_secrets(str(told or error), self.key)
            hint = "; the service has no batches at this address" if status in (404, 405, 501) else ""
            return ModelError(f"{what}: the service answered {status}: {message}{hint}")
        if "APIConnectionError" in names:
            return ModelError(f"{what}: the service cannot be reached; run it again when it can, it goes on")
        return error


def _unanswered(error: Exception) -> bool:
    """Whether nobody knows what became of a call."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status >= 500 or status == 408
    return "APIConnectionError" in {kind.__name__ for kind in type(error).__mro__}


def _content(client: Any, file: str) -> bytes:
    found: bytes = client.files.content(file).read()
    return found


def _results(content: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The lines that can be read, with their keys."""
    for line in content.splitlines():
        try:
            result = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(result, Mapping) and isinstance(result.get("custom_id"), str):
            yield result["custom_id"], result


def _status(result: Mapping[str, Any]) -> int:
    """Of a line's answer; 500 where it has none that can be read."""
    response = result.get("response")
    status = response.get("status_code") if isinstance(response, Mapping) else None
    return status if isinstance(status, int) else 500


def _told(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a service says of a line that it refused."""
    response = result.get("response")
    body = response.get("body") if isinstance(response, Mapping) else None
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}
