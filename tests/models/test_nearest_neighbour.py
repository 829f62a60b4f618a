"""nearest_neighbour: the demonstrations vote, and the last one decides a tie."""

from __future__ import annotations

import pytest

from crossover.errors import ModelError
from crossover.models.open import open_model
from crossover.testing.models import check_model
from crossover.types import Message, Request


def vote(*answers: str) -> str:
    shown = [m for answer in answers for m in (Message("user", "a text"), Message("assistant", answer))]
    [reply] = open_model("nearest_neighbour").complete([Request((*shown, Message("user", "the text")))])
    assert reply.error is None
    assert reply.usage.tokens_in == reply.usage.tokens_out == 0
    return reply.text


def test_it_keeps_the_contract() -> None:
    check_model(open_model("nearest_neighbour"))


@pytest.mark.parametrize(
    ("answers", "winner"),
    [
        (["a", "a", "b"], "a"),
        (["a", "b"], "b"),
        (["b", "a", "c", "a", "b"], "b"),
        (["c", "c", "a", "b", "a"], "a"),
        (['{"x": "1"}'], '{"x": "1"}'),
        ([], ""),
    ],
)
def test_the_most_frequent_answer_wins_and_of_equals_the_nearest(answers: list[str], winner: str) -> None:
    assert vote(*answers) == winner


def test_a_target_is_refused() -> None:
    with pytest.raises(ModelError, match="takes no target, received 'words'"):
        open_model("nearest_neighbour:words")
