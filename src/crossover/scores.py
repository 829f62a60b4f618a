"""The log-probabilities of a request's labels, in little room: a study of thousands of labels keeps them for every call."""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

DOUBLE = 8  # bytes
NO_NUMBERS = "log-probabilities that are no numbers"  # what a model with damaged weights gives


def choose_none(scores: Iterable[float]) -> bool:
    """Whether log-probabilities tell no label from the others: one is no number or above all, or all are below all. Then
    the first would pass as chosen."""
    held = list(scores)
    return any(map(math.isnan, held)) or not math.isfinite(max(held, default=0.0))


class LabelScores(Sequence[float]):
    """Numbers as a tuple holds them, and equal to that tuple, in 8 bytes each instead of 32. Raises `TypeError` for what
    are no numbers."""

    __slots__ = ("_held",)

    def __init__(self, scores: Iterable[float]) -> None:
        self._held: array[float] = scores._held if isinstance(scores, LabelScores) else array("d", scores)

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[float, ...]: ...
    def __getitem__(self, place: int | slice) -> float | tuple[float, ...]:
        return tuple(self._held[place]) if isinstance(place, slice) else self._held[place]

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[float]:
        return iter(self._held)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LabelScores):
            return self._held == other._held
        return tuple(self._held) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._held))

    def __repr__(self) -> str:
        return repr(tuple(self._held))


def packed(scores: Sequence[float]) -> str:
    """Numbers as text: their doubles, all first bytes before all second ones, which are much alike, by zlib, in base64."""
    doubles = struct.pack(f"<{len(scores)}d", *scores)
    return base64.b64encode(zlib.compress(b"".join(doubles[i::DOUBLE] for i in range(DOUBLE)), 1)).decode("ascii")


def unpacked(text: str) -> LabelScores:
    """The inverse of `packed`, to the bit. Raises `ValueError`."""
    try:
        planes = zlib.decompress(base64.b64decode(text, validate=True))
        doubles, count = bytearray(len(planes)), len(planes) // DOUBLE
        for i in range(DOUBLE):
            doubles[i::DOUBLE] = planes[i * count : (i + 1) * count]
        return LabelScores(struct.unpack(f"<{count}d", doubles))
    except (binascii.Error, zlib.error, struct.error) as error:
        raise ValueError(f"no packed scores: {error}") from error
