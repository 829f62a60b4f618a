"""The playground's routes: the page, a run and its stream, and an edit that becomes a candidate."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from crossover.data.text import is_blank
from crossover.errors import CrossoverError, OptionError
from crossover.studio.compare import table
from crossover.studio.editing import FIELDS, edited
from crossover.studio.opened import Ready
from crossover.studio.parts import Studio
from crossover.studio.play import Cell, Play, history
from crossover.studio.shelf import Missing
from crossover.study.folder import StudyFolder
from crossover.study.own import Own, OwnCandidates, dev_rows
from crossover.study.results import Results
from crossover.types import Candidate

MOST = 4  # candidates side by side
PAUSE = 0.05  # seconds between two looks at what is written
LISTED = 12  # entries of the history that the page shows
SHOWN = 6  # labels with their probabilities

Use = Annotated[list[str] | None, Query()]


def add_play(app: FastAPI, studio: Studio) -> None:
    @app.get("/study/{name}/play")
    def page(name: str, use: Use = None, again: str = "") -> HTMLResponse:
        folder = studio.shelf.get(name)
        results = finished(studio, folder)
        offered = _offered(folder, results)
        entry = next((one for one in history(folder) if one["id"] == again), None)
        wanted = use or ([cell["id"] for cell in entry["cells"]] if entry else usual(results))
        used = [identity for identity in dict.fromkeys(wanted) if identity in offered][:MOST]
        columns, troubles = [], []
        for identity in used:
            try:
                columns.append(studio.opened.ready(folder, identity))
            except CrossoverError as error:
                troubles.append(f"{offered[identity][0]}: {error}")
        return studio.page(
            "play.html",
            name=name,
            offered=offered,
            columns=columns,
            troubles=troubles,
            earlier={cell["id"]: cell for cell in entry["cells"]} if entry else {},
            text=entry["input"] if entry else "",
            most=MOST,
            **_compared(studio, folder, results),
            history=history(folder)[:LISTED],
        )

    @app.get("/study/{name}/play/row")
    def row(name: str) -> HTMLResponse:
        """The input of a dev row, any: not of the test split, which nothing is to be made by."""
        chosen = random.choice(dev_rows(studio.shelf.get(name)))
        return studio.page("input.html", text=chosen.input, gold=chosen.output)

    @app.get("/study/{name}/play/history")
    def past(name: str) -> HTMLResponse:
        return studio.page("history.html", name=name, history=history(studio.shelf.get(name))[:LISTED])

    @app.post("/study/{name}/play")
    async def play(name: str, request: Request) -> HTMLResponse:
        form = await request.form()
        begun = await run_in_threadpool(_begin, studio, name, form)
        return studio.page("playing.html", name=name, play=begun)

    @app.get("/study/{name}/play/{run}/events")
    async def events(name: str, run: str) -> StreamingResponse:
        found = studio.plays.get(run)
        if found.folder != studio.shelf.get(name):
            raise Missing("there is no such run of this study")
        return StreamingResponse(_events(studio, found), media_type="text/event-stream")

    @app.post("/study/{name}/candidates")
    async def make(name: str, request: Request) -> HTMLResponse:
        form = await request.form()
        return await run_in_threadpool(_make, studio, name, form)

    @app.get("/study/{name}/candidates")
    def own(name: str) -> HTMLResponse:
        folder = studio.shelf.get(name)
        return studio.page("own.html", name=name, **_compared(studio, folder, finished(studio, folder)))

    @app.post("/study/{name}/candidates/{identity}/measure")
    def measure(name: str, identity: str, agreed: Annotated[bool, Form()] = False) -> HTMLResponse:
        folder = studio.shelf.get(name)
        if (found := OwnCandidates(folder).get(identity)) is None:
            raise Missing("there is no such candidate")
        ready = studio.opened.ready(folder, identity)
        check_agreed([ready], agreed)
        studio.comparing.begin(folder, ready, found)
        return own(name)

    @app.delete("/study/{name}/candidates/{identity}")
    def take_away(name: str, identity: str) -> HTMLResponse:
        OwnCandidates(studio.shelf.get(name)).take_away(identity)
        return own(name)


def check_agreed(every: Sequence[Ready], agreed: bool) -> None:
    """Raise `OptionError` where many calls would cost money or send data away, and nobody agreed to it."""
    services = dict.fromkeys(ready.candidate.model for ready in every if ready.paid)
    if services and not agreed:
        raise OptionError(f"this asks {' and '.join(services)}, which costs money or sends data away: agree to it first")


def finished(studio: Studio, folder: StudyFolder) -> Results:
    """Raises `Missing` for a study without a verdict: its candidates are not all there."""
    if folder.begun:
        raise Missing("this study has no verdict yet: its candidates can be tried once it has")
    return studio.shelf.results(folder)


def _compared(studio: Studio, folder: StudyFolder, results: Results) -> dict[str, Any]:
    under_way = studio.comparing.under_way(folder)
    lines = table(folder, results, under_way)
    picked = "choice" if results.decision["verdict"]["choice"] else "for now"
    rows = int(results.decision["splits"]["dev"])
    return {
        "lines": lines,
        "measuring": bool(under_way),
        "rows": rows,
        "picked": picked,
        "folds": results.decision.get("folds"),
        "paid": [line.id for line in lines if line.own and not line.dev and _is_paid(studio, folder, line.id)],
    }


def _is_paid(studio: Studio, folder: StudyFolder, identity: str) -> bool:
    try:
        return studio.opened.ready(folder, identity).paid
    except CrossoverError:  # which is said once it is to be asked
        return False


def _offered(folder: StudyFolder, results: Results) -> dict[str, tuple[str, str]]:
    """Id -> name and family of what can be asked, each candidate once."""
    found = {c.id: (c.name, str(c.family)) for c in results.candidates if c.status != "failed" and c.same_as is None}
    return found | {own.id: (own.name, own.family) for own in OwnCandidates(folder).every()}


def usual(results: Results) -> list[str]:
    """The bare prompt, and the best on dev of each family that has a language model."""
    found = [c for c in results.candidates if c.dev and c.same_as is None and c.family != "control"]
    base = [c.id for c in found if c.rung == "baseline"][:1]
    best = [
        max((c for c in found if c.family == family), key=lambda c: c.dev.value if c.dev else 0.0).id
        for family in ("prompt", "weights", "hybrid")
        if any(c.family == family for c in found)
    ]
    return list(dict.fromkeys([*base, *best]))[:MOST] or [c.id for c in results.candidates if c.dev][:1]


def _fields(form: FormData, identity: str) -> dict[str, str]:
    """What the fields of a column say."""
    given = {name: form.get(f"{name}-{identity}") for name in FIELDS}
    return {name: value for name, value in given.items() if isinstance(value, str)}


def _edited(form: FormData, ready: Ready, name: str = "") -> Candidate:
    plain = form.get(f"demonstrations-{ready.id}") == "none"
    return edited(ready.candidate, _fields(form, ready.id), name, plain)


def _begin(studio: Studio, name: str, form: FormData) -> Play:
    folder = studio.shelf.get(name)
    finished(studio, folder)
    text = str(form.get("input", "")).replace("\r\n", "\n")
    if is_blank(text):
        raise OptionError("the input is empty; valid is a text with something to answer")
    used = list(dict.fromkeys(str(one) for one in form.getlist("use")))
    if not 1 <= len(used) <= MOST:
        raise OptionError(f"received {len(used)} candidates; valid are 1 to {MOST}")
    every = [studio.opened.ready(folder, identity) for identity in used]
    return studio.plays.begin(folder, text, [Cell(ready, _edited(form, ready)) for ready in every])


def _make(studio: Studio, name: str, form: FormData) -> HTMLResponse:
    """An edit becomes a candidate, and meets dev."""
    folder = studio.shelf.get(name)
    results = finished(studio, folder)
    ready = studio.opened.ready(folder, str(form.get("of", "")))
    known = {shown for shown, _ in _offered(folder, results).values()}
    written = str(form.get(f"name-{ready.id}", ""))
    called = " ".join("".join(c if c.isprintable() else " " for c in written).split())[:80]
    if ":" in called:
        raise OptionError("a name has no ':', as STUDY:NAME is how a candidate is named elsewhere; valid is another name")
    called = called or next(f"{ready.name} edited {n}" for n in range(1, 10_000) if f"{ready.name} edited {n}" not in known)
    candidate = _edited(form, ready, called)
    check_agreed([ready], form.get("agreed") == "true")
    if candidate is ready.candidate:
        raise OptionError(f"nothing of '{ready.name}' was edited: it is in the comparison already")
    same = next((shown for identity, (shown, _) in _offered(folder, results).items() if identity == candidate.id), None)
    if same is not None:
        raise OptionError(f"that is the candidate '{same}', which is in the comparison already")
    if called in known:
        raise OptionError(f"there is a candidate called '{called}' already; valid is another name")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    own = Own(candidate.id, called, ready.family, ready.id, candidate, now)
    OwnCandidates(folder).put(own)
    studio.comparing.begin(folder, replace(ready, id=own.id, name=called, candidate=candidate, own=True), own)
    return studio.page("own.html", name=name, **_compared(studio, folder, results))


async def _events(studio: Studio, play: Play) -> AsyncIterator[str]:
    """What is new of each cell, and the end. Who goes before it is not waited for: what is not begun is not asked."""
    seen: dict[int, tuple[str, bool]] = {}
    try:
        while True:
            over = play.over  # before the cells are looked at, so that the last words are sent
            for number, cell in enumerate(play.cells):
                state = (cell.text, cell.done)
                if state != seen.get(number, ("", False)):
                    seen[number] = state
                    body = {"cell": cell.ready.id, "text": cell.text[-20_000:]}
                    if cell.done:
                        body["html"] = studio.pages.render("answer.html", cell=cell, most=SHOWN)
                    yield f"data: {json.dumps(body)}\n\n"
            if over:
                yield "event: end\ndata: {}\n\n"
                return
            await asyncio.sleep(PAUSE)
    finally:
        play.left = not play.done
