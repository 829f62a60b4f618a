"""The playground: one input, several candidates side by side, each heard while it answers."""

from __future__ import annotations

import json
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from crossover.data.modelspec import prices_for
from crossover.decision import numbers
from crossover.decision.costs import Bill, Prices, way
from crossover.engine.follow import Answered
from crossover.errors import CrossoverError, StudyError
from crossover.models.base import Model, is_control
from crossover.serve.predict import NO_ANSWER
from crossover.studio.opened import Ready
from crossover.studio.shelf import Missing
from crossover.study.folder import StudyFolder, read_json
from crossover.study.own import PLACE, keep, writing
from crossover.types import Candidate, Usage

KEPT = 50  # runs that can still be looked at
REMEMBERED = 100  # entries of a study's history
HISTORY_FILE = "history.json"
HISTORY = 2_000_000  # characters of it


@dataclass(frozen=True)
class Share:
    """A label with its log-probability, and what it is of all labels' probability."""

    label: str
    logprob: float
    share: float


@dataclass(frozen=True)
class Result:
    """What a candidate answered. `raw`: its reply where that says more than the answer; `steps`: of a chain. `cost`: of
    this request, in words."""

    answer: str
    raw: str
    steps: dict[str, str]
    shares: tuple[Share, ...]
    usage: Usage
    cost: str


@dataclass
class Cell:
    """One candidate's part of a run. `text`: what is written so far."""

    ready: Ready
    candidate: Candidate
    text: str = ""
    result: Result | None = None
    error: str | None = None

    @property
    def edited(self) -> bool:
        return self.candidate is not self.ready.candidate

    @property
    def done(self) -> bool:
        return self.result is not None or self.error is not None


@dataclass
class Play:
    """One input, asked of several candidates at once."""

    folder: StudyFolder
    text: str
    cells: list[Cell]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    left: bool = False
    over: bool = False  # answered by all and in the history
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _settled: bool = False

    def begin(self) -> None:
        for cell in self.cells:
            try:
                future = cell.ready.lane.submit(self._answered, cell)
            except RuntimeError:  # its model was put away for another
                cell.error = "the model was put away meanwhile: run it again"
                continue
            future.add_done_callback(partial(self._finish, cell))
        self._settle()

    @property
    def done(self) -> bool:
        return all(cell.done for cell in self.cells)

    def _answered(self, cell: Cell) -> Answered:
        def told(text: str) -> None:
            cell.text = text

        return cell.ready.lane.answer(cell.candidate, self.text, told, lambda: self.left)

    def _finish(self, cell: Cell, done: Any) -> None:
        try:
            found: Answered = done.result()
            error = NO_ANSWER if found.says_nothing else found.reply.error
            if error is None:
                cell.result = _result(cell, found)
            else:
                cell.error = error
        except CrossoverError as error:
            cell.error = str(error)
        except Exception as error:  # noqa: BLE001  one candidate's failure is not the others'
            cell.error = f"it failed: {type(error).__name__}: {error}"
        self._settle()

    def _settle(self) -> None:
        """Put the run into the history once all have answered."""
        with self._lock:
            if self._settled or not self.done:
                return
            self._settled = True
        try:
            if not self.left:
                with suppress(StudyError):  # the study was deleted meanwhile, or the disk is full: the answers are there
                    remember(self)
        finally:
            self.over = True


def _result(cell: Cell, found: Answered) -> Result:
    how, reply = cell.candidate.decoding, found.reply
    shares: tuple[Share, ...] = ()
    if reply.label_scores and not how.pattern:
        bias = how.label_bias or (0.0,) * len(how.labels)
        scores = [score - own for score, own in zip(reply.label_scores, bias, strict=True)]
        most = max(scores)
        whole = sum(math.exp(score - most) for score in scores)
        shares = tuple(
            Share(label, raw, math.exp(score - most) / whole)
            for label, raw, score in zip(how.labels, reply.label_scores, scores, strict=True)
        )
        shares = tuple(sorted(shares, key=lambda one: -one.share))
    raw = reply.text if reply.text.strip() != found.answer else ""
    return Result(found.answer, raw, dict(found.steps), shares, reply.usage, cost_of(cell, reply.usage))


def cost_of(cell: Cell, usage: Usage) -> str:
    """What a request cost, by the way that the study reckons."""
    task, model = cell.ready.task, cell.ready.lane.model
    prices = Prices.of(task.limits, prices_for(cell.candidate.model, task.models, task.prices))
    rates, paid = prices.rates(), way(_bill(cell, model), prices)
    if paid == "hosted":
        return "within the deployment"
    if paid == "machine":
        amount = usage.seconds * rates.second
    elif paid == "tokens":
        fresh = usage.tokens_in - usage.cached_in
        amount = fresh * rates.input + usage.cached_in * rates.cached + usage.tokens_out * rates.output
    else:
        amount = usage.money
    return numbers.money(float(amount), prices.currency)


def _bill(cell: Cell, model: Model) -> Bill:
    return Bill((), (), local=model.local, control=is_control(model), tuned=cell.candidate.weights is not None)


class Plays:
    """The runs of late."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Play] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, folder: StudyFolder, text: str, cells: Sequence[Cell]) -> Play:
        play = Play(folder, text, list(cells))
        with self._lock:
            self._known[play.id] = play
            while len(self._known) > KEPT:
                self._known.popitem(last=False)[1].left = True
        play.begin()
        return play

    def get(self, identity: str) -> Play:
        """Raises `Missing`."""
        with self._lock:
            found = self._known.get(identity)
        if found is None:
            raise Missing("that run is not known any more: run it again")
        return found


def remember(play: Play) -> None:
    """Add a run to its study's history."""
    cells = [
        {
            "id": cell.ready.id,
            "name": cell.ready.name,
            "edited": cell.edited,
            "instruction": cell.candidate.prompt.instruction,
            "template": cell.candidate.prompt.template,
            "temperature": cell.candidate.decoding.temperature,
            "answer": cell.result.answer if cell.result else None,
            "error": cell.error,
            "milliseconds": round(1000 * cell.result.usage.seconds, 1) if cell.result else None,
        }
        for cell in play.cells
    ]
    entry = {"id": play.id, "at": datetime.now(UTC).isoformat(timespec="seconds"), "input": play.text, "cells": cells}
    with writing(play.folder):
        entries = [*_read(play.folder), entry][-REMEMBERED:]
        while len(entries) > 1 and sum(len(json.dumps(one)) for one in entries) > HISTORY:
            del entries[0]
        keep(play.folder, HISTORY_FILE, entries)


def history(folder: StudyFolder) -> list[dict[str, Any]]:
    """A study's runs, the latest first; damaged ones count as none."""
    return _read(folder)[::-1]


def _place(folder: StudyFolder) -> Any:
    return folder.path / PLACE / HISTORY_FILE


def _read(folder: StudyFolder) -> list[dict[str, Any]]:
    if not _place(folder).is_file():
        return []
    try:
        body = read_json(_place(folder))
    except StudyError:
        return []
    return [one for one in body if _is_entry(one)] if isinstance(body, list) else []


def _is_entry(one: Any) -> bool:
    texts = isinstance(one, dict) and all(isinstance(one.get(key), str) for key in ("id", "at", "input"))
    cells = one.get("cells") if texts else None
    return isinstance(cells, list) and all(
        isinstance(cell, dict)
        and {"edited", "answer"} <= cell.keys()
        and all(isinstance(cell.get(key), str) for key in ("id", "name"))
        for cell in cells
    )
