"""One normalisation, and which label a reply states: that label or none, never another."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.text import comparable, folded, spelled, stated
from crossover.engine.answer import prediction
from crossover.types import Decoding, Reply

HARD = [
    ("C", "C++", "C#"),
    ("U.S.", "US", "us", "U.K."),
    ("spam", "not spam", "ham"),
    ("spam", "ham"),
    ("spam", "not_spam", "spam filter"),
    (".NET", "NET", "ASP.NET", "N/A"),
    ("1", "10", "-1", "0", "1.5"),
    ("résumé", "resume", "Resume"),
    ("card", "card lost", "lost", "credit card"),
    ("A", "A+", "A-", "B"),
    ("正面", "负面", "不正面", "中性"),
    ("はい", "いいえ"),
    ("yes", "no", "maybe"),
    ("true", "false"),
    ("billing", "billing-dispute", "pre-billing"),
    ("Straße", "Strasse", "strasse"),
    ("नहीं", "हाँ"),
    ("positive", "negative", "neutral"),
]
SENTENCES = [
    "{}", " {} ", '"{}"', "'{}'", "`{}`", "**{}**", "*{}*", "({})", "{}.", "{}!", "{}…", '"{}".', '"{}."', "“{}”", "«{}»",
    "「{}」", "- {}", "# {}", "```\n{}\n```", "```text\n{}\n```", "It is {}.", "It is {}", 'The answer is "{}".',
    "The answer is {}!", "Answer: {}", "Label: {}.", "I think: {}", "I would say {} here.", "**Answer:** {}", "{{{}}}",
    '{{"x": "{}"}}', "<answer>{}</answer>", "This one is clearly {}, I am sure.", "<think>Hm, perhaps so.</think>\n\n{}",
    "<think>\n\n</think>\nIt is {}.", "答案是{}。", "答えは「{}」です。", "Das ist {}.", "C'est {}.",
]  # fmt: skip
DENIALS = [
    "Not {}", "not {}.", "It is not {}.", "It isn't {}.", "No {}", "This is never {}.", "Anything but {}", "not {}, surely",
    "{}? No.", "{}? Certainly not.", "Is it {}?", "It is far from {}.", "Neither, and surely not {}.", "non-{}", "Un{}",
    "Kein {}", "Das ist nicht {}.", "Ce n'est pas {}.", "No es {}.", "不是{}", "It cannot be {}.", "The answer is not\n{}",
    "{} is not the answer", "{} is wrong.", "This is not... {}", "It is, I would say, not {}.",
    "It isn´t {}", "It isnʼt {}", "It isn‘t {}.", "It doesnt look like {}", "It is n't {}", "It ain't {}",
    "It fails to be {}",
    "I refuse to say {}",
    "I would reject {}", "It is free of {}", "Everything but {}", "It is much too short to be {}.",
    "{} would be a mistake.", "~~{}~~", "<del>{}</del>", "\u274c {}", "{} \u274c", "{}: \u2717", "[ ] {}", "\u2260 {}",
    "{}: 0.03", '{{"{}": false}}',
    "{}?", "**{}**?",
    "{}: 0 %", "{} = 0", "!{}", "Das ist kaum {}", "Es ist alles andere als {}",
]  # fmt: skip

HEDGES = [
    "It would be {} if it had ended well.", "It would have been {}, had it ended well.", "If so, it is {}.", "{} if I must",
    "It is {}, unless it was sent by a friend.", "It depends: {}", "It could be {}.", "It might be {}", "It may well be {}",
    "One might call it {}.", "Maybe {}", "Not sure, maybe {}", "Not sure. Maybe {}.", "Perhaps, I think, {}.", "{}, maybe",
    "Maybe. {}", "It is possibly {}.", "It is either {} or a parody", "{} or something else", "A joke or {}",
    "{}. Or a joke.",
    "probability of {} is 2%", "The probability of {} is low.", "There is a 30 % chance of {}", "P({}) = 0.02", "{} (2 %)",
    "{}, with a probability of 10 %", "{} score: 1/10", "I am 20% sure it is {}", "{} with low confidence", "2% {}",
    "{} (confidence: 0.2)", "I'm not sure. {}", "It is unclear. {}.", "{}. But I am not sure.", "I cannot tell: {}",
    "Hard to say: {}", "It is more of a joke than {}.", "It is almost {}.", "It used to be {}", "It pretends to be {}.",
    "It looks like {}, but it is a joke.", "I wonder whether it is {}.", "Vielleicht {}", "Es könnte {} sein.",
    "C'est peut-être {}", "Quizás {}", "Talvez {}", "Forse {}", "Возможно {}", "可能是{}", "{}かもしれません", "Belki {}",
    "It stopped being {}", "It is kind of {}", "{} at best", "Some would say {}", "Few would call it {}", "{} is possible",
    "Should it be from a friend, it is {}", "There is a possibility of {}", "{} with 10% confidence", "{}: low",
    "{} vs. something else", "{} / something else", "Less {} than sad", "Seemingly {}, in truth sad", "It only seems {}",
    "Everything speaks against {}", "It was labelled {} by mistake", "50/50 {}", "It is fifty-fifty. {}",
]  # fmt: skip
FIRM = [
    "It is {}.", "I would say {}.", "I would classify this as {}.", "The best label would be {}.", "It is most likely {}.",
    "With 90% probability it is {}.", "I am 95% sure it is {}", "{} (95 %)", "Label: {}\nConfidence: 95%",
    "I'd go with {}.", "I would go with {}.", "It can be classified as {}.", "This falls under {}.",
    "{} would be the best label.",
    "Label: {}\nConfidence: high", "The writer asks if that is all, so it is {}.", "The sum could be higher, so it is {}.",
    "{}. The writer may have sent it twice.", "{}, because the writer might mean two things or more.",
    "Either way, it is {}.",
    "{}\nReason: if the sum is wrong, the writer does not pay.",
    "**{}**\n**Explanation:** It is not a card, or hardly one.",
    "The sum was taken by mistake, so it is {}.", "The writer stopped being polite, so it is {}.",
    "It promises a 20 % discount, so it is {}.", "Of these labels, {} fits best.", "It seems to be {}.",
]  # fmt: skip


def read(reply: str, labels: tuple[str, ...]) -> str | None:
    place = stated(reply, labels)
    return None if place is None else labels[place]


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (("U.S.", "U.K."), '"U.S."', "U.S."),
        (("U.S.", "U.K."), "u.s.", "U.S."),
        (("U.S.", "U.K."), "u.s", "U.S."),
        (("U.S.", "U.K."), "It is the U.S.", "U.S."),
        (("C", "C++", "C#"), "It is C++.", "C++"),
        (("C", "C++", "C#"), "It is C#.", "C#"),
        (("C", "C++", "C#"), "It is C.", "C"),
        (("C", "C++"), "It is C#.", None),
        (("spam", "ham"), "Not spam", None),
        (("spam", "not spam"), "Not spam.", "not spam"),
        (("spam", "not spam"), "No, it is not spam.", "not spam"),
        (("spam", "not_spam"), "not spam", "not_spam"),
        (("spam", "ham"), "Spam or ham", None),
        (("spam", "ham"), "**Spam**", "spam"),
        (("spam", "ham"), "```\nspam\n```", "spam"),
        (("spam", "ham"), "<think>ham? no</think>spam", "spam"),
        (("spam", "ham"), "<think>it may be ham", None),
        (("spam", "ham"), "Spam...", "spam"),
        (("spam", "ham"), "Spam. It was sent to everybody.", "spam"),
        (("spam", "ham"), "It is spam because nobody has asked for it.", "spam"),
        (("delivery", "billing"), "Delivery. The parcel has not arrived.", "delivery"),
        (("US", "us"), "US", "US"),
        (("US", "us"), "It is us.", "us"),
        (("US", "us"), "IT IS US", None),
        (("1", "10"), "10.", "10"),
        (("1", "10"), "It is 10", "10"),
        (("1", "10"), "1.5", None),
        (("1", "10"), "-1", None),
        (("1", "10"), "\u22121", None),
        (("1", "-1"), "\u22121", "-1"),
        (("1", "-1"), "It is \u22121.", "-1"),
        (("1", "-1"), "- 1", None),
        (("1", "3"), "1\u20132", None),
        (("1", "10"), "1 %", None),
        (("1", "10"), "1 000", None),
        (("1", "10"), "1 star", "1"),
        (("billing", "login"), "The payment failed twice and the bank refused it, so it is billing.", "billing"),
        (("pass", "fail"), "The answer is fail.", "fail"),
        (("accept", "reject"), "I would say reject.", "reject"),
        (("spam", "ham"), "spam: 0.97", "spam"),
        (("spam", "ham"), "Spam (95 %)", "spam"),
        (("spam", "ham"), "<scratchpad>spam?</scratchpad>ham", "ham"),
        (("spam", "ham"), "<seed:think>spam", None),
        (("1", "10"), "１０", "10"),
        (("card", "credit card"), "credit cards", None),
        (("card", "card lost"), "discard", None),
        ((".NET", "Java"), "It is ASP.NET", None),
        (("N/A", "A"), "n/a", "N/A"),
        (("正面", "负面"), "答案是正面。", "正面"),
        (("正面", "负面"), "答案不是正面。", None),
        (("yes", "no"), "No.", "no"),
        (("A", "B"), "The answer is A because it is not cold.", "A"),
        (("A", "B"), "The answer is B.", "B"),
        (("A", "B"), "It is a fine day", None),
        (("A", "A+"), "A+.", "A+"),
        (("A", "B"), "A-", None),
        (("yes", "no"), "There is no doubt about it", None),
        (("résumé", "resume"), unicodedata.normalize("NFD", "Résumé"), "résumé"),
        (("billing", "delivery"), "bill\u200bing\u200e", "billing"),
        (("Facturación", "Envío"), unicodedata.normalize("NFD", "Es FACTURACIÓN."), "Facturación"),
    ],
)
def test_a_reply_states_a_label(labels: tuple[str, ...], reply: str, label: str | None) -> None:
    assert read(reply, labels) == label
    cut = reply.startswith("<") and label is None  # a thought without an end is no answer
    assert prediction(Reply(reply), Decoding(labels=labels)) == ("" if cut else label or reply)


@given(st.sampled_from(HARD).flatmap(lambda s: st.tuples(st.just(s), st.sampled_from(s))), st.sampled_from(SENTENCES),
       st.sampled_from([str, str.lower, str.upper, str.title]), st.sampled_from(["NFC", "NFD"]))  # fmt: skip
@settings(max_examples=1500)
def test_a_reply_that_states_one_label_gives_that_label_or_none(chosen, sentence, case, form) -> None:
    labels, label = chosen
    said = case(label)
    if said != label and said in labels:
        label = said  # another case is another label here
    reply = unicodedata.normalize(form, sentence.format(said))
    assert read(reply, labels) in (label, None), reply


@given(st.sampled_from(HARD).flatmap(lambda s: st.tuples(st.just(s), st.sampled_from(s))), st.sampled_from(SENTENCES[:21]))
@settings(max_examples=600)
def test_a_label_alone_or_in_a_plain_sentence_is_found(chosen, sentence) -> None:
    labels, label = chosen
    alone = SENTENCES.index(sentence) < 20
    ambiguous = len({spelled(one).rstrip(".").casefold() for one in labels}) < len(labels) or len(label) == 1
    below_zero = sentence == "- {}" and f"-{label}" in labels
    if (alone or not ambiguous) and not below_zero:
        assert read(sentence.format(label), labels) == label


@given(st.sampled_from(HARD).flatmap(lambda s: st.tuples(st.just(s), st.sampled_from(s))), st.sampled_from(DENIALS),
       st.sampled_from([str, str.lower, str.upper]))  # fmt: skip
@settings(max_examples=1500)
def test_a_label_that_is_denied_or_asked_is_never_given(chosen, sentence, case) -> None:
    labels, label = chosen
    reply = case(sentence.format(label))
    found = read(reply, labels)
    if found is not None:  # the denial itself is a label, or begins one
        assert found != label or label in ("no", "not spam", "not_spam", "不正面")
        said = re.sub(r"n.t\b", " not", comparable(reply))  # "isn't spam" is "is not spam"
        assert comparable(found) in said.replace(" ", "_") + said


@given(st.sampled_from(HARD).flatmap(lambda s: st.tuples(st.just(s), st.sampled_from(s))), st.sampled_from(HEDGES),
       st.sampled_from([str, str.lower, str.upper]))  # fmt: skip
@settings(max_examples=2000)
def test_a_label_that_is_left_open_is_never_given(chosen, sentence, case) -> None:
    labels, label = chosen
    if label != "maybe":  # there the hedge is the answer
        assert read(case(sentence.format(label)), labels) in (None, *(one for one in labels if one in ("maybe", "no")))


@pytest.mark.parametrize("sentence", FIRM)
def test_a_label_that_is_meant_is_found_beside_words_that_hedge_something_else(sentence: str) -> None:
    for labels, label in [(("spam", "ham"), "spam"), (("billing", "card lost"), "card lost"), (("C", "C++"), "C++")]:
        assert read(sentence.format(label), labels) == label


@given(st.sampled_from(HARD), st.lists(st.integers(0, 5), min_size=2, max_size=3, unique=True))
def test_several_labels_are_none(labels: tuple[str, ...], places: list[int]) -> None:
    named = [labels[place % len(labels)] for place in places]
    if len({comparable(label) for label in named}) > 1:
        found = read("It is " + " or ".join(named) + ".", labels)
        assert found is None or comparable(" or ".join(named)).count(comparable(found)) > 1, found


@given(st.sampled_from(HARD), st.text(max_size=40))
def test_any_text_is_a_label_or_none(labels: tuple[str, ...], text: str) -> None:
    found = read(text, labels)
    assert found is None or comparable(found) or not text


@given(st.text())
def test_folding_is_done_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(unicodedata.normalize("NFD", folded(text))) == folded(text)
    assert spelled(spelled(text)) == spelled(text)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("caf\u00e9", "cafe\u0301", True),
        ("bill\u200bing", "billing", True),
        ("billing\u200d", "billing", True),
        ("\ufeffbilling", "billing", True),
        ("bil\u00adling", "billing", True),
        ("\u200fשלום", "שלום", True),
        ("❤\ufe0f", "❤", True),
        ("e\u200b\u0301", "é", True),
        ("می\u200cخواهم", "میخواهم", False),
        ("👨\u200d👩", "👨👩", False),
        ("m²", "m2", False),
        ("１", "1", False),
        ("Spam", "spam", False),
        ("résumé", "resume", False),
    ],
)
def test_what_is_folded_and_what_is_not(left: str, right: str, same: bool) -> None:
    assert (folded(left) == folded(right)) is same


@pytest.mark.parametrize(
    "reply",
    [
        "I would hesitate to call it spam.", "Calling this spam is a stretch.", "There's little to suggest spam.",
        "Spam is out of the question.", "It was marked as spam in error.", "It stops short of spam.",
        "Das ist mitnichten spam.", "Das als spam zu bezeichnen wäre falsch.", "Spam scheidet aus.",
        "Allesbehalve spam.",
        "Rien à voir avec du spam.", "Loin d'être du spam.", "Para nada spam.", "Lejos de ser spam.", "Longe de ser spam.",
        "Tutt'altro che spam.", "Per niente spam.", "Spam sayılmaz.", "Nu este spam.", "Δεν είναι spam.", "Όχι spam.",
        "Ні, spam", "Hindi ito spam.", "Tai nėra spam.", "See pole spam.", "Это вряд ли spam.", "Это нельзя назвать spam",
        "I considered spam but rejected it.", "Spam – scratch that.", "This is spam free.", "There is no question of spam.",
        "Spam. The text is anything but.", "Spam. The label isn't the best choice here.", "No doubt this isn't spam.",
        "Spam: the text does not show any signs", "Spam. The guess wasn't good enough here.",
        "Not spam, so it is safe.",
    ],
)  # fmt: skip
def test_other_ways_to_deny_a_label_give_none(reply: str) -> None:
    assert read(reply, ("spam", "ham", "1")) is None


@pytest.mark.parametrize(
    "reply",
    [
        "It is clearly spam, no doubt.", "Without any doubt, spam.", "Spam. The sender can't be trusted.",
        "Spam.\n\nThe text doesn't mention any reason to write.", "Spam – the sender did not give a name.",
        "Spam: the sender never gave a name.", "The sender is not known, so this is spam.",
        "It is spam as the sender has no name.",
        "Spam: das Angebot war nicht bestellt worden.",
    ],
)  # fmt: skip
def test_a_negation_in_the_grounds_denies_no_label(reply: str) -> None:
    assert read(reply, ("spam", "ham")) == "spam"


def test_other_is_a_label_only_where_it_stands_as_one() -> None:
    labels = ("billing", "other")
    for reply in ("On the other hand, it is hard.", "The other is better.", "In other words: unclear.", "Any other fits."):
        assert read(reply, labels) is None
    for reply in ("Other.", "The category is other.", "This falls under other.", "It is other because it is vague."):
        assert read(reply, labels) == "other"
    assert read("It is minus 1.", ("1", "2")) is None


DASHES = "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d\u2043"


@pytest.mark.parametrize("dash", DASHES)
@pytest.mark.parametrize("sentence", ["{}", "**{}**", "It is {}.", "Label: {}"])
def test_any_hyphen_dash_or_minus_at_a_word_belongs_to_it(dash: str, sentence: str) -> None:
    for labels, label in [
        (("A", "A-", "B"), "A-"), (("2", "1", "-1"), "-1"), (("billing", "pre-billing"), "pre-billing"),
        (("toxic", "non-toxic"), "non-toxic"), (("follow", "follow-up"), "follow-up"),
    ]:  # fmt: skip
        assert read(sentence.format(label.replace("-", dash)), labels) in (label, None)
        assert sentence == "It is {}." or read(sentence.format(label.replace("-", dash)), labels) == label
    assert read(sentence.format(f"un{dash}spam"), ("spam", "ham")) is None


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (("C", "C++", "C#"), "The language is C♯.", "C#"),
        (("C", "C++", "C#"), "C⁺⁺", "C++"),
        (("A", "A+"), "A⁺", "A+"),
        (("B", "B-"), "B⁻", "B-"),
        (("it's fine", "don't know"), "It’s fine.", "it's fine"),
        (("it’s fine", "don’t know"), 'The answer is "don\'t know".', "don’t know"),
        (("spam", "ham"), "Spam – the sender did not give a name.", "spam"),
    ],
)
def test_another_form_of_a_sign_is_that_sign(labels: tuple[str, ...], reply: str, label: str) -> None:
    assert read(reply, labels) == label


@pytest.mark.parametrize(
    ("labels", "reply"),
    [
        (("agree", "disagree", "strongly agree"), "I agree strongly."),
        (("agree", "disagree", "strongly agree"), "Agree (strongly)"),
        (("positive", "very positive"), "The sentiment is strongly positive."),
        (("positive", "very positive"), "Positive, very"),
        (("true", "mostly true", "half true"), "It is mainly true."),
        (("true", "mostly true", "half true"), "90% true"),
    ],
)
def test_a_label_that_a_word_of_degree_qualifies_is_not_the_plain_one(labels: tuple[str, ...], reply: str) -> None:
    assert read(reply, labels) is None
    assert read(reply, labels[:1]) == labels[0]  # where no other label is meant, the degree changes nothing


@pytest.mark.parametrize(
    ("labels", "reply", "label"),
    [
        (("high", "medium", "low"), "The priority is low.", "low"),
        (("high", "medium", "low"), "Priority: high", "high"),
        (("high", "medium", "low"), "High priority", "high"),
        (("duplicate", "not_duplicate"), "Label: not\\_duplicate", "not_duplicate"),
        (("A", "B", "C"), "B. Paris", "B"),
        (("A", "B", "C"), "The answer is **B. Paris**", "B"),
        (("A", "B", "C"), "A is correct.", "A"),
        (("A", "B", "C"), "B is the correct answer.", "B"),
        (("A", "B", "C"), "It's B.", "B"),
        (("A", "B", "C"), "A is wrong.", None),
        (("A", "B", "C"), "This is a", None),
        (("A", "B", "C"), "The correct label for the given text is a", None),
        (("A", "B", "C"), "The answer is A", "A"),
        (("A", "B", "C"), "The answer is b", "B"),
        (("A", "B", "C"), "A is correct, unlike B.", None),
        (("正面", "负面"), "这条评论是正面的。", "正面"),
        (("正面", "负面"), "情感：负面", "负面"),
        (("正面", "负面"), "这条评论不是正面的。", None),
        (("正面", "负面"), "不属于正面", None),
    ],
)
def test_what_a_reply_names_beside_a_label_does_not_hide_it(labels: tuple[str, ...], reply: str, label: str | None) -> None:
    assert read(reply, labels) == label


@pytest.mark.parametrize(
    ("labels", "reply"),
    [
        (("human", "AI"), "As an AI, I think a person wrote this."),
        (("fact", "opinion"), "In fact, this is subjective."),
        (("fact", "opinion"), "In my opinion, this can be checked."),
        (("high", "medium", "low"), "Severity: critical\nConfidence: high"),
        (("high", "medium", "low"), "Confidence: high\nLabel:"),
        (("high", "medium", "low"), "I say this with high confidence."),
        (("information", "complaint"), "Thank you for the information."),
    ],
)
def test_a_phrase_about_the_answer_is_not_the_answer(labels: tuple[str, ...], reply: str) -> None:
    assert read(reply, labels) is None


@pytest.mark.parametrize(
    "reply",
    [
        "No, I cannot help with this.",
        "No, I can't assist with that.",
        "No. I'm sorry, but I cannot answer that.",
        "No, I am unable to say.",
    ],
)
def test_a_refusal_is_no_no(reply: str) -> None:
    assert stated(reply, ("yes", "no")) is None


@pytest.mark.parametrize("reply", ["No, I cannot find it there.", "No, I don't think so.", "No.", "No, it is not."])
def test_a_no_with_its_reason_is_one(reply: str) -> None:
    assert stated(reply, ("yes", "no")) in (1, None)
    assert stated("No, I don't think so.", ("yes", "no")) == 1


@pytest.mark.parametrize(
    "reply",
    [
        "Spam. I retract this.",
        "Spam. Please ignore the above.",
        "Spam. Then again, my aunt writes so.",
        "!= spam",
        "Spam. I am joking.",
    ],
)
def test_what_is_taken_back_is_not_stated(reply: str) -> None:
    assert stated(reply, ("spam", "ham")) is None


@pytest.mark.parametrize(
    "reply", ["<positive> was my first guess.", "<positive>: 0.01", "<Positive>: no", "not <positive>"]
)
def test_the_signs_of_a_label_belong_to_it(reply: str) -> None:
    assert stated(reply, ("<positive>", "<negative>")) is None
    assert stated("The label is <positive>.", ("<positive>", "<negative>")) == 0
    assert stated("The label is positive.", ("<positive>", "<negative>")) == 0


LED = [
    "{} - it is stated.",
    "**{}**, the text says so.",
    "{}. There is no mention of it.",
    "{}; the claim is not supported.",
]
TAKEN_BACK = [
    *("❌ {}", "{} ❌", "[ ] {}, it is.", "{} (1/10)"),
    *(
        "{}, says the author.",
        "{}. I disagree.",
        "{}, maybe.",
        "{}, if it rains.",
        "{}?",
        "{}: 0.1",
        "{}, wait.",
        "{} idea",
        "{} label fits.",
    ),
    *("{}, I am not sure.", "{}. Or maybe.", "{}, or so it seems.", "{}, 20 % sure", "{}thing", "{} and more"),
]


@pytest.mark.parametrize("form", LED)
def test_a_yes_or_a_no_that_opens_a_reply_is_the_answer(form: str) -> None:
    assert stated(form.format("Yes"), ("yes", "no")) == 0
    assert stated(form.format("No"), ("yes", "no")) == 1


@pytest.mark.parametrize("form", TAKEN_BACK)
def test_a_yes_that_is_taken_back_is_none(form: str) -> None:
    assert stated(form.format("Yes"), ("yes", "no")) is None
    assert stated(form.format("No"), ("yes", "no")) is None


@pytest.mark.parametrize(
    "reply", ["maybe and yes", "maybe and no", "yes or no answer", "Can't say yes -> no", "no yes there"]
)
def test_two_answers_are_none_also_where_one_is_a_small_word(reply: str) -> None:
    assert stated(reply, ("yes", "no", "maybe")) is None


@pytest.mark.parametrize(
    ("labels", "replies"),
    [
        (
            ("yes", "no"),
            [
                *(
                    "Yes, I don't think so",
                    "Yes, not really",
                    "Yes, but not really.",
                    "Yes, not.",
                    "Yes. I do not believe it.",
                ),
                *("No, there is no way to know.", "No. There is not enough information to say.", "No, not enough context"),
                *(
                    "No, the text is too short to say.",
                    "No, this question cannot be answered",
                    "No, it can't be determined.",
                ),
                *("No, insufficient information.", "Yes, it is impossible to tell", "Yes, but it is not certain."),
            ],
        ),
        (
            ("ja", "nein"),
            [
                *("Nein, dazu reicht der Text nicht.", "Nein, das kann ich nicht sagen.", "Ja, aber nicht sicher"),
                *("Nein, das lässt sich nicht entscheiden.", "Nein, nicht genug Angaben.", "Ja, nicht wirklich."),
            ],
        ),
        (("oui", "non"), ["Oui, mais ce n'est pas sûr", "Non, on ne peut pas le dire.", "Non, pas assez de contexte"]),
        (("sí", "no"), ["Sí, pero no es seguro", "No, no se puede saber."]),
    ],
)
def test_a_yes_or_a_no_that_is_left_open_or_denied_is_none(labels: tuple[str, ...], replies: list[str]) -> None:
    assert [reply for reply in replies if stated(reply, labels) is not None] == []


@pytest.mark.parametrize(
    ("reply", "labels", "place"),
    [
        ("No, it is not spam.", ("yes", "no"), 1),
        ("Yes, it does.", ("yes", "no"), 0),
        ("No, not really.", ("yes", "no"), 1),
        ("No, not at all.", ("yes", "no"), 1),
        ("No, there is no clear link.", ("yes", "no"), 1),
        ("Yes, it is stated in the text.", ("yes", "no"), 0),
        ("No, the text does not say so.", ("yes", "no"), 1),
        ("Yes. The writer cannot pay.", ("yes", "no"), 0),
        ("Nein, das steht nicht im Text.", ("ja", "nein"), 1),
        ("Non, ce n'est pas un spam.", ("oui", "non"), 1),
    ],
)
def test_a_yes_or_a_no_with_a_plain_reason_stays(reply: str, labels: tuple[str, ...], place: int) -> None:
    assert stated(reply, labels) == place
