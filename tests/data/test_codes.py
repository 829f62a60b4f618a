"""Labels that are numbers or letters, in replies that say what they stand for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.text import stated

STARS = ("1", "2", "3", "4", "5")
GLOSSED = ["0 (not spam)", "0 = not spam", "0: no spam", "0 – not a spam", "0 (ham)", "**0** (not spam)", "Label: 0"]
OPEN = [
    *("0 (not sure)", "0 (not really)", "0 (not quite)", "0 (maybe)", "0 (no)", "0: no", "0 = false"),
    *("0 (if spam)", "0 (1 is spam)", "0 (not)", "0 (not 0)", "0 (most likely not)", "0 (I am not sure)"),
]


@pytest.mark.parametrize("reply", GLOSSED)
def test_a_number_with_what_it_stands_for_is_stated(reply: str) -> None:
    assert stated(reply, ("0", "1")) == 0
    assert stated(reply.replace("0", "1"), ("0", "1")) == 1  # neither side is missed more often


@pytest.mark.parametrize("reply", OPEN)
def test_what_says_something_of_the_number_leaves_doubt(reply: str) -> None:
    assert stated(reply, ("0", "1")) is None


@pytest.mark.parametrize(
    "reply", ["4 of 5", "On a scale of 1 to 5, I would say 4.", "On a scale from 1 to 5: 4", "Rating (1-5): 4", "4 - good"]
)
def test_the_ends_of_a_scale_are_no_labels(reply: str) -> None:
    assert stated(reply, STARS) == 3


@pytest.mark.parametrize(
    "reply", [">3", "<3", "≥3", "≤ 3", "under 3", "over 3", "on a scale of 1 to 5", "(1-5)", "1-5", "3 of 10"]
)
def test_a_bound_or_a_scale_is_no_label(reply: str) -> None:
    assert stated(reply, STARS) is None


@pytest.mark.parametrize("reply", ["<label>3</label>", "<answer>3</answer>", "> 3", "-> 3", "=> 3"])
def test_marks_around_a_number_are_no_bound(reply: str) -> None:
    assert stated(reply, STARS) in (2, None)
    assert stated("<label>3</label>", STARS) == 2


@pytest.mark.parametrize(
    "reply", ["答案是B", "答案是B。", "选B", "故选B。", "B选项", "正解はBです", "정답은 B입니다", "答案：B"]
)
def test_a_letter_is_stated_in_scripts_without_spaces(reply: str) -> None:
    assert stated(reply, ("A", "B", "C", "D")) == 1


@pytest.mark.parametrize(
    "reply", ["不是B", "不选B", "答案不是B", "答案是B吗？", "正解はBではない", "정답은 B이 아닙니다", "选A还是B"]
)
def test_a_letter_that_is_denied_is_not(reply: str) -> None:
    assert stated(reply, ("A", "B", "C", "D")) is None


@given(st.sampled_from("01"), st.text(st.characters(codec="ascii", exclude_characters="01"), max_size=30))
def test_what_stands_behind_a_number_never_gives_the_other(code: str, text: str) -> None:
    assert stated(f"{code} ({text})", ("0", "1")) in (int(code), None)


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        ("①②③④⑤", "정답은 ②입니다", "②"),
        ("①②③④⑤", "The answer is ④.", "④"),
        (("m", "²", "³"), "It is ²", "²"),
        (("1" * 5000, "2", "3"), "It is 3.", "3"),  # more digits than Python reads as a number
    ],
)
def test_digits_that_are_no_numbers_are_labels_all_the_same(labels: Sequence[str], reply: str, label: str) -> None:
    found = stated(reply, labels)
    assert found is not None
    assert labels[found] == label


@given(
    st.lists(
        st.text(st.characters(categories=("Nd", "No", "Nl")), min_size=1, max_size=3), min_size=2, max_size=5, unique=True
    ),
    st.data(),
)
def test_labels_of_any_digits_are_given_or_nothing_is(labels: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(labels) - 1))
    for reply in ("I would say {}.", "정답은 {}입니다", "On a scale, {} of 5"):
        assert stated(reply.format(labels[place]), labels) in (place, None)


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (["1.0", "2.0", "4.0"], "4", "4.0"),
        (["1.0", "2.0", "4.0"], "Rating: 4", "4.0"),
        (["1.0", "2.0", "4.0"], "I give it 2 stars.", "2.0"),
        (["1.0", "2.0", "4.0"], "4.5", None),
        (["1.0", "2.0", "4.0"], "40", None),
        (["1.0", "2.0", "4.0"], "4.0.1", None),
        (["1.0", "2.5", "4.0"], "2.5", "2.5"),
        (["1.0", "2.5", "4.0"], "4", "4.0"),
        (["1", "2", "4"], "4.0", "4"),
        (["1", "2", "4"], "It is 4.00.", "4"),
        (["1", "2", "4"], "+4", "4"),
        (["-1", "0", "+1"], "+1", "+1"),
        (["-1", "0", "1"], "-1.0", "-1"),
        (["1", "1.0", "2"], "1.0", "1.0"),
        (["v1", "v1.0"], "v1.0", "v1.0"),
        (["1", "2", "4"], "4 (out of 10)", None),
        (["1", "2", "4"], "≈4", None),
        (["1", "2", "4"], "about ≈ 4", None),
    ],
)
def test_a_whole_number_is_one_with_or_without_its_fraction(labels: list[str], reply: str, label: str | None) -> None:
    place = stated(reply, labels)
    assert (None if place is None else labels[place]) == label


@pytest.mark.parametrize(
    "reply",
    [
        *(
            "5 (max 10)",
            "5 (max. 10)",
            "4 [1-10]",
            "4 (scale: 1-10)",
            "Grade: 5\nScale: 1-10",
            "Score: 5, scale of 0 to 100",
        ),
        *(
            "5 (10 being the best)",
            "4, where 10 is best",
            "5 (10-point scale)",
            "4 points (of a possible 10)",
            "4⁄10",
            "4∕10",
        ),
        *(
            "5 | 10",
            "5 - 10",
            '{"score": 5, "out_of": 10}',
            '{"grade": 4, "max_score": 10}',
            '{"score": 4, "scale": "1-10"}',
        ),
    ],
)
def test_a_rating_on_another_scale_is_none_on_this_one(reply: str) -> None:
    """Half of ten had been full marks of five."""
    assert stated(reply, ["1", "2", "3", "4", "5"]) is None


@pytest.mark.parametrize(
    "reply",
    ["4 [1-5]", '{"score": 4, "max_score": 5}', "4 of 5", "4\n", "4 (95%)", "Rating: 4 on a scale of 1 to 5"],
)
def test_a_rating_on_the_scale_of_the_labels_is_one(reply: str) -> None:
    assert stated(reply, ["1", "2", "3", "4", "5"]) == 3


@pytest.mark.parametrize(
    "reply",
    [
        *(
            "The guest waited for a maximum of 20 minutes. Rating: 4",
            "Rating: 4\n\nThe answer gives the highest point (8848 m).",
            "The gold answer says [0-12], as this one does.\nGrade: 4",
        ),
        *(
            "It names a 12-point list. Grade: 4",
            "4. The range is 0-20, as it should be.",
            '{"reasoning": "The maximum is 20, as in the reference", "grade": 4}',
        ),
        "The interval [1-10] is right. Grade: 4",
    ],
)
def test_what_another_sentence_counts_is_no_scale(reply: str) -> None:
    """A reply that gives reasons had stated no rating."""
    assert stated(reply, ["1", "2", "3", "4", "5"]) == 3


@pytest.mark.parametrize(
    "reply", ["Score: 5\nMax: 10", "5\n(out of 10)", '{"score": 5,\n "max_score": 10}', "5. The maximum is 10."]
)
def test_a_line_that_says_nothing_but_the_end_of_a_scale_is_the_ratings(reply: str) -> None:
    assert stated(reply, ["1", "2", "3", "4", "5"]) is None


@pytest.mark.parametrize(
    "reply",
    [
        "4 - The answer names the large-scale study with 20 people.",
        "The model is a large-scale one (1-10B parameters). Rating: 4",
        "Score: 4/5\n\nMostly accurate, but it lacks detail on full-scale tests (0-100 m).",
        "Score: 4, because the answer lists 8 out of 10 facts.",
        "The answer has 9 out of 10 facts right, so I give it a 4.",
        "Rating: 4 (9 out of 10 key facts are right)",
        "4 - 9 out of 10 facts are right",
        "Grade: 4, since a maximum of 20 days is named",
        "Rating: 4 - the 12-point plan is named in full.",
        "Grade: 4. The pH scale is 0 to 14, as the answer says.",
        '{"rating": 4, "explanation": "It scores 9 out of 10 on the large-scale benchmark"}',
        "On a scale from 1 to 5, where 1 is worst and 5 is best, I would rate this response 4.",
        "On a scale from 1 (poor) to 5 (excellent), I rate it 4.",
        "**Score (1-5):** 4",
        "Score [1-5]: 4",
        "Rating: 4 (1 = worst, 5 = best)",
        "The rating is 4 on the 5-point scale.",
        "On the 1-5 scale I give it 4.",
        "4 (out of 5)",
        "Out of 5, I give it a 4.",
        "Final rating: 4\nThe maximum score is 5.",
        "Rating: 4, 95 percent sure",
        "4, since the loop runs from 0 to 10.",
        "Rating: 4 - covers ages from 0 to 12.",
        "Rating: 4 - the iPhone 14 Max is named",
        "Rating: 4 (4/5)",
        "Score: 4 (8/10)",
    ],
)
def test_a_rating_beside_what_is_counted_or_on_its_own_scale_is_one(reply: str) -> None:
    """As judges write them. A part of a word, or a count of the text's, is no scale."""
    assert stated(reply, ["1", "2", "3", "4", "5"]) == 3


