"""Whole replies as models write them: with what was asked, grounds, examples and corrections around the label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.text import stated

SPAM, MOODS, LETTERS, STARS = ("spam", "ham"), ("positive", "negative", "neutral"), tuple("ABCD"), tuple("12345")
LEVELS, YES, QUEUES = ("low", "medium", "high"), ("yes", "no"), ("billing", "delivery", "none")


def read(reply: str, labels: tuple[str, ...]) -> str | None:
    place = stated(reply, labels)
    return None if place is None else labels[place]


ANNOUNCED = [
    "The options are {y} and {x}. The answer is {x}.", "Labels: {x}, {y}\nLabel: {x}", "Options: {y}, {x}\nAnswer: {x}",
    "Classify the text as {x} or {y}.\n\nText: The parcel came late.\nLabel: {x}", "Is this {y} or {x}?\n\nAnswer: {x}",
    "Reasoning: It seems {y} at first.\n\nFinal answer: {x}", "It could be {y}, but the answer is {x}.",
    "Although it could be {y}, the best answer is {x}.", "It may look like {y}, but it is {x}.",
    "It seems {y} at first sight. **The final answer is {x}.**", "{y} or {x}?\n\n答案：{x}", "Oder {y}?\nAntwort: {x}",
    "## Reasoning\nIt could be {y}.\n\n## Label\n{x}", "**Analysis**\nIt may be {y}.\n\n**Final answer:**\n\n**{x}**",
]  # fmt: skip
NOT_ANNOUNCED = [
    "{y}\n\nText: You won a prize.\nLabel: {x}", "It's {y}. The answer is {x}.", "## Label\n{y}\n\n## Label\n{x}",
    "It's {y}.\n\n## Label\n{x}", "I can't help with that.\n\n{x}", "I won't answer. {x}.", "I refuse. {x}",
    "A wrong reply would be:\nAnswer: {x}, not {y}",
    "I cannot choose between {x} and {y}.\n\nAnswer: {x}?", "If it were {y}, the answer is {x}.",
    "Rejected: {y}\nRejected\nLabel: {x}",
    "Text: a {y} one\nLabel: {y}\n\nText: b\nLabel: {x}", "{y} or {x}. The answer is unclear, {x} too.",
]  # fmt: skip


@pytest.mark.parametrize("labels", [SPAM, MOODS, LETTERS, STARS, ("C#", "C", "C++"), ("card_arrival", "card_lost")])
def test_an_answer_that_is_announced_at_the_end_counts_whatever_was_said_before(labels: tuple[str, ...]) -> None:
    for x, y in ((labels[0], labels[1]), (labels[1], labels[0])):
        assert [form for form in ANNOUNCED if read(form.format(x=x, y=y), labels) != x] == []
        assert [form for form in NOT_ANNOUNCED if read(form.format(x=x, y=y), labels) == x] == []


@given(st.sampled_from(ANNOUNCED), st.permutations(MOODS), st.sampled_from(["Not {}.", "It's not {}.", "Or {}."]))
def test_what_follows_an_announcement_takes_it_back(form: str, moods: list[str], more: str) -> None:
    x, y, _ = moods
    assert read(f"{form.format(x=x, y=y)} {more.format(x)}", MOODS) is None


@pytest.mark.parametrize(
    "reply",
    [
        "I'd be happy to help! Please provide the text. For example:\n\nText: You won!\nLabel: spam",
        "Please provide the message. The output will look like this:\n\nLabel: spam",
        "Sure! Send me the text and I will answer in this format:\nLabel: spam",
        "The format is:\nLabel: spam",
        "Example output:\nLabel: spam",
    ],
)
def test_a_form_that_is_only_shown_states_nothing(reply: str) -> None:
    assert read(reply, SPAM) is None
    assert read("Here is the answer in the requested format:\nLabel: spam", SPAM) == "spam"


@pytest.mark.parametrize(
    "reason",
    [
        "It is not promotional.", "It's not an advertisement.", "It does not contain links.",
        "The message is not promotional.",
        "It has no links.", "The sender doesn't ask for money.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["Ham. {}", "The answer is ham. {}", "**Ham**\n\n{}"])
def test_what_a_text_is_not_is_no_denial_of_its_label(reason: str, form: str) -> None:
    assert read(form.format(reason), SPAM) == "ham"


@pytest.mark.parametrize(
    "more",
    [
        "It is not true.", "It's not so.", "It isn't.", "It is not a good fit.", "It is not the case.", "Not remotely.",
        "No way.",
        "It's not that.", "It does not apply.", "It doesn't fit.", "It is not ham.", "It is not settled.",
        "Not in a million years.",
        "It is not final.", "This label does not apply.", "The label is not right.", "The answer was rejected.",
        "It doesn't describe the text.", "It is not backed by the text.", "It's not really.",
    ],
)  # fmt: skip
def test_what_a_label_is_not_is_one(more: str) -> None:
    assert read(f"Ham. {more}", SPAM) is None
    assert read(f"Ham\n\n{more}", SPAM) is None


@pytest.mark.parametrize("form", ["Ham: not {}", "Ham - not {}", "Ham (not {})", "Spam: no {}"])
@pytest.mark.parametrize("word", ["found", "present", "detected", "flagged", "selected", "issue", "trace"])
def test_a_label_that_was_not_found_is_not_stated(form: str, word: str) -> None:
    assert read(form.format(word), SPAM) is None


IN_OTHER_LANGUAGES = [
    "Das ist nicht {y}, sondern {x}.", "Ce n'est pas {y}, mais {x}.", "No es {y}, sino {x}.", "Não é {y}, mas {x}.",
    "Non è {y}, ma {x}.", "Это не {y}, а {x}.", "不是{y}，而是{x}。", "{y}ではなく{x}です。",
    "{y}이 아니라 {x}입니다.", "{x} statt {y}",
    "{x} plutôt que {y}", "{x} en lugar de {y}", "{x}, а не {y}", "ليس {y} بل {x}", "यह {y} नहीं, {x} है।",
    "{x} because it is not {y}.", "I prefer {x} over {y}.", "Is it {y}? No, it is {x}.",
]  # fmt: skip
NEITHER = [
    "Das könnte {x} statt {y} sein.",
    "{x} statt {y}?",
    "Это не {y}, а не знаю, {x}?",
    "{y}ではなくなった{x}",
    "No es {x}, ni {y}.",
]


@pytest.mark.parametrize("form", IN_OTHER_LANGUAGES)
def test_a_label_is_set_off_in_any_language(form: str) -> None:
    for x, y in (("negative", "positive"), ("neutral", "negative")):
        assert read(form.format(x=x, y=y), MOODS) == x
    assert [form for form in NEITHER if read(form.format(x="neutral", y="negative"), MOODS) is not None] == []


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (("C", "C#", ".NET"), "Label: C#\nReason: not .NET", "C#"),
        (("C", "C#", "C++"), "**C#**\nExplanation: nothing of C++ in it", "C#"),
        (("200", "404", "500"), "404/500", None),
        (STARS, "4/5", "4"),
        (STARS, "4 von 5", "4"),
        (STARS, "1. The author describes an event and", None),  # the first of a list that was cut off
        (STARS, "1. The food is bad\n2. The service is bad\nRating: 1", "1"),
        (STARS, "#4", None),
        (STARS, "≈3", None),
        (("0", "1"), "1 in 10", None),
        (STARS, "3\n\nThe customer waited 4 days.", "3"),
        (STARS, "4 étoiles", "4"),
        (YES, "Yes, it does not.", None),
        (YES, "No, it is.", None),
        (YES, "No it does.", None),
        (YES, "Yes, it does.", "yes"),
        (YES, "No, it isn't.", "no"),
        (YES, "The answer is a clear no.", "no"),
        (YES, "That's a no.", "no"),
        (YES, "It's a yes or no question.", None),
        (("a", "b"), "It is a", None),
        (("a", "b"), "The answer is a", "a"),
        (("joy", "love"), "I love this.", None),
        (("joy", "love"), "The emotion is love.", "love"),
        (("number", "human"), "The question number 5", None),
        (LEVELS, "Priority: low\nConfidence: high", "low"),
        (LEVELS, "Confidence: high\nPriority: low", "low"),
        (LEVELS, "low (confidence: high)", "low"),
        (LEVELS, "Confidence: high", None),
        (("en", "is", "it", "de"), "The language is en.", "en"),
        (("US", "UK", "IN"), "In my opinion, UK", "UK"),
        (("en", "is"), "is or en", None),
        (QUEUES, "None of the above.", "none"),
        (("spam", "not spam"), "This is **not** spam.", "not spam"),
        (YES, "Label: no 🙂", "no"),
        (LETTERS, "I would classify this as ”B”.", "B"),
        (SPAM, "### Response:\nspam", "spam"),
        (SPAM, "<|assistant|>spam", "spam"),
        (SPAM, '{"labels": ["spam"]}', "spam"),
        (SPAM, '{"labels": ["spam", "ham"]}', None),
        (SPAM, "Response: it is not spam", None),
        (SPAM, "Wait, spam.", "spam"),
        (SPAM, "spam\nham", None),
        (SPAM, "Based on the information provided, the answer is spam.", "spam"),
        (SPAM, "spam, provided it has a link", None),
        (SPAM, "Spam - the text says so.", "spam"),
        (SPAM, "Spam - the text says it is not.", None),
        (MOODS, "Neutral\n\nThe text contains positive and negative parts.", "neutral"),
        (MOODS, "Neutral\n\nThe text might be positive.", None),
        (MOODS, "Neutral?\n\nThe text contains positive and negative parts.", None),
        (("10%", "20%"), "10 %", "10%"),
        (LETTERS, "A ✓", "A"),
        (LETTERS, "Answer - B", "B"),
        (("A", "A-", "B", "B+"), "Grade: A -", None),
        (("A", "A-", "B", "B+"), "B +", None),
        (("no", "is", "en"), "no, I mean is.", None),
        (LETTERS, "→ B", "B"),
        (LETTERS, "B (95% confidence)", "B"),
        (("A", "B", "tie"), "Response A is better than B.", "A"),
        (("A", "B", "tie"), "A is not better than B.", None),
    ],
)  # fmt: skip
def test_replies_of_many_kinds(labels: tuple[str, ...], reply: str, label: str | None) -> None:
    assert read(reply, labels) == label


GRADES = [("correct", "incorrect"), ("right", "wrong"), ("true", "false"), ("accurate", "inaccurate")]


@pytest.mark.parametrize("grades", GRADES)
def test_a_grade_that_only_qualifies_what_is_named_behind_it_is_not_given(grades: tuple[str, ...]) -> None:
    good, bad = grades
    for form in (
        "The {} answer is 12.",
        "{} answer: 12",
        "**{} answer:** 12",
        "The {} answer is Paris.",
        "The {} value would be 7",
    ):
        assert read(form.format(good), grades) is None
        assert read(f"{bad}. {form.format(good)}", grades) in (bad, None)
    assert read(f"{bad}. The {good} answer is 12.", grades) == bad
    assert read(f"The answer is {bad}. The {good} answer is 12.", grades) == bad
    assert read(f"The student's answer is {good}.", grades) == good
    assert read(f"This is the {good} answer.", grades) == good


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (("正面", "负面"), "正面，因为客户很满意。", "正面"),
        (("正面", "负面"), "正面吗，因为", None),
        (("正面", "负面"), "是正面，而不是负面", "正面"),
        (("正面", "负面"), "不是正面，因为客户不满意。", None),
        (("垃圾邮件", "正常邮件"), "这不是垃圾邮件，是正常邮件。", "正常邮件"),
        (("垃圾邮件", "正常邮件"), "不是垃圾邮件，不是正常邮件。", None),
        (("是", "否"), "是否", None),
        (("是", "否"), "无法判断是否", None),
        (("是", "否"), "否，这不是垃圾邮件。", "否"),
        (("是", "否"), "是的", "是"),
        (("对", "错"), "没错", None),
        (("肯定的", "否定的"), "肯定的と思います。", "肯定的"),
        (("肯定的", "否定的"), "肯定的とは思いません。", None),
        (("да", "нет"), "Нет, это не так.", "нет"),
        (("да", "нет"), "Нет данных", None),
        (("ja", "nein"), "Ja, das ist es nicht.", None),
        (("ja", "nein"), "Nein, das ist es nicht.", "nein"),
        (("положительный", "отрицательный"), "Этот отзыв положительный.", "положительный"),
        (("positiv", "negativ"), "Ich würde diesen Text als negativ einstufen.", "negativ"),
    ],
)
def test_replies_in_other_languages(labels: tuple[str, ...], reply: str, label: str | None) -> None:
    assert read(reply, labels) == label


def test_a_reply_that_runs_in_a_circle_says_what_it_says_once() -> None:
    assert read("spam " * 3, SPAM) == "spam"
    assert read("spam " * 20_000, SPAM) == "spam"
    assert read("spam ham " * 20_000, SPAM) is None
    assert read("spam, not ham. " * 5_000, SPAM) == "spam"


REPEATED = tuple("★" * n for n in range(1, 6))
GRADES, DECIMALS, VERDICT = ("correct", "incorrect"), ("1.0", "2.0", "3.0"), ("true", "false")


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (REPEATED, "Rating: ★★★★★", "★★★★★"),
        (REPEATED, "★★★★★!", "★★★★★"),
        (REPEATED, "Rating: " + "★" * 12, None),
        (tuple("★" * n + "☆" * (5 - n) for n in range(1, 6)), "It is ★★★★★.", "★★★★★"),
        (DECIMALS, "1.0, 2.0", None),
        (DECIMALS, "Between 1.0, and 2.0", None),
        (DECIMALS, "The answer is 2.0, as the review is mixed.", "2.0"),
        (DECIMALS, "Step 2: 3.0", "3.0"),
        (GRADES, "Correct. The answer is 7.", "correct"),
        (GRADES, "Incorrect. The answer should be 7.", "incorrect"),
        (GRADES, "Correct\nAnswer: Incorrect", None),
        (GRADES, "The right answer is 7.", None),
        (VERDICT, "True. The name is Paul.", "true"),
        (VERDICT, "true\nVerdict: false", None),
        (SPAM, "spam\n\nThe message says it is ham", None),
        (LETTERS, "A\n\nThis text belongs to C", None),
        (MOODS, "Neutral\n\nThe text contains positive and negative parts.", "neutral"),
        (STARS, "4. The review is mostly positive.", "4"),
        (STARS, "Rating:\n4. The review is positive.", "4"),
        (("0", "1"), "0. The text does not ask for money.", "0"),
        (YES, "No, there is no information about prices in the text.", "no"),
        (YES, "Yes, the customer is not sure how to reset the password.", "yes"),
        (YES, "Yes, the instructions are not clear.", "yes"),
        (YES, "No, the food was not enough.", "no"),
        (YES, "Yes, I am not sure.", None),
        (YES, "No, there is not enough information.", None),
        (("0", "1"), "1 - supported", "1"),
        (LETTERS, "D: Insects", "D"),
        (("0", "1"), "1 - undecided", None),
    ],
)
def test_what_bounds_a_reply_takes_no_plain_statement_and_makes_no_other(
    labels: tuple[str, ...], reply: str, label: str | None
) -> None:
    assert read(reply, labels) == label


MOOD_AND_PROSE = [
    ("Positive: The review praises the chair and gives a positive impression.", "positive"),
    ("The sentiment is positive. The user praises the sound and mentions a negative aspect.", "positive"),
    ("**Positive:** The review mentions a negative aspect of it.", "positive"),
    ("The review depicts a negative sentiment, as the user dislikes the battery.", "negative"),
    ("Positive: The text has good parts. Negative: The text has bad parts.", None),
    ("Positive: The text has good parts.\nNegative: The text has bad parts.", None),
    ("Positive. The review is negative.", None),
    ("**Positive** reviews are rare. The review is short, that is all.", None),
    ("Positive. The user says it is negative.", None),
    ("Maybe positive. The review mentions a negative aspect of it.", None),
    ("Positive? The review mentions a negative aspect of it.", None),
]


@pytest.mark.parametrize(("reply", "label"), MOOD_AND_PROSE)
def test_a_first_sentence_counts_above_prose_that_tells_of_the_text(reply: str, label: str | None) -> None:
    assert read(reply, MOODS) == label


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (("answer", "no answer"), "Answer: no answer", "no answer"),
        (("answer", "no answer"), "The answer is not in the text.", None),
        (("text", "image"), "The text is an image.", "image"),
        (("text", "image"), "The text is not an image.", None),
        (("question", "complaint"), "The user asks a question about a complaint.", None),
        (("model", "human", "response"), "**Model**", "model"),
        (("fact", "opinion"), "**fact**: 20%, opinion: 30%", None),
        (LETTERS, "The student's answer is B.", None),
        (LETTERS, "The student's answer is B, so the grade is C.", "C"),
        (("correct", "incorrect"), "The student's answer is incorrect.", "incorrect"),
        (("correct", "incorrect"), 'The label "incorrect" is incorrect.', None),
        (SPAM, "I considered spam, but not ham.", None),
        (SPAM, "Options: spam, ham. I would not choose ham.", None),
        (SPAM, "Options: spam, ham. Neither.", None),
        (SPAM, "While ham is possible, spam is possible, too.", None),
        (SPAM, "I ruled out ham. I ruled out spam, too.", None),
        (SPAM, "It could be ham, but the answer is spam. It is not spam.", None),
        (SPAM, "Spam. Is there something else it could be?", None),
        (SPAM, "Is it spam? Would you like more help?", None),
        (SPAM, "<b>Spam</b> is wrong.", None),
        (SPAM, "The answer is <s>spam</s>", None),
        (("U.S.", "U.K."), "It is the U.S. The text says so.", "U.S."),
        (("0", "1"), "0\n0\n0", "0"),
    ],
)
def test_labels_that_are_words_of_replies_and_options_that_are_repeated(
    labels: tuple[str, ...], reply: str, label: str | None
) -> None:
    assert read(reply, labels) == label


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (SPAM, "This message is spam. Do not click the link.", "spam"),
        (SPAM, "Spam. Don't hesitate to ask.", "spam"),
        (SPAM, "Spam. Do not label it so.", None),
        (SPAM, "Spam. Never reply with this label.", None),
        (SPAM, "No, it is ham.", "ham"),
        (SPAM, "No, it is spam no more.", None),
        (SPAM, "No, it is hardly spam.", None),
        (STARS, "The review gives 2 stars.", "2"),
        (STARS, "The rating is 2 because the battery died after 1 day.", "2"),
        (STARS, "It took 3 days.", None),
        (STARS, "The 3, 25", None),
        (STARS, "It is 3, 100 % sure.", "3"),
        (QUEUES, "The ticket should go to the billing team.", "billing"),
        (("supported", "refuted"), "The claim is supported by the text.", "supported"),
        (("supported", "refuted"), "The claim is supported by nobody.", None),
    ],
)
def test_advice_counts_and_sources_beside_a_label(labels: tuple[str, ...], reply: str, label: str | None) -> None:
    assert read(reply, labels) == label


CODES, PARTS = ("fr", "is", "en", "no"), ("answer", "question", "comment")


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (SPAM, '{"options": ["spam", "ham"], "label": "ham"}', "ham"),
        (SPAM, '{"choices": ["spam", "ham"], "answer": "ham"}', "ham"),
        (SPAM, '{"labels": ["spam"], "answer": "ham"}', None),
        (SPAM, '{"label": ["spam", "ham"], "answer": "ham"}', None),
        (STARS, '{"score": 2}', "2"),
        (STARS, '{"rating": 2, "reason": "one of 5 would be too few"}', "2"),
        (STARS, '{"rating": 2.0, "reason": "it works"}', "2"),
        (STARS, '{"rating": 2.5, "reason": "it works"}', None),
        (STARS, '{"score": 2, "rating": 1}', None),
        (STARS, '{"label": 2, "score": 0.93}', "2"),
        (("true", "false"), '{"answer": false, "reason": "it is true of others"}', "false"),
        (SPAM, '{"score": 0.93, "text": "spam"}', None),
        (LETTERS, "<B>", "B"),
        (LETTERS, "Answer: <B>", "B"),
        (LETTERS, "<b>B</b>", "B"),
        (SPAM, "The text is about spam, but the label is unclear.", None),
        (LETTERS, "The text is about B, but the category remains unclear.", None),
        (("clear", "unclear"), "The label is unclear.", "unclear"),
        (CODES, 'The answer is not "fr".', None),
        (CODES, "The label is not en.", None),
        (CODES, "The label is fr.", "fr"),
        (CODES, "The label is is.", "is"),
        (PARTS, "question 50%, comment 50%", None),
        (PARTS, "answer\ncomment", None),
        (PARTS, "### Answer\ncomment", "comment"),
        (PARTS, "**Answer**\n\ncomment", "comment"),
        (SPAM, "Spam. Is there more to it?", None),
        (SPAM, "I'd say spam. The text supports ham.", None),
        (SPAM, "I'd say spam. The text leaves doubt.", None),
        (SPAM, "Spam. Between spam and ham, hard.", None),
        (SPAM, "Between spam and ham, I choose ham.", "ham"),
        (MOODS, "I'd say positive. The text shows negative words, too.", "positive"),
    ],
)
def test_what_stands_beside_a_label_neither_makes_another_nor_hides_it(
    labels: tuple[str, ...], reply: str, label: str | None
) -> None:
    assert read(reply, labels) == label


MORE_STATED = [
    "That would be {x}.", "This would fall under {x}.", "I'd file this under {x}.", "Option B: {x}",
    "Answer: C) {x}", "(C) {x}",
    "This text qualifies as {x}.", "This counts as {x}.", "We're dealing with {x} here.", "What we have here is {x}.",
    "I have decided: {x}.", "Outcome: {x}", "Judgment: {x}", "Here you go: {x}", "I'm going to go with {x} on this one.",
    "The above is {x}.", "Given the wording, {x}.", "The message is best characterized as {x}.", "Klassifizierung: **{x}**",
    "A) {y}\nB) {x}\n\nAnswer: B) {x}", "Meiner Meinung nach {x}.", "À mon avis, {x}.", "En mi opinión, {x}.",
    "أعتقد أنه {x}",
]  # fmt: skip
NOT_STATED = [
    "That would be {x} in other countries.", "That would be {x}, but the sender is known.", "Would that be {x}?",
    "This would fall under {x}, but the sender is known.", "The best label would be {x}, but the sender is known.",
    "I'd file this under {x}, except the sender is known.", "It barely qualifies as {x}.", "It no longer counts as {x}.",
    "It only counts as {x} when it is paid.", "We are hardly dealing with {x}.", "I decided against {x}.", "Not A) {x}",
    "They decided: {x}.", "A) {x}\nB) {y}", "A) {x} B) {y}", "A) {x} is wrong.", "Deiner Meinung nach {x}.",
    "À son avis, {x}.",
    "{x}. The text screams {y}.", "لا أعتقد أنه {x}",
]  # fmt: skip


@pytest.mark.parametrize("labels", [SPAM, MOODS, ("bug", "feature request"), ("low", "high")])
def test_more_ways_to_state_a_label_and_what_only_looks_like_them(labels: tuple[str, ...]) -> None:
    for x, y in ((labels[0], labels[1]), (labels[1], labels[0])):
        assert [form for form in MORE_STATED if read(form.format(x=x, y=y), labels) != x] == []
        assert [form for form in NOT_STATED if read(form.format(x=x, y=y), labels) is not None] == []


@pytest.mark.parametrize(
    ("labels", "stated_so", "unsaid"),
    [
        (("บวก", "ลบ"), ["คำตอบคือ{}", "ข้อความนี้เป็น{}", "เป็น{}ครับ"], ["ไม่เป็น{}", "ไม่ได้เป็น{}", "อาจเป็น{}", "เป็น{}หรือไม่"]),
        (
            ("正面", "负面"),
            ["归类为{}", "最终答案：{}", "属于{}类。", "结论：{}"],
            ["未归类为{}", "不属于{}类", "是否归类为{}", "{}类型很多"],
        ),
        (
            ("إيجابي", "سلبي"),
            ["أعتقد أنه {}", "إنه {}.", "الجواب الصحيح هو {}"],
            ["إنه ليس {}", "أعتقد أنه غير {}", "يقول البعض إنه {}"],
        ),
        (("Lob", "Tadel"), ["Richtig ist {}.", "Das ist ein Fall von {}."], ["Kein Fall von {}.", "Nicht richtig ist {}."]),
    ],
)
def test_sentences_of_other_languages(labels: tuple[str, str], stated_so: list[str], unsaid: list[str]) -> None:
    for label in labels:
        assert [form for form in stated_so if read(form.format(label), labels) != label] == []
        assert [form for form in unsaid if read(form.format(label), labels) is not None] == []
    x, y = "positif", "négatif"
    assert read(f"Ce n'est pas {x}, c'est {y}.", (x, y)) == y
    assert read(f"Ce n'est pas {x}, c'est sûr.", (x, y)) is None
