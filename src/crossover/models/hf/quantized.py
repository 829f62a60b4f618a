"""Weights in four bits while an adapter is trained on them: NF4 with double quantisation (Dettmers et al. 2023)."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
import transformers

from crossover.errors import MissingExtra


def four_bits(dtype: torch.dtype) -> Any:
    """What transformers is to do with the linear layers; products are computed in `dtype`. Raises `MissingExtra`."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtra("bits: 4", "quantized")
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def keep_differentiable(model: Any) -> Any:
    """The model, whose layers will not repack their weights at a forward pass without gradients.

    On processors with AVX512-BF16, bitsandbytes does so in evaluation mode, and no gradient passes such a layer after it.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
    return model
