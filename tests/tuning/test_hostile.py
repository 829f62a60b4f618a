"""A tuning service that breaks every promise: a job is paid once, nothing lies there twice, and what went wrong is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crossover.data.economics import LimitsSpec, PriceList
from crossover.errors import BudgetExceeded, OptionError, TuningError
from crossover.models.open import open_model
from crossover.strategies.open import open_strategy
from crossover.tuning import asking
from crossover.tuning import hosted as trained
from crossover.tuning.asking import amount, whole
from crossover.tuning.job import write_job
from crossover.types import Candidate, Example
from tests.tuning.service import BASE, serving
from tests.tuning.test_openai import PRICE, adapt, at

JOBS = "fine_tuning/jobs"
PRICES = PriceList(training=PRICE)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "LOOK", 0.001)
    monkeypatch.setattr(asking, "WAIT", 0.001)


def on(route: str, change: Callable[[Any], Any], times: int = 10**9) -> Callable[[str, Any], Any]:
    """What a service answers on routes that begin so, changed the first few times."""
    left = [times]

    def twist(asked: str, body: Any) -> Any:
        if asked.startswith(route) and left[0] > 0:
            left[0] -= 1
            return change(body)
        return body

    return twist


def without(*names: str) -> Callable[[Any], Any]:
    return lambda body: {key: value for key, value in body.items() if key not in names}


@pytest.mark.parametrize("answer", [b"<html>", b'{"id": 3}', b"[]", b"null"])
@pytest.mark.parametrize("times", [1, 10**9])
def test_a_started_job_whose_answer_cannot_be_read_is_found_and_not_paid_again(
    answer: bytes, times: int, tmp_path: Path
) -> None:
    with serving() as service, at(tmp_path / "a", service) as bench:
        service.twist = on(f"POST {JOBS}", lambda body: answer, times)
        assert bench.score(adapt(bench)).estimate.value == 1.0
        assert service.asked[f"POST {JOBS}"] == 1


@pytest.mark.parametrize("route", [f"GET {JOBS}", f"GET {JOBS}/ftjob-1", "GET models", "POST files", "GET files"])
@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'"x"', b"{", b'{"data": 3}'])
def test_an_answer_in_no_dialect_is_a_sentence_and_another_day_the_study_goes_on(
    route: str, answer: bytes, tmp_path: Path
) -> None:
    with serving() as service, at(tmp_path / "a", service, prices=PRICES) as bench:
        service.twist = on(route, lambda body: answer)
        with suppress(TuningError):  # a mistake of ours would be another error
            adapt(bench)
        service.twist = lambda asked, body: body
        adapt(bench)
        assert len(service.jobs) == 1
        assert len(service.stored) == 2
        assert bench.meter.usage.money == pytest.approx(service.jobs["ftjob-1"]["trained_tokens"] * PRICE / 1e6)


@pytest.mark.parametrize("route", [f"GET {JOBS}/ftjob-1/events", f"GET {JOBS}/ftjob-1/checkpoints"])
@pytest.mark.parametrize(
    "change",
    [
        lambda body: (403, {"error": {"message": "not for you"}}),
        lambda body: {"object": "list", "has_more": False, "data": [{"id": "x"}, {"step_number": "third", "data": 7}]},
        lambda body: body | {"data": [without("level", "data", "metrics", "step_number")(one) for one in body["data"]]},
        lambda body: body | {"data": [{**one, "metrics": {"train_loss": "nan"}, "message": None} for one in body["data"]]},
        lambda body: body | {"data": [{**one, "data": {"step": "x", "train_loss": []}} for one in body["data"]]},
    ],
)
def test_odd_events_and_checkpoints_end_no_job(route: str, change: Callable[[Any], Any], tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service) as bench:
        service.twist = on(route, change)
        made = adapt(bench)
        assert made.weights is not None
        assert made.weights.ref == f"ft:{BASE}:ftjob-1"
        assert bench.score(made).estimate.value == 1.0


def test_a_service_that_leaves_out_what_it_does_not_know_is_understood(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, prices=PRICES) as bench:
        service.twist = on(f"GET {JOBS}/ftjob-1", without("trained_tokens", "error", "metadata", "seed", "result_files"))
        made = adapt(bench)
        assert "does not say how many tokens it trained on" in made.provenance.note
        assert bench.meter.usage.money > service.jobs["ftjob-1"]["trained_tokens"] * PRICE / 1e6  # the most counts


@pytest.mark.parametrize("order", ["oldest first", "shuffled", "again and again"])
def test_each_event_is_told_once_in_whatever_order_they_come(order: str, tmp_path: Path) -> None:
    def turned(body: Any) -> Any:
        rows = body["data"]
        found = {"oldest first": rows[::-1], "shuffled": rows[1::2] + rows[::2], "again and again": rows + rows}[order]
        return body | {"data": found}

    with serving() as service, at(tmp_path / "a", service) as bench:
        service.twist = on(f"GET {JOBS}/ftjob-1/events", turned)
        made = adapt(bench)
        assert made.weights is not None
        told = [json.loads(line) for line in (Path(made.weights.path) / "events.jsonl").read_text().splitlines()]
        assert [one["data"]["step"] for one in told] == [1, 2, 3, 4, 5, 6]


def test_a_job_that_succeeds_without_a_model_is_asked_again_and_never_paid_again(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, limits=LimitsSpec(money=10), prices=PRICES) as bench:
        nameless = on(f"GET {JOBS}/ftjob-1", lambda body: body | {"fine_tuned_model": None} if "status" in body else body)
        service.twist = nameless
        for _ in range(2):
            with pytest.raises(TuningError, match="ftjob-1 ended as succeeded, is paid for, and names no tuned model"):
                adapt(bench)
        assert bench.meter.purse.money > 0  # it counts
        service.twist = on(f"GET {JOBS}/ftjob-1", lambda body: nameless(f"GET {JOBS}/ftjob-1", body), 3)  # only late
        assert bench.score(adapt(bench)).estimate.value == 1.0
        assert list(service.jobs) == ["ftjob-1"]
        assert bench.meter.usage.money == pytest.approx(service.jobs["ftjob-1"]["trained_tokens"] * PRICE / 1e6)


def test_a_job_that_has_vanished_is_waited_for_and_its_way_out_is_said(tmp_path: Path) -> None:
    def gone(body: Any) -> Any:
        return 404, {"error": {"message": "no such job"}}

    with serving() as service, at(tmp_path / "a", service) as bench:
        service.twist = on(f"GET {JOBS}/ftjob-1", gone, 3)  # not everywhere at once
        assert bench.score(adapt(bench)).estimate.value == 1.0
    with serving() as service, at(tmp_path / "b", service) as bench:
        service.twist = on(f"GET {JOBS}/ftjob-1", gone)
        with pytest.raises(TuningError, match=r"does not know it.*remove (.*job\.json): the next run starts another"):
            adapt(bench)
        [note] = (tmp_path / "b").rglob("job.json")
        note.unlink()
        service.jobs.clear()
        service.started({"model": "x", "training_file": "f", "method": {}})  # somebody else's
        assert adapt(bench).weights is not None
        assert list(service.jobs) == ["ftjob-1", "ftjob-2"]


@pytest.mark.parametrize(("told", "paid"), [(500, 0.5), (None, None), (0, 0.0)])
def test_a_job_that_was_cancelled_elsewhere_counts_what_it_trained_on(
    told: int | None, paid: float | None, tmp_path: Path
) -> None:
    """Where it does not say so: the most that it can have cost. And a limit holds over it and the next one together."""

    def stopped(body: Any) -> Any:
        return body | {"status": "cancelled", "trained_tokens": told} if "status" in body else body

    with serving() as service:
        with at(tmp_path / "a", service, limits=LimitsSpec(money=10), prices=PRICES) as bench:
            service.twist = on(f"GET {JOBS}/ftjob-1", stopped)
            with pytest.raises(TuningError, match="ftjob-1 ended as cancelled"):
                adapt(bench)
            spent = bench.meter.usage.money
            assert spent == pytest.approx(paid) if paid is not None else spent > 0.5
        with at(tmp_path / "a", service, limits=LimitsSpec(money=10), prices=PRICES) as bench:
            assert bench.meter.usage.money == pytest.approx(spent)  # also in another process
            adapt(bench)
            assert list(service.jobs) == ["ftjob-1", "ftjob-2"]
            second = service.jobs["ftjob-2"]["trained_tokens"] * PRICE / 1e6
            assert bench.meter.usage.money == pytest.approx(spent + second)


@pytest.mark.parametrize("lost", [1, 3])
def test_a_file_whose_answer_was_lost_lies_there_once(lost: int, tmp_path: Path) -> None:
    with serving(lose_files=lost) as service, at(tmp_path / "a", service) as bench:
        adapt(bench)
        assert len(service.stored) == 2
        names = [one["filename"] for one in service.stored.values()]
        assert all(name.startswith("crossover-") for name in names)
        assert names[0].endswith("-train.jsonl")
        assert names[1].endswith("-validation.jsonl")


def test_a_study_killed_between_two_uploads_sends_only_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the first is noted, and after it."""
    for number, name in enumerate(("before", "after")):
        with serving() as service:

            def killed(folder: Path, job: Any, when: int = number) -> Any:
                if when and len(job.files) == 1:
                    write_job(folder, job)
                raise KeyboardInterrupt

            with at(tmp_path / name, service) as bench, monkeypatch.context() as patch:
                patch.setattr(trained, "write_job", killed)
                with pytest.raises(KeyboardInterrupt):
                    adapt(bench)
            assert len(service.stored) == 1
            with at(tmp_path / name, service) as bench:
                adapt(bench)
            assert len(service.stored) == 2
            assert service.asked["POST files"] == 2


