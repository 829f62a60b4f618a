"""Several models in one study: each rung on the model it names or on all that can, each at its own prices, one verdict."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossover.data.task import StrategySpec, Task, load_task
from crossover.engine.decoding import decoding_for
from crossover.engine.taken import REPORTED
from crossover.errors import CrossoverError, OptionError, TaskError
from crossover.models.open import open_model
from crossover.report.page import render
from crossover.report.plan import plan_text
from crossover.report.verdict import sensitivity_sentence
from crossover.strategies.open import open_strategy
from crossover.study.ladder import Rung, ladder, moved
from crossover.study.read import read_candidate, read_results
from crossover.study.redecide import redecide
from crossover.study.run import preview_study, run_study
from crossover.testing.strategies import toy_examples
from crossover.types import Candidate, Decoding, Prompt, Step
from tests.models.service import Service, serving
from tests.models.tiny import build
from tests.strategies.toys import bench
from tests.study.tasks import NOTES, write_task

CHEAP, DEAR = {"input": 0.1, "output": 0.4}, {"input": 10, "output": 40}
TWO = {"large": {"spec": "pocket", "prices": DEAR}, "small": {"spec": "fake", "prices": CHEAP}}
PROMPTS = ["zero_shot", {"few_shot": {"shots": [2], "selection": ["random"]}}]


def task_of(folder: Path, strategies: list[Any], models: dict[str, Any] = TWO, **more: Any) -> Path:
    return write_task(folder, strategies, model=None, models=models, **more)


def names(task: Path) -> list[str]:
    found = load_task(task)
    return [rung.name for rung in ladder(found, open_model(found.model), open_model)[0]]


def decided(folder: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(folder.decision.read_text())
    return body


def test_a_rung_is_climbed_on_each_model_that_can_or_on_the_one_that_it_names(tmp_path: Path) -> None:
    tuned = {"lora": {"epochs": 1}}
    assert names(task_of(tmp_path, [*PROMPTS, tuned])) == [
        "majority", "zero_shot (large)", "zero_shot (small)", "few_shot (large)", "few_shot (small)", "lora (large)",
    ]  # fmt: skip
    one = [{"zero_shot": {"runs_on": "small"}}, {"instruction": {"found_on": "large", "runs_on": "small"}}]
    assert names(task_of(tmp_path, one)) == ["majority", "zero_shot (small)", "instruction (small, prompt of large)"]
    grid = {"few_shot*lora": {"runs_on": "large", "few_shot": {"shots": [2]}, "lora": {"epochs": 1}}}
    found = names(task_of(tmp_path, ["zero_shot", grid]))[3:]
    assert len(found) == 7
    assert all(name.endswith("(large)") for name in found)
    both = [{"lora": {"epochs": 1, "runs_on": "large"}}, {"lora": {"epochs": 2, "runs_on": "large"}}]
    assert names(task_of(tmp_path, both))[-2:] == ["lora (epochs 1, large)", "lora (epochs 2, large)"]


def test_without_strategies_the_first_model_teaches_another_that_can_be_tuned(tmp_path: Path) -> None:
    assert not any(name.startswith("distill") for name in names(task_of(tmp_path, []))), "the other one cannot learn"
    swapped = {"large": "fake", "small": "pocket"}
    assert names(task_of(tmp_path, [], swapped))[-1] == "distill (small)"


@pytest.mark.parametrize(
    ("strategies", "said"),
    [
        ([{"lora": {"runs_on": "small"}}], "'lora' tunes weights, and the model 'small' cannot be tuned here"),
        ([{"lora": {"found_on": "large", "runs_on": "small"}}], "'lora' tunes weights, which stay on the model"),
        ([{"few_shot+lora": {"found_on": "small", "runs_on": "large"}}], "tunes weights, which stay on the model"),
        ([{"zero_shot": {"runs_on": "smal"}}], "there is no model 'smal'; did you mean 'small'"),
        ([{"few_shot": {"found_on": "small", "runs_on": "small"}}], "its prompt is found on 'small' and used there"),
    ],
)
def test_a_model_that_cannot_or_is_none_is_one_sentence(tmp_path: Path, strategies: list[Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        run_study(task_of(tmp_path, strategies), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("models", {"one": "fake"}, "valid is a mapping of two names or more"),
        ("models", {"one": "fake", "other": "fake"}, "two models are the same one"),
        ("models", {"a b": "fake", "other": "pocket"}, "received the model's name 'a b'"),
        ("models", {"a": {"url": "x"}, "b": "fake"}, "valid is a model"),
        ("model", {"spec": "fake", "x": [1]}, "for the model's option 'x'"),
        ("model", {"spec": "fake", "prices": {"input": -1, "output": 1}}, r"model\.prices\.input: received -1"),
        (
            "model",
            {"spec": "fake", "prices": {"in": 1, "output": 1}},
            r"prices\.in: unknown key; did you mean 'input'",
        ),
        ("model", {"spec": "fake", "prices": 3}, r"model\.prices: received 3; valid is a mapping of prices"),
        ("model", {"spec": ""}, r"model\.spec: received ''; valid is a model"),
        ("models", {"a": {"spec": 5}, "b": "fake"}, r"models\.a\.spec: received 5; valid is a model"),
        ("models", {"a": 5, "b": "fake"}, r"models\.a: received 5; valid is a model"),
    ],
)
def test_models_that_cannot_be_are_one_sentence(tmp_path: Path, key: str, value: Any, said: str) -> None:
    task = write_task(tmp_path, ["zero_shot"], **{"model": None, key: value})
    with pytest.raises(TaskError, match=said):
        load_task(task)


def test_prices_stand_at_each_model_and_a_models_options_are_part_of_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="models and prices of the task"):
        load_task(task_of(tmp_path, PROMPTS, prices=CHEAP))
    one = {"spec": "openai:m", "url": "http://127.0.0.1:1/v1", "effort": "low", "prices": CHEAP}
    task = Task(name="n", data="x.csv", input="a", output="b", model=one)
    assert task.model == "openai:m?effort=low&url=http://127.0.0.1:1/v1"
    assert (task.prices.input, task.prices.output) == (0.1, 0.4)


def test_each_pays_its_own_prices_and_other_prices_decide_again(tmp_path: Path) -> None:
    """`pocket` reads its labels, `fake` draws them; both are asked the same prompts."""
    task = task_of(tmp_path, PROMPTS, limits={"requests_per_month": 1_000_000, "machine_cost_per_hour": 0}, tolerance=1.0)
    folder = run_study(task, tmp_path / "run")
    first = decided(folder)
    cost = {c["name"]: c["cost"]["per_1k_requests"] for c in first["candidates"]}
    used = {c.name: c for c in read_results(folder).candidates}
    for name, prices in (("zero_shot (large)", DEAR), ("zero_shot (small)", CHEAP)):
        tokens = used[name].tokens_in * prices["input"] + used[name].tokens_out * prices["output"]
        assert cost[name] == pytest.approx(tokens / 1000, rel=0.05)
    free = redecide(folder, ["models.large.prices.input=0", "models.large.prices.output=0"])
    again = {c["name"]: c["cost"]["per_1k_requests"] for c in json.loads(free.read_text())["candidates"]}
    assert again["zero_shot (large)"] == 0
    assert again["zero_shot (small)"] == cost["zero_shot (small)"]
    assert {"models.large.prices.input", "models.small.prices.input"} <= set(first["flips"]["searched"])
    with pytest.raises(CrossoverError, match="the study has no model 'larg'; did you mean 'large'"):
        redecide(folder, ["models.larg.prices.input=0"])
    with pytest.raises(CrossoverError, match=r"each with its own prices: models\.large\.prices\.input"):
        redecide(folder, ["prices.input=0", "prices.output=0"])
    assert {row["name"]: row["model"] for row in first["candidates"]}["zero_shot (small)"] == "fake"


def test_other_prices_flip_the_verdict_where_the_arithmetic_says(tmp_path: Path) -> None:
    """Both repeat what they are asked, in equally many tokens, so a request's price is the price of the model. Costs within
    5 % count as the same, and then the first one is chosen: the small one is, up to 10 / 1.05 = 9.52 a million."""
    models = {"large": {"spec": "fake:echo", "prices": DEAR}, "small": {"spec": "fake", "prices": CHEAP}}
    limits = {"requests_per_month": 100_000, "machine_cost_per_hour": 0}
    told = {"kind": "generate", "metric": "token_f1", "data": "copies.csv", "output": "copy", "limits": limits}
    task = task_of(tmp_path, ["zero_shot"], models, **told)
    rows = [note.strip() for notes in NOTES.values() for note in notes.strip().splitlines()]
    (tmp_path / "copies.csv").write_text("note,copy\n" + "".join(f"{row},{row}\n" for row in rows), encoding="utf-8")
    folder = run_study(task, tmp_path / "run")

    def chosen(body: dict[str, Any]) -> str:
        return next(str(row["name"]) for row in body["candidates"] if row["id"] == body["verdict"]["choice"])

    assert chosen(decided(folder)) == "zero_shot (small)"
    for price, name in ((9.5, "zero_shot (small)"), (9.55, "zero_shot (large)"), (10.6, "zero_shot (large)")):
        again = redecide(folder, [f"models.small.prices.input={price}", f"models.small.prices.output={4 * price}"])
        assert chosen(json.loads(again.read_text())) == name


def test_the_example_of_two_models_is_a_task() -> None:
    task = load_task(Path(__file__).parents[2] / "examples" / "support" / "two-models.yaml")
    assert {name: one.spec for name, one in task.models.items()} == {"large": "smollm2", "small": "pocket"}
    rungs = [rung.name for rung in ladder(task, open_model("pocket"), lambda _: open_model("pocket"))[0]]
    assert rungs[1:] == [
        "zero_shot (large)", "zero_shot (small)", "few_shot (large)", "lora (small)", "few_shot+distill (small)",
    ]  # fmt: skip


def test_a_student_learns_of_a_teacher_that_the_task_names(tmp_path: Path) -> None:
    models = {"large": {"spec": "fake:answer=garden", "prices": DEAR}, "small": "pocket"}
    distilled = {"distill": {"teacher": "large", "runs_on": "small", "epochs": 1, "rank": 2}}
    folder = run_study(task_of(tmp_path, ["zero_shot", distilled], models), tmp_path / "run")
    candidate, row = read_candidate(folder, "distill (small)")
    assert candidate.model == "pocket"
    assert row["family"] == "weights"
    assert "answers of the teacher learnt" in row["note"]


def test_a_prompt_found_on_one_is_answered_with_on_the_other(tmp_path: Path) -> None:
    moved = {"few_shot": {"shots": [2], "selection": ["random"], "found_on": "large", "runs_on": "small"}}
    folder = run_study(task_of(tmp_path, [*PROMPTS, moved]), tmp_path / "run")
    there, here = (read_candidate(folder, f"few_shot ({name})")[0] for name in ("large", "small, prompt of large"))
    assert (there.model, here.model) == ("pocket", "fake")
    assert here.prompt.demonstrations == there.prompt.demonstrations


def test_what_is_ahead_counts_all_models(tmp_path: Path) -> None:
    task = task_of(tmp_path, PROMPTS)
    ahead = preview_study(task)
    page = Console(width=200, file=io.StringIO())
    page.print(plan_text(ahead))
    said = page.file.getvalue()  # type: ignore[attr-defined]
    assert "with the models large (pocket), small (fake) and" in said
    assert "not all of its models can be timed here" in said
    assert ahead.to_json()["models"] == {"large": "pocket", "small": "fake"}
    climbed = {part.name: part.calls for part in ahead.parts if part.kind == "climb"}
    assert climbed["zero_shot (large)"] == climbed["zero_shot (small)"] > 0
    run_study(task, tmp_path / "run")
    spent = decided(run_study(task, tmp_path / "run"))["spent"]["calls"]
    assert ahead.total.calls == pytest.approx(spent, rel=0.25)


def test_folds_and_a_curve_take_each_rung_on_its_model(tmp_path: Path) -> None:
    few = task_of(tmp_path, ["zero_shot", PROMPTS[1]], folds=2)
    folder = run_study(few, tmp_path / "folds")
    assert {c["name"] for c in decided(folder)["candidates"] if c["test"]} >= {"few_shot (large)", "few_shot (small)"}
    curved = task_of(tmp_path, PROMPTS, curve={"sizes": [10, 20], "seeds": 1})
    assert {run["labels"] for run in decided(run_study(curved, tmp_path / "curve"))["crossover"]["runs"]} >= {10, 20}


def test_nobody_pays_for_what_another_model_was_asked(tmp_path: Path) -> None:
    """`fake` counts words and `pocket` tokens: what each prompt's making took is of its own model's calls alone."""
    shots = {"few_shot": {"shots": [2, 3], "selection": ["random"]}}
    folder = run_study(task_of(tmp_path, [shots]), tmp_path / "run")
    alone = run_study(write_task(tmp_path / "alone", [shots], model="fake"), tmp_path / "alone" / "run")
    calls = {
        place: {row["name"]: row["cost"]["calls"] for row in decided(found)["candidates"]}
        for place, found in (("both", folder), ("alone", alone))
    }
    assert calls["both"]["few_shot (small)"] == calls["alone"]["few_shot"] > 0


def test_the_page_names_all_models(tmp_path: Path) -> None:
    folder = run_study(task_of(tmp_path, ["zero_shot"]), tmp_path / "run")
    page = render(read_results(folder))
    assert "<span>models large, small</span>" in page
    assert all(f"<dd>{name} <code>{spec}</code></dd>" in page for name, spec in (("large", "pocket"), ("small", "fake")))


def test_a_plan_of_models_that_run_here_has_its_time(tmp_path: Path) -> None:
    build(tmp_path / "task" / "model")
    models = {"large": "pocket", "small": "model"}
    ahead = preview_study(task_of(tmp_path / "task", ["zero_shot", {"lora": {"epochs": 1, "runs_on": "small"}}], models))
    assert all(part.seconds is not None for part in ahead.parts), ahead.parts
    seconds = {part.name: part.seconds or 0.0 for part in ahead.parts if part.kind == "climb"}
    assert seconds["zero_shot (large)"] > seconds["zero_shot (small)"] > 0, "each at its own speed"
    assert seconds["lora (small)"] > seconds["zero_shot (small)"]


@pytest.mark.parametrize(
    ("strategies", "more", "said"),
    [
        ([{"distill": {"teacher": "large", "runs_on": "small"}}], {}, r"strategy 'distill', option 'teacher'"),
        ([{"zero_shot": {"runs_on": "small"}}], {}, r"strategy 'zero_shot', option 'runs_on'"),
        (["zero_shot"], {"metric": {"judge": {"model": "large", "rubric": "Is it right?"}}}, "the judge is the model"),
    ],
)
def test_one_model_in_the_place_of_all_says_who_names_one_of_them(
    tmp_path: Path, strategies: list[Any], more: dict[str, Any], said: str
) -> None:
    task = task_of(tmp_path, strategies, **more)
    with pytest.raises(OptionError, match=rf"task.yaml.*{said}.*valid is --set models\.\w+\.spec="):
        run_study(task, tmp_path / "run", model="fake")
    assert not (tmp_path / "run").exists()


def test_a_student_pays_its_teacher_at_the_teachers_prices_also_at_new_ones(tmp_path: Path) -> None:
    """By hand: each call to the teacher is 10 tokens in, 4 of them read before, and 2 out."""
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}

    def taught(path: Path) -> float:
        [row] = [row for row in json.loads(path.read_text())["candidates"] if row["name"].startswith("distill")]
        return float(row["cost"]["parts"]["calls"])

    with serving(Service(answer=lambda body: "garden", usage=usage)) as service:
        prices = {"input": 1000, "cached_input": 100, "output": 4000}
        large = {"spec": "openai:m", "url": service.url, "prices": prices}
        build(tmp_path / "model")
        models = {"small": "model", "large": large}
        distill = {"distill": {"teacher": "large", "epochs": 1, "runs_on": "small"}}
        folder = run_study(task_of(tmp_path, [distill, {"zero_shot": {"runs_on": "small"}}], models), tmp_path / "run")
        splits = decided(folder)["splits"]
        calls = splits["train"] + splits["dev"] + 1  # by which it is found out how the service answers
        before = service.number
        assert taught(folder.decision) == pytest.approx(calls * (6 * 1000 + 4 * 100 + 2 * 4000) / 1e6)
        free = [f"models.large.prices.{name}=0" for name in ("input", "cached_input")]
        assert taught(redecide(folder, free)) == pytest.approx(calls * 2 * 4000 / 1e6)
        assert "models.large.prices.input" in decided(folder)["flips"]["searched"]
        assert service.number == before


def test_one_that_is_none_of_several_costs_what_it_reports(tmp_path: Path) -> None:
    """And nothing at the prices of whoever asks it, a judge or a teacher."""
    rows = toy_examples()
    for several, payees in ((TWO, ["pocket", "fake", REPORTED]), (None, ["", "", ""])):
        with bench(tmp_path, rows, rows, **({"model": "pocket", "models": several} if several else {})) as at:
            assert [at.meter.payee(at.model_of(spec)) for spec in ("pocket", "fake", "fake:echo")] == payees


def test_prompt_sensitivity_is_of_one_model(tmp_path: Path) -> None:
    """`fake:echo` is wrong whatever it is asked: beside it the other's range would begin at nothing."""
    models = {"large": "pocket", "small": "fake:answer=none"}
    tried = {"instruction": {"formats": 2}}
    folder = run_study(task_of(tmp_path, [tried, {"zero_shot": {"runs_on": "large"}}], models), tmp_path / "run")
    found = {c.name: c for c in read_results(folder).candidates}
    own = [row.dev.value for row in found["instruction (large)"].tried if not row.calibrated]
    assert max(row.dev.value for row in found["instruction (small)"].tried) == 0
    assert decided(folder)["prompt_sensitivity"] == {
        "tried": len(own),
        "low": pytest.approx(min(own)),
        "high": pytest.approx(max(own)),
        "model": "pocket",
    }
    assert "that is the task's prompt sensitivity with large." in sensitivity_sentence(read_results(folder))


def test_a_prompt_found_on_one_keeps_what_a_chain_asks_for_and_answers_as_long_as_the_others_tokens_need(
    tmp_path: Path,
) -> None:
    rows = toy_examples()
    step = Step("what", Prompt(template="{input}"), Decoding(max_tokens=4))
    spec = StrategySpec(name="chain", options={})
    rung = Rung("chain", spec, open_strategy("chain"), "fake", "pocket")
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        usual = [decoding_for(at.task, open_model(name), ["warm", "cold"]).max_tokens for name in ("pocket", "fake")]
        chain = Candidate("pocket", Prompt(steps=(step,)), Decoding(labels=("warm", "cold"), max_tokens=77))
        asked = [chain, replace(chain, decoding=replace(chain.decoding, max_tokens=usual[0]))]
        found = [moved(rung, one, "fake", at).decoding.max_tokens for one in asked]
    assert found == [77, usual[1]]
