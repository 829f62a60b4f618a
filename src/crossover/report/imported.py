"""What other tools' logs say, for the terminal: their own numbers, intervals beside them, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossover.decision import numbers

TREATMENTS = {
    "same": "",
    "failed as zero": "the tool counts failed calls as wrong answers",
    "other": "the tool's number is no mean of the items' scores",
    "none": "",
}


def imported(body: Mapping[str, Any]) -> RenderableType:
    """An import (`importing.folder.body_of`) as tables and sentences."""
    parts: list[RenderableType] = []
    if body["logs"]:
        parts.append(_figures(body))
    if body["differences"]:
        parts.append(_differences(body))
    elif len(body["logs"]) > 1:
        parts.append(Text("no two of these logs are of one task with a metric in common, so there is nothing to compare"))
    counted = [numbers.plural(body["rows"], "row")] if body["rows"] else []
    counted += [numbers.plural(len(body["prompts"]), "prompt")] if body["prompts"] else []
    if counted:
        parts.append(Text(f"data: {' and '.join(counted)}"))
    parts += [plain(f"  {sentence}") for sentence in body["remarks"]]
    return Group(*parts)


def plain(written: str) -> Text:
    """A text of a file's as a terminal can have it: what would steer it is shown, not done."""
    return Text("".join(c if c.isprintable() else " " if c.isspace() else repr(c)[1:-1] for c in written))


def _figures(body: Mapping[str, Any]) -> RenderableType:
    legend = [
        plain(f"{_letter(position)}  {', '.join(part for part in (log['tool'], log['task'], log['system']) if part)}")
        for position, log in enumerate(body["logs"], start=1)
    ]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left", caption=_caption(body))
    table.add_column("log")
    table.add_column("metric", overflow="fold")
    for heading in ("the tool's number", "mean (95 % interval)", "items", "failed"):
        table.add_column(heading, justify="right")
    for position, log in enumerate(body["logs"], start=1):
        for row, figure in enumerate(log["figures"]):
            table.add_row(*map(plain, ("" if row else _letter(position), figure["metric"], *_numbers(figure))))
        for total in log["totals"]:
            head = "" if log["figures"] or total is not log["totals"][0] else _letter(position)
            table.add_row(*map(plain, (head, total["metric"], _given(total), "–", "–", "–")))
    return Group(*legend, table)


def _numbers(figure: Mapping[str, Any]) -> tuple[str, str, str, str]:
    measured, printed = figure["estimate"], figure["printed"]
    given = _given(printed) if printed else "–"
    mean = f"{measured['value']:.3f} ({measured['low']:.3f}–{measured['high']:.3f})"
    return given, mean, numbers.count(measured["n"]), numbers.count(figure["failed"]) if figure["failed"] else "–"


def _given(printed: Mapping[str, Any]) -> str:
    return f"{printed['statistic']} {printed['value']:.4g}"


def _caption(body: Mapping[str, Any]) -> str | None:
    said = dict.fromkeys(TREATMENTS[figure["treatment"]] for log in body["logs"] for figure in log["figures"])
    return "; ".join(sentence for sentence in said if sentence) or None


def _differences(body: Mapping[str, Any]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="the same items, paired", title_justify="left")
    table.add_column("metric", overflow="fold")
    table.add_column("logs")
    for heading in ("difference (95 % interval)", "p", "items"):
        table.add_column(heading, justify="right")
    table.add_column("test", overflow="fold")
    apart = 0
    for found in body["differences"]:
        paired = found["comparison"]
        pair = f"{_letter(found['second'] + 1)} − {_letter(found['first'] + 1)}"
        if not paired["n"]:
            table.add_row(*map(plain, (found["metric"], pair, "no common item", "", "0", "")))
            continue
        ends = f"{paired['difference']:+.3f} ({paired['low']:+.3f} to {paired['high']:+.3f})"
        cells = (found["metric"], pair, ends, numbers.p_value(found["p"]), numbers.count(paired["n"]), paired["test"])
        table.add_row(*map(plain, cells))
        apart = max(apart, found["apart"])
    said = ["p is adjusted over the pairs of a metric (Holm)"] if _several(body) else []
    if apart:
        said.append(f"up to {numbers.plural(apart, 'item')} of a pair stand in one of its logs alone, and are left out")
    table.caption, table.caption_justify = "; ".join(said) or None, "left"
    return table


def _several(body: Mapping[str, Any]) -> bool:
    return any(found["second"] - found["first"] > 1 for found in body["differences"])


def _letter(position: int) -> str:
    """1 is A, 27 is AA."""
    return "" if position == 0 else _letter((position - 1) // 26) + chr(65 + (position - 1) % 26)
