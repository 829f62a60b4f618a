"""What many conversations begin with is rendered and encoded once: an instruction, demonstrations, the words before a text.

A template is trusted to write a last turn of ordinary prose as it stands, once it has done so with two marks and with a
real text; any other text (with brackets or slashes, or white space around it) is rendered with the whole conversation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crossover.models.hf.tokens import Encoder
from crossover.types import Message

TRIED_TEXTS = ("crossovermark", "Another \"mark\" \t of\r\n\n\nmore  words & it's 'é'")  # with what filters change
WORTH = 4  # conversations with the same beginning: fewer are not worth the trial
BEGINNINGS = 256  # that are kept
LENGTHY = 1 << 16  # characters: a longer beginning is a conversation of somebody's, and its tokens take megabytes
_MARKUP = re.compile(r"[<>\[\]{}|/\\]")

Ends = tuple[
    list[int], str, str
]  # token ids of the beginning, and the text between it and a last turn's content, and behind


class Beginnings:
    """Renders and encodes conversations. `render` gives each one's text, and raises what a template raises."""

    def __init__(self, render: Callable[[Sequence[Sequence[Message]]], list[str]], encoder: Encoder) -> None:
        self._render, self._encoder = render, encoder
        self._known: dict[tuple[Message, ...], Ends | None] = {}

    def ids(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Each conversation's token ids."""
        alike: dict[tuple[Message, ...], list[int]] = {}
        for i, messages in enumerate(conversations):
            alike.setdefault(tuple(messages[:-1]), []).append(i)
        begun: list[list[int]] = [[] for _ in conversations]
        texts: list[str | None] = [None] * len(conversations)
        for head, members in alike.items():
            plain = [i for i in members if _ordinary(conversations[i][-1])] if head else []
            if plain and (head in self._known or (len(members) >= WORTH and sum(len(m.content) for m in head) <= LENGTHY)):
                ends = self._ends(head, conversations[plain[0]][-1].content)
                for i in plain:
                    if ends is not None:
                        begun[i], texts[i] = ends[0], ends[1] + conversations[i][-1].content + ends[2]
        whole = iter(self._render([c for c, text in zip(conversations, texts, strict=True) if text is None]))
        rest = self._encoder.ids([next(whole) if text is None else text for text in texts])
        return [[*before, *behind] for before, behind in zip(begun, rest, strict=True)]

    def _ends(self, head: tuple[Message, ...], example: str) -> Ends | None:
        """What stands around a last turn's content behind `head`; None where the template does not let it stand so."""
        if head not in self._known:
            if len(self._known) >= BEGINNINGS:
                self._known.clear()
            contents = (*TRIED_TEXTS, example)
            texts = self._render([[*head, Message("user", content)] for content in contents])
            before, found, behind = texts[0].rpartition(TRIED_TEXTS[0])
            same = found and [before + content + behind for content in contents] == texts
            if same:
                at = self._encoder.last_cut(before)
                self._known[head] = (self._encoder.ids([before[:at]])[0], before[at:], behind)
            else:
                self._known[head] = None
        return self._known[head]


def _ordinary(message: Message) -> bool:
    text = message.content
    return message.role == "user" and text != "" and text == text.strip() and not _MARKUP.search(text)
