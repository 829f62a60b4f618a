"""Whether an error says that a device's memory ran out: a card's has a class of its own, a processor's only words."""

from __future__ import annotations

import torch

SAID = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
)  # by PyTorch's allocators, and libraries


def ran_out(error: BaseException) -> bool:
    """Whether it is one of those that fewer rows at once may avoid."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in SAID)
