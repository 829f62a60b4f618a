"""Conversation -> tokens, through the model's chat template; the one place that knows how a turn begins and ends.

A folder without a template is read as plain text: the system text and an empty line, each user text, each assistant
text with a space before and an empty line after it (`PLAIN`, which is also the bundled model's template).

What stands around an answer is read off the template, by rendering an assistant turn with a marker in it:

- *lead*: what is between the generation prompt and the answer. White space belongs to the answer's tokens (" yes" is
  one token where " " + "yes" would be two); anything else belongs to the prompt.
- *end of turn*: what follows the answer, without white space around it. Where that is nothing, the tokenizer's
  end-of-sequence token. Training appends it, label scores include it, generation stops at it.
- *separator*: where only white space with a line break follows the answer, generation stops there too, because a model
  that was never tuned ends its turn as the demonstrations in its prompt do.

Where the generation prompt opens a thought ("<think>"), the lead closes it: answers and labels stand behind it. Special
tokens in the texts of a conversation, and in answers, are text (`verbatim.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jinja2.exceptions import TemplateError

from crossover.errors import ModelError
from crossover.models.hf.beginnings import Beginnings
from crossover.models.hf.telling import bytes_of
from crossover.models.hf.tokens import Encoder
from crossover.models.hf.verbatim import Verbatim
from crossover.models.template import FIXED, end_of_thought, merge_system
from crossover.types import Message

PLAIN = (
    "{%- for message in messages -%}"
    '{%- if message.role == "system" -%}{{ message.content + "\\n\\n" }}'
    '{%- elif message.role == "assistant" -%}{{ " " + message.content + "\\n\\n" }}'
    "{%- else -%}{{ message.content }}{%- endif -%}"
    "{%- endfor -%}"
)
MARK = "crossovermark"
LATEST = 64  # tokens, within which a separator that ends an answer stands
SPACES = "Ġ▁"  # how byte-level and SentencePiece tokens write a space before a word


@dataclass(frozen=True)
class Chat:
    """A tokenizer with its template. Make it with `read_chat`."""

    tokenizer: Any
    template: str
    add_special_tokens: bool
    takes_system: bool
    prompt_lead: str  # appended to every prompt
    answer_lead: str  # put in front of every answer
    end: tuple[int, ...]
    separator: str

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a prompt, ready for the answer. Raises `jinja2.TemplateError` where the template refuses it."""
        return self._asked([messages])[0]

    def prompts(self, conversations: Sequence[Sequence[Message]]) -> list[list[int] | TemplateError]:
        """As `prompt` for many at once, with the template's error in place of a conversation that it refuses."""
        try:
            return [*self._asked(conversations)]
        except TemplateError:  # of one of them: which one is found by asking each alone
            return [self._prompt_or_error(messages) for messages in conversations]

    def rendered(self, messages: Sequence[Message], ask: bool = True) -> str:
        """A conversation as text; with `ask` ready for the answer. Raises as `prompt` does."""
        return self._rendered([messages], ask)[0]

    def special(self) -> tuple[list[int], list[int]]:
        """Token ids that the tokenizer itself puts before and behind a prompt."""
        bare, whole = self._ids(MARK, False), self._ids(MARK, self.add_special_tokens)
        at = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        return whole[:at], whole[at + len(bare) :]

    def holds_token(self, text: str) -> bool:
        """Whether a text has the characters of a special token ("</s>"): text here, and that token for other programs."""
        return self._verbatim.holds(text)

    def answer(self, text: str) -> list[int]:
        """Token ids of an answer with its end of turn."""
        return [*self._verbatim.ids(self.answer_lead + self._verbatim.shielded(text)), *self.end]

    def text(self, ids: Sequence[int], decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The answer in generated ids: without end of turn, special tokens and white space around it. `decode` may be
        another way to `decoded`."""
        if self.end and tuple(ids[-len(self.end) :]) == self.end:
            ids = ids[: -len(self.end)]
        text = (decode or self.decoded)(ids).strip()
        return text.split(self.separator)[0].strip() if self.separator else text

    def decoded(self, ids: Sequence[int]) -> str:
        """The text of ids without special tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def spelled(self, token: int) -> bytes:
        """The bytes of a token."""
        if token not in self._spelled:
            self._spelled[token] = bytes_of(self.tokenizer, token)
        return self._spelled[token]

    def words(self) -> dict[int, str]:
        """The tokens that begin with a space, as text: one space, and what they say."""
        tokens = enumerate(self.tokenizer.convert_ids_to_tokens(list(range(len(self.tokenizer)))))
        return {i: f" {self.tokenizer.decode([i]).strip()}" for i, token in tokens if token and token[0] in SPACES}

    def ended(self, ids: Sequence[int]) -> bool:
        """Whether generated ids have come to the end of the turn with the latest."""
        if tuple(ids[-len(self.end) :]) == self.end:
            return True
        if not self.separator or not self._may_separate(ids[-1]):
            return False
        latest = str(self.tokenizer.decode(list(ids[-LATEST:])))  # a long answer has many lines
        if len(ids) <= LATEST or self.separator in latest.lstrip():
            return self.separator in latest.lstrip()
        return self.separator in latest and self.separator in self.tokenizer.decode(list(ids)).lstrip()

    def _may_separate(self, token: int) -> bool:
        """Whether a separator can end in a token: decoding the whole answer behind each would cost more than writing."""
        if not self.separator.endswith("\n"):
            return True
        if token not in self._breaks:
            self._breaks[token] = "\n" in self.tokenizer.decode([token])
        return self._breaks[token]

    @cached_property
    def _spelled(self) -> dict[int, bytes]:
        return {}

    @cached_property
    def _breaks(self) -> dict[int, bool]:
        return {}

    def _prompt_or_error(self, messages: Sequence[Message]) -> list[int] | TemplateError:
        try:
            return self.prompt(messages)
        except TemplateError as error:
            return error

    def _rendered(self, conversations: Sequence[Sequence[Message]], ask: bool = True) -> list[str]:
        merged = [messages if self.takes_system else merge_system(messages) for messages in conversations]
        lead = self.prompt_lead if ask else ""
        return [text + lead for text in _render(self.tokenizer, self.template, merged, ask)]

    def _asked(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        before, behind = self._around
        shielded = {i: self._shielded(messages) for i, messages in enumerate(conversations) if self._marked(messages)}
        plain = iter(self._beginnings.ids([c for i, c in enumerate(conversations) if i not in shielded]))
        texts = dict(zip(shielded, self._rendered(list(shielded.values())), strict=True))
        found = (self._verbatim.ids(texts[i]) if i in texts else next(plain) for i in range(len(conversations)))
        return [[*before, *ids, *behind] for ids in found]

    def _marked(self, messages: Sequence[Message]) -> bool:
        return any(self._verbatim.holds(message.content) for message in messages)

    def _shielded(self, messages: Sequence[Message]) -> list[Message]:
        return [replace(message, content=self._verbatim.shielded(message.content)) for message in messages]

    @cached_property
    def _verbatim(self) -> Verbatim:
        return Verbatim(self.tokenizer)

    @cached_property
    def _beginnings(self) -> Beginnings:
        return Beginnings(self._rendered, Encoder(self.tokenizer))

    @cached_property
    def _around(self) -> tuple[list[int], list[int]]:
        return self.special() if self.add_special_tokens else ([], [])

    def _ids(self, text: str, special: bool) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=special)["input_ids"])


