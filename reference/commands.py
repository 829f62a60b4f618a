"""The commands with their arguments and options as a page, read off their parsers; and how a command ends."""

from __future__ import annotations

import inspect
from typing import Any

import crossover.errors
from crossover.cli.main import COMMANDS, load, main
from reference.markdown import MADE, code, paragraphs, prose, table

SHOWN = ("argument or option", "default", "what it is")


def commands() -> str:
    """The page."""
    parts = [
        MADE,
        "# Commands\n",
        "`crossover COMMAND --help` says the same. How a command ends, and with which status: [Errors and exit"
        " status](errors.md).\n",
    ]
    for name in COMMANDS:
        command = load(name)
        parts += [f"## {name}\n", f"{paragraphs(command.help)}\n"]
        several = getattr(command, "commands", None)
        for inner, one in several.items() if several else [("", command)]:
            if inner:
                parts += [f"### {name} {inner}\n", f"{paragraphs(one.help)}\n"]
            words = " ".join(["crossover", name, *([inner] if inner else []), *_usage(one)])
            parts += [f"```\n{words}\n```\n", table(SHOWN, [_row(p) for p in one.params if not p.hidden])]
    return "\n".join(parts)


def exit_status() -> str:
    """The page."""
    tree = inspect.cleandoc(crossover.errors.__doc__ or "")
    head, _, drawn = tree.partition("\n\n")
    return "\n".join(
        [
            MADE,
            "# Errors and exit status\n",
            f"{paragraphs(inspect.cleandoc(main.__doc__ or ''))}\n",
            f"{prose(head)} In Python each is a class of `crossover.errors`; `crossover.CrossoverError` is all of them.\n",
            f"```\n{drawn}\n```\n",
        ]
    )


def _usage(command: Any) -> list[str]:
    """The arguments in their order; what may be left out stands in brackets."""
    found = []
    for one in command.params:
        if _is_argument(one):
            word = _argument(one)
            found.append(word if one.required else f"[{word}]")
    needed = [f"{one.opts[0]} {_value(one)}" for one in command.params if one.required and not _is_argument(one)]
    return [*found, *needed, "[OPTIONS]"]


def _row(one: Any) -> tuple[str, str, str]:
    if _is_argument(one):
        return code(_argument(one)), "required" if one.required else "", prose(one.help or "")
    value = "" if one.is_flag else f" {_value(one)}"
    names = [code(f"{name}{value}" if name.startswith("--") else name) for name in (*one.opts, *one.secondary_opts)]
    return ", ".join(names), _default(one), prose(one.help or "")


def _default(one: Any) -> str:
    if one.required:
        return "required"
    if one.default in (None, False, "") or callable(one.default):
        return ""
    return code(str(one.default).lower() if one.is_flag else str(one.default))


def _is_argument(one: Any) -> bool:
    return not any(name.startswith("-") for name in one.opts)


def _argument(one: Any) -> str:
    word = (one.metavar or one.name.upper()).strip("[]")
    return word if word.endswith("...") or one.nargs == 1 else f"{word}..."


def _value(one: Any) -> str:
    number = {int: "NUMBER", float: "NUMBER"}.get(_type(one))
    return str(one.metavar or number or one.name.upper())


def _type(one: Any) -> Any:
    """What an option's text becomes: the type itself, without None."""
    hint = one.type_descriptor.annotation
    return next((kind for kind in (int, float) if kind is hint or kind in getattr(hint, "__args__", ())), str)
