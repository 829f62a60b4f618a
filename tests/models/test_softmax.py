"""Softmax-weighted values and the logarithms of their sums, by whatever way is quickest, against plain mathematics."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from crossover.models.hf.layout import added
from crossover.models.hf.softmax import MANY, attend
from tests.device import DEVICE


def drawn(queries: int, keys: int, dtype: torch.dtype, size: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    source = torch.Generator().manual_seed(queries)
    q, k, v = (torch.randn(1, 2, n, 32, generator=source) for n in (queries, keys, keys))
    return (size * q).to(DEVICE, dtype), k.to(DEVICE, dtype), v.to(DEVICE, dtype)


def exactly(q: Tensor, k: Tensor, v: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    scores = q.double() @ k.double().transpose(-1, -2) * scale
    return scores.softmax(-1) @ v.double(), scores.logsumexp(-1)


@pytest.mark.parametrize(("queries", "keys"), [(3, 5), (64, 100), (700, 300), (1500, 700)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weighted_values_are_those_of_a_softmax(queries: int, keys: int, dtype: torch.dtype) -> None:
    q, k, v = drawn(queries, keys, dtype)
    with torch.no_grad():
        found, sums = attend(q, k, v, None, False, 0.2)
    right, right_sums = exactly(q, k, v, 0.2)
    near = 1e-5 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(found.double(), right, atol=near, rtol=near)
    torch.testing.assert_close(sums.double(), right_sums, atol=near, rtol=near)
    assert (found.dtype, sums.dtype) == (dtype, torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_a_mask_hides_has_no_weight(dtype: torch.dtype) -> None:
    q, k, v = drawn(60, 100, dtype)
    seen = torch.ones(60, 100, dtype=torch.bool, device=DEVICE).tril(40)
    with torch.no_grad():
        found, sums = attend(q, k, v, added(seen, dtype)[None, None], False, 0.2)
    scores = (q.double() @ k.double().transpose(-1, -2) * 0.2).masked_fill(~seen, -torch.inf)
    near = 1e-5 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(found.double(), scores.softmax(-1) @ v.double(), atol=near, rtol=near)
    torch.testing.assert_close(sums.double(), scores.logsumexp(-1), atol=near, rtol=near)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("queries", [700, 60])
def test_scores_of_any_size_are_met(queries: int, sign: float) -> None:
    """Exponentials of these scores are outside the range of bfloat16 and of float32."""
    q, k, v = drawn(queries, 300, torch.bfloat16)
    assert (q.shape[2] * k.shape[2] > MANY) == (queries == 700)
    q[..., 0], k[..., 0] = sign * 40.0, 40.0
    with torch.no_grad():
        found, sums = attend(q, k, v, None, False, 0.2)
    right, right_sums = exactly(q, k, v, 0.2)
    assert found.isfinite().all()
    torch.testing.assert_close(found.double(), right, atol=0.05, rtol=0.05)
    torch.testing.assert_close(sums.double(), right_sums, atol=1.0, rtol=0.01)


def test_gradients_go_through() -> None:
    q, k, v = drawn(700, 300, torch.bfloat16)
    q.requires_grad_()
    found, _ = attend(q, k, v, None, False, 0.2)
    found.float().sum().backward()
    assert q.grad is not None
    assert q.grad.abs().sum() > 0
