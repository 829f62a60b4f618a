"""A reply that repeats itself without an end, as those of small models do: read as if it did so a few times."""

from __future__ import annotations

import re

_LOOP = re.compile(r"(.{1,80}?)\1{4,}", re.S)
_SPACE = re.compile(r"\s{5,}")


def few_times(text: str, longest: int = 0) -> str:
    """The text, with what it says five times or more in a row three or four times, an even number staying even. Numbers and
    words that repeat a letter or a syllable stay, and so does what a label of `longest` letters may repeat ("★★★★★"); of
    much white space, whether it ends a line or a paragraph."""

    def shorter(loop: re.Match[str]) -> str:
        once = loop[1]
        times = len(loop[0]) // len(once)
        kept = max(3, longest // len(once) + 1)  # more than any label has: signs without an end become none
        return once * min(times, kept + (times - kept) % 2) if re.search(r"\W", once) else loop[0]

    return _LOOP.sub(shorter, _SPACE.sub(lambda run: "\n" * min(run[0].count("\n"), 2) or " ", text))
