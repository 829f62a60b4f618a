"""The parity proof: before a server calls itself ready, its candidates answer rows that their studies have recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from crossover.serve.openai.catalogue import Served
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.queue import Asking

AT_ONCE = 8  # so that requests are answered between them


@dataclass
class Proof:
    """`ready` once every recorded row was answered as it was measured; `said`: what was tried, or what differs."""

    asking: Asking
    every: Iterable[Served]
    ready: bool = False
    said: str = "recorded rows are being replayed"
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._try, name="crossover-proof", daemon=True)
        self._thread.start()

    def _try(self) -> None:
        rows = 0
        try:
            for served in self.every:
                for at in range(0, len(served.recorded), AT_ONCE):
                    some = served.recorded[at : at + AT_ONCE]
                    while True:
                        try:
                            futures = [self.asking.answer(served, text) for text, _ in some]
                            break
                        except ApiError as error:  # too much waits: requests go first
                            if error.status != 429:
                                raise
                            time.sleep(1)
                    for (text, measured), future in zip(some, futures, strict=True):
                        found, rows = future.result(), rows + 1
                        if found.reply.error is not None or found.answer != measured:
                            got = found.reply.error or found.answer
                            self.said = (
                                f"{served.name} answers otherwise than measured: {_short(got)} instead of"
                                f" {_short(measured)} for {_short(text)}"
                            )
                            return
        except Exception as error:  # noqa: BLE001  a model that cannot answer is not ready, whatever the reason
            self.said = f"recorded rows could not be replayed: {error}"
            return
        self.ready, self.said = True, f"{rows} recorded rows were answered as measured"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
