"""What a flat batch holds: arrays of fixed shapes, so that a step can be compiled once, one after the other in a file."""

from __future__ import annotations

from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

LENGTH = 1024  # of a row: no episode is longer
GROUP = 8  # rows over which meanings are contrasted: as many tokens as a batch of `training.pocket.train`
NAMES = 5  # of a bare question
LONG = 10  # tokens of such a name
EPISODES = 20  # of a row, on the average, at most
NONE = -1
KINDS = {"int16": torch.int16, "int32": torch.int32, "float16": torch.float16}

Arrays = dict[str, NDArray[Any]]


def layout(rows: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Every array of a batch of `rows` rows: type and shape. Places count over the whole batch; -1 is none."""
    tokens, groups = rows * LENGTH, max(1, rows // GROUP)
    learnt = tokens * 3 // 640 * 64
    return {
        "ids": ("int16", (tokens,)),
        "places": ("int16", (tokens,)),  # within the episode
        "ends": ("int32", (rows * EPISODES + 1,)),  # of the episodes, from 0 on; the last one is repeated
        "learnt": ("int32", (learnt,)),  # places whose next token is learnt
        "weights": ("float16", (learnt,)),
        "read": ("int32", (groups, 704)),  # places that carry a meaning
        "which": ("int32", (groups, 704)),  # of `texts`
        "texts": ("int32", (groups, 576)),  # the group's different texts, as rows of the corpus's vectors
        "asked": ("int32", (groups, 320, 3)),  # place, episode, class of each question
        "named": ("int32", (groups, 448, 3)),  # the same of each option and answer
        "choice": ("int32", (rows, NAMES, LONG)),  # places whose next token belongs to a name of a bare question
        "right": ("int32", (rows,)),  # which of the names
    }


def size(rows: int) -> int:
    """Bytes of a batch."""
    return sum(_bytes(kind, shape) for kind, shape in layout(rows).values())


def empty(rows: int) -> Arrays:
    """A batch without anything in it."""
    found: Arrays = {name: numpy.full(shape, NONE, dtype=kind) for name, (kind, shape) in layout(rows).items()}
    for name in ("ids", "places", "learnt", "weights"):
        found[name][:] = 0
    return found


def split(flat: Tensor, rows: int) -> dict[str, Tensor]:
    """A batch's bytes as arrays of the types that the model takes."""
    found, at = {}, 0
    for name, (kind, shape) in layout(rows).items():
        length = _bytes(kind, shape)
        part = flat[at : at + length].view(KINDS[kind]).view(shape)
        at += length
        found[name] = part.float() if kind == "float16" else part.clone() if name == "ends" else part.to(torch.int64)
    return found


def _bytes(kind: str, shape: tuple[int, ...]) -> int:
    return int(numpy.prod(shape)) * numpy.dtype(kind).itemsize
