"""How a classification may be asked: goals, lists of options, field names, separators, spellings of a label."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

GOALS = (
    "Decide {goal}.", "Say {goal}.", "Tell {goal}.", "Find out {goal}.", "Classify the text.", "Classify the message.",
    "Label the text.", "Choose the right label.", "Choose the best category.", "Pick the label that fits.",
    "Which label fits?", "Which topic is the text about?", "Assign each text to a category.",
    "Read the text and decide {goal}.",
    "What is the topic?", "Your job is to decide {goal}.", "You are an expert. Decide {goal}.", "Determine {goal}.",
    "You sort messages. For each one, decide {goal}.", "Give the category of each message.", "Route the message.",
    "You are a helpful assistant that labels texts: say {goal}.", "Decide which topic a message is about.",
    "Classify each input into one of the classes.", "For the text below, tell {goal}.", "Categorise the text.",
)  # fmt: skip
LISTS = (
    "{goal}\nLabels: {names}.", "{goal}\nLabels: {names}", "Options: {names}.\n{goal}", "{goal} Options: {names}.",
    "{goal}\nAnswer with exactly one of these labels, and nothing else:\n{lines}", "{goal}\nChoose from: {names}.",
    "{goal}\nThe possible answers are:\n{lines}", "{goal}\n\nCategories:\n{lines}", "Classes: {bars}\n{goal}",
    "{goal} Answer with one of: {names}.", "{goal} ({bars})", "Labels:\n{lines}\n\n{goal}", "{goal}\nOptions:\n{lines}",
    "{goal} The answer is one of {names}.", "Topics: {names}.", "{lines}\n\n{goal}", "{goal}\nOutput one of [{names}].",
    "{goal}\nPossible answers: {semicolons}.", "{goal}\nChoose from: {bars}", "{goal} The options:\n{lines}",
    "{goal} Reply with one of the following.\n{numbers}", "{goal}\n{numbers}", "{goal} Which of these fits: {names}?",
    "{goal} Answer with exactly one of the labels below.\n{lines}", "{goal} Use only these labels: {names}.",
)  # fmt: skip
DESCRIBED = (
    "{goal}\nAnswer with exactly one of these labels, and nothing else:\n{lines}", "{goal}\nLabels:\n{lines}",
    "{goal}\n\nThe categories:\n{lines}", "{lines}\n\n{goal}", "Options:\n{lines}\n{goal}",
)  # fmt: skip
FIELDS = (
    ("Text: ", "\nLabel:"), ("Text: ", "\nLabel:"), ("Message: ", "\nTopic:"), ("Message: ", "\nTopic:"), ("", "\nAnswer:"),
    ("Input: ", "\nOutput:"), ("Q: ", "\nA:"), ("Question: ", "\nAnswer:"), ("Sentence: ", "\nCategory:"),
    ("User: ", "\nIntent:"), ("Customer: ", "\nIntent:"), ("", " ->"), ("", " =>"), ("", "\nLabel:"), ("- ", " ="),
    ("Text: ", "\nClass:"), ("Message: ", "\nLabel:"), ("Text: ", "\nAnswer:"), ("Review: ", "\nVerdict:"),
    ("> ", "\nTopic:"),
    ("Text: ", " Label:"), ("Utterance: ", "\nIntent:"), ("Text:\n", "\n\nLabel:"), ("", "\nCategory:"),
    ("### Text\n", "\n### Label\n"),
    ('"', '"\nTopic:'), ("", ""), ("Text = ", "\nLabel ="), ("input: ", "\ncategory:"), ("User: ", "\n\nIntent:"),
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What stands before and after a text, and between one answer and the next text."""

    before: str
    cue: str
    between: str

    def upper(self) -> Form:
        """The same in capitals."""
        return replace(self, before=self.before.upper(), cue=self.cue.upper())


def form(rng: random.Random) -> Form:
    before, cue = rng.choice(FIELDS)
    draw = rng.random()
    if draw < 0.08:
        before, cue = before.lower(), cue.lower()
    elif draw < 0.14:
        before, cue = before.upper(), cue.upper()
    return Form(before, cue, "\n\n" if rng.random() < 0.8 or not cue else "\n")


def instruction(rng: random.Random, goal: str, names: Sequence[str] | None, descriptions: Sequence[str] | None) -> str:
    """An instruction, with the options where `names` is given and with a line about each where `descriptions` is."""
    sentence = rng.choice(GOALS).format(goal=goal)
    if names is None:
        return sentence
    if descriptions is not None:
        mark, colon = rng.choice(("- ", "* ", "")), rng.choice((": ", " - ", ": "))
        lines = "\n".join(f"{mark}{name}{colon}{text}" for name, text in zip(names, descriptions, strict=True))
        return rng.choice(DESCRIBED).format(goal=sentence, lines=lines)
    mark = rng.choice(("- ", "- ", "* ", "", "• "))
    return rng.choice(LISTS).format(
        goal=sentence if rng.random() < 0.92 else sentence.upper(),
        names=", ".join(names),
        semicolons="; ".join(names),
        bars=" | ".join(names),
        lines="\n".join(mark + name for name in names),
        numbers="\n".join(f"{i}. {name}" for i, name in enumerate(names, start=1)),
    )


def spelling(rng: random.Random, labels: Sequence[str]) -> list[str]:
    """All labels of an episode in one spelling: with underscores, with spaces, with hyphens, with capitals."""
    style = rng.choices(("snake", "space", "title", "upper", "kebab"), (42, 38, 6, 8, 6))[0]
    spaced = [label.replace("_", " ") for label in labels]
    if style == "snake":
        return [label.replace(" ", "_") for label in spaced]
    if style == "title":
        return [label[:1].upper() + label[1:] for label in spaced]
    if style == "upper":
        return [label.upper() for label in spaced]
    if style == "kebab":
        return [label.replace(" ", "-") for label in spaced]
    return spaced
