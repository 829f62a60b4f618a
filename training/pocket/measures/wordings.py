"""Twelve clear ways to say one classification task: the package's own phrasings, and other formats."""

from __future__ import annotations

from typing import NamedTuple

from crossover.data.task import Task
from crossover.engine.phrasing import phrasings
from crossover.types import Prompt
from training.pocket.measures.draws import Draw, in_words


class Wording(NamedTuple):
    """A prompt, and whether labels keep the underscores that they have in the data."""

    name: str
    prompt: Prompt
    underscored: bool = False


def task_of(goal: str, labels: tuple[str, ...]) -> Task:
    """The task as the package's phrasings take it."""
    return Task(
        name="measure",
        instruction=goal,
        data="rows.csv",
        input="text",
        output="label",
        kind="classify",
        labels=dict.fromkeys(labels, ""),
    )


def wordings(goal: str, drawn: Draw) -> list[Wording]:
    """The twelve. All name the goal; all but one name the labels."""
    raw = tuple(drawn.labels)
    plain = tuple(map(in_words, raw))
    own = phrasings(task_of(goal, plain), ())
    kept = phrasings(task_of(goal, raw), ())
    bullets = "\n".join(f"* {label}" for label in raw)
    numbers = "\n".join(f"{i}. {label}" for i, label in enumerate(plain, start=1))
    which = f"Which of these fits: {', '.join(plain)}?"
    return [
        *(Wording(f"phrasing {i}", prompt) for i, prompt in enumerate(own, start=1)),
        *(Wording(f"phrasing {i}, underscores", prompt, True) for i, prompt in enumerate(kept[:2], start=1)),
        Wording("Q and A", Prompt(f"{goal}\nPossible answers: {'; '.join(plain)}.", "Q: {input}\nA:")),
        Wording("arrow", Prompt(f"{goal}\nChoose from: {' | '.join(plain)}", "{input} ->")),
        Wording("capitals", Prompt(f"{goal.upper()}\nLABELS: {', '.join(plain).upper()}", "TEXT = {input}\nLABEL =")),
        Wording("question behind", Prompt("", f"Message: {{input}}\n{goal} {which}\nAnswer:")),
        Wording("bullets, underscores", Prompt(f"{goal} The options:\n{bullets}", "input: {input}\ncategory:"), True),
        Wording("numbered", Prompt(f"{goal} Reply with one of the following.\n{numbers}", "User: {input}\n\nIntent:")),
    ]