def test_files_that_a_refused_job_named_are_not_named_again_where_they_are_gone(tmp_path: Path) -> None:
    with serving(refuse=(400, "file-1 has expired")) as service, at(tmp_path / "a", service) as bench:
        with pytest.raises(TuningError, match="file-1 has expired"):
            adapt(bench)
        service.refuse = None
        for one in service.stored.values():
            one["status"] = "deleted"
        adapt(bench)
        assert service.jobs["ftjob-1"]["training_file"] == "file-3"


def test_a_service_that_takes_no_more_jobs_just_now_is_asked_again_and_one_without_credit_is_not(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, limits=LimitsSpec(money=10), prices=PRICES) as bench:
        client = service.client()
        plain, left = client.fine_tuning.jobs.create, [3]

        def create(**body: Any) -> Any:
            left[0] -= 1
            service.refuse = (429, "too many jobs at a time") if left[0] >= 0 else None
            return plain(**body)

        client.fine_tuning.jobs.create = create  # type: ignore[method-assign]
        adapt(bench)
        assert service.asked[f"POST {JOBS}"] == 4
        assert list(service.jobs) == ["ftjob-1"]
    with serving(refuse=(429, "insufficient_quota")) as service, at(tmp_path / "b", service) as bench:
        with pytest.raises(TuningError, match="insufficient_quota"):
            adapt(bench)
        assert service.asked[f"POST {JOBS}"] == 1


