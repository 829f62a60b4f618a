"""Tuning jobs on disk: what was asked, how far each is, its events and checkpoints; whatever ends the server, they stay.

FOLDER/jobs/ID/job.json        the job as the wire has it, with `private`: what only the server needs
FOLDER/jobs/ID/events.jsonl    an event a line
FOLDER/jobs/ID/tune/           the tune itself (`tuning/checkpoint.py`)
FOLDER/jobs/ID/steps/N/        the weights after an epoch that ended at step N
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossover.data.textfile import lines_of
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.files import new_id
from crossover.serve.openai.wire import JobBody
from crossover.study.folder import read_json, write_json

LIVE = ("validating_files", "queued", "running")
PRIVATE = "private"


@dataclass(frozen=True)
class Jobs:
    """The jobs in a folder. Whoever changes one holds its lock, so that a pause is never overwritten by a step."""

    folder: Path
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, body: JobBody, base: str) -> dict[str, Any]:
        """`base`: the model that serves at the bottom, which the tuned model's name says."""
        asked, identity = body.asked, new_id("ftjob")
        hyperparameters = asked.model_dump()
        job = {
            "id": identity,
            "object": "fine_tuning.job",
            "created_at": int(time.time()),
            "finished_at": None,
            "status": "validating_files",
            "model": body.model,
            "fine_tuned_model": None,
            "organization_id": "crossover",
            "result_files": [],
            "seed": random.getrandbits(31) if body.seed is None else body.seed,
            "training_file": body.training_file,
            "validation_file": body.validation_file,
            "trained_tokens": None,
            "estimated_finish": None,
            "hyperparameters": hyperparameters,
            "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            "metadata": body.metadata,
            "integrations": [],
            "user_provided_suffix": body.suffix,
            "error": {"code": None, "message": None, "param": None},
            PRIVATE: {"name": f"ft:{base}:{body.suffix or ''}:{identity[6:14]}", "root": base, "order": time.time_ns()},
        }
        self.place(identity).mkdir(parents=True)
        self._save(job)
        self.event(identity, f"Created fine-tuning job: {identity}")
        self.event(identity, f"Validating training file: {body.training_file}")
        return job

    def place(self, identity: str) -> Path:
        return self.folder / "jobs" / identity

    def get(self, identity: str) -> dict[str, Any]:
        """Raises `ApiError`; an id is never a path."""
        path = self.place(identity) / "job.json"
        if not re.fullmatch(r"ftjob-[0-9a-f]{24}", identity) or not path.is_file():
            raise ApiError(404, f"Could not find fine tune: {identity[:80]}", "fine_tuning_job_id", "fine_tune_not_found")
        body: dict[str, Any] = read_json(path)
        return body

    def every(self) -> list[dict[str, Any]]:
        """The latest first."""
        found = [read_json(path) for path in (self.folder / "jobs").glob("ftjob-*/job.json")]
        return sorted(found, key=lambda job: -job[PRIVATE]["order"])

    def change(self, identity: str, only: tuple[str, ...] | None = None, **fields: Any) -> dict[str, Any]:
        """Change fields of a job. Raises `ApiError` where its status is none of `only`."""
        with self._lock:
            job = self.get(identity)
            if only is not None and job["status"] not in only:
                raise ApiError(
                    400,
                    f"the job is {job['status']}; valid is one that is {', '.join(only)}",
                    "fine_tuning_job_id",
                    "invalid_status",
                )
            job.update(fields)
            if job["status"] in ("succeeded", "failed", "cancelled") and job["finished_at"] is None:
                job.update(finished_at=int(time.time()), estimated_finish=None)
            self._save(job)
            return job

    def note(self, identity: str, **fields: Any) -> None:
        """Keep something that the wire does not have."""
        with self._lock:
            job = self.get(identity)
            job[PRIVATE] |= fields
            self._save(job)

    def event(self, identity: str, message: str, data: dict[str, Any] | None = None, level: str = "info") -> None:
        body = {
            "id": new_id("ftevent"),
            "object": "fine_tuning.job.event",
            "created_at": int(time.time()),
            "level": level,
            "message": message,
            "type": "metrics" if data else "message",
            "data": data or {},
        }
        with self._lock, (self.place(identity) / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(body, ensure_ascii=False) + "\n")

    def events(self, identity: str) -> list[dict[str, Any]]:
        """The latest first. A line that a killed server wrote half is left out."""
        self.get(identity)
        found = []
        for line in lines_of((self.place(identity) / "events.jsonl").read_text(encoding="utf-8")):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found[::-1]

    def checkpoint(self, identity: str, step: int, sha256: str, metrics: dict[str, Any]) -> None:
        """An epoch's weights lie in `steps/STEP`."""
        job = self.get(identity)
        body = {
            "id": f"ftckpt-{identity[6:]}-{step}",
            "object": "fine_tuning.job.checkpoint",
            "created_at": int(time.time()),
            "fine_tuned_model_checkpoint": f"{job[PRIVATE]['name']}:ckpt-step-{step}",
            "fine_tuning_job_id": identity,
            "step_number": step,
            "metrics": {"step": step, **metrics},
            "sha256": sha256,
        }
        write_json(self.place(identity) / "steps" / str(step) / "checkpoint.json", body)

    def checkpoints(self, identity: str) -> list[dict[str, Any]]:
        """The latest first."""
        self.get(identity)
        found = [read_json(path) for path in (self.place(identity) / "steps").glob("*/checkpoint.json")]
        return sorted(found, key=lambda body: -body["step_number"])

    def _save(self, job: dict[str, Any]) -> None:
        write_json(self.place(job["id"]) / "job.json", job)


def public(job: dict[str, Any]) -> dict[str, Any]:
    """A job as the wire has it."""
    return {name: value for name, value in job.items() if name != PRIVATE}


def page(bodies: list[dict[str, Any]], after: str | None, limit: int) -> dict[str, Any]:
    """A page of a list, behind the body with the id `after`. Raises `ApiError` where there is none."""
    ids = [body["id"] for body in bodies]
    if after is not None and after not in ids:
        raise ApiError(400, f"'after' names nothing in this list: {after[:80]}", "after")
    rest = bodies[ids.index(after) + 1 :] if after is not None else bodies
    some = rest[:limit]
    first, last = (some[0]["id"], some[-1]["id"]) if some else (None, None)
    return {"object": "list", "data": some, "has_more": len(rest) > limit, "first_id": first, "last_id": last}
