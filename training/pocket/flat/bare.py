"""Bare questions: five names are compared behind a text, and nothing before has told a single one."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from training.pocket import wording
from training.pocket.classify import Classifier
from training.pocket.flat.layout import LONG, NAMES

LONGEST = 120  # tokens of a question with a name


class Said(NamedTuple):
    """A question with one of the names behind it: its tokens, and the places that predict the name's."""

    tokens: list[int]
    said: list[int]


def bare(rng: random.Random, classifier: Classifier, tokenizer: Any) -> tuple[list[Said], int] | None:
    """The question with each of the names, and which is right; None where the draw is too long or names too few."""
    if rng.random() < 0.25:
        classes, goal = rng.sample(list(classifier.senses), NAMES), "which word is meant"
        names = wording.spelling(rng, [c.name for c in classes])
    else:
        source = rng.choices([s for s, _ in classifier.named], [w for _, w in classifier.named])[0]
        classes, goal = source.draw(rng, NAMES), source.group.goal
        names = classifier.names(rng, classes, rng.choices(("name", "keyword"), (75, 25))[0])
    if len(classes) < NAMES or len(set(names)) < NAMES:
        return None
    right = rng.randrange(NAMES)
    before, between = _asked(rng, rng.choice(list(classes[right].texts)), goal)
    found = []
    for name in names:
        coded = tokenizer.backend_tokenizer.encode(f"{before} {name}{between}", add_special_tokens=False)
        # behind the start token, what stands at i + 1 is predicted at i
        said = [i for i, (_, end) in enumerate(coded.offsets) if end > len(before) + 1]
        if not 0 < len(said) <= LONG or len(coded.ids) > LONGEST:
            return None
        found.append(Said([tokenizer.bos_token_id, *coded.ids], said))
    return found, right


def _asked(rng: random.Random, text: str, goal: str) -> tuple[str, str]:
    """What stands before a name and behind it."""
    look = wording.form(rng)
    if rng.random() < 0.2:
        look = wording.Form("", "", "\n\n")
    told = rng.choice(wording.GOALS).format(goal=goal) + "\n\n" if rng.random() < 0.4 else ""
    if rng.random() < 0.08:
        told, look = told.upper(), look.upper()
    return told + look.before + text + look.cue, look.between
