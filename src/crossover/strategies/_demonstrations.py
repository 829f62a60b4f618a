"""Which training examples are shown in a prompt."""

from __future__ import annotations

import random
from dataclasses import replace

from crossover.data.text import comparable
from crossover.engine.similarity import WordIndex
from crossover.errors import OptionError
from crossover.strategies.base import Bench
from crossover.types import Candidate, Demonstration, Prompt, Record


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


def diverse(pool: tuple[Demonstration, ...], shots: int) -> tuple[Demonstration, ...]:
    """`shots` demonstrations that cover the pool, in turn over the answers: each the one least like those chosen before.

    Farthest-first traversal (Gonzalez 1985; as core-sets: Sener and Savarese 2018, section 4.3) over TF-IDF vectors,
    beginning with the one most like all others.
    """
    import numpy

    alike_by_words = WordIndex([demonstration.input for demonstration in pool])
    likeness = -alike_by_words.centrality().round(9)  # so that the first is the most central
    by_answer: dict[str, list[int]] = {}
    for index, demonstration in enumerate(pool):
        by_answer.setdefault(demonstration.output, []).append(index)
    left = [found for _, found in sorted(by_answer.items())]
    chosen: list[int] = []
    while len(chosen) < shots and left:
        for indices in left[: shots - len(chosen)]:
            best = indices.pop(int(numpy.argmin(likeness[indices])))
            alike = alike_by_words.likeness(best).round(9)
            likeness = numpy.maximum(likeness, alike) if chosen else alike
            chosen.append(best)
        left = [indices for indices in left if indices]
    return tuple(pool[index] for index in chosen)


def check_shown(prompt: Prompt, what: str, bench: Bench) -> None:
    """Raise `OptionError` where a prompt that comes from outside shows an answer that it is to be measured on. `what`: how
    it is called."""
    shown = {d.input for one in (prompt, *(step.prompt for step in prompt.steps)) for d in one.demonstrations}
    rows = {comparable(example.input) for example in bench.train}
    taught = {text for text in shown if comparable(text) in rows}
    strange = sorted(shown - taught)
    met, valid = len(strange) - len(bench.unseen(strange)), "training rows here, or in no split"
    if bench.task.folds is not None:  # each row is tested in one of them
        met, valid = met + len(taught), "no rows of the data, of which each is tested in one of the folds"
    if met:
        raise OptionError(
            f"{what} shows {met} of the rows that it would be measured on, with their answers; valid is a prompt whose"
            f" demonstrations are {valid}"
        )


def with_steps(plain: Candidate, shown: tuple[Demonstration, ...], bench: Bench) -> tuple[Demonstration, ...]:
    """Demonstrations for the last prompt of a chain: each with what its steps answer to the input, where none fails.

    `plain`: the candidate without demonstrations. Without a chain they stay as they are.
    """
    if not plain.prompt.steps:
        return shown
    wanted = {demonstration.input for demonstration in shown}
    records = bench.rehearse(plain, [example for example in bench.train if example.input in wanted]).records
    steps = {record.example.input: tuple(record.steps.items()) for record in records if record.reply.error is None}
    return tuple(replace(d, steps=steps[d.input]) for d in shown if d.input in steps)


def reasoned_answers(candidate: Candidate, attempts: int, bench: Bench) -> list[tuple[Demonstration, str]]:
    """Demonstrations with the candidate's own reasoning where it led to the right answer, each with that answer: a bare
    answer behind a prompt that asks for steps would teach to leave them out."""
    return [
        (Demonstration(record.example.input, record.reply.text, tuple(record.steps.items())), record.example.output)
        for record in solved(candidate, attempts, bench)
        if record.reply.text.strip() != record.prediction  # a bare answer shows no reasoning
    ]


def solved(candidate: Candidate, attempts: int, bench: Bench) -> list[Record]:
    """What the candidate answers right of a seeded draw of `attempts` training rows."""
    rows = random.Random(bench.seed).sample(list(bench.train), min(attempts, len(bench.train)))
    records = bench.rehearse(candidate, rows).records
    return [record for record in records if record.score is not None and record.score.value == 1.0]
