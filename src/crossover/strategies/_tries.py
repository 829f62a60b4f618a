"""A tune that is tried more than once: with other learning rates, of which dev chooses, and other seeds, for the spread.

A trial is a full tune. Its epochs need no grid: it stops early, and its best epoch on dev is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossover.errors import TuningError
from crossover.strategies._choice import first_best, noted
from crossover.strategies.base import Bench
from crossover.types import Candidate, Recipe, Run

STEP = 3.0  # between neighbours on the grid


@dataclass(frozen=True)
class _Trial:
    recipe: Recipe
    made: Candidate
    run: Run

    @property
    def value(self) -> float:
        return self.run.estimate.value


def tune(start: Candidate, bench: Bench, recipe: Recipe, tries: int, seeds: int) -> Candidate:
    """The start, tuned with the best of `tries` learning rates on dev, and with `seeds` seeds.

    The rates are the recipe's own, three times it, a third of it, nine times it ...; of equally good ones the first,
    which is the plainer. Of several seeds the one with the median dev score is kept, the lower of two in the middle: the
    maximum of n draws lies above their mean even where seeds make no difference, so the best one's score would promise
    what neither the test split nor the next tune keeps. Where both are asked for, the first seed's score was among those
    of which the best was taken, and is a little too good; the others are not. A trial that goes wrong is left out and
    said. Every trial is scored, so it is in the journal. Raises `TuningError` when all go wrong.
    """
    if tries == seeds == 1:
        return bench.tune(start, recipe)
    said = []
    if tries > 1:
        rates = [float(f"{recipe.learning_rate * factor:.2g}") for factor in factors(tries)]
        trials, failures = _run(start, bench, [replace(recipe, learning_rate=rate) for rate in rates])
        chosen = trials[first_best([trial.run for trial in trials], bench)]
        said.append(_rates(trials, failures, chosen))
        recipe = chosen.recipe
    if seeds > 1:  # a tune that was done is not done again
        trials, failures = _run(start, bench, [replace(recipe, seed=recipe.seed + i) for i in range(seeds)])
        chosen = _middle(trials)
        said.append(_spread(trials, failures, chosen))
    made = chosen.made
    return noted(made, "; ".join(filter(None, [made.provenance.note, *said])))


def factors(tries: int) -> list[float]:
    """What the default rate is multiplied by: 1, 3, 1/3, 9, 1/9 ..."""
    return [STEP ** ((i + 1) // 2 * (1 if i % 2 else -1)) for i in range(tries)]


def _run(start: Candidate, bench: Bench, recipes: Sequence[Recipe]) -> tuple[list[_Trial], list[Recipe]]:
    """The trials that ended well, in their order, and the recipes of those that did not."""
    trials, failed, first = [], [], None
    for recipe in recipes:
        try:
            made = bench.tune(start, recipe)
        except TuningError as error:
            failed.append(recipe)
            first = first or error
        else:
            trials.append(_Trial(recipe, made, bench.score(made)))
    if not trials and first is not None:
        raise first
    return trials, failed


def _middle(trials: Sequence[_Trial]) -> _Trial:
    median = sorted(trial.value for trial in trials)[(len(trials) - 1) // 2]
    return next(trial for trial in trials if trial.value == median)


def _rates(trials: Sequence[_Trial], failed: Sequence[Recipe], chosen: _Trial) -> str:
    shown = [f"{trial.recipe.learning_rate:g} ({100 * trial.value:.1f})" for trial in trials]
    shown += [f"{recipe.learning_rate:g} (failed)" for recipe in failed]
    return f"learning rate {chosen.recipe.learning_rate:g}, best on dev of {', '.join(shown)}"


def _spread(trials: Sequence[_Trial], failed: Sequence[Recipe], chosen: _Trial) -> str:
    values = sorted(100 * trial.value for trial in trials)
    lost = f", {len(failed)} failed" if failed else ""
    return (
        f"{len(trials) + len(failed)} seeds: {values[0]:.1f} to {values[-1]:.1f} on dev{lost}; "
        f"kept is the median, {100 * chosen.value:.1f} with seed {chosen.recipe.seed}"
    )
