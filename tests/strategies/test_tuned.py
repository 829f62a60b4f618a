"""lora and full: weights tuned on the training rows, the best epoch on dev kept, every epoch told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.taken import taken
from crossover.errors import OptionError, TuningError
from crossover.models.fake import Fake
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate, Prompt, Recipe
from tests.models.tiny import build
from tests.strategies.toys import KINDS, bench, kinds, start

LEARNS: dict[str, dict[str, Any]] = {"lora": {"epochs": 4, "learning_rate": 4e-3}, "full": {"epochs": 3}}
SCALES = {("lora", "classify"): 0.5, ("full", "classify"): 0.1, ("lora", "generate"): 0.5, ("full", "generate"): 0.05}


@pytest.mark.parametrize("name", ["lora", "full"])
def test_it_keeps_the_contract(name: str) -> None:
    made = check_strategy(open_strategy(name, {"epochs": 1}))
    assert made.weights is not None
    assert made.weights.kind == ("adapter" if name == "lora" else "full")


@pytest.mark.parametrize("name", ["lora", "full"])
def test_it_learns_tells_every_epoch_and_keeps_the_best(name: str, tmp_path: Path) -> None:
    train, dev = kinds()
    begin = replace(start(KINDS, label_bias=(0.5, 0.0, -0.5)), prompt=Prompt("Name the kind.", "{input}\nKind:"))
    with bench(tmp_path, train, dev, labels=dict.fromkeys(KINDS, "")) as at:
        before = at.score(replace(begin, decoding=replace(begin.decoding, label_bias=()))).estimate.value
        made = open_strategy(name, LEARNS[name]).adapt(begin, at)
        after = at.score(made).estimate.value
        assert made.weights is not None
        trace = at.trace(made.weights)
    assert after > before
    assert [epoch.epoch for epoch in trace] == list(range(1, len(trace) + 1))
    assert 1 <= len(trace) <= LEARNS[name]["epochs"]
    assert max(epoch.dev_metric for epoch in trace) == after
    assert trace[-1].train_loss < trace[0].train_loss
    assert all(epoch.observation and epoch.seconds > 0 for epoch in trace)
    # calibration belonged to the weights before; the prompt that was tuned with is the prompt that is used
    assert made.decoding.label_bias == ()
    assert made.decoding.labels == KINDS
    assert made.prompt == begin.prompt


@pytest.mark.parametrize(("name", "kind"), SCALES)
def test_the_learning_rate_follows_the_models_width_unless_it_is_given(name: str, kind: str, tmp_path: Path) -> None:
    rows, labels = toy_examples(), ("warm", "cold") if kind == "classify" else ()
    with bench(tmp_path, rows[::2], rows[1::2], kind=kind, labels=dict.fromkeys(labels, "")) as at:
        open_strategy(name, {"epochs": 1}).adapt(start(labels), at)
        open_strategy(name, {"epochs": 1, "learning_rate": 1e-5}).adapt(start(labels), at)
        assert at.recipes[1].learning_rate == 1e-5
        assert at.recipes[0].learning_rate == float(f"{SCALES[name, kind] / at.model.width:.2g}")
    with pytest.raises(
        OptionError, match=f"strategy '{name}', option 'learning_rate': received 0.0, valid is a number above"
    ):
        open_strategy(name, {"learning_rate": 0})


@pytest.mark.parametrize("name", ["lora", "full"])
@pytest.mark.parametrize(
    ("rows", "kind", "epochs", "patience"),
    [
        (10, "classify", 20, 7),
        (200, "classify", 16, 5),
        (800, "classify", 4, 2),
        (800, "generate", 8, 3),
        (4000, "classify", 3, 2),
    ],
)
def test_fewer_rows_are_met_more_often_and_written_answers_too(
    name: str, rows: int, kind: str, epochs: int, patience: int, tmp_path: Path
) -> None:
    few = toy_examples()
    many = [replace(few[0], id=f"r{i}") for i in range(rows)]
    # the recipe is enough: nothing has to be learnt here
    changes = {} if kind == "classify" else {"kind": kind, "labels": {}, "metric": "exact_match"}
    strategy = open_strategy(name, {})
    object.__setattr__(strategy, "learning_rate", 0.0)  # past its check: the tune ends before it begins
    with bench(tmp_path, many, few[:2], **changes) as at, pytest.raises(TuningError):
        strategy.adapt(start(), at)
    assert (at.recipes[0].epochs, at.recipes[0].patience) == (epochs, patience)


def test_the_options_reach_the_recipe(tmp_path: Path) -> None:
    rows = toy_examples()
    given = {"rank": 2, "alpha": 3, "dropout": 0.1, "epochs": 1, "batch_size": 5, "patience": 1}
    with bench(tmp_path, rows[::2], rows[1::2], seed=9) as at:
        open_strategy("lora", given).adapt(start(), at)
        open_strategy("full", {"epochs": 1, "batch_size": 3, "weight_decay": 0.2}).adapt(start(), at)
    lora, full = at.recipes
    assert {name: getattr(lora, name) for name in given} == given
    assert (lora.method, lora.seed) == ("lora", 9)
    assert (full.method, full.batch_size, full.weight_decay, full.seed) == ("full", 3, 0.2, 9)


@pytest.mark.parametrize("name", ["lora", "full"])
def test_a_model_that_cannot_be_tuned_is_one_sentence(name: str, tmp_path: Path) -> None:
    rows = toy_examples()
    with (
        bench(tmp_path, rows[::2], rows[1::2], model="fake") as at,
        pytest.raises(OptionError, match="'fake' cannot be tuned in this process"),
    ):
        open_strategy(name).adapt(replace(start(), model="fake"), at)


def test_a_tune_is_done_once(tmp_path: Path) -> None:
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        first = open_strategy("lora", {"epochs": 1}).adapt(start(), at)
        assert first.weights is not None
        written = {path: path.stat().st_mtime_ns for path in Path(first.weights.path).iterdir()}
        assert open_strategy("lora", {"epochs": 1}).adapt(start(), at) == first
        assert written == {path: path.stat().st_mtime_ns for path in Path(first.weights.path).iterdir()}
        assert len(at.trace(first.weights)) == 1


def test_weights_that_began_from_others_took_the_time_of_both(tmp_path: Path) -> None:
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        with at.evaluator.caller.making("first"):
            first = open_strategy("lora", {"epochs": 1}).adapt(start(), at)
        with at.evaluator.caller.making("both"):
            again = open_strategy("lora", {"epochs": 1}).adapt(start(), at)  # done already, and paid by both
            second = open_strategy("lora", {"epochs": 2}).adapt(again, at)
        assert first.weights is not None
        assert second.weights is not None
        own = [sum(epoch.seconds for epoch in at.trace(w)) for w in (first.weights, second.weights)]
        assert min(own) > 0
        assert taken(at.journal, "first").tuning_seconds == pytest.approx(own[0])
        assert taken(at.journal, "both").tuning_seconds == pytest.approx(sum(own))


@pytest.mark.parametrize("name", ["lora", "full"])
def test_replay_reaches_the_recipe_and_a_share_that_is_none_is_refused(name: str) -> None:
    class _Task:
        kind = "classify"

    class Noting:
        train, seed, task, model = toy_examples(), 0, _Task(), None

        def model_of(self, spec: str) -> None: ...

        def tune(self, candidate: Candidate, recipe: Recipe) -> Recipe:
            return recipe

    made: Any = open_strategy(name, {"replay": 0.25}).adapt(start(), Noting())  # type: ignore[arg-type]
    assert made.replay == 0.25
    for wrong in (-0.1, 0.95, 1.0):
        with pytest.raises(OptionError, match=f"strategy '{name}', option 'replay'.*valid is a share from 0 to 0.9"):
            open_strategy(name, {"replay": wrong})


def test_it_is_the_candidates_own_model_that_is_tuned(tmp_path: Path) -> None:
    own = str(build(tmp_path / "own"))
    train, dev = kinds()
    begin = replace(start(KINDS), model=own)
    with bench(tmp_path, train, dev, labels=dict.fromkeys(KINDS, ""), model="fake") as at:
        made = open_strategy("lora", {"epochs": 1}).adapt(begin, at)
        assert made.model == own
        assert at.score(made).failures == 0
        assert at.recipes[0].learning_rate == pytest.approx(0.5 / 32, rel=0.05)  # by its width
        with pytest.raises(OptionError, match="the model 'fake' cannot be tuned"):
            at.tune(replace(begin, model="fake"), at.recipes[0])


def test_data_that_must_stay_meet_no_model_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fake, "local", False)
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2], limits={"data_stays_here": True}) as at:
        for asked in (at.score, lambda candidate: at.rehearse(candidate, rows[::2])):
            with pytest.raises(OptionError, match="data_stays_here is true, and the model 'fake' runs elsewhere"):
                asked(replace(start(), model="fake"))


def test_another_way_of_answering_is_another_tune(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train[:12], dev[:6], labels=dict.fromkeys(KINDS, ""), model=str(build(tmp_path / "own"))) as at:
        begin = replace(start(KINDS), model=at.task.model)
        plain, again, spoken = (
            open_strategy("lora", {"epochs": 1}).adapt(replace(begin, decoding=decoding), at)
            for decoding in (begin.decoding, begin.decoding, replace(begin.decoding, verbalizer=KINDS[::-1]))
        )
    assert plain.weights == again.weights != spoken.weights
