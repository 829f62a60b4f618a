"""Replies to questions with options: a letter, and what stands behind it there."""

from __future__ import annotations

import pytest

from crossover.data.text import stated

LETTERS = [["A", "B", "C", "D"], ["(A)", "(B)", "(C)", "(D)"], ["A)", "B)", "C)", "D)"], ["A.", "B.", "C.", "D."]]
NUMBERS = [["0", "1", "2", "3"], ["(0)", "(1)", "(2)", "(3)"]]


def other(labels: list[str]) -> tuple[str, str]:
    """The first two labels without what stands around them."""
    return labels[0].strip("().")[0], labels[1].strip("().")[0]


@pytest.mark.parametrize("labels", [*LETTERS, *NUMBERS], ids=" ".join)
@pytest.mark.parametrize(
    "reply",
    [
        "({b}) Paris",
        "**({b}) Paris**",
        "Answer: ({b}) Paris",
        "The answer is ({b}) a dog and a cat.",
        "The correct answer is: ({b}) A dog and a cat",
        "({a}) Paris\n({b}) Rome\nAnswer: ({b}) Rome",
        "({b})",
        "So the answer would be ({b}), Paris.",
        "The answer is option ({b}) Paris",
        "**Answer**: ({b}) Paris",
        "Final answer\n({b}) Paris",
    ],
)
def test_an_option_is_named_by_its_code_in_brackets(labels: list[str], reply: str) -> None:
    a, b = other(labels)
    assert stated(reply.format(a=a, b=b), labels) == 1


@pytest.mark.parametrize("labels", LETTERS, ids=" ".join)
@pytest.mark.parametrize(
    "reply",
    [
        "{b}) Paris",
        "[{b}] Paris",
        "{b}. A mouse",
        "Correct answer: {b}. A mouse",
        "{b}) None of the above",
        "({b}) not enough information.",
        "{b}. All of these",
        "{b}. Cannot be determined",
        "**{b}. Neither**",
    ],
)
def test_what_an_option_says_of_the_others_takes_nothing_back(labels: list[str], reply: str) -> None:
    assert stated(reply.format(b=other(labels)[1]), labels) == 1


@pytest.mark.parametrize("labels", [*LETTERS, *NUMBERS], ids=" ".join)
@pytest.mark.parametrize(
    "reply",
    [
        "({a}) is wrong",
        "({a}) is not correct",
        "Not ({b}) Paris",
        "({a}) Paris ({b}) Rome",
        "Either ({a}) or ({b}) fits",
        "I doubt it is ({b}) Paris",
        "({b}) Paris? No.",
        "It could be ({b}) Paris",
        "({b}) Paris or ({a}) Rome",
        "The answer is not ({b}) Paris",
        "The correct answer isn't ({b}) Paris",
        "The options are ({a}) Paris",
        "({b}) not really",
        "({b}) maybe",
        "({b}) I am not sure",
        "({b}) is ruled out",
        "Question ({b}) asks for Paris",
        "Passage ({b}) is about Rome",
        "Options:\n({a}) Paris\n({b}) Rome",
        "Answer: ({a}) Paris is incorrect",
        "({b}) None of the above is wrong",
        "None of the above ({b}) fits",
        "({b}) cannot be determined. So I choose none.",
        "({b}) Paris, not ({a}) Rome",
        "({b}) Rome is eliminated",
        "({b}) Rome is a distractor",
        "({b}) Rome was my first thought",
        "({b}) First, look at what is asked.",
        "({b}) Step one: look at what is asked.",
        "Option ({a}) refers to Paris.",
        "Choice ({b}) mentions a dog.",
        "The category ({b}) covers dogs",
        "The output ({a}) prints hello",
        "The decision ({a}) makes is unclear",
        "The result ({b}) times bigger",
    ],
)
def test_an_option_that_is_denied_doubted_or_one_of_several_is_none(labels: list[str], reply: str) -> None:
    a, b = other(labels)
    assert stated(reply.format(a=a, b=b), labels) is None


@pytest.mark.parametrize("labels", NUMBERS, ids=" ".join)
@pytest.mark.parametrize("reply", ["(0) errors found", "(1) person likes it", "(2) people were seen", "[2] reasons follow"])
def test_a_number_of_things_is_no_option(labels: list[str], reply: str) -> None:
    assert stated(reply, labels) is None
    if reply[0] == "(":  # in square brackets it is a source
        assert stated(f"The answer is {reply}", labels) is not None


@pytest.mark.parametrize("labels", [["E", "N", "C"], ["M", "F"], ["2", "4"]], ids=" ".join)
@pytest.mark.parametrize("reply", ["({0}) copyright 2020", "({0}) maps it to another", "[{1}] Smith et al. 2020"])
def test_labels_that_list_nothing_are_no_options(labels: list[str], reply: str) -> None:
    assert stated(reply.format(*labels), labels) is None
