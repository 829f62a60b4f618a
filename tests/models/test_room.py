"""Where a device's memory does not suffice, batches are halved, which is said, and the answers are the same."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from crossover.models.hf import Hf, generation, labels, packing
from crossover.types import Decoding, Request
from tests.models.asking import LABELS, ask

TEXTS = [f"{word} {'and more ' * n}" for n, word in enumerate(("card", "refund", "hours", "post", "fee", "pin"))]


CARD = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
PROCESSOR = RuntimeError(  # that of a processor has no class of its own
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"
    " bytes. Error code 12 (Cannot allocate memory)\nframe #0: <unknown function>"
)
both = pytest.mark.parametrize("error", [CARD, PROCESSOR, MemoryError()], ids=["card", "processor", "python"])


def small(monkeypatch: pytest.MonkeyPatch, module: Any, most: int, error: Exception = CARD) -> list[int]:
    """Let a room's forward pass fail beyond so many tokens, as a device does; the sizes that were tried."""
    tried: list[int] = []
    real = packing.forward

    def forward(model: Any, packed: packing.Packed, keep: torch.Tensor) -> torch.Tensor:
        tried.append(len(packed.ids))
        if len(packed.ids) > most:
            raise error
        return real(model, packed, keep)

    monkeypatch.setattr(module, "forward", forward)
    return tried


@both
def test_labels_are_scored_in_smaller_batches(
    error: Exception, pocket: Hf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = [ask(text, labels=LABELS) for text in TEXTS]
    right = [reply.label_scores for reply in pocket.complete(asked)]
    tried = small(monkeypatch, labels, 50, error)
    with caplog.at_level(logging.WARNING, "crossover"):
        found = pocket.complete(asked)
    assert max(tried) > 50 >= tried[-1]
    assert "half as many" in caplog.text
    for reply, scores in zip(found, right, strict=True):
        assert reply.error is None
        assert reply.label_scores == pytest.approx(scores, abs=1e-4)


@both
def test_texts_are_written_in_smaller_batches(error: Exception, pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [ask(text, max_tokens=6) for text in TEXTS]
    right = [reply.text for reply in pocket.complete(asked)]
    tried = small(monkeypatch, generation, 30, error)
    assert [reply.text for reply in pocket.complete(asked)] == right
    assert max(tried) > 30


@pytest.mark.parametrize(("module", "more"), [(labels, {"labels": LABELS}), (generation, {"max_tokens": 4})])
def test_a_row_that_does_not_fit_alone_is_a_failed_call_and_no_wrong_answer(
    module: Any, more: dict[str, Any], pocket: Hf, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, module, 3)
    for reply in pocket.complete([ask(text, **more) for text in TEXTS[:2]]):
        assert reply.error is not None
        assert "memory does not suffice for a single row" in reply.error


@both
def test_an_architecture_is_not_taken_for_another_kind_because_memory_ran_out(
    error: Exception, pocket: Hf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path))  # where no earlier trial is known
    small(monkeypatch, packing, 3, error)
    fresh = Hf("pocket", device=pocket.device)
    (reply,) = fresh.complete([Request(ask("hello").messages, Decoding(labels=LABELS))])
    assert reply.error is not None
    assert "memory does not suffice for the model" in reply.error


@both
def test_where_what_prompts_share_does_not_fit_its_calls_fail_and_others_do_not(
    error: Exception, pocket: Hf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Hf("pocket", device=pocket.device)
    with monkeypatch.context() as patch:
        small(patch, packing, 3, error)  # where beginnings are read
        shared.__dict__["packed"] = True
        failed = shared.complete([ask(text, labels=LABELS) for text in TEXTS])
    assert all("the device's memory does not suffice" in str(reply.error) for reply in failed)
    assert shared.complete([ask(TEXTS[0], labels=LABELS)])[0].error is None


def test_a_mistake_of_the_code_is_no_lack_of_memory(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, labels, 3, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        pocket.complete([ask(text, labels=LABELS) for text in TEXTS])


def test_scores_that_are_no_numbers_are_a_failed_call_and_no_answer(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    real = labels.read_scores

    def spoilt(*given: Any) -> torch.Tensor:
        scores = real(*given)
        scores[0, -1] = torch.nan
        return scores

    monkeypatch.setattr(labels, "read_scores", spoilt)
    found = pocket.complete([ask("card", labels=LABELS), ask("card", labels=LABELS)])
    assert "gives labels log-probabilities that are no numbers" in str(found[0].error)
    assert [reply.error for reply in found[1:]] == [None]
