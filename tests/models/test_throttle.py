"""How many requests are under way, and what headers say: arithmetic, without a connection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossover.models._throttle import AWAY, FIRST, Throttle, seconds


def test_it_begins_quickly_halves_once_for_what_was_sent_together_and_goes_on_slowly() -> None:
    throttle = Throttle(100)
    for _ in range(24):
        throttle.under_way = int(throttle.limit) - 1
        throttle.answered({}, 0.0)
    assert throttle.limit == FIRST + 24
    throttle.refused(None, 10.0, 1.0)
    throttle.refused(None, 10.5, 1.0)  # sent before the last halving
    assert throttle.limit == (FIRST + 24) / 2
    throttle.under_way = int(throttle.limit) - 1
    throttle.answered({}, 11.0)
    assert (FIRST + 24) / 2 < throttle.limit < (FIRST + 24) / 2 + 0.1


def test_a_quota_that_is_nearly_used_up_adds_nothing_and_an_empty_one_waits() -> None:
    throttle = Throttle(100)
    throttle.under_way = FIRST - 1
    throttle.answered({"x-ratelimit-remaining-tokens": "99", "x-ratelimit-limit-tokens": "1000"}, 0.0)
    assert throttle.limit == FIRST
    empty = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-reset-requests": "1.5s",
    }
    throttle.answered(empty, 5.0)
    assert (throttle.room(6.0), throttle.wait(6.0)) == (0, 0.5)
    assert throttle.room(6.6) > 0


def test_a_service_that_was_never_there_is_given_up_sooner_than_one_that_answered() -> None:
    def failures(throttle: Throttle) -> int:
        count = 0
        while not throttle.broken():
            throttle.failed("503")
            count += 1
        return count

    known = Throttle(100)
    known.answered({}, 0.0)
    assert failures(Throttle(100)) < failures(known)


def test_who_had_answered_and_is_away_is_waited_for_and_others_are_not() -> None:
    throttle, never = Throttle(8), Throttle(8)
    throttle.answered({}, 0.0)
    for number in range(500):
        throttle.failed("refused", number * (AWAY - 1) / 500)
        assert not throttle.broken()
    for number in range(3 * FIRST):
        assert not never.broken()
        never.failed("refused", number * 0.01)
    assert never.broken(), "a wrong address is said at once"
    throttle.answered({}, AWAY - 1)
    throttle.failed("refused", AWAY + 1)
    throttle.failed("refused", 2 * AWAY)
    assert not throttle.broken(), "it was there in between"
    throttle.failed("refused", 2 * AWAY + 1)
    assert throttle.broken()


def test_durations() -> None:
    found = {text: seconds(text) for text in ("1s", "6m0s", "20ms", "1.5", "1h2m3s", "", "soon", "-1")}
    assert found == {"1s": 1, "6m0s": 360, "20ms": 0.02, "1.5": 1.5, "1h2m3s": 3723, "": None, "soon": None, "-1": 0}


@given(st.text(max_size=12))
def test_what_a_header_holds_is_never_an_error(text: str) -> None:
    found = seconds(text)
    assert found is None or found >= 0


@given(st.lists(st.sampled_from(["ok", "no", "fail"]), max_size=200), st.integers(1, 300))
def test_the_limit_stays_within_its_bounds(events: list[str], most: int) -> None:
    throttle = Throttle(most)
    for number, event in enumerate(events):
        throttle.under_way = int(throttle.limit) - 1
        if event == "ok":
            throttle.answered({}, float(number))
        elif event == "no":
            throttle.refused(None, float(number), 0.1)
        else:
            throttle.failed("x")
        assert 1 <= throttle.limit <= most
