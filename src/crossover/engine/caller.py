"""Asks models, through the journal: a call that was made once is never made again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.models.base import Model
from crossover.types import Reply, Request, content_hash, to_json

# Small enough that a killed process loses seconds, large enough to batch; fixed, so that a resumed run batches alike.
CHUNK = 32


def call_key(model: Model, request: Request) -> str:
    """The content key of a call: everything that can change its answer, and nothing else."""
    body = to_json(request)
    body["decoding"].pop("label_bias")  # calibration is applied to the reply, so it costs no further call
    if body["weights"]:
        body["weights"].pop("path")
    if not request.decoding.temperature:
        body["decoding"].pop("seed")  # greedy answers do not depend on it
    return content_hash({"model": model.identity, "request": body})


class Caller:
    """Answers requests from the journal where it can, from the model where it must."""

    def __init__(self, journal: Journal, meter: Meter) -> None:
        self._journal = journal
        self._meter = meter

    def ask(
        self,
        model: Model,
        requests: Sequence[Request],
        purpose: str,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Reply]:
        """Answer requests in order. `progress(done, total)` is called as they finish.

        Raises `BudgetExceeded` before a call that the limits do not allow, `ModelError` when the model cannot be asked.
        """
        keys = [call_key(model, request) for request in requests]
        wanted = dict(zip(keys, requests, strict=True))
        replies = self._journal.replies(wanted)
        self._journal.add_uses(purpose, wanted)
        progress(len(replies), len(wanted))
        # longest last: batches of like length, in an order that does not depend on what is already answered
        order = sorted(wanted, key=lambda key: (_length(wanted[key]), key))
        for start in range(0, len(order), CHUNK):
            missing = [key for key in order[start : start + CHUNK] if key not in replies]
            if not missing:
                continue
            chunk = [wanted[key] for key in missing]
            self._meter.check(chunk, model)
            fresh = dict(zip(missing, model.complete(chunk), strict=True))
            self._journal.add_calls(purpose, fresh)
            for reply in fresh.values():
                self._meter.add(reply.usage)
            self._meter.tick()
            replies |= fresh
            progress(len(replies), len(wanted))
        return [replies[key] for key in keys]


def _length(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)
