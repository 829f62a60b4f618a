"""The bodies of requests, as OpenAI's client sends them; what would change an answer and is not done is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from crossover.serve.openai.errors import ApiError
from crossover.types import Decoding, Message, Role

BATCHED = ("/v1/chat/completions", "/chat/completions")  # what a batch may ask; the second as Azure calls it
DEEPEST = 100  # levels of a schema
MOST_FIELDS = 16  # of metadata, as much as OpenAI keeps, and of a body that knows all its fields
LONGEST_SCHEMA = 120_000  # characters: a longer one keeps all others waiting while its grammar is made
DEFAULT_TOKENS = 512  # of an answer whose limit is not given
ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
# fields that change no answer; any other one that is not done here is refused, as it may
KEPT_ASIDE = (
    *("user", "metadata", "store", "service_tier", "safety_identifier", "parallel_tool_calls"),
    *("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
)
# with the values at which they change none
UNDONE: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (None, 0),
    "presence_penalty": (None, 0),
    "logit_bias": (None, {}),
    "tools": (None, []),
    "functions": (None, []),
    "tool_choice": (None, "none", "auto"),
    "function_call": (None, "none", "auto"),
    "audio": (None,),
    "modalities": (None, ["text"]),
    "prediction": (None,),
    "web_search_options": (None,),
    "top_k": (None, -1, 0),
    "min_p": (None, 0),
    "repetition_penalty": (None, 1),
    "min_tokens": (None, 0),
    "ignore_eos": (None, False),
    "echo": (None, False),
    "reasoning_effort": (None, "none"),
    "verbosity": (None, "medium"),
}


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no text") from None
    return text


def check_json(value: Any, place: str) -> None:
    """Raise `ApiError` for what cannot be written again: too deep, with half a surrogate pair in it, or not finite."""
    layer = [value]
    for _ in range(DEEPEST):
        layer = [within for one in layer if isinstance(one, (dict, list)) for within in _inside(one)]
    if layer:
        raise ApiError(400, f"it is deeper than {DEEPEST} levels", place)
    try:
        _whole(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError as error:
        raise ApiError(400, str(error), place) from None


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _few(given: Any) -> Any:
    if isinstance(given, dict) and len(given) > MOST_FIELDS:  # before a million of them are looked at
        raise ValueError(f"there are {len(given)} of them; valid are at most {MOST_FIELDS}")
    return given


Text = Annotated[str, AfterValidator(_whole)]
Texts = Annotated[list[Text], Field(fail_fast=True)]  # else each of a million wrong items is told, in gigabytes
Parts = Annotated[list[dict[str, Any]], Field(fail_fast=True)]
Short = Annotated[Text, StringConstraints(max_length=64)]
Long = Annotated[Text, StringConstraints(max_length=512)]
Metadata = Annotated[dict[Short, Long], BeforeValidator(_few)]


def unsupported(name: str) -> ApiError:
    return ApiError(400, f"'{name}' is not supported here; leave it out", name, "unsupported_parameter")


def check_extra(extra: Mapping[str, Any] | None, aside: Collection[str], undone: Mapping[str, tuple[Any, ...]]) -> None:
    """Raise `ApiError` for a field that is neither to be left `aside` nor at one of its values in `undone`."""
    for name, value in (extra or {}).items():
        if name not in aside and value not in undone.get(name, (None,)):
            raise unsupported(name)


class Strict(BaseModel):
    """A body without other fields."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, given: Any) -> Any:
        return _few(given)


class Said(BaseModel):
    """A message. `content`: a text, or parts of which all are text."""

    model_config = ConfigDict(extra="allow")

    role: str
    content: Text | Parts | None = None

    def message(self, place: str, kinds: tuple[str, ...] = ("text",)) -> Message:
        """`place`: what the message is called in an error; `kinds`: of parts that are texts. Raises `ApiError`."""
        if self.role not in ROLES:
            raise ApiError(400, f"the role is {self.role!r}; valid: {', '.join(ROLES)}", f"{place}.role")
        for name, value in (self.model_extra or {}).items():
            if value not in (None, []):
                raise unsupported(f"{place}.{name}")
        if self.content is None:
            raise ApiError(400, "it is missing; valid is a text", f"{place}.content")
        return Message(ROLES[self.role], self.content if isinstance(self.content, str) else self._joined(place, kinds))

    def _joined(self, place: str, kinds: tuple[str, ...]) -> str:
        parts: Any = self.content
        texts = [part.get("text") for part in parts if part.get("type") in kinds]
        if len(texts) < len(parts) or not all(isinstance(text, str) for text in texts):
            valid = " or ".join(f"'{kind}'" for kind in kinds)
            raise ApiError(400, f"valid are parts of type {valid} with a 'text'", f"{place}.content")
        try:
            return _whole("".join(map(str, texts)))
        except ValueError as error:
            raise ApiError(400, str(error), f"{place}.content") from error


