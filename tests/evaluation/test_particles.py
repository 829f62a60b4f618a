"""The sampler against posteriors that are known in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from crossover.evaluation.particles import posterior

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_a_normal_belief_and_a_normal_measurement_give_the_known_posterior() -> None:
    def likelihood(model: NDArray[np.int_], beliefs: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = -((beliefs[:, 0] - 1.5) ** 2) / (2 * 0.1**2)
        return found

    _, beliefs = posterior(likelihood, 1, 2, 4000, 0)
    assert beliefs[:, 0].mean() == pytest.approx(1.5 / 1.01, abs=0.01)
    assert beliefs[:, 0].std() == pytest.approx(0.0995, rel=0.08)
    assert beliefs[:, 1].mean() == pytest.approx(0, abs=0.1)
    assert beliefs[:, 1].std() == pytest.approx(1, rel=0.08)


def test_models_are_weighed_by_how_well_they_predicted() -> None:
    def likelihood(model: NDArray[np.int_], beliefs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Model 0 says 2 + belief, model 1 says belief; 2 was measured, with deviation 1."""
        found: NDArray[np.float64] = -((np.where(model == 0, 2, 0) + beliefs[:, 0] - 2) ** 2) / 2
        return found

    model, _ = posterior(likelihood, 2, 1, 20_000, 1)
    odds = np.exp(2**2 / (2 * 2))  # N(2; 2, 2) / N(2; 0, 2)
    assert (model == 0).mean() == pytest.approx(odds / (1 + odds), abs=0.02)


def test_a_sharp_likelihood_far_out_is_reached() -> None:
    def likelihood(model: NDArray[np.int_], beliefs: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = -((beliefs - 3.0) ** 2).sum(1) / (2 * 0.01**2)
        return found

    _, beliefs = posterior(likelihood, 3, 3, 1000, 2)
    assert np.allclose(beliefs.mean(0), 3, atol=0.01)
