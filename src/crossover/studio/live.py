"""A study while it runs: what is under way, the best so far, what it took; read only, but for stop and continue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response

from crossover.engine.journal import JournalReader
from crossover.errors import CrossoverError
from crossover.report import plots
from crossover.report.svg import FAMILIES
from crossover.studio.parts import Studio
from crossover.studio.runs import Ended
from crossover.studio.shelf import Missing
from crossover.studio.view import DRAWING, bare
from crossover.study.folder import StudyFolder
from crossover.study.progress import Progress, read_progress
from crossover.study.remaining import time_left
from crossover.study.results import Results
from crossover.types import Epoch, Usage


@dataclass(frozen=True)
class Live:
    """`runs`: some process works on it. `ended`: how a run that was started here ended. `tuning`: the epochs so far
    of a tune that is under way."""

    runs: bool
    progress: Progress | None
    calls: int
    usage: Usage
    seconds: float
    ended: Ended | None
    tuning: tuple[Epoch, ...] = ()

    @property
    def curves(self) -> tuple[str, str] | None:
        """The losses and dev's metric of the tune that is under way, drawn."""
        return _drawn(self.tuning) if self.tuning else None

    @property
    def percent(self) -> int:
        """What is done, at most 99: what still runs is not finished."""
        return min(round(100 * self.progress.share), 99) if self.progress else 0

    @property
    def left(self) -> str:
        known = self.progress is not None and (self.progress.stage or self.progress.seconds is not None)
        return time_left(self.progress.seconds) if self.progress and known else "getting ready"


def live_of(studio: Studio, name: str) -> Live:
    """How a study stands now. Raises `Missing`."""
    started, ended = studio.runs.running(name), studio.runs.ended(name)
    folder = studio.shelf.folders().get(name)
    if folder is None and not started and ended is None:
        raise Missing("there is no such study here")
    progress = read_progress(folder) if folder else None
    calls, usage, seconds, tuning = _journaled(folder) if folder else (0, Usage(), 0.0, ())
    return Live(started or progress is not None, progress, calls, usage, seconds, ended, tuning)


def _journaled(folder: StudyFolder) -> tuple[int, Usage, float, tuple[Epoch, ...]]:
    try:
        journal = JournalReader(folder.journal)
    except CrossoverError:
        return 0, Usage(), 0.0, ()
    try:
        return *journal.spent(), journal.wall_seconds(), tuple(Epoch(**epoch) for epoch in journal.under_way())
    finally:
        journal.close()


@lru_cache(16)
def _drawn(tuning: tuple[Epoch, ...]) -> tuple[str, str]:
    colour = FAMILIES["weights"]
    with DRAWING:
        drawn = [
            plots.losses(tuning, colour, "live-loss", "Loss by epoch so far, on train and dev"),
            plots.scores(tuning, colour, "live-score", "The metric on dev by epoch so far"),
        ]
    loss, score = bare(drawn)
    return loss, score


def add_live(app: FastAPI, studio: Studio) -> None:
    @app.get("/study/{name}/live")
    def live(name: str, was: bool = False) -> Response:
        """The part of the page that moves. Once a run is over the page is loaded anew: the verdict is on it."""
        found = live_of(studio, name)
        more = {"HX-Refresh": "true"} if was and not found.runs else {}
        filled = studio.pages.render("moving.html", name=name, live=found, results=results_of(studio, name))
        return HTMLResponse(filled, headers=more)

    @app.post("/study/{name}/stop")
    def stop(name: str) -> Response:
        studio.runs.stop(name, _folder(studio, name))
        return Response(status_code=204, headers={"HX-Trigger": '{"said": "interrupted: it ends after what is under way"}'})

    @app.post("/study/{name}/continue")
    def go_on(name: str) -> Response:
        live_of(studio, name)
        studio.runs.go_on(name, _folder(studio, name), results_of(studio, name))
        return Response(status_code=204, headers={"HX-Refresh": "true"})


def _folder(studio: Studio, name: str) -> StudyFolder:
    """Its folder, or where that will be: a run may end before it is made. Raises `StudyError` for what is no name."""
    return studio.shelf.folders().get(name) or StudyFolder(studio.shelf.place(name))


def results_of(studio: Studio, name: str) -> Results | None:
    """What there is of a study, or nothing."""
    folder = studio.shelf.folders().get(name)
    return studio.shelf.shown(name, folder).results if folder else None