@pytest.mark.parametrize(
    "reply",
    [
        *(
            "5, from 0 to 10",
            "From 0 to 10: 5",
            "Rating 0 to 10: 5",
            "5 (2-10)",
            "5 (from 2 to 10)",
            "5 stars, 0 to 10 stars",
        ),
        *("5 on a scale of 1 through 10", "5 (zero to ten)", "a 5 (out of ten)", "5, ten being perfect", "5 (10=best)"),
        *("5, where 10 indicates perfect", "5 (up to 10)", "5 ÷ 10", "5 : 10", "5 (scale: -10 to 10)", "5, scale 0...10"),
        *('{"rating": 5, "range": [1, 10]}', "5 [0, 10]", "5 points of 10", "5分(满分10分)", "5 out of 10 facts"),
        *("5 (out of 10 criteria)", "Score: 5. Out of 10 facts.", "The large-scale test gets 5 on a scale of 0 to 10"),
        *("On a 0-10 scale, this is a 5.", "5, 0 to 10 scale", "5 (10 max)", "5 (10 points maximum)", "5 (of ten)"),
        *("5 (5/10)", "5 [5/10]", "5 = 5/10", "5/10 (5)", "5/10, so 5", "Rating/10: 5", "5, 1-10", "5（1-10）", "5 (1~10)"),
        *("5 (Skala 0-10)", "5 (1=bad, 10=good)", "5 (top: 10)", "5 (full marks 10)", "5 points of 10", "5 <1-10>"),
        *('{"score": 5, "scale": 10}', '{"score": 5, "maxScore": 10}', '{"score": 5, "total": 10}'),
        *("5, a 10 would be perfect", "5 (10 would be best)", '{"ratingValue": 5, "bestRating": "10"}'),
        *("5 percent", "It is 5 percent right.", "5.0 percent", "about 5 per cent", "5 Prozent", "5%"),
    ],
)
def test_a_scale_in_other_words_is_another_scale_too(reply: str) -> None:
    """Half of ten had been full marks of five."""
    assert stated(reply, ["1", "2", "3", "4", "5"]) is None


