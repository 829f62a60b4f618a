"""tries and seeds: other learning rates chosen on dev, and the spread over seeds with the median kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import OptionError, TuningError
from crossover.strategies._tries import factors
from crossover.strategies.open import open_strategy
from crossover.study.seeds import spread
from crossover.testing.strategies import toy_examples
from crossover.tuning.local import LocalTrainer
from crossover.types import Candidate, Estimate, Provenance, Recipe, Run, Weights
from tests.strategies.toys import Watched, bench, start

BEGIN = replace(start(), provenance=Provenance(strategy="lora"))


class Planned(Watched):
    """A bench whose tunes cost nothing: each recipe (rate, seed) has a dev score, or none where its loss goes off."""

    plan: dict[tuple[float, int], float | None]

    def tune(self, candidate: Candidate, recipe: Recipe, examples: Any = None) -> Candidate:
        self.recipes.append(recipe)
        if self.plan[recipe.learning_rate, recipe.seed] is None:
            raise TuningError(f"the loss is no longer a number with a learning rate of {recipe.learning_rate:g}")
        return replace(candidate, weights=Weights("adapter", f"{recipe.learning_rate:g}/{recipe.seed}"))

    def score(self, candidate: Candidate) -> Run:
        assert candidate.weights is not None
        rate, _, seed = candidate.weights.sha256.partition("/")
        value = self.plan[float(rate), int(seed)]
        assert value is not None
        return Run(candidate.id, "dev", "accuracy", (), Estimate(10, value, 0, 1))


def adapt(folder: Path, plan: dict[tuple[float, int], float | None], **options: Any) -> tuple[Candidate, list[Recipe]]:
    rows = toy_examples()
    with bench(folder, rows[::2], rows[1::2]) as plain:
        at = Planned(**vars(plain))
        at.plan = plan
        made = open_strategy("lora", {"learning_rate": 0.001, **options}).adapt(BEGIN, at)
    return made, at.recipes


def kept(made: Candidate) -> str:
    assert made.weights is not None
    return made.weights.sha256


def test_the_grid_is_logarithmic_around_the_default() -> None:
    assert factors(5) == pytest.approx([1, 3, 1 / 3, 9, 1 / 9])
    assert factors(1) == [1]


def test_the_best_rate_on_dev_is_kept_and_all_are_said(tmp_path: Path) -> None:
    plan = {(0.001, 0): 0.5, (0.003, 0): 0.7, (0.00033, 0): 0.6, (0.009, 0): None}
    made, recipes = adapt(tmp_path, plan, tries=4)
    assert kept(made) == "0.003/0"
    assert [recipe.learning_rate for recipe in recipes] == [0.001, 0.003, 0.00033, 0.009]
    assert len({replace(recipe, learning_rate=1) for recipe in recipes}) == 1
    said = "learning rate 0.003, best on dev of 0.001 (50.0), 0.003 (70.0), 0.00033 (60.0), 0.009 (failed)"
    assert made.provenance.note == said


def test_of_equally_good_rates_the_default_is_kept(tmp_path: Path) -> None:
    made, _ = adapt(tmp_path, {(0.001, 0): 0.7, (0.003, 0): 0.7, (0.00033, 0): 0.7}, tries=3)
    assert kept(made) == "0.001/0"


def test_of_several_seeds_the_median_is_kept_not_the_best(tmp_path: Path) -> None:
    plan = {(0.001, seed): value for seed, value in enumerate([0.5, 0.9, 0.7, 0.6])}
    (tmp_path / "four").mkdir()
    made, recipes = adapt(tmp_path / "four", dict(plan), seeds=4)
    assert kept(made) == "0.001/3"  # the lower of the two in the middle
    assert [recipe.seed for recipe in recipes] == [0, 1, 2, 3]
    assert made.provenance.note == "4 seeds: 50.0 to 90.0 on dev; kept is the median, 60.0 with seed 3"
    (tmp_path / "lost").mkdir()
    made, _ = adapt(tmp_path / "lost", plan | {(0.001, 0): None}, seeds=4)
    assert kept(made) == "0.001/2"
    assert made.provenance.note == "4 seeds: 60.0 to 90.0 on dev, 1 failed; kept is the median, 70.0 with seed 2"


def test_the_best_rate_is_then_drawn_again_with_other_seeds(tmp_path: Path) -> None:
    plan = {(0.001, 0): 0.5, (0.003, 0): 0.7, (0.003, 1): 0.4, (0.003, 2): 0.6}
    made, _ = adapt(tmp_path, plan, tries=2, seeds=3)
    assert kept(made) == "0.003/2"
    assert made.provenance.note.count(";") == 2


def test_where_every_trial_goes_wrong_the_rung_fails_with_the_first_reason(tmp_path: Path) -> None:
    with pytest.raises(TuningError, match=r"learning rate of 0\.001"):
        adapt(tmp_path, {(0.001, 0): None, (0.003, 0): None}, tries=2)


@pytest.mark.parametrize("name", ["lora", "full"])
@pytest.mark.parametrize("option", ["tries", "seeds"])
def test_less_than_one_is_told(name: str, option: str) -> None:
    with pytest.raises(OptionError, match=f"strategy '{name}', option '{option}': received 0, valid is 1 or more"):
        open_strategy(name, {option: 0})


def test_real_trials_are_journaled_with_their_recipes_and_cost_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = toy_examples()
    options = {"epochs": 1, "tries": 2, "seeds": 2, "rank": 2, "targets": "attention"}
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        made = open_strategy("lora", options).adapt(BEGIN, at)
        tried = at.journal.tries("lora")
        rates = {row["recipe"]["learning_rate"] for row in tried}
        assert len(rates) == 2
        assert len(tried) == 3  # the seed of the first trial counts for both
        assert made.id in {row["id"] for row in tried}
        found = spread(tried, made.id)
        assert found is not None
        assert (found["n"], set(found["dev"])) == (2, {"0", "1"})
        assert found["low"] == min(found["dev"].values()) == found["dev"][str(found["kept"])]
        monkeypatch.setattr(LocalTrainer, "tune", None)  # nothing is tuned again
        assert open_strategy("lora", options).adapt(BEGIN, at) == made
        assert at.journal.tries("lora") == tried


def test_one_seed_has_no_spread() -> None:
    row = {"id": "a", "recipe": {"seed": 0, "rank": 4}, "dev": {"value": 0.5}}
    assert spread([row], "a") is None
    assert spread([{"id": "a", "recipe": None, "dev": {"value": 0.5}}], "a") is None
    other = {"id": "b", "recipe": {"seed": 1, "rank": 8}, "dev": {"value": 0.5}}
    assert spread([row, other], "a") is None  # another recipe is not another seed
