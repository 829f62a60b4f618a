"""What a rung will take that is made again in every fold, by what it takes made of all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossover.data.splits import Fold
from crossover.study.work import AWAY_IN, AWAY_MONEY, AWAY_OUT, CALLS, IN, MONEY, OUT, Work, add, less
from crossover.types import Example

# of rows that are asked: of dev, where it is not known to be of train; the rest teaches
ASKED = (CALLS, IN, OUT, MONEY, AWAY_IN, AWAY_OUT, AWAY_MONEY, "prompt", "answer", "judge")


def refitted(
    making: Work,
    teaching: Work,
    asked: int,
    each: Work,
    grade: Callable[[float], Work],
    alike: bool,
    folds: Sequence[Fold],
    whole: Fold,
    least: bool,
) -> Work:
    """A rung made again in all `folds`, and an answer to each row.

    `making`: what it takes made of `whole`, train and dev; `teaching`: what part of that is asking train rows, so many
    of them as `asked`. `each`: one answer; `grade`: grading so many. `alike`: no rows are in its prompts, so that no row
    is asked anew of whom another fold asked; with `least` then no other train rows are met than before.
    """
    rows = rows_of(whole.train, whole.dev)
    met, own = rows_of(whole.dev), rows_of(*(fold.dev for fold in folds))
    if alike:
        chosen, answered = len(own - met), len(rows - own - met)
        taught = 0.0 if least or not asked else min(_again(asked, folds), len(rows) - asked) / asked
    else:
        chosen, answered = sum(len(fold.dev) for fold in folds), len(rows)
        taught = _again(asked, folds) / asked if asked else 0.0
    tuned = sum(len(fold.train) for fold in folds) / len(whole.train)
    found = {
        what: (chosen / len(whole.dev) if what in ASKED else tuned) * tokens
        for what, tokens in less(making, teaching).items()
    }
    add(found, {what: taught * tokens for what, tokens in teaching.items()})
    add(found, {what: answered * tokens for what, tokens in each.items()})
    add(found, grade(answered))
    return found


def _again(asked: int, folds: Sequence[Fold]) -> int:
    """How many train rows as many folds ask: as many as all rows did, or all that they have."""
    return sum(min(asked, len(fold.train)) for fold in folds)


def rows_of(*parts: Sequence[Example]) -> set[str]:
    return {example.id for part in parts for example in part}