@pytest.mark.parametrize("route", ["POST files", f"POST {JOBS}"])
def test_what_was_never_begun_holds_no_money(route: str, tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, limits=LimitsSpec(money=10), prices=PRICES) as bench:
        service.twist = on(route, lambda body: (404, {"error": {"message": "no tuning here"}}))
        with pytest.raises(TuningError, match="no tuning here"):
            adapt(bench)
        bench.meter.check(ahead=9.99)


def test_a_second_job_after_a_failed_one_is_no_repetition_of_it_to_the_service(tmp_path: Path) -> None:
    """A service that keeps to idempotency keys would answer with the failed job."""
    keys: list[str] = []
    with serving(fail="bad luck") as service, at(tmp_path / "a", service) as bench:
        client = service.client()
        create = client.fine_tuning.jobs.create

        def started(**body: Any) -> Any:
            keys.append(body["extra_headers"]["Idempotency-Key"])
            return create(**body)

        client.fine_tuning.jobs.create = started  # type: ignore[method-assign]
        with pytest.raises(TuningError, match="bad luck"):
            adapt(bench)
        service.fail = ""
        adapt(bench)
        assert len(set(keys)) == 2


def test_a_job_is_also_found_where_metadata_are_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    with serving() as service:
        service.twist = lambda asked, body: without("metadata")(body) if asked == f"POST {JOBS}" else body
        service.narrow = False
        with at(tmp_path / "a", service) as bench, monkeypatch.context() as patch:
            patch.setattr(trained, "noted", killed)
            with pytest.raises(KeyboardInterrupt):
                adapt(bench)
        with at(tmp_path / "a", service) as bench:
            adapt(bench)
        assert len(service.jobs) == 1


