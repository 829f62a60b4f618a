"""Many requests under way: a slot that is free is filled at once, and nothing is sent after what ended it all."""

from __future__ import annotations

import asyncio
import time

import pytest

from crossover.errors import ModelError
from crossover.models import _http, _throttle
from crossover.models._http import TRIES, Attempt, Flow, all_of, flowing
from crossover.models._throttle import Throttle
from crossover.types import Decoding, Message, Reply, Request

REQUEST = Request((Message("user", "text"),), Decoding())


def until(holds: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.001)


def test_a_free_slot_is_filled_before_the_reply_is_read_and_never_more_are_sent_than_allowed() -> None:
    sent, most, now = 0, 0, 0

    async def send(request: Request) -> Attempt:
        nonlocal sent, most, now
        sent, now = sent + 1, now + 1
        most = max(most, now)
        number = sent
        while number > 10 and sent < 50:  # ten are answered; the rest wait for those that take their place
            await asyncio.sleep(0.001)
        now -= 1
        return Attempt(Reply("yes"))

    flow = Flow(send, Throttle(40, limit=40.0))
    while flow.room():
        flow.send(flow.under_way, REQUEST)
    assert flow.under_way == 46  # six are held ready
    until(lambda: sent == 46)
    assert sent == 46
    for number in range(46, 50):
        flow.send(number, REQUEST)
    found: list[int] = []
    while flow.under_way:
        found += [number for number, _ in flow.receive()]
    assert sorted(found) == list(range(50))
    assert most <= 40


def test_few_at_a_time_hold_nothing_ready() -> None:
    for limit in (1.0, 4.0, 16.0):
        assert Flow(lambda request: asyncio.sleep(0, Attempt(Reply())), Throttle(64, limit=limit)).room() == limit


def test_what_waits_is_not_sent_after_an_answer_that_ends_it_all() -> None:
    sent = 0

    async def send(request: Request) -> Attempt:
        nonlocal sent
        sent += 1
        while sent < 40:  # all that may be are under way
            await asyncio.sleep(0.001)
        return Attempt(fatal="the service refuses the key")

    flow = Flow(send, Throttle(40, limit=40.0))
    for number in range(60):
        flow.send(number, REQUEST)
    with pytest.raises(ModelError, match="refuses the key"):
        flow.receive()
    until(lambda: flow._throttle.under_way == 0)
    assert (sent, flow.room()) == (40, 0)


@pytest.mark.parametrize("tries", [5 * TRIES, 10**9])
def test_what_a_service_is_not_there_for_is_sent_when_it_is_back(tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_http, _throttle):
        monkeypatch.setattr(module, "AWAY", 0.8 if tries > 100 else 600.0)
    monkeypatch.setattr(_http, "WAIT", 0.01)
    monkeypatch.setattr(_http, "SOON", 0.02)
    sent = 0

    async def send(request: Request) -> Attempt:
        nonlocal sent
        sent += 1
        return Attempt(again="no connection", away=True) if 1 < sent < tries else Attempt(Reply("yes"))

    throttle, began = Throttle(4), time.monotonic()
    with flowing(send, throttle) as flow:
        all_of(flow, [REQUEST])
    if tries > 100:
        with (
            pytest.raises(ModelError, match="no connection; nothing else has come for a while"),
            flowing(send, throttle) as flow,
        ):
            all_of(flow, [REQUEST] * 3)
        assert time.monotonic() - began > 0.7
        return
    with flowing(send, throttle) as flow:
        assert [reply.text for reply in all_of(flow, [REQUEST] * 3)] == ["yes"] * 3
    assert sent >= tries > 3 * TRIES
