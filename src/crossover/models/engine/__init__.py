"""A local model that a server with the same weights answers for (vLLM, SGLang, llama.cpp's): MODEL?engine=openai:URL.

Prompts are made and cut into tokens here and sent as token ids, so the server's own template and tokenizer have no part in
them. Labels are chosen by the log-probability of each whole one (`ways.py`), text is read from the ids that come back
(`writing.py`), adapters are loaded by the server under their hash (`adapters.py`). What no server takes (weights that are
tuned wholly, soft prompts, DoRA; every adapter where it loads none) is answered here. Tuning, exports and everything else
are the model's own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import statistics
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from crossover.errors import ModelError
from crossover.models._http import Attempt, all_of, flowing, waited
from crossover.models._refusals import broken, lost, refusal
from crossover.models._service import checked_key, checked_url, words_of
from crossover.models._throttle import Throttle
from crossover.models.base import Runtime
from crossover.models.engine.adapters import Adapters, Closed, Ignored, Refused, loadable
from crossover.models.engine.parted import Parted
from crossover.models.engine.proof import Another, apart, by_name, prove, question
from crossover.models.engine.server import Found, Server
from crossover.models.engine.ways import LLAMA, Ask, scores
from crossover.models.engine.writing import written
from crossover.models.open import open_model
from crossover.types import Candidate, Message, Reply, Request, Usage, Weights

DIALECT = "openai:"
VALID = "valid is openai:URL, such as openai:http://127.0.0.1:8000/v1"
HERE = ("localhost", "127.0.0.1", "::1")
AT_ONCE, AT_ONCE_LLAMA = 64, 8  # requests under way
TOKENIZED = ("prepared", "tree", "chat", "module", "vectors")  # of a model that runs here and shows its tokens
REMEMBERED = 1024  # prompts as tokens, between being weighed and being sent
QUIET = 5.0  # seconds with nothing under way, in which a server may have been started anew with nobody asking it
FAR = 0.5  # nats a token, in the middle: two precisions of a model differ by hundredths, its 4 bits by tenths
AGAIN = "start it with the model that was measured and run this again, or make a study of its own of this one"


@dataclass
class Engine:
    """`MODEL?engine=openai:URL`: a model that runs here, of which a server with the same weights answers what is asked.

    - `target`: MODEL, which is also what is tuned, here.
    - `at`: openai:URL of the server, up to and with the version.
    - `served`: what the server calls the model; needed where it has several.
    - `key`: the name of the environment variable with the server's key.
    - `in_flight`: the most requests under way at a time; 0: 64, at llama.cpp's server 8.
    - `timeout`: seconds until an answer is given up.
    - `dtype`: in which the model answers here; auto as without an engine.
    """

    target: str
    at: str = ""
    served: str = ""
    key: str = ""
    in_flight: int = 0
    timeout: float = 120.0
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    hourly = True

    def __post_init__(self) -> None:
        if not self.at.startswith(DIALECT):
            raise ModelError(f"the model's option 'engine' is none; {VALID}")
        if self.in_flight < 0 or self.timeout <= 0:
            raise ModelError("the engine's options in_flight and timeout are numbers above 0")
        url, key = checked_url(self.at.removeprefix(DIALECT), "engine"), checked_key(self.key)
        base = open_model(self.target)
        if not all(hasattr(type(base), name) for name in TOKENIZED):  # of the class: an object measures where it is asked
            raise ModelError(
                f"an engine answers for a model whose weights are here, and '{self.target}' is none; valid is a model"
                " without engine, or a folder, a .gguf file or a hub id with one"
            )
        own: Any = base
        self.base: Any = own if self.dtype == "auto" else dataclasses.replace(own, dtype=self.dtype)
        self._server = Server(url, key, self.timeout, self.in_flight or AT_ONCE)
        self._adapters = Adapters(self._server)
        self._prompts: OrderedDict[Request, list[int] | Reply] = OrderedDict()
        self._reported = self._reference = ""
        self._met = False  # whether the server is known to have the model that it began with
        self._heard, self._under_way = 0.0, 0  # when it last answered; requests that would notice that it went away
        self._meeting, self._weighing = asyncio.Lock(), threading.RLock()
        self._why_here: dict[str, str] = {}

    # what the server is

    @cached_property
    def found(self) -> Found:
        """Raises `ModelError` where no server is there that can answer for the model."""
        if self._reported:
            return Found.read(self._reported)
        self._server.open()
        [prompt] = self.base.prepared([Request((Message("user", "question"),))])
        if isinstance(prompt, Reply):
            raise ModelError(str(prompt.error))
        spoken = [token for answer in self.base.tree(("yes", "no")).sequences for token in answer]
        tokens = list(dict.fromkeys([*spoken, *prompt]))[:2]
        return waited(lambda: self._server.found(self.served, prompt, tokens))

    def recalled(self, reported: str, reference: str) -> Engine:
        """The model as a study began with it: what the server was `found` to be, and what it answered then, if anything."""
        again = dataclasses.replace(self)
        again._reported, again._reference = reported, reference
        return again

    def refer(self, reference: str) -> None:
        """Hold the server to an answer of its own: `reference_of`."""
        self._reference, self._met, self._heard = reference, True, time.monotonic()

    def reference_of(self, request: Request, reply: Reply) -> str:
        """What a reply with label scores is asked for once more by, in whatever process."""
        sequences = self.base.tree(request.decoding.labels).sequences
        prompt = self._prompt(request)
        assert not isinstance(prompt, Reply)  # it was answered
        return question(request, reply, prompt, sequences)

    @property
    def where(self) -> str:
        """The server, as who reads a report knows it."""
        found = self.found
        kind = " ".join(filter(None, (found.server, found.version)))
        return f"{kind} at {self._server.name}, which calls it '{found.model}'"

    def tokens_there(self, messages: Sequence[Message]) -> list[int] | None:
        """What the server's own chat template makes of a conversation, None where it does not tell."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        self._server.open()
        return waited(lambda: self._server.tokens(self.found.model, turns))

    # what a model is

    @property
    def identity(self) -> str:
        """With what the server was found to be where that is `recalled`: a look at a model asks nobody."""
        return f"{self.base.identity} asked at {self._reported or self._server.url}"

    @property
    def local(self) -> bool:
        return urlsplit(self._server.url).hostname in HERE

    @property
    def context_window(self) -> int:
        there = Found.read(self._reported).window if self._reported else 0
        return min(int(self.base.context_window), there or int(self.base.context_window))

    @property
    def precision(self) -> tuple[str, str]:
        found: tuple[str, str] = self.base.precision
        return found

    @contextmanager
    def flow(self) -> Iterator[Parted]:
        self._server.open()
        _ = self.found  # before the loop's thread wants it: what finds it waits for that thread
        with flowing(self._sent, self._throttle) as flow:
            yield Parted(flow, self._here, self.base.complete, self.base.in_flight)

    def at_most(self, request: Request) -> Usage:
        prompt, labels = self._prompt(request), request.decoding.labels
        if isinstance(prompt, Reply):
            return Usage()
        longest = max(map(len, self.base.tree(labels).sequences)) if labels else request.decoding.max_tokens
        return Usage(len(prompt), longest)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        with self.flow() as flow:
            return all_of(flow, requests)

    @cached_property
    def _throttle(self) -> Throttle:
        return Throttle(self.in_flight or (AT_ONCE_LLAMA if self.found.way == LLAMA else AT_ONCE))

    def here(self, weights: Weights | None) -> str:
        """Why some weights are answered for by the model here; empty where the server is asked."""
        if weights is None:
            return ""
        if weights.sha256 not in self._why_here:
            self._why_here[weights.sha256] = self._reason(weights)
        return self._why_here[weights.sha256]

    def tried(self, folder: Path, rank: int) -> str:
        """Why the server would not load adapters of this rank from a folder, before any is made; empty where it may."""
        self._server.open()
        return waited(lambda: self._adapters.tried(folder, rank)) if self.found.adapters else ""

    def _reason(self, weights: Weights) -> str:
        if weights.kind == "full":
            return "tuned wholly"
        if self.base.vectors(weights):
            return "a soft prompt"
        if not self.found.adapters:
            return "an adapter, and the engine loads none while it runs"
        return "" if loadable(weights) else "an adapter of a kind that engines do not load"

    def _here(self, request: Request) -> bool:
        return bool(self.here(request.weights))

    def _prompt(self, request: Request) -> list[int] | Reply:
        with self._weighing:  # who weighs requests and who sends them are two threads
            return self._weighed(request)

    def _weighed(self, request: Request) -> list[int] | Reply:
        if request not in self._prompts:
            [found] = self.base.prepared([request])
            if not isinstance(found, Reply):
                longest = max(map(len, self.base.tree(request.decoding.labels).sequences)) if request.decoding.labels else 1
                window = self.found.window or self.base.context_window
                if len(found) + longest > window and not self._here(request):
                    found = Reply(error=f"the prompt has {len(found)} tokens, the engine's window is {window}")
            self._prompts[request] = found
            while len(self._prompts) > REMEMBERED:
                self._prompts.popitem(last=False)
        return self._prompts[request]

    async def _sent(self, request: Request) -> Attempt:
        prompt, name = self._prompt(request), self.found.model
        if isinstance(prompt, Reply):
            return Attempt(prompt)
        library = importlib.import_module("openai")
        try:
            if other := await self._other():
                return Attempt(fatal=other)
            self._under_way += 1
            try:
                async with self._named(request.weights) as name:
                    ask = by_name(self._server.ask, name) if request.weights else self._server.ask
                    reply = await self._answered(ask, name, request, prompt)
            finally:
                self._under_way -= 1
            self._heard = time.monotonic()
            return Attempt(reply)
        except Ignored as error:
            return Attempt(fatal=str(error))
        except Closed as error:
            if not self._reference:
                return Attempt(Reply(error=str(error)))
            return Attempt(fatal=f"{error}; it did when this study began: start it as it was then, and run this again")
        except (Refused, ModelError) as error:
            return Attempt(Reply(error=str(error)))
        except Another as error:
            assert request.weights is not None
            self._adapters.forget(request.weights)  # it has lost them, and takes any name
            return Attempt(again=f"the engine answered as '{error}', and not with the adapter that it was asked for")
        except library.APIStatusError as error:
            said, status = words_of(error)[0], error.status_code
            if status == 404 and request.weights is not None:
                self._adapters.forget(request.weights)  # it was started anew
                return Attempt(again=f"the engine answered 404: {said}")
            if status == 404:
                return Attempt(fatal=f"the engine at {self._server.name} has no model '{name}' any more: {said}")
            told = error.body if isinstance(error.body, dict) else {}
            attempt = refusal(status, error.response.headers, said, str(told.get("code") or ""), name)
            self._met = self._met and status < 500
            return attempt
        except (library.APIConnectionError, TimeoutError) as error:
            attempt = broken(error, self._server.url, self.timeout)
            if (
                attempt.reply is not None and not attempt.refused
            ):  # it went away while it answered: its hour is paid, not the call
                attempt = Attempt(again=attempt.reply.error or "", away=True)
            self._met = self._met and not attempt.away and attempt.reply is None
            return attempt
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return Attempt(lost(f"the engine's answer is not what such a server says ({type(error).__name__}: {error})"))

    @asynccontextmanager
    async def _named(self, weights: Weights | None) -> AsyncIterator[str]:
        """The name by which the server answers with some weights."""
        if weights is None:
            yield self.found.model
            return
        async with self._adapters.using(weights, self.base.check_weights, self._prove) as name:
            yield name

    async def _prove(self, name: str, weights: Weights) -> None:
        if self._reference:
            await prove(self._server.ask, self.found.way, name, weights, json.loads(self._reference), self._completed_here)

    def _completed_here(self, requests: Sequence[Request]) -> list[Reply]:
        with self._weighing:
            found: list[Reply] = self.base.complete(requests)
        return found

    async def _answered(self, ask: Ask, name: str, request: Request, prompt: list[int]) -> Reply:
        how, way = request.decoding, self.found.way
        if not how.labels:
            window = min(self.base.context_window, self.found.window or self.base.context_window)
            limit = max(1, min(how.max_tokens, window - len(prompt)))
            reply = await written(way, ask, name, prompt, how, request.repeat, limit, self.base.chat)
            return dataclasses.replace(reply, model=name)
        answers = self.base.tree(how.labels).sequences
        found = await scores(way, ask, name, prompt, answers)
        bias = how.label_bias or (0.0,) * len(found)
        calibrated = [round(score - one, 6) for score, one in zip(found, bias, strict=True)]
        best = calibrated.index(max(calibrated))
        return Reply(how.labels[best], tuple(found), Usage(len(prompt), len(answers[best])), model=name, finish="stop")

    async def _other(self) -> str:
        """Why the server is no longer what it was, where it is asked for the first time or may have been started anew."""
        if not self._reference:
            return ""
        async with self._meeting:
            if self._met and (self._under_way or time.monotonic() - self._heard < QUIET):
                return ""
            known = json.loads(self._reference)
            try:
                found = await scores(self.found.way, self._server.ask, self.found.model, known["prompt"], known["answers"])
            except (ValueError, LookupError, TypeError):
                return f"the engine at {self._server.name} answers in another form than when this study began: {AGAIN}"
            self._met, self._heard = not far(known["scores"], found, list(map(len, known["answers"]))), time.monotonic()
            if not self._met:
                return f"the engine at {self._server.name} answers with another model than when this study began: {AGAIN}"
            self._adapters.met()
            return ""

    # what the model here does, whoever answers for it

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return int(self.base.count_tokens(messages))

    def check_weights(self, weights: Weights) -> None:
        self.base.check_weights(weights)

    @property
    def width(self) -> int:
        return int(self.base.width)

    def module(self, weights: Weights | None = None, frozen: bool = False, bits: int | None = None) -> Any:
        return self.base.module(weights, frozen, bits)

    def save(self, module: Any, folder: Path) -> Weights:
        saved: Weights = self.base.save(module, folder)
        return saved

    def encode(self, messages: Sequence[Message], answer: str) -> tuple[list[int], int]:
        found: tuple[list[int], int] = self.base.encode(messages, answer)
        return found

    def kernels(self) -> Any:
        return self.base.kernels()

    def words(self) -> dict[int, str]:
        found: dict[int, str] = self.base.words()
        return found

    def written(self, answer: str) -> str:
        return str(self.base.written(answer))

    def runtime(self, candidate: Candidate) -> Runtime:
        found: Runtime = self.base.runtime(candidate)
        return found

    def files(self) -> Any:
        return self.base.files()

    def vectors(self, weights: Weights | None) -> int:
        return int(self.base.vectors(weights))

    def merge(self, adapter: Weights, folder: Path) -> None:
        self.base.merge(adapter, folder)


def far(here: Sequence[float], there: Sequence[float], tokens: Sequence[int]) -> bool:
    """Whether log-probabilities of the same texts are so far apart that they are of different models. `tokens`: of each."""
    return statistics.median(apart(here, there, tokens)) > FAR