def test_a_service_that_takes_no_metadata_gets_none_and_its_job_is_still_paid_once(tmp_path: Path) -> None:
    with serving(unknown=("metadata", "seed"), lose=1) as service, at(tmp_path / "a", service) as bench:
        adapt(bench)
        assert service.asked[f"POST {JOBS}"] == 3
        assert list(service.jobs) == ["ftjob-1"]
        assert service.jobs["ftjob-1"]["metadata"] is None


def test_a_job_that_a_limit_does_not_allow_says_what_it_may_cost(tmp_path: Path) -> None:
    said = r"money: a job on up to [\d,]+ tokens may cost [\d.]+$"
    with serving() as service, at(tmp_path / "a", service, limits=LimitsSpec(money=1), prices=PRICES) as bench:
        with pytest.raises(BudgetExceeded, match=said):
            adapt(bench)
        assert not service.asked["POST files"]


def test_ctrl_c_is_ctrl_c_also_where_cancelling_fails_and_while_the_job_is_being_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    with serving(looks=99) as service, at(tmp_path / "a", service) as bench, monkeypatch.context() as patch:
        patch.setattr(trained.HostedTrainer, "_told", killed)
        service.twist = on(f"POST {JOBS}/ftjob-1/cancel", lambda body: (400, {"error": {"message": "it is over"}}))
        with pytest.raises(KeyboardInterrupt, match=r"ftjob-1 goes on, as cancelling it failed.*it is over"):
            adapt(bench, cancel=True)
        service.twist = lambda asked, body: body
        with pytest.raises(KeyboardInterrupt, match="ftjob-1 is cancelled"):
            adapt(bench, cancel=True)
    for cancel, status in ((True, "cancelled"), (False, "validating_files")):
        with serving(looks=99) as service, at(tmp_path / str(cancel), service) as bench, monkeypatch.context() as patch:
            client = service.client()
            create = client.fine_tuning.jobs.create

            def started(create: Any = create, **body: Any) -> Any:
                create(**body)
                raise KeyboardInterrupt

            patch.setattr(client.fine_tuning.jobs, "create", started)
            with pytest.raises(KeyboardInterrupt, match="ftjob-1"):
                adapt(bench, cancel=cancel)
            assert service.jobs["ftjob-1"]["status"] == status


def test_an_answer_that_is_right_in_other_words_is_not_preferred_against(tmp_path: Path) -> None:
    """The metric finds JSON the same whatever the order of its fields is."""
    about: dict[str, Any] = {"kind": "extract", "labels": {}, "metric": "field_f1"}
    right, wrong = '{"b": 2, "a": 1}', '{"a": 7}'
    with serving(plain=right) as service, at(tmp_path / "a", service, **about) as bench:
        rows = [Example(f"t{i}", f"text {i}", '{"a": 1, "b": 2}') for i in range(12)]
        with pytest.raises(OptionError, match="gave 0 wrong answers to 12 training rows"):
            adapt(replace(bench, train=rows, dev=rows), objective="dpo")
    with serving(plain=wrong) as service, at(tmp_path / "b", service, **about) as bench:
        adapt(replace(bench, train=rows, dev=rows), objective="dpo")
        [job] = service.jobs.values()
        assert service.files[job["training_file"]][0]["non_preferred_output"][0]["content"] == wrong


