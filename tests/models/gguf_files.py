"""Small GGUF files, written with the `gguf` package from a folder as llama.cpp's converter writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy
import torch
import transformers

from tests.models.tiny import build

KIND = gguf.GGMLQuantizationType
WIDE = {"hidden_size": 256, "intermediate_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2}


def write(
    path: Path,
    kind: gguf.GGMLQuantizationType = KIND.F32,
    *,
    template: str | None = None,
    architecture: str = "llama",
    said: dict[str, Any] | None = None,
    without: str = "",
    extra: dict[str, Any] | None = None,
    pieces: tuple[str, ...] = (),
    **changes: Any,
) -> Path:
    """A random Llama with weights of a type, in one file; beside it, in `STEM-source`, the folder that it was made from.

    `said`: metadata that is added or replaced; `without`: a tensor that is left out; `extra`: further tensors;
    `pieces`: the vocabulary is SentencePiece's, with these words behind the bytes.
    `changes` are its configuration's.
    """
    sizes = {"hidden_size": 64, "intermediate_size": 96} | changes
    folder = build(path.parent / f"{path.stem}-source", template=template, **sizes)
    config = transformers.AutoConfig.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_context_length(256)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_vocab_size(config.vocab_size)
    if pieces:
        _pieces(writer, pieces, config.vocab_size)
    else:
        _tokenizer(writer, folder)
    if template:
        writer.add_chat_template(template)
    for key, value in (said or {}).items():
        writer.kv_data[0].pop(key, None)
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_uint32(key, value)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        short = names.get_name(name, try_suffixes=(".weight",))
        assert short
        values = weight.numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):  # llama.cpp turns pairs of neighbours
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            values = values.reshape(heads, 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        if short != without:
            _add(writer, short, values, kind if values.ndim > 1 else KIND.F32)
    for name, values in (extra or {}).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tokenizer(writer: gguf.GGUFWriter, folder: Path) -> None:
    body = json.loads((folder / "tokenizer.json").read_text())
    added = {one["id"]: one["content"] for one in body["added_tokens"]}
    tokens = {number: token for token, number in body["model"]["vocab"].items()} | added
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")  # as the bundled model's: digits alone, then as GPT-2
    writer.add_token_list([tokens[i] for i in range(len(tokens))])
    writer.add_token_types([3 if i in added else 1 for i in range(len(tokens))])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in body["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)


def _pieces(writer: gguf.GGUFWriter, pieces: tuple[str, ...], size: int) -> None:
    """As Llama 2's: a letter is a piece, a word is merged of pieces that stand before it."""
    special, byte = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"], [f"<0x{n:02X}>" for n in range(256)]
    letters = sorted(
        {letter for piece in pieces for letter in piece if len(piece) > 1} - {p for p in pieces if len(p) == 1}
    )
    words = [*pieces, *letters]
    rest = [f"<unused{n}>" for n in range(size - len(special) - len(byte) - len(words))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*special, *byte, *words, *rest])
    writer.add_token_scores([-float(n) for n in range(size)])
    writer.add_token_types([2, 3, 3, 3, 3, *[6] * len(byte), *[1] * len(words), *[5] * len(rest)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def _add(writer: gguf.GGUFWriter, name: str, values: Any, kind: gguf.GGMLQuantizationType) -> None:
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    if kind == KIND.F32:
        writer.add_tensor(name, values)
        return
    try:
        blocks = gguf.quantize(values, kind)
    except NotImplementedError:  # K-quants are only read: any bytes are weights, with small scales
        rows = values.shape[0] * values.shape[1] // elements
        blocks = numpy.random.default_rng(len(name)).integers(0, 256, (rows, size), numpy.uint8)
        blocks[:, :4] = numpy.array([0.003, 0.05], numpy.float16).view(numpy.uint8)
        blocks = blocks.reshape(values.shape[0], -1)
    if kind == KIND.F16:
        writer.add_tensor(name, blocks.astype(numpy.float16))
    else:
        writer.add_tensor(name, blocks, raw_dtype=kind)
