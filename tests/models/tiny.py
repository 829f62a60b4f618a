"""Random models of a few thousand weights, with the bundled tokenizer: for every path that needs no skill."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers

from crossover.models.hf.folder import POCKET

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for message in messages %}[{{ message.role }}] {{ message.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
WINDOWED = {**SMALL, "num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": 8}
SIZES: dict[str, dict[str, Any]] = {
    "llama": {**SMALL, "num_attention_heads": 2},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 2},
    "qwen2": {**SMALL, "num_attention_heads": 4, "num_key_value_heads": 2},  # heads share keys
    "mistral": WINDOWED,
    "gemma3_text": {  # a layer with a window, one without
        **WINDOWED,
        "head_dim": 16,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "gemma2": {**WINDOWED, "head_dim": 16},  # soft caps
}


def build(folder: Path, kind: str = "llama", template: str | None = CHATML, **changes: Any) -> Path:
    """Save a random model of an architecture, with wide weights so that its answers differ by input."""
    shutil.copytree(_made(kind, json.dumps(changes, sort_keys=True)).name, folder, dirs_exist_ok=True)
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder


@cache
def _made(kind: str, changes: str) -> tempfile.TemporaryDirectory[str]:
    """One without a template; each is made once in a process, and copied from then on."""
    folder = tempfile.TemporaryDirectory()
    tokenizer = transformers.AutoTokenizer.from_pretrained(POCKET)
    tokenizer.chat_template = None
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.save_pretrained(folder.name)
    options = {
        **SIZES[kind],
        "initializer_range": 0.3,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        **json.loads(changes),
    }
    config = transformers.CONFIG_MAPPING[kind](vocab_size=len(tokenizer), **options)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder.name)
    return folder
