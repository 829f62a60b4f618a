"""Training goes on from a checkpoint as if it had not stopped, and leaves a folder that loads as any model does."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.training import toys
from training.pocket import batches, model, teacher, train

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 6,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
}


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """A tiny shape, merges of few texts, and no download-sized teacher: word vectors are random here."""
    draw = numpy.random.default_rng(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "SHAPE", SMALL)
        patch.setattr(train, "LEARNT", 400)
        for room in (train, batches):
            patch.setattr(room, "TOKENS", 2048)
        patch.setattr(
            teacher, "word_vectors", lambda words: draw.normal(size=(len(words), teacher.WIDTH)).astype(numpy.float32)
        )
        yield


@pytest.fixture(scope="module")
def finished(_small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training of one step left."""
    work = tmp_path_factory.mktemp("finished")
    _run(work, 1).go()
    return work


def _run(work: Path, steps: int, start: Path | None = None) -> train.Run:
    given = argparse.Namespace(
        work=work, steps=steps, minutes=None, device="cpu", start=start, rate=2e-3, seed=0, no_compile=True, begin=None
    )
    work.mkdir(parents=True, exist_ok=True)
    return train.Run(given, toys.corpus())


def test_training_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = _run(tmp_path / "a", 2)
    first.go()
    assert (first.steps, first.seen) == (2, 2 * train.TOKENS)
    before = load_file(tmp_path / "a" / "state.safetensors")
    second = _run(tmp_path / "a", 1)
    assert (second.steps, second.seen) == (2, 2 * train.TOKENS)
    for name, value in second.trained.state_dict().items():
        assert torch.equal(value, before[f"weights.{name}"]), name
    for old, new in zip(first.optimizers, second.optimizers, strict=True):
        before_state, after_state = old.state_dict()["state"], new.state_dict()["state"]
        assert before_state
        assert before_state.keys() == after_state.keys()
        for place, state in before_state.items():
            for key, value in state.items():
                assert torch.equal(torch.as_tensor(value), torch.as_tensor(after_state[place][key])), (place, key)
    second.go()
    after = load_file(tmp_path / "a" / "state.safetensors")
    assert second.steps == 3
    assert any(not torch.equal(before[name], after[name]) for name in before if name.startswith("weights."))


def test_the_result_loads_as_any_model(finished: Path) -> None:
    folder = finished / "model"
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    words = AutoTokenizer.from_pretrained(folder)
    ids = words("where is my box", return_tensors="pt")["input_ids"]
    assert loaded(input_ids=ids).logits.shape == (1, ids.shape[1], len(words))
    kept = load_file(finished / "state.safetensors")
    table = kept["weights.model.model.embed_tokens.weight"].to(torch.bfloat16)
    assert torch.equal(loaded.get_input_embeddings().weight, table)


def test_training_can_be_added_to_a_finished_model(finished: Path, tmp_path: Path) -> None:
    added = _run(tmp_path / "b", 1, start=finished / "model")
    assert added.seen - added.mixer.begin >= train.CURRICULUM  # past the curriculum: no copying lessons again
    start = AutoModelForCausalLM.from_pretrained(finished / "model", dtype=torch.float32)
    assert torch.equal(added.trained.model.get_input_embeddings().weight, start.get_input_embeddings().weight)
    added.go()
    assert (tmp_path / "b" / "model" / "model.safetensors").exists()


def test_no_episode_sees_another() -> None:
    """Changing one episode of a row leaves the states of the others as they were."""
    torch.manual_seed(0)
    from transformers import LlamaConfig, LlamaForCausalLM

    from training.pocket.batches import Batch

    trained = model.Trained(LlamaForCausalLM(LlamaConfig(vocab_size=64, **SMALL)), compiled=False)
    owners = numpy.array([[0] * 4 + [1] * 5 + [-1]])
    places = numpy.array([[0, 1, 2, 3, 0, 1, 2, 3, 4, 0]])
    weights = numpy.array([[0, 0, 0, 0, 0, 1, 1, 1, 1, 0]], dtype=numpy.float32)
    vectors = numpy.eye(1, teacher.WIDTH, dtype=numpy.float32)
    where = numpy.array([0]), numpy.array([8]), numpy.array([0])
    found = []
    for other in (5, 9):
        ids = numpy.array([[other, other, other, other, 1, 7, 8, 9, 10, 0]])
        none = numpy.zeros((0, 4), dtype=numpy.int64)
        answers, angle, _, _ = trained.losses(Batch(ids, weights, places, owners, *where, vectors, none, none), "cpu")
        found.append((answers.item(), angle.item()))
    assert found[0] == found[1]


def test_finding_is_the_share_of_the_right_names_before_the_question() -> None:
    """With equal scores the loss is the log of all names over the right ones; names behind or elsewhere do not count."""
    from transformers import LlamaConfig, LlamaForCausalLM

    trained = model.Trained(LlamaForCausalLM(LlamaConfig(vocab_size=64, **SMALL)), compiled=False)
    with torch.no_grad():
        trained.question.weight.zero_()
    states = torch.randn(2, 10, SMALL["hidden_size"])
    asked = torch.tensor([[0, 5, 0, 1]])
    named = torch.tensor([[0, 1, 0, 1], [0, 2, 0, 0], [0, 3, 0, 2], [0, 4, 0, 1], [0, 7, 0, 1], [1, 1, 0, 1], [0, 2, 1, 1]])
    assert trained._found(states, asked, named).item() == pytest.approx(numpy.log(4 / 2), abs=1e-5)
    nothing_wrong = named[[0, 3]]
    assert trained._found(states, asked, nothing_wrong).item() == 0.0
