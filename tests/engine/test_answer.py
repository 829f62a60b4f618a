"""Reply -> prediction: by score where there are scores, else the one label that the text names."""

from __future__ import annotations

import pytest

from crossover.engine.answer import prediction
from crossover.types import Decoding, Reply

LABELS = Decoding(labels=("card", "card lost", "fees"))


def test_the_highest_score_wins() -> None:
    assert prediction(Reply("x", (-2.0, -1.0, -3.0)), LABELS) == "card lost"


def test_calibration_is_taken_off_before_comparing() -> None:
    decoding = Decoding(labels=LABELS.labels, label_bias=(-2.0, -0.5, -3.5))
    assert prediction(Reply("x", (-2.0, -1.0, -3.0)), decoding) == "fees"


def test_a_tie_goes_to_the_earlier_label() -> None:
    assert prediction(Reply("x", (-1.0000000001, -1.0, -3.0)), LABELS) == "card"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fees", "fees"),
        (" Card Lost. ", "card lost"),
        ("The label is 'fees'.", "fees"),
        ("I think: card lost", "card lost"),
        ("card lost or fees", "card lost or fees"),
        ("discard", "discard"),
        ("none of them", "none of them"),
    ],
)
def test_text_names_exactly_one_label_or_stays_as_it_is(text: str, expected: str) -> None:
    assert prediction(Reply(text), LABELS) == expected


def test_free_text_is_trimmed() -> None:
    assert prediction(Reply("  42\n"), Decoding()) == "42"
