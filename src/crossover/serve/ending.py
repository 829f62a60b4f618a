"""How a server of ours ends when it is interrupted: pressing it twice is once, and whoever insists does not wait."""

from __future__ import annotations

import os
import signal
import socket
import time
from types import FrameType

import uvicorn

from crossover.interrupts import INTERRUPTED, SAME


class Server(uvicorn.Server):
    """A first interrupt lets what is under way be answered; a second, later one does not wait for it, and a third ends the
    process. Uvicorn takes two at once for a second, leaves out what closes the application, and prints its traceback."""

    _last = float("-inf")  # when the last one that counted came, on the monotonic clock

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if (now := time.monotonic()) - self._last < SAME and sig == signal.SIGINT:
            return
        self._last = now
        if self.force_exit:
            os._exit(INTERRUPTED)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()
