from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from tests.training import toys
from training.pocket.wordnet import Synset, synonyms


def sense(words: Sequence[str], count: int, part: str = "n") -> Synset:
    return Synset(f"{part}{'-'.join(words)}", part, list(words), "a definition of middling length", [], count)


def test_synonyms_are_those_of_the_commonest_sense() -> None:
    senses = [
        sense(["luggage", "baggage"], 9),
        sense(["order", "rank"], 2),
        sense(["order", "purchase order", "Bestellung"], 7),
        sense(["late", "tardily"], 50, "r"),
        sense(["unused", "idle"], 0),
    ]
    found = synonyms({s.key: s for s in senses})
    assert found == {"luggage": ["baggage"], "baggage": ["luggage"], "rank": ["order"]}


def test_names_are_reworded_and_stay_different() -> None:
    known = {"parcel": ["package", "packet"], "refund": ["return"], "lamp": ["light"]}
    classifier = replace(toys.corpus().classifier, synonyms=known)
    rng = random.Random(0)
    names = ["parcel_late", "parcel late", "refund_wanted"]
    seen = set()
    for _ in range(60):
        found = classifier._reworded(rng, names)
        assert len(set(found)) == len(found) == 3
        seen.update(found)
    assert {"packet late", "package late", "return wanted", "parcel_late"} <= seen
