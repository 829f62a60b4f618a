"""Classification on intents the model has never seen: bare, told, shown and tuned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

from benchmarks.board import Board
from crossover.engine.phrasing import answer_form
from crossover.strategies._calibration import calibrated
from crossover.strategies._demonstrations import balanced
from crossover.strategies.base import Strategy
from crossover.types import Candidate, Decoding, Demonstration, Prompt
from training.pocket.measures import draws
from training.pocket.measures.draws import Draw
from training.pocket.measures.lab import Lab, percent, say, scored, top_share
from training.pocket.measures.observed import Observed, Values, minus
from training.pocket.measures.wordings import task_of, wordings

CHOICE = 40  # labelled rows by which a wording is chosen for one draw
CONSTANT = 90.0  # percent: an answer this frequent over balanced labels is a constant one
SHOTS = 2  # examples a label
FORMS = ("examples", "examples and instruction")


@dataclass(frozen=True)
class Case:
    """A data set with its bars, in percent. `sizes`: rows to tune on and the accuracy asked of LoRA."""

    name: str
    folder: str  # of its parts' names
    goal: str
    draw: Callable[[Path, int, int], Draw]
    zero: float
    over_bare: float
    few: float
    over_zero: float
    sizes: tuple[tuple[int, float], ...]
    spread: tuple[float, float] | None = None


BANKING = Case(
    "banking10",
    "banking",
    "Say what a bank customer's message is about.",
    draws.banking,
    zero=40,
    over_bare=8,
    few=55,
    over_zero=10,
    sizes=((300, 78), (900, 86)),
    spread=(5, 40),
)
CLINC = Case(
    "clincbank15",
    "clinc",
    "Say what somebody wants from a banking assistant.",
    draws.clinc,
    zero=45,
    over_bare=0,
    few=60,
    over_zero=0,
    sizes=((450, 85),),
)


@dataclass
class Outcomes:
    """What one prompt reaches, in percent, a value a draw. `chosen`: on the rows by which a wording is chosen."""

    raw: list[float] = field(default_factory=list)
    calibrated: list[float] = field(default_factory=list)
    top: list[float] = field(default_factory=list)
    chosen: list[float] = field(default_factory=list)
    chosen_calibrated: list[float] = field(default_factory=list)

    def values(self, calibrated: bool) -> list[float]:
        return self.calibrated if calibrated else self.raw

    def choice(self, calibrated: bool) -> list[float]:
        return self.chosen_calibrated if calibrated else self.chosen


def measure_prompts(lab: Lab, draw: int, case: Case) -> Values:
    """Bare input, twelve wordings, examples; raw and calibrated."""
    kept = case.draw(lab.data, draw, lab.tests)
    plain = draws.spelled(kept)
    say(f"{case.name}, draw {draw}: {', '.join(plain.labels)}")
    asked = wordings(case.goal, kept)
    found = _try(lab, "bare", Prompt(), plain)
    for wording in asked:
        found |= _try(lab, wording.name, wording.prompt, kept if wording.underscored else plain)
    shown = examples_in(answer_form(task_of(case.goal, plain.labels)), plain)
    found |= _try(lab, "examples", shown, plain)
    return found | _try(lab, "examples and instruction", examples_in(asked[0].prompt, plain), plain)


def report_prompts(observed: Observed, board: Board, case: Case) -> None:
    """The figures over all draws that were measured."""
    found: dict[str, Outcomes] = defaultdict(Outcomes)
    measured = observed.read(f"{case.folder}-prompts")
    if not measured:
        return
    for values in measured.values():
        for key, value in values.items():
            name, kind = key.split(": ")
            getattr(found[name], kind).append(value)
    names = [name for name in found if name not in ("bare", *FORMS)]
    changes: dict[str, list[float]] = {}
    for is_calibrated in (False, True):
        best, few = _report(board, case, found, names, is_calibrated)
        if not is_calibrated:
            changes = {"bare": _change(found["bare"]), "best zero-shot": _change(found[best])}
            changes["examples"] = _change(found[few])
    for name, change in changes.items():
        size = abs(mean(change))
        board.add(f"{case.name}: calibrated minus raw, {name}", change, 8, "points", lower=True, value=size)
    for what, prompts in {"bare": ["bare"], "worst wording": names, "worst examples": list(FORMS)}.items():
        top = max((found[name].top for name in prompts), key=mean)
        board.add(f"{case.name}: most frequent answer, {what}", top, CONSTANT, "%", lower=True)


def examples_in(form: Prompt, drawn: Draw) -> Prompt:
    """The form with two training examples of each label in front, in random order."""
    pool = tuple(Demonstration(e.input, e.output) for e in drawn.train)
    return replace(form, demonstrations=balanced(pool, SHOTS * len(drawn.labels), drawn.seed))


def measure_tuning(lab: Lab, draw: int, case: Case, strategy: Strategy, size: int) -> Values:
    """Tuning on the plain short prompt; the best epoch is chosen on further rows."""
    drawn = draws.spelled(case.draw(lab.data, draw, lab.tests))
    start = Candidate(lab.model.target, answer_form(task_of(case.goal, drawn.labels)), Decoding(labels=drawn.labels))
    say(f"{case.name}, draw {draw}: {type(strategy).__name__} on {min(size, len(drawn.train))} rows")
    with lab.tuned(strategy, start, drawn.train[:size], lab.dev(drawn), draw) as candidate:
        share = lab.percent(candidate, drawn.test)
    say(f"{case.name}, draw {draw}: {type(strategy).__name__} on {min(size, len(drawn.train))} rows: {share:.1f} %")
    return {"accuracy": share}


def report_tuning(observed: Observed, board: Board, case: Case) -> None:
    """LoRA against its bars; full tuning beside it where it was measured."""
    for size, bar in case.sizes:
        lora, full = (observed.values(f"{case.folder}-{method}-{size}", "accuracy") for method in ("lora", "full"))
        if lora:
            board.add(f"{case.name}: LoRA, {size} labels", list(lora.values()), bar)
        if full:
            board.add(f"{case.name}: full tuning, {size} labels", list(full.values()))
        if apart := minus(full, lora):
            name = f"{case.name}: full tuning minus LoRA, {size} labels, either way"
            board.add(name, apart, 3, "points", lower=True, value=abs(mean(apart)))


def _try(lab: Lab, name: str, prompt: Prompt, drawn: Draw) -> Values:
    candidate = Candidate(lab.model.target, prompt, Decoding(labels=drawn.labels))
    dev = lab.dev(drawn)
    known, asked = lab.ask(candidate, dev), lab.ask(candidate, drawn.test)
    other = calibrated(candidate, scored(candidate, dev, known)) or candidate
    raw = scored(candidate, drawn.test, asked)
    found = {
        "raw": percent(raw),
        "calibrated": percent(scored(other, drawn.test, asked)),
        "top": top_share(raw),
        "chosen": percent(scored(candidate, dev[:CHOICE], known[:CHOICE])),
        "chosen_calibrated": percent(scored(other, dev[:CHOICE], known[:CHOICE])),
    }
    shown = prompt.instruction.replace("\n", " ") or prompt.template.replace("\n", " ")
    say(f"  {found['raw']:5.1f} raw {found['calibrated']:5.1f} calibrated {found['top']:5.1f} top  {shown[:60]}")
    return {f"{name}: {kind}": value for kind, value in found.items()}


def _change(outcomes: Outcomes) -> list[float]:
    return _minus(outcomes.calibrated, outcomes.raw)


def _minus(left: Sequence[float], right: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(left, right, strict=True)]


def _report(board: Board, case: Case, found: dict[str, Outcomes], names: list[str], cal: bool) -> tuple[str, str]:
    """The figures, raw or calibrated; returns the best wording and the better form of examples, by their means."""
    count = len(found["bare"].raw)
    add, tail = board.add, ", calibrated" if cal else ""
    values = {name: outcomes.values(cal) for name, outcomes in found.items()}
    best = max(names, key=lambda name: mean(values[name]))
    few = max(FORMS, key=lambda name: mean(values[name]))
    add(f"{case.name}: bare input{tail}", values["bare"])
    for name in names:
        add(f"{case.name}: {name}{tail}", values[name])
    add(f"{case.name}: best zero-shot{tail}", values[best], case.zero)
    picked = [values[max(names, key=lambda name: found[name].choice(cal)[i])][i] for i in range(count)]
    add(f"{case.name}: zero-shot chosen on {CHOICE} rows{tail}", picked)
    add(f"{case.name}: best zero-shot minus bare{tail}", _minus(values[best], values["bare"]), case.over_bare, "points")
    means = [mean(values[name]) for name in names]
    spreads = [max(values[n][i] for n in names) - min(values[n][i] for n in names) for i in range(count)]
    spread, (low, high) = max(means) - min(means), case.spread or (None, None)
    add(f"{case.name}: spread of the means of 12 wordings{tail}", spreads, low, "points", value=spread)
    if high is not None:
        add(f"{case.name}: spread of the means of 12 wordings, upper bar{tail}", spreads, high, "points", True, spread)
    for name in FORMS:
        add(f"{case.name}: two a label, {name}{tail}", values[name])
    add(f"{case.name}: two examples a label{tail}", values[few], case.few)
    over = _minus(values[few], values[best])
    add(f"{case.name}: two examples a label minus best zero-shot{tail}", over, case.over_zero, "points")
    return best, few
