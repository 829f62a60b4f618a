"""Models for measuring speed: the shape of a real one, random weights, and the bundled tokenizer."""

from __future__ import annotations

from pathlib import Path

SHAPES = {
    # HuggingFaceTB/SmolLM2-135M's config.json
    "135M": {
        "vocab_size": 49152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "max_position_embeddings": 8192,
        "rope_theta": 100000.0,
        "tie_word_embeddings": True,
    }
}


def build(folder: Path, shape: str = "135M") -> Path:
    """A folder with a model of that shape; made once."""
    if (folder / "model.safetensors").is_file():
        return folder
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from crossover.models.hf import Hf

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(Hf("pocket").folder)
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    model = LlamaForCausalLM(LlamaConfig(**SHAPES[shape], **ids, initializer_range=0.04))
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder
