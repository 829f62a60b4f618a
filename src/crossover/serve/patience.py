"""How long a server of ours waits for slow clients: who never ends a request, or never reads an answer, holds no place."""

from __future__ import annotations

import asyncio
import time

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD = 20.0  # seconds for the head of a request, from the first moment of its connection or its first byte on
SLOW, PACE = 60.0, 500  # seconds for a piece of a body; those for all of it, and one more for each so many bytes
UNREAD = 60.0  # seconds in which nothing is taken of an answer that waits to be sent


def limited(receive: Receive, most: int, too_large: str) -> Receive:
    """Of a body that does not say how long it is, the bytes are counted, up to `most`; one that comes in drops is not
    waited for. Raises `HTTPException`, which a reader of bodies lets through.
    """
    taken, whole, began = 0, False, time.perf_counter()

    async def counted() -> Message:
        nonlocal taken, whole
        left = min(SLOW, began + SLOW + taken / PACE - time.perf_counter())
        try:
            async with asyncio.timeout(None if whole else left):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"the body comes too slowly; valid are {PACE} bytes a second") from None
        taken, whole = taken + len(message.get("body", b"")), not message.get("more_body", False)
        if taken > most:
            raise HTTPException(413, too_large)
        return message

    return counted


class Patient(H11Protocol):
    """A connection. Uvicorn itself has a time limit between requests alone (`timeout_keep_alive`)."""

    _until_head: asyncio.TimerHandle | None = None
    _until_read: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._until_head = self.loop.call_later(HEAD, self._headless)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._until_head = _over(self._until_head)
        elif self._until_head is None and (self.cycle is None or self.cycle.response_complete):
            self._until_head = self.loop.call_later(HEAD, self._headless)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._until_read = self._until_read or self.loop.call_later(UNREAD, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._until_read = _over(self._until_read)

    def connection_lost(self, exc: Exception | None) -> None:
        self._until_head, self._until_read = _over(self._until_head), _over(self._until_read)
        super().connection_lost(exc)

    def _headless(self) -> None:
        self._until_head = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def _over(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """What stands in the place of a timer that is not to go off."""
    if timer is not None:
        timer.cancel()
    return None
