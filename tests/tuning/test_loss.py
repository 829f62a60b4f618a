from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from crossover.models.hf import Hf, room
from crossover.models.hf.packing import shared_prefix
from crossover.tuning.batches import TokenRow, answer_tokens, encode_rows, shuffled
from crossover.tuning.loss import AnswerLoss, loss_for, packed_loss, padded, padded_loss
from crossover.tuning.modules import prepare
from crossover.tuning.plain import PlainKernels
from crossover.types import FullRecipe, LoraRecipe
from tests.device import DEVICE
from tests.models.tiny import build
from tests.tuning.small import RECIPE_OF, TRAIN


def plain_loss(module: Any, rows: list[TokenRow]) -> float:
    total = 0.0
    for row in rows:
        chances = module(torch.tensor([row.ids], device=DEVICE)).logits[0].log_softmax(-1)
        total -= sum(float(chances[i - 1, row.ids[i]]) for i in range(row.start, len(row.ids)))
    return total


@pytest.mark.parametrize(
    ("kind", "packs"),
    [
        ("llama", True),
        ("qwen2", True),
        ("gpt2", True),
        ("bloom", False),
        ("mistral", True),
        ("gemma2", False),
        ("gemma3_text", True),
    ],
)
def test_both_roads_give_the_plain_loss_where_they_may_be_taken(kind: str, packs: bool, tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, kind)), device=DEVICE)
    rows, _ = encode_rows(model, TRAIN[:6], "training")
    module: Any = model.module()
    loss = loss_for(module, model.kernels())
    assert loss.packs == packs
    with torch.no_grad():
        expected = plain_loss(module, rows)
        assert float(loss(module, rows)) == pytest.approx(expected, rel=1e-4)
        assert float(padded_loss(module, rows)) == pytest.approx(expected, rel=1e-4)
        assert sum(float(loss(module, [row])) for row in rows) == pytest.approx(expected, rel=1e-4)


def test_rounding_does_not_hide_that_rows_can_be_packed(tmp_path: Path) -> None:
    """In bfloat16 the packed rows of this model are further from plain ones than a wrong layout is of another."""
    model = Hf(str(build(tmp_path, num_hidden_layers=4, initializer_range=0.8)), device=DEVICE)
    module: Any = model.module().to(torch.bfloat16)
    before = {name: p.clone() for name, p in module.named_parameters()}
    assert loss_for(module, model.kernels()).packs
    assert all(torch.equal(p, before[name]) and p.dtype == torch.bfloat16 for name, p in module.named_parameters())


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gemma3_text"])
def test_the_shared_instruction_is_computed_once_and_its_gradients_are_those_of_a_plain_loop(
    kind: str, method: Literal["full", "lora"], tmp_path: Path
) -> None:
    model = Hf(str(build(tmp_path, kind, initializer_range=0.1)), device=DEVICE)
    rows, _ = encode_rows(model, TRAIN[:5], "training")
    assert shared_prefix([row.ids[: row.start] for row in rows]) > 3

    def gradients(loss: Callable[[Any, list[TokenRow]], Tensor], batches: list[list[TokenRow]]) -> dict[str, Tensor]:
        module: Any = prepare(model, RECIPE_OF[method](), None)
        with torch.no_grad():
            for name, parameter in module.named_parameters():  # an adapter starts at zero, where gradients hide mistakes
                if "lora_B" in name:
                    parameter.copy_(torch.linspace(-0.1, 0.1, parameter.numel(), device=DEVICE).view_as(parameter))
        for batch in batches:
            loss(module, batch).backward()  # type: ignore[no-untyped-call]
        return {name: p.grad for name, p in module.named_parameters() if p.grad is not None}

    plain = gradients(padded_loss, [[row] for row in rows])
    packed = gradients(lambda module, batch: packed_loss(module, batch, model.kernels()), [rows])
    assert plain.keys() == packed.keys()
    for name, gradient in plain.items():
        assert gradient.abs().max() > 0
        assert torch.allclose(packed[name], gradient, rtol=1e-3, atol=1e-4), name


def test_where_memory_is_short_activations_are_computed_twice(monkeypatch: pytest.MonkeyPatch, pocket: Hf) -> None:
    rows, _ = encode_rows(pocket, TRAIN[:3], "training")
    found = []
    for free in (1 << 40, 1 << 20):
        monkeypatch.setattr(room, "free_bytes", lambda device, free=free: free)
        module: Any = prepare(pocket, FullRecipe(), None).train()
        assert module.is_gradient_checkpointing == (free == 1 << 20)
        packed_loss(module, rows, pocket.kernels()).backward()  # type: ignore[no-untyped-call]
        found.append({name: p.grad for name, p in module.named_parameters()})
    for name, gradient in found[0].items():
        assert torch.allclose(gradient, found[1][name], rtol=1e-3, atol=1e-5), name


def test_an_adapter_packs_as_its_base_does(pocket: Hf) -> None:
    module = prepare(pocket, LoraRecipe(), None)
    assert loss_for(module, pocket.kernels()).packs
    assert all("lora" in name for name, p in module.named_parameters() if p.requires_grad)


def test_only_the_answer_and_its_end_are_learnt(pocket: Hf) -> None:
    rows, dropped = encode_rows(pocket, TRAIN[:4], "training")
    ids, labels = padded(rows)
    assert dropped == 0
    assert ids.shape == labels.shape == (4, max(len(row.ids) for row in rows))
    for i, (row, (messages, answer)) in enumerate(zip(rows, TRAIN[:4], strict=True)):
        learnt = labels[i][labels[i] != -100].tolist()
        assert pocket.chat.tokenizer.decode(learnt) == f" {answer}</s>"
        assert ids[i].tolist() == [*row.ids, *[0] * (ids.shape[1] - len(row.ids))]
        assert row.start == pocket.count_tokens(messages)
    assert answer_tokens(rows) == int((labels != -100).sum())


def test_parts_hold_every_row_once_and_stay_small(pocket: Hf) -> None:
    rows = [TokenRow(tuple(range(i % 400 + 5)), 4) for i in range(0, 4000, 97)]
    for loss in (AnswerLoss(pocket.kernels(), packs=True), AnswerLoss(PlainKernels(), packs=False)):
        parts = list(loss.parts(rows))
        assert sorted(row.ids for part in parts for row in part) == sorted(row.ids for row in rows)
        assert all(len(part) == 1 or sum(len(row.ids) - 4 for row in part) <= 768 for part in parts)
        assert len(parts) > 1


def test_batches_are_shuffled_by_seed_and_epoch_and_of_like_length() -> None:
    rows = [TokenRow(tuple(range(length)), 1) for length in range(2, 102)]
    first = shuffled(rows, 8, 0, 1)
    assert first == shuffled(rows, 8, 0, 1)
    assert first != shuffled(rows, 8, 0, 2) != shuffled(rows, 8, 1, 2)
    assert sorted(row.ids for batch in first for row in batch) == sorted(row.ids for row in rows)
    assert len(first) == 13
    spread = [max(len(r.ids) for r in batch) - min(len(r.ids) for r in batch) for batch in first]
    assert sum(spread) / len(spread) < 40
