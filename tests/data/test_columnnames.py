"""Names of columns are read by their words, in any spelling; a word has one role."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.columnnames import COLUMN_WORDS, read
from tests.data.tables import STYLES

ANSWERED = st.sampled_from(["label", "answer", "response", "category", "sentiment", "rating"])
PEOPLE = st.sampled_from(["gold", "human", "true", "expected", "reference", "final", "correct"])
OTHERS = st.sampled_from(["model", "predicted", "pred", "generated", "baseline", "old", "previous", "bot", "gpt4", "raw"])


def test_each_word_stands_once() -> None:
    assert [word for word, count in Counter(" ".join(COLUMN_WORDS.values()).split()).items() if count > 1] == []


@given(PEOPLE, OTHERS, ANSWERED, st.sampled_from(STYLES), st.booleans())
def test_whose_an_answer_is_stands_on_either_side_of_it(
    gold: str, other: str, head: str, style: object, last: bool
) -> None:
    def name(mark: str) -> str:
        return style([head, mark] if last else [mark, head])  # type: ignore[operator,no-any-return]

    assert (read(name(gold)).whose, read(name(gold)).role) == ("gold", read(head).role)
    assert (read(name(other)).whose, read(name(other)).role) == ("second", read(head).role)
    assert read(head).whose == ""


@pytest.mark.parametrize(
    ("name", "role", "whose"),
    [
        *(("label_text", "label", ""), ("target_text", "reply", ""), ("inputs", "posed", "")),
        *(("student_answer", "reply", "odd"), ("label_2", "label", "odd"), ("answer_a", "reply", "odd")),
        *(("gold", "reply", "gold"), ("prediction", "reply", "second"), ("model", "", ""), ("true_system", "", "gold")),
        *(("message_id", "beside", ""), ("created_at", "beside", ""), ("label_source", "beside", "")),
        *(("is_train", "beside", ""), ("Unnamed: 0", "beside", ""), ("text.suggestion.agent", "beside", "")),
        *(("mood", "", ""), ("old_mood", "", "second"), ("Étiquette", "label", ""), ("E\u0301tiquette", "label", "")),
        *(("replyContent", "reply", ""), ("question_body", "posed", ""), ("email_body", "text", "")),
        *(("thumbsUpCount", "beside", "odd"), ("commit_message", "text", "odd"), ("_source.label", "label", "odd")),
        *(("Categories", "attribute", ""), ("goldLabel", "label", "gold"), ("GROUNDTRUTH", "reply", "gold")),
    ],
)  # fmt: skip
def test_the_last_word_says_what_is_in_a_column(name: str, role: str, whose: str) -> None:
    assert (read(name).role, read(name).whose) == (role, whose)
