"""The tokenizer: byte-level BPE of 8,192 tokens, each digit a token of its own, and a chat template of plain text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SIZE = 8192
PAD, START, END = "<pad>", "<s>", "</s>"
# What stands between turns is white space, so that a prompt reads the same as running text with examples.
TEMPLATE = (
    "{{- bos_token -}}{%- for message in messages -%}"
    '{%- if message.role == "system" -%}{{ message.content + "\\n\\n" }}'
    '{%- elif message.role == "assistant" -%}{{ " " + message.content + "\\n\\n" }}'
    "{%- else -%}{{ message.content }}{%- endif -%}"
    "{%- endfor -%}"
)


def train(texts: Iterable[str], folder: Path) -> None:
    """Learn the merges from `texts` and write tokenizer.json, tokenizer_config.json and chat_template.jinja."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, bos_token=START, eos_token=END, model_max_length=2048
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)
