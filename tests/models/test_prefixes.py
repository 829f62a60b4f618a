from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from crossover.models.hf import Hf, prefixes
from crossover.types import Decoding, LoraRecipe, Message, Request, Weights
from tests.device import DEVICE
from tests.models.asking import LABELS, plain_scores
from tests.models.tiny import build
from tests.tuning.small import TRAIN, tune

LONG = "Read the message and say what it is about. " * 12


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many tokens are looked up while it is open, call by call."""
    found: list[int] = []

    def look(module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        if isinstance(module, torch.nn.Embedding):
            found.append(args[0].numel())

    handle = torch.nn.modules.module.register_module_forward_pre_hook(look)
    try:
        yield found
    finally:
        handle.remove()


def asked(texts: list[str], system: str = LONG, weights: Weights | None = None) -> list[Request]:
    decoding = Decoding(labels=LABELS)
    return [Request((Message("system", system), Message("user", text)), decoding, weights) for text in texts]


@pytest.fixture
def model(tmp_path: Path) -> Hf:
    made = Hf(str(build(tmp_path / "model", "qwen2")), device=DEVICE)
    made.complete(asked(["warm up"], "short"))  # the trial of the architecture looks tokens up too
    return made


def test_a_prefix_is_computed_once_for_a_batch_and_kept_for_the_next(model: Hf) -> None:
    texts = ["one bag", "two bags", "three"]
    length = model.count_tokens(asked([""])[0].messages)
    with counted() as first:
        model.complete(asked(texts))
    assert first[0] > 0.8 * length, "the prefix comes first, in a pass of its own"
    assert len(first) == 2
    with counted() as second:
        replies = model.complete(asked(["four", "five bags"]))
    assert sum(second) < 0.5 * length
    for request, reply in zip(asked(["four", "five bags"]), replies, strict=True):
        assert reply.label_scores == pytest.approx(plain_scores(model, request), abs=1e-3)


def test_requests_that_come_one_by_one_share_their_instruction_too(model: Hf) -> None:
    sums = []
    for text in ("one", "two", "three", "four"):
        (request,) = asked([text])
        with counted() as found:
            (reply,) = model.complete([request])
        sums.append(sum(found))
        assert reply.label_scores == pytest.approx(plain_scores(model, request), abs=1e-3)
    assert max(sums[1:]) < 0.5 * sums[0]


def test_numbers_depend_on_the_call_alone_and_not_on_earlier_ones(tmp_path: Path) -> None:
    folder = build(tmp_path / "model", "qwen2")
    texts = ["one bag", "two bags", "three"]
    (fresh, used) = (Hf(str(folder), device=DEVICE) for _ in range(2))
    used.complete(asked(["one bag and more", "one bag"], LONG + "Be brief."))
    used.complete(asked(["one bag of rice"]))
    assert [r.label_scores for r in used.complete(asked(texts))] == [r.label_scores for r in fresh.complete(asked(texts))]


def test_other_weights_have_other_prefixes(pocket: Hf, tmp_path: Path) -> None:
    weights = tune(
        pocket, tmp_path, LoraRecipe(epochs=1, learning_rate=5e-3, patience=0), rows=TRAIN[:20], evaluate=lambda w: 0.0
    )
    texts = ["one bag", "two bags"]
    pocket.complete(asked(texts))
    for chosen in (weights, None, weights):
        for request, reply in zip(asked(texts, weights=chosen), pocket.complete(asked(texts, weights=chosen)), strict=True):
            assert reply.label_scores == pytest.approx(plain_scores(pocket, request), abs=1e-3)


def test_what_is_kept_is_bounded(model: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "LIMIT", 1)
    for system in (LONG, "x" + LONG, LONG):
        for request, reply in zip(
            asked(["one", "two"], system), model.complete(asked(["one", "two"], system)), strict=True
        ):
            assert reply.label_scores == pytest.approx(plain_scores(model, request), abs=1e-3)
    with counted() as found:
        model.complete(asked(["one", "two"], "x" + LONG))
    assert sum(found) > model.count_tokens(asked([""])[0].messages), "the least recently used one should be gone"
