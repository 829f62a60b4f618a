"""Short ways to ask, and the slow and plain way to score: one forward pass for each label, nothing shared."""

from __future__ import annotations

from typing import Any

import torch

from crossover.models.hf import Hf
from crossover.types import Decoding, Message, Request, Weights
from tests.device import DEVICE

LABELS = ("lost card", "card delivery", "refund", "opening hours", "card")
TEXTS = (
    "My card never came in the post.",
    "When do you open?",
    "I paid twice for the same pair of boots last Tuesday and would like one of the two payments back, please.",
    "?",
)


def ask(text: str, system: str = "Name the topic.", **decoding: Any) -> Request:
    return Request((Message("system", system), Message("user", text)), Decoding(**decoding))


def choices(weights: Weights | None = None) -> list[Request]:
    return [Request(ask(text).messages, Decoding(labels=LABELS), weights) for text in TEXTS]


@torch.inference_mode()
def plain_scores(model: Hf, request: Request) -> list[float]:
    module, scores = model.module(request.weights).eval(), []
    for label in request.decoding.labels:
        ids, start = model.encode(request.messages, label)
        chances = module(torch.tensor([ids], device=DEVICE)).logits[0].log_softmax(-1)
        scores.append(sum(float(chances[i - 1, ids[i]]) for i in range(start, len(ids))))
    return scores
