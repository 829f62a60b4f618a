"""Replies whose words happen to be labels (talk, counts, what the speaker does), and labels that are taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.text import stated

SPAM, MOODS, LETTERS, STARS = ("spam", "ham"), ("positive", "negative", "neutral"), tuple("ABCD"), tuple("12345")


def read(reply: str, labels: tuple[str, ...]) -> str | None:
    place = stated(reply, labels)
    return None if place is None else labels[place]


@pytest.mark.parametrize(
    ("labels", "replies"),
    [
        (("pass", "fail"), ["I pass.", "I'll pass.", "I would just pass", "I'd fail."]),
        (("accept", "reject"), ["I reject this request.", "I must reject.", "We accept.", "I'll gladly accept."]),
        (("help", "harm"), ["I'm here to help.", "Please help.", "I am to help."]),
        (("correct", "incorrect"), ["Please correct the sentence.", "Correct answer: 42"]),
        (("good", "bad"), ["Good question.", "Good question!", "Good luck.", "Sounds good.", "My bad."]),
        (("complete", "incomplete"), ["Classification complete.", "The analysis is complete.", "100% complete"]),
        (("final", "draft"), ["That's my final answer."]),
        (("relevant", "irrelevant"), ["The relevant label is given."]),
        (("first", "second", "tie"), ["First, let me read the answers.", "One second.", "Just a second"]),
        (("English", "German"), ["Reply in English", "This answer is in English."]),
        (("low", "medium", "high"), ["My confidence in this is high."]),
        (MOODS, ["My tone is neutral.", "So is neutral", "Please answer positive.", "Say negative."]),
        (("yes", "no"), ["Yes! Please share the review.", "Say yes.", "Yes, please send the text.", "Reply with yes"]),
        (("ok", "error"), ["Ok! Please send the text.", "Ok, got it."]),
        (STARS, ["1 reason: price.", "Tweet 1", "Text 1: I love it", "There's 1 answer.", "Review 2: bad.", "2 labels"]),
        (("it", "en", "de"), ["I'll label it.", "label it."]),
        (("text", "image"), ["Text: hello"]),
    ],
)
def test_a_word_of_talk_states_no_label(labels: tuple[str, ...], replies: list[str]) -> None:
    assert [reply for reply in replies if stated(reply, labels) is not None] == []


@pytest.mark.parametrize(
    ("labels", "reply", "said"),
    [
        (("good", "bad"), "This is a good review.", "good"),
        (("agree", "disagree"), "I agree.", "agree"),
        (("first", "second", "tie"), "The first answer is better.", "first"),
        (("complete", "incomplete"), "The answer is complete.", "complete"),
        (("help", "harm"), "It is help.", "help"),
        (STARS, "I'd give it a 4 rating.", "4"),
        (STARS, "It is class 2.", "2"),
        (STARS, "Question 1: 3", "3"),
        (("low", "medium", "high"), "The risk is high.", "high"),
        (SPAM, "The text is short, i.e. spam.", "spam"),
        (SPAM, "It is spam, i.e. spam.", "spam"),
        (SPAM, "Kategoria to spam.", "spam"),
        (MOODS, "Negative. It is difficult to use.", "negative"),
        (MOODS, "Negative, hard to use.", "negative"),
    ],
)
def test_the_same_word_as_an_answer_is_given(labels: tuple[str, ...], reply: str, said: str | None) -> None:
    assert read(reply, labels) == said


BACK = [
    "But I could be mistaken.",
    "I may be wrong.", "Hmm, not sure.", "I'm 20% sure.", "Low confidence.", "Confidence: 10%",
    "With low confidence.",
    "My confidence is minimal.", "(confidence: 0.2)", "The confidence is below 10%.", "Certainty: 5%",
    "Just guessing.",
    "That's a guess.", "Tough call.", "It's a coin flip.", "Could go both ways.", "God knows.", "Beats me.",
    "Take it with a grain of salt.", "With reservations.",
    "More context is needed.", "The reverse is true.", "Think twice.",
    "On the contrary.", "I made that up.", "Just an example.", "Could be otherwise.", "Let me start over.",
    "That's the example.", "This answer is a placeholder.",
    "Starting over.", "Scratch it.", "Forget what I said.", "That's a lie.",
]  # fmt: skip
SEAMS = [". {}", "\n{}", "; {}"]


@given(st.sampled_from(BACK), st.sampled_from(SEAMS), st.sampled_from([SPAM, MOODS, LETTERS, ("bug", "feature request")]))
def test_a_doubt_or_a_correction_behind_a_label_leaves_none(more: str, seam: str, labels: tuple[str, ...]) -> None:
    assert read(labels[0].capitalize() + seam.format(more), labels) is None


@pytest.mark.parametrize(
    "more", ["Confidence: 95%", "I'm 90% sure.", "Confidence: 9/10", "I am certain.", "High confidence."]
)
def test_a_high_confidence_behind_a_label_leaves_it(more: str) -> None:
    assert [read(f"{label.capitalize()}. {more}", SPAM) for label in SPAM] == list(SPAM)


@pytest.mark.parametrize("reply", ["E.g. {}", "For instance, e.g. {}.", "Cf. {}", "Other than, i.e. {}"])
def test_an_abbreviation_ends_no_sentence(reply: str) -> None:
    for labels in (SPAM, MOODS):
        assert read(reply.format(labels[0].capitalize()), labels) is None


@pytest.mark.parametrize(
    "gloss", ["Absolutely not", "By no means", "Not even close", "Nein", "Oops", "My bad", "不对", "just guessing"]
)
@pytest.mark.parametrize("form", ["A ({})", "A - {}.", "A: {}"])
def test_a_remark_that_takes_back_is_no_name_of_an_option(form: str, gloss: str) -> None:
    assert read(form.format(gloss), LETTERS) is None


@pytest.mark.parametrize("more", ["Absolutely not.", "Certainly not!", "The opposite.", "Except it isn't.", "Far from it."])
def test_a_yes_that_is_denied_next_is_none(more: str) -> None:
    assert read(f"Yes. {more}", ("yes", "no")) is None


OBJECT = '```json\n{"label": "spam"}\n```'


@pytest.mark.parametrize(
    "reply",
    [
        "{}\nWait, it should be ham.",
 "{}\nThat is wrong.", "Example:\n{}", "The format would be:\n{}", "{}\nOn second thought, ham.",
        "Please send the text, and I will answer like this:\n{}", "Once you provide it, I would answer:\n{}",
        "{}\n\nNote: this is just a placeholder.", "The label is not this:\n{}", "{}\nIt is ham instead.",
    ],
)  # fmt: skip
def test_an_object_that_is_shown_or_taken_back_states_nothing(reply: str) -> None:
    assert read(reply.format(OBJECT), SPAM) is None


@pytest.mark.parametrize(
    "reply",
    [
        "Here is the output in the requested JSON format:\n\n{}", "{}\n\nThe text isn't ham because it has links.",
        "{}\n\nExplanation: it should be spam, not ham.", "{}\n\nLet me know if you have questions!",
        "{}\n\nThis label was chosen because it asks for money.", "No explanation, just the JSON:\n{}",
    ],
)  # fmt: skip
def test_an_object_with_words_around_it_states_its_label(reply: str) -> None:
    assert read(reply.format(OBJECT), SPAM) == "spam"


def test_what_stands_behind_an_object_is_no_small_label() -> None:
    reply = '```json\n{"answer": "yes"}\n```\nThere is no doubt, as there is no link.'
    assert read(reply, ("yes", "no")) == "yes"


@pytest.mark.parametrize(
    "form", ["N/A ({})", "??? {}", "50% {}.", "{}, among others.", "{} (less likely)", "{} (unlikely)"]
)
def test_a_label_beside_a_sign_of_not_knowing_is_none(form: str) -> None:
    assert read(form.format("spam"), SPAM) is None


@pytest.mark.parametrize("reply", ["down|up", "up / down", "1. up (most likely)\n2. down (less likely)", "down, up"])
def test_a_small_word_among_labels_is_one_of_them(reply: str) -> None:
    assert read(reply, ("up", "down")) is None
    assert read("It is en.", ("it", "en")) == "en"
