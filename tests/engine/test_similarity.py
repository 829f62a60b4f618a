"""Likeness by words: the cosines of scikit-learn's TF-IDF, without it, and over the words of any script."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from crossover.engine.similarity import WordIndex

TEXTS = st.lists(st.lists(st.sampled_from(["red", "Blue", "blue", "a", "7", "it's", "-", "?"]), max_size=7).map(" ".join))


@given(TEXTS.filter(lambda texts: any(map(str.strip, texts))), st.lists(st.sampled_from(["red", "blue", "A", "new"])))
def test_the_order_and_the_cosines_are_those_of_scikit_learn(texts: list[str], asked: list[str]) -> None:
    pairs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    single = TfidfVectorizer(analyzer="char")
    in_words = any(character.isalnum() for text in texts for character in text)
    vectorizer = pairs if in_words else single
    if not in_words:
        texts = [" ".join(text.split()) for text in texts]
    matrix = vectorizer.fit_transform(texts)
    index = WordIndex(texts)
    for i in range(len(texts)):
        assert index.likeness(i) == pytest.approx((matrix @ matrix[[i]].T).toarray().ravel())
    assert index.centrality() == pytest.approx(matrix @ numpy.asarray(matrix.sum(axis=0)).ravel())
    query = " ".join(asked)
    wanted = (matrix @ vectorizer.transform([query]).T).toarray().ravel().round(9)
    assert index.order(query) == numpy.argsort(-wanted, kind="stable").tolist()
    assert list(index.orders([query, query], 2)) == [index.order(query)[:2]] * 2


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        (["की", "कि", "के"], "कि"),  # vowel signs belong to their letters
        (["天气很好", "我饿了", "请发邮件"], "我很饿"),
        (["snake_case name", "other"], "the case"),
        (["!?", "…", "☃"], "☃☃"),  # without a word characters are compared
    ],
)
def test_the_nearest_in_any_script(texts: list[str], asked: str) -> None:
    wanted = {"कि": 1, "我很饿": 1, "the case": 0, "☃☃": 2}[asked]
    assert WordIndex(texts).order(asked)[0] == wanted


@pytest.mark.parametrize("texts", [["", ""], [" ", ""]])
def test_texts_without_a_character_stay_in_their_order(texts: list[str]) -> None:
    assert WordIndex(texts).order("anything") == [0, 1]


def test_it_takes_no_second_to_import() -> None:
    code = "from crossover.engine.similarity import WordIndex; import sys; print(WordIndex(['a']).order('a'));"
    code += "print([m for m in ('sklearn', 'scipy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[0]", "[]"]
