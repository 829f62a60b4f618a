"""A new study from an uploaded file: the questions that `init` asks, then `crossover run`."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, UploadFile
from fastapi.responses import HTMLResponse, Response

from crossover.data.economics import LimitsSpec
from crossover.data.load import endings, holds_rows, load_rows, whole_ending
from crossover.data.outputs import Unclear
from crossover.data.sketch import Sketch, sketch
from crossover.data.template import plain
from crossover.decision.resolution import resolution
from crossover.errors import CrossoverError, DataError, OptionError, StudyError
from crossover.metrics.open import suiting
from crossover.studio.parts import Studio
from crossover.studio.shelf import Missing
from crossover.study.folder import StudyFolder, write_text
from crossover.study.run import paid

UPLOADS = "uploads"
ROWS, CELL = 4, 160  # that are shown of a file, and characters of each
FINDINGS = 12


@dataclass(frozen=True)
class Upload:
    """A data file that was sent, in a folder of its own."""

    id: str
    path: Path

    def task(self, name: str) -> Path:
        """The task file of a study of that name: several may be made of one file."""
        return self.path.parent / f"{name}.yaml"

    def told(self, error: CrossoverError) -> DataError:
        """What is wrong with the file, without where it lies here."""
        kind = Unclear if isinstance(error, Unclear) else DataError
        return kind(str(error).replace(str(self.path), self.path.name))


class Uploads:
    """Those of a folder of studies."""

    def __init__(self, own: Path) -> None:
        self._place = own / UPLOADS

    def put(self, name: str, content: bytes) -> Upload:
        """Keep a file under a name that is safe, whatever it was called. Raises `DataError`, `StudyError`."""
        ending = whole_ending(name)
        stem = Path(name.replace("\\", "/")).name[: -len(ending)]
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:60] or "data"
        identity = secrets.token_hex(8)
        made = Upload(identity, self._place / identity / f"{stem}{ending}")
        try:
            made.path.parent.mkdir(parents=True)
            made.path.write_bytes(content)
        except OSError as error:
            raise StudyError(f"the file cannot be kept in {self._place}: {error.strerror or error}") from error
        return made

    def get(self, identity: str) -> Upload:
        """Raises `Missing`: only what the listing has exists."""
        try:
            known = {entry.name: entry.path for entry in os.scandir(self._place) if entry.is_dir(follow_symlinks=False)}
        except OSError:
            known = {}
        files = [p for p in Path(known[identity]).iterdir() if holds_rows(p)] if identity in known else []
        if not files:
            raise Missing("there is no such file here: upload it again")
        return Upload(identity, files[0])


def add_new(app: FastAPI, studio: Studio) -> None:
    uploads = Uploads(studio.shelf.own)

    @app.get("/new")
    def start() -> HTMLResponse:
        return studio.page("new.html", endings=endings())

    @app.post("/new")
    def upload(file: Annotated[UploadFile, File()]) -> Response:
        studio.shelf.place("any")  # one study alone has no room for another
        made = uploads.put(file.filename or "", file.file.read())
        try:
            sketch(made.path)
        except Unclear:
            pass  # the next page asks
        except CrossoverError as error:
            _discard(made)
            raise made.told(error) from error
        return Response(status_code=204, headers={"HX-Redirect": f"/new/{made.id}"})

    @app.get("/new/{identity}")
    def asked(identity: str, source: str = "", output: str = "") -> HTMLResponse:
        found = uploads.get(identity)
        try:
            drawn = _sketched(found, source, output)
        except Unclear as unclear:
            shown = _preview(found.path)
            return studio.page("which.html", upload=found, unclear=str(unclear), rows=shown, source=source, output=output)
        task, splits = drawn.prepared.task, drawn.prepared.splits
        errors = [one for one in drawn.prepared.findings if one.level == "error"]
        said = [one for one in drawn.prepared.findings if one.said not in drawn.assumed]
        tested = splits.all if splits.folds else splits.test
        return studio.page(
            "asked.html",
            upload=found,
            task=task,
            drawn=drawn,
            errors=errors,
            findings=said[:FINDINGS],
            resolution=[] if errors else resolution(len(tested), splits.cut, len(splits.folds)),
            metrics=suiting(task.kind) if task.kind else [],
            name=_free(studio, task.name),
            rows=_preview(found.path),
        )

    @app.post("/new/{identity}")
    def begin(
        identity: str,
        name: Annotated[str, Form()],
        instruction: Annotated[str, Form()],
        source: Annotated[str, Form()],
        output: Annotated[str, Form()],
        metric: Annotated[str, Form()] = "",
        target: Annotated[str, Form()] = "",
        minutes: Annotated[str, Form()] = "",
        model: Annotated[str, Form()] = "pocket",
        agreed: Annotated[bool, Form()] = False,
    ) -> Response:
        found = uploads.get(identity)
        folder = StudyFolder(studio.shelf.place(name))
        if folder.path.exists() or studio.runs.running(name):
            raise StudyError(f"there is a study '{name}' already; valid is another name")
        wanted: dict[str, Any] = {"name": name, "model": model.strip() or "pocket"}
        wanted |= {"metric": metric} if metric else {}
        wanted |= {"target": _number("target", target, 1.0)} if target.strip() else {}
        wanted |= {"limits": LimitsSpec(minutes=_number("minutes", minutes, 1e5))} if minutes.strip() else {}
        drawn = _sketched(found, source, output)
        if metric and metric not in suiting(drawn.prepared.task.kind or "generate"):
            raise OptionError(f"the metric '{metric[:40]}' does not suit this task, which is to {drawn.prepared.task.kind}")
        task = found.task(name)
        write_text(task, drawn.changed(**wanted).text(" ".join(instruction.split()) or None))
        services = paid(task, folder.path)
        if services and not agreed:
            raise OptionError(
                f"this asks {' and '.join(services)}, which costs money or sends data away: agree to it first"
            )
        studio.runs.start(name, folder, task)
        return Response(status_code=204, headers={"HX-Redirect": f"/study/{name}"})


def _sketched(found: Upload, source: str, output: str) -> Sketch:
    try:
        return sketch(found.path, roles=(source or None, output or None))
    except CrossoverError as error:
        raise found.told(error) from error


def _number(name: str, text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise OptionError(f"{name}: received '{text[:40]}'; valid is a number from 0 to {most:g}") from error
    if not 0 <= value <= most:  # nor what is no number
        raise OptionError(f"{name}: received '{text[:40]}'; valid is a number from 0 to {most:g}")
    return value


def _free(studio: Studio, name: str) -> str:
    """The name, or one like it that no study has."""
    taken = {*studio.shelf.folders()}
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, 10_000))) if one not in taken)


def _preview(path: Path) -> list[dict[str, str]]:
    def short(value: Any) -> str:
        try:
            text = plain(value)
        except ValueError:
            text = str(value)
        return text if len(text) <= CELL else f"{text[:CELL]}…"

    return [{str(key): short(value) for key, value in row.fields.items()} for row in load_rows(path)[:ROWS]]


def _discard(made: Upload) -> None:
    made.path.unlink(missing_ok=True)
    made.path.parent.rmdir()
