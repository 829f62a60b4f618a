"""exact_match, token_f1, rouge_l and chrf: free text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_chrf

from crossover.metrics.accuracy import Accuracy
from crossover.metrics.chrf import Chrf
from crossover.metrics.exact_match import ExactMatch
from crossover.metrics.field_f1 import FieldF1
from crossover.metrics.macro_f1 import MacroF1
from crossover.metrics.rouge_l import RougeL
from crossover.metrics.token_f1 import TokenF1

WORDS = st.lists(
    st.sampled_from(["the", "red", "van", "left", "our", "yard", "at", "dawn", ",", "7", "2,950", "."]), max_size=12
).map(" ".join)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("2950", "2,950"),
        ("2950", "$2,950.00"),
        ("$2,950.00", "2,950"),
        ("7.5", "€ 7.50"),
        ("-5 degrees", "The −5 degrees."),
        ("0", "-0.00"),
        ("The Hague", "hague"),
        ("an Owl", "  owl!  "),
        ("it's 12:30", "its 12:30."),
        ("2020-05-01", "2020-05-01"),
        ("(42)", "42"),
        ("?!", "?!"),
        *(("A", "a."), ("the", "The!"), (".5", "0.5"), ("10’000", "10000"), ("10\u00a0000", "10,000"), ("3–5", "3-5")),
        *(("2020-05-01", "2020/05/01"), ("C++", "c++."), ("> 5", ">5"), ("A+", '"A+"')),
        *(
            ("-5km", "−5km"),
            ("18+", "18+."),
            ("12,34,567", "1234567"),
            ("vitamin A", "Vitamin a."),
            ("€5", "5"),
            ("€5", "€ 5.00"),
        ),
    ],
)
def test_exact_match_agrees(gold, answer):
    assert ExactMatch().score(gold, answer).value == 1
    assert ExactMatch().score(answer, gold).value == 1


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("3.5", "35"),
        ("-5", "5"),
        ("2950", "2951"),
        ("2950", "29500"),
        ("1.10", "1.01"),
        ("007", "7"),
        ("2950", "2950 kroner"),
        ("owl", ""),
        ("?!", "the"),
        ("1.10.2", "1.1.2"),
        *(("3-5", "35"), ("12:30", "1230"), ("1,5", "15"), ("12,34", "1234"), (".5", "5"), ("1.10.2", "11.0.2")),
        *(
            ("v1.2", "v12"),
            ("C++", "C"),
            ("C#", "C"),
            ("A+", "A"),
            (">5", "<5"),
            (">= 5", "> 5"),
            ("5+6", "5-6"),
            ("a", "the"),
            ("-5km", "5km"),
            ("-5C", "5C"),
            ("1e-5", "1e5"),
            ("2E−3 m", "2E3 m"),
            ("-2.5kg", "2.5kg"),
            ("18+", "18"),
            ("vitamin A", "vitamin"),
            ("Team A", "Team"),
            ("€5", "$5"),
            ("$5", "£5.00"),
        ),
    ],
)
def test_exact_match_tells_apart(gold, answer):
    assert ExactMatch().score(gold, answer).value == 0
    assert ExactMatch().score(answer, gold).value == 0


@pytest.mark.parametrize(
    ("gold", "answer", "value"),
    [
        ("a red van", "the red van", 1.0),  # articles do not count
        ("red van at dawn", "red van", 2 * 2 / 6),
        ("red red van", "red", 2 * 1 / 4),  # a word is shared as often as both have it
        ("red", "red red", 2 * 1 / 3),
        ("costs $2,950", "2950.00 in total", 2 * 1 / 5),
        ("van", "lorry", 0.0),
        ("van", "", 0.0),
        ("", "", 1.0),
        ("the", "a", 0.0),
    ],
)
def test_token_f1_by_hand(gold, answer, value):
    assert TokenF1().score(gold, answer).value == pytest.approx(value)


@given(WORDS, WORDS)
def test_token_f1_is_symmetric_and_1_only_for_equal_bags(gold, answer):
    there, back = TokenF1().score(gold, answer).value, TokenF1().score(answer, gold).value
    assert there == back
    assert 0 <= there <= 1


def test_rouge_l_by_hand():
    # "red ... dawn" is the longest common subsequence: precision 2/3, recall 2/4
    assert RougeL().score("red van at dawn", "red lorry dawn").value == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert RougeL().score("van", "").value == 0


@given(WORDS, WORDS)
def test_rouge_l_is_the_packages_for_plain_english(gold, answer):
    value = RougeL().score(gold, answer).value
    assert 0 <= value <= 1
    if any(letter.isalnum() for letter in gold + answer):
        assert value == RougeScorer(["rougeL"]).score(gold, answer)["rougeL"].fmeasure


@pytest.mark.parametrize("text", ["日本語の文章", "Привет, мир", "42", "?!", ""])
def test_texts_of_any_script_match_themselves(text):
    assert RougeL().score(text, text).value == 1
    assert Chrf().score(text, text).value == 1
    assert TokenF1().score(text, text).value == 1


def test_rouge_l_compares_chinese_and_japanese_by_character():
    assert RougeL().score("日本語", "日本人").value == pytest.approx(2 / 3)


@given(WORDS, WORDS)
def test_chrf_is_sacrebleus_divided_by_100(gold, answer):
    value = Chrf().score(gold, answer).value
    assert 0 <= value <= 1
    if gold or answer:
        assert value == pytest.approx(sentence_chrf(answer, [gold]).score / 100)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gets_a_score_from_every_metric(gold, answer):
    for metric in (ExactMatch(), TokenF1(), RougeL(), Chrf()):
        assert 0 <= metric.score(gold, answer).value <= 1
        assert metric.score(gold, gold).value == 1


@pytest.mark.parametrize("metric", [ExactMatch(), TokenF1(), RougeL(), Chrf(), Accuracy(), MacroF1()])
@pytest.mark.parametrize(
    ("gold", "answer"),
    [("caf\u00e9 cr\u00e8me", "cafe\u0301 cre\u0300me"), ("red van", "re\u200bd van\ufeff "), ("\u00a0red van", "red van")],
)
def test_equal_words_in_another_form_are_equal(metric, gold, answer):
    assert metric.score(gold, answer).value == 1
    assert metric.score(answer, gold).value == 1


def test_fields_in_another_form_are_equal():
    gold, answer = '{"caf\u00e9": "cr\u00e8me"}', '{"cafe\u0301": "cre\u0300me\u200b"}'
    assert FieldF1().score(gold, answer).value == 1


BOY, GIRL = (
    "\u0932\u0921\u093c\u0915\u093e \u091c\u093e\u0924\u093e \u0939\u0948",
    "\u0932\u0921\u093c\u0915\u0940 \u091c\u093e\u0924\u0940 \u0939\u0948",
)


@pytest.mark.parametrize("metric", [RougeL(), TokenF1()])
def test_vowel_signs_belong_to_words(metric):
    assert metric.score(BOY, GIRL).value == pytest.approx(1 / 3)  # of three words one is the same
    assert metric.score(BOY, BOY).value == 1
    assert ExactMatch().score(BOY, GIRL).value == 0


@pytest.mark.parametrize("metric", [RougeL(), TokenF1()])
@pytest.mark.parametrize(
    ("gold", "answer", "shared"),
    [
        ("\u6211\u5728\u5bb6", "\u6211\u5728\u5b66\u6821", 2 * 2 / 7),  # Chinese, by character
        ("\u0e01\u0e34\u0e19\u0e02", "\u0e01\u0e34\u0e19\u0e04", 2 / 3),  # Thai: three letters, one with its vowel
        ("\u1780\u17b6\u1781", "\u1780\u17b6\u1782", 1 / 2),  # Khmer
    ],
)
def test_scripts_without_spaces_are_compared_by_letter(metric, gold, answer, shared):
    assert metric.score(gold, answer).value == pytest.approx(shared)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("Paris", "\u00abParis\u00bb."),
        ("\u5df4\u9ece", "\u5df4\u9ece\u3002"),
        ("10", "\uff11\uff10"),
        ("\u0930\u093e\u092e", "\u0930\u093e\u092e\u0964"),
    ],
)
def test_punctuation_and_digits_of_every_script(gold, answer):
    assert ExactMatch().score(gold, answer).value == 1
