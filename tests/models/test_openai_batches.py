"""Models that are asked in batches, by the official client."""

from __future__ import annotations

import itertools
import json
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.data.economics import Limits, PriceList
from crossover.engine import batches
from crossover.engine.caller import call_key
from crossover.engine.meter import BATCHES
from crossover.errors import BudgetExceeded, ModelError
from crossover.models.base import hosted_weights
from crossover.models.open import open_model
from crossover.models.openai import Openai
from crossover.models.openai import batches as wire
from crossover.types import Request, Usage
from tests.models.batch_service import BatchService, Body, serving
from tests.models.test_openai import asked, caller

PRICES = PriceList(input=5.0, output=20.0)
EACH = (10 * 5 + 2 * 20) / 1e6


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LOOK", 0.001)


def model(service: BatchService, more: str = "") -> Openai:
    found = open_model(f"openai:m?batch=true&url={service.url}{more}")
    assert isinstance(found, Openai)
    return found


def texts(count: int) -> list[Request]:
    return asked([f"item {number}" for number in range(count)])


def test_results_in_any_order_are_replies_each_paid_once_and_kept(tmp_path: Path) -> None:
    with serving(BatchService(looks=3, plan=lambda key, body: random.choice(("", "twice")))) as service:
        ask, meter, journal = caller(tmp_path, prices=PRICES)
        told: list[tuple[int, int]] = []
        replies = ask.ask(model(service), texts(20), "dev", lambda done, total: told.append((done, total)))
        assert [reply.text for reply in replies] == [str(number) for number in range(20)]
        assert len(service.batches) == 1
        assert told[-1] == (20, 20)
        assert (10, 20) in told, "how far the batch is"
        assert meter.usage.money == pytest.approx(20 * EACH)
        assert (meter.calls, journal.spent()[0]) == (20, 20)
        assert journal.fact(BATCHES) == {}
        lines = service.lines(service.batches["batch_1"])
        assert {line["custom_id"] for line in lines} == {call_key(model(service), one) for one in texts(20)}
        assert lines[0]["url"] == "/v1/chat/completions"
        assert "metadata" in service.batches["batch_1"]
        journal.close()
        again, _, _ = caller(tmp_path, prices=PRICES)
        again.ask(model(service), texts(20), "dev")
        assert len(service.batches) == 1


@pytest.mark.parametrize(
    ("fault", "ends", "why", "paid"),
    [
        ("left", "expired", "not in time", False),
        ("left", "cancelled", "not in time", False),
        ("missing", "expired", "expired before this was answered", False),
        ("missing", "completed", "has no result for this", True),
        ("garbage", "completed", "no chat completion", True),
        ("500", "completed", "answered 500: no such thing", False),
        ("404", "completed", "answered 404: no such thing", False),
    ],
)
def test_what_a_batch_does_not_answer_is_a_failed_call(tmp_path: Path, fault: str, ends: str, why: str, paid: bool) -> None:
    def plan(key: str, body: Body) -> str:
        return fault if body["messages"][-1]["content"].endswith("3") else ""

    with serving(BatchService(plan=plan, ends=ends)) as service:
        chosen = model(service)
        ask, meter, journal = caller(tmp_path, prices=PRICES)
        replies = ask.ask(chosen, texts(5), "dev")
        assert [reply.error is None for reply in replies] == [True, True, True, False, True]
        assert why in str(replies[3].error)
        most = chosen.at_most(texts(5)[3])
        dear = (most.tokens_in * 5 + most.tokens_out * 20) / 1e6
        assert meter.usage.money == pytest.approx(4 * EACH + (dear if paid else 0))
        assert ask.ask(chosen, texts(5), "dev") == replies
        assert len(service.batches) == 1, "a failed call is not asked again in the same session"
        journal.close()
        service.plan, service.ends = lambda key, body: "", "completed"
        again, _, _ = caller(tmp_path, prices=PRICES)
        assert [reply.error for reply in again.ask(chosen, texts(5), "dev")] == [None] * 5
        assert len(service.lines(service.batches["batch_2"])) == 1


def test_what_is_refused_of_lines_is_left_out_of_a_further_batch(tmp_path: Path) -> None:
    def plan(key: str, body: Body) -> str:
        return next((name for name in ("temperature", "seed") if name in body), "")

    with serving(BatchService(plan=plan)) as service:
        ask, meter, _ = caller(tmp_path, prices=PRICES)
        replies = ask.ask(model(service), texts(4), "dev")
        assert [reply.error for reply in replies] == [None] * 4
        assert len(service.batches) == 3
        assert meter.usage.money == pytest.approx(4 * EACH)


