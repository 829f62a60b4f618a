"""Any chat model or runnable of LangChain's (extra langchain): `langchain:FILE.py:NAME`, which runs that file."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from crossover.data.pyfile import run_file
from crossover.errors import MissingExtra, ModelError, keep_secret, nearest
from crossover.models._http import Attempt, Flow, all_of, flowing
from crossover.models._throttle import Throttle
from crossover.models.langchain.described import described, secrets_in
from crossover.models.langchain.reading import form_of, messages_of, read, refused, status_of
from crossover.types import LOST, Message, Reply, Request, Usage, content_hash

A_TOKEN = 4  # bytes of text, on average
MESSAGE = 16  # tokens around a message, at the most
LABEL_TOKENS, FORM_TOKENS = 8, 24  # beside a label's own bytes; around it in a form
UNBOUNDED = 4096  # tokens of an answer that nothing bounds
WINDOW = 128_000
LIMITS = ("max_tokens", "max_output_tokens", "num_predict")  # what chat models call the most tokens of an answer
FROM_PYTHON = "python/"
_held: dict[str, Any] = {}  # objects of this process, by the targets that stand for them


@dataclass
class Langchain:
    """It is asked by `ainvoke` with a list of messages, and answers with a message or a text. Its own settings stand; where
    it has no most tokens of an answer, those of the call hold. What it tries again by itself is not seen here.

    - `target`: FILE.py:NAME, a chat model or runnable in a Python file, which is run.
    - `labels`: how a label is chosen: structured, text; auto is structured where the model has structured output.
    - `local`: whether it runs on this machine: data stays here, and nothing is paid.
    - `in_flight`: the most calls under way at a time.
    - `timeout`: seconds until an answer is given up.
    - `window`: the most tokens that prompt and answer may have together; 0 is what the model says, else 128000.
    """

    target: str = ""
    labels: Literal["auto", "structured", "text"] = "auto"
    local: bool = False
    in_flight: int = 16
    timeout: float = 120.0
    window: int = 0
    target_is_path = True

    def __post_init__(self) -> None:
        if self.in_flight < 1 or self.timeout <= 0 or self.window < 0:
            raise ModelError("the model's options in_flight and timeout are numbers above 0, window is one from 0")
        self._what, self.code = self._opened()
        kinds = _imported("langchain_core.language_models", self.target)
        self._fields = type(self._what).model_fields if isinstance(self._what, kinds.BaseChatModel) else {}
        for secret in secrets_in(self._what):
            keep_secret(secret)
        ways = "" if self.labels == "auto" else f" labels={self.labels}"
        digest = content_hash([described(self._what), self.code[1] if self.code else ""])
        self.identity = f"langchain {type(self._what).__qualname__} {digest}{ways}"
        self._throttle = Throttle(self.in_flight)
        self._prepared: dict[str, Any] = {}
        self._formed: bool | None = None if self.labels == "auto" else self.labels == "structured"
        self._used: set[bool] = set()  # whether labels were held to a form
        if self._formed and not self._can_form():
            raise ModelError(f"'langchain:{self.target}' has no structured output; valid is labels=text")

    def _opened(self) -> tuple[Any, tuple[Path, str] | None]:
        """The object, and the file that was run for it with its SHA-256."""
        kinds = _imported("langchain_core.runnables", self.target)
        if self.target.startswith(FROM_PYTHON):
            if self.target not in _held:
                raise ModelError(
                    f"the model 'langchain:{self.target}' is an object that was handed over in Python, and not in this"
                    " process; valid is run_study(..., model=OBJECT) once more, which asks nothing twice"
                )
            return _held[self.target], None
        file, _, name = self.target.rpartition(":")
        path = Path(file)
        if not file.endswith(".py") or not name.isidentifier():
            raise ModelError(f"'langchain:{self.target}' names no model; valid is langchain:FILE.py:NAME")
        if not path.is_file():
            raise ModelError(f"there is no file {file} with a model '{name}'; valid is a Python file beside the task file")
        module, digest = run_file(path, ModelError, "model")
        found = getattr(module, name, None)
        if not isinstance(found, kinds.Runnable):
            known = [key for key, value in vars(module).items() if isinstance(value, kinds.Runnable)]
            what = f"no '{name}'" if found is None else f"'{name}', a {type(found).__name__} and no chat model or runnable"
            raise ModelError(f"{path} has {what}; {nearest(name, known) if known else 'it has none'}")
        return found, (path, digest)

    @property
    def context_window(self) -> int:
        profile = getattr(self._what, "profile", None)
        told = profile.get("max_input_tokens") if isinstance(profile, dict) else None
        return self.window or (told if isinstance(told, int) and told > 0 else WINDOW)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """About as many: how the model cuts a text into tokens is not known here."""
        return sum(-(-len(message.content.encode()) // A_TOKEN) + 4 for message in messages)

    def at_most(self, request: Request) -> Usage:
        """No token is shorter than a byte. Until it is known how labels are chosen, a request may be asked twice."""
        prompt = sum(len(message.content.encode()) + MESSAGE for message in request.messages) + MESSAGE
        own = next((value for name in LIMITS if isinstance(value := self._own(name), int)), 0)
        bounded = self._longest(request) if any(name in self._fields for name in LIMITS) else UNBOUNDED
        times = 2 if self._formed is None and form_of(request) else 1
        return Usage(times * prompt, times * (own or bounded))

    @contextmanager
    def flow(self) -> Iterator[Flow]:
        with flowing(self._sent, self._throttle) as flow:
            yield flow

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        with self.flow() as flow:
            return all_of(flow, requests)

    @property
    def told(self) -> list[str]:
        """How labels were chosen so far."""
        ways = {True: "is held to a form by the model's structured output", False: "is read out of the text"}
        return [f"a label of 'langchain:{Path(self.target).name}' {ways[way]}" for way in sorted(self._used)]

    def _own(self, name: str) -> Any:
        return getattr(self._what, name, None) if name in self._fields else None

    def _longest(self, request: Request) -> int:
        """The most tokens of an answer that are asked for."""
        labels = request.decoding.labels
        if not labels:
            return request.decoding.max_tokens
        return (
            max(len(label.encode()) for label in labels) + LABEL_TOKENS + (FORM_TOKENS if self._formed is not False else 0)
        )

    def _can_form(self) -> bool:
        """Whether the model has structured output at all; a service may yet refuse it."""
        try:
            self._what.with_structured_output({"title": "answer", "type": "object", "properties": {}}, include_raw=True)
        except Exception:  # noqa: BLE001  whatever it does not do
            return False
        return True

    def _asked(self, request: Request, form: dict[str, Any] | None) -> Any:
        """What answers a request: the object with what it leaves open, held to a form. Each is made once."""
        how = request.decoding
        settings: dict[str, Any] = {}
        if "cache" in self._fields:
            settings["cache"] = False  # a further draw is not an earlier one
        limit = next((name for name in LIMITS if name in self._fields), "")
        if limit and self._own(limit) is None:
            settings[limit] = self._longest(request)
        if how.temperature and "temperature" in self._fields:
            settings["temperature"] = how.temperature
        if how.top_p != 1 and "top_p" in self._fields:
            settings["top_p"] = how.top_p
        key = content_hash([settings, form])
        if key not in self._prepared:
            made = self._what.model_copy(update=settings) if settings else self._what
            self._prepared[key] = made.with_structured_output(form, include_raw=True) if form else made
        return self._prepared[key]

    async def _sent(self, request: Request) -> Attempt:
        if (tokens := self.count_tokens(request.messages)) > self.context_window:
            return Attempt(Reply(error=f"the prompt has about {tokens} tokens, the window is {self.context_window}"))
        form = form_of(request)
        if form and self._formed is None and not self._can_form():
            self._formed = False
        attempt = await self._once(request, form if self._formed is not False else None)
        if attempt is None:  # the model has structured output, and its service does not take it
            self._formed = False
            attempt = await self._once(request, None)
        assert attempt is not None
        return self._counted(attempt, request)

    async def _once(self, request: Request, form: dict[str, Any] | None) -> Attempt | None:
        """One call; None where it is to be asked for in plain text."""
        labels = bool(request.decoding.labels)
        try:
            found = await asyncio.wait_for(self._asked(request, form).ainvoke(messages_of(request)), self.timeout)
        except TimeoutError:
            return Attempt(Reply(error=f"no answer within {self.timeout:g} seconds", finish=LOST))
        except Exception as error:  # noqa: BLE001  whatever it is, this call failed and the others may not have
            if form and self._formed is None and (isinstance(error, NotImplementedError) or status_of(error) in (400, 422)):
                return None
            return refused(error)
        reply = read(found, labels)
        if form and reply.error is None:
            self._formed = True
        if labels:
            self._used.add(form is not None)
        return Attempt(reply)

    def _counted(self, attempt: Attempt, request: Request) -> Attempt:
        """With tokens where the model counts none: as many as there seem to be."""
        reply = attempt.reply
        if reply is None or reply.error is not None:
            return attempt
        usage = reply.usage
        tokens_in = usage.tokens_in or self.count_tokens(request.messages)
        tokens_out = usage.tokens_out or self.count_tokens([Message("assistant", reply.text)])
        return replace(attempt, reply=replace(reply, usage=replace(usage, tokens_in=tokens_in, tokens_out=tokens_out)))


def hold(thing: Any) -> str:
    """The specification that stands for a chat model or runnable of this process: the same for the same parameters."""
    target = f"{FROM_PYTHON}{type(thing).__name__}-{content_hash(described(thing))}"
    _held[target] = thing
    return f"langchain:{target}"


def _imported(name: str, target: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(f"the model 'langchain:{target}'", "langchain") from error
