from __future__ import annotations

import pickle
from collections.abc import Callable
from types import ModuleType

import pytest

from crossover.report import page, plots
from crossover.report.curve_plot import learning_curve

DRAWINGS: dict[bytes, str] = {}  # what has been drawn, by what it was drawn of: the pages here differ in a word or two


@pytest.fixture(autouse=True)
def _drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page takes a drawing again that one before it made of the same; `DRAWINGS.clear()` has it drawn anew."""
    monkeypatch.setattr(page, "plots", Once(plots))
    monkeypatch.setattr(page, "learning_curve", once(learning_curve))


class Once:
    """A module whose functions keep what they returned."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> object:
        found = getattr(self._module, name)
        return once(found) if callable(found) else found


def once(draw: Callable[..., str]) -> Callable[..., str]:
    def drawn(*given: object) -> str:
        key = pickle.dumps((draw.__name__, given))  # a long text that is there often is in it once
        if key not in DRAWINGS:
            DRAWINGS[key] = draw(*given)
        return DRAWINGS[key]

    return drawn
