from __future__ import annotations

import pytest

from crossover.errors import ModelError
from crossover.models.constant import Constant
from crossover.models.fake import Fake
from crossover.testing.models import check_model
from crossover.types import Decoding, Message, Request
from tests.models.asking import LABELS, ask


@pytest.mark.parametrize("model", [Constant("yes"), Fake(), Fake("echo"), Fake("answer=no")], ids=repr)
def test_they_keep_the_contract(model: Constant | Fake) -> None:
    check_model(model)


def test_a_constant_answers_the_same_to_everything() -> None:
    replies = Constant("refund").complete([ask("a"), ask("b", labels=LABELS)])
    assert [r.text for r in replies] == ["refund", "refund"]
    assert all(r.label_scores == () and r.usage.tokens_in == 0 for r in replies)


def test_a_fake_chooses_by_the_conversation() -> None:
    requests = [ask(f"text {i}", labels=LABELS) for i in range(40)]
    replies = Fake().complete(requests)
    assert replies == Fake().complete(requests)
    assert {r.text for r in replies} == set(LABELS)
    assert all(r.text == LABELS[r.label_scores.index(max(r.label_scores))] for r in replies)


def test_a_fake_echoes_and_recites() -> None:
    turns = (Message("user", "one"), Message("assistant", "two"), Message("user", "three four"))
    request = Request(turns, Decoding())
    assert [Fake(t).complete([request])[0].text for t in ("", "echo", "answer=x=y")] == ["three four"] * 2 + ["x=y"]
    assert Fake("echo").complete([request])[0].usage.tokens_in == 4


def test_a_fake_fails_about_one_call_in_k_and_always_the_same() -> None:
    requests = [ask(f"text {i}") for i in range(300)]
    failed = [r.error is not None for r in Fake("fail:3").complete(requests)]
    assert 60 < sum(failed) < 140
    assert failed == [Fake("fail:3").complete([r])[0].error is not None for r in requests]
    assert all(r.error for r in Fake("fail:1").complete(requests))


@pytest.mark.parametrize("script", ["fail:0", "fail:x", "fail:", "sing", "answer"])
def test_an_unknown_script_is_refused(script: str) -> None:
    with pytest.raises(ModelError, match="valid: echo, answer=TEXT, fail:K"):
        Fake(script)
