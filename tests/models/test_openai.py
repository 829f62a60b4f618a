"""Models behind OpenAI's interface, spoken to over a real connection by the official client."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.economics import Limits, PriceList
from crossover.engine.answer import prediction
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.errors import BudgetExceeded, ModelError
from crossover.models import _http
from crossover.models.open import open_model
from crossover.models.openai import Openai
from crossover.models.openai.labels import formed, held_to, scores_of
from crossover.models.vertex import Vertex
from crossover.testing.models import check_model
from crossover.types import Decoding, Message, Reply, Request, Usage
from tests.models.service import Body, Service, serving

LABELS = ("spam", "not spam")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.002)


def model(service: Service, more: str = "") -> Openai:
    found = open_model(f"openai:m?url={service.url}{more}")
    assert isinstance(found, Openai)
    return found


def asked(texts: Sequence[str], **how: object) -> list[Request]:
    return [Request((Message("user", text),), Decoding(**how)) for text in texts]  # type: ignore[arg-type]


def caller(path: Path, limits: Limits | None = None, prices: PriceList | None = None) -> tuple[Caller, Meter, Journal]:
    path.mkdir(exist_ok=True)
    journal = Journal(path / "study.db")
    meter = Meter(journal, limits or Limits(), lambda model: prices or PriceList())
    return Caller(journal, meter), meter, journal


def test_it_keeps_the_contract_and_tells_what_was_taken() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}}
    with serving(Service(usage=usage)) as service:
        check_model(model(service, "&window=200"))
        [reply] = model(service).complete(asked(["say this"]))
    assert (reply.text, reply.model, reply.finish) == ("this", "m-1", "stop")
    assert (reply.usage.tokens_in, reply.usage.tokens_out, reply.usage.cached_in) == (10, 7, 4)
    assert reply.usage.seconds > 0


def test_labels_by_log_probability_where_there_are_enough() -> None:
    top = {"spam": -0.2, "not": -1.8, "The": -5.0}
    with serving(Service(answer=lambda body: "spam", logprobs=lambda body: top)) as service:
        replies = model(service).complete(asked(["a", "b"], labels=LABELS))
        assert [reply.text for reply in replies] == ["spam"] * 2
        assert [reply.label_scores for reply in replies] == [pytest.approx((-0.2, -1.8))] * 2
        assert len(service.bodies) == 2, "what was found out by asking is a reply"
        worded = model(service).complete(asked(["a"], labels=("bad", "good"), verbalizer=LABELS))
        assert worded[0].text == "bad"
        assert worded[0].label_scores == pytest.approx((-0.2, -1.8))


def test_a_label_that_is_not_listed_is_no_more_probable_than_what_is_left() -> None:
    assert scores_of(("a", "b"), {"b": -0.1}) == pytest.approx((-2.352, -0.1), abs=1e-3)
    assert scores_of(("a", "b"), {"b": 0.0}) == pytest.approx((math.log(1e-9), 0.0))
    assert scores_of(("a", "b", "c"), {"b": -0.1, "a": -4.0})[2] == pytest.approx(-4.0)  # type: ignore[index]
    assert scores_of(("yes", "no"), {"The": -0.1, "yes": -3.0}) is None


def test_labels_that_begin_alike_are_held_to_a_schema() -> None:
    def answer(body: Body) -> str:
        return '{"label": "not spam"}' if "response_format" in body else "not"

    with serving(Service(answer=answer, logprobs=lambda body: {"not": -0.1, "spam": -3.0})) as service:
        labels = ("spam", "not spam", "not sure")
        replies = model(service).complete(asked(["a", "b", "c"], labels=labels))
        formed = [body for body in service.bodies if "response_format" in body]
    assert [(reply.text, reply.label_scores) for reply in replies] == [("not spam", ())] * 3, "all in the same way"
    assert len(service.bodies) == 4, (
        "the first is asked twice: freely, which tells how labels can be chosen, and held to them"
    )
    assert len({reply.usage.tokens_in for reply in replies}) == 1, "what every request takes"
    assert sum((reply.once for reply in replies), Usage()).tokens_in == replies[0].usage.tokens_in, "both are paid for"
    assert formed[0]["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"] == list(labels)


def test_what_finding_out_cost_counts_also_where_no_answer_comes_of_it(tmp_path: Path) -> None:
    def busy(number: int, body: Body) -> str:
        return "" if "logprobs" in body else "503"

    prices = PriceList(input=10.0, output=40.0)
    with serving(Service(plan=busy, answer=lambda body: "neither")) as service:
        ask, meter, journal = caller(tmp_path, prices=prices)
        [reply] = ask.ask(model(service), asked(["a"], labels=("one", "other")), "test")
        calls, spent = journal.spent()
        journal.close()
    assert calls == 1
    assert spent.money == pytest.approx(meter.usage.money)
    assert reply.error is not None
    assert sum(service.paid.values()) == 1
    assert (meter.usage.tokens_in, meter.usage.tokens_out) == (10, 2)
    assert meter.usage.money == pytest.approx((10 * 10 + 2 * 40) / 1e6)


def test_what_a_model_does_not_take_is_left_out_from_then_on() -> None:
    def refuse(body: Body) -> str:
        return next((name for name in ("temperature", "max_completion_tokens", "logprobs", "seed") if name in body), "")

    with serving(Service(refuse=refuse, answer=lambda body: "It is **spam**.")) as service:
        chosen = model(service)
        replies = chosen.complete(asked(["a", "b", "c"], labels=LABELS))
        service.bodies.clear()
        chosen.complete(asked(["d"], labels=LABELS))
        assert len(service.bodies) == 1
        assert "max_tokens" in service.bodies[0]
        assert "temperature" not in service.bodies[0]
    assert [prediction(reply, Decoding(labels=LABELS)) for reply in replies] == ["spam"] * 3


def test_what_is_refused_of_many_at_a_time_is_learnt_by_all() -> None:
    def refuse(body: Body) -> str:
        return next((name for name in ("temperature", "max_completion_tokens", "seed") if name in body), "")

    with serving(Service(refuse=refuse, latency=0.01)) as service:
        replies = model(service).complete(asked([f"item {i}" for i in range(30)]))
    assert [reply.error for reply in replies] == [None] * 30


def test_a_model_that_thinks_has_room_for_it() -> None:
    with serving(Service()) as service:
        chosen = model(service, "&effort=low")
        chosen.complete(asked(["a"], max_tokens=5))
        assert service.bodies[0]["reasoning_effort"] == "low"
        assert service.bodies[0]["max_completion_tokens"] == 5 + 4096
        assert chosen.at_most(asked(["a"], max_tokens=5)[0]).tokens_out == 5 + 4096


WORDS = st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1), min_size=2, unique=True)


@given(WORDS, st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
@settings(max_examples=60)
def test_no_call_takes_more_than_is_held_for_it_however_a_service_counts(labels: list[str], text: str) -> None:
    """What an answer is held to is input, too: services count a schema as they count a prompt."""
    schema = {"type": "object", "properties": {label: {"type": "string"} for label in labels}}
    written = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    for decoding, extra in (
        (Decoding(labels=tuple(labels)), held_to(labels, "schema")),
        (Decoding(schema=written), formed(schema)),
    ):
        request = Request((Message("user", text),), decoding)
        sent = text.encode() + json.dumps(extra, ensure_ascii=False, separators=(",", ":")).encode()
        chosen = open_model("openai:m?url=http://127.0.0.1:9/v1&labels=constrained")
        assert chosen.at_most(request).tokens_in >= len(sent)  # type: ignore[attr-defined]
        words = "".join(labels) if decoding.labels else written
        assert Vertex("m", project="p").at_most(request).tokens_in >= len((text + words).encode())


FAULTS = ("429", "500", "503", "drop", "hang", "cut", "garbage", "empty", "filter")


def test_every_call_is_right_or_a_recorded_failure_and_none_is_paid_twice(tmp_path: Path) -> None:
    draw = random.Random(1)
    with serving(Service(plan=lambda n, body: draw.choice(FAULTS) if draw.random() < 0.2 else "")) as service:
        chosen = model(service, "&timeout=1&in_flight=100")
        ask, meter, journal = caller(tmp_path / "a")
        texts = [f"item {i}" for i in range(500)]
        replies = ask.ask(chosen, asked(texts), "dev")
        for text, reply in zip(texts, replies, strict=True):
            assert reply.error is not None or reply.text == text.split()[-1]
        failed = [reply for reply in replies if reply.error is not None]
        late = [reply for reply in failed if "no answer within" in str(reply.error)]  # more where this machine stands still
        assert 0 < len(failed) - len(late) < 100, "what passes by itself is asked again, what may be paid is not"
        assert set(service.paid.values()) == {1}
        assert journal.spent()[0] == meter.calls == 500
        before = service.number
        assert ask.ask(chosen, asked(texts), "dev") == replies
        assert service.number == before, "a failed call is not asked again in the same session"
        journal.close()
        again, _, _ = caller(tmp_path / "a")
        service.plan = lambda n, body: ""
        patient = model(service, "&in_flight=100")
        assert [reply.text for reply in again.ask(patient, asked(texts), "dev")] == [text.split()[-1] for text in texts]
        assert service.number - before == len(failed)


@pytest.mark.parametrize("fault", ["drop", "hang", "cut", "garbage"])
def test_a_service_that_takes_every_request_and_answers_none_is_given_up_before_the_money_is(
    fault: str, tmp_path: Path
) -> None:
    with serving(Service(plan=lambda n, body: fault)) as service:
        ask, meter, journal = caller(tmp_path, prices=PriceList(input=10.0, output=40.0))
        with pytest.raises(ModelError, match="nothing else has come for a while"):
            ask.ask(model(service, "&timeout=0.3&in_flight=16"), asked([f"item {i}" for i in range(300)]), "dev")
        assert sum(service.paid.values()) == len(service.paid) < 60
        assert journal.spent()[0] == meter.calls >= 24  # each that may be paid for counts
        assert meter.usage.money > 0


def test_what_had_arrived_when_the_study_died_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Service(latency=0.01)) as service:
        ask, _, journal = caller(tmp_path, prices=PriceList(input=10.0, output=40.0))
        some, add, came = asked([f"item {number}" for number in range(300)]), journal.add_calls, 0

        def dies(purpose: str, replies: Any, *more: Any) -> None:
            nonlocal came
            came += len(replies)
            if came > 60:
                quiet = 0
                while quiet < 50:  # all that was sent is answered, and paid for, and what was held ready is sent too
                    quiet = 0 if service.under_way else quiet + 1
                    time.sleep(0.01)
                raise KeyboardInterrupt
            add(purpose, replies, *more)

        monkeypatch.setattr(journal, "add_calls", dies)
        with pytest.raises(KeyboardInterrupt):
            ask.ask(model(service, "&in_flight=40"), some, "dev")
        known = journal.spent()[0]
        journal.close()
        with (tmp_path / "arrived.jsonl").open("a") as file:
            file.write('["half')  # as a killed process leaves it
        assert known < len(service.paid) < 300
        again, meter, journal = caller(tmp_path, prices=PriceList(input=10.0, output=40.0))
        replies = again.ask(model(service), some, "dev")
        assert [reply.text for reply in replies] == [str(number) for number in range(300)]
        assert set(service.paid.values()) == {1}, "what the server was paid for was had"
        assert meter.usage.money == pytest.approx(300 * (10 * 10 + 2 * 40) / 1e6)
        assert journal.spent()[0] == 300
        assert not (tmp_path / "arrived.jsonl").exists()


@pytest.mark.parametrize("money", [0.0009, 0.0137, 0.05, 0.21])
def test_a_budget_is_never_exceeded_with_a_hundred_calls_under_way(tmp_path: Path, money: float) -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 16}
    draw = random.Random(2)
    service = Service(usage=usage, plan=lambda n, body: draw.choice(("", "", "", "cut", "500")), latency=0.005)
    with serving(service):
        ask, meter, journal = caller(tmp_path, Limits(money=money), PriceList(input=10.0, output=40.0))
        texts = [f"this is item {i:03d}" for i in range(300)]
        with pytest.raises(BudgetExceeded, match="in money"):
            ask.ask(model(service, "&in_flight=100"), asked(texts, max_tokens=16), "dev")
        each = (30 * 10 + 16 * 40) / 1e6
        assert sum(service.paid.values()) * each <= money
        assert journal.spent()[1].money == pytest.approx(meter.usage.money)
        assert meter.usage.money <= money
        assert money - meter.usage.money < 0.003, "what is held comes back"


def test_a_service_that_refuses_is_asked_less_and_the_slots_are_filled() -> None:
    class Full(Service):
        """Answers once as many are under way as may be: how quick the client is decides nothing."""

        async def _answer(self, *given: Any) -> bool:
            while self.under_way < min(int(chosen._throttle.limit), 600 - sum(self.paid.values())):
                await asyncio.sleep(0.005)
            return await super()._answer(*given)

    with serving(Full(slots=20)) as service:
        chosen = model(service, "&in_flight=200")
        replies = chosen.complete(asked([f"item {i}" for i in range(600)]))
        assert [reply.text for reply in replies] == [str(i) for i in range(600)]
        refused = service.number - 600
        assert 0 < refused < 150
        assert service.most <= 60


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service(plan=lambda n, body: "404"), "knows no model 'm'"),
        (Service(plan=lambda n, body: "503"), "503: later; nothing else has come"),
        (Service(plan=lambda n, body: "402"), "until it is paid"),
        (Service(keys={"right"}), "refuses the key"),
    ],
)
def test_what_no_request_gets_over_is_one_sentence(service: Service, why: str, tmp_path: Path) -> None:
    with serving(service):
        ask, meter, _ = caller(tmp_path)
        with pytest.raises(ModelError, match=why) as caught:
            ask.ask(model(service), asked([f"item {i}" for i in range(100)]), "dev")
        assert "\n" not in str(caught.value)
        assert service.number < 120
        meter.check(calls=1)


def test_nobody_at_the_address() -> None:
    with pytest.raises(ModelError, match=r"no connection to 127\.0\.0\.1:9"):
        open_model("openai:m?url=http://127.0.0.1:9/v1").complete(asked([f"item {i}" for i in range(50)]))


@pytest.mark.parametrize("more", ["", "&api_version=2024-10-21"])
def test_what_openais_own_variables_hold_goes_to_openai_alone(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "X-Gateway: canary-gate\nauthorization: Bearer canary-auth\nAPI-Key: canary-key"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", secret)
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, f"canary-{name}")
    monkeypatch.setenv("MY_KEY", "mine-4711-xyz")
    with serving(Service()) as service:
        chosen = model(service, f"&key=MY_KEY{more}")
        assert chosen.complete(asked(["a"]))[0].error is None
        said = [{"role": "user", "content": "a"}]
        chosen.client().with_options(max_retries=1).chat.completions.create(model="m", messages=said)
        assert len(service.sent) == 2
        assert "canary" not in "".join(service.sent)
        assert all("mine-4711-xyz" in one for one in service.sent)
        assert all(("\nauthorization: bearer" in one.lower()) == (not more) for one in service.sent)
        if more:
            monkeypatch.setenv("MY_KEY", "eyJ0eXAi.mine.token")
            model(service, f"&key=MY_KEY{more}").complete(asked(["a"]))
            assert "\nauthorization: bearer eyj0exai.mine.token" in service.sent[-1].lower()
            assert "api-key" not in service.sent[-1].lower()


def test_the_key_is_sent_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "canary-4711-xyz"
    monkeypatch.setenv("MY_KEY", canary)
    monkeypatch.setenv("OPENAI_API_KEY", "another-canary")
    with serving(
        Service(keys={canary}, plan=lambda n, body: "400" if n == 2 else "", said=f"your key {canary}")
    ) as service:
        chosen = model(service, "&key=MY_KEY")
        ask, _, journal = caller(tmp_path)
        replies = ask.ask(chosen, asked(["a", "b"]), "dev")
        assert sorted(reply.error is None for reply in replies) == [False, True]
        service.keys = {"other"}
        with pytest.raises(ModelError) as caught:
            ask.ask(chosen, asked(["c"]), "dev")
        keyless = model(service)
        with pytest.raises(ModelError):
            keyless.complete(asked(["d"]))
        assert "another-canary" not in "".join(service.sent), "a key goes to the service whose it is"
        journal.close()
        assert canary not in str(caught.value) + repr(chosen) + chosen.identity + repr(replies)
        for path in tmp_path.iterdir():
            assert canary.encode() not in path.read_bytes()
    with pytest.raises(ModelError, match="no name of an environment variable") as caught:
        open_model("openai:m?key=sk-abcdef123456")
    assert "abcdef" not in str(caught.value)


def test_a_specification_names_options_and_says_what_is_wrong() -> None:
    chosen = open_model("vllm:org/model?effort=low&in_flight=3")
    assert isinstance(chosen, Openai)
    assert (chosen.target, chosen.effort, chosen.in_flight, chosen.local) == ("org/model", "low", 3, True)
    assert not open_model("groq:m").local
    assert open_model("constant:why?a=1").identity == "constant:why?a=1"


def test_a_server_on_one_machine_is_asked_for_as_much_as_it_works_on() -> None:
    class Full(Service):
        async def _answer(self, *given: Any) -> bool:
            while self.most < 4:
                await asyncio.sleep(0.001)
            return await super()._answer(*given)

    with serving(Full()) as service:
        own = open_model(f"llamacpp:m?url={service.url}")
        own.complete(asked([f"item {i}" for i in range(20)]))
        assert service.most == 4, "more would only wait in a server's queue on one machine, until they are given up"


def test_a_service_that_does_not_answer_in_time_is_asked_for_less_at_once(tmp_path: Path) -> None:
    with serving(Service(latency=0.05, plan=lambda n, body: "hang" if n <= 8 else "")) as service:
        chosen = model(service, "&timeout=4&in_flight=8")
        replies = chosen.complete(asked([f"item {i}" for i in range(16)]))
        assert [reply.error is None for reply in replies].count(True) == 8
        assert chosen._throttle.limit < 6, "those that were late halved it once"
    wrong = {
        "openai:": "names a service and no model",
        "openai:m?ulr=x": "no option 'ulr'",
        "openai:m?url=ftp://x": "valid is one such as",
        "openai:m?url=http://me:secret@x/v1": "holds a name or a password",
        "openai:m?in_flight=-1": "above 0",
        "azure:m": "needs an address",
    }
    for spec, why in wrong.items():
        with pytest.raises(ModelError, match=why) as caught:
            open_model(spec)
        assert "secret" not in str(caught.value)


def test_without_a_key_it_says_which_variable_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with pytest.raises(ModelError, match="GROQ_API_KEY holds no key"):
        open_model("groq:m").complete(asked(["a"]))


def test_replies_keep_what_the_service_said(tmp_path: Path) -> None:
    with serving(Service()) as service:
        ask, _, journal = caller(tmp_path)
        [first] = ask.ask(model(service), asked(["say x"]), "dev")
        journal.close()
        again, _, _ = caller(tmp_path)
        [known] = again.ask(model(service), asked(["say x"]), "dev")
        assert isinstance(known, Reply)
        assert known == first
        assert service.number == 1