def test_a_job_that_is_billed_by_the_hour_keeps_no_limit_of_money_and_costs_nothing_that_is_made_up(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service, limits=LimitsSpec(money=100), prices=PRICES) as bench:
        with pytest.raises(OptionError, match="bill reinforcement by the hour"):
            adapt(bench, objective="reinforcement")
        assert not service.jobs
    with serving() as service, at(tmp_path / "b", service, prices=PRICES) as bench:
        made = adapt(bench, objective="reinforcement")
        assert "by the hour, which costs nothing here" in made.provenance.note
        assert bench.meter.usage.money == 0


def test_a_key_that_looks_like_nothing_is_not_passed_on_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "AZ9canary4711bcdefghijklmnop"
    monkeypatch.setenv("MY_KEY", key)
    with serving(refuse=(403, f"not with {key}")) as service:
        model = open_model(f"openai:{BASE}?url={quote(service.url, safe='')}&key=MY_KEY")
        with at(tmp_path / "a", service, model) as bench, pytest.raises(TuningError, match="answers 403") as caught:
            adapt(bench)
        assert key not in str(caught.value)
        assert all(key.encode() not in path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file())


@pytest.mark.parametrize("code", [403, 404])
def test_a_checkpoint_that_may_not_be_asked_ends_nothing(code: int, tmp_path: Path) -> None:
    """By the model that a user would name."""

    def closed(body: Any) -> Any:
        named = isinstance(body, dict) and "ckpt" in str(body.get("model"))
        return (code, {"error": {"message": "no access to this model"}}) if named else body

    with serving() as service:
        service.twist = on("POST chat", closed)
        with at(tmp_path / "a", service, open_model(f"openai:{BASE}?url={quote(service.url, safe='')}")) as bench:
            made = adapt(bench)
            assert made.weights is not None
            assert made.weights.ref == f"ft:{BASE}:ftjob-1"
            assert "checkpoint after step 3 does not answer, so it was not tried" in made.provenance.note


def test_what_a_service_says_of_a_failed_job_is_short_and_on_one_line(tmp_path: Path) -> None:
    with serving(fail="bad\n" * 10_000 + "sk-abcdefgh1234") as service, at(tmp_path / "a", service) as bench:
        with pytest.raises(TuningError, match="ended as failed: bad bad") as caught:
            adapt(bench)
        assert len(str(caught.value)) < 500
        assert "\n" not in str(caught.value)


def test_a_warmed_up_model_that_is_right_everywhere_is_kept_as_it_is_paid_for(tmp_path: Path) -> None:
    with serving() as service, at(tmp_path / "a", service) as bench:
        made = adapt(bench, objective="dpo", warm_up=True)
        assert bench.score(made).estimate.value == 1.0
        assert "only warmed up: so tuned, the start gave 0 wrong answers to 20 training rows" in made.provenance.note
        assert len(service.jobs) == 1


def test_a_wrong_answer_that_no_file_may_hold_is_no_pair(tmp_path: Path) -> None:
    with serving(plain="\x00warm\x07") as service, at(tmp_path / "a", service, kind="generate", labels={}) as bench:
        with pytest.raises(OptionError, match="preference tuning takes 10 pairs or more"):
            open_strategy("openai_finetune", {"objective": "dpo"}).adapt(Candidate("toy"), bench)
        assert not service.files


def test_a_job_that_takes_days_is_looked_at_all_the_time() -> None:
    assert trained.pause(0) < trained.pause(5)
    assert trained.pause(3_000) == trained.pause(10**6) == trained.pause(50)


def test_numbers_as_services_tell_them() -> None:
    told: list[Any] = [1, "2.5", "nan", "inf", None, [], True, 10**400, "x"]
    assert [amount(one) for one in told] == [1.0, 2.5, *[None] * 7]
    assert [whole(one) for one in (3, "4", -1, 10**30, 2.9, None)] == [3, 4, None, None, 2, None]
