"""A paid job at a service, as it is noted in the folder of its tune: so it is paid once, whatever is interrupted.

`job.json` is written before and after each step that the service would do a second time: each upload, the start.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossover.data.textfile import lines_of
from crossover.errors import TuningError
from crossover.types import content_hash

JOB, EVENTS = "job.json", "events.jsonl"


class JobFailed(TuningError):
    """A job that is over, or was never begun, so that nothing more is paid for it."""


@dataclass(frozen=True)
class Job:
    """`key`: what it makes, and from what; `files`: the uploaded training and validation data; `most`: tokens that it was
    allowed to train on; `ended`: ids of earlier jobs for the same that failed."""

    key: str
    files: tuple[str, ...] = ()
    id: str = ""
    status: str = ""
    most: int = 0
    ended: tuple[str, ...] = ()


def key_of(*parts: Any) -> str:
    """What a job makes, and from what, as one name that the service keeps with it."""
    return content_hash(list(parts))


def read_job(folder: Path, key: str) -> Job:
    """The job of a tune so far. Raises `TuningError` for a damaged note, and for that of something else."""
    path = folder / JOB
    if not path.is_file():
        return Job(key)
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        found = Job(body["key"], tuple(body["files"]), body["id"], body["status"], body["most"], tuple(body["ended"]))
    except (ValueError, KeyError, TypeError) as error:
        raise TuningError(
            f"{path} is damaged ({error}): look at the service whether a job with the metadata crossover={key} runs, then"
            " remove the file"
        ) from error
    if found.key != key:
        raise TuningError(f"{path} is the note of a job for other data, another model or recipe: name another folder")
    return found


def job_in(folder: Path) -> str:
    """The id of the job that made what a folder notes. Raises `TuningError` where there is none."""
    try:
        return str(json.loads((folder / JOB).read_text(encoding="utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TuningError(f"{folder / JOB} does not say which job made the weights: {error}") from error


def write_job(folder: Path, job: Job) -> Job:
    """Note how far a job is; safe on disk before it returns."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{JOB}.new"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(asdict(job), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / JOB)
    return job


def told(folder: Path) -> set[str]:
    """The ids of the events that are in the trace of a tune."""
    path = folder / EVENTS
    lines = lines_of(path.read_text(encoding="utf-8")) if path.is_file() else []
    return {str(body.get("id")) for line in lines if isinstance(body := _read(line), dict)}


def _read(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None  # cut off, as the process died


def add_event(folder: Path, body: dict[str, Any]) -> None:
    """Add a service's event to the trace of a tune."""
    with (folder / EVENTS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(body, ensure_ascii=False) + "\n")
