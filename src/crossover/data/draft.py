"""A first instruction for a task that has none, from its columns and labels: for somebody to correct."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from crossover.data.layouts import PAIRS
from crossover.data.task import Task
from crossover.data.template import columns_of
from crossover.data.words import marks
from crossover.types import Example

NAMED = 6  # labels, or fields, that are named in it
CALLED_ANSWER = (
    *("output", "answer", "target", "expected", "completion", "gold", "gold label", "gold answer", "ground truth"),
    *("expected output", "expected answer", "ideal", "answer key"),
)
_SURE = re.compile(
    r"\b(?:gold|golden|ground truth|true|correct|reference|expected|ideal|human) "
)  # an answer, more than which
_UNNAMED = re.compile(r"column \d+")  # of a file without a header
BETTER = tuple(better.replace("_", " ") for better, _ in PAIRS)


def draft(task: Task, examples: Sequence[Example]) -> str:
    """One sentence, or "" where every input already begins with an instruction of its own."""
    columns = columns_of(task.input)
    if task.instruction or "instruction" in map(str.lower, columns):
        return ""
    source = _words(columns[-1]) if len(columns) == 1 else "text"
    source = "text" if source in ("input", "content", "body", "prompt") or _UNNAMED.fullmatch(source) else source
    output = _words(task.output)
    output = output if output in CALLED_ANSWER else _SURE.sub("", output)
    if task.kind == "classify":
        labels = sorted({example.output for example in examples})
        output = "label" if output in (*CALLED_ANSWER, *BETTER) or _UNNAMED.fullmatch(output) else output
        listed = f": {_listed(labels)}" if len(labels) <= NAMED else f", one of {len(labels)}"
        return f"Decide which {output} fits the {source}{listed}."
    if task.kind == "extract":
        fields = list(dict.fromkeys(name for example in examples for name in json.loads(example.output)))
        what = f"{_listed(fields, 'and')}" if len(fields) <= NAMED else f"{len(fields)} fields"
        return f"Read the {source} and give {what} as a JSON object."
    output = "answer" if output in (*CALLED_ANSWER, *BETTER) or _UNNAMED.fullmatch(output) else output
    return f"Write the {output} to the {source}."


def _words(column: str) -> str:
    """A column's name as words: "customerMessage" and "customer_message" are "customer message"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.split(".")[-1])
    words = " ".join(re.findall(rf"(?:[^\W_][{marks()}]*)+", parted)).lower()
    words = stem if (stem := words.removesuffix(" text")) in (*CALLED_ANSWER, "input") else words
    return re.sub(r"s$", "", words) if words in ("labels", "inputs", "texts", "outputs", "answers") else words or "text"


def _listed(names: Sequence[str], last: str = "or") -> str:
    between = "; " if any("," in name for name in names) else ", "  # a comma of a name's own would part it
    return f"{between.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)
