"""Gemini on Vertex AI, through google-genai (extra vertex): `vertex:NAME`, in the project of GOOGLE_CLOUD_PROJECT."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from crossover.errors import MissingExtra, ModelError, keep_secret
from crossover.models._http import ABSENT, Attempt, Flow, all_of, flowing
from crossover.models._service import checked_key, checked_name, checked_url, told_line
from crossover.models._throttle import Throttle
from crossover.models.base import hosted_weights
from crossover.types import LOST, Message, Reply, Request, Usage, Weights

PROJECT, LOCATION = "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"  # as Google's own tools call them
HERE = "us-central1"
AT_ONCE = 16  # requests
SECONDS = 120.0  # at the most for an answer
THINKING = 4096  # tokens that a model with `effort` may think with
PASSING = (408, 429)  # and all from 500 on
# how HTTP libraries call what went wrong before a request had wholly gone out: it cannot have been answered, or be paid for
UNSENT = {
    *("ConnectError", "ConnectTimeout", "PoolTimeout", "WriteError", "WriteTimeout"),
    *("ClientConnectorError", "ConnectionTimeoutError"),
}
ENDING = (401, 403, 404)  # what no request to the model itself would change
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
        checked_name(self.target, "vertex")
        checked_key(self.key)
        if self.url:
            checked_url(self.url)
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

        token = keep_secret(os.environ.get(self.key, "").strip())
        if not token:
            raise ModelError(f"the model 'vertex:{self.target}': the environment variable {self.key} holds no access token")
        return Credentials(token=token)  # type: ignore[no-untyped-call]

    def _unready(self, error: Exception) -> Exception:
        if isinstance(error, ModelError):
            return error
        return ModelError(f"the model 'vertex:{self.target}' cannot be reached: {told_line(str(error))}")

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

    def at_most(self, request: Request) -> Usage:
        """No token is shorter than a byte, of the form that an answer is held to as well, which counts as input."""
        words = request.decoding.verbalizer or request.decoding.labels
        form = request.decoding.schema.encode(), *(word.encode() for word in words)
        texts = [message.content.encode() for message in request.messages]
        prompt = sum(len(text) + FRAME for text in (*texts, *form) if text)
        return Usage(prompt, self._longest(request))

    def _longest(self, request: Request) -> int:
        """Tokens of an answer, with the thoughts before it: the service's own limit holds for both together."""
        return request.decoding.max_tokens + (THINKING if self.effort else 0)

    @contextmanager
    def flow(self) -> Iterator[Flow]:
        self.client()  # whatever is missing is told here
        with flowing(self._sent, self._throttle) as flow:
            yield flow

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        with self.flow() as flow:
            return all_of(flow, requests)

    @cached_property
    def _throttle(self) -> Throttle:
        return Throttle(AT_ONCE)

    async def _sent(self, request: Request) -> Attempt:
        if (tokens := self.count_tokens(request.messages)) > self.context_window:
            return Attempt(Reply(error=f"the prompt has about {tokens} tokens, the window is {self.context_window}"))
        spoken = [message for message in request.messages if message.role != "system"]
        contents = [{"role": "model" if m.role == "assistant" else "user", "parts": [{"text": m.content}]} for m in spoken]
        model = request.weights.ref if request.weights else self.target
        try:
            ask = self._client.aio.models.generate_content
            sent = ask(model=model, contents=contents, config=self._config(request))
            reply = _read(await asyncio.wait_for(sent, SECONDS))  # the client's own time-out begins anew with every byte
        except Exception as error:  # noqa: BLE001  whatever it is, this call failed and the others may not have
            return _refused(error, request)
        return Attempt(self._counted(reply, request))

    def _counted(self, reply: Reply, request: Request) -> Reply:
        """With tokens where the service counts none: as many as there seem to be, and of a failed call the most."""
        if reply.usage.tokens_in:
            return reply
        if reply.error is not None:
            return replace(reply, finish=LOST)
        said = Message("assistant", reply.text)
        took = Usage(self.count_tokens(request.messages), reply.usage.tokens_out or self.count_tokens([said]))
        return replace(reply, usage=took)

    def _config(self, request: Request) -> dict[str, Any]:
        decoding = request.decoding
        config: dict[str, Any] = {
            "temperature": decoding.temperature,
            "max_output_tokens": self._longest(request),
            "seed": decoding.seed + request.repeat,
        }
        if decoding.top_p != 1:
            config["top_p"] = decoding.top_p
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


def _refused(error: Exception, request: Request) -> Attempt:
    """What a failed request means: sent again, a failed call, or the end of all."""
    code, said = getattr(error, "code", None), _said(error)
    kinds = {kind.__name__ for kind in type(error).__mro__}  # by name, as the client's own library changes
    if not isinstance(code, int):
        if "GoogleAuthError" in kinds and "TransportError" not in kinds:  # nothing was sent
            return Attempt(fatal=f"{said}; valid: 'gcloud auth application-default login', or the option key")
        if kinds & (UNSENT | {"GoogleAuthError"}):
            return Attempt(again=f"no connection to the service: {said}", away=True)
        return Attempt(Reply(error=said, finish=LOST))  # it may have been paid for
    if code in PASSING or code >= 500:
        return Attempt(again=f"the service answered {said}", away=code in ABSENT, refused=code == 429)
    if code in ENDING and request.weights is None:
        return Attempt(fatal=f"the service answered {said}")
    return Attempt(Reply(error=f"the service answered {said}"))


def _said(error: Exception) -> str:
    code, text = getattr(error, "code", None), getattr(error, "message", None) or str(error)
    return told_line(f"{code or type(error).__name__}: {text}")


def _read(found: Any) -> Reply:
    """A reply, or why there is none: what a filter held back is a failed call, never a wrong answer."""
    took = found.usage_metadata
    spent = [getattr(took, n, 0) or 0 for n in ("candidates_token_count", "thoughts_token_count")]
    usage = Usage(getattr(took, "prompt_token_count", 0) or 0, sum(spent))
    blocked = getattr(found.prompt_feedback, "block_reason", None)
    if blocked or not found.candidates:
        why = getattr(blocked, "name", blocked) or "no candidate"
        return Reply(error=f"the service gives no answer: {why}", usage=usage)
    ended = getattr(found.candidates[0].finish_reason, "name", "STOP")
    content = found.candidates[0].content
    parts = [part.text for part in (content.parts if content else None) or () if part.text and not part.thought]
    if ended not in STOPPED or not parts:
        thought = ", as it was still thinking; valid: the option effort, which leaves room for that"
        why = thought if ended == "MAX_TOKENS" and getattr(took, "thoughts_token_count", 0) else ""
        return Reply(error=f"the service gives no answer: {ended}{why}", usage=usage)
    return Reply("".join(parts), (), usage)
