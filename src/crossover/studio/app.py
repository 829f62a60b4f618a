"""The studio's ASGI application: its parts, its pages of studies, and how what goes wrong is said."""

from __future__ import annotations

import secrets
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from crossover.errors import CrossoverError
from crossover.report.page import render as report_page
from crossover.studio.correcting import add_rows
from crossover.studio.guard import Guard
from crossover.studio.live import add_live, live_of
from crossover.studio.new import add_new
from crossover.studio.pages import Pages, report_style
from crossover.studio.parts import Studio
from crossover.studio.playing import add_play
from crossover.studio.runs import Runs
from crossover.studio.shelf import Missing, Shelf
from crossover.studio.view import study_context
from crossover.study.progress import read_progress

STATIC = Path(__file__).with_name("static")
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "LICENSE": "text/plain"}
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def build(root: Path, key: str | None = None, local: bool = True) -> Guard:
    """The application over a folder of studies, or one study. `key` and `local`: as the guard has them."""
    token = secrets.token_urlsafe(24)
    shelf = Shelf(root)
    studio = Studio(shelf, Pages(token), Runs(shelf.own))
    app = FastAPI(title="Crossover studio", docs_url=None, redoc_url=None, openapi_url=None)
    _tell_errors(app, studio)
    _add_files(app)
    _add_studies(app, studio)
    add_live(app, studio)
    add_play(app, studio)
    add_rows(app, studio)
    add_new(app, studio)
    return Guard(app, token, key, local)


def _tell_errors(app: FastAPI, studio: Studio) -> None:
    """Whatever goes wrong: a page where somebody went to one, a sentence where a part of a page was asked for."""

    def told(request: Request, status: int, sentence: str) -> Response:
        if request.headers.get("hx-request") or request.method not in ("GET", "HEAD"):
            return PlainTextResponse(sentence, status)
        return studio.page("error.html", status, sentence=sentence)

    @app.exception_handler(CrossoverError)
    def ours(request: Request, error: CrossoverError) -> Response:
        return told(request, 404 if isinstance(error, Missing) else 400, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        return told(request, 400, f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        return told(request, error.status_code, "there is no such page" if error.status_code == 404 else str(error.detail))

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        return told(request, 500, f"a mistake of Crossover's own: {type(error).__name__}")


def _add_files(app: FastAPI) -> None:
    files = {path.name: path for path in STATIC.iterdir() if path.suffix.lstrip(".") in KINDS}

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name == "report.css":
            return Response(report_style(), media_type="text/css")
        if name not in files:
            raise HTTPException(404)
        return FileResponse(files[name], media_type=KINDS[files[name].suffix.lstrip(".")])


def _add_studies(app: FastAPI, studio: Studio) -> None:
    @app.get("/")
    def studies() -> HTMLResponse:
        every = studio.shelf.listed()
        runs = {one.name for one in every if read_progress(one.folder) is not None}
        return studio.page("studies.html", studies=every, runs=runs, root=str(studio.shelf.root))

    @app.get("/study/{name}")
    def study(name: str) -> HTMLResponse:
        live, folder = live_of(studio, name), studio.shelf.folders().get(name)
        shown = studio.shelf.shown(name, folder) if folder else None
        context = study_context(shown.results) if shown and shown.results else {"results": None}
        return studio.page("study.html", name=name, shown=shown, live=live, **context)

    @app.get("/study/{name}/report")
    def report(name: str) -> HTMLResponse:
        """Written anew, whatever lies in the folder; it has no script and is let have none."""
        page = report_page(studio.shelf.results(studio.shelf.get(name)))
        return HTMLResponse(page, headers={"content-security-policy": REPORT_POLICY})
