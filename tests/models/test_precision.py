from __future__ import annotations

from pathlib import Path

import pytest

from crossover.models.hf import Hf, precision
from tests.device import DEVICE
from tests.models.asking import choices, plain_scores
from tests.models.tiny import build


@pytest.mark.parametrize(
    ("width", "gain", "chosen", "reason"),
    [
        (256, 9.0, "float32", "quick enough to be exact"),
        (2048, 1.1, "float32", "bfloat16 is only 1.1 times as fast on this processor"),
        (2048, 0.02, "float32", "bfloat16 is slower than float32 on this processor"),
        (2048, 2.04, "bfloat16", "2.0 times as fast as float32 on this processor"),
    ],
)
def test_low_precision_where_it_pays(
    width: int, gain: float, chosen: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "measured_gain", lambda device: gain)
    name, why = precision.choose("cpu", width)
    assert name == chosen
    assert reason in why


def test_the_gain_is_measured_on_this_machine() -> None:
    assert 0 < precision.measured_gain("cpu") < 100


def test_a_model_says_how_it_answers(tmp_path: Path) -> None:
    folder = build(tmp_path)
    assert Hf(str(folder), device=DEVICE).precision[0] == "float32"
    low = Hf(str(folder), dtype="bfloat16", device=DEVICE)
    assert low.precision == ("bfloat16", "as asked for")
    assert low.identity != Hf(str(folder), device=DEVICE).identity


def test_bfloat16_is_close(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, "qwen2", initializer_range=0.05)), dtype="bfloat16", device=DEVICE)
    for request, reply in zip(choices(), model.complete(choices()), strict=True):
        assert reply.label_scores == pytest.approx(plain_scores(model, request), abs=0.3)
