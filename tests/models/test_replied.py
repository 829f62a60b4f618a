"""What a plug-in answers is held to its promise by whoever asks it: a study, a server, the studio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from crossover.errors import ModelError
from crossover.models.serving import Asked, engine_of
from crossover.types import Decoding, Message, Reply, Request

ASK = Request((Message("user", "what?"),), Decoding())
CHOOSE = Request((Message("user", "which?"),), Decoding(labels=("yes", "no")))


@dataclass(frozen=True)
class Stranger:
    """Answers whatever it is made with."""

    target: str = ""
    answers: Any = None

    identity, local, context_window = "stranger", True, 4096

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 1

    def complete(self, requests: Sequence[Request]) -> Any:
        return self.answers


def together(answers: Any, *requests: Request) -> list[Reply]:
    """The replies of an engine that asks a model in batches, as the server does."""
    engine, found = engine_of(Stranger(answers=answers)), list[Reply]()
    for request in requests:
        engine.add(Asked(request, found.append, lambda: False))
    while engine.busy:
        engine.step()
    return found


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Reply("a")], "gave 1 replies to 2 requests; valid is a list with a Reply to each, in their order"),
        ([Reply("a")] * 3, "gave 3 replies to 2 requests"),
        (None, "gave a NoneType to 2 requests"),
        ("ab", "gave a str to 2 requests"),
        ([Reply("a"), "b"], "gave a str among its replies; valid is a Reply to each request"),
        ([Reply("a"), None], "gave a NoneType among its replies"),
        ([Reply("a"), Reply(None)], "gave a Reply whose text is a NoneType; valid is text"),  # type: ignore[arg-type]
        ([Reply("a"), Reply("", error=ValueError("b"))], "whose error is a ValueError; valid is text"),  # type: ignore[arg-type]
    ],
)
def test_a_model_that_is_asked_several_at_once_is_named_where_it_errs(answers: Any, said: str) -> None:
    with pytest.raises(ModelError, match=f"the model Stranger .*{said}"):
        together(answers, ASK, ASK)


def test_label_scores_are_one_for_each_label_and_numbers() -> None:
    with pytest.raises(ModelError, match="gave 3 label scores to 2 labels; valid is one for each"):
        together([Reply("yes", (-1.0, -2.0, -3.0))], CHOOSE)
    least = float("-inf")  # of all labels: none is the best
    for scores in ((float("nan"), -1.0), (float("inf"), -1.0), (least, least)):
        [failed] = together([Reply("yes", scores)], CHOOSE)
        assert failed.error == "its label scores are no numbers", "the first label had been the answer"
    assert together([Reply("no", (float("-inf"), -1.0))], CHOOSE) == [Reply("no", (float("-inf"), -1.0))]
