"""That rows of a model can be packed is tried once on a machine; what did not hold is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.models.hf import Hf, packing, trial
from tests.models.asking import ask


@pytest.mark.parametrize("holds", [True, False])
def test_a_trial_that_held_is_not_repeated_by_a_later_start(
    holds: bool, chatty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []
    real = packing.can_pack

    def can_pack(model: object) -> bool:
        tried.append(real(model))
        return tried[-1] and holds

    monkeypatch.setattr(trial, "can_pack", can_pack)
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path))
    replies = [Hf(str(chatty), dtype="float32").complete([ask("a text")])[0].text for _ in range(2)]
    assert tried == ([True] if holds else [True, True])
    assert replies[0] == replies[1]
    Hf(str(chatty), dtype="bfloat16").complete([ask("a text")])
    assert len(tried) == (2 if holds else 3), "another precision is tried by itself"


def test_a_cache_that_cannot_be_written_changes_nothing(
    chatty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Hf(str(chatty)).complete([ask("a text")])
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("CROSSOVER_CACHE", str(place))
        assert Hf(str(chatty)).complete([ask("a text")])[0].text == wanted[0].text
