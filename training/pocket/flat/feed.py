"""The makers' batches on the device, the next ones copied while one is learnt; each file is read once and then gone."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from training.pocket.flat.layout import size, split
from training.pocket.flat.makers import READY

AHEAD = 6  # batches on the device
LOOK = 0.02  # seconds until the folder is read again


class Feed:
    """An endless iterator over batches. `waited`: seconds in which none was there."""

    def __init__(self, folder: Path, rows: int, device: str, makers: Sequence[BaseProcess]) -> None:
        self.folder, self.rows, self.device, self.makers = folder, rows, device, makers
        self.card = device.startswith("cuda")
        self.waited = 0.0
        self._names: deque[str] = deque()
        self._ready: queue.Queue[Tensor | Exception] = queue.Queue(AHEAD)
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> dict[str, Tensor]:
        began = time.monotonic()
        flat = self._ready.get()
        self.waited += time.monotonic() - began
        if isinstance(flat, Exception):
            raise flat
        if self.card:
            flat.record_stream(torch.cuda.current_stream())  # it was made on another
        return split(flat, self.rows)

    def close(self) -> None:
        """End the makers, too."""
        self._ended.set()
        for maker in self.makers:
            maker.terminate()
        for maker in self.makers:
            maker.join()

    def _run(self) -> None:
        stream: Any = torch.cuda.Stream(self.device) if self.card else None  # type: ignore[no-untyped-call]
        try:
            while not self._ended.is_set():
                raw = self._read()
                if raw is None:
                    continue
                found = torch.from_numpy(raw)
                if stream is not None:
                    with torch.cuda.stream(stream):
                        found = found.pin_memory().to(self.device, non_blocking=True)
                    stream.synchronize()
                self._put(found)
        except (OSError, RuntimeError) as error:
            self._put(error)

    def _put(self, found: Tensor | Exception) -> None:
        while not self._ended.is_set():
            try:
                self._ready.put(found, timeout=1)
            except queue.Full:
                continue
            return

    def _read(self) -> numpy.ndarray[tuple[int], numpy.dtype[numpy.uint8]] | None:
        if not self._names:
            self._names.extend(sorted(name for name in os.listdir(self.folder) if name.endswith(READY)))
        if not self._names:
            if self.makers and not any(maker.is_alive() for maker in self.makers):
                raise RuntimeError("no process that makes batches is left; what they said stands above")
            time.sleep(LOOK)
            return None
        path = self.folder / self._names.popleft()
        raw = numpy.fromfile(path, dtype=numpy.uint8)
        path.unlink()
        if len(raw) != size(self.rows):
            raise RuntimeError(f"{path} has {len(raw)} bytes; a batch of {self.rows} rows has {size(self.rows)}")
        return raw