def test_a_batch_is_of_one_model(tmp_path: Path) -> None:
    with serving(BatchService()) as service:
        chosen = model(service)
        tuned = [replace(one, weights=hosted_weights(chosen, f"ft:m:{number % 2}")) for number, one in enumerate(texts(4))]
        replies = caller(tmp_path)[0].ask(chosen, texts(4) + tuned, "dev")
        assert [reply.text for reply in replies] == ["0", "1", "2", "3"] * 2
        assert sorted(len(service.lines(one)) for one in service.batches.values()) == [2, 2, 4]


def test_labels_are_held_to_a_form_and_nothing_is_found_out_by_asking(tmp_path: Path) -> None:
    def answer(body: Body) -> str:
        return '{"label": "no"}' if "response_format" in body else "yes"

    with serving(BatchService(answer=answer)) as service:
        chosen, ask = model(service), caller(tmp_path)[0]
        replies = ask.ask(chosen, asked(["a", "b"], labels=("yes", "no")), "dev")
        assert [reply.text for reply in replies] == ["no", "no"]
        assert "logprobs" not in service.bodies[0]
        assert chosen.told == ["a label of 'openai:m' is held to a form by the service"]
        assert chosen.identity != open_model(f"openai:m?url={service.url}").identity, "else it would be chosen otherwise"


def test_a_lost_answer_is_looked_for_and_nothing_is_begun_twice(tmp_path: Path) -> None:
    for silent in (False, True):
        with serving(BatchService(lose=1, silent=silent)) as service:
            ask = caller(tmp_path / str(silent))[0]
            assert [reply.error for reply in ask.ask(model(service), texts(3), "dev")] == [None] * 3
            assert len(service.batches) == 1


