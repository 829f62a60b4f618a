"""Clear instructions for a task, in several phrasings: what it is, which answers exist, what the output looks like."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from crossover.data.task import Task
from crossover.types import Candidate, Example, Prompt


def phrasings(task: Task, train: Sequence[Example]) -> list[Prompt]:
    """The instruction in each phrasing, the plainest first. Demonstrations are empty."""
    if task.kind == "classify":
        return _classify(task)
    if task.kind == "extract":
        return _extract(task, train)
    return _generate(task)


def worded(form: Prompt, start: Prompt) -> Prompt:
    """One of these forms for a start: in a chain its steps and template stay, as only they hold the steps' answers."""
    return replace(form, template=start.template, steps=start.steps) if start.steps else form


def reasoned(task: Task, train: Sequence[Example], start: Prompt) -> list[Prompt]:
    """The instruction to think first and to end with 'The answer is' and the answer, in two phrasings, for a start."""
    plain = worded(phrasings(task, train)[0], start)
    what = {"classify": "one of the labels", "extract": "the JSON object"}.get(task.kind or "", "the final answer")
    return [
        replace(plain, instruction=f"{plain.instruction}\nThink step by step. End with 'The answer is' and {what}."),
        replace(
            plain,
            instruction=f"{plain.instruction}\nThink step by step, then give {what}.",
            template=f"{plain.template} Let's think step by step.",
        ),
    ]


def instructed(start: Candidate, task: Task, train: Sequence[Example]) -> Candidate:
    """The start, with the plainest instruction where it has none."""
    if start.prompt.instruction:
        return start
    plain = worded(phrasings(task, train)[0], start.prompt)
    return replace(start, prompt=replace(start.prompt, instruction=plain.instruction, template=plain.template))


def answer_form(task: Task) -> Prompt:
    """The plain question-and-answer form, without an instruction: what demonstrations alone are shown in."""
    return Prompt(template="Text: {input}\n" + _cue(task))


def _cue(task: Task) -> str:
    return {"classify": "Label:", "extract": "JSON:"}.get(task.kind or "", "Answer:")


def _classify(task: Task) -> list[Prompt]:
    names = ", ".join(task.labels)
    described = "\n".join(f"- {label}: {text}" if text else f"- {label}" for label, text in task.labels.items())
    goal = task.instruction or "Classify the text."
    return [
        Prompt(f"{goal}\nLabels: {names}.", "Text: {input}\nLabel:"),
        Prompt(f"{goal}\nAnswer with exactly one of these labels, and nothing else:\n{described}", "Text: {input}\nLabel:"),
        Prompt(f"Options: {names}.\n{goal}", "{input}\nAnswer:"),
        Prompt(goal, "Message: {input}\nTopic:"),  # small models read a list of options as noise
    ]


def _extract(task: Task, train: Sequence[Example]) -> list[Prompt]:
    fields = ", ".join(field_names(train))
    goal = task.instruction or "Extract the details that the text states, as JSON."
    return [
        Prompt(f"{goal}\nFields: {fields}. Leave out what is not stated.", "Text: {input}\nJSON:"),
        Prompt(
            f"{goal}\nAnswer with one JSON object and nothing else. Its keys may be: {fields}."
            " Copy each value from the text; leave out a key that the text does not state; with none, answer {}.",
            "Text: {input}\nJSON:",
        ),
    ]


def _generate(task: Task) -> list[Prompt]:
    goal = task.instruction or "Answer."
    return [
        Prompt(goal, "{input}\nAnswer:"),
        Prompt(f"{goal}\nAnswer with the result alone, without an explanation.", "Question: {input}\nAnswer:"),
    ]


def field_names(train: Sequence[Example]) -> list[str]:
    """The keys of the training outputs, the most frequent first."""
    counts: Counter[str] = Counter()
    for example in train:
        counts.update(list(json.loads(example.output)))
    return sorted(counts, key=lambda name: (-counts[name], name))
