"""The body of POST /v1/responses; what would change an answer and is not done is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.wire import (
    KEPT_ASIDE,
    UNDONE,
    ChatBody,
    Metadata,
    Parts,
    ResponseFormat,
    Said,
    StreamOptions,
    Strict,
    Text,
    Texts,
    check_extra,
    check_json,
    unsupported,
)
from crossover.types import Message

LOGPROBS = "message.output_text.logprobs"
INCLUDED = (LOGPROBS, "reasoning.encrypted_content")  # there is no reasoning, and so nothing of it to include
TEXTS = ("input_text", "output_text", "text")  # parts of a message
LABELS = ("id", "type", "status", "phase")  # of an item: they change no answer
UNDONE_HERE: dict[str, tuple[Any, ...]] = {
    **UNDONE,
    "background": (None, False),
    "context_management": (None, []),
    "max_tool_calls": (None,),
    "n": (None, 1),
    "truncation": (None, "disabled"),
}


class TextFormat(BaseModel):
    """How a text is to look; `sent` is what the reply says of it."""

    model_config = ConfigDict(extra="allow")

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: Text | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    body: dict[str, Any] | None = Field(None, alias="schema")

    def asked(self) -> ResponseFormat:
        """As a chat asks for it. Raises `ApiError`."""
        if self.type == "json_schema":
            for field, value in (("name", self.name), ("schema", self.body)):
                if value is None:
                    raise ApiError(400, "it is missing; a JSON schema has a name and a schema", f"text.format.{field}")
        return ResponseFormat(type=self.type, json_schema={"schema": self.body} if self.body is not None else None)

    @property
    def sent(self) -> dict[str, Any]:
        given = {name: value for name, value in self if name in self.model_fields_set}
        schema = {"schema": given.pop("body")} if "body" in given else {}
        return {**given, **schema, "type": self.type}


class TextConfig(Strict):
    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class ResponseBody(BaseModel):
    """POST /v1/responses. `seed` and `stop` are more than OpenAI has there."""

    model_config = ConfigDict(extra="allow")

    model: Text
    input: Text | Parts = Field(min_length=1)
    instructions: Text | None = None
    previous_response_id: Text | None = None
    store: bool | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    max_output_tokens: int | None = Field(None, ge=1)
    include: Annotated[list[str], Field(fail_fast=True)] | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    text: TextConfig | None = None
    reasoning: dict[str, Any] | None = None
    metadata: Metadata | None = None
    seed: int | None = Field(None, ge=-(1 << 63), lt=1 << 63)
    stop: Text | Texts | None = None

    def check(self) -> None:
        """Raise `ApiError` for what is not done here."""
        check_extra(self.model_extra, KEPT_ASIDE, UNDONE_HERE)
        if self.stream_options is not None and not self.stream:
            raise ApiError(400, "'stream_options' needs 'stream': true", "stream_options")
        if self.reasoning and any(value not in (None, "none") for value in self.reasoning.values()):
            raise unsupported("reasoning")
        cached = (self.model_extra or {}).get("prompt_cache_options") or {}
        if not isinstance(cached, dict) or cached.get("prewarm"):
            raise unsupported("prompt_cache_options")
        for value in self.include or ():
            if value not in INCLUDED:
                raise ApiError(400, f"{value[:80]!r} is not known here; valid: {', '.join(INCLUDED)}", "include")
        if self.top_logprobs and not self.logprobs:
            raise ApiError(400, f"'top_logprobs' needs '{LOGPROBS}' in 'include'", "top_logprobs")
        check_json(self.format, "text.format")

    @property
    def logprobs(self) -> bool:
        return LOGPROBS in (self.include or ())

    @property
    def format(self) -> dict[str, Any]:
        """The text's, as the reply has it."""
        return self.text.format.sent if self.text and self.text.format else {"type": "text"}

    @property
    def said(self) -> tuple[Message, ...]:
        """The input as messages. Raises `ApiError`."""
        if isinstance(self.input, str):
            return (Message("user", self.input),)
        return tuple(_message(item, f"input[{place}]") for place, item in enumerate(self.input))

    def chat(self, said: tuple[Message, ...]) -> ChatBody:
        """The chat that answers the same. `said`: the whole conversation without the instructions. Raises `ApiError`."""
        told = (Message("system", self.instructions), *said) if self.instructions else said
        body = ChatBody(
            model=self.model,
            messages=[Said(role=message.role, content=message.content) for message in told],
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=None,
            max_completion_tokens=self.max_output_tokens,
            n=None,
            logprobs=self.logprobs,
            top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
            response_format=self.text.format.asked() if self.text and self.text.format else None,
            seed=self.seed,
            stop=self.stop,
        )
        body.check()
        return body


def _message(item: dict[str, Any], place: str) -> Message:
    if item.get("type", "message") != "message" or "role" not in item:
        kind = str(item.get("type", "an item without a role"))[:80]
        raise ApiError(400, f"it is {kind!r}; valid are messages, with 'role' and 'content'", place, "unsupported_value")
    try:
        said = Said.model_validate({name: value for name, value in item.items() if name not in LABELS})
    except ValidationError as error:
        first = error.errors()[0]
        raise ApiError(400, first["msg"], f"{place}.{first['loc'][0]}") from error
    return said.message(place, TEXTS)
