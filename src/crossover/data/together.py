"""Columns that many data sets share, by their names: which of them are the input together, and which one is the output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossover.data.template import columns_of
from crossover.errors import DataError

# layouts with their output: their columns, and the input and the output that they stand for
LAYOUTS = [
    *(
        ("Alpaca", ("instruction", "input", answer), "{instruction}\n{input}", answer)
        for answer in ("output", "response", "answer", "completion", "target")
    ),
    ("Dolly", ("instruction", "context", "response"), "{instruction}\n{context}", "response"),
    ("a text and its context", ("question", "context", "answer"), "{question}\n{context}", "answer"),
    ("a text and its context", ("question", "context", "answers"), "{question}\n{context}", "answers"),
    ("rated answers", ("prompt", "completion", "label"), "{prompt}\n{completion}", "label"),
]
# columns of which each says little without the other, whatever the output is called
PAIRED = [
    *(("premise", "hypothesis"), ("claim", "evidence"), ("query", "passage"), ("query", "document"), ("ctx", "endings")),
    *(
        (f"{of}{one}", f"{of}{two}")
        for of in ("sentence", "question", "text", "query")
        for one, two in (("1", "2"), ("a", "b"), ("_1", "_2"), ("_a", "_b"))
    ),
    *(("question", other) for other in ("context", "passage", "choices", "options")),
    *((of, "aspect") for of in ("text", "sentence", "review")),
]
CHOICES = ("question", "a", "b", "c", "d")
ANSWERS = ("response", "answer", "completion", "output", "reply", "generation", "summary")
BETTER = ("winner", "preference", "preferred", "better", "choice", "chosen", "label", "judgment", "judgement", "verdict")
ASKED = ("prompt", "question", "instruction", "input", "query")


@dataclass(frozen=True)
class Together:
    """A template for the input; the `output` column, or "" where that is any other; what the layout is called."""

    input: str
    output: str
    layout: str
    hint: str = ""


def together(columns: Mapping[str, object]) -> Together | None:
    """The layout that the names of the columns are, in any case. Raises `DataError` for a comparison of two answers whose
    outcome stands in several columns."""
    named = {name.lower().strip(): name for name in reversed(list(columns))}
    for layout, needed, template, output in LAYOUTS:
        if all(name in named for name in needed):
            return Together(_own(template, named), named[output], layout)
    if (found := _compared(named)) is not None:
        return found
    if all(name in named for name in CHOICES):
        first, *letters = CHOICES
        lines = "\n".join([f"{{{first}}}", *(f"{letter}: {{{letter}}}" for letter in letters)])
        return Together(_own(lines, named), "", "a question and its choices")
    for pair in PAIRED:
        if all(name in named for name in pair):
            lines = "\n".join(f"{{{name}}}" for name in pair)
            return Together(_own(lines, named), "", "texts that belong together")
    return None


def shown(template: str) -> str:
    """The columns of a template, named for a reader."""
    return " and ".join(f"'{name}'" for name in columns_of(template))


def _compared(named: Mapping[str, str]) -> Together | None:
    """Two answers to one prompt, and which is the better."""
    ends = [("_a", "_b"), ("_1", "_2"), ("a", "b"), ("1", "2"), ("_0", "_1")]
    pairs = [(f"{answer}{one}", f"{answer}{two}") for answer in ANSWERS for one, two in ends]
    pair = next((pair for pair in pairs if all(name in named for name in pair)), None)
    if pair is None:
        return None
    outcome = next((name for name in BETTER if name in named), None)
    several = [name for name in named if re.match(r"(?:winner|preferred|better)[_ ]", name)]
    if outcome is None and len(several) > 1:
        names = ", ".join(f"'{named[name]}'" for name in several)
        raise DataError(
            f"which of '{named[pair[0]]}' and '{named[pair[1]]}' is the better stands in several columns ({names}); valid"
            " is one, such as 'winner'"
        )
    outcome = outcome or next(iter(several), None)
    if outcome is None:
        return None
    asked = [f"{{{name}}}" for name in ASKED if name in named][:1]
    template = "\n".join([*asked, *(f"{name}: {{{name}}}" for name in pair)])
    hint = "; to give the better answer instead, have it in a column 'chosen' and the other in 'rejected'"
    return Together(_own(template, named), named[outcome], "which of two answers is the better", hint)


def _own(template: str, named: Mapping[str, str]) -> str:
    """A template with the names as the file has them."""
    return re.sub(r"\w+", lambda match: named[match[0]], template)
