"""Training on a GPU, tried on a processor: flat batches, the model over them, the optimiser, and a short run of all."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from crossover.models.hf.folder import POCKET
from tests.training import toys
from training.pocket.flat import train
from training.pocket.flat.attention import by_mask
from training.pocket.flat.bare import bare
from training.pocket.flat.layout import LENGTH, NAMES, layout, size, split
from training.pocket.flat.mixer import FlatMixer
from training.pocket.flat.muon import Muon
from training.pocket.flat.net import Net
from training.pocket.model import READ

ROWS = 2


@pytest.fixture(scope="module")
def words() -> Any:
    return AutoTokenizer.from_pretrained(POCKET)


@pytest.fixture(scope="module")
def mixer(words: Any) -> FlatMixer:
    return FlatMixer(toys.corpus(), words)


def drawn(mixer: FlatMixer, seed: int = 0) -> dict[str, Tensor]:
    raw = mixer.flat(random.Random(seed), ROWS)
    assert raw is not None
    assert len(raw) == size(ROWS)
    return split(torch.frombuffer(bytearray(raw), dtype=torch.uint8), ROWS)


def test_a_flat_batch_is_packed_apart_and_repeats(mixer: FlatMixer, words: Any) -> None:
    for seed in range(4):
        batch, again = drawn(mixer, seed), drawn(mixer, seed)
        assert {name: tuple(part.shape) for name, part in batch.items()} == {n: s for n, (_, s) in layout(ROWS).items()}
        assert all(torch.equal(batch[name], again[name]) for name in batch)
        ends = batch["ends"].unique().tolist()
        assert (ends[0], ends[-1]) == (0, ROWS * LENGTH)
        assert not {LENGTH * row for row in range(ROWS)} - set(ends), "no episode goes over the end of a row"
        for start, end in pairwise(ends):
            assert batch["places"][start:end].tolist() == list(range(end - start))
            assert batch["ids"][start] in (words.bos_token_id, words.pad_token_id)
        assert batch["weights"].sum() > 10
        owners = torch.searchsorted(batch["ends"], batch["learnt"], right=True)
        assert torch.equal(owners, torch.searchsorted(batch["ends"], batch["learnt"] + 1, right=True))
        assert (batch["which"].max(1).values < (batch["texts"] >= 0).sum(1)).all()


def test_a_bare_question_tells_no_name_and_its_places_predict_one(mixer: FlatMixer, words: Any) -> None:
    rng = random.Random(1)
    found = [question for question in (bare(rng, mixer.corpus.classifier, words) for _ in range(60)) if question]
    assert len(found) > 5
    for said, right in found:
        assert len(said) == NAMES > right >= 0
        names = [words.decode([one.tokens[place + 1] for place in one.said]).strip() for one in said]
        assert len(set(names)) == NAMES
        first = [one.tokens[: one.said[0] + 1] for one in said]
        assert all(before == first[0] for before in first)


def test_the_states_are_those_of_transformers_for_each_episode_alone(mixer: FlatMixer) -> None:
    net = Net(str(POCKET), by_mask)
    plain = AutoModelForCausalLM.from_pretrained(POCKET, dtype=torch.float32)
    batch = drawn(mixer)
    with torch.no_grad():
        _, middle, _ = net(batch)
        for start, end in list(pairwise(batch["ends"].tolist()))[:6]:
            wanted = plain(batch["ids"][None, start:end], output_hidden_states=True).hidden_states[READ][0]
            apart = (middle[start:end] - wanted).norm() / wanted.norm()
            assert apart < 0.02, "more than bfloat16 explains"


def test_its_parts_are_one_graph_each_that_gives_the_same(mixer: FlatMixer) -> None:
    net = Net(str(POCKET), by_mask)
    batch = drawn(mixer)
    vectors = torch.from_numpy(mixer.corpus.vectors)[batch["texts"].clamp(min=0)].float()
    with torch.no_grad():
        plain = net.losses(batch, vectors)
        net.compile_parts("eager")  # traced as for a card, without its compiler; a break in the graph would be an error
        assert torch.equal(torch.stack(net.losses(batch, vectors)), torch.stack(plain))
    assert all(loss.isfinite() for loss in plain)


def test_muon_is_that_of_torch() -> None:
    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(shape)) for shape in ((24, 16), (24, 16), (16, 40))]
    theirs = [torch.nn.Parameter(p.detach().clone()) for p in ours]
    muon = Muon(ours)
    peer = torch.optim.Muon(theirs, lr=0.01, weight_decay=0.02, adjust_lr_fn="match_rms_adamw")
    began = [p.detach().clone() for p in ours]
    for _ in range(3):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        muon.step(0.01)
        peer.step()
    for mine, other, first in zip(ours, theirs, began, strict=True):
        assert (mine - other).norm() < 0.03 * (other - first).norm()


def run(work: Path, *more: str) -> None:
    """Train the bundled model on the toy corpus, here."""
    small = [
        "--data",
        ".",
        "--device",
        "cpu",
        "--no-compile",
        "--rows",
        "1",
        "--workers",
        "1",
        "--ahead",
        "3",
        "--log",
        "1",
    ]
    train.train(train._parser().parse_args([*small, "--work", str(work), *more]), toys.corpus())


def test_a_short_run_begins_with_the_heads_and_leaves_a_model_that_loads(tmp_path: Path) -> None:
    run(tmp_path, "--steps", "3", "--heads", "1")
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3
    before, after = load_file(POCKET / "model.safetensors"), load_file(tmp_path / "model" / "model.safetensors")
    assert before.keys() == after.keys()
    moved = {name: float((after[name].float() - before[name].float()).norm()) for name in before}
    assert moved["model.layers.0.mlp.up_proj.weight"] > 0
    assert moved["lm_head.weight"] > 0
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.bfloat16)
    ids = AutoTokenizer.from_pretrained(tmp_path / "model")("where is my box", return_tensors="pt")["input_ids"]
    assert loaded(input_ids=ids).logits.isfinite().all()
    assert numpy.isfinite(load_file(tmp_path / "state.safetensors")["weights.head.weight"].numpy()).all()


def test_only_the_heads_learn_at_first(tmp_path: Path) -> None:
    run(tmp_path, "--steps", "1", "--heads", "5")
    before, after = load_file(POCKET / "model.safetensors"), load_file(tmp_path / "model" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)
