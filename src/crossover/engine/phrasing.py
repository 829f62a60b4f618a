"""Clear instructions for a task, in several phrasings: what it is, which answers exist, what the output looks like."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from crossover.data.task import Task
from crossover.types import Candidate, Example, Prompt

FORM = "Text: {input}\n"
CUES, OTHER_CUE = {"classify": "Label:", "extract": "JSON:"}, "Answer:"
BARE = re.compile(r"\{input\}|text\W+\{input\}\W+(?:label|json|answer)\W*", re.I)  # these forms, in whatever format


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


def speaks(prompt: Prompt) -> bool:
    """Whether a prompt itself says what is wanted: by an instruction, or by words of its own around the input, as a prompt
    of one message does. A chain's template is there for its steps' answers."""
    return bool(prompt.instruction) or (not prompt.steps and not BARE.fullmatch(prompt.template.strip()))


def own(start: Prompt) -> Prompt:
    """The start's own form, without its demonstrations."""
    return Prompt(start.instruction, start.template, steps=start.steps)


def reasoned(task: Task, train: Sequence[Example], start: Prompt) -> list[Prompt]:
    """The instruction to think first and to end with 'The answer is' and the answer, in two phrasings, for a start.

    What the start says itself, perhaps a searched instruction, stays."""
    plain = own(start) if speaks(start) else worded(phrasings(task, train)[0], start)
    before = f"{plain.instruction}\n" if plain.instruction else ""
    what = {"classify": "one of the labels", "extract": "the JSON object"}.get(task.kind or "", "the final answer")
    return [
        replace(plain, instruction=f"{before}Think step by step. End with 'The answer is' and {what}."),
        replace(
            plain,
            instruction=f"{before}Think step by step, then give {what}.",
            template=f"{plain.template} Let's think step by step.",
        ),
    ]


def reasoning(forms: Sequence[Prompt], start: Candidate, task: Task, train: Sequence[Example]) -> list[Prompt]:
    """Forms as they are, or for a start that reasons before it answers, each asking for that, too. What a chain's last step
    asks for stands in its template, which stays."""
    if not start.decoding.pattern or start.prompt.steps:
        return list(forms)
    return [prompt for form in forms for prompt in reasoned(task, train, form)]


def instructed(start: Candidate, task: Task, train: Sequence[Example]) -> Candidate:
    """The start, with the plainest instruction where it has none; words around the input stay."""
    if start.prompt.instruction:
        return start
    plain = worded(phrasings(task, train)[0], start.prompt)
    template = start.prompt.template if speaks(start.prompt) else plain.template
    return replace(start, prompt=replace(start.prompt, instruction=plain.instruction, template=template))


def answer_form(task: Task) -> Prompt:
    """The plain question-and-answer form, without an instruction: what demonstrations alone are shown in."""
    return Prompt(template=FORM + CUES.get(task.kind or "", OTHER_CUE))


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
