"""A disk that is full while a tune is written: one sentence for the whole study, and nothing finished is lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from crossover.errors import StudyError
from crossover.models.hf import Hf
from crossover.tuning import checkpoint, modules, sft
from crossover.tuning.checkpoint import read_trace
from crossover.types import LoraRecipe, Weights
from tests.device import DEVICE
from tests.models.tiny import build
from tests.tuning.small import TRAIN, alike, tune

RECIPE = LoraRecipe(learning_rate=4e-3, epochs=3, batch_size=10, patience=0, rank=4)
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Hf:
    return Hf(str(build(tmp_path_factory.mktemp("model"))), device=DEVICE)


def once(model: Hf, folder: Path) -> Weights:
    return tune(model, folder, RECIPE, rows=TRAIN[:20], evaluate=lambda weights: 0.0)


@pytest.fixture(scope="module")
def whole(model: Hf, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return once(model, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("error", [FULL, SafetensorError(f"Error while serializing: I/O error: {FULL.strerror}\nmore")])
@pytest.mark.parametrize(
    ("room", "name", "finished"), [(checkpoint, "save_file", 1), (modules, "save", 1), (sft, "write_trace", 0)]
)
def test_it_is_one_sentence_and_running_again_ends_the_same(
    error: Exception,
    room: Any,
    name: str,
    finished: int,
    model: Hf,
    whole: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, write = [0], getattr(room, name)

    def full(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > finished:
            if name == "save_file":
                Path(arguments[1]).write_bytes(b"half")
            raise error
        return write(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(room, name, full)
        with pytest.raises(
            StudyError, match=r"tune cannot be written \(.*No space left on device\): free some space"
        ) as told:
            once(model, tmp_path / "tune")
    assert "\n" not in str(told.value)
    assert len(read_trace(tmp_path / "tune")) == finished
    assert alike(once(model, tmp_path / "tune"), whole)
