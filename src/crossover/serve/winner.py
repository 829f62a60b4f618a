"""The candidate that is taken to another server, and what no server can be given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crossover.data.modelspec import placeless
from crossover.decision.wording import cross_fitted
from crossover.errors import OptionError
from crossover.models.hf.files import Loadable, ModelFiles
from crossover.serve.parity import measured, spread
from crossover.serve.readme import scored
from crossover.study.folder import StudyFolder
from crossover.study.models import open_measured
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate

PROBES = 50  # measured inputs on which a written template is compared with what was measured


@dataclass(frozen=True)
class Winner:
    """`row`: its row of decision.json. `files`: those of its model. `name`: what servers call it. `every_input` was
    measured; `inputs`: up to 50 of those."""

    candidate: Candidate
    row: dict[str, Any]
    task: str
    model: Loadable
    files: ModelFiles
    name: str
    inputs: tuple[str, ...]
    every_input: tuple[str, ...]

    @property
    def score(self) -> str:
        """A sentence on what was measured, and where."""
        folds = f" {cross_fitted(self.row['folds'])}" if self.row["test"] and self.row.get("folds") else ""
        named = f"model `{placeless(self.candidate.model)}`, candidate `{self.row['id']}`"
        return f"{scored(self.row)}, measured by Crossover; {named}.{folds}"

    @property
    def answer_tokens(self) -> int:
        """The most tokens that an answer may have."""
        how = self.candidate.decoding
        if how.pattern or not how.labels:
            return how.max_tokens
        return max(len(self.files.chat.answer(word)) for word in how.verbalizer or how.labels)


def winner(folder: StudyFolder, name: str | None, tool: str) -> Winner:
    """The verdict's choice, or the candidate `name`, for a tool.

    Raises `OptionError` for a control, a soft prompt, a model that is no folder of weights, and a prompt whose text holds
    special tokens; `StudyError`, `ModelError`.
    """
    candidate, row = read_candidate(folder, name)
    if row["family"] == "control":
        raise OptionError(f"'{row['name']}' is a control, without a language model: {tool} has nothing to run")
    task = read_task(folder)
    model = open_measured(folder, candidate, task.folder)
    if not isinstance(model, Loadable):
        raise OptionError(f"the model '{candidate.model}' is no folder of weights: there is nothing that {tool} could load")
    if model.vectors(candidate.weights):
        raise OptionError(
            f"'{row['name']}' is a soft prompt, which {tool} cannot load; valid is another candidate, or the plain export,"
            " whose predict.py runs it"
        )
    files = model.files()
    marked = next((text for text in _texts(candidate) if files.chat.holds_token(text)), None)
    if marked is not None:
        raise OptionError(
            f"the prompt of '{row['name']}' holds the characters of a special token ({marked[:60]!r}), which {tool} reads"
            " as that token and Crossover measured as text; valid is another candidate, or the plain export"
        )
    _, records = measured(folder, row["id"])
    called = re.sub(r"[^a-z0-9._]+", "-", f"{task.name}-{row['name']}".lower()).strip("-.")
    inputs = tuple(record["input"] for record in spread(records, PROBES))
    every = tuple(record["input"] for record in records)
    return Winner(candidate, row, task.name, model, files, called, inputs, every)


def _texts(candidate: Candidate) -> Iterator[str]:
    """All that a candidate's prompts say, and the answers that it chooses from."""
    steps = [(step.prompt, step.decoding) for step in candidate.prompt.steps]
    for prompt, how in [*steps, (candidate.prompt, candidate.decoding)]:
        yield from (prompt.instruction, prompt.template, *how.labels, *how.verbalizer)
        yield from (text for shown in prompt.demonstrations for text in (shown.input, shown.output))


def limits(found: Winner, tool: str, tried: bool = False) -> list[str]:
    """What of the measured way of answering this tool does not do by itself, a sentence each; `tried`: it was run."""
    how, said = found.candidate.decoding, []
    if how.pattern:
        said.append(f"the reply is free text: the answer is what the regular expression `{how.pattern}` finds last in it")
    elif how.labels:
        said.append(
            "Crossover chose the label by the log-probability of each whole label; here the model writes it token by token,"
            " which can give another label where two begin alike"
        )
    if how.label_bias and not how.pattern:
        said.append(
            "calibration is lost: the measured answers subtract a bias from each label's log-probability (`candidate.json`,"
            " `label_bias`), so the number above does not hold here"
        )
    if how.verbalizer:
        pairs = ", ".join(f"`{word}` is `{label}`" for word, label in zip(how.verbalizer, how.labels, strict=True))
        said.append(f"the model says a word in place of each label: {pairs}")
    if how.samples > 1:
        said.append(f"the measured answer is the most frequent of {how.samples} draws: ask as often, and count")
    marked = sum(found.files.chat.holds_token(text) for text in found.every_input)
    if marked:
        said.append(
            f"{marked} of {len(found.every_input)} measured inputs hold the characters of a special token, such as `</s>`:"
            f" they were measured as text, and {tool} reads them as that token, so their answers may differ"
        )
    if not tried:
        said.append(
            f"nothing was run in {tool} when this was written: measure a few rows that you know before relying on it"
        )
    return said
