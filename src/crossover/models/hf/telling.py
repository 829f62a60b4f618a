"""A token as it is written: what whoever listens is told of it, and how it is spelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ANCHOR = "a"  # behind another token a token is decoded with the space that it begins with


@dataclass(frozen=True)
class Told:
    """The token at a `place` of an answer; 0 once more where a batch is begun again. `complete`: the turn ends with it;
    `last`: so does the answer.

    `logprob`, and `top` by token: of the model itself, before a grammar and the temperature; None where not asked for.
    """

    place: int
    token: int
    complete: bool
    last: bool
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()


Heard = Callable[[Told], bool]  # whether that is enough


def bytes_of(tokenizer: Any, token: int) -> bytes:
    """The bytes of a token, also where they are a part of a character."""
    before = tokenizer(ANCHOR, add_special_tokens=False)["input_ids"]
    text = tokenizer.decode([*before, token])[len(tokenizer.decode(before)) :]
    if "\ufffd" not in text:
        return bytes(text.encode())
    raw = tokenizer.convert_ids_to_tokens([token])[0]
    if raw.startswith("<0x") and raw.endswith(">"):  # SentencePiece's way to write a byte
        return bytes([int(raw[3:-1], 16)])
    return bytes(_BYTES[c] for c in raw) if all(c in _BYTES for c in raw) else text.encode()


def _byte_alphabet() -> dict[str, int]:
    """How byte-level tokenizers write bytes (Radford et al. 2019): printable ones as they are, others from U+0100 on."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in shown]
    return {chr(b): b for b in shown} | {chr(0x100 + i): b for i, b in enumerate(rest)}


_BYTES = _byte_alphabet()
