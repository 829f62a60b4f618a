"""No call twice: the journal answers what it knows, failures are asked again, a limit stops before the next call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crossover.data.economics import Limits
from crossover.engine.caller import CHUNK, Caller, Way, call_key
from crossover.engine.claims import Alone, Given
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.errors import BudgetExceeded, ModelError, StudyError
from crossover.models.open import open_model
from crossover.types import Decoding, Message, Reply, Request, Usage, Weights
from tests.models.service import Service, serving


@dataclass
class Counting:
    """A model that counts what it is asked; texts that start with `bad` fail while `broken`."""

    identity: str = "counting-1"
    local: bool = True
    context_window: int = 100
    broken: bool = False
    asked: list[list[str]] = field(default_factory=list)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(m.content.split()) for m in messages)

    def most(self, request: Request) -> float:
        return 0.5

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        texts = [r.messages[-1].content for r in requests]
        self.asked.append(texts)
        usage = Usage(tokens_in=2, tokens_out=1, seconds=0.5, money=0.25)
        return [
            Reply(usage=usage, error="no answer") if self.broken and t.startswith("bad") else Reply(t.upper(), usage=usage)
            for t in texts
        ]


def requests(*texts: str) -> list[Request]:
    return [Request((Message("user", text),)) for text in texts]


def caller(path: Path, limits: Limits | None = None) -> tuple[Caller, Meter, Journal]:
    journal = Journal(path / "study.db")
    meter = Meter(journal, limits or Limits())
    return Caller(journal, meter), meter, journal


def test_a_key_in_the_words_of_whoever_failed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a library that reads its key from the environment itself."""
    key = "AZ9canary4711bcdefghijk"

    class Quoting(Counting):
        def complete(self, requests: Sequence[Request]) -> list[Reply]:
            return [Reply(error=f"401 for {key}") for _ in requests]

    monkeypatch.setenv("SOMEBODYS_API_KEY", key)
    ask, _, journal = caller(tmp_path)
    [reply] = ask.ask(Quoting(), requests("a"), "test")
    assert reply.error == "401 for …"
    journal.close()
    assert all(key.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_replies_come_in_the_order_of_their_requests(tmp_path: Path) -> None:
    ask, _, _ = caller(tmp_path)
    replies = ask.ask(Counting(), requests("ccc", "a", "bb", "a"), "test")
    assert [r.text for r in replies] == ["CCC", "A", "BB", "A"]


def test_the_same_call_is_made_once_within_and_across_sessions(tmp_path: Path) -> None:
    model = Counting()
    ask, meter, journal = caller(tmp_path)
    ask.ask(model, requests("a", "b", "a"), "test")
    ask.ask(model, requests("b", "c"), "test")
    assert sorted(text for batch in model.asked for text in batch) == ["a", "b", "c"]
    assert meter.calls == 3
    journal.close()
    again, meter, journal = caller(tmp_path)
    assert [r.text for r in again.ask(model, requests("c", "a"), "test")] == ["C", "A"]
    assert len(model.asked) == 2
    assert (meter.calls, meter.usage) == (3, Usage(6, 3, 1.5, 0.75))


def test_a_failed_call_is_asked_again_and_its_success_kept(tmp_path: Path) -> None:
    model = Counting(broken=True)
    ask, _, journal = caller(tmp_path)
    first = ask.ask(model, requests("bad one", "good"), "test")
    assert [r.error for r in first] == ["no answer", None]
    model.broken = False
    assert [r.text for r in ask.ask(model, requests("bad one", "good"), "test")] == ["BAD ONE", "GOOD"]
    assert model.asked == [["good", "bad one"], ["bad one"]]
    assert journal.spent()[0] == 3, "the failed call was paid for too"


def test_what_was_paid_for_once_and_wanted_again_is_counted_however_often_it_failed_before(tmp_path: Path) -> None:
    model = Counting(broken=True)
    ask, _, journal = caller(tmp_path)
    for _ in range(3):
        ask.ask(model, requests("bad one", "good"), "dev")
    assert (journal.spent()[0], journal.cached()) == (4, 0), "three failures are calls, and nothing was had for free"
    ask.ask(model, requests("good", "bad one"), "probe")
    assert journal.cached() == 1
    model.broken = False
    ask.ask(model, requests("good", "bad one"), "dev")
    assert journal.cached() == 2
    ask.ask(model, requests("good", "bad one"), "dev")
    assert journal.cached() == 2, "the same purpose again is a resumed study"
    with pytest.raises(BudgetExceeded):
        Caller(journal, Meter(journal, Limits(calls=0))).ask(model, requests("new"), "never asked")
    assert journal.cached() == 2


def test_batches_do_not_depend_on_what_is_known_already(tmp_path: Path) -> None:
    texts = [f"{i:03d}" for i in range(2 * CHUNK + 5)]
    model = Counting()
    ask, _, _ = caller(tmp_path)
    ask.ask(model, requests(*texts), "test")
    whole = [set(chunk) for chunk in model.asked]
    resumed = Counting(identity="counting-2")
    ask.ask(resumed, requests(texts[3]), "test")
    ask.ask(resumed, requests(*texts), "test")
    known = [texts[3]]
    order = sorted(texts, key=lambda t: call_key(resumed, requests(t)[0]))
    chunks = [order[i : i + CHUNK] for i in range(0, len(order), CHUNK)]
    assert [set(c) for c in resumed.asked[1:]] == [set(c) - set(known) for c in chunks if set(c) - set(known)]
    assert [len(c) for c in whole] == [CHUNK, CHUNK, 5]


def test_calls_tokens_and_money_are_never_overrun(tmp_path: Path) -> None:
    texts = [f"{i:03d}" for i in range(3 * CHUNK)]
    most = 1 + Request(()).decoding.max_tokens  # what a request of one word may take
    # of each call 3 tokens and 0.25 are used, of 0.5 at most: the second chunk might overrun each limit, so it is not asked
    least = (Limits(calls=2 * CHUNK - 1), Limits(tokens=3 * CHUNK + most * CHUNK - 1), Limits(money=0.75 * CHUNK - 0.01))
    for number, limits in enumerate(least):
        (tmp_path / str(number)).mkdir()
        ask, meter, journal = caller(tmp_path / str(number), limits)
        with pytest.raises(BudgetExceeded, match=r"^what is asked next may take more than is left of the limit of "):
            ask.ask(Counting(), requests(*texts), "test")
        assert meter.calls == journal.spent()[0] == CHUNK
    enough = Limits(calls=3 * CHUNK, tokens=3 * 2 * CHUNK + most * CHUNK, money=0.25 * 2 * CHUNK + 0.5 * CHUNK)
    ask, meter, _ = caller(tmp_path, enough)
    assert len(ask.ask(Counting(), requests(*texts), "test")) == meter.calls == 3 * CHUNK


def test_without_money_nothing_is_spent(tmp_path: Path) -> None:
    ask, meter, _ = caller(tmp_path, Limits(money=0))
    with pytest.raises(BudgetExceeded, match="the limit of 0 in money"):
        ask.ask(Counting(), requests("a"), "test")
    assert meter.calls == 0


def test_a_label_longer_than_a_written_answer_counts_whole(tmp_path: Path) -> None:
    label = "word " * 200
    asked = [Request((Message("user", "x"),), Decoding(labels=(label,)))]
    ask, meter, _ = caller(tmp_path, Limits(tokens=200))
    with pytest.raises(BudgetExceeded, match="the limit of 200 tokens"):
        ask.ask(Counting(), asked, "test")
    assert meter.calls == 0


def test_minutes_count_over_all_sessions(tmp_path: Path) -> None:
    _, _, journal = caller(tmp_path)
    journal.clock(1.0, 59.0)
    journal.clock(2.0, 2.0)
    journal.close()
    ask, meter, _ = caller(tmp_path, Limits(minutes=1))
    assert meter.seconds > 60
    with pytest.raises(BudgetExceeded, match="1 minute "):
        ask.ask(Counting(), requests("a"), "test")


def test_the_key_is_what_can_change_the_answer() -> None:
    model = Counting()
    ask = (Message("user", "x"),)
    base = call_key(model, Request(ask))
    assert base == call_key(model, Request(ask, Decoding(seed=7))), "greedy answers do not depend on the seed"
    assert base != call_key(model, Request(ask, Decoding(temperature=0.5)))
    assert call_key(model, Request(ask, Decoding(labels=("a", "b")))) == call_key(
        model, Request(ask, Decoding(labels=("a", "b"), label_bias=(0.1, 0.2)))
    ), "calibration is applied to the reply"
    assert base != call_key(model, Request(ask, repeat=1))
    assert base != call_key(Counting(identity="other"), Request(ask))
    one, other = Weights("adapter", "s1", "here"), Weights("adapter", "s1", "there")
    assert call_key(model, Request(ask, weights=one)) == call_key(model, Request(ask, weights=other))
    assert call_key(model, Request(ask, weights=one)) != call_key(model, Request(ask, weights=Weights("adapter", "s2")))


def test_a_file_that_is_no_journal_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("hello, this is no database at all, not even nearly " * 40)
    with pytest.raises(StudyError, match=r"study\.db is not a Crossover journal"):
        Journal(tmp_path / "study.db")


@dataclass
class Piped(Counting):
    """One that is given the next chunk before it has answered."""

    in_flight: int = 3
    log: list[str] = field(default_factory=list)
    dies: bool = False

    def submit(self, requests: Sequence[Request]) -> Callable[[], list[Reply]]:
        texts = [r.messages[-1].content for r in requests]
        self.log.append(f"begin {texts[0]}")
        if self.dies and len(self.log) > 2:
            raise ModelError("no more")

        def wait() -> list[Reply]:
            self.log.append(f"wait {texts[0]}")
            return self.complete(requests)

        return wait


def test_a_pipelined_model_gets_the_next_requests_before_it_has_answered(tmp_path: Path) -> None:
    ask, meter, _ = caller(tmp_path)
    model = Piped()
    texts = [f"{i:03d}" for i in range(8)]
    assert [r.text for r in ask.ask(model, requests(*texts), "test")] == texts
    assert [line.split()[0] for line in model.log] == ["begin", "begin", "wait", "begin", "wait", "wait"]
    assert [len(asked) for asked in model.asked] == [3, 3, 2]
    assert meter.calls == 8
    again = Piped()
    ask.ask(again, requests(*texts), "test")
    assert again.log == []


@pytest.mark.parametrize("limits", [Limits(calls=7), Limits(money=1.9), Limits(calls=5)])
def test_what_is_under_way_counts_at_its_most_and_is_never_lost(tmp_path: Path, limits: Limits) -> None:
    ask, meter, journal = caller(tmp_path, limits)
    with pytest.raises(BudgetExceeded):
        ask.ask(Piped(), requests(*(f"{i:03d}" for i in range(12))), "test")
    assert meter.calls == journal.spent()[0] > 0
    assert limits.calls is None or meter.calls <= limits.calls
    assert limits.money is None or meter.usage.money <= limits.money


def test_when_a_pipelined_model_fails_what_it_had_begun_is_kept(tmp_path: Path) -> None:
    ask, _, journal = caller(tmp_path)
    with pytest.raises(ModelError):
        ask.ask(Piped(dies=True), requests(*(f"{i:03d}" for i in range(9))), "test")
    assert journal.spent()[0] == 6


@dataclass
class Asked(Alone):
    """Notes who asks for what, and when; somebody else has what `taken` names."""

    taken: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)

    def take(self, keys: Sequence[str]) -> Callable[[], Given]:
        self.told.append(f"take {len(keys)}")
        return lambda: Given([key for key in keys if key not in self.taken])

    def release(self, keys: Iterable[str]) -> None:
        self.told += [f"release {number}" for number in [len(list(keys))] if number]


