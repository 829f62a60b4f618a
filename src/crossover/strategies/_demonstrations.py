"""Which training examples are shown in a prompt."""

from __future__ import annotations

import random

from crossover.types import Demonstration


def balanced(pool: tuple[Demonstration, ...], shots: int, seed: int) -> tuple[Demonstration, ...]:
    """A seeded draw of `shots` demonstrations, as equal over the answers as the pool allows, in random order."""
    draw = random.Random(seed)
    by_answer: dict[str, list[Demonstration]] = {}
    for demonstration in pool:
        by_answer.setdefault(demonstration.output, []).append(demonstration)
    queues = [draw.sample(found, len(found)) for _, found in sorted(by_answer.items())]
    draw.shuffle(queues)
    chosen: list[Demonstration] = []
    while len(chosen) < shots and queues:
        for queue in queues:
            if len(chosen) < shots:
                chosen.append(queue.pop())
        queues = [queue for queue in queues if queue]
    draw.shuffle(chosen)
    return tuple(chosen)
