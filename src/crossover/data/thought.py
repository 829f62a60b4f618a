"""What a reply says beside its reasoning: thoughts between marks are no part of an answer."""

from __future__ import annotations

import re

_TAGS = (
    *("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad", "antthinking"),
    "seed:think",
)
# what begins a thought, in replies and where a chat template opens one, and what ends it
THOUGHTS = {f"<{tag}>": f"</{tag}>" for tag in _TAGS} | {
    "◁think▷": "◁/think▷",
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
}
_CHANNELS = {"<|channel|>analysis<|message|>": "<|channel|>final<|message|>"}  # between them the turn ends and begins anew
_THOUGHT_BEGINS, _THOUGHT_ENDS = (
    "|".join(map(re.escape, marks)) for marks in zip(*(THOUGHTS | _CHANNELS).items(), strict=True)
)
_THOUGHT_MARK = re.compile(rf"(?P<begin>{_THOUGHT_BEGINS})|{_THOUGHT_ENDS}", re.I)
_QUOTED = ("\"'`“‘«„「", "\"'`”’»“」")


def without_thought(text: str) -> str:
    """What a reply says beside its thoughts (<think>...</think> and its kin), wherever they stand.

    An end without a beginning ends a thought that the chat template opened. Where a thought that begins a line has no end
    there is no answer, and nothing is left; a mark within a line that nothing ends is only spoken of, and so is one in
    quotes.
    """
    kept, rest, ended = "", text, True
    while mark := _mark(rest):
        before, behind = rest[: mark.start()], rest[mark.end() :]
        if not mark["begin"]:
            kept, rest = "", behind
        elif ended and (end := _mark(behind, ending=True)) is not None:
            kept, rest = kept + before, behind[end.end() :]
        elif not f"{kept}{before}".rpartition("\n")[2].strip():
            return ""
        else:
            kept, rest, ended = kept + rest[: mark.end()], behind, False  # nor does anything end the next one
    return kept + rest


def holds_mark(text: str) -> bool:
    """Whether a mark of thoughts stands in a text."""
    return _mark(text) is not None


def _mark(text: str, ending: bool = False) -> re.Match[str] | None:
    """The first mark (`ending`: the first that ends a thought) that does not stand in quotes."""
    opening, closing = _QUOTED
    for found in _THOUGHT_MARK.finditer(text):
        quoted = text[found.start() - 1 : found.start()] in tuple(opening) and text[found.end() :][:1] in tuple(closing)
        if not quoted and not (ending and found["begin"]):
            return found
    return None