@pytest.mark.parametrize("at", ["file", "batch"])
def test_killed_before_the_id_is_kept_it_is_found_by_its_name_or_sent_for_the_first_time(
    tmp_path: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(BatchService()) as service:
        ask, _, journal = caller(tmp_path)
        keep = journal.set_fact

        def dies(name: str, body: Any) -> None:
            if name == BATCHES and any(note["id" if at == "batch" else "file"] for note in body.values()):
                raise KeyboardInterrupt
            keep(name, body)

        monkeypatch.setattr(journal, "set_fact", dies)
        with pytest.raises(KeyboardInterrupt):
            ask.ask(model(service), texts(3), "dev")
        journal.close()
        assert (len(service.files), len(service.batches)) == (1, at == "batch")
        again, _, journal = caller(tmp_path)
        assert [reply.error for reply in again.ask(model(service), texts(3), "dev")] == [None] * 3
        assert len(service.batches) == 1
        assert set(service.paid.values()) == {1}


def test_limits_split_what_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(BatchService()) as service:
        for name, lines, size in (
            ("lines", 7, 10**9),
            ("bytes", 10**9, 7 * len(model(service).batches().line("x" * 16, texts(9)[0]))),
        ):
            monkeypatch.setattr(wire, "LINES", lines)
            monkeypatch.setattr(wire, "BYTES", size)
            service.batches.clear()
            ask = caller(tmp_path / name)[0]
            assert [reply.error for reply in ask.ask(model(service), texts(10), "dev")] == [None] * 10
            assert [len(service.lines(one)) for one in service.batches.values()] == [7, 3]


def test_where_more_waits_than_may_batches_get_smaller(tmp_path: Path) -> None:
    with serving(BatchService(room=6)) as service:
        ask, meter, _ = caller(tmp_path, prices=PRICES)
        assert [reply.error for reply in ask.ask(model(service), texts(20), "dev")] == [None] * 20
        assert set(service.paid.values()) == {1}
        assert meter.usage.money == pytest.approx(20 * EACH)


@pytest.mark.parametrize("money", [0.0005, 0.004, 0.02])
def test_a_budget_holds_the_most_that_a_batch_may_cost(tmp_path: Path, money: float) -> None:
    with serving(BatchService()) as service:
        ask, meter, journal = caller(tmp_path, Limits(money=money), PRICES)
        chosen, some = model(service), asked([f"item {number:03}" for number in range(300)], max_tokens=20)
        with pytest.raises(BudgetExceeded, match="in money"):
            ask.ask(chosen, some, "dev")
        assert sum(service.paid.values()) * EACH == pytest.approx(meter.usage.money)
        assert meter.usage.money <= money
        most = chosen.at_most(some[0])
        assert money - meter.usage.money < (most.tokens_in * 5 + most.tokens_out * 20) / 1e6, "what is held comes back"
        assert journal.spent()[1].money == pytest.approx(meter.usage.money)


def test_what_is_under_way_counts_in_a_later_run_too_and_is_kept_for_who_wants_it_later(tmp_path: Path) -> None:
    with serving(BatchService(seconds=600.0)) as service:
        ask, meter, journal = caller(tmp_path, prices=PRICES)

        def over() -> None:
            if service.batches:
                raise BudgetExceeded("the limit of 1 minutes is reached")

        meter.check_time = over  # type: ignore[method-assign]
        with pytest.raises(BudgetExceeded, match="1 batches go on at the service"):
            ask.ask(model(service), texts(5), "dev")
        journal.close()
        most = 5 * max((u.tokens_in * 5 + u.tokens_out * 20) / 1e6 for u in map(model(service).at_most, texts(5)))
        ask, meter, journal = caller(tmp_path, Limits(money=most / 2), PRICES)
        with pytest.raises(BudgetExceeded, match="in money"):
            meter.check(calls=1)
        journal.close()
        service.seconds = 0.0
        ask, meter, journal = caller(tmp_path, Limits(money=2 * most), PRICES)
        replies = ask.ask(model(service), texts(3)[1:] + asked(["item new"]), "dev")
        assert [reply.text for reply in replies] == ["1", "2", "new"]
        assert set(service.paid.values()) == {1}
        assert meter.usage.money == pytest.approx(3 * EACH)
        meter.check(ahead=2 * most - 6.01 * EACH)
        with pytest.raises(BudgetExceeded, match="in money"):
            meter.check(ahead=2 * most - 5.99 * EACH)  # what nobody asked for yet is paid for too
        journal.close()
        ask, meter, journal = caller(tmp_path, Limits(money=2 * most), PRICES)
        assert [reply.text for reply in ask.ask(model(service), texts(5), "dev")] == ["0", "1", "2", "3", "4"]
        assert set(service.paid.values()) == {1}
        assert meter.usage.money == pytest.approx(6 * EACH)
        assert journal.fact(BATCHES) == {}


def test_a_limit_beside_what_another_purpose_has_under_way_is_said_once_that_is_over(tmp_path: Path) -> None:
    with serving(BatchService(seconds=600.0)) as service:
        chosen = model(service)
        most = sum((u.tokens_in * 5 + u.tokens_out * 20) / 1e6 for u in map(chosen.at_most, texts(5)))
        ask, meter, _ = caller(tmp_path, Limits(money=1.1 * most, calls=9), PRICES)
        in_time = meter.check_time

        def over() -> None:
            if service.batches:
                raise BudgetExceeded("the limit of 1 minutes is reached")

        meter.check_time = over  # type: ignore[method-assign]
        with pytest.raises(BudgetExceeded, match="1 batches go on at the service"):
            ask.ask(chosen, texts(5), "dev")
        meter.check_time = in_time  # type: ignore[method-assign]
        service.seconds = 0.0
        others = asked([f"other {number}" for number in range(4)])
        assert [reply.text for reply in ask.ask(chosen, others, "test")] == ["0", "1", "2", "3"]
        with pytest.raises(BudgetExceeded, match="limit of 9 calls"):
            ask.ask(chosen, asked(["one more"]), "test")
        assert [reply.text for reply in ask.ask(chosen, texts(5), "dev")] == ["0", "1", "2", "3", "4"]
        assert set(service.paid.values()) == {1}
        assert meter.usage.money == pytest.approx(9 * EACH)


def test_one_batch_of_several_candidates_that_a_killed_run_sent_answers_each_of_them(tmp_path: Path) -> None:
    with serving(BatchService(seconds=600.0)) as service:
        chosen = model(service)
        most = sum((u.tokens_in * 5 + u.tokens_out * 20) / 1e6 for u in map(chosen.at_most, texts(6)))
        ask, meter, journal = caller(tmp_path, Limits(money=1.5 * most), PRICES)

        def killed() -> None:
            if service.batches:
                raise KeyboardInterrupt

        meter.check_time = killed  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            ask.ahead(chosen, texts(6), "2 candidates on dev")
        journal.close()
        service.seconds = 0.0
        ask, meter, journal = caller(tmp_path, Limits(money=1.5 * most), PRICES)
        ask.ahead(chosen, texts(6), "2 candidates on dev")
        assert journal.fact(BATCHES) == {}, "what is under way already needs no money twice"
        assert [reply.text for reply in ask.ask(chosen, texts(6)[:3], "one on dev")] == ["0", "1", "2"]
        assert [reply.text for reply in ask.ask(chosen, texts(6)[3:], "another on dev")] == ["3", "4", "5"]
        assert set(service.paid.values()) == {1}


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (BatchService(ends="failed"), "batch_1 was not answered: the file is no good, key …"),
        (BatchService(refuse="your plan has no batches"), "beginning a batch: the service answered 400: your plan has no"),
    ],
)
def test_what_no_request_gets_over_is_one_sentence_and_holds_no_money(
    tmp_path: Path, service: BatchService, why: str
) -> None:
    with serving(service):
        ask, meter, journal = caller(tmp_path, Limits(money=1.0), PRICES)
        with pytest.raises(ModelError, match=why):
            ask.ask(model(service), texts(3), "dev")
        assert journal.fact(BATCHES) == {}
        meter.check(ahead=1.0)


