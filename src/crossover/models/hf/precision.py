"""In which precision a model answers fastest without loss that counts: measured here, not looked up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Literal

import torch

Name = Literal["float32", "bfloat16", "float16"]

WORTH = 1.3  # times as fast: below it the exact numbers are worth more
SMALL = 512  # hidden size: below it a model is quick enough to be exact
SHAPE = (256, 1024, 1024)
TRIES = 5


def choose(device: str, width: int) -> tuple[Name, str]:
    """The precision for a model of a hidden size on a device, and the reason in a few words."""
    if width < SMALL:
        return "float32", f"at a hidden size of {width} it is quick enough to be exact"
    gain = measured_gain(device)
    if gain >= WORTH:
        return "bfloat16", f"{gain:.1f} times as fast as float32 on this {_what(device)}"
    if gain < 1:
        return "float32", f"bfloat16 is slower than float32 on this {_what(device)}"
    return "float32", f"bfloat16 is only {gain:.1f} times as fast on this {_what(device)}"


@cache
def measured_gain(device: str) -> float:
    """How many times as fast products of matrices are in bfloat16: the best of a few short trials of each."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_gain, device).result()


def _gain(device: str) -> float:
    """In a thread that ends: each that computes keeps a team of threads, and the teams of two wait asleep, not awake."""
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left = torch.ones(SHAPE[:2], dtype=dtype, device=device)
        right = torch.ones(SHAPE[1:], dtype=dtype, device=device)
        seconds[dtype] = min(_once(left, right) for _ in range(TRIES + 1))
    return seconds[torch.float32] / seconds[torch.bfloat16]


def _once(left: torch.Tensor, right: torch.Tensor) -> float:
    started = time.perf_counter()
    _ = left @ right
    if left.is_cuda:
        torch.cuda.synchronize(left.device)
    return time.perf_counter() - started


def _what(device: str) -> str:
    return "GPU" if torch.device(device).type == "cuda" else "processor"
