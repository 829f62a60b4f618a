from __future__ import annotations

import pytest

from crossover.tuning.observe import observe
from crossover.types import Epoch


def line(number: int, train: float, dev: float, metric: float) -> Epoch:
    return Epoch(number, train, dev, metric, "")


@pytest.mark.parametrize(
    ("earlier", "now", "word"),
    [
        ([], (2.0, 2.0, 0.2), "learning"),
        ([(2.0, 2.0, 0.2)], (1.0, 1.5, 0.4), "learning"),
        ([(2.0, 2.0, 0.2)], (1.0, 1.5, 0.2), "learning"),
        ([(1.0, 1.0, 0.8)], (0.98, 0.99, 0.8), "converging"),
        ([(1.0, 1.0, 0.8)], (0.5, 1.2, 0.8), "overfitting"),
        ([(1.0, 1.0, 0.8), (0.5, 1.2, 0.8)], (0.3, 1.15, 0.8), "overfitting"),
        ([(1.0, 1.0, 0.8)], (3.0, 4.0, 0.1), "diverging"),
        ([(0.005, 0.011, 1.0)], (0.008, 0.012, 0.96), "converging"),  # nearly nothing is lost, whatever its ratio
        ([(0.01, 0.057, 0.96)], (0.009, 0.081, 0.92), "converging"),
        ([(1.0, 1.0, 0.8)], (1.6, 0.9, 0.8), "diverging"),
    ],
)
def test_an_epoch_is_named_for_what_it_shows(
    earlier: list[tuple[float, float, float]], now: tuple[float, float, float], word: str
) -> None:
    said = observe([line(i + 1, *numbers) for i, numbers in enumerate(earlier)], *now)
    assert said.startswith(f"{word}: ")
    assert "\n" not in said
