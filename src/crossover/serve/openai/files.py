"""Files that were uploaded: each a folder with its bytes and what is known of it; what is there is there whole."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.lines import check_jsonl
from crossover.study.folder import read_json, write_json

PURPOSES = ("fine-tune", "batch", "evals", "user_data", "assistants", "vision")


def new_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:24]}"


@dataclass(frozen=True)
class Files:
    """The files in a folder."""

    folder: Path

    def put(self, source: BinaryIO, filename: str, purpose: str) -> dict[str, Any]:
        """Keep a file. Raises `ApiError` for a purpose that is unknown, and for lines to tune with that are not JSON."""
        if purpose not in PURPOSES:
            raise ApiError(400, f"'{purpose}' is no purpose; valid: {', '.join(PURPOSES)}", "purpose")
        return self.keep(source, filename, purpose)

    def keep(self, source: BinaryIO, filename: str, purpose: str) -> dict[str, Any]:
        """`put`, also of what the server itself writes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix="new-", dir=self.folder))
        try:
            with (part / "content").open("wb") as out:
                shutil.copyfileobj(source, out)
            if purpose == "fine-tune":
                check_jsonl(part / "content")
            size, identity = (part / "content").stat().st_size, new_id("file")
            body = {
                "id": identity,
                "object": "file",
                "bytes": size,
                "created_at": int(time.time()),
                "filename": Path(filename.replace("\\", "/")).name[:200] or "file",
                "purpose": purpose,
                "status": "processed",
            }
            write_json(part / "file.json", body)
            os.replace(part, self.folder / identity)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return body

    def every(self, purpose: str | None = None) -> list[dict[str, Any]]:
        """The latest first."""
        found = [read_json(path) for path in self.folder.glob("file-*/file.json")]
        some = [body for body in found if purpose in (None, body["purpose"])]
        return sorted(some, key=lambda body: (-body["created_at"], body["id"]))

    def get(self, identity: str) -> dict[str, Any]:
        body: dict[str, Any] = read_json(self._place(identity) / "file.json")
        return body

    def content(self, identity: str) -> Path:
        return self._place(identity) / "content"

    def delete(self, identity: str) -> dict[str, Any]:
        shutil.rmtree(self._place(identity))
        return {"id": identity, "object": "file", "deleted": True}

    def _place(self, identity: str) -> Path:
        """Raises `ApiError`; an id is never a path."""
        place = self.folder / identity
        if not re.fullmatch(r"file-[0-9a-f]{24}", identity) or not (place / "file.json").is_file():
            raise ApiError(404, f"No such File object: {identity[:80]}", "id", "not_found")
        return place
