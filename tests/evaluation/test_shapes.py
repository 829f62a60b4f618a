"""What is compared of served answers without labels."""

from __future__ import annotations

from statistics import fmean

from crossover.evaluation.shapes import of_failures, of_inputs, of_outputs

TEST = ["a short note", "one more short note here", "where is my parcel", "it has not come yet so far"]


def test_lengths_are_places_among_those_of_test() -> None:
    longer, shorter, same = (
        of_inputs(TEST, served)[0] for served in (["word " * 40] * 3, ["no"] * 3, list(reversed(TEST)))
    )
    assert (longer.side, longer.kind) == ("input", "length")
    assert fmean(longer.test) == 0.5
    assert list(longer.served) == [1.0] * 3
    assert list(shorter.served) == [0.0] * 3
    assert fmean(same.served) == 0.5


def test_new_words_are_those_that_no_other_test_row_has() -> None:
    test = ["the red cat sat", "the red dog sat", "the old dog lay", "an old cat lay"]
    _, known = of_inputs(test, ["the old cat lay", "The OLD cat, lay!"])
    _, strange = of_inputs(test, ["quantum flux of bosons"])
    assert known.kind == "words"
    assert fmean(known.test) == 0.5
    assert max(known.served) < 0.5
    assert list(strange.served) == [1.0]


def test_dates_and_numbers_are_no_new_words() -> None:
    test = [f"order {n} of 2025" for n in range(6)]
    _, found = of_inputs(test, ["order 77123 of 2031"])
    assert list(found.served) == [0.5]


def test_answers_are_counted_each_and_rare_ones_together() -> None:
    test = ["a"] * 6 + ["b"] * 7 + ["c"]
    found = of_outputs(test, ["a", "b", "d", "c"], labels=True)
    assert [(one.kind, one.what) for one in found] == [("answer", "b"), ("answer", "a"), ("others", "")]
    assert list(found[2].served) == [0.0, 0.0, 1.0, 1.0]
    assert sum(found[2].test) == 1


def test_of_two_answers_one_is_compared() -> None:
    assert [one.what for one in of_outputs(["a"] * 6 + ["b"] * 5, ["a", "b"], labels=True)] == ["a"]


def test_free_answers_are_compared_by_their_length() -> None:
    [found] = of_outputs(TEST, ["yes"], labels=False)
    assert (found.side, found.kind) == ("output", "length")


def test_failed_calls_are_counted() -> None:
    found = of_failures([False, False], [True, False])
    assert (list(found.test), list(found.served)) == ([0.0, 0.0], [1.0, 0.0])
