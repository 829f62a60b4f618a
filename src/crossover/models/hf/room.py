"""How many tokens may be computed at once: from the memory that is free, between what is efficient and what helps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psutil
import torch

from crossover.errors import ModelError
from crossover.models.kernels import ran_out

SHARE = 0.25  # of the free memory
FEWEST = 256
MOST = {"cpu": 1024}  # fewer make the matrices too thin, more only take memory
MOST_ELSEWHERE = 16384
MOST_KEPT = {"cpu": 16384}  # tokens whose keys and values are kept while answers are written
MOST_KEPT_ELSEWHERE = 1 << 18
LOG = logging.getLogger("crossover")

Found = TypeVar("Found")


def free_bytes(device: torch.device) -> int:
    """Memory that this process could still take on a device."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return int(psutil.virtual_memory().available)


def tokens_at_once(model: Any) -> int:
    """Tokens of one packed sequence without gradients, each with its logits."""
    config = model.config.get_text_config()
    size = model.dtype.itemsize
    logits = config.vocab_size * (size + 4)  # as they come, and in float32
    states = 16 * width(config) * size
    fitting = int(SHARE * free_bytes(model.device) / (logits + states))
    return max(FEWEST, min(MOST.get(model.device.type, MOST_ELSEWHERE), fitting))


def tokens_kept(model: Any) -> int:
    """Tokens whose keys and values may be kept for a batch of answers that are being written."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    shared = getattr(config, "num_key_value_heads", None) or heads
    each = 2 * config.num_hidden_layers * width(config) * shared // heads * model.dtype.itemsize
    most = MOST_KEPT.get(model.device.type, MOST_KEPT_ELSEWHERE)
    return max(FEWEST, min(most, int(SHARE * free_bytes(model.device) / each)))


def in_batches(
    rows: int, limit: int, first: Callable[[list[int], int], tuple[list[int], int]], work: Callable[[list[int]], Found]
) -> Iterator[tuple[list[int], Found]]:
    """Every batch of row indices with what `work` makes of it; where the memory does not suffice, batches are halved.

    `first(left, limit)`: of the rows that are left those to do next, and how many tokens they are, `limit` at most or those
    of one longer row. Raises `ModelError` where the memory does not hold a single row.
    """
    left = list(range(rows))
    while left:
        batch, tokens = first(left, limit)
        try:
            found = work(batch)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            if len(batch) == 1:
                said = str(error).split("\n")[0] or type(error).__name__
                raise ModelError(f"the device's memory does not suffice for a single row: {said}") from error
            torch.cuda.empty_cache()
            LOG.warning("the device's memory does not suffice for %d tokens at once: going on with half as many", tokens)
            limit = max(1, min(limit, tokens) // 2)
            continue
        yield batch, found
        done = set(batch)
        left = [row for row in left if row not in done]


def states_per_token(model: Any, size: int) -> int:
    """Bytes that a token's activations take until the backward pass has used them, roughly, at `size` bytes a number."""
    config = model.config.get_text_config()
    inner = getattr(config, "intermediate_size", None) or 4 * width(config)
    return int(config.num_hidden_layers * (16 * width(config) + 4 * inner) * size)


def width(config: Any) -> int:
    """The hidden size, under whatever name an architecture has for it."""
    names = ("hidden_size", "n_embd", "d_model")
    return next((int(getattr(config, name)) for name in names if getattr(config, name, None)), 512)