def test_only_services_that_have_batches_of_the_dialect_take_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "canary")
    with pytest.raises(ModelError, match="'deepseek' answers no batches of OpenAI's dialect; valid with batch: openai"):
        open_model("deepseek:m?batch=true")
    azure = open_model("azure:m?batch=true&url=http://127.0.0.1:1/openai/v1")
    assert isinstance(azure, Openai)
    assert json.loads(azure.batches().line("k", texts(1)[0]))["url"] == "/chat/completions"


def test_what_is_refused_of_lines_is_left_out_of_all_that_were_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(key: str, body: Body) -> str:
        return next((name for name in ("temperature", "max_tokens") if name in body), "")

    monkeypatch.setattr(wire, "LINES", 2)
    with serving(BatchService(plan=plan)) as service:
        ask, _, journal = caller(tmp_path)
        assert [reply.error for reply in ask.ask(model(service), texts(6), "dev")] == [None] * 6
        assert set(service.paid.values()) == {1}
        journal.close()
        before = len(service.batches)
        again, _, _ = caller(tmp_path)
        assert [reply.error for reply in again.ask(model(service), texts(8), "dev")] == [None] * 8
        assert len(service.batches) == before + 1, "a further run knows what is refused"


def test_a_further_run_has_what_was_under_way_though_the_time_is_over(tmp_path: Path) -> None:
    with serving(BatchService(seconds=600.0)) as service:

        def over() -> None:
            if service.batches:
                raise BudgetExceeded("the limit of 1 minutes is reached")

        for seconds in (600.0, 0.0):
            service.seconds = seconds
            ask, meter, journal = caller(tmp_path)
            meter.check_time = over  # type: ignore[method-assign]
            if seconds:
                with pytest.raises(BudgetExceeded, match="a further run has what they answer"):
                    ask.ask(model(service), texts(3), "dev")
            else:
                assert [reply.error for reply in ask.ask(model(service), texts(3), "dev")] == [None] * 3
            journal.close()


def test_a_batch_may_take_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(batches, "MORE", 1.3**100)
    with serving(BatchService(looks=40)) as service:
        assert [reply.error for reply in caller(tmp_path)[0].ask(model(service), texts(2), "dev")] == [None] * 2


def test_what_is_under_way_counts_beside_calls_to_another_model(tmp_path: Path) -> None:
    _, meter, _ = caller(tmp_path, Limits(calls=10, tokens=100))
    meter.ahead("batch", Usage(30, 30), 4)
    meter.check(texts(6))
    meter.check(tokens=40)
    with pytest.raises(BudgetExceeded, match="10 calls"):
        meter.check(texts(7))
    with pytest.raises(BudgetExceeded, match="100 tokens"):
        meter.check(tokens=41)


