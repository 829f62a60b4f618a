"""Draws from a posterior under standard normal beliefs, over several models at once: a sequential Monte Carlo sampler."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Likelihood = Callable[["NDArray[np.int_]", "NDArray[np.float64]"], "NDArray[np.float64]"]
MOVES = 6  # steps of a random walk after each resampling
LEAST = 0.5  # the effective share of the draws that one tempering step may leave


def posterior(
    likelihood: Likelihood, models: int, dimensions: int, draws: int, seed: int
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """Equally weighted draws: the model of each (draws), and its beliefs (draws x dimensions).

    Del Moral, Doucet & Jasra (2006, JRSS B 68): the draws start as the prior's, models in equal parts, and the log
    `likelihood(models, beliefs)` is let in by steps that keep half of them effective; each step resamples
    (systematically) and moves every draw by Metropolis steps scaled to the draws' covariance. A model's share of the draws
    in the end is its posterior probability: models are averaged, not chosen.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    model = np.arange(draws) % models
    beliefs = random.standard_normal((draws, dimensions))
    log_likelihood = likelihood(model, beliefs)
    log_prior = -(beliefs**2).sum(1) / 2
    heat = 0.0
    while heat < 1:
        step = _step(log_likelihood, 1 - heat)
        weights = _weights(log_likelihood, step)
        heat = 1.0 if step >= 1 - heat else heat + step
        spots = (random.random() + np.arange(draws)) / draws
        kept = np.minimum(np.searchsorted(np.cumsum(weights), spots), draws - 1)
        model, beliefs, log_likelihood, log_prior = model[kept], beliefs[kept], log_likelihood[kept], log_prior[kept]
        for _ in range(MOVES):
            spread = np.linalg.cholesky(np.cov(beliefs.T) + 1e-6 * np.eye(dimensions))
            # Roberts & Rosenthal's (2001) step of 2.38 / sqrt(d) half of the time, a third of it else
            reach = 2.38 / math.sqrt(dimensions) * np.where(random.random((draws, 1)) < 0.5, 1, 1 / 3)
            tried = beliefs + reach * (random.standard_normal((draws, dimensions)) @ spread.T)
            there, prior = likelihood(model, tried), -(tried**2).sum(1) / 2
            taken = np.log(random.random(draws)) < heat * (there - log_likelihood) + prior - log_prior
            beliefs[taken], log_likelihood[taken], log_prior[taken] = tried[taken], there[taken], prior[taken]
    return model, beliefs


def _step(log_likelihood: NDArray[np.float64], most: float) -> float:
    """How much more of the likelihood can be let in with LEAST of the draws still effective, at most `most`."""

    def effective(step: float) -> float:
        weights = _weights(log_likelihood, step)
        return 1 / float((weights**2).sum()) / len(weights)

    if effective(most) >= LEAST:
        return most
    low, high = 0.0, most
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if effective(middle) >= LEAST else (low, middle)
    return max(low, 1e-9 * most)


def _weights(log_likelihood: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    import numpy as np

    weights = np.exp(step * (log_likelihood - log_likelihood.max()))
    found: NDArray[np.float64] = weights / weights.sum()
    return found
