"""The verdict and the experiment at a glance, for the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from crossover.data.finding import located
from crossover.decision import numbers
from crossover.decision.terms import measure
from crossover.report import slices
from crossover.report.rows import Cell, GlanceRow, curve_names, curve_rows, glance_rows
from crossover.report.verdict import KINDS, facts, flip_sentences, headline
from crossover.study.results import Past, Results

_KIND_STYLES = {
    "prompt": "blue",
    "weights": "dark_orange",
    "hybrid": "green",
    "neither": "red",
    "undecided": "yellow",
    "unfinished": "yellow",
}
_TONE_STYLES = {"good": "green", "bad": "red", "open": ""}


_TERMS = {  # explained where they first stand
    "rele-\nvance %": ("relevance", "how near an answer is to the gold one"),
    "consis-\ntency %": ("consistency", "how often asking again gives the same answer"),
    "general\nsuite": ("general suite", "what tuning took from or gave to other abilities, in points"),
}
WIDEST = 28  # of a cell: a longer candidate name is folded
EARLY = "†"  # beside the figure of a race that ended early
ESSENTIAL = 5  # one line per candidate is kept as long as the columns up to this rank fit


class Found(Protocol):
    """A finding of the data checks, at hand or read back."""

    @property
    def level(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def rows(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class _Column:
    heading: str
    cell: Callable[[GlanceRow], Text]
    rank: int  # when the terminal is narrow, the highest rank is left out first; 0 always stays
    justify: Literal["left", "right"] = "right"


def glance(results: Results, width: int = 100) -> Table:
    """The ladder as a table, one row per candidate, for a terminal of `width` characters.

    Where that is too narrow, columns of detail are left out, then intervals move to a second line, then more columns
    go, the least telling first; the caption names them. Names are folded, never cut.
    """
    measuring = Console(width=10_000)
    columns = _columns(results)
    ranks = range(max(column.rank for column in columns), -1, -1)
    layouts = [(most, False) for most in ranks if most >= ESSENTIAL] + [(most, True) for most in ranks]
    for most, stacked in layouts:
        table = _table(results, columns, most, stacked)
        if Measurement.get(measuring, measuring.options, table).maximum <= width:
            break
    return table


def foot(results: Results) -> RenderableType | None:
    """What stands under table and verdict, if anything: the worst slices, what the data checks warned of, why a rung
    failed, and what the folder held before."""
    lines = Table.grid(padding=(0, 1, 0, 0))
    for sentence in filter(None, (slices.worst(results), *slices.said(results))):
        lines.add_row("•", Text(_printable(sentence)))
    for sentence in doubts(results.findings):
        lines.add_row(Text("!", style="bold yellow"), Text(_printable(sentence), style="yellow"))
    for one in results.candidates:
        if one.status == "failed" and one.note:
            said = f"{one.name} failed: {one.note}"
            lines.add_row(Text("!", style="bold yellow"), Text(_printable(said), style="yellow"))
    for past in results.history:
        changed = f"; since then changed: {'; '.join(past.changed)}" if past.changed else ""
        said = f"earlier ({past.ended[:16].replace('T', ' ')}, {past.file}): {_was(past)}{changed}"
        lines.add_row("•", Text(_printable(said), style="dim"))
    for past in results.redecisions:
        changed = f"; with {'; '.join(past.changed)}" if past.changed else ""
        said = f"decided again ({past.ended[:16].replace('T', ' ')}, {past.file}): {_was(past)}{changed}"
        lines.add_row("•", Text(_printable(said), style="dim"))
    for measured in results.evaluations:
        reached = "; ".join(f"{found.name} {numbers.estimate(found.estimate)}" for found in measured.reached)
        said = f"measured on {measured.data} ({measured.at[:16].replace('T', ' ')}, {measured.file}): {reached}"
        lines.add_row("•", Text(_printable(said), style="dim"))
    if results.later is not None:
        rest = f", still to come: {', '.join(results.later)}" if results.later else ""
        lines.add_row("•", Text(_printable(f"a later run in this folder is not finished{rest}; run it again"), style="dim"))
    return lines if lines.row_count else None


def _was(past: Past) -> str:
    """An earlier verdict in a few words: "prompt, few_shot", "none of these, if any few_shot"."""
    if past.short:
        return f"none of these{f', if any {past.name}' if past.name else ''}"
    return f"{KINDS[past.kind].lower()}{f', {past.name}' if past.name else ''}"


def doubts(findings: Sequence[Found]) -> list[str]:
    """What the data checks warned of, a sentence each, with the first rows that it is about."""
    return [f"data: {located(one.message, one.rows)}" for one in findings if one.level != "info"]


def verdict_text(results: Results) -> RenderableType:
    """The verdict's sentence, its figures, its reasons and its warnings."""
    verdict = results.decision["verdict"]
    figures = Table.grid(padding=(0, 3, 0, 0))
    for fact in facts(results):
        figure = Text(_printable(fact.figure), style=f"bold {_TONE_STYLES[fact.tone]}".strip())
        figures.add_row(Text(_printable(fact.label), style="dim"), figure, Text(_printable(fact.remark), style="dim"))
    points = Table.grid(padding=(0, 1, 0, 0))
    for reason in verdict["reasons"]:
        points.add_row("•", Text(_printable(reason)))
    for warning in verdict["warnings"]:
        points.add_row(Text("!", style="bold yellow"), Text(_printable(warning), style="yellow"))
    for sentence in results.decision.get("forgetting", {}).get("said", ()):
        points.add_row("•", Text(_printable(sentence)))
    turned = Table.grid(padding=(0, 1, 0, 0))
    for sentence in flip_sentences(results):
        turned.add_row("↔", Text(_printable(sentence)))
    parts: list[RenderableType] = [Text(_printable(headline(results)), style=f"bold {_KIND_STYLES[verdict['kind']]}")]
    for part in (figures, points, curve_table(results), turned):
        if part is not None and part.row_count:
            parts += [Text(), part]
    return Group(*parts)


