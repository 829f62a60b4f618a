"""Scores of labels are in little room, and the same numbers to the bit."""

from __future__ import annotations

import json
import pickle
import struct
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.engine.journal import Journal, JournalReader
from crossover.scores import LabelScores, packed, unpacked
from crossover.types import Reply, to_json

SCORES = tuple(-0.5 if i == 7 else -2.0 - i / 1000 for i in range(5000))


@given(st.lists(st.floats()))
def test_what_is_packed_comes_back_to_the_bit(scores: list[float]) -> None:
    form = f"{len(scores)}d"
    assert struct.pack(form, *unpacked(packed(scores))) == struct.pack(form, *scores)


@pytest.mark.parametrize("text", ["(", "AAAA", "é", packed(SCORES)[:-8]])
def test_what_is_not_packed_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"packed|ASCII"):
        unpacked(text)


def test_they_pass_for_the_tuple_that_they_were() -> None:
    given = (-0.25, -1.5, -3.0)
    scores = Reply("x", given).label_scores
    assert scores == given
    assert given == scores
    assert scores != (-0.25, -1.5, -3.5)
    assert (scores[0], scores[1:], list(scores), len(scores)) == (-0.25, (-1.5, -3.0), list(given), 3)
    assert (hash(scores), repr(scores)) == (hash(given), repr(given))
    assert Reply("x", given) == Reply("x", LabelScores(given)) == pickle.loads(pickle.dumps(Reply("x", given)))
    assert json.loads(json.dumps(to_json(Reply("x", given))))["label_scores"] == list(given)
    assert not Reply("x").label_scores


def test_a_text_comes_back_from_the_journal_as_it_was(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal:
        journal.add_calls("w", {"text": Reply("x"), "label": Reply("x", (-0.25, -1.5))})
        found = journal.replies(["text", "label"])
    assert found == {"text": Reply("x"), "label": Reply("x", (-0.25, -1.5))}
    assert len({Reply("x"), *found.values()}) == 2, "replies can be told apart in a set"


@pytest.mark.parametrize("scores", [None, 5, "ab", ("a", "b"), (None,), (10**400,)])
def test_what_are_no_scores_is_said_by_the_reply_that_has_them(scores: Any) -> None:
    with pytest.raises(TypeError, match=r"label_scores is .*; valid is a tuple of log-probabilities"):
        Reply("x", scores)


def test_calls_of_thousands_of_labels_take_little_room(tmp_path: Path) -> None:
    calls = 20
    with closing(Journal(tmp_path / "study.db")) as journal:
        journal.add_calls("w", {str(i): Reply("x", SCORES) for i in range(calls)})
    assert (tmp_path / "study.db").stat().st_size < calls * 2 * len(SCORES) + 2**18
    with closing(JournalReader(tmp_path / "study.db")) as reader:
        reader.replies(["0"])
        tracemalloc.start()
        found = reader.replies(map(str, range(calls)))
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert all(reply.label_scores == SCORES for reply in found.values())
    assert held < calls * 10 * len(SCORES)
