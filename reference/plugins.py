"""Strategies, metrics and models with their options as pages, as `crossover list` has them."""

from __future__ import annotations

from crossover import registry
from crossover.models._presets import PRESETS
from crossover.models.open import NAMED
from crossover.registry import Room
from reference.markdown import MADE, code, prose, table

OPTIONS = ("option", "type", "default", "what it is")


def strategies() -> str:
    """The page of the rungs."""
    head = (
        "A rung of the ladder each: `strategies: [zero_shot, {few_shot: {shots: [4, 8]}}, instruction+lora]`. Those"
        " joined by `+` come one after the other; `instruction*lora` is a grid of both alone, in every order, and"
        " twice. Where there are several models, `runs_on: NAME` is an option of any. `crossover list strategies NAME`"
        " shows one.\n"
    )
    return _page("Strategies", head, "strategies")


def metrics() -> str:
    """The page of the metrics."""
    head = (
        "`metric: accuracy`, or with options `metric: {judge: {model: smollm2, rubric: TEXT}}`; `own.py:NAME` is a"
        " function `(gold, answer)` of yours that gives a number from 0 to 1, or true or false. `crossover list metrics"
        " NAME` shows one.\n"
    )
    return _page("Metrics", head, "metrics")


def models() -> str:
    """The page of the models."""
    head = (
        "`model:` in a task file, or `--model`: a name, a folder, a `.gguf` file, a hub id (`org/name`), or"
        " `NAME:TARGET` of what is listed here, with options behind it:"
        " `openai:gpt-5-mini?effort=low&key=MY_VARIABLE`.\n"
    )
    named = table(("name", "what it is"), [(code(name), prose(about)) for name, about in NAMED.items()])
    services = table(
        ("service", "what it is", "its key is in", "at a time", "batches"),
        [
            (code(f"{name}:"), prose(one.about), code(one.key) or "–", str(one.at_once), "yes" if one.batch else "–")
            for name, one in PRESETS.items()
        ],
    )
    more = "\n".join(
        [
            "## Names\n",
            named,
            "## Services\n",
            "All speak OpenAI's dialect and have the options of [openai](#openai). `?url=` names another address, and"
            " `?key=` the environment variable with its key.\n",
            services,
        ]
    )
    return _page("Models", f"{head}\n{more}", "models")


def _page(title: str, head: str, room: Room) -> str:
    parts = [MADE, f"# {title}\n", head]
    for entry in registry.entries(room):
        if entry.origin != "built-in":
            continue  # installed here, and not where this is read
        parts += [f"## {entry.name}\n", f"{prose(entry.summary)}\n"]
        rows = [
            (code(o.name), prose(o.type), o.default if o.default == "required" else code(o.default), prose(o.about))
            for o in registry.describe(room, entry.name)
        ]
        parts.append(table(OPTIONS, rows) or "It has no options.\n")
    return "\n".join(parts)
