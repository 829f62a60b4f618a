"""The routes of rows: where candidates disagree, corrections, and what to label next."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from crossover.data.load import check_columns, endings, load_rows, render_input, whole_ending
from crossover.data.task import Task
from crossover.data.template import columns_of
from crossover.data.textfile import lines_of
from crossover.errors import CrossoverError, DataError, OptionError
from crossover.studio.opened import Ready
from crossover.studio.overlay import Overlay, effects, label_of
from crossover.studio.parts import Studio
from crossover.studio.playing import check_agreed, finished, usual
from crossover.studio.rows import AnsweredRow, By, Split, rows_of
from crossover.studio.shelf import Missing
from crossover.studio.worth import Ranking
from crossover.study.folder import StudyFolder
from crossover.study.read import read_task
from crossover.study.results import Results

PAGE = 20
COMMITTEE = 3  # candidates that say what to label next
SHOWN = 100  # ranked rows on the page
Number = Annotated[int, Query(ge=1, le=100_000)]


def add_rows(app: FastAPI, studio: Studio) -> None:
    @app.get("/study/{name}/rows")
    def page(name: str, split: Split = "dev", by: By = "candidates", number: Number = 1) -> HTMLResponse:
        folder = studio.shelf.get(name)
        results, task = finished(studio, folder), read_task(folder)
        every = rows_of(folder, results, split, by)
        pages = max(1, -(-len(every) // PAGE))
        number = min(number, pages)
        corrected = Overlay(folder).read()
        return studio.page(
            "rows.html",
            name=name,
            split=split,
            by=by,
            number=number,
            pages=pages,
            total=len(every),
            shown=every[PAGE * (number - 1) : PAGE * number],
            corrected=corrected,
            effects=effects(folder, results, split, corrected),
            metric=results.task["metric"],
            **_choices(task),
        )

    @app.post("/study/{name}/rows")
    def correct(
        name: str,
        row: Annotated[str, Form()],
        what: Annotated[Literal["set", "right", "unclear", "back"], Form()],
        split: Annotated[Split, Form()] = "dev",
        now: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        folder = studio.shelf.get(name)
        found, task, overlay = _row(folder, finished(studio, folder), split, row), read_task(folder), Overlay(folder)
        if what == "back":
            overlay.take_back(found.id)
        else:
            said = label_of(task, now) if what == "set" else found.gold if what == "right" else None
            overlay.put(found, split, said)
        return studio.page("row.html", name=name, row=found, split=split, corrected=overlay.read(), **_choices(task))

    @app.get("/study/{name}/corrections.jsonl")
    def corrections(name: str) -> Response:
        return _file(Overlay(studio.shelf.get(name)).lines(), "corrections.jsonl")

    @app.get("/study/{name}/next")
    def ahead(name: str) -> HTMLResponse:
        folder = studio.shelf.get(name)
        results = finished(studio, folder)
        names = {c.id: c.name for c in results.candidates if c.same_as is None}
        who = [names[identity] for identity in usual(results)[-COMMITTEE:]]
        services = list(dict.fromkeys(one.candidate.model for one in _committee(studio, folder, results)[0] if one.paid))
        return studio.page("next.html", name=name, who=who, services=services, endings=endings())

    @app.post("/study/{name}/next")
    async def rank(name: str, request: Request) -> HTMLResponse:
        form = await request.form()
        return await run_in_threadpool(_rank, studio, name, form)

    @app.get("/study/{name}/next/{identity}")
    def ranking(name: str, identity: str) -> HTMLResponse:
        return _ranked(studio, name, studio.rankings.get(identity, str(studio.shelf.get(name).path)))

    @app.get("/study/{name}/next/{identity}/rows.jsonl")
    def ranked_rows(name: str, identity: str) -> Response:
        return _file(studio.rankings.get(identity, str(studio.shelf.get(name).path)).lines(), "to-label.jsonl")


def _file(text: str, name: str) -> Response:
    found = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/x-ndjson", headers=found)


def _choices(task: Task) -> dict[str, object]:
    return {"labels": list(task.labels) if task.kind == "classify" else [], "kind": task.kind}


def _row(folder: StudyFolder, results: Results, split: Split, identity: str) -> AnsweredRow:
    kinds: tuple[By, ...] = ("candidates", "label")
    found = next((row for by in kinds for row in rows_of(folder, results, split, by) if row.id == identity), None)
    if found is None:
        raise Missing("there is no such row among those that are shown")
    return found


def _rank(studio: Studio, name: str, form: FormData) -> HTMLResponse:
    folder = studio.shelf.get(name)
    results = finished(studio, folder)
    texts = _texts(form, read_task(folder))
    committee, trouble = _committee(studio, folder, results)
    if not committee:
        raise trouble or OptionError("the study has no candidate that could be asked")
    check_agreed(committee, form.get("agreed") == "true")
    return _ranked(studio, name, studio.rankings.begin(str(folder.path), texts, committee))


def _committee(studio: Studio, folder: StudyFolder, results: Results) -> tuple[list[Ready], CrossoverError | None]:
    """Those that can be asked, and why another cannot."""
    found, trouble = [], None
    for identity in usual(results)[-COMMITTEE:]:
        try:
            found.append(studio.opened.ready(folder, identity))
        except CrossoverError as error:
            trouble = error
    return found, trouble


def _ranked(studio: Studio, name: str, ranking: Ranking) -> HTMLResponse:
    return studio.page("ranked.html", name=name, ranking=ranking, most=SHOWN)


def _texts(form: FormData, task: Task) -> list[str]:
    """Inputs of a file, or lines. Raises `DataError`, `OptionError`."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return [line.strip() for line in lines_of(str(form.get("lines", "")))]
    ending = Path(file.filename).suffix.lower()
    content = file.file.read()
    if ending == ".txt":
        try:
            return [line.strip() for line in lines_of(content.decode("utf-8-sig"))]
        except UnicodeDecodeError as error:
            raise DataError("the file is not UTF-8 text; save it as UTF-8") from error
    ending = whole_ending(file.filename)
    with tempfile.TemporaryDirectory(prefix="crossover-") as place:
        path = Path(place) / f"rows{ending}"
        path.write_bytes(content)
        try:
            rows = load_rows(path)
            check_columns(rows, columns_of(task.input), "the file")
            return [render_input(task, row) for row in rows]
        except DataError as error:
            raise DataError(str(error).replace(f"{path}", "the file")) from error
