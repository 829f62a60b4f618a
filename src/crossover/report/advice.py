"""Advice as it is read: what evidence expects, the criteria of the literature with this task's figures, the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossover.decision import numbers
from crossover.decision.advice import Expectation, Statement, expectation, statements
from crossover.decision.evidence import Source, evidence
from crossover.decision.situation import QUESTIONS, Situation
from crossover.report.notebook import printed_html
from crossover.report.verdict import headline
from crossover.study.advising import Experiment, Known, experiment
from crossover.study.results import CandidateReport, Results
from crossover.types import to_json

WAYS = ("prompt", "weights", "hybrid")
HEADINGS = {
    "prompt": "For a prompt",
    "weights": "For tuning",
    "hybrid": "For both",
    "neither": "For neither",
    "care": "To bear in mind",
}
ELSEWHERE = "Others found this on their tasks and models. Yours may differ: measure."


@dataclass(frozen=True)
class Compared:
    """One criterion. `figures`: by way ("prompt", "weights", "hybrid"), what a study found; `note`: of the task itself."""

    criterion: str
    prompt: str
    weights: str
    hybrid: str
    figures: Mapping[str, str]
    note: str = ""


@dataclass(frozen=True)
class Advice:
    """`measured`: what a study found, where there is one; `unknown`: what would have been asked, as questions."""

    situation: Situation
    expectation: Expectation
    statements: tuple[Statement, ...]
    comparison: tuple[Compared, ...]
    experiment: Experiment | None
    measured: str
    unknown: tuple[str, ...]

    @property
    def expected(self) -> str:
        """ "prompt", "weights", "hybrid" or "open"."""
        return self.expectation.expected

    @property
    def sources(self) -> tuple[Source, ...]:
        """The works that are cited, each once."""
        return tuple(dict.fromkeys(source for one in self.statements for source in one.sources))

    def to_json(self) -> dict[str, Any]:
        body = {
            "situation": self.situation.model_dump(mode="json"),
            "expected": to_json(self.expectation),
            "statements": to_json(self.statements),
            "comparison": to_json(self.comparison),
            "measured": self.measured or None,
            "unknown": list(self.unknown),
        }
        made = self.experiment
        return body | {"experiment": {"strategies": list(made.strategies), "said": list(made.said)} if made else None}

    def __str__(self) -> str:
        return self.measured or self.expectation.said

    def _repr_html_(self) -> str:
        return printed_html(printed(self))


def advice_of(known: Known) -> Advice:
    """The advice on what is known."""
    found = expectation(known.situation)
    return Advice(
        known.situation,
        found,
        tuple(statements(known.situation)),
        tuple(comparison(known.situation, known.results)),
        experiment(known, found.expected),
        headline(known.results) if known.results else "",
        tuple(QUESTIONS[name] for name in known.situation.unknown()),
    )


def comparison(situation: Situation, results: Results | None) -> list[Compared]:
    """The literature's criteria, with what this task or its study says of each."""
    best = _best(results) if results else {}
    figures = {
        "cost": {way: _cost(c) for way, c in best.items()},
        "custom behaviour": {way: _quality(c) for way, c in best.items()},
        "reusability": {way: _kept(c) for way, c in best.items() if c.forgetting},
        "update rate": {way: _tuned(c) for way, c in best.items() if c.trace},
    }
    notes = _notes(situation)
    return [
        Compared(one.name, one.prompt, one.weights, one.hybrid, figures.get(one.name, {}), notes.get(one.name, ""))
        for one in evidence().criteria
    ]


