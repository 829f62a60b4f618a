"""Templates of other tools as a task file writes them: `{{ name }}` becomes `{name}`."""

from __future__ import annotations

import re

NAME = re.compile(r"\{\{-?\s*([A-Za-z_][\w.]*)\s*-?\}\}")
LOGIC = re.compile(r"\{%|\{#|\{\{")  # what is left of these, once plain names are gone, is more than a name


def columns_in(written: str) -> list[str]:
    """The names between double braces, in their order, each once."""
    return list(dict.fromkeys(NAME.findall(written)))


def as_template(written: str, beneath: str = "") -> str | None:
    """The template with our placeholders, braces of its own doubled; None where it has more than names in it.

    `beneath`: a prefix of names that our columns do not have ("item.").
    """
    if LOGIC.search(NAME.sub("", written)):
        return None
    parts = NAME.split(written)
    return "".join(
        "{" + part.removeprefix(beneath) + "}" if odd % 2 else part.replace("{", "{{").replace("}", "}}")
        for odd, part in enumerate(parts)
    )


def parted(template: str) -> tuple[str, str]:
    """A template of ours as an instruction, the lines before the first that holds a placeholder, and the rest.

    The rest is a column's name where it is nothing but one placeholder.
    """
    lines = template.split("\n")
    first = next((n for n, line in enumerate(lines) if re.search(r"(?<!\{)\{[^{}]", line)), len(lines))
    instruction = "\n".join(lines[:first]).strip().replace("{{", "{").replace("}}", "}")
    rest = "\n".join(lines[first:]).strip()
    alone = re.fullmatch(r"\{([^{}]+)\}", rest)
    return instruction, alone[1] if alone else rest