@pytest.mark.parametrize(
    "reply",
    [
        "1 (1-10)",
        "On a 0-10 scale, this is a 1.",
        "1 (max 10)",
        '{"rating": 1, "max": 10}',
        "Rating: 1\nScale: 0-10",
        "1 - 10",
    ],
)
def test_one_of_ten_is_not_the_better_of_two(reply: str) -> None:
    assert stated(reply, ["0", "1"]) is None
    assert stated(reply, ["0", "0.5", "1"]) is None
    assert stated(reply, ["-1", "0", "1"]) is None


@pytest.mark.parametrize(
    ("reply", "labels"),
    [
        ("5.0 (1-10)", ["1.0", "2.0", "3.0", "4.0", "5.0"]),
        ("4 stars (max 10)", ["1 star", "2 stars", "3 stars", "4 stars"]),
        ("4 stars of 10", ["1 star", "2 stars", "3 stars", "4 stars"]),
        ("0.5 (max 10)", ["0", "0.5", "1"]),
    ],
)
def test_ratings_with_a_fraction_or_of_stars_are_on_a_scale_too(reply: str, labels: list[str]) -> None:
    assert stated(reply, labels) is None


@pytest.mark.parametrize("unit", ["star", "point", "mark"])
@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("I rate it 4 of 5 {}s.", 3),
        ("4 out of 5 {}s", 3),
        ("Rating: 4/5 {}s.", 3),
        ("1 out of 5 {}s", 0),
        ("5 out of 5 {}s", 4),
        ("on a scale of 1 to 5 {}s, 4 {}s", 3),
        ("3 (scale: 1 to 5 {}s)", None),
    ],
)
def test_the_end_of_a_scale_is_no_rating_of_stars(reply: str, place: int | None, unit: str) -> None:
    labels = [f"{number} {unit}{'s' * (number > 1)}" for number in range(1, 6)]
    assert stated(reply.replace("{}", unit), labels) == place


