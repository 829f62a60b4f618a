"""What tuning computes by functions of its own, against plain mathematics and against numerical gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.models.cohere.modeling_cohere import CohereAttention
from transformers.models.gemma3.modeling_gemma3 import Gemma3RMSNorm
from transformers.models.glm.modeling_glm import GlmAttention
from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb

from crossover.models.hf import Hf, gradient
from crossover.models.hf.gradient import attend_packed
from crossover.models.hf.layout import Layout
from crossover.models.hf.norm import quicken
from crossover.models.hf.packing import pack
from crossover.models.hf.rotary import quicken_rotary
from tests.device import DEVICE
from tests.models.tiny import build

CHAINS = [[1, 2, 3], [4, 5], [6, 7, 8, 9]]


def drawn(tokens: int, heads: int, groups: int) -> list[Tensor]:
    source = torch.Generator().manual_seed(tokens)
    shapes = [(1, n, tokens, 4) for n in (heads * groups, heads, heads)]
    return [torch.randn(shape, generator=source, dtype=torch.float64).to(DEVICE).requires_grad_() for shape in shapes]


def exactly(q: Tensor, k: Tensor, v: Tensor, inner: int, window: int | None) -> Tensor:
    """Every token by itself: what it sees is the beginning and its row up to itself, as far back as the window."""
    groups, out = q.shape[1] // k.shape[1], []
    texts = [list(range(inner))]
    at = inner
    for chain in CHAINS:
        texts.append([*range(inner), *range(at, at + len(chain))])
        at += len(chain)
    for number, text in enumerate(texts):
        for place, token in enumerate(text):
            if number and token < inner:
                continue
            seen = text[: place + 1][-(window or len(text)) :]
            heads = []
            for head in range(q.shape[1]):
                weights = (q[0, head, token] @ k[0, head // groups, seen].T * 0.5).softmax(-1)
                heads.append(weights @ v[0, head // groups, seen])
            out.append(torch.stack(heads))
    return torch.stack(out)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize(("inner", "groups"), [(0, 1), (0, 3), (5, 2)])
def test_attention_of_packed_rows(
    inner: int, groups: int, window: int | None, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient, "KEPT", 1 << 22 if kept else 0)
    layout = pack(CHAINS, inner=range(inner)).layout.to(torch.device(DEVICE))
    inputs = drawn(inner + 9, 2, groups)

    def ours(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return attend_packed(q, k, v, layout, window, 0.5, 0.0)

    torch.testing.assert_close(ours(*inputs), exactly(*inputs, inner, window))
    assert torch.autograd.gradcheck(ours, inputs)


def test_dropout_leaves_the_mean_and_its_gradients_are_those_of_what_was_drawn() -> None:
    layout = pack(CHAINS, inner=range(5)).layout.to(torch.device(DEVICE))
    inputs = drawn(14, 2, 2)

    def ours(q: Tensor, k: Tensor, v: Tensor, seed: int = 0) -> Tensor:
        torch.manual_seed(seed)
        return attend_packed(q, k, v, layout, None, 0.5, 0.2)

    assert torch.autograd.gradcheck(ours, inputs)
    with torch.no_grad():
        mean = torch.stack([ours(*inputs, seed) for seed in range(3000)]).mean(0)
    torch.testing.assert_close(mean, exactly(*inputs, 5, None), atol=0.1, rtol=0.0)
    assert not torch.allclose(ours(*inputs), exactly(*inputs, 5, None))


@pytest.mark.parametrize("kind", [LlamaRMSNorm, Gemma3RMSNorm])
def test_normalisation_is_the_layers_own(kind: Any) -> None:
    found = []
    for quick in (False, True):
        layer = kind(16)
        with torch.no_grad():
            layer.weight.copy_(torch.linspace(0.5, 1.5, 16))
        if quick:
            quicken(layer)
            assert type(layer) is not kind
            assert isinstance(layer, kind)
        x = torch.linspace(-4, 3, 80).reshape(1, 5, 16).requires_grad_()
        out = layer(x)
        (out * torch.linspace(-1, 1, 80).reshape(out.shape)).sum().backward()
        found.append((out, x.grad, layer.weight.grad))
    for right, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, right, rtol=1e-5, atol=1e-6)


def test_what_only_looks_like_a_normalisation_is_left_alone() -> None:
    class OddRMSNorm(LlamaRMSNorm):  # type: ignore[misc]
        def forward(self, x: Tensor) -> Tensor:
            return 2 * torch.as_tensor(super().forward(x))

    layer = OddRMSNorm(16)
    quicken(layer)
    assert type(layer) is OddRMSNorm


def test_positions_are_turned_as_the_layer_turns_them_and_back() -> None:
    class Attention(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, cos: Tensor, sin: Tensor) -> Any:
            return apply_rotary_pos_emb(q, k, cos, sin)

    shapes = [(2, 3, 5, 8), (2, 1, 5, 8), (2, 5, 4), (2, 5, 4)]
    source = torch.Generator().manual_seed(1)
    q, k, cos, sin = (torch.randn(shape, generator=source, dtype=torch.float64).to(DEVICE) for shape in shapes)
    cos, sin = torch.cat([cos, cos], -1), torch.cat([sin, sin], -1)
    given = (q.requires_grad_(), k.requires_grad_())
    layer = Attention()
    right = layer(*given, cos, sin)
    quicken_rotary(layer)
    assert type(layer) is not Attention
    torch.testing.assert_close(layer(*given, cos, sin), right)
    assert torch.autograd.gradcheck(lambda q, k: layer(q, k, cos, sin), given)
    quick = type(layer)
    quicken_rotary(layer)
    assert type(layer) is quick


def test_positions_of_another_kind_are_left_alone() -> None:
    for kind in (CohereAttention, GlmAttention):  # their planes' axes lie side by side
        layer = kind.__new__(kind)
        torch.nn.Module.__init__(layer)
        quicken_rotary(layer)
        assert type(layer) is kind


def test_a_quickened_model_is_saved_as_what_it_was(tmp_path: Path) -> None:
    module: Any = Hf(str(build(tmp_path / "base", "qwen2")), device=DEVICE).module()
    ids = torch.tensor([[5, 9, 40]], device=DEVICE)
    before = module(input_ids=ids).logits
    quicken(module)
    quicken_rotary(module)
    torch.testing.assert_close(module(input_ids=ids).logits, before)
    module.save_pretrained(tmp_path / "saved")
    again: Any = type(module).from_pretrained(tmp_path / "saved").to(DEVICE)
    torch.testing.assert_close(again(input_ids=ids).logits, before)


def test_only_rows_without_trees_and_memory_take_this_road() -> None:
    layout = pack(CHAINS).layout
    assert layout.chains
    assert not Layout(layout.rows, layout.back, layout.at, layout.span, torch.ones(3, 4, 4, dtype=torch.bool)).chains