def curve_table(results: Results) -> Table | None:
    """The measured points of the learning curves, a row for each number of labels; None where none was measured."""
    rows = curve_rows(results)
    if not rows:
        return None
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="dim",
        caption="labels: training and dev rows; 95 % intervals", caption_justify="left", caption_style="dim",
    )  # fmt: skip
    for heading in ("labels", *curve_names(results)):
        table.add_column(Text(_printable(heading)), justify="right", overflow="fold", max_width=WIDEST)
    for row in rows:
        table.add_row(Text(numbers.count(row.labels)), *(_text(cell) for cell in row.cells))
    return table


def _columns(results: Results) -> list[_Column]:
    target = results.task["target"]
    wanted = [] if target is None else [_Column(f"target\n{numbers.percent(target)}", _target, 1, "left")]
    currency = results.candidates[0].currency if results.candidates else ""
    forgot = [_Column("general\nsuite", lambda row: _text(row.forgetting), 2)]
    return [
        _Column("candidate", _name, 0, "left"),
        _Column("rung", lambda row: Text(row.candidate.rung, style="dim"), 7, "left"),
        _Column(f"{_printable(measure(results.task['metric']))}\n%", _metric, 0),
        _Column("change\npoints", lambda row: _text(row.change), 0),
        *wanted,
        *(forgot if any(candidate.forgetting for candidate in results.candidates) else []),
        _Column("rele-\nvance %", lambda row: _text(row.relevance), 3),
        _Column("consis-\ntency %", lambda row: _text(row.consistency), 4),
        _Column("p50", lambda row: _text(row.p50), 8),
        _Column("p95", lambda row: _text(row.p95), 6),
        _Column(f"{currency}\nper 1,000", lambda row: _money(row.per_1k, currency), 2),
        _Column(f"{currency}\nfixed", lambda row: _money(row.fixed, currency), 5),
    ]


def _in_words(heading: str) -> str:
    return heading.replace("-\n", "").removesuffix("%").strip().replace("\n", " ")


def _table(results: Results, columns: list[_Column], most: int, stacked: bool) -> Table:
    left_out = [_in_words(column.heading) for column in columns if column.rank > most]
    rows = glance_rows(results, unit=False)
    shown = [column for column in columns if column.rank <= most]
    headings = {column.heading for column in shown}
    notes = ["95 % intervals; change is against the baseline; money is computed from mean tokens and measured speed"]
    if folds := results.decision.get("folds"):
        notes[0] += f"; of ways to make a candidate, cross-fitted over {folds} folds"
    notes[0] += "; ○ to use for now" if any(row.provisional for row in rows) else ""
    notes[0] += "; * on dev (the rows to choose by), not tested" if any(row.on == "dev" for row in rows) else ""
    terms = [f"{word}: {about}" for heading, (word, about) in _TERMS.items() if heading in headings]
    notes += ["; ".join(terms)] if terms else []
    early = [row.candidate for row in rows if row.candidate.stopped]
    if early:
        where = ", ".join(f"{c.name} after {c.stopped.after:,} of {c.stopped.of:,} rows" for c in early if c.stopped)
        notes.append(f"{EARLY} stopped early, its interval holds whenever one stops: {_printable(where)}")
    failed = ", ".join(
        f"{row.candidate.name} {numbers.count(row.candidate.failures)}" for row in rows if row.candidate.failures
    )
    notes += [f"calls that failed, which no estimate counts: {_printable(failed)}"] if failed else []
    notes += [f"left out at this width: {', '.join(left_out)}"] if left_out else []
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="dim",
        caption="\n".join(notes), caption_justify="left", caption_style="dim",
    )  # fmt: skip
    for column in shown:
        table.add_column(Text(column.heading), justify=column.justify, overflow="fold", max_width=WIDEST)
    for row in rows:
        style = "bold" if row.chosen else "dim" if row.candidate.status in ("failed", "removed") else ""
        cells = [column.cell(row) for column in shown]
        table.add_row(*(_stack(cell) if stacked else cell for cell in cells), style=style)
    return table


def _stack(cell: Text) -> Text:
    """An estimate above its interval."""
    estimate, bracket, interval = cell.plain.partition(" (")
    return Text(f"{estimate}\n{interval.replace(')', '')}", style=cell.style) if bracket else cell


def _name(row: GlanceRow) -> Text:
    return Text(
        ("● " if row.chosen else "○ " if row.provisional else "  ") + _printable(row.candidate.name),
        style="green" if row.chosen else "",
    )


def _metric(row: GlanceRow) -> Text:
    if not row.on:
        return Text(row.candidate.status if row.candidate.status in ("failed", "removed") else numbers.ABSENT)
    early = EARLY if row.candidate.stopped else ""
    return Text(f"{row.metric.text}*", style="dim") if row.on == "dev" else Text(row.metric.text + early)


def _target(row: GlanceRow) -> Text:
    return Text(row.target.text, style={"yes": "green", "no": "red", "unsure": "yellow"}.get(row.reached, ""))


def _money(cell: Cell, currency: str) -> Text:
    return _text(Cell(cell.text.removesuffix(f" {currency}"), cell.why))


def _text(cell: Cell) -> Text:
    """In few letters: "(+1.0…+7.3)", "(≥ 18 ms)"."""
    short = re.sub(r"\((.*) or more\)", r"(≥ \1)", cell.text.replace(" to ", "…"))
    return Text(short, style="dim" if cell.absent else "")


def _printable(text: str) -> str:
    """Data may hold control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
