from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import PeftModel

from crossover.errors import ModelError, TuningError
from crossover.models.hf import Hf
from crossover.models.hf.folder import POCKET, sha256
from crossover.tuning.checkpoint import read_trace
from crossover.tuning.sft import schedule
from crossover.tuning.steps import Steps
from crossover.types import Decoding, Epoch, FullRecipe, LoraRecipe, Message, Request, Weights
from tests.device import DEVICE
from tests.models.asking import choices, plain_scores
from tests.models.tiny import build
from tests.tuning.small import DEV, LABELS, RECIPE_OF, TRAIN, accuracy, alike, tune

LORA = LoraRecipe(learning_rate=3e-3, epochs=6, batch_size=8, patience=0)
FULL = FullRecipe(learning_rate=1e-3, epochs=3, batch_size=8, patience=0)


@pytest.fixture(scope="module")
def tuned(pocket: Hf, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Weights]:
    folder = tmp_path_factory.mktemp("tunes")
    return {r.method: tune(pocket, folder / r.method, r) for r in (LORA, FULL)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Hf:
    """For what hangs on no skill."""
    return Hf(str(build(tmp_path_factory.mktemp("small"))), device=DEVICE)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_tuning_learns_the_task(method: str, pocket: Hf, tuned: dict[str, Weights]) -> None:
    trace = read_trace(Path(tuned[method].path).parent)
    assert accuracy(pocket, tuned[method]) >= max(0.8, accuracy(pocket, None) + 0.2)
    assert accuracy(pocket, tuned[method]) == max(e.dev_metric for e in trace)
    assert [e.epoch for e in trace] == list(range(1, len(trace) + 1))
    assert trace[-1].train_loss < trace[0].train_loss
    assert all(e.seconds > 0 and e.observation for e in trace)


def test_only_the_best_weights_and_the_trace_are_kept(tuned: dict[str, Weights]) -> None:
    for weights in tuned.values():
        folder = Path(weights.path).parent
        assert {p.name for p in folder.iterdir()} == {"trace.json", Path(weights.path).name}


def test_an_adapter_loads_in_plain_peft(pocket: Hf, tuned: dict[str, Weights]) -> None:
    path = Path(tuned["lora"].path)
    config = json.loads((path / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "pocket"
    assert not any("lm_head" in name or "embed" in name for name in config["target_modules"])
    assert sha256(path / "adapter_model.safetensors") == tuned["lora"].sha256
    base = transformers.AutoModelForCausalLM.from_pretrained(POCKET, dtype=torch.float32).to(DEVICE)
    same_answers(pocket, PeftModel.from_pretrained(base, path), tuned["lora"])


def test_a_full_model_loads_in_plain_transformers_and_is_a_model_of_its_own(pocket: Hf, tuned: dict[str, Weights]) -> None:
    path = Path(tuned["full"].path)
    assert sha256(path / "model.safetensors") == tuned["full"].sha256
    same_answers(
        pocket, transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).to(DEVICE), tuned["full"]
    )
    alone = Hf(str(path), device=DEVICE)
    assert accuracy(alone, None) == accuracy(pocket, tuned["full"])
    assert alone.encode(*DEV[0]) == pocket.encode(*DEV[0])


@torch.inference_mode()
def same_answers(model: Hf, plain: Any, weights: Weights) -> None:
    ours: Any = model.module(weights).eval()
    ids = torch.tensor([model.encode(*DEV[0])[0]], device=DEVICE)
    assert torch.allclose(plain.eval()(ids).logits, ours(ids).logits, atol=1e-4)
    assert not torch.allclose(ours(ids).logits, model.module()(ids).logits, atol=1e-2)  # type: ignore[operator]


def test_base_adapter_and_full_model_answer_side_by_side(pocket: Hf, tuned: dict[str, Weights]) -> None:
    wanted = [request for w in (None, tuned["lora"], tuned["full"]) for request in choices(w)]
    mixed = wanted[::5] + wanted[1::5] + wanted[2::5] + wanted[3::5] + wanted[4::5]
    for request, reply in zip(mixed, pocket.complete(mixed), strict=True):
        assert reply.label_scores == pytest.approx(plain_scores(pocket, request), abs=1e-3)


def test_more_adapters_than_are_kept_loaded(small: Hf, tmp_path: Path) -> None:
    made = [tune(small, tmp_path / str(s), LoraRecipe(learning_rate=0.1, epochs=1, seed=s)) for s in range(6)]
    assert len({w.sha256 for w in made}) == 6
    for weights in [*made, made[0]]:
        (request, *_) = choices(weights)
        (reply,) = small.complete([request])
        assert reply.label_scores == pytest.approx(plain_scores(small, request), abs=1e-3)


def test_tuning_continues_from_an_adapter(pocket: Hf, tuned: dict[str, Weights], tmp_path: Path) -> None:
    seen: list[Epoch] = []
    recipe = LoraRecipe(learning_rate=1e-4, epochs=1, batch_size=8)
    weights = tune(pocket, tmp_path, recipe, start=tuned["lora"], on_epoch=seen.append)
    first = read_trace(Path(tuned["lora"].path).parent)[0]
    assert weights.kind == "adapter"
    assert seen[0].train_loss < first.train_loss / 2


def test_tuning_continues_from_a_full_model(pocket: Hf, tuned: dict[str, Weights], tmp_path: Path) -> None:
    first = read_trace(Path(tuned["full"].path).parent)[0]
    for method in ("full", "lora"):
        seen: list[Epoch] = []
        recipe = RECIPE_OF[method](learning_rate=1e-4, epochs=1, batch_size=8)  # type: ignore[arg-type]
        weights = tune(pocket, tmp_path / method, recipe, start=tuned["full"], on_epoch=seen.append)
        assert weights.kind == "full"  # an adapter on other weights than the base's is merged into them
        assert seen[0].train_loss < first.train_loss / 2
        assert accuracy(pocket, weights) >= 0.8


def test_a_full_tune_that_starts_from_an_adapter_merges_it(pocket: Hf, tuned: dict[str, Weights], tmp_path: Path) -> None:
    seen: list[Epoch] = []
    recipe = FullRecipe(learning_rate=1e-5, epochs=1, batch_size=8)
    weights = tune(pocket, tmp_path, recipe, start=tuned["lora"], on_epoch=seen.append)
    assert weights.kind == "full"
    assert seen[0].train_loss < read_trace(Path(tuned["lora"].path).parent)[0].train_loss / 2


def test_weights_are_bound_to_their_base_and_their_hash(
    pocket: Hf, tuned: dict[str, Weights], chatty: Path, tmp_path: Path
) -> None:
    pocket.check_weights(tuned["lora"])
    other = Hf(str(chatty), device=DEVICE)
    with pytest.raises(ModelError, match="were made for another model"):
        other.check_weights(tuned["lora"])
    with pytest.raises(ModelError, match="was changed"):
        pocket.check_weights(Weights("adapter", "0" * 64, tuned["lora"].path))
    with pytest.raises(ModelError, match=r"lack adapter_model\.safetensors"):
        pocket.check_weights(Weights("adapter", tuned["lora"].sha256, str(tmp_path)))
    good, bad = pocket.complete([choices()[0], choices(Weights("full", "1" * 64, str(tmp_path)))[0]])
    assert good.error is None
    assert "lack model.safetensors" in str(bad.error)


def test_a_rate_that_is_far_too_high_is_named(small: Hf, tmp_path: Path) -> None:
    with pytest.raises(TuningError, match=r"no longer a number in epoch 1, step \d of 8, with a learning rate of 1e\+30"):
        tune(small, tmp_path, FullRecipe(learning_rate=1e30, batch_size=8))


def test_patience_stops_early_and_the_best_epoch_is_kept(small: Hf, tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    losses: dict[int, float] = {}
    recipe = LoraRecipe(learning_rate=1e-3, epochs=5, batch_size=30, patience=1)
    weights = tune(
        small,
        tmp_path,
        recipe,
        evaluate=lambda w: next(scores),
        on_epoch=lambda e: losses.update({e.epoch: e.dev_loss}),
    )
    assert list(losses) == [1, 2, 3]
    assert Path(weights.path).name == "weights-2"


def test_a_tie_goes_to_the_lower_dev_loss(small: Hf, tmp_path: Path) -> None:
    recipe = LoraRecipe(learning_rate=1e-3, epochs=3, batch_size=30, patience=0)
    weights = tune(small, tmp_path, recipe, evaluate=lambda w: 0.5)
    trace = read_trace(tmp_path)
    best = min(trace, key=lambda e: e.dev_loss)
    assert Path(weights.path).name == f"weights-{best.epoch}"


def test_rows_that_are_too_long_are_left_out_and_counted(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path / "model", "gpt2", n_positions=60)), device=DEVICE)
    long = ((Message("user", "long " * 100),), "tool")
    tune(model, tmp_path / "tune", LoraRecipe(epochs=1), rows=[*TRAIN[:5], long])
    assert json.loads((tmp_path / "tune" / "trace.json").read_text())["dropped"] == {"train": 1, "dev": 0}
    with pytest.raises(TuningError, match=r"all 2 training rows exceed the context window of 60 tokens \(the longest"):
        tune(model, tmp_path / "none", LoraRecipe(epochs=1), rows=[long, long])


def test_no_rows_and_recipes_out_of_range_are_refused(small: Hf, tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="no training rows"):
        tune(small, tmp_path, LoraRecipe(), rows=[])
    with pytest.raises(TuningError, match="no dev rows"):
        tune(small, tmp_path, LoraRecipe(), dev=[])
    for recipe in (LoraRecipe(epochs=0), LoraRecipe(batch_size=0), LoraRecipe(rank=0), LoraRecipe(learning_rate=0.0)):
        with pytest.raises(TuningError, match="recipe: "):
            tune(small, tmp_path, recipe)


def test_a_data_set_smaller_than_a_batch_and_a_single_row_work(small: Hf, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    recipe = LoraRecipe(epochs=2, batch_size=16, patience=0)
    tune(
        small,
        tmp_path,
        recipe,
        rows=TRAIN[:1],
        dev=DEV[:1],
        evaluate=lambda weights: 0.0,
        on_step=lambda step, total, loss: steps.append((step, total)),
    )
    assert steps == [(1, 2), (2, 2)]


def test_a_folder_holds_one_tune_and_a_finished_one_returns_at_once(small: Hf, tmp_path: Path) -> None:
    recipe = LoraRecipe(epochs=1)
    first = tune(small, tmp_path, recipe)

    def never(*_: Any) -> float:
        raise AssertionError("a finished tune does nothing")

    assert tune(small, tmp_path, recipe, evaluate=never, on_step=never, on_epoch=never) == first
    with pytest.raises(TuningError, match="holds a tune of other data, model or recipe"):
        tune(small, tmp_path, LoraRecipe(epochs=2))
    (tmp_path / "trace.json").write_text("{")
    with pytest.raises(TuningError, match="is damaged"):
        tune(small, tmp_path, recipe)


def test_dropout_is_applied_and_seeded(small: Hf, tmp_path: Path) -> None:
    def once(name: str, dropout: float) -> Weights:
        recipe = LoraRecipe(epochs=1, dropout=dropout, batch_size=30)
        return tune(small, tmp_path / name, recipe, evaluate=lambda w: 0.0)

    first = once("a", 0.5)
    assert alike(once("b", 0.5), first)
    assert not alike(once("c", 0.0), first)


def test_the_rate_rises_then_falls() -> None:
    shares = [schedule(step, 20, 0.2) for step in range(20)]
    assert shares[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert shares[4] == 1.0
    assert all(a > b > 0 for a, b in itertools.pairwise(shares[4:]))
    assert schedule(0, 1, 0.0) == 1.0


def test_labels_of_the_task_are_written_too(pocket: Hf, tuned: dict[str, Weights]) -> None:
    replies = pocket.complete([Request(m, Decoding(max_tokens=8), tuned["lora"]) for m, _ in DEV])
    assert sum(reply.text in LABELS for reply in replies) >= len(DEV) - 1


@pytest.mark.parametrize(("look", "looks"), [(0.0, 4), (3600.0, 1)])
def test_how_often_a_card_is_looked_at(
    look: float, looks: int, small: Hf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cards(list[Any]):
        """No card, and yet the tune is told that there are some."""

        def __bool__(self) -> bool:
            return True

    found, losses = [], Steps.losses

    def counted(self: Steps) -> list[float]:
        found.append(losses(self))
        return found[-1]

    monkeypatch.setattr(Steps, "losses", counted)
    monkeypatch.setattr(Steps, "cards", Cards() if DEVICE == "cpu" else Steps.cards)
    recipe = LoraRecipe(epochs=1, batch_size=4)
    tune(small, tmp_path, recipe, rows=TRAIN[:16], dev=DEV[:2], evaluate=lambda weights: 0.0, look=look)
    assert len(found) == looks
    assert sum(map(len, found)) == 4
