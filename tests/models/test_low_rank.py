from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor

from crossover.models.hf import Hf
from crossover.models.hf.low_rank import fuse
from tests.device import DEVICE
from tests.models.tiny import build

IDS = torch.tensor([[5, 9, 40, 7, 300], [8, 8, 1, 2, 77]], device=DEVICE)


def adapted(folder: Path, **options: Any) -> Any:
    module: Any = Hf(str(folder), device=DEVICE).module()
    torch.manual_seed(3)
    config = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False, **options)
    return get_peft_model(module, config)


def output(module: Any) -> tuple[Tensor, dict[str, Tensor]]:
    module.zero_grad()
    logits = module(input_ids=IDS).logits
    logits.square().mean().backward()
    return logits.detach(), {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("options", [{}, {"use_rslora": True}, {"use_dora": True}, {"lora_dropout": 0.5}])
@pytest.mark.parametrize("kind", ["qwen2", "gpt2"])
def test_the_short_road_gives_the_same_outputs_and_gradients(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    module = adapted(build(tmp_path, kind, initializer_range=0.1), **options).eval()
    before, gradients = output(module)
    fuse(module)
    after, others = output(module)
    assert torch.allclose(before, after, atol=1e-5)
    assert gradients.keys() == others.keys()
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, others[name], rtol=1e-3, atol=1e-6), name


def test_it_can_be_switched_off_saved_and_merged(tmp_path: Path) -> None:
    folder = build(tmp_path / "base", "qwen2", initializer_range=0.1)
    base: Any = Hf(str(folder), device=DEVICE).module()
    module = adapted(folder).eval()
    fuse(module)
    with torch.no_grad():
        wanted = module(input_ids=IDS).logits
        with module.disable_adapter():
            assert torch.allclose(module(input_ids=IDS).logits, base(input_ids=IDS).logits, atol=1e-5)
        module.save_pretrained(tmp_path / "adapter")
        merged = module.merge_and_unload()
        assert torch.allclose(merged(input_ids=IDS).logits, wanted, atol=1e-4)


def test_frozen_weights_in_bfloat16_train_an_adapter_in_float32(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, "qwen2", initializer_range=0.1)), dtype="bfloat16", device=DEVICE)
    module: Any = get_peft_model(model.module(frozen=True), LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear"))
    fuse(module)
    _, gradients = output(module)
    assert gradients
    assert {gradient.dtype for gradient in gradients.values()} == {torch.float32}
    assert all(p.dtype == (torch.float32 if p.requires_grad else torch.bfloat16) for p in module.parameters())
