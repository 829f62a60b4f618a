"""Batches: a file of requests that is answered line by line beside serving. What was answered outlives the server.

FOLDER/batches/ID/batch.json    the batch as the wire has it
FOLDER/batches/ID/input.jsonl   what is asked: its file may be deleted meanwhile
FOLDER/batches/ID/done.jsonl    each line's result, as it comes
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crossover.data.textfile import lines_of
from crossover.serve.openai.errors import ApiError, told
from crossover.serve.openai.files import Files, new_id
from crossover.serve.openai.lines import TooLong, numbered
from crossover.serve.openai.wire import BATCHED, BatchBody, ChatBody
from crossover.study.folder import read_json, write_json

Answer = Callable[[ChatBody], Awaitable[dict[str, Any]]]
WAITING, GOING, ENDING = "validating", "in_progress", "cancelling"
LIVE = (WAITING, GOING, "finalizing", ENDING)
LINES = 50_000  # of a batch, at the most
AT_ONCE = 32  # lines that are answered at a time: chats beside them find a place in the queue
DAY = 24 * 3600
SHOWN = 5  # wrong lines that are told


@dataclass
class Batches:
    """The batches in a folder, one at a time in their order. `answer`: a chat; it raises `ApiError`."""

    folder: Path
    files: Files
    answer: Answer
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, body: BatchBody) -> dict[str, Any]:
        """Take a batch. Raises `ApiError`."""
        try:
            source, purpose = self.files.content(body.input_file_id), self.files.get(body.input_file_id)["purpose"]
        except ApiError as error:
            raise ApiError(400, f"there is no file {body.input_file_id[:80]}", "input_file_id", "invalid_file") from error
        if purpose != "batch":
            raise ApiError(400, f"the file's purpose is '{purpose}'; valid is 'batch'", "input_file_id", "invalid_file")
        identity, now = new_id("batch"), int(time.time())
        batch = {
            "id": identity,
            "object": "batch",
            "endpoint": body.endpoint,
            "errors": None,
            "input_file_id": body.input_file_id,
            "completion_window": body.completion_window,
            "status": WAITING,
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            "expires_at": now + DAY,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": body.metadata,
            "order": time.time_ns(),
        }
        self._place(identity).mkdir(parents=True)
        await asyncio.to_thread(shutil.copyfile, source, self._place(identity) / "input.jsonl")
        write_json(self._place(identity) / "batch.json", batch)
        self._more.set()
        return _public(batch)

    def get(self, identity: str) -> dict[str, Any]:
        return _public(self._read(identity))

    def every(self) -> list[dict[str, Any]]:
        """The latest first."""
        return [_public(batch) for batch in self._all()[::-1]]

    def cancel(self, identity: str) -> dict[str, Any]:
        """What is under way is finished. Raises `ApiError` for a batch that is over."""
        with self._lock:  # that it is over is not said in between
            if self._read(identity)["status"] not in LIVE:
                raise ApiError(400, f"the batch is {self._read(identity)['status']}", "batch_id", "invalid_status")
            return _public(self._change(identity, status=ENDING, cancelling_at=int(time.time())))

    async def run(self) -> None:
        """Answer what there is, and what comes, until it is cancelled; what was not finished goes on at the next start."""
        while True:
            self._more.clear()
            batch = next((one for one in self._all() if one["status"] in LIVE), None)
            if batch is None:
                await self._more.wait()
                continue
            try:
                await self._answered(batch["id"])
            except Exception as error:  # noqa: BLE001  the next batch may go well
                told = {"code": "server_error", "message": f"{type(error).__name__}: {error}", "line": None, "param": None}
                errors = {"object": "list", "data": [told]}
                self._change(batch["id"], status="failed", failed_at=int(time.time()), errors=errors)

    async def _answered(self, identity: str) -> None:
        if self._read(identity)["status"] == WAITING:
            lines, wrong = await asyncio.to_thread(_lines, self._place(identity) / "input.jsonl", BATCHED)
            if wrong:
                self._change(
                    identity, status="failed", failed_at=int(time.time()), errors={"object": "list", "data": wrong}
                )
                return
            counts = {"total": len(lines), "completed": 0, "failed": 0}
            self._change(identity, WAITING, status=GOING, in_progress_at=int(time.time()), request_counts=counts)
        lines, _ = await asyncio.to_thread(_lines, self._place(identity) / "input.jsonl", BATCHED)
        done = {one["custom_id"]: _answers(one) for one in self._done(identity)}
        ahead = [line for line in lines if line["custom_id"] not in done]
        for start in range(0, len(ahead), AT_ONCE):
            if self._read(identity)["status"] != GOING:
                break
            found = await asyncio.gather(*(self._line(line) for line in ahead[start : start + AT_ONCE]))
            with (self._place(identity) / "done.jsonl").open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(one) + "\n" for one in found)  # half a character, too
            done |= {one["custom_id"]: _answers(one) for one in found}
            good = sum(done.values())
            self._change(identity, request_counts={"total": len(lines), "completed": good, "failed": len(done) - good})
        await asyncio.to_thread(self._finish, identity, lines)

    async def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        status, body = await self._chat(line["body"])
        response = {"status_code": status, "request_id": new_id("req"), "body": body}
        return {"id": new_id("batch_req"), "custom_id": line["custom_id"], "response": response, "error": None}

    async def _chat(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            body = ChatBody.model_validate(asked)
            if body.stream:
                raise ApiError(400, "a batch has no streams; leave it out", "stream")
            while True:
                try:
                    return 200, await self.answer(body)
                except ApiError as error:
                    if error.status != 429:
                        raise
                    await asyncio.sleep(min(error.wait or 1, 5))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            return 400, ApiError(400, f"{place}: {first['msg']}", place).body
        except ApiError as error:
            return error.status, error.body
        except Exception as error:  # noqa: BLE001  whatever it is, the next line is answered
            return told(error).status, told(error).body

    def _finish(self, identity: str, lines: list[dict[str, Any]]) -> None:
        found = {one["custom_id"]: one for one in self._done(identity)}
        stopped = self._read(identity)["status"] == ENDING
        why = {"code": "batch_cancelled", "message": "This request was not answered before the batch was cancelled."}
        for line in lines if stopped else ():
            left = {"id": new_id("batch_req"), "custom_id": line["custom_id"], "response": None, "error": why}
            found.setdefault(line["custom_id"], left)
        good = [one for one in found.values() if _answers(one)]
        bad = [one for one in found.values() if not _answers(one)]
        ids: dict[str, Any] = {}
        for name, some in (("output_file_id", good), ("error_file_id", bad)):
            text = "".join(json.dumps(one) + "\n" for one in some)
            named = f"{identity}_{name.removesuffix('_file_id')}.jsonl"
            ids[name] = self.files.keep(io.BytesIO(text.encode()), named, "batch_output")["id"] if some else None
        status, now = ("cancelled" if stopped else "completed"), int(time.time())
        counts = {"total": len(lines), "completed": len(good), "failed": len(bad)}
        ids[f"{status}_at"] = now
        self._change(identity, status=status, request_counts=counts, **ids)

    def _done(self, identity: str) -> list[dict[str, Any]]:
        """The results so far. A line that a killed server wrote half is left out, and its request answered again."""
        path = self._place(identity) / "done.jsonl"
        if not path.exists():
            return []
        whole = path.read_bytes()
        if not whole.endswith(b"\n"):
            path.write_bytes(whole[: whole.rfind(b"\n") + 1])
        return [json.loads(line) for line in lines_of(path.read_text(encoding="utf-8")) if line]

    def _place(self, identity: str) -> Path:
        return self.folder / "batches" / identity

    def _read(self, identity: str) -> dict[str, Any]:
        """Raises `ApiError`; an id is never a path."""
        path = self._place(identity) / "batch.json"
        if not re.fullmatch(r"batch-[0-9a-f]{24}", identity) or not path.is_file():
            raise ApiError(404, f"No batch found with id '{identity[:80]}'.", "batch_id", "not_found")
        body: dict[str, Any] = read_json(path)
        return body

    def _all(self) -> list[dict[str, Any]]:
        """The oldest first."""
        found = [read_json(path) for path in (self.folder / "batches").glob("batch-*/batch.json")]
        return sorted(found, key=lambda batch: int(batch["order"]))

    def _change(self, identity: str, only: str = "", **fields: Any) -> dict[str, Any]:
        """Change fields; nothing where its status is not `only`, such as one that was cancelled meanwhile."""
        with self._lock:
            batch = self._read(identity)
            if not only or batch["status"] == only:
                batch |= fields
                write_json(self._place(identity) / "batch.json", batch)
            return batch


def _public(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name != "order"}


def _answers(result: dict[str, Any]) -> bool:
    return bool(result["response"]) and result["response"]["status_code"] == 200


def _lines(path: Path, url: tuple[str, ...]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests of a file, and what is wrong with it."""
    found: list[dict[str, Any]] = []
    wrong: list[dict[str, Any]] = []
    seen: set[str] = set()
    try:
        for number, line in numbered(path):
            try:
                one = json.loads(line)
                why = _fault(one, url, seen)
            except (ValueError, RecursionError):
                why = ("invalid_json_line", "This line is not parseable as valid JSON.")
            if why:
                wrong.append(_wrong(*why, number))
            else:
                seen.add(one["custom_id"])
                found.append(one)
            if len(wrong) == SHOWN:
                break
            if len(found) > LINES:
                wrong.append(_wrong("too_many_tasks", f"The file has more than {LINES} requests."))
                break
    except TooLong as error:
        wrong.append(_wrong("invalid_json_line", str(error)))
    if not found and not wrong:
        wrong.append(_wrong("empty_file", "The input file is empty."))
    return found, wrong


def _wrong(code: str, message: str, line: int | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": None}


def _fault(line: Any, url: tuple[str, ...], seen: set[str]) -> tuple[str, str] | None:
    if not isinstance(line, dict) or not isinstance(line.get("body"), dict):
        return "invalid_request", "valid is an object with custom_id, method, url and body"
    if not isinstance(line.get("custom_id"), str) or not line["custom_id"]:
        return "missing_required_parameter", "custom_id is missing"
    if line["custom_id"] in seen:
        return "duplicate_custom_id", f"the custom_id {json.dumps(line['custom_id'][:80])} stands twice"
    if line.get("method") != "POST" or line.get("url") not in url:
        return "invalid_url", f"valid are POST and {url[0]}"
    return None
