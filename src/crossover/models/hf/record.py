"""What is launched again and again, recorded once: CUDA graphs, for a card that waits for the processor's launches.

A step of a small model is thousands of tiny kernels, and launching them takes longer than running them. The work of a
shape runs as it is the first time, is recorded the second time, and from then on is one launch. The environment variable
`CROSSOVER_CUDA_GRAPHS=0` leaves everything unrecorded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

MOST = 96  # recordings: each holds some memory of its own


class Recorder:
    """Runs functions whose inputs and outputs lie in tensors that stay where they are.

    On a device other than a card they simply run. `why`: the reason, where recording was tried and given up.
    """

    def __init__(self, device: torch.device) -> None:
        self.card = device.type == "cuda"
        self.on = self.card and os.environ.get("CROSSOVER_CUDA_GRAPHS", "1") != "0"
        self.why = ""
        self._graphs: dict[Hashable, Any] = {}
        self._stream: Any = torch.cuda.Stream(device) if self.card else None  # type: ignore[no-untyped-call]
        self._pool: Any = torch.cuda.graph_pool_handle() if self.on else None

    @contextmanager
    def stream(self) -> Iterator[None]:
        """All work that may be recorded runs in here: nothing can be recorded of the device's default stream."""
        if not self.card:
            yield
            return
        outside = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(outside)
        with torch.cuda.stream(self._stream):
            yield
        outside.wait_stream(self._stream)

    def run(self, key: Hashable, function: Callable[[], None]) -> None:
        """Do what `function` does; `key` names its kernels and the tensors that they read and write."""
        graph = self._graphs.get(key)
        if self.on and graph is None:
            if key not in self._graphs:
                if len(self._graphs) < MOST:
                    self._graphs[key] = None  # the first run makes what the kernels need and keep
            else:
                graph = self._graphs[key] = self._recorded(function)
        if graph is None:
            function()
        else:
            graph.replay()

    def give_up(self, why: str) -> None:
        """Record nothing from here on."""
        if self.on:
            self.on, self.why = False, why
        self.forget()

    def forget(self) -> None:
        """Free what recordings hold."""
        self._graphs.clear()

    def _recorded(self, function: Callable[[], None]) -> Any:
        graph: Any = torch.cuda.CUDAGraph()
        try:
            # another thread, such as one that serves, may go on allocating
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            try:
                function()
            finally:
                graph.capture_end()
        except RuntimeError as error:  # the model's own code waits for the card, or there is no memory for a recording
            self.give_up(str(error).strip().split("\n")[0])
            return None
        return graph
