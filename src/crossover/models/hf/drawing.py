"""A token drawn at a temperature: of one seed the same one in any batch, and in an export."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from crossover.models.hf.layout import put

SOONEST = 1e-300  # so that no time is 0


def drawn_tokens(
    logits: Tensor, heats: Sequence[float], shares: Sequence[float], draws: Sequence[torch.Generator]
) -> Tensor:
    """A token for each row of (rows, vocabulary).

    Of each row: its temperature (`heats`, over 0), its top_p (`shares`), and where its noise comes from (`draws`).
    """
    heat = torch.tensor(heats, dtype=torch.float64)[:, None]
    own = logits.double()
    own = own - own.max(-1, keepdim=True).values  # else a temperature near 0 divides to infinity
    chances = (own / put(heat, logits.device)).softmax(-1)
    chances = _nucleus(chances, shares)
    # a race of exponential times (Gumbel-max, Maddison et al. 2014): who else is in the batch changes logits by their
    # rounding, which in a sum over the vocabulary moves each of its bounds, and here only what is as good as a tie
    times = torch.empty_like(chances)
    for number, noise in enumerate(draws):
        times[number].uniform_(generator=noise)
    times = times.neg_().log1p_().neg_().clamp_min_(SOONEST)
    return (chances / times).argmax(-1)


def _nucleus(chances: Tensor, shares: Sequence[float]) -> Tensor:
    """(rows, vocabulary) without the tokens beyond the likeliest that reach a row's share: one always stays."""
    if min(shares) >= 1:
        return chances
    least = put(torch.tensor(shares, dtype=torch.float64)[:, None], chances.device)
    values, order = chances.sort(dim=-1, descending=True, stable=True)
    beyond = (values.cumsum(-1) - values >= least) & (least < 1)
    beyond[:, 0] = False
    return chances.masked_fill(torch.zeros_like(beyond).scatter(-1, order, beyond), 0.0)
