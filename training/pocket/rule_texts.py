"""What rules are applied to: made-up texts of the shapes that the rules ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from training.pocket.words import made_up, pick, word, words


def plain(rng: Random) -> str:
    """A few words, mostly in lower case."""
    text = " ".join(words(rng, 2, 6))
    return text.capitalize() if rng.random() < 0.15 else text


def single(rng: Random) -> str:
    return word(rng)


def mixed(rng: Random) -> str:
    """A few words, some with capitals."""
    return " ".join(pick(rng, (w, w, w.upper(), w.capitalize())) for w in words(rng, 2, 5))


def holding(make: Callable[[Random], str]) -> Callable[[Random], str]:
    """Texts with one special token at a random place."""

    def text(rng: Random) -> str:
        said = words(rng, 2, 6)
        said.insert(rng.randint(0, len(said)), make(rng))
        return " ".join(said)

    return text


def comma_list(rng: Random) -> str:
    return ", ".join(words(rng, 2, 5))


def bullets(rng: Random) -> str:
    return "\n".join(f"- {w}" for w in words(rng, 2, 5))


def pairs(rng: Random) -> str:
    names = words(rng, 2, 4)
    return ", ".join(f"{name} = {rng.randint(1, 99)}" for name in names)


def table(rng: Random) -> str:
    """'red = 7, blue = 3. blue?'"""
    keys, number = words(rng, 2, 6), rng.random() < 0.5
    mark = pick(rng, (" = ", ": ", " is "))
    found = [str(rng.randint(0, 99)) for _ in keys] if number else words(rng, len(keys), len(keys))
    return ", ".join(key + mark + value for key, value in zip(keys, found, strict=True)) + f". {pick(rng, keys)}?"


def look_up(text: str) -> str:
    listed, _, key = text[:-1].rpartition(". ")
    return dict(re.split(" = |: | is ", entry) for entry in listed.split(", "))[key]


def mail(rng: Random) -> str:
    return f"{made_up(rng)}@{made_up(rng)}.{pick(rng, ('com', 'org', 'net'))}"


def shift(text: str) -> str:
    first, *rest = text.split()
    return " ".join([*rest, first])


def swapped(text: str) -> str:
    return ", ".join(" = ".join(reversed(entry.split(" = "))) for entry in text.split(", "))
