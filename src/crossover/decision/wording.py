"""The verdict in sentences, with the number behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.data.task import Task
from crossover.data.template import columns_of
from crossover.decision import numbers
from crossover.decision.contenders import Contender, cheapest
from crossover.decision.costs import CURRENCY, Amount, break_even, middle
from crossover.decision.crossing import Crossing
from crossover.decision.pairs import ALPHA, Comparisons, Pair
from crossover.decision.terms import measure
from crossover.types import Estimate

if TYPE_CHECKING:  # the words are wanted where nothing is settled, too
    from crossover.decision.settled import Settled

WORDS = {
    "control": "the control",
    "prompt": "prompting",
    "weights": "fine-tuning",
    "hybrid": "prompt and tuned weights",
}

NONE_DOES = "None of these does the task"
IF_ANY = "the one to use if any"
NEXT = "A larger model is the next thing to try"
NO_MODEL = "You do not need a language model for this"
CONTROLS = {
    "majority": "it always gives the most frequent training answer",
    "nearest_neighbour": "it gives what the most similar training rows answer",
    "classifier": "it is a logistic regression on sentence embeddings",
}


def blind(task: Task) -> list[str]:
    """A warning where prompts cannot say what is wanted, as neither the task nor its inputs do."""
    if task.instruction or "instruction" in map(str.lower, columns_of(task.input)):
        return []
    return [
        "the task has no instruction, so prompts compete blind: they know the columns and labels, not what is wanted;"
        " write one sentence under 'instruction' in the task file"
    ]


def gap(pair: Pair, of: int) -> str:
    """ "+4.2 points (+1.0 to +7.3 taken alone; p 0.012, adjusted for 3 comparisons)".

    The interval is this pair's own at 95 %, so it may exclude 0 where the adjusted p value does not tell the two apart.
    """
    r = pair.result
    low, high, p = numbers.points(r.low, unit=False), numbers.points(r.high, unit=False), numbers.p_value(pair.p_adjusted)
    alone, adjusted = (" taken alone;", f", adjusted for {of} comparisons") if of > 1 else (",", "")
    if of == 1 and pair.p_adjusted >= ALPHA and (r.low > 0 or r.high < 0):
        adjusted = " by the test, which is stricter and decides"
    return f"{numbers.points(r.difference)} ({low} to {high}{alone} p {p}{adjusted})"


def cross_fitted(folds: int) -> str:
    """What figures over folds are figures of."""
    return (
        f"The figures are of ways to make a candidate, cross-fitted over {folds} folds: each row was answered by what was"
        " made without its fold. What ships is made the same way of all rows; its own weights and demonstrations were not"
        " measured on further rows, and the intervals allow for that."
    )


def bound(upper: float, limited: bool = False) -> str:
    """ "nothing else that was tested is more than 2.3 points better (95 %)". `limited`: of what was tested, the limits keep
    something out."""
    what = "nothing else that was tested and is within the limits" if limited else "nothing else that was tested"
    if numbers.span(upper) == numbers.span(0.0):
        return f"{what} is better (95 %)"
    return f"{what} is more than {numbers.span(upper)} better (95 %)"


def meanwhile(folds: int, margin: float) -> str:
    """Why who leads an open verdict is the one to use for now."""
    best = "the best estimate" if folds else "the best estimate of those that dev preferred"
    apart = numbers.span(margin)
    return f"the cheapest with {best}" if apart == numbers.span(0.0) else f"the cheapest within {apart} of {best}"


Crossed = Callable[[Contender, Contender], Crossing]


@dataclass(frozen=True)
class Wording:
    """`metric`: the task metric's name. `requests`: over the horizon. `label_cost`: of one labelled row, in `currency`.

    `folds`: in how many parts all rows were tested, where they were. `limited`: as for `bound`. `crossed`: from how many
    requests on the first of two costs less, with its interval, where the doubt of costs is known. `out`: the ids of those
    who are said not to be the best.
    """

    metric: str
    requests: float
    label_cost: Amount = 0.0
    currency: str = CURRENCY
    folds: int = 0
    limited: bool = False
    crossed: Crossed | None = None
    out: frozenset[str] = frozenset()

    def reasons(
        self,
        found: Settled,
        estimates: Mapping[str, Estimate],
        margin: float,
        tolerance: float,
        target: float | None,
        needed: int | None,
        there: int,
        few: str | None,
        passed: bool,
    ) -> list[str]:
        """`estimates`: of the champions; `needed`: the items that would settle it; `there`: those that there are, of which
        a race may have met fewer; `few`: what `thin` says of the choice; `passed`: somebody did better whom dev did not
        prefer."""
        likely, champions, short = found.chosen, found.ordered, found.short
        best = estimates[likely.id]
        said = self._leading(found, best, margin, tolerance, few)
        said += [self._against(likely, other, estimates, found.comparisons) for other in champions if other is not likely]
        if needed is not None:
            part = f", of which {best.n} were met" if there > best.n else ""
            said.append(
                f"About {needed:,} {self._rows} would settle it (80 % power); there are {there}{part}"
                f"{self._price(needed - there)}."
                + ("" if short else f" Until then {likely.name} is the one to use: {meanwhile(self.folds, margin)}.")
            )
        if found.confidence == "open" and likely.family == "control" and short is None and not passed:
            said.append(
                "It may be that you do not need a language model for this: so far none has an estimate above that of the"
                f" control {_control(likely)} by more than the margin of {numbers.span(margin)}."
            )
        if target is not None:
            said.append(self._target(target, found.met, max(found.among, len(champions))))
        said += self._money(likely, champions)
        return [*said, cross_fitted(self.folds)] if self.folds else said

    def _leading(self, found: Settled, best: Estimate, margin: float, tolerance: float, few: str | None) -> list[str]:
        """What was chosen, how good it is and what it may cost. `best`: the estimate of that."""
        likely, regret = found.chosen, found.risk
        rows = f"rows, cross-fitted over {self.folds} folds" if self.folds else "test items"
        items = f"{measure(self.metric)} on {best.n} {rows}{', too few for its labels' if few else ''}"
        reaches = f"reaches {numbers.estimate(best)} {items}"
        if found.short is not None:
            return [f"{NONE_DOES}: {likely.name}, {IF_ANY}, {reaches}, {found.short}. {NEXT}."]
        if found.confidence == "open":
            return [
                f"The {self._rows} cannot tell the ways apart; {likely.name} {reaches}.",
                f"Something else here may be up to {numbers.span(regret.upper, tolerance)} better (95 %), more than the"
                f" tolerance of {numbers.span(tolerance, regret.upper)};"
                f" to be expected are {numbers.span(regret.expected)}.",
            ]
        if found.confidence == "bounded":
            use = f"Use {likely.name} ({WORDS[likely.family]}): {bound(regret.upper, self.limited)}. It {reaches}."
            return [f"{NO_MODEL}. {use}" if likely.family == "control" else use]
        if likely.family == "control":
            others = _none_of([c.name for c in found.ordered if c is not likely])
            return [
                f"{NO_MODEL}: the control {_control(likely)} {reaches}, and {others} better by more than the margin of"
                f" {numbers.span(margin)}."
            ]
        return [f"{likely.name} ({WORDS[likely.family]}) {reaches}; {bound(regret.upper, self.limited)}."]

    @property
    def _rows(self) -> str:
        return "rows" if self.folds else "test items"

    def _price(self, labels: int) -> str:
        """What further labels cost, where that is given."""
        if not middle(self.label_cost) or labels <= 0:
            return ""
        return f", and the others cost {numbers.times(labels, self.label_cost, self.currency)}"

    def unstable(self, winner: Contender, other: Contender | None) -> str:
        instead = f"{other.name} would win" if other else "nobody would win"
        return (
            f"Calls failed, and with them counted as wrong answers {instead}: that {winner.name} wins does not stand."
            " Run the study again, and only the failed calls are asked again."
        )

    def warnings(self, found: Settled, estimates: Mapping[str, Estimate]) -> list[str]:
        said = []
        winner, comparisons = found.chosen, found.comparisons
        for other in found.ordered if found.confidence == "proven" else ():
            if other is winner:
                continue
            pair = comparisons.of(other, winner)
            if not comparisons.of(winner, other).wins() and pair.result.difference > 0:
                told = gap(pair, comparisons.adjusted_for)
                said.append(f"{other.name} may be better than {winner.name}: {told}; the data cannot tell.")
        for c in found.ordered:
            dev, test = c.dev, estimates[c.id]
            if test.high < dev.low:
                said.append(
                    f"{c.name} fell from {numbers.estimate(dev)} on dev to {numbers.estimate(test)} on test:"
                    " it was chosen for luck on dev, or test differs from dev."
                )
        return said

    def at_odds(self, margin: float, tolerance: float) -> str:
        """Of two demands of which one takes for equal what the other does not."""
        return (
            f"The margin of {numbers.span(margin, tolerance)} is above the tolerance of {numbers.span(tolerance, margin)}:"
            " what the margin takes for equal may lose more than is tolerated."
        )

    def thin(self, few: str) -> str:
        return (
            f"The {measure(self.metric)} counts every label alike, and {few} that test it: its figures and intervals are"
            " rough. Test more rows of rare labels, or choose by accuracy, where each row counts the same."
        )

    def possible(self, left: Sequence[Contender], everyone: Sequence[Contender]) -> str:
        """Of whom one is the best, though nobody knows which; and who is out."""
        names = [c.name for c in left]
        if len(left) == len(everyone):
            return f"Any of the {len(names)} that were tested may be the best."
        out = [c.name for c in everyone if c not in left]
        return f"The best is {_any_of(names)} (95 %); {_all_of(out)} not."

    def passed_over(self, other: Contender, estimate: Estimate, chosen: Contender, preferred: Contender) -> str:
        """Who did better on these items than who is named, though dev did not choose it."""
        return (
            f"{other.name} reaches {numbers.estimate(estimate)} on these items, more than {chosen.name}; it is not named,"
            f" as dev preferred {preferred.name}."
        )

    def widened(self, chosen: Contender, estimate: Estimate, among: int) -> str:
        """Who leads on some rows is a little too good on them: the interval that allows for that."""
        low, high = numbers.percent(estimate.low).removesuffix(" %"), numbers.percent(estimate.high)
        return f"Chosen among {among} on these very items, {chosen.name} is between {low} and {high} (95 %)."

    def _against(
        self, likely: Contender, other: Contender, estimates: Mapping[str, Estimate], comparisons: Comparisons
    ) -> str:
        pair = comparisons.of(likely, other)
        who = f"{other.name} ({WORDS[other.family]}, {numbers.estimate(estimates[other.id])})"
        told = gap(pair, comparisons.adjusted_for)
        if pair.wins():
            return f"{likely.name} beats {who} by {told}."
        if comparisons.of(other, likely).wins():
            return f"{who} is better than {likely.name}: {told}."
        if other.id in self.out and likely.id not in self.out:  # "not told apart" would be read as if it might be the best
            return f"{likely.name} is not proven to beat {who} as a pair: {told}."
        if likely.id in self.out and other.id not in self.out:
            back = gap(comparisons.of(other, likely), comparisons.adjusted_for)
            return f"{who} is not proven to beat {likely.name} as a pair: {back}."
        return f"{likely.name} and {who} are not told apart: {told}."

    def _target(self, target: float, met: bool | None, among: int) -> str:
        goal = f"The target of {numbers.percent(target)}"
        if met is None:
            wide = f", widened for the choice among {among}" if among > 1 else ""
            return f"Whether {goal[0].lower() + goal[1:]} is reached cannot be told: it lies inside the interval{wide}."
        if met:
            return f"{goal} is reached: the whole interval lies at or above it."
        return f"{goal} is not reached: the whole interval lies below it."

    def _money(self, likely: Contender, champions: Sequence[Contender]) -> list[str]:
        said = []
        for other in champions:
            if other is likely or "control" in (other.family, likely.family):
                continue
            dear, cheap = sorted((likely, other), key=lambda c: c.cost.fixed, reverse=True)
            requests = break_even(dear.cost, cheap.cost)
            if requests is not None and requests > 0:
                # else it reads as if the choice were not the cheapest
                saved, equal = likely.horizon_cost - other.horizon_cost, ""
                if saved > 0 and cheapest([likely, other]) is likely:
                    equal = f", over which it saves {numbers.money(saved, self.currency)}: that counts as no difference"
                found = self.crossed(dear, cheap) if self.crossed else None
                ends = (found.low, found.high) if found else None
                said.append(
                    f"{numbers.onwards(requests, ends, self.requests).capitalize()}, {dear.name} also costs less than"
                    f" {cheap.name} ({numbers.money(dear.cost.per_1k, self.currency)} against"
                    f" {numbers.money(cheap.cost.per_1k, self.currency)} per 1,000);"
                    f" {self.requests:,.0f} are planned{equal}."
                )
        return said


def _none_of(names: Sequence[str]) -> str:
    """ "lora is not", "neither few_shot nor lora is"."""
    if len(names) == 1:
        return f"{names[0]} is not"
    return f"neither {', '.join(names[:-1])} nor {names[-1]} is"


def _any_of(names: Sequence[str]) -> str:
    """ "a", "a, b or c"."""
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _all_of(names: Sequence[str]) -> str:
    """ "a is", "a, b and c are"."""
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"


def _control(control: Contender) -> str:
    """Its name, and what it is where that is known: "classifier (it is a logistic regression on ...)"."""
    what = CONTROLS.get(control.strategy)
    return f"{control.name} ({what})" if what else control.name
