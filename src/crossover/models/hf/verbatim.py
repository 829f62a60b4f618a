"""Text that people wrote -> tokens, in which the characters of a special token ("</s>") are characters and no token.

A template's own special tokens stay tokens. So that both can be told apart in a rendered conversation, those in the data
have stand-ins while it is rendered, and those of the template while it is encoded. Texts without any are encoded as ever.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

_STAND_IN = "crossoverspecial{}end"  # letters and digits: no template changes them
_STAND_INS = re.compile(r"crossoverspecial(\d+)end")
_OWN = "crossovertoken{}end"


class Verbatim:
    """A tokenizer that is told what is data: by `shielded`, before it is rendered."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = sorted(getattr(tokenizer, "added_tokens_decoder", {}).items(), key=lambda item: -len(item[1].content))
        self._special = [(number, token) for number, token in added if token.special and token.content]
        names = [re.escape(token.content) for _, token in self._special]
        self._pattern = re.compile("|".join(names)) if names else None
        self._numbers = {token.content: number for number, token in self._special}
        self._texts = {number: token.content for number, token in self._special}

    def holds(self, text: str) -> bool:
        """Whether a text has the characters of a special token."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def shielded(self, text: str) -> str:
        """The text with a stand-in for each special token."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: _STAND_IN.format(self._numbers[match[0]]), text)

    def ids(self, text: str, special: bool = False) -> list[int]:
        """Token ids of a text whose data is shielded; `special`: with what the tokenizer itself puts around a text."""
        if not _STAND_INS.search(text) or self._pattern is None:
            return list(self._tokenizer(text, add_special_tokens=special)["input_ids"])
        if not getattr(self._tokenizer, "is_fast", False):
            return self._piece_by_piece(text, special)
        marked = self._pattern.sub(lambda match: _OWN.format(self._numbers[match[0]]), text)
        return [
            self._back.get(token, token)
            for token in self._literal.encode(self._shown(marked), add_special_tokens=special).ids
        ]

    def _shown(self, text: str) -> str:
        return _STAND_INS.sub(lambda match: self._texts.get(int(match[1]), match[0]), text)

    @cached_property
    def _literal(self) -> Any:
        """A tokenizer that reads special tokens as text, and names of ours as the special tokens."""
        import tokenizers

        literal: Any = tokenizers.Tokenizer.from_str(self._tokenizer.backend_tokenizer.to_str())
        literal.no_padding()
        literal.no_truncation()
        literal.encode_special_tokens = True
        literal.add_tokens(
            [
                tokenizers.AddedToken(_OWN.format(number), normalized=False, lstrip=token.lstrip, rstrip=token.rstrip)
                for number, token in self._special
            ]
        )
        return literal

    @cached_property
    def _back(self) -> dict[int, int]:
        return {self._literal.token_to_id(_OWN.format(number)): number for number, _ in self._special}

    def _piece_by_piece(self, text: str, special: bool) -> list[int]:
        """For tokenizers that are no fast ones: what stands in for a special token is encoded apart."""
        found: list[int] = []
        for place, piece in enumerate(_STAND_INS.split(text)):
            if place % 2:
                shown = self._texts[int(piece)]
                found += self._tokenizer(shown, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            elif piece:
                found += self._tokenizer(piece, add_special_tokens=False)["input_ids"]
        return list(self._tokenizer.build_inputs_with_special_tokens(found)) if special else found
