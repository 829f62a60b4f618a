"""What an episode is made of: stretches of text, which of them are learnt, and which meanings they carry."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """A stretch of an episode's text; the episode is the pieces' texts one after the other."""

    text: str
    weight: float = 0.0  # of its tokens in the loss: 1 for answers that the context determines, 0 for the rest
    means: str = ""  # a sentence whose teacher embedding the state at the end of this piece shall predict
    asks: int = -1  # the class that is asked for at the end of this piece
    names: int = -1  # the class that this piece names: an option, by its last token, or an answer, by its first


Episode = list[Piece]
