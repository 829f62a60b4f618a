"""Which rows would be worth labelling next: those that candidates answer differently, and of which they are least sure."""

from __future__ import annotations

import json
import math
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from crossover.data.near import near_twins
from crossover.data.text import comparable, is_blank
from crossover.engine.follow import Answered, follow
from crossover.engine.render import Renderer
from crossover.errors import CrossoverError, OptionError
from crossover.studio.opened import Ready
from crossover.studio.rows import entropy
from crossover.studio.shelf import Missing
from crossover.types import Candidate

MOST = 500  # rows that are ranked at a time
CHUNK = 16  # rows between two looks at how far it is
KEPT = 8


@dataclass(frozen=True)
class Worth:
    """A row without a label. `answers`: by candidate; `split_up`: their entropy; `margin`: by how much the likeliest label
    is ahead of the next, on average over candidates that have probabilities (None: none has)."""

    text: str
    answers: tuple[tuple[str, str], ...]
    split_up: float
    margin: float | None


@dataclass
class Ranking:
    """Rows on the way to be ranked. `found` is in the order of worth once it is there."""

    texts: tuple[str, ...]
    committee: tuple[Ready, ...]
    path: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    answered: int = 0
    found: list[Worth] | None = None
    twins: int = 0
    error: str | None = None

    @property
    def total(self) -> int:
        return len(self.texts) * len(self.committee)

    def lines(self) -> str:
        """The ranked rows, one JSON object a line."""
        return "".join(json.dumps({"input": one.text}, ensure_ascii=False) + "\n" for one in self.found or ())


class Rankings:
    """Ranks in the background."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Ranking] = OrderedDict()

    def begin(self, path: str, texts: Sequence[str], committee: Sequence[Ready]) -> Ranking:
        """Raises `OptionError` for no row, and for too many."""
        rows = tuple(dict.fromkeys(text for text in texts if not is_blank(text)))
        if not 1 <= len(rows) <= MOST:
            raise OptionError(f"received {len(rows):,} different rows; valid are 1 to {MOST}")
        made = Ranking(rows, tuple(committee), path)
        self._known[made.id] = made
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        threading.Thread(target=_rank, args=(made,), daemon=True).start()
        return made

    def get(self, identity: str, path: str) -> Ranking:
        """Raises `Missing`."""
        found = self._known.get(identity)
        if found is None or found.path != path:
            raise Missing("that ranking is not known any more: rank again")
        return found


def _rank(ranking: Ranking) -> None:
    try:
        every = []
        for ready in ranking.committee:
            renderer, answered = Renderer(ready.candidate.prompt), []
            for at in range(0, len(ranking.texts), CHUNK):
                some = ranking.texts[at : at + CHUNK]
                answered += follow(ready.candidate, renderer, some, ready.asked.complete)
                ranking.answered += len(some)
            every.append(answered)
        found = [_worth(ranking.committee, column) for column in zip(*every, strict=True)]
        kept = one_of_each(found)
        ranking.twins = len(found) - len(kept)
        ranking.found = kept
    except CrossoverError as error:
        ranking.error = str(error)
    except Exception as error:  # noqa: BLE001  the page says it
        ranking.error = f"it failed: {type(error).__name__}: {error}"


def _worth(committee: Sequence[Ready], column: Sequence[Answered]) -> Worth:
    given = [(r, one) for r, one in zip(committee, column, strict=True) if one.reply.error is None]
    votes = Counter(comparable(one.answer) for _, one in given)
    margins = [m for ready, one in given if (m := margin(ready.candidate, one)) is not None]
    answers = tuple((ready.name, one.answer) for ready, one in given)
    mean = sum(margins) / len(margins) if margins else None
    return Worth(column[0].text, answers, entropy(votes.values()), mean)


def margin(candidate: Candidate, answered: Answered) -> float | None:
    """By how much the likeliest label is ahead of the next, as shares of all labels (margin sampling, Scheffer et al.
    2001); None without log-probabilities."""
    how, scores = candidate.decoding, answered.reply.label_scores
    if len(scores) < 2 or how.pattern:
        return None
    bias = how.label_bias or (0.0,) * len(scores)
    tuned = sorted((score - own for score, own in zip(scores, bias, strict=True)), reverse=True)
    shares = [math.exp(score - tuned[0]) for score in tuned]
    return (shares[0] - shares[1]) / sum(shares)


def one_of_each(found: Sequence[Worth]) -> list[Worth]:
    """In the order of worth; of rows that are nearly the same (TF-IDF cosine 0.9) only the first."""
    ranked = sorted(found, key=lambda one: (-one.split_up, one.margin if one.margin is not None else 0.0))
    later = {high for low, high in near_twins([one.text for one in ranked])}
    return [one for place, one in enumerate(ranked) if place not in later]
