"""Where a checkpoint's tensors lie once they are read: as the optimizer would have them, on whatever device."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from crossover.tuning.checkpoint import CHECKPOINT, Progress, load_checkpoint, save_checkpoint
from tests.device import DEVICE


def trained(device: str, fused: bool) -> tuple[dict[str, torch.nn.Parameter], torch.optim.AdamW]:
    """Parameters of several shapes and precisions, one step later."""
    torch.manual_seed(0)
    shapes = {"b": (3, 2), "a": (4,), "c.d": (1, 5)}
    parameters = {name: torch.nn.Parameter(torch.randn(shape).to(device)) for name, shape in shapes.items()}
    optimizer = torch.optim.AdamW(parameters.values(), 0.1, fused=fused)
    for parameter in parameters.values():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return parameters, optimizer


@pytest.mark.parametrize("fused", [True, False])
def test_what_is_read_is_what_was_written_and_goes_on_alike(fused: bool, tmp_path: Path) -> None:
    parameters, optimizer = trained(DEVICE, fused)
    save_checkpoint(tmp_path, Progress("key", steps=1), parameters, optimizer)
    wanted = copy.deepcopy(optimizer.state_dict())
    others, fresh = trained(DEVICE, fused)
    optimizer.step()
    fresh.state.clear()
    with torch.no_grad():
        for parameter in others.values():
            parameter.zero_()
    assert load_checkpoint(tmp_path, "key", others, fresh) == Progress("key", steps=1)
    found = fresh.state_dict()
    assert found["state"].keys() == wanted["state"].keys()
    for number, state in wanted["state"].items():
        assert state.keys() == found["state"][number].keys() == {"step", "exp_avg", "exp_avg_sq"}
        for name, tensor in state.items():
            assert found["state"][number][name].device == tensor.device, name
            assert torch.equal(found["state"][number][name], tensor), name
    fresh.step()
    assert all(torch.equal(of, parameters[name]) for name, of in others.items())


def test_a_fused_optimizer_gets_everything_on_the_parameters_device(tmp_path: Path) -> None:
    """On a device other than the processor: a card's steps stay there too, or its fused kernel refuses them."""
    parameters, optimizer = trained("cpu", True)
    save_checkpoint(tmp_path, Progress("key", steps=1), parameters, optimizer)
    with safe_open(tmp_path / CHECKPOINT, framework="pt") as file:
        assert {name.partition("/")[0] for name in file.keys()} == {"value", "step", "exp_avg", "exp_avg_sq"}  # noqa: SIM118
    elsewhere = {name: torch.nn.Parameter(of.detach().to("meta")) for name, of in parameters.items()}
    fresh: Any = torch.optim.AdamW(elsewhere.values(), 0.1)
    fresh.param_groups[0]["fused"] = True  # its constructor knows no such kernel for this device
    load_checkpoint(tmp_path, "key", elsewhere, fresh)
    for parameter in elsewhere.values():
        assert {name: of.device.type for name, of in fresh.state[parameter].items()} == {
            "step": "meta",
            "exp_avg": "meta",
            "exp_avg_sq": "meta",
        }
