"""Episodes become rows: packed apart, weighted where the context determines the answer, meanings where their text ends."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy
import pytest
from transformers import AutoTokenizer

from tests.training import toys
from training.pocket import tokenizer
from training.pocket.batches import CURRICULUM, READING, TOKENS, Mixer
from training.pocket.classify import END, Class
from training.pocket.pieces import Piece


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    tokenizer.train(toys.texts_for_tokenizer(), folder)
    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def mixer(words: Any) -> Mixer:
    return Mixer(toys.corpus(), words)


def test_a_weight_lies_on_its_answer_and_a_meaning_at_its_end(mixer: Mixer, words: Any) -> None:
    text = "the lamp is broken"
    episode = [
        Piece("Text: "),
        Piece(text, 0.0, text),
        Piece("\nLabel:", asks=2),
        Piece(" broken_lamp", 1.0, names=2),
        Piece("</s>", 0.3),
    ]
    tokens, weights, meanings, asked, named = mixer.encode(episode)
    assert words.decode(tokens) == "<s>Text: the lamp is broken\nLabel: broken_lamp</s>"
    learnt = [token for token, weight in zip(tokens, weights, strict=True) if weight == 1.0]
    assert words.decode(learnt) == " broken_lamp"
    assert weights[-1] == 0.3
    [(place, said)] = meanings
    assert said == text
    assert words.decode(tokens[: place + 1]) == "<s>Text: the lamp is broken"
    assert asked == [(weights.index(1.0) - 1, 2)]
    assert named == [(weights.index(1.0), 2)]


def test_a_digit_is_a_token(words: Any) -> None:
    assert [words.decode([i]) for i in words("2026", add_special_tokens=False)["input_ids"]] == ["2", "0", "2", "6"]


def test_the_template_gives_running_text(words: Any) -> None:
    turns = [("system", "Sort."), ("user", "a ->"), ("assistant", "b"), ("user", "c ->")]
    messages = [{"role": role, "content": content} for role, content in turns]
    assert words.apply_chat_template(messages, tokenize=False) == "<s>Sort.\n\na -> b\n\nc ->"


@pytest.mark.parametrize("seen", [0, READING, READING + CURRICULUM])
def test_a_batch_is_packed_apart_and_repeats(mixer: Mixer, seen: int) -> None:
    for number in range(6):
        batch, again = mixer.batch(number, seen), mixer.batch(number, seen)
        assert batch.ids.size == TOKENS
        for name in batch.__dataclass_fields__:
            assert numpy.array_equal(getattr(batch, name), getattr(again, name)), name
        for row in range(len(batch.ids)):
            owners = batch.owners[row]
            inside = owners >= 0
            assert (numpy.diff(owners[inside]) >= 0).all()
            starts = inside & (numpy.concatenate([[-2], owners[:-1]]) != owners)
            assert (batch.places[row][starts] == 0).all()
            assert (batch.ids[row][starts] == mixer.tokenizer.bos_token_id).all()
            assert not batch.weights[row][~inside].any()
        assert batch.owners[batch.read_row, batch.read_column].min() >= 0
        assert numpy.allclose(numpy.linalg.norm(batch.vectors, axis=1), 1, atol=1e-2)


def test_an_arbitrary_name_counts_only_after_it_was_shown(mixer: Mixer) -> None:
    classifier = mixer.corpus.classifier
    chosen = [Class(name, texts) for name, texts in toys.THINGS.items()]
    counted = 0
    for seed in range(200):
        rng = random.Random(seed)
        episode = classifier._compose(rng, chosen, "what is wanted", "random", 2, 400, 0.0)
        if any("\n" in piece.text and name in piece.text for piece in episode[:1] for name in toys.THINGS):
            continue
        seen: set[str] = set()
        for place in range(len(episode) - 1):
            piece = episode[place]
            is_answer = place > 1 and episode[place - 2].means != "" and piece.text.startswith(" ")
            if is_answer and piece.text not in seen:
                assert piece.weight == 0.0
                seen.add(piece.text)
            elif is_answer:
                assert piece.weight == 1.0
                counted += 1
    assert counted > 200


def test_listed_names_count_at_once(mixer: Mixer) -> None:
    chosen = [Class(name, texts) for name, texts in toys.THINGS.items()]
    for seed in range(50):
        episode = mixer.corpus.classifier._compose(random.Random(seed), chosen, "what is wanted", "name", 0, 400, 0.0)
        text = "".join(piece.text for piece in episode)
        listed = sum(name.split("_")[0] in text.lower() for name in toys.THINGS) == len(toys.THINGS)
        weights = {piece.weight for piece in episode} - {0.0, END}
        assert weights == {1.0} if listed else weights <= {1.0}