@pytest.mark.parametrize("patience", [3600.0, 0.0])
def test_a_service_that_is_away_for_a_while_is_asked_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr(wire, "REPEATS", 0)
    monkeypatch.setattr(batches, "PATIENCE", patience)
    with serving(BatchService(away=5)) as service:
        ask, _, journal = caller(tmp_path)
        if patience:
            assert [reply.error for reply in ask.ask(model(service), texts(2), "dev")] == [None] * 2
        else:
            with pytest.raises(ModelError, match="asking after the batch batch_1: the service cannot be reached; run it"):
                ask.ask(model(service), texts(2), "dev")
            assert len(journal.fact(BATCHES)) == 1


def test_results_that_the_service_no_longer_has_are_failed_calls_and_may_be_paid(tmp_path: Path) -> None:
    with serving(BatchService()) as service:
        chosen = model(service)
        ask, meter, journal = caller(tmp_path, prices=PRICES)
        service.forgets = True
        replies = ask.ask(chosen, texts(2), "dev")
        assert {reply.error for reply in replies} == {"the service no longer has the results of the batch"}
        most = sum((u.tokens_in * 5 + u.tokens_out * 20) / 1e6 for u in map(chosen.at_most, texts(2)))
        assert meter.usage.money == pytest.approx(most)
        assert journal.fact(BATCHES) == {}


def test_a_batch_of_another_key_is_said_to_be_one_and_stays_noted(tmp_path: Path) -> None:
    with serving(BatchService(looks=3)) as service:
        ask = caller(tmp_path)[0]
        service.strange = True
        with pytest.raises(ModelError, match="answered 404: no such batch; it was begun with another key, or is deleted"):
            ask.ask(model(service), texts(2), "dev")
        service.strange = False
        assert [reply.error for reply in ask.ask(model(service), texts(2), "dev")] == [None] * 2
        assert set(service.paid.values()) == {1}


def test_one_batch_too_many_waits_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PAUSE", 0.001)
    with serving(BatchService(too_many=2)) as service:
        assert [reply.error for reply in caller(tmp_path)[0].ask(model(service), texts(2), "dev")] == [None] * 2
        assert len(service.batches) == 1


def test_a_file_that_is_not_taken_holds_no_money(tmp_path: Path) -> None:
    with serving(BatchService(full=True)) as service:
        ask, meter, journal = caller(tmp_path, Limits(money=1.0), PRICES)
        with pytest.raises(ModelError, match="uploading a batch: the service answered 400: no room for files"):
            ask.ask(model(service), texts(3), "dev")
        assert journal.fact(BATCHES) == {}
        meter.check(ahead=1.0)


def test_a_batch_that_fails_in_the_middle_gives_what_it_answered(tmp_path: Path) -> None:
    def plan(key: str, body: Body) -> str:
        return "missing" if body["messages"][-1]["content"].endswith("1") else "again"

    with serving(BatchService(plan=plan, ends="broken")) as service:
        ask, meter, _ = caller(tmp_path, prices=PRICES)
        replies = ask.ask(model(service), texts(3), "dev")
        assert [reply.text for reply in replies] == ["0", "", "2"], "also where the first result of a line is a fault"
        assert "failed before this was answered" in str(replies[1].error)
        assert meter.usage.money == pytest.approx(2 * EACH)


@pytest.mark.parametrize("after", [False, True])
def test_killed_before_or_after_any_write_it_pays_for_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr(wire, "LINES", 2)
    for at in itertools.count():
        with serving(BatchService()) as service:
            place, writes = tmp_path / f"{at}", itertools.count()
            ask, _, journal = caller(place, prices=PRICES)
            write = journal._write_all

            def dies(*rows: Any, write: Any = write, writes: Any = writes, at: int = at) -> None:
                if not after and next(writes) == at:
                    raise KeyboardInterrupt
                write(*rows)
                if after and next(writes) == at:
                    raise KeyboardInterrupt

            journal._write_all = dies  # type: ignore[method-assign]
            try:
                ask.ask(model(service), texts(3), "dev")
                break
            except KeyboardInterrupt:
                journal.close()
            again, meter, journal = caller(place, prices=PRICES)
            replies = again.ask(model(service), texts(3), "dev")
            assert [reply.text for reply in replies] == [str(number) for number in range(3)]
            assert set(service.paid.values()) == {1}
            assert meter.calls == 3
            assert meter.usage.money == pytest.approx(3 * EACH)
            assert journal.fact(BATCHES) == {}
    assert at >= 10
