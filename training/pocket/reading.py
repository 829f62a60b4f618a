"""What meanings are learnt from besides the episodes' own texts: many more sentences, and phrases as short as a label."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from training.pocket import support
from training.pocket.wordnet import Synset

MESSAGES = 22  # further ones of each support intent
PHRASES = 40_000  # runs of two to five words out of sentences
COMPOUNDS = 40_000  # WordNet's entries of several words


def texts(synsets: Iterable[Synset], sentences: Sequence[str], rng: random.Random) -> list[str]:
    """Definitions and examples of every sense, compounds, support messages, and phrases out of `sentences`."""
    every = list(synsets)
    glosses = [s.gloss for s in every if s.readable]
    examples = [example for s in every for example in s.examples if len(example) <= 160]
    compounds = [word for s in every for word in s.words if " " in word and word.isascii()]
    messages = [support.message(intent, rng) for intent in support.intents() for _ in range(MESSAGES)]
    return [
        *glosses,
        *examples,
        *rng.sample(compounds, min(COMPOUNDS, len(compounds))),
        *messages,
        *(_phrase(rng.choice(sentences), rng) for _ in range(PHRASES)),
    ]


def _phrase(sentence: str, rng: random.Random) -> str:
    words = sentence.split()
    length = rng.randint(2, 5)
    start = rng.randint(0, max(0, len(words) - length))
    return " ".join(words[start : start + length]).strip(".,;:!?\"'")
