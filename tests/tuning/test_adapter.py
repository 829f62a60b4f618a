"""Adapters of every kind: on which layers, beginning as what, and loaded by plain PEFT on the plain base."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import LoraLayer
from torch import Tensor

from crossover.errors import MissingExtra, TuningError
from crossover.models.hf import Hf
from crossover.models.hf.low_rank import fuse
from crossover.strategies.open import open_strategy
from crossover.tuning import adapter, modules
from crossover.tuning.batches import encode_rows
from crossover.tuning.loss import loss_for, padded_loss
from crossover.types import FullRecipe, LoraRecipe, Recipe, Weights
from tests.device import DEVICE
from tests.models.tiny import build
from tests.tuning.small import DEV, TRAIN, tune

has_bitsandbytes = importlib.util.find_spec("bitsandbytes") is not None
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "attention": {"targets": "attention"},
    "named": {"targets": ("q_proj", "down_proj")},
    "rslora": {"rslora": True},
    "dora": {"dora": True, "dropout": 0.1},
    "pissa": {"pissa": True},
    "pissa, quick": {"pissa": 4, "rslora": True, "dora": True},
}


def recipe(**options: Any) -> Recipe:
    return LoraRecipe(learning_rate=5e-3, epochs=1, batch_size=10, rank=4, alpha=8, patience=0, **options)


def tiny(folder: Path, kind: str = "qwen2") -> Hf:
    return Hf(str(build(folder / kind, kind, initializer_range=0.1)), device=DEVICE)


def logits(module: Any, model: Hf) -> Tensor:
    with torch.no_grad():
        return torch.as_tensor(module.eval()(torch.tensor([model.encode(*DEV[0])[0]], device=DEVICE)).logits)


def plain_peft(model: Hf, weights: Weights) -> Any:
    base: Any = transformers.AutoModelForCausalLM.from_pretrained(model.folder, dtype=torch.float32).to(DEVICE)
    return PeftModel.from_pretrained(base, weights.path)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_peft_loads_it_on_the_plain_base_and_gives_the_trained_modules_outputs(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, trained = tiny(tmp_path), []
    save = modules.save

    def watched(owner: Any, module: Any, start: Any, folder: Path, **more: Any) -> Weights:
        trained.append(logits(module, model))
        return save(owner, module, start, folder, **more)

    monkeypatch.setattr(modules, "save", watched)
    weights = tune(model, tmp_path / "tune", recipe(**KINDS[kind]), rows=TRAIN[:20], evaluate=lambda w: 0.0)
    found = logits(plain_peft(model, weights), model)
    assert torch.allclose(found, trained[0], atol=1e-4)
    assert torch.allclose(found, logits(model.module(weights), model), atol=1e-5)
    assert not torch.allclose(found, logits(model.module(), model), atol=1e-2)


def test_only_the_named_layers_get_an_adapter(tmp_path: Path) -> None:
    def adapted(targets: Any, kind: str) -> set[str]:
        module = modules.prepare(tiny(tmp_path, kind), recipe(targets=targets), None)
        return {".".join(n.split(".")[-2:]) for n, layer in module.named_modules() if isinstance(layer, LoraLayer)}

    attention = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"}
    assert adapted("attention", "qwen2") == attention
    assert adapted("attention", "gpt2") == {"attn.c_attn", "attn.c_proj"}  # and not the c_proj of its other half
    assert adapted(("up_proj", "self_attn.v_proj"), "qwen2") == {"mlp.up_proj", "self_attn.v_proj"}
    assert adapted("down_proj", "qwen2") == {"mlp.down_proj"}
    assert adapted("all-linear", "qwen2") == attention | {"mlp.up_proj", "mlp.gate_proj", "mlp.down_proj"}


@pytest.mark.parametrize("targets", ["qproj", ("up_proj", "qproj"), ("lm_head",), ("embed_tokens",)])
def test_a_module_that_is_not_there_is_told_with_those_that_are(targets: Any, tmp_path: Path) -> None:
    valid = "valid: all-linear, attention, down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"
    with pytest.raises(TuningError, match=f"no linear layer '(qproj|lm_head|embed_tokens)'.*{valid}"):
        modules.prepare(tiny(tmp_path), recipe(targets=targets), None)


@pytest.mark.parametrize("options", [{}, {"rslora": True}, {"dora": True}])
@pytest.mark.parametrize("kind", ["qwen2", "gpt2"])
def test_pissa_learns_as_pefts_own_does(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    """The same losses, step for step, though PEFT changes the base and this does not."""
    model = tiny(tmp_path, kind)
    rows, _ = encode_rows(model, TRAIN[:6], "training")

    def losses(module: Any) -> list[float]:
        parameters = [p for p in module.parameters() if p.requires_grad]
        optimizer, found = torch.optim.SGD(parameters, 0.05), []
        for _ in range(4):
            optimizer.zero_grad()
            loss = padded_loss(module, rows) / len(rows)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            found.append(loss.item())
        return found

    settings = {"use_rslora": options.get("rslora", False), "use_dora": options.get("dora", False)}
    config = LoraConfig(
        task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights="pissa", **settings
    )
    theirs = losses(get_peft_model(model.module(), config))
    ours = losses(modules.prepare(model, recipe(pissa=True, **options), None))
    assert ours == pytest.approx(theirs, rel=2e-3)
    assert theirs[-1] < theirs[0]


def test_pissa_begins_as_nothing_and_the_quick_decomposition_is_near_the_exact_one(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    exact, quick = (modules.prepare(model, recipe(pissa=how), None) for how in (True, 16))
    assert torch.allclose(logits(exact, model), logits(model.module(), model), atol=1e-4)
    for one, other in zip(_adapted(exact), _adapted(quick), strict=True):
        least = torch.linalg.svdvals(one.get_base_layer().weight)[4:].norm()  # what no product of rank 4 can hold
        assert _rest(one) == pytest.approx(float(least), rel=1e-3)
        assert _rest(other) == pytest.approx(float(least), rel=3e-2)  # it begins at random


def _adapted(module: Any) -> list[Any]:
    return [layer for layer in module.modules() if isinstance(layer, LoraLayer)]


def _rest(layer: Any) -> float:
    """How much of the weights is not in the first half of their adapter."""
    down, up = layer.lora_A["default"].weight[:4], layer.lora_B["default"].weight[:, :4]
    return float((layer.get_base_layer().weight - layer.scaling["default"] * up @ down).detach().norm())


@pytest.mark.parametrize("options", [{"dropout": 0.3}, {"dora": True, "dropout": 0.3}, {"pissa": True}, {"rslora": True}])
def test_while_training_the_short_road_and_pefts_forward_agree(options: dict[str, Any], tmp_path: Path) -> None:
    model = tiny(tmp_path)
    rows, _ = encode_rows(model, TRAIN[:3], "training")
    module = adapter.attach(model.module(), recipe(**options)).train()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "lora_B" in name and not options.get("pissa"):
                parameter.copy_(torch.linspace(-0.1, 0.1, parameter.numel(), device=DEVICE).view_as(parameter))
    found = []
    for _ in range(2):
        torch.manual_seed(5)  # dropout
        module.zero_grad()
        loss = padded_loss(module, rows)
        loss.backward()  # type: ignore[no-untyped-call]
        found.append((loss.item(), {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None}))
        fuse(module)
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert found[0][1].keys() == found[1][1].keys() != set()
    for name, gradient in found[0][1].items():
        assert torch.allclose(gradient, found[1][1][name], rtol=1e-3, atol=1e-4), name


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pissa": True, "bits": 4}, "pissa and bits: 4 exclude each other"),
        ({"pissa": 2, "dropout": 0.1}, "pissa and dropout exclude each other"),
        ({"pissa": -1}, "pissa is -1, valid is true, false or a number"),
        ({"bits": 8}, "bits is 8, valid is 4, or nothing"),
        ({"targets": ()}, "targets names no module"),
        ({"dropout": 1.0}, "dropout is 1, valid is a number from 0 to below 1"),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(options: dict[str, Any], sentence: str, pocket: Hf) -> None:
    with pytest.raises(TuningError, match=sentence):
        tune(pocket, Path("nowhere"), recipe(**options))
    with pytest.raises(Exception, match=f"strategy 'lora': {sentence}"):
        open_strategy("lora", options)


def test_without_bitsandbytes_its_install_command_is_said(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"option 'bits' needs .* pip install 'crossover\[quantized\]'"):
        open_strategy("lora", {"bits": 4})
    with pytest.raises(MissingExtra, match=r"pip install 'crossover\[quantized\]'"):
        modules.prepare(pocket, LoraRecipe(bits=4), None)


@pytest.mark.skipif(not has_bitsandbytes, reason="needs the extra quantized")
def test_in_four_bits_the_gradients_are_those_of_the_same_weights_unpacked(pocket: Hf) -> None:
    from bitsandbytes.functional import dequantize_4bit

    rows, _ = encode_rows(pocket, TRAIN[:3], "training")
    module: Any = modules.prepare(pocket, recipe(bits=4), None)
    bases = {n.removesuffix(".base_layer"): p.weight for n, p in module.named_modules() if n.endswith(".base_layer")}
    assert len(bases) == 7 * pocket.module().config.num_hidden_layers  # type: ignore[union-attr, operator]
    reference: Any = modules.prepare(pocket, recipe(), None)
    with torch.no_grad():
        for name, layer in reference.named_modules():
            if name in bases:
                layer.base_layer.weight.copy_(dequantize_4bit(bases[name].data, bases[name].quant_state))
    gradients = []
    for one in (module, reference):
        with torch.no_grad():
            for name, parameter in modules.trainable(one).items():
                if "lora_B" in name:
                    parameter.copy_(torch.linspace(-0.02, 0.02, parameter.numel(), device=DEVICE).view_as(parameter))
        loss = loss_for(one, pocket.kernels())
        with torch.no_grad():
            loss(one.eval(), rows)  # bitsandbytes would repack the weights here, and lose the gradients behind
        value = loss(one.train(), rows)
        value.backward()  # type: ignore[no-untyped-call]
        gradients.append((value.item(), {n: p.grad for n, p in modules.trainable(one).items()}))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-3)
    for name, gradient in gradients[1][1].items():
        assert torch.allclose(gradients[0][1][name], gradient, rtol=1e-2, atol=1e-3), name


@pytest.mark.skipif(not has_bitsandbytes, reason="needs the extra quantized")
def test_an_adapter_trained_on_four_bits_serves_on_the_model_as_it_is(pocket: Hf, tmp_path: Path) -> None:
    quick = LoraRecipe(learning_rate=3e-3, epochs=1, batch_size=10, bits=4, targets="attention", dora=True)
    weights = tune(pocket, tmp_path / "one", quick, rows=TRAIN[:20], evaluate=lambda w: 0.0)
    assert weights.kind == "adapter"
    assert torch.allclose(logits(plain_peft(pocket, weights), pocket), logits(pocket.module(weights), pocket), atol=1e-5)
    again = tune(pocket, tmp_path / "two", quick, rows=TRAIN[:20], start=weights, evaluate=lambda w: 0.0)
    assert again.kind == "adapter"
    full = tune(pocket, tmp_path / "full", FullRecipe(epochs=1), rows=TRAIN[:4], evaluate=lambda w: 0.0)
    with pytest.raises(TuningError, match="bits: 4 cannot go on from a fully tuned model"):
        tune(pocket, tmp_path / "three", quick, start=full)
