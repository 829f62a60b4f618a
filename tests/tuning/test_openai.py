"""Tuning at a service: paid once whatever is interrupted, refused in a sentence, the best on dev kept, its price known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crossover.data.economics import LimitsSpec, PriceList
from crossover.data.task import Task
from crossover.engine.journal import Journal
from crossover.engine.taken import taken
from crossover.errors import BudgetExceeded, OptionError, TuningError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.open import open_model
from crossover.strategies.open import open_strategy
from crossover.tuning import asking
from crossover.tuning import hosted as trained
from crossover.tuning.services import check_open, day, service_of
from crossover.types import Candidate, Decoding, Example
from tests.tuning.service import BASE, KEY, Service, Toy, serving

WARM = (
    "hot soup|boiling water|a summer noon|fresh bread|steaming tea|a hot stove|desert sand|a warm bath|hot coals|red embers"
)
COLD = (
    "snow falls|an ice cube|a winter night|frozen peas|glacier wind|cold iron|polar ice|a frozen lake|icy rain|hail stones"
)
PRICE = 1_000.0  # of a million trained tokens


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "LOOK", 0.001)
    monkeypatch.setattr(asking, "WAIT", 0.001)


def rows() -> tuple[list[Example], list[Example]]:
    """20 to train on, and as dev the same words in other sentences."""
    pairs = [(text, label) for label, texts in (("warm", WARM), ("cold", COLD)) for text in texts.split("|")]
    train = [Example(f"t{i}", text, label, source=f"toy.csv, row {i}") for i, (text, label) in enumerate(pairs)]
    return train, [Example(f"d{i}", f"look: {text}", label) for i, (text, label) in enumerate(pairs)]


@contextmanager
def at(folder: Path, service: Service, model: Any = None, **changes: Any) -> Iterator[StudyBench]:
    folder.mkdir(exist_ok=True)
    about = {"name": "toy", "data": "toy.csv", "input": "text", "output": "label", "kind": "classify", "metric": "accuracy"}
    task = Task(**about | {"labels": {"warm": "", "cold": ""}, "model": "toy"} | changes)
    model: Any = model or Toy(service)
    train, dev = rows()
    journal = Journal(folder / "study.db")
    try:
        yield open_bench(task, train, dev, folder, journal, lambda spec: model, relevance_scorer(False))
    finally:
        journal.close()


def adapt(bench: StudyBench, **options: Any) -> Candidate:
    start = Candidate("toy", decoding=Decoding(labels=("warm", "cold"), max_tokens=16))
    with bench.evaluator.caller.making("the rung"):
        return open_strategy("openai_finetune", options).adapt(start, bench)


def test_the_tuned_model_is_a_candidate_and_what_it_took_is_known(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, prices=PriceList(training=PRICE)) as bench:
        made = adapt(bench, epochs=2, batch_size=4, suffix="toy")
        assert made.weights is not None
        assert (made.weights.kind, made.weights.ref) == ("hosted", f"ft:{BASE}:ftjob-1")
        assert bench.score(made).estimate.value == 1.0
        job = service.jobs["ftjob-1"]
        assert job["method"] == {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": "auto"}},
        }
        assert service.files[job["training_file"]][0] == {
            "messages": [{"role": "user", "content": "hot soup"}, {"role": "assistant", "content": "warm"}]
        }
        assert len(service.files[job["validation_file"]]) == 20
        trace = bench.trace(made.weights)
        assert [(epoch.train_loss, epoch.dev_loss, epoch.dev_metric) for epoch in trace] == [
            (1 / 3, 0.5, 0.5),
            (1 / 6, 0.25, 1.0),
        ]
        events = (Path(made.weights.path) / "events.jsonl").read_text().splitlines()
        assert [json.loads(line)["data"]["step"] for line in events] == [1, 2, 3, 4, 5, 6]
        spent = job["trained_tokens"]
        assert bench.meter.usage.money == pytest.approx(spent * PRICE / 1e6)
        assert taken(bench.journal, "the rung").trained_tokens == spent
        assert taken(bench.journal, "the rung").tuning_seconds == 0


def test_a_checkpoint_that_dev_prefers_is_kept(tmp_path: Path) -> None:
    with serving(good="checkpoint") as service, at(tmp_path / "a", service) as bench:
        made = adapt(bench)
        assert made.weights is not None
        assert made.weights.ref == "ft:ftjob-1:ckpt-step-3"
        assert bench.score(made).estimate.value == 1.0
    with serving(good="checkpoint") as service, at(tmp_path / "b", service) as bench:
        alone = adapt(bench, checkpoints=False)
        assert alone.weights is not None
        assert alone.weights.ref == f"ft:{BASE}:ftjob-1"


@pytest.mark.parametrize("when", ["start", "follow", "dev", "journal"])
def test_an_interrupted_study_goes_on_with_the_job_that_it_paid_for(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the job began but before its id was noted, while it runs, while dev is asked, before it is journaled."""

    def killed(*args: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    places = {
        "start": (trained, "noted"),
        "follow": (trained.HostedTrainer, "_told"),
        "dev": (trained, "hosted_weights"),
        "journal": (Journal, "set_tune"),
    }
    with serving() as service:
        with at(tmp_path / "a", service, prices=PriceList(training=PRICE)) as bench, monkeypatch.context() as patch:
            patch.setattr(*places[when], killed)
            with pytest.raises(KeyboardInterrupt):
                adapt(bench)
        with at(tmp_path / "a", service, prices=PriceList(training=PRICE)) as bench:
            made = adapt(bench)
            assert bench.score(made).estimate.value == 1.0
            assert bench.meter.usage.money == pytest.approx(service.jobs["ftjob-1"]["trained_tokens"] * PRICE / 1e6)
            bench.meter.check()
        assert list(service.jobs) == ["ftjob-1"]
        assert service.jobs["ftjob-1"]["status"] == "succeeded"


def test_a_job_whose_answer_was_lost_is_found_and_not_paid_again(tmp_path: Path) -> None:
    with serving(lose=1, busy=0) as service, at(tmp_path / "a", service) as bench:
        assert bench.score(adapt(bench)).estimate.value == 1.0
        assert service.asked["POST fine_tuning/jobs"] == 1


def test_another_study_of_the_same_takes_the_job_that_there_is(tmp_path: Path) -> None:
    with serving() as service:
        for name in "ab":
            with at(tmp_path / name, service, prices=PriceList(training=PRICE)) as bench:
                adapt(bench)
                assert (bench.meter.usage.money > 0) == (name == "a")  # it was paid for there
                assert taken(bench.journal, "the rung").trained_tokens > 0
        assert len(service.jobs) == 1
        with at(tmp_path / "c", service) as bench:
            adapt(bench, epochs=4)
        assert len(service.jobs) == 2


def test_ctrl_c_cancels_the_job_only_where_that_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(trained.HostedTrainer, "_told", killed)
    for name, cancel in (("a", False), ("b", True)):
        with serving(looks=99) as service, at(tmp_path / name, service) as bench:
            with pytest.raises(KeyboardInterrupt):
                adapt(bench, cancel=cancel)
            assert service.jobs["ftjob-1"]["status"] == ("cancelled" if cancel else "running")


def test_a_busy_service_is_asked_again(tmp_path: Path) -> None:
    with serving(busy=99) as service, at(tmp_path / "a", service) as bench:
        with pytest.raises(TuningError, match="looking up"):
            adapt(bench)
        service.busy = 3
        adapt(bench)


def test_a_failed_job_says_why_and_may_be_tried_again(tmp_path: Path) -> None:
    with (
        serving(fail="the rows are too long") as service,
        at(tmp_path / "a", service, prices=PriceList(training=PRICE)) as bench,
    ):
        with pytest.raises(TuningError, match="ftjob-1 ended as failed: the rows are too long; run it again"):
            adapt(bench)
        assert bench.meter.usage.money == 0
        service.fail = ""
        made = adapt(bench)
        assert made.weights is not None
        assert made.weights.ref.endswith("ftjob-2")


def test_refusals_are_sentences_without_the_key(tmp_path: Path) -> None:
    for number, (code, said) in enumerate([(403, "closed"), (404, "has none of this"), (401, "the key is refused")]):
        with serving(refuse=(code, f"no, {KEY}")) as service, at(tmp_path / str(number), service) as bench:
            with pytest.raises(TuningError, match=said) as raised:
                adapt(bench)
            assert str(code) in str(raised.value)
            assert KEY not in str(raised.value)
            bench.meter.check()


def test_what_is_over_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    for number, (models, said) in enumerate(
        [
            ({BASE: {"shutdown_date": "2026-01-31"}}, "stopped on 2026-01-31"),
            ({"base-max": {}}, "no model 'base-mini'.*did you mean 'base-max'"),
        ]
    ):
        with serving(models=models) as service, at(tmp_path / str(number), service) as bench:
            with pytest.raises(TuningError, match=said):
                adapt(bench)
            assert not service.files
            assert not service.jobs


def test_the_table_of_services_knows_who_is_closed_and_what_ends() -> None:
    today = date(2026, 11, 26)
    assert "until 2027-01-06" in check_open("api.openai.com", "gpt-5-mini", None, today)[0]
    assert "stop answering on 2027-01-14" in check_open("api.openai.com", "gpt-4o-mini", None, today)[1]
    assert "stop answering on 2027-01-14" in check_open("api.openai.com", "ft:gpt-4o-mini:org::id", None, today)[1]
    with pytest.raises(TuningError, match="OpenAI takes no tuning jobs any more"):
        check_open("api.openai.com", "gpt-5-mini", None, date(2027, 1, 6))
    with pytest.raises(TuningError, match="Mistral takes no tuning jobs"):
        check_open("api.mistral.ai", "x", None, today)
    assert check_open("127.0.0.1", "x", None, today) == []
    assert "deploy it" in service_of("mine.openai.azure.com")["by_hand"]
    assert service_of("notopenai.azure.com") == {}
    assert day(1_800_000_000) == date(2027, 1, 15)
    assert day("2027-01-14T00:00:00Z") == date(2027, 1, 14)
    assert day("soon") is None
    assert day(None) is None


def test_money_is_held_before_the_job_and_a_limit_needs_a_price(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, limits=LimitsSpec(money=1)) as bench:
        with pytest.raises(OptionError, match=r"prices\.training"):
            adapt(bench)
        assert not service.jobs
    with (
        serving() as service,
        at(tmp_path / "b", service, limits=LimitsSpec(money=0.5), prices=PriceList(training=PRICE)) as bench,
    ):
        with pytest.raises(BudgetExceeded, match="money"):
            adapt(bench)
        assert not service.jobs
    with serving(looks=99) as service:
        about: dict[str, Any] = {"limits": LimitsSpec(money=10), "prices": PriceList(training=PRICE)}
        with at(tmp_path / "c", service, **about) as bench, pytest.MonkeyPatch.context() as patch:
            patch.setattr(trained.HostedTrainer, "_told", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                adapt(bench)
        # what is under way counts, also in another process
        with at(tmp_path / "c", service, **about) as bench, pytest.raises(BudgetExceeded):
            bench.meter.check(ahead=9.5)


def test_a_job_that_a_limit_leaves_behind_is_named(tmp_path: Path) -> None:
    def reached(*args: Any) -> Any:
        raise BudgetExceeded("the limit of 5 minutes is reached")

    with serving() as service, at(tmp_path / "a", service) as bench:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trained.HostedTrainer, "_told", reached)
            with pytest.raises(BudgetExceeded, match="minutes is reached; the job ftjob-1 goes on"):
                adapt(bench)
        made = adapt(bench)
        assert list(service.jobs) == ["ftjob-1"]
        assert "cost nothing here, without prices.training" in made.provenance.note


def test_wrong_answers_become_preferences(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service) as bench:
        made = adapt(bench, objective="dpo", beta=0.2)
        assert bench.score(made).estimate.value >= 0.5
        job = service.jobs["ftjob-1"]
        assert job["method"]["dpo"]["hyperparameters"]["beta"] == 0.2
        found = service.files[job["training_file"]]
        assert len(found) == 10  # the base says warm to all
        assert found[0] == {
            "input": {"messages": [{"role": "user", "content": "snow falls"}]},
            "preferred_output": [{"role": "assistant", "content": "cold"}],
            "non_preferred_output": [{"role": "assistant", "content": "warm"}],
        }
    with serving() as service, at(tmp_path / "b", service) as bench:
        bench = replace(bench, train=bench.train[:12])
        with pytest.raises(OptionError, match="2 wrong answers to 12 training rows"):
            adapt(bench, objective="dpo")


def test_the_metric_is_the_grader_where_it_can_be_one(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service) as bench:
        adapt(bench, objective="reinforcement")
        job = service.jobs["ftjob-1"]
        assert job["method"]["reinforcement"]["grader"] == {
            "type": "string_check",
            "name": "accuracy",
            "operation": "eq",
            "input": "{{sample.output_text}}",
            "reference": "{{item.reference}}",
        }
        assert service.files[job["training_file"]][0] == {
            "messages": [{"role": "user", "content": "hot soup"}],
            "reference": "warm",
        }
    about: dict[str, Any] = {"kind": "generate", "labels": {}, "metric": "chrf"}
    with serving() as service, at(tmp_path / "b", service, **about) as bench:
        with pytest.raises(OptionError, match="'chrf' cannot be written as a grader"):
            adapt(bench, objective="reinforcement")
        assert not service.jobs


def test_a_tuned_model_that_is_not_deployed_is_said_and_not_paid_again(tmp_path: Path) -> None:
    """By the stand-in, and by the model that a user would name."""
    for number in range(2):
        with serving(silent=True) as service:
            real = open_model(f"openai:{BASE}?url={quote(service.url, safe='')}") if number else None
            said = f"'ft:{BASE}:ftjob-1' does not answer .*DeploymentNotFound"
            with at(tmp_path / str(number), service, real) as bench, pytest.raises(TuningError, match=said):
                adapt(bench)
            service.silent = False
            with at(tmp_path / str(number), service, real) as bench:  # another day: a failed call is asked again
                assert bench.score(adapt(bench)).estimate.value == 1.0
            assert len(service.jobs) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "epochs"),
        ({"beta": 0.1}, "objective dpo"),
        ({"warm_up": True}, "warm_up"),
        ({"suffix": "a" * 65}, "suffix"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        open_strategy("openai_finetune", options)


@pytest.mark.parametrize("options", [{"objective": "dpo", "warm_up": True}, {"objective": "reinforcement"}])
def test_what_reasons_is_taught_by_its_solutions_or_not_at_all_and_nothing_is_paid(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    """Reinforcement would grade for the very words of its reasoning, and no wrong answer has a right one beside it."""
    with serving() as service, at(tmp_path / "a", service) as bench:
        strategy = open_strategy("openai_finetune", options)
        reasons = Candidate(bench.task.model, decoding=Decoding(pattern="is (.*)"))
        with pytest.raises(OptionError, match=f"the start reasons before it answers, and objective {options['objective']}"):
            strategy.adapt(reasons, bench)
        assert service.jobs == {}
