"""The plain loops do the same work as the engine, so that their times can be compared."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks import texts
from benchmarks.plain import Plain
from crossover.models.hf import Hf
from crossover.tuning import fit
from crossover.types import Decoding, LoraRecipe, Message, Request


@pytest.fixture(scope="module")
def sides(chatty: Path) -> tuple[Hf, Plain]:
    return Hf(str(chatty), "float32", "cpu"), Plain(chatty, torch.float32, "cpu")


def asked(count: int) -> list[tuple[Message, ...]]:
    """Conversations of different lengths."""
    rows = texts.messages(count)
    return [(Message("system", "Label it. " * (i % 3 + 1)), Message("user", texts.ask(rows[i][0]))) for i in range(count)]


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_labels_have_the_same_log_probabilities(sides: tuple[Hf, Plain], batch: int) -> None:
    model, plain = sides
    labels = texts.LABELS[:4]
    replies = model.complete([Request(messages, Decoding(labels=labels)) for messages in asked(5)])
    prompts = [texts.written(model.chat, messages) for messages in asked(5)]
    found = plain.score(prompts, [model.chat.answer(label) for label in labels], batch)
    for reply, scores in zip(replies, found, strict=True):
        assert scores == pytest.approx(reply.label_scores, abs=1e-3)


def test_greedy_texts_are_the_same(sides: tuple[Hf, Plain]) -> None:
    model, plain = sides
    replies = model.complete([Request(messages, Decoding(max_tokens=6)) for messages in asked(5)])
    prompts = [texts.written(model.chat, messages) for messages in asked(5)]
    found = plain.write(prompts, 6, 2)
    assert [model.chat.text(ids) for ids in found] == [reply.text for reply in replies]


def test_at_least_so_many_tokens_are_written(sides: tuple[Hf, Plain]) -> None:
    model, plain = sides
    prompts = [texts.written(model.chat, messages) for messages in asked(3)]
    assert [len(ids) for ids in plain.write(prompts, 9, 2, least=9)] == [9, 9, 9]


def test_the_first_step_of_a_tune_has_the_same_loss(sides: tuple[Hf, Plain], tmp_path: Path) -> None:
    model, plain = sides
    rows = [(messages, texts.LABELS[i]) for i, messages in enumerate(asked(4))]
    ours: list[float] = []
    recipe = LoraRecipe(epochs=1, batch_size=4, patience=0)
    fit(
        model,
        rows=rows,
        dev_rows=rows[:1],
        recipe=recipe,
        folder=tmp_path / "tune",
        on_step=lambda step, steps, loss: ours.append(loss),
    )
    before = {name: value.clone() for name, value in plain.model.state_dict().items()}
    _, losses = plain.tune([model.encode(*row) for row in rows] * 2, 4, 1e-2, warm=1)
    assert losses[0] == pytest.approx(ours[0], abs=1e-4)
    assert losses[1] < losses[0], "the second step does not see what the first has learnt"
    assert all(torch.equal(value, before[name]) for name, value in plain.model.state_dict().items())
