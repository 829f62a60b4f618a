"""Responses that may be asked for again and gone on from: in memory, the latest, until the server ends."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from crossover.serve.openai.errors import ApiError
from crossover.types import Message

MOST = 32 << 20  # characters of all that is kept
OBJECT = 100  # that a message takes beside its text


@dataclass(frozen=True)
class _Response:
    body: str  # JSON, which takes a fraction of what objects do
    said: tuple[Message, ...]

    @property
    def size(self) -> int:
        return len(self.body) + sum(OBJECT + len(message.content) for message in self.said)


class Kept:
    """In the thread of the server's loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._by_id: OrderedDict[str, _Response] = OrderedDict()

    def put(self, body: dict[str, Any], said: tuple[Message, ...]) -> None:
        """Keep a response. `said`: the conversation up to its answer, without instructions. The oldest make room."""
        self._by_id[body["id"]] = kept = _Response(json.dumps(body), said)
        self._size += kept.size
        while self._size > self._most:
            self._size -= self._by_id.popitem(last=False)[1].size

    def get(self, identity: str) -> dict[str, Any]:
        """Raises `ApiError`, as `drop` does."""
        found: dict[str, Any] = json.loads(self._found(identity).body)
        return found

    def drop(self, identity: str) -> dict[str, Any]:
        self._size -= self._found(identity).size
        del self._by_id[identity]
        return {"id": identity, "object": "response", "deleted": True}

    def items(self, identity: str) -> list[dict[str, Any]]:
        """What a response answered: the messages before it, the first one first. Raises `ApiError`."""
        *asked, _ = self._found(identity).said
        return [_item(f"msg_{identity.removeprefix('resp_')}_{place}", message) for place, message in enumerate(asked)]

    def said(self, identity: str | None) -> tuple[Message, ...]:
        """The conversation that a response ends; nothing without one. Raises `ApiError`."""
        if identity is None:
            return ()
        if identity not in self._by_id:
            raise ApiError(
                400,
                f"Previous response with id '{identity[:80]}' not found: the latest are kept until the server ends, those"
                " with 'store': false never; valid is the whole conversation in 'input'",
                "previous_response_id",
                "previous_response_not_found",
            )
        return self._by_id[identity].said

    def _found(self, identity: str) -> _Response:
        if identity not in self._by_id:
            raise ApiError(404, f"Response with id '{identity[:80]}' not found.", "response_id", "not_found")
        return self._by_id[identity]


def _item(identity: str, message: Message) -> dict[str, Any]:
    own = message.role == "assistant"
    part: dict[str, Any] = {"type": "output_text" if own else "input_text", "text": message.content}
    part |= {"annotations": [], "logprobs": []} if own else {}
    return {"id": identity, "type": "message", "status": "completed", "role": message.role, "content": [part]}
