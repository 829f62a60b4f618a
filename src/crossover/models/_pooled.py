"""A sentence-transformers model that is BERT and the mean of its tokens, by transformers alone.

What sentence-transformers imports beside, its trainers with PEFT, datasets and scikit-learn, takes seconds of a start.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENTENCES = 32  # that are met together, as sentence-transformers has it: the size decides the last bits
MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
POSITIONS = "embeddings.position_ids"  # 0, 1, 2, ...: in older files
MEANS = ({"pooling_mode_mean_tokens": True}, {"pooling_mode": "mean"})


@dataclass(frozen=True)
class Pooling:
    """`window`: the most tokens of a text that are met; `scaled`: how often its vector is brought to length one."""

    window: int
    scaled: int


class Pooled:
    """The model in `folder`, with vectors as sentence-transformers gives them, to the bit."""

    def __init__(self, folder: str, pooling: Pooling) -> None:
        with suppress(ImportError):  # where this is a part of an export
            importlib.import_module("crossover.models.light")  # before what imports transformers' models
        from transformers import AutoTokenizer

        self.max_seq_length, self._scaled = pooling.window, pooling.scaled
        self.tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=pooling.window, local_files_only=True)
        self._model = _bert(folder).eval()

    def encode(self, texts: Sequence[str]) -> Any:
        """(texts, width): vectors of length one, as a NumPy array; of a text beyond the window, its beginning's."""
        import numpy
        import torch

        order = numpy.argsort([-len(text) for text in texts])  # texts of like length share a batch
        found: list[Any] = [None] * len(texts)
        with torch.inference_mode():
            for start in range(0, len(order), SENTENCES):
                places = order[start : start + SENTENCES]
                batch = [texts[place] for place in places]
                asked = self.tokenizer(batch, padding=True, truncation="longest_first", return_tensors="pt")
                hidden = self._model(**asked).last_hidden_state
                mask = asked["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1e-9)
                for _ in range(self._scaled):
                    mean = torch.nn.functional.normalize(mean, p=2, dim=1)
                for place, vector in zip(places, mean.numpy(), strict=True):
                    found[place] = vector
        return numpy.array(found)


def _bert(folder: str) -> Any:
    """The network with its weights, made where they are put: made without any first, as transformers does, it takes torch
    through references that import `sympy`."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModel

    try:
        from transformers.initialization import no_init_weights
    except ImportError:  # a release that has it elsewhere
        return AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    held = load_file(Path(folder) / "model.safetensors")
    held.pop(POSITIONS, None)
    with no_init_weights():
        model = AutoModel.from_config(config, dtype=torch.float32)
    if any(tensor.dtype != torch.float32 for tensor in held.values()) or set(held) != set(model.state_dict()):
        return AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    model.load_state_dict(held)
    return model


def pooling_of(folder: Path) -> Pooling | None:
    """How a model that `Pooled` can read pools its vectors; None for any other, which is left to sentence-transformers."""
    parts = _json_in(folder / "modules.json", list)
    if not all(isinstance(part, dict) for part in parts):
        return None
    kinds = [str(part.get("type")).rpartition(".")[2] for part in parts]
    if kinds not in MODULES or [part.get("path") for part in parts[:2]] != ["", "1_Pooling"]:
        return None
    config, pooled = _json_in(folder / "config.json", dict), _json_in(folder / "1_Pooling" / "config.json", dict)
    settings = _json_in(folder / "sentence_bert_config.json", dict)
    more = _json_in(folder / "config_sentence_transformers.json", dict)
    modes = {key: value for key, value in pooled.items() if value and key.startswith("pooling_mode")}
    if config.get("model_type") != "bert" or modes not in MEANS or not (folder / "model.safetensors").is_file():
        return None
    unknown = set(settings) - {"max_seq_length", "do_lower_case"} or settings.get("do_lower_case")
    if unknown or any(more.get(key) for key in ("prompts", "default_prompt_name", "truncate_dim")):
        return None
    window = settings.get("max_seq_length")
    return Pooling(window, len(kinds) - 1) if isinstance(window, int) else None


def _json_in(path: Path, kind: type[Any]) -> Any:
    """What a file of JSON holds where that is of a kind, else an empty one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return kind()
    return found if isinstance(found, kind) else kind()
