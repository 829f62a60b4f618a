"""List what is installed: strategies, metrics and models, with their options; and the keys of a task file."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossover import registry
from crossover.cli.output import unicode_out
from crossover.data.keys import INSIDE, Key, keys_of
from crossover.errors import OptionError, nearest
from crossover.models.open import NAMED, SERVICES
from crossover.registry import ROOMS, Room

KEYS = "keys"


def command(
    room: Annotated[
        str | None, typer.Argument(help="strategies, metrics, models, or keys: of a task file (default: all but these).")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="One of them: its options are shown, or the keys inside it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List what is installed: strategies, metrics and models, with their options; and the keys of a task file.

    Other packages add to it through the entry points crossover.strategies, crossover.metrics and crossover.models.
    """
    if room == KEYS:
        _show_keys(_keys(name), as_json)
        return
    if room is not None and room not in ROOMS:
        raise OptionError(f"there is nothing called '{room}' to list; {nearest(room, (*ROOMS, KEYS))}")
    chosen = [r for r in ROOMS if room in (None, r)]
    known = NAMED | {f"{service}:": about for service, about in SERVICES.items() if service != "openai"}
    if chosen == ["models"] and (about := known.get(str(name)) or known.get(f"{name}:")):
        _show(str(name), {"about": about}, as_json, {"about": about})
        return
    if name is not None:
        _show_options(chosen[0], name, as_json)
        return
    found = {r: {e.name: {"origin": e.origin, "about": e.summary} for e in registry.entries(r)} for r in chosen}
    if "models" in found:
        found["models"] = {n: {"origin": "built-in", "about": about} for n, about in known.items()} | found["models"]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for r in chosen:
        _show(r, {n: e["about"] for n, e in found[r].items()}, False, None)


def _show_options(room: Room, name: str, as_json: bool) -> None:
    options = registry.describe(room, name)
    if as_json:
        body = {o.name: {"type": o.type, "default": o.default, "about": o.about} for o in options}
        typer.echo(json.dumps(body, indent=1))
        return
    console = Console(highlight=False)
    console.print(Text(f"{name}: {registry.summary(room, name)}"), soft_wrap=True)
    if not options:
        console.print("It has no options.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading, style in (("option", "cyan"), ("type", "dim"), ("default", "")):
        table.add_column(heading, style=style, overflow="fold", max_width=26)
    table.add_column("what it is")
    for o in options:
        table.add_row(Text(o.name), Text(o.type), Text(o.default), Text(o.about))
    console.print(table)
    if room == "strategies":
        console.print(Text(f"in a task file:  strategies: [{{{name}: {{{options[0].name}: ...}}}}]"), soft_wrap=True)


def _keys(name: str | None) -> list[Key]:
    """All keys, those inside one, or the one alone."""
    if name in INSIDE:
        return keys_of(name)
    outer, dot, _ = (name or "").rpartition(".")
    found = keys_of(outer) if outer in INSIDE or not dot else []
    if name is None:
        return found
    if not (one := [key for key in found if key.name == name]):
        raise OptionError(f"there is no key '{name}'; {nearest(name, [key.name for key in keys_of()])}")
    return one


def _show_keys(keys: list[Key], as_json: bool) -> None:
    if as_json:
        body = {key.name: {"default": key.default, "valid": key.valid, "about": key.about} for key in keys}
        typer.echo(json.dumps(body, indent=1, ensure_ascii=not unicode_out()))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("key", style="cyan", overflow="fold", max_width=28)
    table.add_column("default", overflow="fold", max_width=10)
    for heading in ("what it is", "valid is"):
        table.add_column(heading, ratio=1)
    for key in keys:
        table.add_row(Text(key.name), Text(key.default), Text(key.about), Text(key.valid, style="dim"))
    console = Console(highlight=False)
    console.print(table)
    if inside := [key.name for key in keys if key.name in INSIDE]:
        console.print(Text(f"inside one of them:  crossover list keys {'|'.join(inside)}"), soft_wrap=True)


def _show(title: str, rows: dict[str, str], as_json: bool, body: object) -> None:
    if as_json:
        typer.echo(json.dumps(body, indent=1))
        return
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column()
    for key, text in rows.items():
        table.add_row(Text(key), Text(text))
    Console(highlight=False).print(table)