def read_chat(tokenizer: Any, where: str) -> Chat:
    """Read the rules of a tokenizer's template. Raises `ModelError` when it does not render or nothing ends a turn."""
    own = getattr(tokenizer, "chat_template", None)
    template = own.get("default", next(iter(own.values()))) if isinstance(own, dict) else own
    template = template or PLAIN
    user, marked = Message("user", "question"), Message("assistant", MARK)
    try:
        [prompt] = _render(tokenizer, template, [[user]])
        [whole] = _render(tokenizer, template, [[user, marked]], False)
    except (TemplateError, TypeError, ValueError) as error:
        raise ModelError(f"the chat template of {where} cannot be used: {error}") from error
    before, found, after = whole.rpartition(MARK)
    if not found:
        raise ModelError(f"the chat template of {where} does not show what the assistant says")
    # a template may write past turns otherwise than the turn it asks for; then the answer follows the prompt directly
    lead = before.removeprefix(prompt) if before.startswith(prompt) else ""
    lead = lead if lead.strip() else end_of_thought(prompt) or lead
    end = tuple(tokenizer(after.strip(), add_special_tokens=False)["input_ids"])
    if not end:
        if tokenizer.eos_token_id is None:
            raise ModelError(f"nothing ends an answer of {where}: its template has no mark, its tokenizer no eos_token")
        end = (int(tokenizer.eos_token_id),)
    return Chat(
        tokenizer,
        template,
        add_special_tokens=own is None,
        takes_system=_takes_system(tokenizer, template),
        prompt_lead=lead if lead.strip() else "",
        answer_lead="" if lead.strip() else lead,
        end=end,
        separator=after if not after.strip() and "\n" in after else "",
    )


def _takes_system(tokenizer: Any, template: str) -> bool:
    try:
        return MARK in _render(tokenizer, template, [[Message("system", MARK), Message("user", "question")]])[0]
    except TemplateError:
        return False


def _render(tokenizer: Any, template: str, conversations: Sequence[Sequence[Message]], ask: bool = True) -> list[str]:
    turns = [[{"role": m.role, "content": m.content} for m in messages] for messages in conversations]
    if not turns:
        return []
    return list(
        tokenizer.apply_chat_template(turns, chat_template=template, tokenize=False, add_generation_prompt=ask, **FIXED)
    )