def printed(advice: Advice, references: bool = True) -> RenderableType:
    """For the terminal, at any width."""
    parts: list[RenderableType] = []
    if advice.measured:
        parts += [Text(_clean(advice.measured), style="bold"), Text()]
    said = f"What published evidence expects: {advice.expectation.said[:1].lower()}{advice.expectation.said[1:]}"
    parts += [Text(said, style="" if advice.measured else "bold"), Text(ELSEWHERE, style="dim")]
    for favours, heading in HEADINGS.items():
        own = [one for one in advice.statements if one.favours == favours]
        if own:
            lines = Table.grid(padding=(0, 1, 0, 0))
            for one in own:
                lines.add_row("•", Text.assemble(f"{one.says} ", (f"({one.cited()})", "dim")))
            parts += [Text(), Text(heading, style="bold"), lines]
    parts += [Text(), _table(advice)]
    if advice.experiment:
        steps = Table.grid(padding=(0, 1, 0, 0))
        for sentence in advice.experiment.said:
            steps.add_row("•", Text(_clean(sentence)))
        parts += [Text(), Text("The cheapest experiment that would settle it", style="bold"), steps]
    if advice.unknown:
        unknown = Table.grid(padding=(0, 1, 0, 0))
        for question in advice.unknown:
            unknown.add_row("?", Text(question))
        parts += [Text(), Text("Not known, and would sharpen this (--interview, or an option each)", style="bold"), unknown]
    if references and advice.sources:
        works = Table.grid(padding=(0, 1, 0, 0))
        for source in advice.sources:
            works.add_row("•", Text(source.reference()))
        parts += [Text(), Text("Sources", style="bold"), works]
    return Group(*parts)


def _table(advice: Advice) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="dim",
        title="In the criteria of the literature", title_justify="left", title_style="bold",
    )  # fmt: skip
    for heading in ("", "prompt engineering", "fine-tuning", "both"):
        table.add_column(heading, overflow="fold", ratio=None if not heading else 1)
    for row in advice.comparison:
        cells = [Text(row.criterion)]
        for way in WAYS:
            cell = Text(getattr(row, way), style="dim" if row.figures.get(way) else "")
            if figure := row.figures.get(way):
                cell = Text.assemble((f"{_clean(figure)}\n", "bold"), cell)
            cells.append(cell)
        if row.note:
            cells[0].append(f"\n{row.note}", style="dim")
        table.add_row(*cells)
    return table


def _best(results: Results) -> dict[str, CandidateReport]:
    """Each way's champion, or else its best on test, then on dev."""
    found = {}
    for way in WAYS:
        own = [c for c in results.candidates if c.family == way and c.same_as is None and (c.test or c.dev)]
        if own:
            found[way] = max(own, key=_standing)
    return found


def _standing(c: CandidateReport) -> tuple[bool, bool, float]:
    shown = c.test or c.dev
    return c.status == "champion", c.test is not None, shown.value if shown else 0.0


def _cost(c: CandidateReport) -> str:
    once, each = (c.cost.fixed_interval, c.cost.per_1k_interval) if c.cost else (None, None)
    fixed = (
        f", {numbers.money(c.cost_fixed, c.currency)}{numbers.ends(once, ' ({})')} whatever is asked"  # also a deployment
    )
    return (
        f"{numbers.money(c.cost_per_1k, c.currency)}{numbers.ends(each, ' ({})')} per 1,000{fixed if c.cost_fixed else ''}"
    )


def _quality(c: CandidateReport) -> str:
    shown = c.test or c.dev
    assert shown is not None
    return f"{c.name}: {numbers.estimate(shown)}{'' if c.test else ' on dev'}"


def _kept(c: CandidateReport) -> str:
    assert c.forgetting is not None
    change = c.forgetting.suites[0].change
    return f"general suite {numbers.difference(change.difference, change.low, change.high)} points"


def _tuned(c: CandidateReport) -> str:
    return f"tuned in {numbers.duration(sum(epoch.seconds for epoch in c.trace))}"


def _notes(s: Situation) -> dict[str, str]:
    """What is known of the task, under the criterion that it bears on."""
    notes = {}
    if s.training_rows is not None:
        notes["data"] = f"{numbers.count(s.training_rows)} for training"
    if s.requests_per_month is not None:
        notes["cost"] = f"{numbers.count(s.requests_per_month)} a month"
    if s.access is not None:
        notes["access"] = {"weights": "weights", "tuning_api": "a provider tunes", "api": "only asking"}[s.access]
    if s.private:
        notes["privacy"] = "data stay here"
    if s.changes is not None:
        notes["update rate"] = "never changes" if s.changes == "never" else f"changes {s.changes}"
    if s.skill is not None:
        notes["complexity"] = f"skill: {s.skill}"
    return notes


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)
