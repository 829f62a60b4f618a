"""Replay: general prompts with the untuned model's own answers, mixed into a tune so that it keeps what it could do.

The answers are the model's, not ours (self-distillation; akin to self-synthesized rehearsal, Huang et al. 2024): what is to
be kept is its own behaviour, right or wrong. They are asked for once in a study, through the journal.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossover.engine.caller import Caller
from crossover.errors import TuningError
from crossover.evaluation.general import items, material
from crossover.models.base import Model
from crossover.types import Decoding, Message, Request

PROMPTS = 360
LENGTH = 32  # tokens: an answer that has not ended by then is not replayed, as its end would be learnt too


@dataclass(frozen=True)
class GeneralPrompt:
    """A message without an answer; `labels`: what there is to choose from."""

    message: str
    labels: tuple[str, ...] = ()


@cache
def general_prompts() -> tuple[GeneralPrompt, ...]:
    """The shipped prompts, always the same: each question is asked about equally often, each time about another text."""
    found: dict[GeneralPrompt, None] = {}
    draw = random.Random(0)
    questions = material()["questions"]
    turn = 0
    while len(found) < PROMPTS:
        question = questions[turn % len(questions)]
        labels = tuple(question.get("labels", ()))
        text = _text(question["about"], draw)
        message = question["form"].replace("{labels}", ", ".join(labels)).replace("{text}", text)
        turn += 1
        if not any(text in item.message for item in items()):  # what is measured is never trained on
            found[GeneralPrompt(message, labels)] = None
    return tuple(found)


def _by_labels() -> dict[tuple[str, ...], list[GeneralPrompt]]:
    found: dict[tuple[str, ...], list[GeneralPrompt]] = {}
    for prompt in general_prompts():
        found.setdefault(prompt.labels, []).append(prompt)
    return found


def general_rows(caller: Caller, model: Model, name: str) -> list[tuple[tuple[Message, ...], str]]:
    """The prompts with the untuned model's answers; those that failed, are empty or did not end are left out.

    `name`: what the study calls the model. Raises `BudgetExceeded`, and `TuningError` when no answer is left.
    """
    rows = []
    for labels, prompts in _by_labels().items():  # together: a model scores them at once
        decoding = Decoding(labels=labels, max_tokens=LENGTH)
        asked = [Request((Message("user", prompt.message),), decoding) for prompt in prompts]
        for request, reply in zip(asked, caller.ask(model, asked, f"replay, {name}"), strict=True):
            answer = reply.text.strip()
            if reply.error is None and answer and (labels or reply.usage.tokens_out < LENGTH):
                rows.append((request.messages, answer))
    if not rows:
        raise TuningError(f"replay: the model '{name}' answered none of the {PROMPTS} general prompts")
    return rows


def _text(kind: str, draw: random.Random) -> str:
    """A text of a kind; where it is a template, filled with names, things and numbers."""
    have: dict[str, Any] = material()
    text: str = draw.choice(have[kind])
    filled = {
        "phrase": draw.choice(have["phrases"]),
        "name": draw.choice(have["names"]),
        "goods": draw.choice(have["goods"]),
        "number": draw.randint(11, 990),
        "a": draw.randint(2, 20),
        "b": draw.randint(2, 9),
        "c": draw.randint(10, 30),
        "d": draw.randint(2, 9),
    }
    return text.format(**filled) if "{" in text else text
