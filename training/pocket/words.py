"""Words and names that the generators draw from, and made-up ones, so that no text can be learnt by heart."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from training.pocket.texts import words_in

WORDS = words_in("words.txt")
FIRST = words_in("first_names.txt")
LAST = words_in("last_names.txt")
CITIES = words_in("cities.txt")


def listed(text: str) -> list[str]:
    return text.split()


ONSETS = listed("b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sh sk sl sn sp st t th tr v w y z")
VOWELS = listed("a e i o u a e i o u ai ea ee oa oo ou")
CODAS = ["", "", "", *listed("b ck d f g ld lk m n nd nt p r rk rt sh sk st t x")]


def pick(rng: Random, items: Sequence[str]) -> str:
    """One of the items; several times as fast as ``rng.choice``, and generating is mostly choosing."""
    return items[int(rng.random() * len(items))]


def made_up(rng: Random) -> str:
    """A pronounceable word that is hardly one of a language: 'ploan', 'vuskerd'."""
    word = pick(rng, ONSETS) + pick(rng, VOWELS)
    if rng.random() < 0.6:
        word += pick(rng, ONSETS) + pick(rng, VOWELS)
    return word + pick(rng, CODAS)


def word(rng: Random) -> str:
    return made_up(rng) if rng.random() < 0.2 else pick(rng, WORDS)


def words(rng: Random, low: int, high: int) -> list[str]:
    """Between ``low`` and ``high`` different words."""
    wanted, found = rng.randint(low, high), dict[str, None]()
    while len(found) < wanted:
        found[word(rng)] = None
    return list(found)


def first_name(rng: Random) -> str:
    return pick(rng, FIRST) if rng.random() < 0.8 else made_up(rng).capitalize()


def last_name(rng: Random) -> str:
    if rng.random() < 0.75:
        return pick(rng, LAST)
    return made_up(rng).capitalize() + pick(rng, ("", "", "son", "er", "man", "ov", "ini", "sen", "ez", "a"))
