"""What the prompts of a server begin with again and again, found in the prompts themselves.

A chat names no place where its shared beginning ends, so those of late are compared with the next one. What was found is
taken as it is from then on: requests with the same beginning are computed together, and its keys and values are kept.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy

LATELY = 32  # prompts that the next one is compared with
OFTEN = 3  # of those that begin alike
WORTH = 96  # tokens that a beginning must have more than one that is known: fewer are worth no batch of their own
KNOWN = 64  # beginnings


@dataclass
class Recurring:
    """The beginnings of the prompts for one set of weights."""

    _lately: deque[numpy.ndarray] = field(default_factory=lambda: deque(maxlen=LATELY))
    _known: OrderedDict[tuple[int, ...], None] = field(default_factory=OrderedDict)

    def beginning(self, prompt: Sequence[int]) -> tuple[int, ...]:
        """The known beginning of a prompt, of which at least one token is left; empty where there is none."""
        ids = numpy.asarray(prompt, dtype=numpy.int64)
        alike = [_alike(ids, other) for other in self._lately]
        self._lately.append(ids)
        found = max((known for known in self._known if _begins(prompt, known)), key=len, default=())
        more = [size for size in alike if size >= len(found) + WORTH]
        size = min(min(more, default=0), len(prompt) - 1)
        if len(more) >= OFTEN and size >= len(found) + WORTH:
            found = tuple(prompt[:size])
            # one that is hardly longer was met by chance: texts that begin with the same word
            for known in [one for one in self._known if _begins(one, found) and len(one) < size + WORTH]:
                del self._known[known]
            self._known[found] = None
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        if found:
            self._known.move_to_end(found)
        return found


def _begins(prompt: Sequence[int], known: tuple[int, ...]) -> bool:
    return len(known) < len(prompt) and tuple(prompt[: len(known)]) == known


def _alike(one: numpy.ndarray, other: numpy.ndarray) -> int:
    """How many first tokens two prompts share."""
    size = min(len(one), len(other))
    differs = one[:size] != other[:size]
    return int(differs.argmax()) if differs.any() else size
