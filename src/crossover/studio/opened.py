"""Candidates that can be asked: those of one base model share its weights and one thread, in which they take turns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from crossover.data.task import Task
from crossover.engine.follow import Answered, follow
from crossover.engine.render import Renderer
from crossover.errors import CrossoverError, ModelError, OptionError
from crossover.models.base import Concurrent, Model, Telling, is_control, replies_to_each
from crossover.serve.openai.hearing import Hearing
from crossover.studio.shelf import Missing
from crossover.study.folder import StudyFolder
from crossover.study.models import open_measured
from crossover.study.own import OwnCandidates
from crossover.study.paying import is_paid
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate, Message, Prompt, Reply, Request

MOST = 3  # base models that are held at a time


@dataclass(frozen=True)
class Lane:
    """A base model and the one thread that asks it."""

    model: Model
    thread: ThreadPoolExecutor
    renderers: dict[Prompt, Renderer] = field(default_factory=dict)

    def answer(self, candidate: Candidate, text: str, told: Callable[[str], None], left: Callable[[], bool]) -> Answered:
        """A candidate's answer, as it was measured. `told` of the text while it is written; `left`: nobody waits for it."""
        renderer = self.renderers.setdefault(candidate.prompt, Renderer(candidate.prompt))
        while len(self.renderers) > 16:
            del self.renderers[next(iter(self.renderers))]
        [found] = follow(candidate, renderer, [text], lambda requests: self._asked(requests, told, left))
        return found

    def _asked(self, requests: Sequence[Request], told: Callable[[str], None], left: Callable[[], bool]) -> list[Reply]:
        if left():
            return [Reply(error="nobody waits for it any more")] * len(requests)
        if len(requests) > 1 or requests[0].decoding.labels or not isinstance(self.model, Telling):
            return replies_to_each(self.model.complete(requests), requests, self.model)
        heard = _Heard(told, left)
        replies = self.model.tell(requests, [heard])
        heard.end()
        return replies_to_each(replies, requests, self.model)

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        """Have something done when it is its turn."""
        return self.thread.submit(work, *given)


class _Heard(Hearing):
    """Tells the whole text so far, and stops where nobody waits."""

    def __init__(self, told: Callable[[str], None], left: Callable[[], bool]) -> None:
        super().__init__(None, (), lambda text, tokens: told(self.text))
        self._is_left = left

    def hear(self, text: str, token: Any, place: int, complete: bool) -> bool:
        self.left = self._is_left()
        return super().hear(text, token, place, complete)


@dataclass(frozen=True)
class Turns:
    """A model of this machine for whoever asks much at a time: it takes its turn in the lane for each batch."""

    lane: Lane

    @property
    def identity(self) -> str:
        return self.lane.model.identity

    @property
    def local(self) -> bool:
        return self.lane.model.local

    @property
    def control(self) -> bool:
        return is_control(self.lane.model)

    @property
    def context_window(self) -> int:
        return self.lane.model.context_window

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.lane.model.count_tokens(messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        replies: list[Reply] = self.lane.submit(self.lane.model.complete, requests).result()
        return replies


@dataclass(frozen=True)
class Ready:
    """A candidate of a study, ready to be asked. `family`: its own, or of what it was edited from. `own`: made here."""

    id: str
    name: str
    family: str
    candidate: Candidate
    lane: Lane
    task: Task
    own: bool = False

    @property
    def paid(self) -> bool:
        """Whether asking it costs money, or sends data away."""
        return is_paid(self.task, self.candidate.model, self.lane.model)

    @property
    def asked(self) -> Model:
        """What answers many requests: a service sees to its own order."""
        return self.lane.model if isinstance(self.lane.model, Concurrent) else Turns(self.lane)


class Opened:
    """Opens candidates, and keeps the base models that were asked last."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[tuple[type, str], Lane] = OrderedDict()
        self._known: dict[tuple[str, str, int], Ready] = {}
        self._lock = threading.Lock()

    def ready(self, folder: StudyFolder, identity: str) -> Ready:
        """A finished study's candidate, or one that was made here, by its id. Raises `CrossoverError`."""
        stamp = folder.existing().decision.stat().st_mtime_ns
        key = (str(folder.path), identity, stamp)
        with self._lock:
            if key in self._known:
                return self._known[key]
            own = OwnCandidates(folder).get(identity)
            if own is not None:
                candidate, name, family = own.candidate, own.name, own.family
            else:
                candidate, row = self._row(folder, identity)
                name, family = row["name"], row["family"]
            task = read_task(folder)
            try:
                model = open_measured(folder, candidate, task.folder)
                if task.limits.data_stays_here and not model.local:
                    raise OptionError(f"limits.data_stays_here is true, and the model '{candidate.model}' runs elsewhere")
                lane = self._lane(model)
            except CrossoverError:
                raise
            except OSError as error:
                raise ModelError(f"the model '{candidate.model}' cannot be read: {error}") from error
            self._known[key] = Ready(identity, name, family, candidate, lane, task, own is not None)
            return self._known[key]

    def _row(self, folder: StudyFolder, identity: str) -> tuple[Candidate, dict[str, Any]]:
        if not any(row["id"] == identity for row in folder.read_decision()["candidates"] if row["status"] != "failed"):
            raise Missing("the study has no such candidate")
        return read_candidate(folder, identity)

    def _lane(self, model: Model) -> Lane:
        """The lane of a model, or of one that is the same; the one that was asked longest ago goes."""
        key = (type(model), model.identity)
        if key not in self._lanes:
            self._lanes[key] = Lane(model, ThreadPoolExecutor(1, thread_name_prefix="crossover-studio"))
            while len(self._lanes) > MOST:
                _, gone = self._lanes.popitem(last=False)
                gone.thread.shutdown(wait=False)
                self._known = {k: one for k, one in self._known.items() if one.lane is not gone}
        self._lanes.move_to_end(key)
        return self._lanes[key]
