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


FAULTS_OF_TEXT = [
    "The customer received the wrong item.", "The payment was rejected.", "An incorrect amount was charged.",
    "I chose this category because the customer was charged by mistake and wants a refund instead of a voucher.",
    "It mentions a wrong charge.", "They were charged the wrong amount.", "The invoice is incorrect.",
    "The message is about a wrong charge.",
]  # fmt: skip
FAULTS_OF_ANSWER = [
    "The label is wrong because the text is about a card.", "The JSON above is wrong.", "A mistake.", "They were wrong.",
    "The text was labelled by mistake.", "The wrong one was chosen.", "The claim is just wrong.", "I made a mistake.",
    "The text is fine, but the label was rejected.", "The text is not promotional; use ham instead.",
]  # fmt: skip


@pytest.mark.parametrize("form", ["{}\n\n{}", "Here is the label:\n\n{}\n\n{}"])
def test_what_went_wrong_in_the_text_takes_no_object_back(form: str) -> None:
    assert [more for more in FAULTS_OF_TEXT if read(form.format(OBJECT, more), SPAM) != "spam"] == []
    assert [more for more in FAULTS_OF_ANSWER if read(form.format(OBJECT, more), SPAM) is not None] == []
    assert read("Spam\n\nThe customer says that the invoice is incorrect.", SPAM) == "spam"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("Here is the classification for the given sample:", "spam"),
        ("Here is the JSON for the example text:", "spam"),
        ("Based on the examples provided, the answer is:", "spam"),
        ("Using the template you provided, the answer is:", "spam"),
        ("A message like this is unwanted:", "spam"),
        ("Here is the example:", None),
        ("Here's a sample response:", None),
        ("Example JSON:", None),
        ("A bad example:", None),
        ("For example, the answer could be:", None),
        ("It looks like this:", None),
    ],
)
def test_an_object_for_an_example_is_no_example_of_an_object(before: str, said: str | None) -> None:
    assert read(f"{before}\n\n{OBJECT}", SPAM) == said


@pytest.mark.parametrize("star", STARS)
@pytest.mark.parametrize(
    "form",
    [
        "I rate this review {}.", "I'd rate this review {} stars.", "I would rate this review {}/5.",
        "I give this comment {} out of 5.", "I would rate the review {} stars out of 5.", "I'd assign the message {}.",
        "I rate the sentiment of this review {}.",
    ],
)  # fmt: skip
def test_what_is_graded_is_not_numbered(form: str, star: str) -> None:
    assert read(form.format(star), STARS) == star
    for numbered in ("This is review {}.", "Here is tweet {}.", "In review {}, the user is happy."):
        assert read(numbered.format(star), STARS) is None


@pytest.mark.parametrize("label", ["No", "False"])
@pytest.mark.parametrize(
    "more",
    [", quite the opposite.", ". On the contrary, the passage says that it was closed.", ", the opposite is the case."],
)
def test_the_contrary_goes_on_with_a_label_that_denies(label: str, more: str) -> None:
    labels = ("yes", "no", "true", "false")
    assert read(label + more, labels) == label.casefold()
    assert read("Yes" + more, labels) is read("True" + more, labels) is None
    assert read("Yes. The opposite of hot is cold.", labels) == "yes"


OF_THE_TEXT = [
    ' - "think twice before you reply"', ". The film is a lie.", ". This is an example of lazy writing.",
    ". It is just an example of lazy writing.", " - hard to give it any credit", ". It is hard to see why it was sent.",
    ". It is hard to say anything good about it.", "\nSubcategory: N/A",
    "\n**Notes:** N/A",
]  # fmt: skip
OF_THE_LABEL = [
    ". Think twice.", ". The label is a lie.", ". This is an example.", ". The opposite of that.",
    ". The opposite of {}.", '". Just kidding.',
    " - hard to give a label", ". Hard to see.", ". It is hard to say anything.", "\nFinal label: N/A", ". N/A",
]  # fmt: skip


@pytest.mark.parametrize("labels", [SPAM, MOODS, ("bug", "feature request")])
def test_what_is_said_or_cited_of_the_text_takes_no_label_back(labels: tuple[str, ...]) -> None:
    for label in labels:
        assert [more for more in OF_THE_TEXT if read(label + more, labels) != label] == []
        assert [more for more in OF_THE_LABEL if read(label + more.format(label), labels) is not None] == []


KNOWN_OPEN = [
    ". It is not clear whether the man is a doctor.", "\n\nIt is impossible to tell from the premise whether he is one.",
    ". We cannot tell whether the man is tall.", " - there is not enough information.", ". It is not known who won.",
    "\n\nMore information is needed to know whether he is one.", ": we do not know the age of the man.",
    ". It cannot be determined from the passage.",
]  # fmt: skip


@pytest.mark.parametrize("label", ["Neutral", "Unknown", "Not enough info", "undetermined", "Maybe"])
def test_what_is_not_known_of_the_text_agrees_with_a_label_that_says_so(label: str) -> None:
    labels = ("yes", label)
    assert [more for more in KNOWN_OPEN if read(label + more, labels) != label] == []
    for more in (
        ". It is unclear whether the label fits.",
        ". I'm not sure.",
        f". It is hard to tell whether it is {label}.",
    ):
        assert read(label + more, labels) is None
    assert [more for more in KNOWN_OPEN[:4] if read("Spam" + more, SPAM) is not None] == []


def test_a_contradiction_is_what_says_the_opposite() -> None:
    labels = ("entailment", "neutral", "contradiction")
    assert read("Contradiction. The premise says the opposite.", labels) == "contradiction"
    assert (
        read("Contradiction. The opposite.", labels) is read("Entailment. The premise says the opposite.", labels) is None
    )


@pytest.mark.parametrize("labels", [SPAM, MOODS, ("bug", "feature request")])
def test_where_the_text_goes_is_its_label(labels: tuple[str, ...]) -> None:
    forms = [
        "Assign to {}", "I would assign it to {}.", "The ticket should be assigned to {}.", "The label to assign is {}.",
        "I would route this ticket to {}.", "This is closest to {}.", "My answer to this is {}.", "To conclude, {}.",
        "We can classify this as {}.", "It is evident that the text is {}.", "After careful thought, {}.",
        "The label that best describes the text is {}.", "Suggested label: {}",
        "The answer to your question is {}.", "The label that applies to this text is {}.", "The one to pick is {}.",
    ]  # fmt: skip
    not_so = [
        "I am to {}.", "I'm here to {}.", "We can hardly say that this is {}.", "It is not evident that the text is {}.",
        "The label that best describes another text is {}.", "We could classify this as {}.",
    ]  # fmt: skip
    for label in labels:
        assert [form for form in forms if read(form.format(label), labels) != label] == []
        assert [form for form in not_so if read(form.format(label), labels) is not None] == []


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
