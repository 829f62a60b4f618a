"""What the requests of a server do next: labels are scored in batches, free text is written row beside row.

A step reads who has come, scores one batch of labels, and writes one token of every row of every running batch: so nobody
waits for another's end, and who streams waits for one batch at the most.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from crossover.errors import ModelError
from crossover.models.base import Listener
from crossover.models.hf.chat import Chat
from crossover.models.hf.folder import first_line
from crossover.models.hf.generation import ROWS, ROWS_ELSEWHERE, Draft, Job
from crossover.models.hf.labels import LabelTree, Scores, score_packed, score_plain
from crossover.models.hf.pool import ADAPTERS
from crossover.models.hf.prefixes import Prefixes
from crossover.models.hf.recurring import Recurring
from crossover.models.hf.room import LOG, tokens_at_once, tokens_kept
from crossover.models.hf.running import ActiveRequest, Ended, Running, RunningPlain, advance
from crossover.models.hf.turns import Turns
from crossover.models.hf.writing import replied
from crossover.models.kernels import ran_out
from crossover.models.serving import Asked
from crossover.types import Reply, Request, Weights

WEIGHTS = 16  # of which it is known what their prompts begin with
Key = tuple[str, tuple[int, ...]]  # the hash of the weights, and the beginning


class Answering(Protocol):
    """What a model does with requests, one at a time or many."""

    @property
    def packed(self) -> bool: ...
    @property
    def prefixes(self) -> Prefixes: ...
    @property
    def chat(self) -> Chat: ...
    def prepared(self, requests: Sequence[Request]) -> list[list[int] | Reply]: ...
    def using(self, weights: Weights | None) -> AbstractContextManager[Any]: ...
    def tree(self, labels: tuple[str, ...]) -> LabelTree: ...
    def job(self, request: Request, prompt: Sequence[int], listener: Listener | None) -> Job: ...
    def ended(self, model: Any) -> Ended: ...
    def labelled(
        self, asked: Sequence[Request], prompts: Sequence[Sequence[int]], scored: Iterable[Scores], started: float
    ) -> Iterator[tuple[int, Reply]]: ...


@dataclass(eq=False)
class _Ready:
    asked: Asked
    prompt: list[int]
    beginning: tuple[int, ...]

    @property
    def key(self) -> Key:
        return _sha(self.asked.request.weights), self.beginning


class Scheduler:
    """An engine (`models/serving.py`) of a model."""

    def __init__(self, model: Answering, device: str) -> None:
        self._model = model
        self._most = ROWS.get(torch.device(device).type, ROWS_ELSEWHERE)
        self._new: list[Asked] = []
        self._labels: deque[_Ready] = deque()
        self._texts: deque[_Ready] = deque()
        self._running: dict[Key, Running | RunningPlain] = {}
        self._recurring: OrderedDict[str, Recurring] = OrderedDict()
        self._turns = {"full": Turns(1), "adapter": Turns(ADAPTERS)}

    @property
    def busy(self) -> bool:
        return bool(self._new or self._labels or self._texts or self._running)

    def takes(self, request: Request) -> bool:
        new = sum(bool(asked.request.decoding.labels) == bool(request.decoding.labels) for asked in self._new)
        if request.decoding.labels:
            return new + len(self._labels) < self._most
        return new + len(self._texts) + self._rows < self._most

    def add(self, asked: Asked) -> None:
        self._new.append(asked)

    def step(self) -> int:
        self._read()
        self._take_turns()
        return (self._score() if self._labels else 0) + self._write()

    def give_up(self) -> None:
        self._new.clear()
        self._labels.clear()
        self._texts.clear()
        self._running.clear()

    @property
    def _rows(self) -> int:
        return sum(len(running.rows) for running in self._running.values())

    def _read(self) -> None:
        """Prompts of who has come."""
        new, self._new = [asked for asked in self._new if not asked.gone()], []
        for asked, prompt in zip(new, self._model.prepared([asked.request for asked in new]), strict=True):
            if isinstance(prompt, Reply):
                asked.done(prompt)
                continue
            beginning = self._recurs(_sha(asked.request.weights)).beginning(prompt) if self._model.packed else ()
            ready = _Ready(asked, prompt, beginning)
            (self._labels if asked.request.decoding.labels else self._texts).append(ready)

    def _recurs(self, sha: str) -> Recurring:
        """What the prompts for some weights begin with; of those that were asked longest ago it is forgotten."""
        found = self._recurring.setdefault(sha, Recurring())
        self._recurring.move_to_end(sha)
        if len(self._recurring) > WEIGHTS:
            self._recurring.popitem(last=False)
        return found

    def _take_turns(self) -> None:
        """Weights of which more are asked than are kept loaded are not loaded anew at each step."""
        waiting = [*(row.asked for running in self._running.values() for row in running.rows[:1])]
        waiting += [ready.asked for ready in (*self._labels, *self._texts)]
        asked = [weights for one in waiting if (weights := one.request.weights)]
        for kind, turns in self._turns.items():
            turns.take(weights.sha256 for weights in asked if weights.kind == kind)

    def _now(self, weights: Weights | None) -> bool:
        return weights is None or weights.kind not in self._turns or self._turns[weights.kind].has(weights.sha256)

    def _score(self) -> int:
        """Score a batch that begins like the prompt that waits longest, and has its labels."""
        self._labels = deque(ready for ready in self._labels if not ready.asked.gone())
        first = next((ready for ready in self._labels if self._now(ready.asked.request.weights)), None)
        if first is None:
            return 0
        request, batch = first.asked.request, list[_Ready]()
        weights, labels = request.weights, request.decoding.labels
        try:
            with self._model.using(weights) as model:
                started, tree, room = time.perf_counter(), self._model.tree(labels), tokens_at_once(model)
                for ready in self._labels:
                    if ready.key == first.key and ready.asked.request.decoding.labels == labels:
                        room -= len(ready.prompt) - len(ready.beginning) + len(tree.tree.tokens)
                        if batch and (room < 0 or not self._model.packed):
                            break
                        batch.append(ready)
                prompts = [ready.prompt for ready in batch]
                if self._model.packed:
                    scored = score_packed(model, prompts, tree, self._model.prefixes.get(model, *first.key))
                else:
                    scored = score_plain(model, prompts, tree)
                replies = dict(self._model.labelled([r.asked.request for r in batch], prompts, scored, started))
        except ModelError as error:  # these weights do not load; others may
            batch = batch or [first]
            replies = dict.fromkeys(range(len(batch)), Reply(error=str(error)))
        chosen = set(map(id, batch))
        self._labels = deque(ready for ready in self._labels if id(ready) not in chosen)
        for i, ready in enumerate(batch):
            ready.asked.done(replies[i])
        return len(batch)

    def _write(self) -> int:
        """A token of every row, in one pass for each set of weights, with the prompts of who joins."""
        self._texts = deque(ready for ready in self._texts if not ready.asked.gone())
        weights = {row.asked.request.weights: None for running in self._running.values() for row in running.rows[:1]}
        weights |= {ready.asked.request.weights: None for ready in self._texts}
        count = 0
        for own in filter(self._now, weights):
            try:
                with self._model.using(own) as model:
                    count += self._advance(model, _sha(own))
            except ModelError as error:  # these weights do not load; others may
                lost = [key for key in self._running if key[0] == _sha(own)]
                failed = [row.asked for key in lost for row in self._running.pop(key).rows]
                failed += [ready.asked for ready in self._texts if ready.key[0] == _sha(own)]
                self._texts = deque(ready for ready in self._texts if ready.key[0] != _sha(own))
                for asked in failed:
                    asked.done(Reply(error=str(error)))
        return count

    def _advance(self, model: Any, sha: str) -> int:
        """With one set of weights."""
        joins = self._joining(model, sha)
        mine = {key: running for key, running in self._running.items() if key[0] == sha}
        batches = [(running, joins.get(key, [])) for key, running in mine.items()]
        every = [row for running, joining in batches for row in [*running.rows, *joining]]
        try:
            finished, ended = list[ActiveRequest](), self._model.ended(model)
            for running, joining in batches:
                if isinstance(running, RunningPlain):
                    finished += running.advance(model, joining, ended)
            packed = [(running, joining) for running, joining in batches if isinstance(running, Running)]
            finished += advance(model, packed, ended)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            finished = []
            self._begin_again(every, first_line(error))
            for key in mine:
                del self._running[key]
        for key, running in mine.items():
            if not running.rows:
                self._running.pop(key, None)
        for row in finished:
            row.asked.done(replied(row.draft, self._model.chat, row.seconds))
        return len(every)

    def _joining(self, model: Any, sha: str) -> dict[Key, list[ActiveRequest]]:
        """Rows that join the running batches of some weights: those that wait longest, as many as there is room for."""
        joins: dict[Key, list[ActiveRequest]] = defaultdict(list)
        waiting = [ready for ready in self._texts if ready.key[0] == sha]
        if not waiting:
            return joins
        at_once, kept, rows = tokens_at_once(model), tokens_kept(model), self._rows
        for ready in waiting:
            job = self._model.job(ready.asked.request, ready.prompt, ready.asked.listener)
            if ready.key not in self._running:
                packs = self._model.packed
                self._running[ready.key] = Running(self._model.prefixes.get(model, *ready.key)) if packs else RunningPlain()
            at_once -= len(ready.prompt) - len(ready.beginning)
            more = {key: [row.draft.job for row in own] for key, own in joins.items()}
            more[ready.key] = [*more.get(ready.key, []), job]
            taken = sum(running.kept(more.get(key, ())) for key, running in self._running.items())
            if rows and (rows >= self._most or taken > kept or (joins and at_once < 0)):
                break
            self._texts.remove(ready)
            try:
                joins[ready.key].append(ActiveRequest(ready.asked, Draft(job)))
                rows += 1
            except Exception as error:  # noqa: BLE001  this schema cannot be used, whatever the reason; others can
                ready.asked.done(Reply(error=str(error)))
        return joins

    def _begin_again(self, rows: Sequence[ActiveRequest], why: str) -> None:
        """Where the device's memory does not hold rows, they begin anew, half as many at a time."""
        torch.cuda.empty_cache()
        said = f"the device's memory does not suffice for {len(rows)} answers at a time"
        if len(rows) == 1:
            rows[0].asked.done(Reply(error=f"{said}: {why}"))
            return
        self._most = max(1, len(rows) // 2)
        LOG.warning("%s: going on with half as many", said)
        self._new = [*(row.asked for row in rows), *self._new]


def _sha(weights: Weights | None) -> str:
    return weights.sha256 if weights else ""
