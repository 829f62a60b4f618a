"""What a rung will take that is made again in every fold, by what it takes made of all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose

from crossover.data.splits import Fold
from crossover.study.curve_plan import CurvePlan
from crossover.study.work import AWAY_IN, AWAY_MONEY, AWAY_OUT, CALLS, IN, MONEY, OUT, Work, add, less
from crossover.types import Example

# of rows that are asked: of dev, where it is not known to be of train; the rest teaches
ASKED = (CALLS, IN, OUT, MONEY, AWAY_IN, AWAY_OUT, AWAY_MONEY, "prompt", "answer", "judge")


@dataclass(frozen=True)
class Reckoned:
    """A rung as it is reckoned with all rows.

    `making`: what it takes made of train and dev; `teaching`: what part of that is asking train rows, so many of them as
    `asked`. `each`: one answer. `alike`: no rows are in its prompts, so that none is asked anew of whom another fold asked.
    """

    making: Work
    teaching: Work
    asked: int
    each: Work
    alike: bool

    def fixed(self, dev: int) -> bool:
        """Whether there was one prompt, of which dev rows were asked: nothing is chosen."""
        return IN in self.each and isclose(self.making.get(IN, 0.0), dev * self.each[IN])


def refitted(
    rung: Reckoned,
    grade: Callable[[float], Work],
    folds: Sequence[Fold],
    whole: Fold,
    met: set[str],
    least: bool,
    apart: bool = False,
) -> Work:
    """The rung made again in all `folds`, and an answer to each row of `whole`.

    `grade`: grading so many; `met`: rows that it was asked as it was made of all; with `least` a rung that is `alike` meets
    no other train rows than before. `apart`: where there is something to choose, each fold chooses among others, and asks
    as much of its train rows, since a search of fewer rows tries more prompts.
    """
    rows = rows_of(whole.train, whole.dev)
    own = rows_of(*(fold.dev for fold in folds))
    asked = rung.asked
    apart = apart and not rung.fixed(len(whole.dev))
    if rung.alike and not apart:
        chosen, answered = len(own - met), len(rows - own - met)
        taught = 0.0 if least or not asked else min(_again(asked, folds), len(rows) - asked) / asked
    else:
        chosen, answered = sum(len(fold.dev) for fold in folds), len(rows)
        taught = _again(asked, folds) / asked if asked else 0.0
        taught = float(len(folds)) if apart and asked else taught
    tuned = sum(len(fold.train) for fold in folds) / len(whole.train)
    found = {
        what: (chosen / len(whole.dev) if what in ASKED else tuned) * tokens
        for what, tokens in less(rung.making, rung.teaching).items()
    }
    add(found, {what: taught * tokens for what, tokens in rung.teaching.items()})
    add(found, {what: answered * tokens for what, tokens in rung.each.items()})
    add(found, grade(answered))
    return found


def drawn(
    rung: Reckoned,
    grade: Callable[[float], Work],
    plan: CurvePlan,
    splits: tuple[int, int],
    least: bool,
    repeated: bool = False,
) -> Work:
    """The rung made again with each number of labels of a curve, and answering what is held back; nobody times it.

    `splits`: train and dev rows; with `least`, or where there is nothing to choose, a rung that is `alike` asks its prompt
    once on each row. `repeated`: all answers to a row are the same.
    """
    train, dev = splits
    same = rung.alike and (least or rung.fixed(dev))
    found: Work = {}
    for held in plan.held:
        for place, size in enumerate(plan.sizes[:1] if same else plan.sizes):
            chosen = 0.0 if same else (size.labels - size.rows) / dev
            for what, tokens in less(rung.making, rung.teaching).items():
                add(found, {what: (chosen if what in ASKED else size.rows / train) * tokens})
            taught = 0.0 if same or not rung.asked else min(rung.asked, size.rows) / rung.asked
            add(found, {what: taught * tokens for what, tokens in rung.teaching.items()})
            add(found, {what: len(held) * tokens for what, tokens in rung.each.items()})
            add(found, {} if repeated and place else grade(len(held)))
    return found


def _again(asked: int, folds: Sequence[Fold]) -> int:
    """How many train rows as many folds ask: as many as all rows did, or all that they have."""
    return sum(min(asked, len(fold.train)) for fold in folds)


def rows_of(*parts: Sequence[Example]) -> set[str]:
    return {example.id for part in parts for example in part}
