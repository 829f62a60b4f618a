"""How an instruction, demonstrations and a question are put on the page: many formats, one chosen per episode."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from training.pocket.pieces import Episode, Piece
from training.pocket.words import pick

ASKS = ("Text", "Text", "Input", "Message", "Sentence", "Q", "Question", "User", "Query", "Example", "Source", "In")
CUES = ("Answer", "Answer", "Output", "Result", "A", "Response", "Reply", "Out", "Solution")
ARROWS = (" ->", " =>", " =", "\n->", "\n=>", "\n=", " >")


class Layout(NamedTuple):
    """An item reads ``before + text + cue + " " + answer + end``."""

    before: str
    cue: str
    end: str

    def prompt(self, text: str) -> str:
        return f"{self.before}{text}{self.cue}"

    def answer(self, text: str, weight: float) -> Piece:
        return Piece(f" {text}{self.end}", weight)


def cased(rng: Random, name: str) -> str:
    roll = rng.random()
    return name.lower() if roll < 0.15 else name.upper() if roll < 0.25 else name


def layout(rng: Random, asks: tuple[str, ...] = ASKS, cues: tuple[str, ...] = CUES, lines: bool = False) -> Layout:
    """``lines``: texts or answers have several lines, so that items need a blank line between them."""
    roll = rng.random()
    end = "\n\n" if lines or rng.random() < 0.75 else "\n"
    if roll < 0.12:
        return Layout("", pick(rng, ARROWS), end)
    cue = "\n" + cased(rng, pick(rng, cues)) + ":"
    if roll < 0.22:
        return Layout("", cue, end)
    ask = cased(rng, pick(rng, asks))
    if roll < 0.28:
        return Layout(f"{ask}:\n", cue, end)
    if roll < 0.33:
        return Layout(f"[{ask}] ", f"\n[{cue[1:-1]}]", end)
    return Layout(f"{ask}: ", cue, end)


def guessable(index: int) -> float:
    """The weight of an answer where only demonstrations tell the task: none, little from one, then all."""
    return (0.0, 0.3)[index] if index < 2 else 1.0


def document(rng: Random, look: Layout, instruction: str, items: list[tuple[str, str]], weights: list[float]) -> Episode:
    """The episode; an instruction for a single item may also follow the text."""
    if instruction and len(items) == 1 and rng.random() < 0.15:
        text = look.before + items[0][0] + "\n" + instruction + "\n" + look.cue.lstrip()
        return [Piece(text), look.answer(items[0][1], weights[0])]
    pieces = [Piece(instruction + "\n\n")] if instruction else []
    for (text, answer), weight in zip(items, weights, strict=True):
        pieces += [Piece(look.prompt(text)), look.answer(answer, weight)]
    return pieces
