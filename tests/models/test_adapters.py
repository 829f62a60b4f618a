"""Plain adapters are used without PEFT, and answer as with it; others are left to it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from crossover.models.hf import Hf
from crossover.models.hf.adapters import Adapted, read_plain, unwrap, use
from crossover.types import Request, Weights
from tests.device import DEVICE
from tests.models.asking import ask, plain_scores
from tests.models.tiny import build

IDS = torch.tensor([[5, 9, 40, 7, 300], [8, 8, 1, 2, 77]], device=DEVICE)
LABELS = ("yes", "no", "maybe")


def saved(model: Hf, folder: Path, seed: int, **options: Any) -> Weights:
    torch.manual_seed(seed)
    options = {"r": 4, "target_modules": "all-linear", "init_lora_weights": False} | options
    return model.save(get_peft_model(model.module(), LoraConfig(task_type="CAUSAL_LM", **options)), folder)


def asked(weights: Weights | None) -> Request:
    return replace(ask("I saw a pear today.", labels=LABELS), weights=weights)


@pytest.mark.parametrize(
    "options", [{}, {"use_rslora": True, "lora_alpha": 7}, {"target_modules": ["q_proj", "down_proj"]}]
)
def test_a_plain_adapter_answers_as_with_peft_and_leaves_no_trace(options: dict[str, Any], tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path / "base", "qwen2", initializer_range=0.1)), device=DEVICE)
    paths = [Path(saved(model, tmp_path / f"a{seed}", seed, **options).path) for seed in (1, 2)]
    base: Any = model.module().eval()
    with torch.no_grad():
        bare = base(input_ids=IDS).logits
        for path in (*paths, paths[0]):
            use(base, read_plain(path, base))
            theirs = PeftModel.from_pretrained(model.module(), path).eval()(input_ids=IDS).logits
            assert torch.allclose(base(input_ids=IDS).logits, theirs, atol=1e-5)
            assert not torch.allclose(theirs, bare, atol=1e-3)
        use(base, None)
        assert torch.equal(base(input_ids=IDS).logits, bare)
        unwrap(base)
        assert not any(isinstance(module, Adapted) for module in base.modules())
        assert torch.equal(base(input_ids=IDS).logits, bare)


def test_what_is_more_than_two_matrices_is_left_to_peft(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path / "base", "qwen2", initializer_range=0.1)), device=DEVICE)
    others: list[dict[str, Any]] = [{"use_dora": True}, {"bias": "lora_only"}, {"rank_pattern": {"q_proj": 2}}]
    for number, options in enumerate(others):
        weights = saved(model, tmp_path / f"a{number}", 3, **options)
        assert read_plain(Path(weights.path), model.module()) is None
    conv = Hf(str(build(tmp_path / "conv", "gpt2", initializer_range=0.1)), device=DEVICE)
    assert read_plain(Path(saved(conv, tmp_path / "c", 3).path), conv.module()) is None


def test_plain_ones_before_and_after_one_of_another_kind_answer_the_same(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path / "base", "qwen2", initializer_range=0.1)), device=DEVICE)
    plain = saved(model, tmp_path / "plain", 1)
    other = saved(model, tmp_path / "other", 2, use_dora=True)

    def scores(weights: Weights | None) -> tuple[float, ...]:
        [reply] = model.complete([asked(weights)])
        assert reply.error is None
        return reply.label_scores

    before, bare = scores(plain), scores(None)
    assert scores(other) not in (before, bare)
    assert scores(plain) == pytest.approx(before, abs=1e-5)
    assert scores(None) == pytest.approx(bare, abs=1e-5)


def test_the_first_answer_is_the_adapters_too(tmp_path: Path) -> None:
    """The trial of whether rows can be packed asks the bare model, in the middle of the first answer."""
    folder = str(build(tmp_path / "base", "qwen2", initializer_range=0.1))
    weights = saved(Hf(folder, device=DEVICE), tmp_path / "plain", 1)
    model = Hf(folder, device=DEVICE)
    [first] = model.complete([asked(weights)])
    [bare] = model.complete([asked(None)])
    [again] = model.complete([asked(weights)])
    assert first.label_scores == again.label_scores != bare.label_scores
    assert first.label_scores == pytest.approx(plain_scores(model, asked(weights)), abs=1e-3)


def test_answering_with_a_plain_adapter_needs_no_peft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(build(tmp_path / "base", "qwen2", initializer_range=0.1))
    weights = saved(Hf(folder, device=DEVICE), tmp_path / "plain", 1)
    monkeypatch.setitem(sys.modules, "peft", None)
    monkeypatch.setitem(sys.modules, "peft.tuners.lora.layer", None)
    [reply] = Hf(folder, device=DEVICE).complete([asked(weights)])
    assert reply.error is None


def test_a_damaged_adapter_is_one_failed_call(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path / "base", "qwen2")), device=DEVICE)
    weights = saved(model, tmp_path / "plain", 1)
    (Path(weights.path) / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    [reply] = model.complete([asked(weights)])
    assert "does not load" in (reply.error or "")
