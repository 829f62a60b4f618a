"""A model's chat format as Ollama's template: what stands around each turn, read off by rendering marked conversations.

Ollama's templates are Go's `text/template`, which knows no more of a conversation than roles and contents, so a format that
looks at anything else cannot be written. Whether it can is not guessed but measured: see `ollama.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossover.errors import ModelError
from crossover.models.hf.chat import Chat
from crossover.types import Message

SYSTEM, FIRST, ANSWER, NEXT = "crossoversystem", "crossoverfirst", "crossoveranswer", "crossovernext"
Around = tuple[str, str]  # what stands before and behind a turn's content


@dataclass(frozen=True)
class Turns:
    """`begin` + each turn with what is around it + `ask`. `bos`: the tokenizer's first token comes before all of it.

    `system` None with `merged`: the system text opens the first user turn. `form`: the prompt's template, `{input}` in it,
    which is put around what the user says, so that a user says an input and no more.
    """

    begin: str
    system: Around | None
    user: Around
    assistant: Around
    ask: str
    bos: bool
    merged: bool = False
    form: str = "{input}"

    def go(self) -> str:
        """The text of a `TEMPLATE`."""
        content = "{{ .Content }}"
        said = content.join(map(literal, self.form.split("{input}")))
        opened = "{{ if and $.System (le $i 1) }}{{ $.System }}\n\n{{ end }}" if self.merged else ""
        system = _around(self.system, content) if self.system else ""
        return (
            f'{literal(self.begin)}{{{{ range $i, $_ := .Messages }}}}{{{{ if eq .Role "system" }}}}{system}'
            f'{{{{ else if eq .Role "user" }}}}{_around(self.user, opened + said)}'
            f'{{{{ else if eq .Role "assistant" }}}}{_around(self.assistant, content)}'
            f"{{{{ end }}}}{{{{ end }}}}{literal(self.ask)}"
        )

    def text(self, messages: Sequence[Message]) -> str:
        """What the template makes of a conversation, without the tokenizer's first token."""
        system = next((m.content for m in messages if m.role == "system"), "")
        found = [self.begin]
        for number, message in enumerate(messages):
            if message.role == "system":
                found += [self.system[0], message.content, self.system[1]] if self.system else []
            elif message.role == "user":
                opened = f"{system}\n\n" if self.merged and system and number <= 1 else ""
                found += [self.user[0], opened, self.form.replace("{input}", message.content), self.user[1]]
            else:
                found += [self.assistant[0], message.content, self.assistant[1]]
        return "".join([*found, self.ask])


def literal(text: str) -> str:
    """Text inside a Go template, which is text inside three double quotes."""
    if "{{" in text or '"""' in text or text.endswith(("{", '"')):
        return "{{ " + json.dumps(text, ensure_ascii=False) + " }}"  # a JSON string is one of Go's too
    return text


def _around(around: Around, inner: str) -> str:
    return literal(around[0]) + inner + literal(around[1])


def read_turns(chat: Chat, instructed: bool, form: str) -> Turns:
    """The turns of a chat format in conversations that begin with a system message or not.

    Raises `ModelError` where the format is not made of turns.
    """
    own = instructed and chat.takes_system
    start = [Message("system", SYSTEM)] if own else []
    first, answer = Message("user", FIRST), Message("assistant", ANSWER)
    whole = chat.rendered([*start, first, answer, Message("user", NEXT)], ask=False)
    before, between, after, last = _cut(whole, FIRST, ANSWER, NEXT)
    answered = _cut(chat.rendered([*start, first, answer], ask=False), ANSWER)[1]
    if not between.startswith(last):
        raise _not_turns("a user's turn does not always end the same way")
    if not (after.startswith(answered) and before.endswith(after.removeprefix(answered))):
        raise _not_turns("a turn does not always begin and end the same way")
    opening = after.removeprefix(answered)
    alone = chat.rendered([*start, first], ask=False)
    asked = chat.rendered([*start, first])
    if not asked.startswith(alone):
        raise _not_turns("what asks for the answer changes what is before it")
    turns = Turns(
        begin=before.removesuffix(opening),
        system=None,
        user=(opening, last),
        assistant=(between.removeprefix(last), answered),
        ask=asked.removeprefix(alone),
        bos=False,
        merged=instructed and not own,
        form=form,
    )
    if own:
        head, tail = _cut(turns.begin, SYSTEM)
        turns = replace(turns, begin="", system=(head, tail))
    elif chat.takes_system and not instructed:
        turns = replace(turns, system=_other_system(turns, chat))
    return _without_bos(turns, chat)


def _other_system(turns: Turns, chat: Chat) -> Around | None:
    """What is around a system message that the prompt has not, but a caller may send; None where it changes what is around
    it, and is then left out."""
    head, between, _ = _cut(chat.rendered([Message("system", SYSTEM), Message("user", FIRST)], ask=False), SYSTEM, FIRST)
    if head.startswith(turns.begin) and between.endswith(turns.user[0]):
        return head.removeprefix(turns.begin), between.removesuffix(turns.user[0])
    return None


def _without_bos(turns: Turns, chat: Chat) -> Turns:
    """Ollama puts the first token there itself, where the tokenizer's configuration says so."""
    before, behind = chat.special()
    first = chat.tokenizer.bos_token_id
    if behind or before not in ([], [first]):
        raise _not_turns("its tokenizer puts more around a prompt than a first token")
    text = chat.tokenizer.bos_token or ""
    if text and turns.begin.startswith(text):
        return replace(turns, begin=turns.begin.removeprefix(text), bos=True)
    if text and turns.system and not turns.begin and turns.system[0].startswith(text):
        return replace(turns, system=(turns.system[0].removeprefix(text), turns.system[1]), bos=True)
    return replace(turns, bos=bool(before))


def _cut(text: str, *marks: str) -> list[str]:
    pieces = []
    for mark in marks:
        before, found, text = text.partition(mark)
        if not found:
            raise _not_turns("it does not show what is said as it was said")
        pieces.append(before)
    return [*pieces, text]


def _not_turns(why: str) -> ModelError:
    return ModelError(f"the model's chat template cannot be written as one of Ollama's: {why}")


def talk(instruction: str, shown: Sequence[tuple[str, str]], text: str) -> list[Message]:
    """The conversation that Ollama hands to the template: SYSTEM, MESSAGE lines, and what the user says."""
    found = [Message("system", instruction)] if instruction else []
    for said, answer in shown:
        found += [Message("user", said), Message("assistant", answer)]
    return [*found, Message("user", text)]
