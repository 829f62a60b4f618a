"""soft_prompt: learnt vectors in front of a frozen model, saved as PEFT's prompt tuning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import PeftModel

from crossover.errors import OptionError
from crossover.models.hf import Hf
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy
from crossover.types import Candidate, Message, Prompt, Request, Weights
from tests.device import DEVICE
from tests.models.tiny import build
from tests.strategies.toys import KINDS, bench, kinds, start

LABELS = dict.fromkeys(KINDS, "")
ASKED = Prompt("Name the kind.", "{input}\nKind:")


def begin() -> Candidate:
    return replace(start(KINDS), prompt=ASKED)


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("soft_prompt", {"epochs": 1, "tokens": 4}))
    assert made.weights is not None
    assert made.weights.kind == "adapter"


def tuned(folder: Path, **options: Any) -> tuple[float, float, Weights, list[float]]:
    train, dev = kinds()
    with bench(folder, train, dev, labels=LABELS) as at:
        before = at.score(begin()).estimate.value
        made = open_strategy("soft_prompt", {"epochs": 6, "tokens": 8, **options}).adapt(begin(), at)
        after = at.score(made).estimate.value
        assert made.weights is not None
        losses = [epoch.train_loss for epoch in at.trace(made.weights)]
    return before, after, made.weights, losses


def test_it_learns_with_the_model_frozen(tmp_path: Path) -> None:
    before, after, weights, losses = tuned(tmp_path)
    assert after > before
    assert losses[-1] < losses[0]
    saved = [file.name for file in Path(weights.path).iterdir()]
    assert "adapter_model.safetensors" in saved
    assert (Path(weights.path) / "adapter_model.safetensors").stat().st_size < 8 * 256 * 4 + 1000


def test_plain_peft_gives_the_same_numbers(tmp_path: Path, pocket: Hf) -> None:
    weights = tuned(tmp_path, epochs=1)[2]
    base: Any = transformers.AutoModelForCausalLM.from_pretrained(pocket.folder, dtype=torch.float32).to(DEVICE)
    module = PeftModel.from_pretrained(base, weights.path).eval()
    messages = (Message("system", ASKED.instruction), Message("user", "I saw a plum today.\nKind:"))
    reply = pocket.complete([Request(messages, start(KINDS).decoding, weights)])[0]
    for label, score in zip(KINDS, reply.label_scores, strict=True):
        ids, first = pocket.encode(messages, label)
        with torch.no_grad():
            logs = module(input_ids=torch.tensor([ids], device=DEVICE)).logits[0, 8:].log_softmax(-1)
        right = sum(float(logs[i - 1, ids[i]]) for i in range(first, len(ids)))
        assert score == pytest.approx(right, abs=1e-3)
    free = pocket.complete([Request(messages, start(()).decoding, weights)])[0]
    assert free.error is None
    bare = pocket.complete([Request(messages, start(KINDS).decoding)])[0]
    assert bare.label_scores != reply.label_scores  # the vectors are taken off again


def test_it_works_where_rows_cannot_be_packed(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path / "base", "bloom", initializer_range=0.1)), device=DEVICE)
    train, dev = kinds()
    with bench(tmp_path, train[:12], dev[:6], labels=LABELS, model=model.target) as at:
        made = open_strategy("soft_prompt", {"epochs": 1, "tokens": 3}).adapt(replace(begin(), model=model.target), at)
        assert at.score(made).failures == 0


@pytest.mark.parametrize("name", ["lora+soft_prompt", "soft_prompt+lora"])
def test_it_does_not_go_on_from_other_weights_nor_they_from_it(name: str) -> None:
    with pytest.raises(OptionError, match="soft prompt"):
        open_strategy(name, {"lora": {"epochs": 1}, "soft_prompt": {"epochs": 1, "tokens": 3}})