class ResponseFormat(BaseModel):
    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: dict[str, Any] | None = None

    @property
    def schema_text(self) -> str:
        """The schema as canonical JSON; nothing for text."""
        if self.type == "text":
            return ""
        if self.type == "json_object":
            return '{"type": "object"}'
        schema, place = (self.json_schema or {}).get("schema"), "response_format.json_schema.schema"
        if not isinstance(schema, dict):
            raise ApiError(400, "a schema is missing; valid is an object", place)
        check_json(schema, place)
        text = json.dumps(schema, sort_keys=True)
        if len(text) > LONGEST_SCHEMA:
            raise ApiError(400, f"the schema has {len(text)} characters; valid are at most {LONGEST_SCHEMA}", place)
        return text


class StreamOptions(Strict):
    include_usage: bool | None = False
    include_obfuscation: bool | None = None  # padding, of which there is none


class ChatBody(BaseModel):
    """POST /v1/chat/completions. Fields that change no answer (`user`, `metadata`, `store` …) are taken and left."""

    model_config = ConfigDict(extra="allow")

    model: Text
    messages: Annotated[list[Said], Field(fail_fast=True)] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, ge=1, le=16)
    stop: Text | Texts | None = None
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    seed: int | None = Field(None, ge=-(1 << 63), lt=1 << 63)
    logprobs: bool | None = False
    top_logprobs: int | None = Field(None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)

    def check(self) -> None:
        """Raise `ApiError` for what is not done here."""
        check_extra(self.model_extra, KEPT_ASIDE, UNDONE)
        if self.stream_options is not None and not self.stream:
            raise ApiError(400, "'stream_options' needs 'stream': true", "stream_options")
        if self.top_logprobs is not None and not self.logprobs:
            raise ApiError(400, "'top_logprobs' needs 'logprobs': true", "top_logprobs")
        if len(self.stops) > 4 or not all(self.stops):
            raise ApiError(400, "valid are at most 4 texts that are not empty", "stop")

    @property
    def conversation(self) -> tuple[Message, ...]:
        return tuple(said.message(f"messages[{place}]") for place, said in enumerate(self.messages))

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else list(self.stop or ())

    @property
    def decoding(self) -> Decoding:
        """How a base model is to answer; a temperature that is not given is 1, as at OpenAI."""
        limit = self.max_completion_tokens or self.max_tokens or DEFAULT_TOKENS
        seed = random.getrandbits(32) if self.seed is None else self.seed
        return Decoding(
            temperature=1.0 if self.temperature is None else self.temperature,
            max_tokens=limit,
            seed=seed,
            top_p=1.0 if self.top_p is None else self.top_p,
            schema=self.response_format.schema_text if self.response_format else "",
        )


class BatchBody(BaseModel):
    """POST /v1/batches."""

    input_file_id: str
    endpoint: Literal["/v1/chat/completions", "/chat/completions"]
    completion_window: Literal["24h"]
    metadata: Metadata | None = None


class PredictBody(Strict):
    """POST /predict: a text, or a row with the columns of the task's input. `id`: what the answer is called in the log."""

    input: Text | dict[str, Any]
    model: Text | None = None
    id: Text | None = Field(None, min_length=1, max_length=200)


class Hyperparameters(BaseModel):
    n_epochs: int | Literal["auto"] = "auto"
    batch_size: int | Literal["auto"] | None = "auto"
    learning_rate_multiplier: float | Literal["auto"] | None = "auto"


class Supervised(BaseModel):
    hyperparameters: Hyperparameters | None = None


class Method(BaseModel):
    type: str = "supervised"
    supervised: Supervised | None = None


class JobBody(BaseModel):
    """POST /v1/fine_tuning/jobs."""

    model: Text
    training_file: str
    validation_file: str | None = None
    suffix: str | None = Field(None, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int | None = Field(None, ge=0, lt=1 << 63)
    metadata: Metadata | None = None
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None  # where it stood before there were methods
    integrations: list[Any] | None = Field(None, max_length=0)  # nothing is sent to anybody

    @property
    def asked(self) -> Hyperparameters:
        """The hyperparameters, each checked. Raises `ApiError`."""
        if self.method and self.method.type != "supervised":
            raise ApiError(
                400,
                f"the method is {self.method.type!r}; valid here: 'supervised'",
                "method.type",
                "unsupported_value",
            )
        supervised = self.method.supervised if self.method else None
        found = (supervised.hyperparameters if supervised else None) or self.hyperparameters or Hyperparameters()
        for name, low, high in (("n_epochs", 1, 50), ("batch_size", 1, 256), ("learning_rate_multiplier", 1e-6, 1e3)):
            value = getattr(found, name)
            if isinstance(value, (int, float)) and not low <= value <= high:
                raise ApiError(400, f"{name} is {value}; valid: 'auto', or {low:g} to {high:g}", f"hyperparameters.{name}")
        return found
