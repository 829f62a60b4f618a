"""Outputs that a table holds in a list of one (["late"]), or in quotes of their own ("\\"late\\""), and what they hold."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, Literal

from crossover.data.chat import turns_in
from crossover.data.looks import offsets
from crossover.data.onehot import chosen
from crossover.data.template import MISSING, canonical
from crossover.data.text import is_blank

# how a whole table writes its outputs; a study keeps it, as a few new rows cannot tell
Form = Literal["as it stands", "list of one", "text of a list of one", "quoted", "one of several"]
READ_AS: dict[Form, str] = {
    "list of one": "holds lists of one: each is read as what it holds",
    "text of a list of one": "holds lists of one, written as text: each is read as what it holds",
    "quoted": "holds texts as JSON, in quotes of their own: each is read without them",
    "one of several": "holds objects of 0 and 1, and exactly one is 1 in each row: they are read as one label",
}
WRITTEN_AS: dict[Form, str] = {
    "list of one": "a list of one",
    "text of a list of one": "the text of a list of one",
    "quoted": "a text in quotes of its own",
    "one of several": "an object of 0 and 1 with one 1",
}


def form_of(values: Iterable[Any], labels: Collection[str] = (), kind: str | None = None) -> Form:
    """How all outputs of a table are written. `labels`: those that the task lists, which may be meant as they are written.

    Lists that are typed as such may have texts beside them; what is only a text counts where all outputs are alike.
    """
    written = [value for value in values if value is not MISSING and value is not None and not _is_blank_text(value)]
    lists = [value for value in written if isinstance(value, (list, tuple))]
    texts = [value for value in written if isinstance(value, str)]
    forms: list[Form] = []
    if kind in (None, "classify") and len(written) > 0 and all(map(chosen, written)):
        return "one of several"
    if lists:
        forms = ["list of one"] * all(held_in(value, "list of one") is not None for value in lists)
        texts = [canonical(value) for value in lists if isinstance(value, (list, tuple))] if forms and labels else []
    elif texts and len(texts) == len(written):
        forms = ["text of a list of one", "quoted"]
    for form in forms:
        held = [held_in(value, form) for value in lists or texts]
        meant = sum(text in labels for text in texts) > sum(isinstance(one, str) and one in labels for one in held)
        if not meant and all(one is not None for one in held):
            return form
    return "as it stands"


def held_in(value: Any, form: Form) -> Any:
    """What an output of that form holds, "" for an empty list; None for one that is written otherwise."""
    if form == "list of one":
        if not isinstance(value, (list, tuple)) or len(value) > 1 or any(isinstance(one, (list, tuple)) for one in value):
            return None
        return None if offsets(value) else "" if not value or value[0] is None else value[0]
    if form == "one of several":
        return chosen(value)
    if not isinstance(value, str):
        return None
    return _only(value) if form == "text of a list of one" else _text(value) if form == "quoted" else None


def _is_blank_text(value: Any) -> bool:
    return isinstance(value, str) and is_blank(value)


def _only(text: str) -> str | None:
    items = turns_in(text) if text.rstrip().endswith("]") else None
    return items[0] if items is not None and len(items) == 1 and isinstance(items[0], str) else None


def _text(text: str) -> str | None:
    if not (text.startswith('"') and text.endswith('"')):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, str) else None
