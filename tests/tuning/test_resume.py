from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import StudyError, TuningError
from crossover.models.hf import Hf
from crossover.tuning import sft
from crossover.tuning.checkpoint import TURN, read_progress, read_trace, writing
from crossover.tuning.turn import turn
from crossover.types import Epoch, FullRecipe, LoraRecipe, Weights
from tests.device import DEVICE
from tests.models.tiny import build
from tests.tuning.small import alike, alike_traces, rows, tune

RECIPES = {
    "lora": LoraRecipe(learning_rate=4e-3, epochs=3, batch_size=20, patience=0, dropout=0.1, weight_decay=0.01),
    "full": FullRecipe(learning_rate=1e-3, epochs=3, batch_size=20, patience=0),
}


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Hf:
    """What is kept of a tune does not hang on the size of the model."""
    return Hf(str(build(tmp_path_factory.mktemp("model"), "qwen2", initializer_range=0.1)), device=DEVICE)


@pytest.fixture(scope="module")
def whole(model: Hf, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Weights, list[Epoch]]]:
    found = {}
    for name, recipe in RECIPES.items():
        folder = tmp_path_factory.mktemp(name)
        found[name] = (tune(model, folder, recipe), read_trace(folder))
    return found


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("where", ["epoch 1", "epoch 2", "epoch 3", "step 1", "step 5", "step 9", "evaluate 2"])
def test_an_interrupted_tune_ends_with_the_same_weights_to_the_bit(
    method: str, where: str, model: Hf, whole: dict[str, tuple[Weights, list[Epoch]]], tmp_path: Path
) -> None:
    kind, number = where.split()
    steps: list[int] = []
    epochs: list[int] = []
    asked: list[str] = []

    def stop(here: str, at: int) -> None:
        if here == kind and at == int(number):
            raise Killed

    def evaluate(weights: Weights) -> float:
        asked.append(weights.path)
        stop("evaluate", len(asked))
        return whole[method][1][int(weights.path.rpartition("-")[2]) - 1].dev_metric

    def on_epoch(epoch: Epoch) -> None:
        epochs.append(epoch.epoch)
        stop("epoch", epoch.epoch)

    def on_step(step: int, total: int, loss: float) -> None:
        steps.append(step)
        stop("step", step)

    told: dict[str, Any] = {"on_epoch": on_epoch, "on_step": on_step, "evaluate": evaluate}
    with pytest.raises(Killed):
        tune(model, tmp_path, RECIPES[method], **told)
    done = len(read_trace(tmp_path))
    kind, before = "over", len(steps)
    weights = tune(model, tmp_path, RECIPES[method], **told)
    assert alike(weights, whole[method][0])
    assert alike_traces(read_trace(tmp_path), whole[method][1])
    assert epochs == [1, 2, 3]
    assert steps[before:] == list(range(3 * done + 1, 10))
    assert {p.name for p in tmp_path.iterdir()} == {"trace.json", Path(weights.path).name}


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("step", [1, 3, 5, 8])
def test_a_checkpoint_is_kept_between_epochs(
    method: str,
    step: int,
    model: Hf,
    whole: dict[str, tuple[Weights, list[Epoch]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sft, "INTERVAL", 0.0)
    monkeypatch.setattr(sft, "SHARE", 1e9)  # as if writing took no time
    steps: list[int] = []

    def on_step(number: int, total: int, loss: float) -> None:
        steps.append(number)
        if len(steps) == step + 1:
            raise Killed

    with pytest.raises(Killed):
        tune(model, tmp_path, RECIPES[method], on_step=on_step)
    assert alike(tune(model, tmp_path, RECIPES[method], on_step=on_step), whole[method][0])
    assert steps == [*range(1, step + 1), *range(step + 1, step + 2), *range(step + 1, 10)]
    assert alike_traces(read_trace(tmp_path), whole[method][1])


def test_the_trace_can_be_read_while_the_tune_goes_on(model: Hf, tmp_path: Path) -> None:
    seen: list[int] = []
    tune(model, tmp_path, RECIPES["lora"], on_epoch=lambda e: seen.append(len(read_trace(tmp_path))))
    assert seen == [1, 2, 3]
    assert read_trace(tmp_path / "elsewhere") == []


def test_half_written_files_of_a_killed_process_do_no_harm(
    model: Hf, whole: dict[str, tuple[Weights, list[Epoch]]], tmp_path: Path
) -> None:
    def stop(epoch: Epoch) -> None:
        raise Killed

    with pytest.raises(Killed):
        tune(model, tmp_path, RECIPES["lora"], on_epoch=stop)
    (tmp_path / "checkpoint.safetensors.new").write_bytes(b"half")
    (tmp_path / "trace.json").unlink()  # killed between the checkpoint and the trace
    (tmp_path / "weights-2").mkdir()
    (tmp_path / "weights-2" / "adapter_model.safetensors").write_bytes(b"half")
    assert alike(tune(model, tmp_path, RECIPES["lora"]), whole["lora"][0])


@pytest.mark.parametrize("moment", ["step", "epoch", "evaluation"])
def test_who_was_taken_for_dead_and_wakes_changes_nothing_of_a_tune_that_another_went_on_with(
    moment: str, model: Hf, whole: dict[str, tuple[Weights, list[Epoch]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other goes on from the second epoch, and is in the middle of it while the first wakes."""
    monkeypatch.setattr(sft, "INTERVAL", 0.0)
    monkeypatch.setattr(sft, "SHARE", 1e9)
    woken, state = list[str](), dict[str, bytes]()

    def held() -> dict[str, bytes]:
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in paths}

    def other(step: int, steps: int, loss: float) -> None:
        if step >= 5:
            woken.append("other")
            state.update(held())
            raise Killed  # as far as it is by now

    def sleeping(*_: Any) -> float:
        if not woken and len(read_trace(tmp_path)) == 1:
            woken.append("first")
            with pytest.raises(Killed):
                tune(model, tmp_path, RECIPES["lora"], on_step=other)
        return 0.5

    says: dict[str, Any] = {"step": {"on_step": sleeping}, "epoch": {"on_epoch": sleeping}}
    says["evaluation"] = {"evaluate": sleeping}
    with pytest.raises(StudyError, match="another process goes on with this tune, so this one has ended"):
        tune(model, tmp_path, RECIPES["lora"], **says[moment])
    assert woken == ["first", "other"]
    assert held() == {name: content for name, content in state.items() if ".new/" not in name}
    if moment != "evaluation":
        assert alike(tune(model, tmp_path, RECIPES["lora"]), whole["lora"][0])


def test_a_damaged_checkpoint_and_one_of_another_tune_are_named(model: Hf, tmp_path: Path) -> None:
    def stop(epoch: Epoch) -> None:
        raise Killed

    with pytest.raises(Killed):
        tune(model, tmp_path, RECIPES["lora"], on_epoch=stop)
    (tmp_path / "trace.json").unlink()
    with pytest.raises(TuningError, match="holds a tune of other data"):
        tune(model, tmp_path, LoraRecipe(epochs=7))
    (tmp_path / "checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(TuningError, match=r"checkpoint\.safetensors is damaged"):
        tune(model, tmp_path, RECIPES["lora"])


def test_an_interrupted_tune_with_replay_ends_with_the_same_weights(model: Hf, tmp_path: Path) -> None:
    recipe = LoraRecipe(learning_rate=4e-3, epochs=2, batch_size=20, patience=0, replay=0.25)
    general = rows(40, 7)

    def killed(epoch: Epoch) -> None:
        raise Killed

    more: dict[str, Any] = {"general": general, "evaluate": lambda weights: 0.0}
    straight = tune(model, tmp_path / "whole", recipe, **more)
    with pytest.raises(Killed):
        tune(model, tmp_path / "killed", recipe, on_epoch=killed, **more)
    assert alike(tune(model, tmp_path / "killed", recipe, **more), straight)
    with pytest.raises(TuningError, match="a tune of other data"):
        tune(model, tmp_path / "whole", recipe, **more | {"general": general[1:]})


@pytest.mark.parametrize(("here", "now"), [(128, 128), (9000, 512)])
def test_a_tune_goes_on_with_no_more_at_once_than_this_machine_holds(
    here: int, now: int, model: Hf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(epoch: Epoch) -> None:
        raise Killed

    recipe = LoraRecipe(epochs=2, batch_size=8, patience=0)
    monkeypatch.setattr(sft, "tokens_at_once", lambda *_: 512)
    with pytest.raises(Killed):
        tune(model, tmp_path, recipe, rows=rows(16, 1), evaluate=lambda weights: 0.0, on_epoch=stop)
    monkeypatch.setattr(sft, "tokens_at_once", lambda *_: here)
    tune(model, tmp_path, recipe, rows=rows(16, 1), evaluate=lambda weights: 0.0)
    done = read_progress(tmp_path)
    assert done is not None
    assert done.tokens == now


def test_two_turns_of_one_instant_end_in_one_sentence_or_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is in the other's folder by the time that the other is to be moved into it."""
    tune = tmp_path / "tune"
    tune.mkdir()
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        if Path(target).parent.exists():
            rename(Path(target).parent, Path(source) / Path(target).parent.name)  # the other one was quicker
        rename(source, target)

    other = tune / TURN.format("other")
    other.mkdir()
    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(StudyError, match="another process goes on with this tune"), turn(tune, True) as own, writing(own):
        (own / "file").write_text("a")
    monkeypatch.undo()
    with turn(tune, True) as own:
        assert own.is_dir()
