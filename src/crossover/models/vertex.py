"""Gemini on Vertex AI, through google-genai (extra vertex): `vertex:NAME`, in the project of GOOGLE_CLOUD_PROJECT."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

from crossover.errors import MissingExtra, ModelError
from crossover.models.base import hosted_weights
from crossover.types import Message, Reply, Request, Usage, Weights

T = TypeVar("T")
PROJECT, LOCATION = "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"  # as Google's own tools call them
HERE = "us-central1"
AT_ONCE = 16  # requests
TRIES, WAIT, SECONDS = 5, 1.0, 120.0  # of a request; before its second try; at the most for an answer
PASSING = (408, 429)  # and all from 500 on
FRAME, BYTES = 4, 3  # tokens around a message; bytes of a token, so that the estimate is rather too high
STOPPED = ("STOP", "MAX_TOKENS")  # ways to end that are answers


@dataclass(frozen=True)
class Vertex:
    """Labels and JSON are asked for under a schema, so the answer is one of them. Tokens are estimated before a call, and
    the service's own count stands in every reply.

    - `target`: the model's name, such as gemini-3.5-flash.
    - `project`: the Google Cloud project; empty is GOOGLE_CLOUD_PROJECT.
    - `location`: the region; empty is GOOGLE_CLOUD_LOCATION, else us-central1.
    - `key`: the name of an environment variable with an access token; empty is Google's application default credentials.
    - `url`: another address than Google's.
    - `effort`: how long it thinks before it answers; empty is the model's own way.
    - `context_window`: tokens of prompt and answer together.
    """

    target: str = ""
    project: str = ""
    location: str = ""
    key: str = ""
    url: str = ""
    effort: Literal["", "minimal", "low", "medium", "high"] = ""
    context_window: int = 131_072
    local = False
    dialect = "vertex"

    def __post_init__(self) -> None:
        if not self.target:
            raise ModelError("the model 'vertex' needs a name; valid: vertex:NAME, such as vertex:gemini-3.5-flash")
        if not self._project:
            raise ModelError(f"the model 'vertex:{self.target}' needs a project; valid: its id in {PROJECT}")

    @property
    def _project(self) -> str:
        return self.project or os.environ.get(PROJECT, "")

    @property
    def name(self) -> str:
        return self.target

    @property
    def identity(self) -> str:
        return f"vertex:{self.target}" + (f" {self.effort}" if self.effort else "")

    @cached_property
    def _client(self) -> Any:
        try:
            from google import genai
            from google.genai import types
        except ImportError as error:
            raise MissingExtra(f"the model 'vertex:{self.target}'", "vertex") from error
        options = types.HttpOptions(api_version="v1", timeout=int(1000 * SECONDS), base_url=self.url or None)
        place = self.location or os.environ.get(LOCATION, HERE)
        try:
            return genai.Client(
                vertexai=True, project=self._project, location=place, credentials=self._credentials(), http_options=options
            )
        except Exception as error:
            raise self._unready(error) from error

    def _credentials(self) -> Any:
        if not self.key:
            return None  # the client looks for Google's own
        from google.oauth2.credentials import Credentials

        token = os.environ.get(self.key)
        if not token:
            raise ModelError(f"the model 'vertex:{self.target}': the environment variable {self.key} holds no access token")
        return Credentials(token=token)  # type: ignore[no-untyped-call]

    def _unready(self, error: Exception) -> Exception:
        if isinstance(error, ModelError):
            return error
        said = " ".join(str(error).split())[:200]
        return ModelError(f"the model 'vertex:{self.target}' cannot be reached: {said}")

    def client(self) -> Any:
        return self._client

    def storage(self) -> Any:
        """Cloud Storage's client; STORAGE_EMULATOR_HOST is another address."""
        try:
            from google.cloud import storage
        except ImportError as error:
            raise MissingExtra(f"tuning 'vertex:{self.target}'", "vertex") from error
        try:
            return storage.Client(project=self._project, credentials=self._credentials())
        except Exception as error:
            raise self._unready(error) from error

    def check_weights(self, weights: Weights) -> None:
        if weights != hosted_weights(self, weights.ref):
            raise ModelError(f"'vertex:{self.target}' answers with weights tuned there, and these are '{weights.kind}'")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(FRAME + -(-len(message.content.encode()) // BYTES) for message in messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        if not requests:
            return []
        client = self._client  # opened once, before the threads
        with ThreadPoolExecutor(min(AT_ONCE, len(requests))) as pool:
            return list(pool.map(lambda request: self._reply(client, request), requests))

    def _reply(self, client: Any, request: Request) -> Reply:
        if (tokens := self.count_tokens(request.messages)) > self.context_window:
            return Reply(error=f"the prompt has about {tokens} tokens, the window is {self.context_window}")
        began = time.monotonic()
        spoken = [message for message in request.messages if message.role != "system"]
        contents = [{"role": "model" if m.role == "assistant" else "user", "parts": [{"text": m.content}]} for m in spoken]
        model = request.weights.ref if request.weights else self.target
        try:
            found = _tried(
                lambda: client.models.generate_content(model=model, contents=contents, config=self._config(request))
            )
        except Exception as error:  # noqa: BLE001  whatever it is, this call failed and the others may not have
            return Reply(error=_said(error), usage=Usage(seconds=time.monotonic() - began))
        return _read(found, time.monotonic() - began)

    def _config(self, request: Request) -> dict[str, Any]:
        decoding = request.decoding
        config: dict[str, Any] = {
            "temperature": decoding.temperature,
            "max_output_tokens": decoding.max_tokens,
            "seed": decoding.seed + request.repeat,
        }
        if system := "\n\n".join(m.content for m in request.messages if m.role == "system"):
            config["system_instruction"] = system
        if decoding.labels and not decoding.pattern:
            words = list(decoding.verbalizer or decoding.labels)
            config |= {"response_mime_type": "text/x.enum", "response_schema": {"type": "STRING", "enum": words}}
        elif decoding.schema:
            config |= {"response_mime_type": "application/json", "response_json_schema": json.loads(decoding.schema)}
        if self.effort:
            config["thinking_config"] = {"thinking_level": self.effort.upper()}
        return config


def _tried(call: Callable[[], T]) -> T:
    """What a call gives, tried again while the fault may pass."""
    for number in range(TRIES - 1):
        try:
            return call()
        except Exception as error:
            code = getattr(error, "code", None)
            if isinstance(code, int) and code not in PASSING and code < 500:
                raise
            if not isinstance(code, int) and not _lost(error):
                raise
        time.sleep(WAIT * 2**number * random.uniform(0.5, 1.5))
    return call()


def _lost(error: Exception) -> bool:
    """Whether a connection failed: by name, as the client's own library changes."""
    return any(kind.__name__ in ("TransportError", "ConnectionError", "TimeoutError") for kind in type(error).__mro__)


def _said(error: Exception) -> str:
    code, text = getattr(error, "code", None), getattr(error, "message", None) or str(error)
    return " ".join(f"{code or type(error).__name__}: {text}".split())[:300]


def _read(found: Any, seconds: float) -> Reply:
    """A reply, or why there is none: what a filter held back is a failed call, never a wrong answer."""
    took = found.usage_metadata
    spent = [getattr(took, n, 0) or 0 for n in ("candidates_token_count", "thoughts_token_count")]
    usage = Usage(getattr(took, "prompt_token_count", 0) or 0, sum(spent), seconds)
    blocked = getattr(found.prompt_feedback, "block_reason", None)
    if blocked or not found.candidates:
        why = getattr(blocked, "name", blocked) or "no candidate"
        return Reply(error=f"the service gives no answer: {why}", usage=usage)
    ended = getattr(found.candidates[0].finish_reason, "name", "STOP")
    content = found.candidates[0].content
    parts = [part.text for part in (content.parts if content else None) or () if part.text and not part.thought]
    if ended not in STOPPED or not parts:
        return Reply(error=f"the service gives no answer: {ended}", usage=usage)
    return Reply("".join(parts), (), usage)
