"""The verdict in words: one sentence, then what backs it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

from crossover.decision import numbers
from crossover.decision.pairs import ALPHA
from crossover.decision.terms import heading, measure
from crossover.decision.wording import IF_ANY, NEXT, NONE_DOES, bound, meanwhile
from crossover.errors import pasted
from crossover.report.rows import chosen, provisional
from crossover.study.results import CandidateReport, Results

Tone = Literal["good", "bad", "open"]

KINDS = {
    "prompt": "Prompt",
    "weights": "Fine-tune",
    "hybrid": "Both",
    "neither": "Neither",
    "undecided": "Undecided",
    "unfinished": "Not finished",
}


BOUNDED = {
    "prompt": "Prompt it",
    "weights": "Fine-tune it",
    "hybrid": "Do both",
    "neither": "Neither: you do not need a language model for this",
}


SURE = {
    "proven": "it won every comparison that the verdict rests on: of the other kinds (no model, prompts, tuned weights),"
    " what is cheaper is significantly worse, and what is dearer no better by more than the margin (95 %)",
    "bounded": "not every comparison was won, but nothing else that was tested is better by more than the tolerance (95 %)",
    "open": "what the choice may cost is above the tolerance: more test items would tell",
}


GRAVE = ("known_before", "gold_in_input")  # findings by which the figures may say nothing
DOUBTED = "Graded by a judge that its own check doubts (see the warnings)"


@dataclass(frozen=True)
class Fact:
    """A figure beside the verdict: a short label, the figure, and a remark under it."""

    label: str
    figure: str
    remark: str = ""
    tone: Tone = "open"


def label(results: Results) -> str:
    """The verdict in a word or two."""
    verdict = results.decision["verdict"]
    return "None of these" if verdict.get("falls_short") else KINDS[verdict["kind"]]


def confidence(results: Results) -> tuple[str, str] | None:
    """How sure the verdict is, in a word and in a sentence; None where nothing is said to do the task."""
    verdict = results.decision["verdict"]
    word = verdict.get("confidence")
    return (word, SURE[word]) if word in SURE and not verdict.get("falls_short") else None


def headline(results: Results) -> str:
    """The verdict in plain words; where it is undecided, what to use for now comes first. That its judge is doubted, test
    rows were learnt from, or inputs hold their answers, comes before all."""
    before = [DOUBTED] if (results.decision.get("judge") or {}).get("doubts") else []
    before += [finding.message for finding in results.findings if finding.code in GRAVE]
    return " ".join([*(f"{sentence}.".replace("?.", "?") for sentence in before), _headline(results)])


def _headline(results: Results) -> str:
    verdict = results.decision["verdict"]
    kind, choice = verdict["kind"], chosen(results)
    best = choice or provisional(results)
    if verdict.get("falls_short") and best and best.test:
        return (
            f"{NONE_DOES}: “{best.name}”, {IF_ANY}, reaches {numbers.estimate(best.test)},"
            f" {verdict['falls_short']}. {NEXT}."
        )
    name = f"“{choice.name}”" if choice else "it"
    short = ", yet it misses the target" if verdict["target_met"] is False else ""
    limited = any(c.test and c.status == "removed" for c in results.candidates)
    if choice and verdict.get("confidence") == "bounded":
        return f"{BOUNDED[kind]}: use {name}; {bound(verdict['regret']['upper'], limited)}{short}."
    if kind == "prompt":
        tuned = any(c.test for c in results.candidates if c.family in ("weights", "hybrid"))
        why = "is enough, fine-tuning is not worth it here" if tuned else "is the prompt to use; nothing tuned was tested"
        return f"Prompt it: {name} {why}{short}."
    if kind == "weights":
        return f"Fine-tune it: {name} is the one to use{short}."
    if kind == "hybrid":
        return f"Do both: {name}, a prompt and fine-tuning together, is the one to use{short}."
    if kind == "neither" and choice:
        return f"Neither: you do not need a language model for this; the control {name} does as well as any{short}."
    if kind == "neither":
        return "Neither: you do not need a language model for this."
    if kind == "unfinished":
        return _unfinished(results)
    return _undecided(results, best)


def _undecided(results: Results, best: CandidateReport | None) -> str:
    """ "Use “X” for now: 59.5 % (52.1–66.5). It beats A. Not excluded: B. Undecided: about ..." """
    needed = results.decision["verdict"]["needed_test_items"]
    if best is None or best.test is None:
        return "Undecided: these measurements cannot tell the candidates apart."
    names = {candidate.id: candidate.name for candidate in results.candidates if candidate.same_as is None}
    possible = results.decision["verdict"].get("may_be_best")  # of all tested, also whom dev did not prefer
    beaten: list[str] = []
    left: list[str] = []
    for pair in results.decision["comparisons"]:
        if pair.get("family", "verdict") == "verdict" and best.id in (pair["a"], pair["b"]):
            ahead = pair["difference"] if pair["a"] == best.id else -pair["difference"]
            other = pair["b"] if pair["a"] == best.id else pair["a"]
            if ahead > 0 and pair["p_adjusted"] < ALPHA:
                beaten.append(names.get(other, "another"))
            elif possible is None or other in possible:  # else a third is surely better than it
                left.append(names.get(other, "another"))
    left += [name for id in possible or () if id != best.id and (name := names.get(id, "another")) not in (*beaten, *left)]
    told = f" It beats {_and(beaten)}." if beaten else ""
    told += f" Not excluded: {_and(left)}." if left else ""
    more = "these measurements cannot tell the candidates apart"
    if needed is not None:
        rows = "rows" if results.decision.get("folds") else "test items"
        more = f"about {numbers.count(needed)} {rows} would tell; there are {numbers.count(_test_items(results))}"
    return f"Use “{best.name}” for now: {numbers.estimate(best.test)}.{told} Undecided: {more}."


def _unfinished(results: Results) -> str:
    """What is done of a study that has no verdict yet."""
    verdict = results.decision["verdict"]
    done, ahead = sum(c.dev is not None for c in results.candidates), verdict["ahead"]
    best = max((c for c in results.candidates if c.dev), key=lambda c: c.dev.value if c.dev else 0.0, default=None)
    leads = f"; {best.name} leads on dev with {numbers.estimate(best.dev)}" if best and best.dev else ""
    last = "the folds" if results.decision.get("folds") else "the test split"
    rest = f"; still to come: {', '.join(ahead)}, and {last}" if ahead else f"; still to come: {last}"
    return f"Not finished: {numbers.plural(done, 'rung')} measured{leads}{rest}. Run it again and it continues."


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def command_line(results: Results) -> str:
    """The command that the study was run with; a task that was made in Python has no file."""
    if not results.task_path.lower().endswith((".yaml", ".yml", ".json")):
        return f"crossover.run_study(...), with {results.task_path}"
    return f"crossover run {pasted(results.task_path)} {shlex.join(results.options)}".rstrip()


def facts(results: Results) -> list[Fact]:
    """The figures that back the verdict: quality, change, target, cost, speed; of the provisional one if undecided."""
    choice = chosen(results)
    shown = choice or provisional(results)
    found = _choice_facts(results, shown) if shown else []
    found[2:2] = [*_target(results), *_regret(results)] if results.decision["verdict"]["kind"] != "unfinished" else []
    if shown and results.decision["verdict"].get("falls_short"):
        found.insert(0, Fact("If any", shown.name))
    elif shown and not choice:
        found.insert(
            0,
            Fact(
                "Until then",
                shown.name,
                meanwhile(int(results.decision.get("folds") or 0), results.decision.get("margin", 0.0)),
            ),
        )
    return found


def lead(results: Results) -> str:
    """The two crossover points and what more labels bring, in one breath; empty where no learning curve was measured."""
    crossover = results.decision["crossover"]
    said = crossover.get("said")
    return " ".join([*said[:2], *([_requests(results)] if crossover["requests"] else [])]) if said else ""


def crossover_sentences(results: Results) -> list[str]:
    """The two crossover points in words: from how many labels, and from how many requests."""
    return [*(results.decision["crossover"].get("said") or [_no_curve(results)]), _requests(results)]


def _no_curve(results: Results) -> str:
    if results.decision["verdict"]["kind"] == "unfinished":
        return (
            "The learning curve comes after the verdict."
            if results.task.get("curve")
            else "No learning curve is asked for."
        )
    how = f"crossover curve {pasted(results.folder)}"
    return f"From how many labels on fine-tuning wins is not known yet: {how} measures the learning curve."


def _requests(results: Results) -> str:
    requests = results.decision["crossover"]["requests"]
    if not requests:
        why = results.decision["crossover"].get("requests_reason")
        return why or "No number of requests was found from which fine-tuning costs less than the best prompt."
    planned = results.decision["crossover"].get("requests_planned")
    plan = f"; {numbers.count(planned)} are planned" if planned is not None else ""
    if requests["value"] < 1:
        late = numbers.at_once(requests["high"])
        return f"Fine-tuning costs less than the best prompt from the first request{late and ' on'}{late}{plan}."
    around = numbers.around(requests["value"], requests["low"], requests["high"], planned)
    return f"Fine-tuning costs less than the best prompt from about {around} requests{plan}."


def flip_sentences(results: Results) -> list[str]:
    """What would flip the verdict, the nearest first; nothing where that was not computed."""
    return list(results.decision.get("flips", {}).get("said", ()))


def sensitivity_sentence(results: Results) -> str:
    """How much wording and format alone change, in words; empty where it was not measured."""
    found = results.decision.get("prompt_sensitivity")
    if not found:
        return ""
    low, high = numbers.percent(found["low"]), numbers.percent(found["high"])
    models = results.task.get("models") or {}
    of = "".join(f" with {name}" for name, one in models.items() if one["spec"] == found.get("model"))
    return (
        f"Over {found['tried']} phrasings and formats of one instruction{of}, {measure(str(results.task['metric']))} on dev"
        f" ran from {low} to {high}: that is the task's prompt sensitivity{of}."
    )


def _choice_facts(results: Results, choice: CandidateReport) -> list[Fact]:
    found = []
    measured = choice.test or choice.dev
    if measured:
        where, items = ("on test", "test items") if choice.test else ("on dev", "dev items")
        if choice.test and (folds := results.decision.get("folds")):
            where, items = "over folds", f"rows in {folds} folds"
        of = f" of {choice.stopped.of:,}" if choice.stopped else ""
        interval = f"{100 * measured.low:.1f}–{100 * measured.high:.1f}, {measured.n:,}{of} {items}"
        found.append(Fact(f"{metric_name(results)} {where}", numbers.percent(measured.value), interval))
    if choice.change:
        change = choice.change
        between = f"{numbers.points(change.low, unit=False)} to {numbers.points(change.high, unit=False)} points"
        tone: Tone = "good" if change.low > 0 else "bad" if change.high < 0 else "open"
        found.append(Fact("Against the baseline", numbers.points(change.difference, unit=False), between, tone))
    if len(found) == 0:
        found.append(Fact(metric_name(results), numbers.ABSENT, "it was not measured"))
    once, each = (choice.cost.fixed_interval, choice.cost.per_1k_interval) if choice.cost else (None, None)
    fixed = f"after {numbers.money(choice.cost_fixed, choice.currency)}{numbers.ends(once, ' ({})')} whatever is asked"
    remark = numbers.ends(each, "{}; ") + (fixed if choice.cost_fixed else "nothing up front")
    found.append(Fact("Per 1,000 requests", numbers.money(choice.cost_per_1k, choice.currency), remark))
    if choice.cost and choice.cost.horizon:
        planned = results.decision["crossover"].get("requests_planned")
        of = f"{numbers.count(planned)} requests, all included" if planned is not None else "all included"
        of = numbers.ends(choice.cost.horizon_interval, "{}; ") + of
        found.append(Fact("Over the horizon", numbers.money(choice.cost.horizon, choice.currency), of))
    if choice.latency_p50_ms is not None:
        middle, ends = choice.latency_p50_interval, choice.latency_p95_interval
        said = [numbers.latency_ends(*middle)] if middle else []
        if choice.latency_p95_ms is not None:
            between = f" ({numbers.latency_ends(*ends)})" if ends else ""
            said.append(f"{numbers.milliseconds(choice.latency_p95_ms)}{between} at p95")
        found.append(Fact("Latency, p50", numbers.milliseconds(choice.latency_p50_ms), "; ".join(said)))
    return found


def metric_name(results: Results) -> str:
    """The task's metric as a heading: "macro_f1" is "Macro F1"."""
    return heading(str(results.task["metric"]))


def _target(results: Results) -> list[Fact]:
    target, met = results.task["target"], results.decision["verdict"]["target_met"]
    if target is None:
        return []
    if met is None:
        return [Fact("Target", "unsure", f"{numbers.percent(target)} lies inside the interval")]
    return [Fact("Target", "met" if met else "not met", numbers.percent(target), "good" if met else "bad")]


def _regret(results: Results) -> list[Fact]:
    """What the choice may cost against the best of what was tested."""
    regret = results.decision["verdict"].get("regret")
    if not regret or regret["upper"] is None:
        return []
    expected = f"95 % bound; {numbers.span(regret['expected'])} to be expected"
    return [Fact("Lost at most", numbers.span(regret["upper"]), expected)]


def _test_items(results: Results) -> int:
    return int(results.decision["splits"]["test"])
