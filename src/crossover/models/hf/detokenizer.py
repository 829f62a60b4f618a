"""The text of tokens that come one by one: what lies far enough behind the latest is not decoded again with each.

A token's text depends on its neighbours: bytes make a character together, SentencePiece drops the space that a text begins
with, and turns a run of byte tokens into characters only where all of them are whole. So a text is cut in two where no
character is cut, some tokens behind are decoded with what follows them, and a cut stays only if both parts give the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

MOST = 64  # tokens that are decoded at a time, before a cut is looked for
NEAR = 16  # tokens before the latest that are not cut off: what comes may change their text
BESIDE = 8  # tokens before a cut that are decoded with what is behind it: a character has four bytes at the most


class Detokenizer:
    """`decode`: the text of tokens; `is_byte`: whether a token is one byte, as SentencePiece writes those it has no token
    for."""

    def __init__(self, decode: Callable[[Sequence[int]], str], is_byte: Callable[[int], bool]) -> None:
        self._decode, self._is_byte = decode, is_byte
        self._settled = ""  # the text before the cut
        self._since = 0  # the first token that is decoded
        self._known = 0  # characters of its text that are before the cut

    def text(self, ids: Sequence[int]) -> str:
        """The text of all `ids`: those of the last call and any number behind them, or fewer."""
        if len(ids) < self._since + BESIDE:
            return self._decode(ids)
        tail = self._decode(ids[self._since :])
        if len(ids) - self._since > MOST:
            self._cut(ids, tail)
            tail = self._decode(ids[self._since :])
        return self._settled + tail[self._known :]

    def _cut(self, ids: Sequence[int], tail: str) -> None:
        at = len(ids) - NEAR
        if self._is_byte(ids[at - 1]) or self._is_byte(ids[at]):
            return
        before, beside = self._decode(ids[self._since : at]), self._decode(ids[at - BESIDE : at])
        if before.endswith("\ufffd") or tail != before + self._decode(ids[at - BESIDE :])[len(beside) :]:
            return
        self._settled += before[self._known :]
        self._since, self._known = at - BESIDE, len(beside)
