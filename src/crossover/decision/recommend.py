"""The verdict: what was settled, in sentences, and what would settle what is open.

`settled.py` has the rule. A verdict that is *open* is `undecided`: then it has what to use for now, of whom one is the
best, and the number of test items that would settle it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crossover.decision.contenders import Contender
from crossover.decision.needed import needed
from crossover.decision.pairs import Comparisons
from crossover.decision.settled import Confidence, Settled, by_cost, settle
from crossover.decision.tested import Tested, tested, views_of
from crossover.decision.thin import thin
from crossover.decision.wording import Wording
from crossover.evaluation.regret import Regret
from crossover.metrics.base import Metric
from crossover.types import Estimate, Family, Run

TOLERANCE = 0.03


@dataclass(frozen=True)
class Verdict:
    """`choice` is None when undecided (`confidence` "open"); `provisional` is then what to use meanwhile.

    `regret`: what that choice, or the provisional one, may cost; None where no model was tested.
    `falls_short`: why not even that does the task. `may_be_best`: where it is open, the ids of those of all tested of whom
    one is the best (95 %).
    """

    kind: str
    choice: str | None
    provisional: str | None
    target_met: bool | None
    needed_test_items: int | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    confidence: Confidence = "open"
    regret: Regret | None = None
    falls_short: str | None = None
    may_be_best: tuple[str, ...] | None = None


def recommend(
    champions: Mapping[Family, Contender],
    runs: Mapping[str, Run],
    metric: Metric,
    margin: float,
    target: float | None,
    seed: int,
    wording: Wording,
    floor: Estimate | None = None,
    tolerance: float = TOLERANCE,
    others: Sequence[Contender] = (),
    views: Sequence[Tested] = (),
) -> tuple[Verdict, Comparisons]:
    """The verdict over the families' champions. `runs`: contender id -> its test run. `floor`: the most frequent answer.

    `others`: who was tested too, and is no champion: the regret is over all of them. `views`: as for `settle`, where they
    are there already.
    """
    if not views and champions:
        among = {c.id: runs[c.id] for c in (*champions.values(), *others)}
        views = views_of(tested(list(among), among, metric, seed), among)
    found = settle(champions, runs, views, margin, target, floor, tolerance, others)
    if found is None:
        nothing = "No model was measured on the test items, so nothing can be said: the warnings tell why."
        return Verdict("undecided", None, None, None, None, (nothing,), ()), Comparisons(())
    chosen, ids, is_open = found.chosen, {c.id for c in found.everyone}, found.confidence == "open"
    more = _needed(found, views[0], margin, tolerance) if is_open else None
    possible = _possible(found, views) if is_open else None
    wording = replace(wording, limited=any(id not in ids for id in runs))
    if possible is not None and found.short is None:
        wording = replace(wording, out=frozenset(ids) - {c.id for c in possible})

    estimates = {c.id: runs[c.id].estimate for c in found.ordered}
    run, few = runs[chosen.id], thin(views[0].scores[chosen.id], metric.aggregate)
    there = run.raced.of if run.raced and run.stopped else run.estimate.n
    passed = _passed_over(found, runs, views[0], margin)
    said = wording.reasons(found, estimates, margin, tolerance, target, more, there, few, bool(passed))
    further = [wording.widened(chosen, views[0].estimate(chosen, found.of), found.of)] if found.of > 1 else []
    further += [wording.passed_over(c, runs[c.id].estimate, chosen, champions[c.family]) for c in reversed(passed)]
    if possible is not None and found.short is None:
        further.append(wording.possible(possible, found.everyone))
    warnings = wording.warnings(found, estimates)
    if found.unstable is not None:
        warnings.insert(0, wording.unstable(found.unstable, found.strict))
    if is_open and margin > tolerance:
        warnings.append(wording.at_odds(margin, tolerance))
    if few is not None:
        warnings.append(wording.thin(few))
    verdict = Verdict(
        kind=found.kind,
        choice=None if is_open else chosen.id,
        provisional=chosen.id if is_open else None,
        target_met=found.met,
        needed_test_items=more,
        reasons=(said[0], *further, *said[1:]),
        warnings=tuple(warnings),
        confidence=found.confidence,
        regret=found.risk,
        falls_short=found.short,
        may_be_best=None if possible is None else tuple(c.id for c in possible),
    )
    return verdict, found.comparisons


def _needed(found: Settled, scores: Tested, margin: float, tolerance: float) -> int | None:
    """The test items that would settle what is open, between those of the champions who may be chosen."""
    ids = {c.id for c in found.everyone}
    left = [c for c in found.ordered if c is found.chosen or not scores.beaten(c.id, ids)]
    quantiles = dict(zip(found.everyone, found.risk.quantiles, strict=True))
    beside = found.comparisons.adjusted_for - len(found.comparisons.pairs)
    return needed(by_cost(left), scores, margin, tolerance, quantiles, beside)


def _possible(found: Settled, views: Sequence[Tested]) -> list[Contender]:
    """Of whom one is the best (95 %), by any view."""
    told = zip(
        *(view.may_be_best(found.everyone, view.regret(found.everyone, found.chosen)) for view in views), strict=True
    )
    return [c for c, views_say in zip(found.everyone, told, strict=True) if any(views_say)]


def _passed_over(found: Settled, runs: Mapping[str, Run], scores: Tested, margin: float) -> list[Contender]:
    """Who was no champion and did better on all test items than who is named. Over folds nobody: there they chose."""
    least = runs[found.chosen.id].estimate.value + margin + 1e-9
    others = [c for c in found.everyone if c not in found.ordered and c.id not in scores.early and not runs[c.id].folds]
    return [c for c in others if runs[c.id].estimate.value > least]