def test_the_next_keys_are_asked_for_while_requests_are_answered_and_none_is_kept(tmp_path: Path) -> None:
    claims, several = Asked(), requests(*(f"text {i:03}" for i in range(3 * CHUNK)))
    journal = Journal(tmp_path / "study.db")

    class Noting(Counting):
        def complete(self, requests: Sequence[Request]) -> list[Reply]:
            claims.told.append("answer")
            if claims.told.count("answer") == 3:
                raise ModelError("out of order")
            return super().complete(requests)

    asking = Caller(journal, Meter(journal, Limits()), claims)
    with pytest.raises(ModelError):
        asking.ask(Noting(), several, "dev")
    one, all_ = f"take {CHUNK}", f"release {CHUNK}"
    assert claims.told == [one, one, "answer", all_, one, "answer", all_, "answer", all_]
    claims.told.clear()
    with pytest.raises(BudgetExceeded):
        Caller(journal, Meter(journal, Limits(calls=2 * CHUNK + 1)), claims).ask(
            Counting(), requests(*"abc") + several, "dev"
        )
    assert sum(int(one[5:]) for one in claims.told if one.startswith("take")) == sum(
        int(one[8:]) for one in claims.told if one.startswith("release")
    )


def test_who_answers_elsewhere_gets_the_batches_that_would_be_answered_here(tmp_path: Path) -> None:
    """Of any number to a chunk, whatever is known already and whatever somebody else has."""
    texts = [f"text {i:03}" for i in range(5 * CHUNK + 7)]
    (tmp_path / "here").mkdir()
    here, there, model = caller(tmp_path / "here")[0], caller(tmp_path)[0], Counting()
    there.ask(model, requests(*texts[10:50], texts[-1]), "dev")
    here.ask(model, requests(*texts[10:50], texts[-1]), "dev")
    model.asked.clear()
    expected = here.ask(model, requests(*texts), "dev")
    alone, chunks = list(model.asked), list[Sequence[Sequence[Request]]]()

    def submit(chunk: Sequence[Sequence[Request]]) -> Callable[[], list[Reply]]:
        chunks.append(chunk)
        return lambda: [reply for batch in chunk for reply in model.complete(batch)]

    there.spread = lambda model, here: Way(submit, here.size, 2, lambda left: max(1, left // 2))
    model.asked.clear()
    assert there.ask(model, requests(*texts), "dev") == expected
    assert model.asked == alone
    assert max(map(len, chunks)) == 3


def test_who_hears_that_nobody_wants_it_takes_what_is_at_a_service(tmp_path: Path) -> None:
    """It hears it when it asks for more keys, and what is under way is paid for by then."""

    class Stopped(Alone):
        asked = 0

        def take(self, keys: Sequence[str]) -> Callable[[], Given]:
            self.asked += 1
            return super().take(keys) if self.asked == 1 else self.stopped

        def stopped(self) -> Given:
            raise BudgetExceeded("nobody wants this any more")

    with serving(Service(latency=0.2)) as service:
        model = open_model(f"openai:m?url={service.url}", tmp_path)
        journal = Journal(tmp_path / "study.db")
        several = requests(*(f"text {i:03}" for i in range(2 * CHUNK)))
        with pytest.raises(BudgetExceeded, match="nobody wants"):
            Caller(journal, Meter(journal, Limits()), Stopped()).ask(model, several, "dev")
        assert journal.spent()[0] == CHUNK
        assert CHUNK <= sum(service.paid.values()) <= CHUNK + 1  # what finds out how it answers


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["red"], r"gave a str among its replies; valid is a Reply to each request"),
        ([], r"gave 0 replies to 1 requests; valid is a list with a Reply to each"),
        ([Reply("a"), Reply("b")], r"gave 2 replies to 1 requests"),
        (None, r"gave a NoneType to 1 requests"),
    ],
)
def test_a_model_that_gives_no_replies_is_named(given: object, said: str, tmp_path: Path) -> None:
    class Odd(Counting):
        def complete(self, requests: Sequence[Request]) -> list[Reply]:
            return given  # type: ignore[return-value]

    asking, _, journal = caller(tmp_path)
    with pytest.raises(ModelError, match=rf"the model Odd \(tests\.engine\.test_caller\) {said}"):
        asking.ask(Odd(), requests("one"), "test")
    journal.close()


def test_a_service_that_gives_no_reply_is_named(tmp_path: Path) -> None:
    class Text:
        under_way, keep = 0, staticmethod(lambda number, reply: None)

        def room(self) -> int:
            return 1 - self.under_way

        def send(self, number: int, request: Request) -> None:
            self.under_way, self.number = 1, number

        def receive(self) -> list[tuple[int, object]]:
            self.under_way = 0
            self.keep(self.number, "red")
            return [(self.number, "red")]

    class Odd(Counting):
        @contextmanager
        def flow(self) -> Iterator[Text]:
            yield Text()

        def at_most(self, request: Request) -> Usage:
            return Usage(tokens_in=1)

    asking, _, journal = caller(tmp_path)
    with pytest.raises(ModelError, match=r"the model Odd \(tests\.engine\.test_caller\) gave a str among its replies"):
        asking.ask(Odd(), requests("one"), "test")
    journal.close()
