"""The prompt registry in the terminal: what there is, who changed what when, a version, a difference, and what works where.

Nothing that a prompt, a name or a note holds steers the terminal: what is not printable is shown as its escape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossover.decision import numbers
from crossover.prompts.plain import visible
from crossover.prompts.record import Figure, Version
from crossover.prompts.store import Change, last
from crossover.types import to_json

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_COMPARABLE = "highest first; comparable are figures of the same task, data, metric and split"


def listed(found: Mapping[str, Sequence[Version] | str]) -> RenderableType:
    """All prompts, each with its versions, or with what is wrong with its files."""
    table = _table("prompt", "versions", "latest", "changed", "by", "labels", "note")
    for name, versions in found.items():
        if isinstance(versions, str):
            table.add_row(_text(name), "", _text(versions, "yellow"))
            continue
        newest = last(versions)
        labels = [f"{label} → {version.number}" for version in versions for label in version.labels]
        latest, by = " and ".join(one.identity for one in newest), ", ".join(dict.fromkeys(one.by for one in newest))
        cells = [name, f"{len(versions)}", latest, _when(newest[-1].at), by, ", ".join(sorted(labels)), newest[-1].note]
        table.add_row(*map(_text, cells))
    return table


def told(changes: Sequence[Change]) -> RenderableType:
    """Who changed what of one prompt when, the newest last."""
    table = _table("when", "who", "what", "note")
    for change in changes:
        table.add_row(*map(_text, (_when(change.at), change.by, change.what, change.note)))
    return table


def headed(version: Version) -> RenderableType:
    """Which version it is, and where it comes from."""
    about = Table.grid(padding=(0, 2, 0, 0))
    given = {
        "labels": ", ".join(version.labels),
        "changed": f"{_when(version.at)} by {version.by}",
        "from": version.source,
        "after": " and ".join(version.after),
        "note": version.note,
    }
    for heading, value in given.items():
        if value:
            about.add_row(_text(heading, "dim"), _text(value))
    return Group(_text(f"{version.name}@{version.identity}", "bold"), about, Text())


def differing(lines: Sequence[str]) -> RenderableType:
    """A unified diff, in colours."""
    found = Text()
    for number, line in enumerate(lines):
        style = "bold" if line.startswith(("--- ", "+++ ")) and number < 2 else _COLOURS.get(line[:1], "")
        found.append(f"{visible(line)}\n", style)
    found.rstrip()
    return found


def figures(scores: Sequence[Figure]) -> RenderableType:
    """What was measured of prompts, by task, data and model, the highest figure first."""
    table = _table("task", "model", "prompt", "candidate", "metric", "% (95 % interval)", "on", "data", "study of")
    table.caption, table.caption_justify = _COMPARABLE, "left"
    for one in sorted(scores, key=lambda one: (one.task, one.data, one.model, one.metric, -one.value, one.identity)):
        how = f"{one.strategy} (tuned weights)" if one.weights else one.strategy
        on = f"{one.n:,} {one.split} rows" + (f" in {one.folds} folds" if one.folds else "")
        value = numbers.estimate(one.estimate, unit=False)
        prompt = f"{one.name}@{one.version}"
        cells = (one.task, one.model, prompt, how, one.metric, value, on, one.data[:8], one.at[:10])
        table.add_row(*map(_text, cells))
    return table


def version_json(version: Version, scores: Sequence[Figure] = ()) -> dict[str, Any]:
    """A version as JSON, with all fields of its prompt."""
    body = {key: to_json(getattr(version, key)) for key in ("name", "number", "identity", "labels", "at", "by", "note")}
    body |= {key: to_json(getattr(version, key)) for key in ("source", "after", "prompt", "decoding")}
    return body | {"scores": [to_json(one) for one in scores if one.version == version.identity]}


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _text(value: str, style: str = "") -> Text:
    return Text(visible(value), style=style)


def _when(at: str) -> str:
    return at[:16].replace("T", " ")
