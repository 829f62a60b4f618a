"""A default ladder does less where the machine is slow with the model, by journaled facts, and says what and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.journal import Journal
from crossover.errors import ModelError
from crossover.models.fake import Fake
from crossover.strategies.base import Bench
from crossover.strategies.instruction import Instruction
from crossover.study import outlook
from crossover.study.history import AGAIN
from crossover.study.listener import Stage
from crossover.study.read import read_results
from crossover.study.run import run_study
from crossover.types import Candidate, Reply, Request, Usage
from tests.models.tiny import build
from tests.study.tasks import NOTES, write_task
from tests.study.test_conductor import Ear, decide
from tests.study.test_models import calls

DEFAULT = ["zero_shot", "instruction", "few_shot", "lora", "full", "instruction+lora", "lora+few_shot"]
QUICK = {"prompt": 1e-6, "answer": 1e-6, "lora": 1e-6, "full": 1e-6}


class Stop(Exception):
    """Raised by an ear that has heard enough."""


class Early(Ear):
    """Stops the study when the first rung begins."""

    def stage(self, stage: Stage) -> None:
        raise Stop


def task_with(folder: Path, pace: Mapping[str, float], strategies: list[Any] | None = None, **more: Any) -> Path:
    """A task on a tiny model, and the beginning of its study in `run`, in which the machine's pace is known."""
    build(folder / "model")
    task = write_task(folder, strategies or [], model="model", **more)
    (folder / "run").mkdir()
    journal = Journal(folder / "run" / "study.db")
    for what, seconds in pace.items():
        name = f"{what}s" if what in ("prompt", "answer") else f"tuning by {what}"
        journal.set_fact(f"pace of model, {name}", seconds)
    journal.close()
    return task


def said(task: Path) -> str:
    ear = Early()
    with pytest.raises(Stop):
        run_study(task, task.parent / "run", ear)
    return "\n".join(ear.said)


def test_on_a_quick_machine_nothing_is_left_out(tmp_path: Path) -> None:
    found = said(task_with(tmp_path, QUICK))
    assert "the default ladder would take" not in found
    assert "on this machine from here to the verdict" in found


def test_tuning_that_takes_hours_is_shortened_and_said_with_what_brings_it_back(tmp_path: Path) -> None:
    found = said(task_with(tmp_path, QUICK | {"lora": 0.2, "full": 1.0}))
    assert "full is left out: about " in found
    assert "lora takes at most " in found
    assert "lora+few_shot is left out" not in found, "it shares the tune of lora"
    assert "write `strategies: [majority, nearest_neighbour," in found
    assert "instruction+lora, lora+few_shot]` into the task file, or `limits: {minutes: " in found


def test_slow_prompts_are_screened_on_training_rows_where_dev_has_many(tmp_path: Path) -> None:
    few = said(task_with(tmp_path / "few", QUICK | {"prompt": 0.05}))
    assert "try their prompts on 16 training rows first" not in few, "dev has fewer: it would save nothing"
    task = task_with(tmp_path / "many", QUICK | {"prompt": 0.01})
    with (task.parent / "notes.csv").open("a") as file:
        file.writelines(
            f"{note.strip()} on day {day},{topic}\n"
            for day in range(8)
            for topic, notes in NOTES.items()
            for note in notes.strip().splitlines()
        )
    assert "try their prompts on 16 training rows first, and the better half on twice as many" in said(task)


def test_a_limit_of_minutes_is_what_the_ladder_is_fitted_to(tmp_path: Path) -> None:
    pace = QUICK | {"full": 0.01}
    assert "full is left out" not in said(task_with(tmp_path / "free", pace))
    assert "full is left out" in said(task_with(tmp_path / "tight", pace, limits={"minutes": 1}))


def test_a_ladder_that_cannot_be_fitted_does_not_promise_it(tmp_path: Path) -> None:
    found = said(task_with(tmp_path / "slow", QUICK | {"lora": 9.0, "full": 9.0}))
    assert "it does less, and as little as it can, which is more than the 35 minutes that it may take" in found
    assert "to come to" not in found
    found = said(task_with(tmp_path / "quick", QUICK | {"full": 9.0}))
    assert "it does less, to come to 35 minutes" in found


def test_what_the_user_wrote_stands(tmp_path: Path) -> None:
    found = said(task_with(tmp_path, QUICK | {"full": 9.0}, ["zero_shot", "full"]))
    assert "left out" not in found
    assert "hours on this machine from here to the verdict" in found


