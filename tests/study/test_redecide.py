"""A finished study is decided again on what was measured: the same gives the same, and nothing else is touched."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from crossover.api.study import open_study
from crossover.data.economics import PriceList
from crossover.errors import OptionError, StudyError, TaskError
from crossover.report.page import render
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from crossover.study.redecide import redecide
from crossover.study.run import run_study
from tests.study.tasks import write_task

LIMITS = {"machine_cost_per_hour": 0.5, "requests_per_month": 1000, "horizon_months": 12, "label_cost": 0.5}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    folder = tmp_path_factory.mktemp("redecide")
    strategies = ["zero_shot", {"few_shot": {"shots": [2]}}, {"lora": {"epochs": 2}}]
    return run_study(write_task(folder, strategies, target=0.6, limits=LIMITS), folder / "run")


def measured(folder: StudyFolder) -> dict[str, str]:
    """Every file that the run wrote, by its hash; not what is decided again, nor the lock."""
    files = [path for path in folder.path.rglob("*") if path.is_file() and path.name != ".lock"]
    return {
        path.relative_to(folder.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not path.name.startswith("redecided")
    }


def read(path: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body


def test_the_same_settings_decide_the_same_from_the_journal_alone(study: StudyFolder) -> None:
    before = measured(study)
    file = redecide(study, ["margin=0.01"])
    found, first = read(file), read(study.decision)
    assert found.pop("redecided")["changed"] == []
    assert found == first
    assert measured(study) == before
    assert redecide(study, ["margin=0.01"]) == file  # and is not kept twice


def test_who_pays_for_what_is_in_the_decision(study: StudyFolder) -> None:
    first = read(study.decision)
    cost = {c["name"]: c["cost"] for c in first["candidates"]}
    train, dev = first["splits"]["train"], first["splits"]["dev"]
    assert {name: one["labels"] for name, one in cost.items()} == {
        "majority": train, "zero_shot": 0, "few_shot": train + dev, "lora": train + dev,
    }  # fmt: skip
    assert cost["zero_shot"]["calls"] == 0 < cost["few_shot"]["calls"]
    assert cost["lora"]["parts"]["tuning"] > 0 == cost["few_shot"]["parts"]["tuning"]
    assert cost["few_shot"]["parts"]["labels"] == 0.5 * (train + dev)
    for one in cost.values():
        assert one["fixed"] == pytest.approx(sum(one["parts"].values()))
        assert one["horizon"] == pytest.approx(one["fixed"] + 12 * one["per_1k_requests"])
        for name, value in (("fixed", one["fixed"]), ("per_1k", one["per_1k_requests"]), ("horizon", one["horizon"])):
            low, high = one[f"{name}_interval"]
            assert low <= value <= high


def test_a_new_price_makes_a_new_decision_beside_the_first(study: StudyFolder) -> None:
    first, text = read(study.decision), study.decision.read_text()
    file = redecide(study, ["limits.label_cost=[2, 6]", "prices.currency=EUR", "target=0.99"])
    found = read(file)
    assert study.decision.read_text() == text
    assert found["target"] == 0.99
    assert found["verdict"]["target_met"] is not True
    few = [next(c for c in body["candidates"] if c["name"] == "few_shot")["cost"] for body in (first, found)]
    assert few[1]["parts"]["labels"] == 8 * few[0]["parts"]["labels"]
    assert few[1]["currency"] == "EUR"
    assert few[1]["fixed_interval"][0] < few[1]["fixed"] < few[1]["fixed_interval"][1]
    assert set(found["redecided"]["changed"]) == {
        "target: 0.6 → 0.99",
        "limits.label_cost: 0.5 → [2.0, 6.0]",
        "prices.currency: nothing → EUR",
    }
    shown = read_results(study)
    assert shown.decision == first
    assert file.name in {Path(past.file).name for past in shown.redecisions}
    assert "EUR" in render(read_results(study, file))


def test_a_limit_that_removes_is_said_and_so_is_who_was_never_tested(study: StudyFolder) -> None:
    found = read(redecide(study, ["limits.latency_p95_ms=0.001"]))
    said = found["verdict"]["warnings"]
    timed = [c for c in found["candidates"] if c["name"] != "majority"]
    for one in timed:  # what other work may have slowed down is not removed, and that is said
        busy = one["latency_ms"]["contended"]
        told = f"{one['name']} may be too slow" if busy else f"{one['name']} is removed: 95 % of its answers take up to"
        [sentence] = [sentence for sentence in said if sentence.startswith(told)]
        assert " 0 ms" not in sentence
        assert (one["status"] == "removed") != busy
    assert not any("may be too slow" in sentence for sentence in read(study.decision)["verdict"]["warnings"])


ALIKE = ["margin=0.4", "tolerance=0.9"]  # all are as good as each other, so that costs choose


@pytest.mark.parametrize(
    "settings",
    [
        ["margin=0.01"],
        ALIKE,
        [*ALIKE, "limits.label_cost=0", "limits.machine_cost_per_hour=0", "prices.currency=CHF"],
        [*ALIKE, "prices.input=[0.1, 0.3]", "prices.output=2", "prices.hosting_per_hour=0.7", "target=0.3"],
    ],
)
def test_every_value_that_is_said_to_flip_the_verdict_does_and_the_one_before_it_does_not(
    study: StudyFolder, settings: list[str]
) -> None:
    base = read(redecide(study, settings))
    assert base["flips"]["found"]
    for flip in base["flips"]["found"]:
        key, value, now = flip["key"], flip["value"], flip["now"]
        assert taken(read(redecide(study, [*settings, *turned(base, key, value, now)]))) != taken(base), flip
        digit = 0.001 if "." not in key else max(1.0 if value >= 1000 else 0.01, 0.01 * value)
        towards = 0.0 if now is None else now - value
        if abs(towards) > 2 * digit:
            before = value + math.copysign(1.1 * digit, towards)
            assert taken(read(redecide(study, [*settings, *turned(base, key, before, now)]))) == taken(base), flip


def taken(decision: dict[str, Any]) -> tuple[Any, ...]:
    """What a reader takes from a verdict."""
    verdict = decision["verdict"]
    short = verdict["falls_short"] is not None
    chosen = verdict["choice"] or verdict["provisional"]
    return ("undecided" if short else verdict["kind"], chosen, short, verdict["target_met"])


def turned(decision: dict[str, Any], key: str, value: float, now: float | None) -> list[str]:
    """The settings; a token price has the others in step."""
    beside = [f"prices.output={2 * value / now!r}"] if key == "prices.input" and now else []
    return [f"{key}={value!r}", *beside]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"margin": 7}, "redecide, key 'margin': received 7; valid is a number from 0 to 1"),
        ({"margn": 0.1}, "redecide, margn=0.1: there is no such key; valid are prices, limits and demands"),
        ({"limits": {"minutes": 3}}, "redecide, limits.minutes=3: it needs measuring"),
        ({"latency_p95_ms": None}, "redecide, latency_p95_ms=: there is no such key"),
        ({"margin": None}, "redecide, margin=: that was not set, so nothing is taken away"),
        ({"prices": {"input": 1}}, "there is a price for input and none for output"),
        ({}, "redecide: nothing is set; valid is a key of the task file, such as"),
    ],
)
def test_from_python_a_mistake_names_what_was_called(study: StudyFolder, changes: dict[str, Any], says: str) -> None:
    with pytest.raises((OptionError, TaskError)) as found:
        open_study(study).redecide(**changes)
    assert says in str(found.value)
    assert "--set" not in str(found.value)


def test_from_python_a_curve_that_cannot_be_names_what_was_called(study: StudyFolder) -> None:
    for changes, says in (
        ({"margin": 7}, "measure_curve, key 'margin': received 7"),
        ({"curve": False}, "curve: received none to measure, in measure_curve, curve"),
        ({"sizes": [10, 20], "curve": True}, "sizes or seeds are given, and measure_curve, curve=true too"),
    ):
        with pytest.raises((OptionError, TaskError)) as found:
            open_study(study).measure_curve(**changes)
        assert says in str(found.value)
        assert "--set" not in str(found.value)


@pytest.mark.parametrize(
    ("setting", "error", "said"),
    [
        ("model=smollm2", OptionError, "it needs measuring, so the study has to be run with it; valid are prices, limits"),
        ("limits.minutes=3", OptionError, "it needs measuring"),
        ("strategies=[lora]", OptionError, "it needs measuring"),
        ("seed=3", OptionError, "it needs measuring"),
        ("margn=0.1", OptionError, "there is no such key"),
        ("margin=7", TaskError, "--set, key 'margin': received 7; valid is a number from 0 to 1"),
        ("limits.label_cost=cheap", TaskError, "received 'cheap'; valid is a number from 0 up"),
        ("margin=", OptionError, "that was not set, so nothing is taken away"),
        ("prices.input=1", TaskError, "there is a price for input and none for output"),
    ],
)
def test_what_would_need_measuring_or_is_not_valid_is_refused(
    study: StudyFolder, setting: str, error: type[Exception], said: str
) -> None:
    before = list(study.redecisions)
    with pytest.raises(error) as found:
        redecide(study, [setting])
    assert said in str(found.value)
    assert study.redecisions == before


def test_without_settings_or_a_study_it_says_so(study: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing is set; valid is --set KEY=VALUE"):
        redecide(study, [])
    with pytest.raises(StudyError, match="holds no study"):
        redecide(tmp_path, ["margin=0.1"])


def test_from_python_it_is_a_study_again(study: StudyFolder) -> None:
    opened = open_study(study)
    again = opened.redecide(margin=0.2, limits={"requests_per_month": 5})
    assert again.decision["margin"] == 0.2
    assert opened.decision["margin"] == 0.01
    assert again.verdict.choice in {c.name for c in again.candidates} | {None}
    with pytest.raises(OptionError, match="received a PriceList; valid is a number, text, or a range of two numbers"):
        opened.redecide(prices=PriceList(input=1, output=2))
    assert opened.redecide(target=None).decision["target"] is None
    assert again.candidate().id == (again.decision["verdict"]["choice"] or again.decision["verdict"]["provisional"])


def test_no_decision_takes_the_place_of_another_where_one_was_deleted(study: StudyFolder) -> None:
    one, two = (redecide(study, [f"margin={margin}"]) for margin in (0.041, 0.042))
    kept = two.read_text()
    one.unlink()
    three = redecide(study, ["margin=0.043"])
    assert three not in (one, two)
    assert two.read_text() == kept


def test_a_damaged_one_says_what_mends_it(study: StudyFolder) -> None:
    file = redecide(study, ["margin=0.044"])
    file.write_text("")
    try:
        with pytest.raises(StudyError, match="delete it, and decide again with 'crossover redecide'"):
            read_results(study)
    finally:
        file.unlink()
