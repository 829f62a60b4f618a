"""The situations of the extraction episodes: who writes what, and which fields may be asked for."""

from __future__ import annotations

from typing import NamedTuple

from training.pocket.texts import table


class Domain(NamedTuple):
    about: str  # 'hotel booking', for the instruction
    fields: tuple[str, ...]  # keys of slots.FIELDS; 'who' stands for a name, whole or in two fields
    openers: tuple[str, ...]
    nothing: tuple[str, ...]  # messages that state no field


_TEXTS = table("domains.yaml")
DOMAINS = tuple(
    Domain(row["about"], tuple(row["fields"].split()), tuple(row["openers"]), tuple(row["nothing"]))
    for row in _TEXTS["domains"]
)
CHATTER, GREETINGS, NOTHING = (tuple(_TEXTS[name]) for name in ("chatter", "greetings", "nothing"))
QUESTIONS = {field: tuple(asked) for field, asked in _TEXTS["questions"].items()}
