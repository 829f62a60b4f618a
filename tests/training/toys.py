"""A corpus small enough for tests: made-up texts, random vectors in the teacher's place."""

from __future__ import annotations

import random

import numpy

from training.pocket import prose, teacher
from training.pocket.classify import Class, Classes, Classifier, Neighbourhoods
from training.pocket.corpus import Corpus
from training.pocket.sources import Group, Prompted

THINGS = {
    "parcel_late": ["where is my box", "the box has not come yet", "still waiting for the box", "box overdue again"],
    "refund_wanted": ["give me my money back", "i want the money returned", "please return what i paid", "money back now"],
    "broken_lamp": [
        "the lamp is broken",
        "my new lamp does not shine",
        "lamp arrived in pieces",
        "the lamp flickers badly",
    ],
    "new_password": ["i forgot my password", "let me in again please", "reset the password", "cannot log in any more"],
}


def corpus() -> Corpus:
    """Four classes of four texts, and eight senses."""
    texts = [text for found in THINGS.values() for text in found]
    words = [
        "apple",
        "river",
        "stone",
        "cloud",
        "window",
        "garden",
        "silver",
        "morning",
        "basket",
        "ladder",
        "copper",
        "meadow",
    ]
    senses = [Class(word, [f"a kind of {word} that is seen here"], f"a kind of {word} that is seen here") for word in words]
    everything = [*texts, *(c.description for c in senses), *words, *(name.replace("_", " ") for name in THINGS)]
    draw = numpy.random.default_rng(0).normal(size=(len(everything), teacher.WIDTH))
    vectors = (draw / numpy.linalg.norm(draw, axis=1, keepdims=True)).astype(numpy.float16)
    rows = {text: row for row, text in enumerate(everything)}
    classes = Classes(Group("toys", "what the customer wants", THINGS), {name: f"about {name}" for name in THINGS})
    classes.rank(lambda text: vectors[rows[text]].astype(numpy.float32))
    pool = [*texts, *(c.description for c in senses)]
    # four texts to a neighbourhood, so that a draw always finds enough that do not overlap
    near = numpy.array([[4 * (i // 4) + (i + k) % 4 for k in range(4)] for i in range(len(pool))], dtype=numpy.int32)
    return Corpus(
        Classifier([(classes, 1.0)], Neighbourhoods(pool, near), senses, words),
        [Prompted("What is said? It rains.", "It rains.")],
        pool,
        words,
        rows,
        vectors,
    )


def texts_for_tokenizer() -> list[str]:
    """Enough running text for a few hundred merges."""
    made = corpus()
    rng = random.Random(0)
    return ["".join(piece.text for piece in prose.stream(rng, made.sentences, 200)) for _ in range(40)]