def test_a_fitted_ladder_stays_as_it_was_and_costs_nothing_twice(tmp_path: Path) -> None:
    task = task_with(tmp_path, QUICK | {"lora": 5.0, "full": 5.0})
    first = Ear()
    names = [c["name"] for c in decide(task, tmp_path / "run", first)["candidates"]]
    assert [name for name in DEFAULT if name not in names] == ["full", "instruction+lora"]
    kept = "\n".join(read_results(tmp_path / "run").assumptions)
    assert "full is left out" in kept
    assert "from here to the verdict" not in kept, "it is over by then"
    paid, again = calls(tmp_path / "run"), Ear()
    decide(task, tmp_path / "run", again)
    assert calls(tmp_path / "run") == paid
    assert AGAIN not in first.said
    place = again.said.index(AGAIN)
    assert again.said[place - 1].endswith("on this machine from here to the verdict")
    assert [*again.said[:place], *again.said[place + 1 :]] == first.said


def test_the_pace_is_measured_where_it_is_not_known(tmp_path: Path) -> None:
    build(tmp_path / "model")
    task = write_task(tmp_path, ["zero_shot", {"lora": {"epochs": 1}}], model="model")
    (tmp_path / "run").mkdir()
    assert "measuring the speed of model: tuning by lora" in said(task)
    journal = Journal(tmp_path / "run" / "study.db")
    measured = [journal.fact(f"pace of model, {what}") for what in ("prompts", "tuning by lora")]
    journal.close()
    assert all(seconds > 0 for seconds in measured)
    assert "measuring the speed" not in said(task), "once in a study"


def test_a_rung_that_looks_into_replies_is_unforeseen_and_climbed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def adapt(self: Instruction, start: Candidate, bench: Bench) -> Candidate:
        first = bench.score(start).records[0].reply
        assert first.label_scores is not None
        first.label_scores[0]  # there are none in a forecast
        return start

    monkeypatch.setattr(Instruction, "adapt", adapt)
    ear = Ear()
    decision = decide(task_with(tmp_path, QUICK, ["zero_shot", "instruction"]), tmp_path / "run", ear)
    assert any("beside what cannot be foreseen: instruction" in sentence for sentence in ear.said)
    assert all(c["status"] != "failed" for c in decision["candidates"])


def test_a_model_that_fails_ends_the_study_also_in_the_forecast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def adapt(self: Instruction, start: Candidate, bench: Bench) -> Candidate:
        raise ModelError("the model is gone")

    monkeypatch.setattr(Instruction, "adapt", adapt)
    with pytest.raises(ModelError, match="the model is gone"):
        run_study(task_with(tmp_path, QUICK, ["zero_shot", "instruction"]), tmp_path / "run", Early())


def test_tuning_whose_speed_cannot_be_measured_is_unforeseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*args: object) -> float:
        raise ValueError("a mistake in a library")

    monkeypatch.setattr(outlook, "measure_tuning", measure)
    found = said(task_with(tmp_path, {"prompt": 1e-6, "answer": 1e-6}, ["zero_shot", {"lora": {"epochs": 1}}]))
    assert "beside what cannot be foreseen: tuning by lora" in found


def test_what_a_judge_is_asked_is_foreseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its calls cost a second a token here, beside which everything else takes nothing."""

    def slow(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        tokens = [self.count_tokens(request.messages) for request in requests]
        return [Reply("right", usage=Usage(n, 1, float(n))) for n in tokens]

    monkeypatch.setattr(Fake, "complete", slow)
    judge = {"judge": {"model": "fake:echo", "rubric": "Is it the topic? " * 20}}
    ear = Early()
    task = task_with(tmp_path, QUICK, ["majority", "zero_shot", {"lora": {"epochs": 2}}], metric=judge)
    with pytest.raises(Stop):
        run_study(task, tmp_path / "run", ear)
    thought = {stage.name: stage.seconds or 0.0 for stage in ear.plans[-1]}
    one = thought["majority"] / 12  # dev rows, each graded once
    assert one > 80  # tokens of the rubric alone
    assert thought["zero_shot"] == pytest.approx(12 * one, rel=0.01)
    # an epoch before the last, the last, and what the prompt does with and without the weights on training rows
    assert thought["lora"] == pytest.approx((12 + 12 + 2 * 36) * one, rel=0.01)
    assert thought["the finalists"] == pytest.approx(3 * 12 * one, rel=0.01)
    assert any("hours on this machine" in sentence or "minutes on this machine" in sentence for sentence in ear.said)
