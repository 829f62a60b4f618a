"""The learning curves in sentences: the label crossover, what more labels bring and cost, how many reach the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from crossover.decision import numbers
from crossover.decision.costs import Amount, middle
from crossover.decision.label_crossing import LabelCrossing
from crossover.decision.learning import DOUBLE, TRAINED, Learning
from crossover.decision.recommend import Verdict
from crossover.evaluation.curve import Estimate
from crossover.types import Family

RUNS = 3  # kinds of failed runs that are told one by one


def overtaking(learning: Learning, verdict: Verdict) -> str:
    """From how many labels on tuned weights beat the best prompt, in a sentence; or why no number is named."""
    names, have = learning.names, learning.have
    leader = learning.leader
    if leader is None:
        which = "failed at every number of labels" if any(f in names for f in TRAINED) else "were not measured"
        return f"Tuned weights {which}, so no number of labels can be named from which they overtake a prompt."
    if "prompt" not in learning.curves:
        which = "The prompt failed at every number of labels" if "prompt" in names else "No prompt was measured"
        return f"{which}, so there is none that {names[leader]} could overtake with more labels."
    prompt, trained, found = names["prompt"], names[leader], learning.crossings[leader]
    if found.value is None and found.low is None and found.high is not None:  # it always was
        said = f"{trained} is ahead of {prompt} from the fewest labels compared on, {numbers.count(found.high)}"
        return f"{said}; you have {numbers.count(have)}."
    if found.value is None:
        return f"No number of labels can be named from which {trained} overtakes {prompt}: {found.reason}{_bounds(found)}."
    about = f"about {_about(found, have)} labels ({_between(found, have)})"
    if found.value <= have:
        return f"From {about} on, {trained} is ahead of {prompt}; you have {numbers.count(have)}."
    if verdict.kind == "prompt":
        return f"{prompt} now; at {about} {trained} overtakes; you have {numbers.count(have)}."
    return f"At {about} {trained} overtakes {prompt}; you have {numbers.count(have)}."


def told(
    learning: Learning, verdict: Verdict, used: Family | None, target: float | None, label_cost: Amount, currency: str
) -> list[str]:
    """Everything that a reader should know of it, the crossover first. `used`: the family of the choice, or of the
    provisional one; `label_cost`: of one labelled row, in `currency`."""
    said = [overtaking(learning, verdict)]
    if learning.control_leads:
        control = learning.names["control"]
        said.append(f"With your {numbers.count(learning.have)} labels the control {control} leads them all.")
    looked_at = list(dict.fromkeys(f for f in (used, learning.leader) if f is not None and f in learning.curves))
    said += _more(learning, [family for family in looked_at if family in learning.gains], label_cost, currency)
    said += [_worse(learning, family) for family in looked_at if learning.curves[family].falls()]
    if target is not None:
        said += [_reaches(learning, f, target) for f in looked_at if f in learning.reached]
    if verdict.confidence == "open" or verdict.falls_short:
        said += _settling(learning, target, label_cost, currency)
    return said


def warnings(learning: Learning) -> list[str]:
    """What went wrong on the way: runs that failed, a curve that a limit cut off."""
    said = []
    if learning.cut:
        said.append(f"{learning.cut}: the learning curve is not finished, and rests on what was measured until then.")
    failed = Counter((run.labels, run.name, run.note) for run in learning.runs if run.value is None)
    for labels, name, note in list(failed)[:RUNS]:
        said.append(f"With {numbers.count(labels)} labels {name} failed, and is no point of its curve: {note}")
    if rest := sum(list(failed.values())[RUNS:]):
        said.append(f"{rest} more runs of the learning curve failed, and are no points of it.")
    return said


def _more(learning: Learning, families: list[Family], label_cost: Amount, currency: str) -> Iterator[str]:
    """ "540 more labels (as many again) cost 320 USD and bring lora +6.0 points (+2.0 to +9.0)"."""
    if not families:
        return
    count = learning.have * (DOUBLE - 1)
    price = f"cost {numbers.times(count, label_cost, currency)} and " if middle(label_cost) else ""
    gains = " and ".join(f"{learning.names[f]} {points(learning.gains[f])}" for f in families)
    yield f"{numbers.count(count)} more labels (as many again) {price}bring {gains}."


def _worse(learning: Learning, family: Family) -> str:
    """Of a curve that falls, in place of what more labels bring: every law would have it rise again."""
    return f"What more labels would bring {learning.names[family]} cannot be told: so far it got worse with more of them."


def points(change: Estimate) -> str:
    """ "+6.0 points (+2.0 to +9.0)"."""
    low, high = numbers.points(change.low, unit=False), numbers.points(change.high, unit=False)
    return f"{numbers.points(change.value)} ({low} to {high})"


def _reaches(learning: Learning, family: Family, target: float) -> str:
    found, name = learning.reached[family], learning.names[family]
    goal = f"the target of {numbers.percent(target)}"
    if found.value is None and found.low is None and found.high is not None:  # it always was
        fewest, have = numbers.count(found.high), numbers.count(learning.have)
        return f"{name} reaches {goal} from the fewest labels measured on, {fewest}; you have {have}."
    if found.value is None:
        return f"No number of labels can be named with which {name} reaches {goal}: {found.reason}{_bounds(found)}."
    return f"{name} reaches {goal} with about {_about(found, learning.have)} labels ({_between(found, learning.have)})."


def _settling(learning: Learning, target: float | None, label_cost: Amount, currency: str) -> Iterator[str]:
    """Where the verdict is open, or nothing does the task: whether more labels are a way out, as far as the curve tells."""
    leader = learning.leader
    found = learning.leads.get(leader) if leader else None
    if leader and found and found.lead.low > 0:
        more = found.labels - learning.have
        price = f", {numbers.times(more, label_cost, currency)}" if middle(label_cost) else ""
        yield (
            f"More labels would settle it too: with {numbers.count(found.labels)} ({numbers.count(more)} more{price}),"
            f" {learning.names[leader]} is ahead of {learning.names['prompt']} by {points(found.lead)}."
        )
    reaching = [f for f, r in learning.reached.items() if r.value is not None and r.value > learning.have]
    if target is not None and reaching:
        best = min(reaching, key=lambda f: learning.reached[f].value or 0)
        yield f"More labels are a way to the target, too: {_reaches(learning, best, target)}"


def _about(found: LabelCrossing, have: int) -> str:
    value = found.value or 0
    return numbers.about(value, numbers.digits(found.low, found.high, value, have))


def _between(found: LabelCrossing, have: int | None = None) -> str:
    shown = numbers.digits(found.low, found.high, found.value or 0, have)
    low, high = (None if end is None else numbers.about(end, shown) for end in (found.low, found.high))
    if low is None:
        return f"up to {high}"
    return f"{low} or more" if high is None else f"{low} to {high}"


def _bounds(found: LabelCrossing) -> str:
    """What is known of a number that is not named."""
    if found.low is None and found.high is None:
        return ""
    return f"; if there is one, it is {_between(found)}"