@pytest.mark.parametrize(
    ("reply", "place"), [("0.5", 1), ("Rating: 1", 2), ("Score: 0.5", 1), ("0.5 - the maximum of 20 is right", 1)]
)
def test_a_rating_with_a_fraction_on_its_own_scale_is_one(reply: str, place: int) -> None:
    assert stated(reply, ["0", "0.5", "1"]) == place


@pytest.mark.parametrize(
    "reply", ["1 - the maximum of 20 is right", "1 (1-12 months)", "8 out of 10 are right, so 1", "1 (not spam)"]
)
def test_a_code_beside_what_is_said_of_the_text_is_that_code(reply: str) -> None:
    assert stated(reply, ["0", "1"]) == 1


def test_a_sentence_of_many_scales_says_nothing_and_many_sentences_do() -> None:
    """Each is held against what stands beside it: a hundred thousand had taken a minute."""
    said = [f"{n} out of 10 facts" for n in range(100, 130)]
    assert stated(f"Rating: 4, {' or '.join(said)}", ["1", "2", "3", "4", "5"]) is None
    assert stated("Rating: 4\n" + "\n".join(said), ["1", "2", "3", "4", "5"]) == 3


def test_percent_are_a_rating_where_the_labels_reach_a_hundred() -> None:
    assert stated("50 percent", [str(number) for number in range(101)]) == 50
    assert stated("1 percent", ["0", "1"]) is None


VERDICTS = [
    *("unclear", "denied", "depends", "hardly", "not given", "excluded", "eliminated", "ruled out", "implausible", "n"),
    *(
        "uncertain",
        "undecided",
        "guess",
        "error",
        "unproven",
        "inconclusive",
        "impossible",
        "rejected",
        "discarded",
        "undetermined",
    ),
    *("disproved", "pending", "a guess", "not stated", "unanswerable", "invalid", "not chosen", "overturned"),
]
CLASSES = [
    *(
        "spam",
        "not spam",
        "Paris",
        "good",
        "sports",
        "negative",
        "world news",
        "unsafe",
        "information",
        "important",
        "unrelated",
    ),
    *("surprised", "industry", "health", "question", "sad", "red", "insurance", "New York", "toxic", "safe"),
]


@pytest.mark.parametrize("form", ["{} - {}", "{} ({})", "{}: {}", "{} = {}", "**{}** – {}."])
def test_a_verdict_behind_a_code_is_no_name_of_its_class(form: str) -> None:
    for labels in (("0", "1"), ("A", "B")):
        for code, label in enumerate(labels):
            assert [name for name in VERDICTS if stated(form.format(label, name), labels) is not None] == []
            assert [name for name in CLASSES if stated(form.format(label, name), labels) != code] == []


@given(
    st.sampled_from(["un", "in", "im"]),
    st.text("bcdfghklmnprst", min_size=4, max_size=8),
    st.sampled_from(["ed", "ly", "ble"]),
)
def test_what_looks_like_a_verdict_is_not_taken_for_a_class(before: str, stem: str, behind: str) -> None:
    assert stated(f"1 - {before}{stem}", ("0", "1")) is None
    assert stated(f"1 ({stem}ed)", ("0", "1")) is None
    assert stated(f"A - {before}{stem}{behind}", ("A", "B")) is None
