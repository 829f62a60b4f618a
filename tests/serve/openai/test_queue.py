"""The one thread that asks the models: who joins, who waits, who is refused, and what a failure does to the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.follow import Answered, follow
from crossover.engine.render import Renderer
from crossover.errors import ModelError
from crossover.models.fake import Fake
from crossover.models.hf import Hf
from crossover.serve.openai.catalogue import Served
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.hearing import Hearing
from crossover.serve.openai.measures import Measures
from crossover.serve.openai.queue import Asking
from crossover.types import Candidate, Decoding, Message, Prompt, Reply, Request, Step
from tests.models.asking import LABELS, TEXTS, ask
from tests.models.tiny import build


@dataclass
class Held:
    """Answers once it may; `asked` has how many requests were asked together. It may fail first."""

    may: threading.Event = field(default_factory=threading.Event)
    asked: list[int] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    local, context_window, identity = True, 4096, "held"

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return Fake().count_tokens(messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked.append(len(requests))
        assert self.may.wait(120)
        if self.fails:
            raise self.fails.pop()
        return Fake().complete(requests)


@contextmanager
def asking(most: int = 256) -> Iterator[Asking]:
    found = Asking(most, Measures())
    try:
        yield found
    finally:
        found.close()


def served(model: Any, prompt: Prompt | None = None, **decoding: Any) -> Served:
    candidate = Candidate("m", prompt or Prompt(), Decoding(**decoding))
    return Served("m", model, None, candidate, Renderer(candidate.prompt))


def test_what_does_not_fit_is_refused_and_it_recovers() -> None:
    model, futures = Held(), list[Future[Answered]]()
    one = served(model, labels=LABELS)

    def fill(queue: Asking) -> None:
        for number in range(200):
            futures.append(queue.answer(one, f"text {number}"))

    with asking(most=5) as queue:
        with pytest.raises(ApiError) as told:
            fill(queue)
        assert told.value.status == 429
        assert int(told.value.headers["Retry-After"]) >= 1
        assert len(futures) < 150
        model.may.set()
        assert all(future.result(120).answer in LABELS for future in futures)
        assert queue.answer(one, "one more").result(120).answer in LABELS
        assert queue.depth == 0


def test_who_has_gone_while_he_waited_is_not_asked_for() -> None:
    model = Held()
    with asking() as queue:
        first = queue.answer(served(model, labels=LABELS), "first")
        while not model.asked:
            pass
        gone = queue.answer(served(model, labels=LABELS), "second")
        last = queue.answer(served(model, labels=LABELS), "third")
        assert gone.cancel()
        model.may.set()
        assert first.result(120).answer in LABELS
        assert last.result(120).answer in LABELS
    assert model.asked == [1, 1]


def test_a_failure_ends_what_was_under_way_and_nothing_else() -> None:
    model = Held(fails=[ModelError("the disk is gone")])
    model.may.set()
    with asking() as queue:
        with pytest.raises(ModelError, match="disk"):
            queue.answer(served(model, labels=LABELS), "text").result(120)
        assert queue.answer(served(model, labels=LABELS), "text").result(120).answer in LABELS
        queue.close()
        with pytest.raises(ApiError) as told:
            queue.answer(served(model, labels=LABELS), "text")
        assert told.value.status == 503


class Panic(BaseException):
    """What a library of Rust raises: no Exception."""


@dataclass
class Poisoned(Held):
    """Fails at every batch with a certain text in it."""

    error: type[BaseException] = Panic

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked.append(len(requests))
        assert self.may.wait(120)
        if any("poison" in request.messages[-1].content for request in requests):
            raise self.error("it is poisoned")
        return Fake().complete(requests)


@pytest.mark.parametrize("error", [Panic, ValueError])
def test_one_that_no_step_survives_takes_nobody_along(error: type[BaseException]) -> None:
    model = Poisoned(error=error)
    one = served(model, Prompt("Sort."), labels=LABELS)
    texts = [f"text {number}" for number in range(20)]
    texts[3] = texts[11] = "poison"
    with asking() as queue:
        futures = [queue.answer(one, text) for text in ["first", *texts]]
        model.may.set()
        for text, future in zip(["first", *texts], futures, strict=True):
            if text == "poison":
                with pytest.raises(Exception, match="poisoned"):
                    future.result(120)
            else:
                assert future.result(120).answer in LABELS
        assert queue.answer(one, "one more").result(120).answer in LABELS
    assert len(model.asked) < 20, "they are found by halves"


def test_no_more_wait_than_may_while_others_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    model, begins, goes_on = Held(), threading.Event(), threading.Event()
    model.may.set()
    one, futures = served(model, labels=LABELS), list[Future[Answered]]()
    whole = Asking._begin

    def slowly(self: Asking, *others: Any) -> None:
        begins.set()
        assert goes_on.wait(120)
        whole(self, *others)

    monkeypatch.setattr(Asking, "_begin", slowly)
    with asking(most=3) as queue:
        futures.append(queue.answer(one, "first"))
        assert begins.wait(120)
        for number in range(2):
            futures.append(queue.answer(one, f"text {number}"))
        assert queue.depth == 3, "who begins waits until he has begun"
        with pytest.raises(ApiError, match="too many"):
            queue.answer(one, "one too many")
        goes_on.set()
        assert all(future.result(120).answer in LABELS for future in futures)


def test_what_waits_at_the_end_is_answered() -> None:
    model = Held()
    queue = Asking(256, Measures())
    futures = [queue.answer(served(model, labels=LABELS), text) for text in TEXTS]
    closing = threading.Thread(target=queue.close)
    closing.start()
    model.may.set()
    closing.join(120)
    assert all(future.done() for future in futures)


def test_candidates_and_chats_of_one_model_are_answered_together_as_each_alone(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path)))
    chain = Prompt(
        "Sort.", "{input} ({topic})", steps=(Step("topic", Prompt("Say it.", "{input}"), Decoding(max_tokens=4)),)
    )
    every = [
        served(model, Prompt("Name the topic."), labels=LABELS),
        served(model, chain, labels=LABELS),
        served(model, Prompt("Say more."), samples=3, temperature=1.0, max_tokens=5),
    ]
    texts = [f"{text} {number}" for number in range(3) for text in TEXTS]
    base, request = Served("base", model), ask(TEXTS[0], max_tokens=30)
    with asking() as queue:
        heard = Hearing(None, ())
        [chat] = queue.write(base, [request], [heard])
        futures = [(one, text, queue.answer(one, text)) for text in texts for one in every]
        found = [future.result(120) for _, _, future in futures]
        assert chat.result(120).text == model.complete([request])[0].text == heard.text
    for (one, text, _), answered in zip(futures, found, strict=True):
        assert one.candidate is not None
        assert one.renderer is not None
        [alone] = follow(one.candidate, one.renderer, [text], model.complete)
        assert (answered.answer, answered.steps, answered.reply.error) == (alone.answer, alone.steps, None)
        assert answered.reply.usage.tokens_out == alone.reply.usage.tokens_out


def test_nobody_waits_for_the_end_of_a_long_answer(tmp_path: Path) -> None:
    model, order = Hf(str(build(tmp_path))), list[str]()
    base = Served("base", model)
    endless = Request((Message("user", "x"),), Decoding(max_tokens=100, schema='{"type": "string", "minLength": 900}'))
    with asking() as queue:
        pieces, goes_on = threading.Event(), threading.Event()

        def hear(text: str, tokens: Sequence[int]) -> None:
            pieces.set()
            assert goes_on.wait(120), "the others are there"

        [long] = queue.write(base, [endless], [Hearing(None, (), hear)])
        assert pieces.wait(120), "a stream begins"
        [short] = queue.write(base, [ask(TEXTS[1], max_tokens=2)], [Hearing(None, ())])
        label = queue.answer(served(model, labels=LABELS), TEXTS[0])
        for name, future in (("long", long), ("short", short), ("label", label)):
            future.add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
        goes_on.set()
        for future in (long, short, label):
            future.result(120)
    assert order[-1] == "long"
