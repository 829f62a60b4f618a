"""Many texts -> token ids, in one call; what comes again, such as the turns of demonstrations, is encoded once.

A tokenizer cuts a text at its special tokens before it does anything else, so the pieces between them can be encoded apart
and kept. Where a text has none, or a trial shows that the pieces would give other ids, it is encoded whole.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

PIECES = 4 << 20  # characters of pieces that are kept, each with what it takes besides: a server is sent any number
BESIDE = 64
LONG = 1000  # characters: a longer piece is a text of its own, which hardly comes again


class Encoder:
    """Encodes texts without the tokens that the tokenizer itself would put around them."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._fast = tokenizer.backend_tokenizer if getattr(tokenizer, "is_fast", False) else None
        self._known: dict[str, tuple[int, ...]] = {}
        self._size = 0
        self._marks, self._cuts = _marks(tokenizer)
        sample = "".join(f"{mark}one two\n" for mark in sorted(self._cuts)[:8]) + "three"
        if self._marks is not None and self._pieced([sample])[0] != self._whole([sample])[0]:
            self._marks = None

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text's token ids."""
        return self._whole(texts) if self._marks is None else self._pieced(texts)

    def last_cut(self, text: str) -> int:
        """Where a text can be cut so that the ids of both parts are those of the whole, whatever follows it; 0: nowhere."""
        return len(text) - len(self._cut(text)[-1]) if self._marks is not None else 0

    def _whole(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        if self._fast is None:
            return [list(ids) for ids in self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]]
        self._fast.no_padding()  # which a tokenizer's file may ask for
        self._fast.no_truncation()
        # the same ids as above in less than half the time: without offsets, and without a dictionary for each text
        return [found.ids for found in self._fast.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _pieced(self, texts: Sequence[str]) -> list[list[int]]:
        cut = [self._cut(text) for text in texts]
        wanted = dict.fromkeys(piece for pieces in cut for piece in pieces)
        if self._size > PIECES:
            self._known, self._size = {}, 0
        new = [piece for piece in wanted if piece not in self._known]
        fresh = dict(zip(new, map(tuple, self._whole(new)), strict=True))
        short = {piece: ids for piece, ids in fresh.items() if len(piece) <= LONG}
        self._known |= short
        self._size += sum(len(piece) + BESIDE for piece in short)
        fresh |= {piece: self._known[piece] for piece in wanted if piece not in fresh}
        return [[token for piece in pieces for token in fresh[piece]] for pieces in cut]

    def _cut(self, text: str) -> list[str]:
        """The text in pieces, each but the first with a special token in front."""
        found = self._marks.finditer(text) if self._marks is not None else ()
        at = [0, *(match.start() for match in found if match[0] in self._cuts and match.start()), len(text)]
        return [text[a:b] for a, b in itertools.pairwise(at)]


def _marks(tokenizer: Any) -> tuple[re.Pattern[str] | None, set[str]]:
    """What the tokenizer looks for in raw text first, the longest first, and before which of it a text may be cut.

    Not before one that takes the white space in front of it, or that is none in the middle of a word.
    """
    if not getattr(tokenizer, "is_fast", False):
        return None, set()
    added = [token for token in tokenizer.added_tokens_decoder.values() if not token.normalized and token.content]
    cuts = {token.content for token in added if not token.lstrip and not token.single_word}
    if not cuts:
        return None, set()
    longest_first = sorted((token.content for token in added), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), cuts
