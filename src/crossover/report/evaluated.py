"""What candidates reached on rows that came after their study, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossover.data.finding import located
from crossover.decision import numbers
from crossover.decision.terms import measure
from crossover.report.imported import plain
from crossover.types import Estimate

WIDEST = 28  # of a candidate's name: a longer one is folded


def evaluated(body: Mapping[str, Any], known: bool = False) -> RenderableType:
    """An evaluation (`study.evaluate`) as a table, and sentences under it. `known`: the findings were said before."""
    data = body["data"]
    against = {pair["a"]: pair for pair in body["comparisons"] if pair["n"]}  # of none, nothing is known
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="dim",
        title=plain(f"{data['name']}: {numbers.plural(data['rows'], 'row')}"), title_justify="left",
        caption=_caption(body), caption_justify="left", caption_style="dim",
    )  # fmt: skip
    longest = max(len(row["name"]) for row in body["candidates"]) + 2
    table.add_column("candidate", overflow="fold", min_width=min(longest, WIDEST))
    for heading in (f"{measure(body['metric'])}\n%", "on test\n%", "since test\npoints", "beside the\nfirst, points", "p"):
        table.add_column(Text(heading), justify="right", overflow="fold")
    currency = next((row["cost"]["currency"] for row in body["candidates"] if row["cost"]), "")
    table.add_column(Text(f"{currency}\nper 1,000".strip()), justify="right")
    failed = any(row["failures"] for row in body["candidates"])
    if failed:
        table.add_column("failed", justify="right")
    for row in body["candidates"]:
        pair, cost = against.get(row["id"]), row["cost"]
        cells = [
            numbers.estimate(Estimate(**row["estimate"]), unit=False),
            numbers.estimate(Estimate(**row["test"]), unit=False) if row["test"] else numbers.ABSENT,
            _difference(row["change"]),
            _difference(pair),
            numbers.p_value(pair["p_adjusted"]) if pair else numbers.ABSENT,
            numbers.money(cost["per_1k_requests"], "") if cost else numbers.ABSENT,
            *([numbers.count(row["failures"])] if failed else []),
        ]
        name = ("● " if row["chosen"] else "  ") + row["name"]
        table.add_row(plain(name), *map(plain, cells), style="bold" if row["chosen"] else "")
    findings = [f"! data: {located(one['message'], one['rows'])}" for one in body["findings"] if not known]
    return Group(table, *(plain(f"• {sentence}") for sentence in body["said"]), *map(plain, findings))


def _caption(body: Mapping[str, Any]) -> str:
    several = "; p adjusted over these pairs (Holm)" if len(body["comparisons"]) > 1 else ""
    return f"95 % intervals; the verdict of the study stays as it is{several}"


def _difference(found: Mapping[str, Any] | None) -> str:
    return numbers.difference(found["difference"], found["low"], found["high"]) if found else numbers.ABSENT
