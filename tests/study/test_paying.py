"""What a study pays for that is not its own model: a judge, a teacher. Nobody's calls count as nothing without a word."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from crossover.data.task import load_task
from crossover.errors import BudgetExceeded, OptionError, TaskError
from crossover.models.fake import Fake
from crossover.study.run import paid, preview_study, run_study
from tests.models.service import Service, serving
from tests.study.tasks import write_task

TUNE = {"epochs": 1, "rank": 2}


def away(service: Service, name: str = "other") -> str:
    """A model that is not on this machine, as far as anybody can tell."""
    return f"openai:{name}?url={service.url.replace('127.0.0.1', '127.0.0.2')}"


def asking(spec: str, how: str) -> dict[str, Any]:
    """The keys of a task by which a further model is asked."""
    if how == "judge":
        return {"strategies": ["zero_shot"], "kind": "generate", "metric": {"judge": {"model": spec}}}
    teaching = {"teacher": spec, **TUNE}
    return {"strategies": [{"distill": teaching} if how == "teacher" else {"few_shot+distill": {"distill": teaching}}]}


@pytest.mark.parametrize("how", ["judge", "teacher", "teacher after another step"])
def test_a_limit_of_money_is_refused_where_anybody_who_is_asked_has_no_price(tmp_path: Path, how: str) -> None:
    with serving(Service()) as service:
        spec = away(service)
        for models in ({"model": "pocket"}, {"model": None, "models": {"a": {"spec": "pocket"}, "b": "fake"}}):
            keys = asking(spec, how)
            task = write_task(tmp_path, keys.pop("strategies"), **models, **keys, limits={"money": 1})
            with pytest.raises(OptionError, match="costs is not known: name it under models, with its prices"):
                run_study(task, tmp_path / "out")
            assert not (tmp_path / "out").exists()
            assert paid(task) == [spec]
        assert service.number == 0


def test_a_model_elsewhere_that_is_asked_one_by_one_is_paid_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tokens were in the plan, and had counted as nothing when they were spent."""
    monkeypatch.setattr(Fake, "local", False)
    prices = {"input": [100, 900], "output": 800}
    task = write_task(tmp_path, ["zero_shot"], model="fake", prices=prices)
    spent = json.loads(run_study(task, tmp_path / "run").decision.read_text())["spent"]
    assert spent["money"] == pytest.approx((900 * spent["tokens_in"] + 800 * spent["tokens_out"]) / 1e6)
    limit = 0.6 * spent["money"]
    short = write_task(tmp_path, ["zero_shot"], model="fake", prices=prices, limits={"money": limit})
    with contextlib.suppress(BudgetExceeded):
        run_study(short, tmp_path / "short")
    some = json.loads((tmp_path / "short" / "decision.json").read_text())["spent"]
    assert 0 < some["money"] <= limit
    with pytest.raises(OptionError, match=r"what 'fake' costs is not known: give prices\.input and prices\.output"):
        run_study(write_task(tmp_path, ["zero_shot"], model="fake", limits={"money": 1}), tmp_path / "none")


def test_who_has_no_price_of_its_own_is_said(tmp_path: Path) -> None:
    with serving(Service()) as service:
        keys = asking(away(service), "teacher")
        for prices, said in (({}, "is only what its replies report"), ({"input": 1, "output": 2}, "at the task's prices")):
            told = preview_study(write_task(tmp_path, keys["strategies"], model="pocket", prices=prices))
            assert told.models == (away(service),)
            notes: list[str] = []
            preview_study(tmp_path / "task.yaml", listener=Noting(notes))
            assert any(said in note for note in notes)


def test_a_plan_reckons_each_call_at_the_prices_of_who_is_asked(tmp_path: Path) -> None:
    """Of a teacher, of both models, of a prompt that is found on one for the other, and of the finalists."""
    with serving(Service(answer=lambda body: "garden")) as service:
        models = {
            "small": "pocket",
            "cheap": {"spec": away(service, "cheap"), "prices": {"input": 1, "output": 2}},
            "dear": {"spec": away(service, "dear"), "prices": {"input": 1000, "output": 2000}},
        }
        shots = {"shots": [2], "selection": ["random"]}
        rungs = [
            {"zero_shot": {"runs_on": "cheap"}},
            {"zero_shot": {"runs_on": "dear"}},
            {"few_shot": {**shots, "found_on": "dear", "runs_on": "cheap"}},
            {"distill": {"teacher": "dear", "runs_on": "small", **TUNE}},
        ]
        limits = {"machine_cost_per_hour": 0}
        ahead = preview_study(write_task(tmp_path, rungs, model=None, models=models, limits=limits))
        money = {part.name: part.money or 0.0 for part in ahead.parts}
        asked = {part.name: part.calls for part in ahead.parts}
        dear = money["zero_shot (dear)"]
        assert dear == pytest.approx(1000 * money["zero_shot (cheap)"])
        assert asked["distill (small)"] > 36
        assert money["distill (small)"] > dear
        assert money["few_shot (cheap, prompt of dear)"] > dear
        assert money["the finalists"] > 0.4 * dear
        unpriced = {**models, "dear": away(service, "dear")}
        ahead = preview_study(write_task(tmp_path, rungs, model=None, models=unpriced, limits=limits))
        unknown = {part.name for part in ahead.parts if part.money is None}
        assert {"zero_shot (dear)", "distill (small)"} <= unknown
        assert "zero_shot (cheap)" not in unknown


class Noting:
    """Keeps what is said for the reader."""

    def __init__(self, notes: list[str]) -> None:
        self.note = self.say = notes.append

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: None


def test_data_that_stays_has_no_provider_of_any_model(tmp_path: Path) -> None:
    models = {"a": {"spec": "pocket", "prices": {"input": 1, "output": 2}}, "b": "fake"}
    task = write_task(tmp_path, ["zero_shot"], model=None, models=models, limits={"data_stays_here": True})
    with pytest.raises(TaskError, match=r"data_stays_here is true, and prices\.input is what a provider elsewhere asks"):
        load_task(task)


def test_a_judge_may_be_one_of_the_models_by_name_which_makes_it_doubtful(tmp_path: Path) -> None:
    judge = {"judge": {"model": "small", "grades": ["wrong", "right"]}}
    models = {"large": "pocket", "small": "fake"}
    task = write_task(tmp_path, ["zero_shot"], model=None, models=models, kind="generate", metric=judge)
    body = json.loads(run_study(task, tmp_path / "run").decision.read_text())
    assert body["judge"]["model"] == "fake"
    assert "The judge is one of the models that it judges (fake): it may like its own mistakes." in body["judge"]["doubts"]
