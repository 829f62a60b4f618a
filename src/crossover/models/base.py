"""What a model is: one method that answers requests. Models that can be tuned also open their weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from crossover.errors import ModelError
from crossover.scores import choose_none
from crossover.types import Candidate, Message, Reply, Request, Usage, Weights

if TYPE_CHECKING:
    import torch


@runtime_checkable
class Model(Protocol):
    """A model backend: a dataclass in `crossover/models/NAME.py`, or behind an entry point of group `crossover.models`.

    Its field `target` is what follows the colon of a specification: `fake:echo` makes `Fake(target="echo")`. A class with
    `target_is_path = True` is given the absolute path where the target names a file or folder that exists, beside the task
    file or else in the working directory, also with `:NAME` behind it; any other target (such as a hub id) as it was
    written. A class with `control = True` is no language model: a candidate that it answers for is a control. A model that
    runs a file of the user's has that file and its SHA-256 as `code`.
    """

    @property
    def identity(self) -> str:
        """A fingerprint of the weights or of the hosted version: the same identity must give the same greedy answers."""
        ...

    @property
    def local(self) -> bool:
        """True when the data never leaves this machine."""
        ...

    @property
    def context_window(self) -> int:
        """The most tokens that prompt and answer may have together."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """The tokens of a prompt as it would be sent."""
        ...

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer each request, in order.

        A request with `decoding.labels` is answered with one of them; `Reply.label_scores` holds their
        log-probabilities where the backend has them. A call that fails gives a `Reply` with `error`: it must not raise,
        so that the others in the batch are kept. Raises `ModelError` only when no request can be answered at all (the
        model does not load).
        """
        ...


def is_control(model: Model) -> bool:
    """Whether a model is no language model, so that what it answers for is a control."""
    return bool(getattr(model, "control", False))


def by_the_hour(model: Model) -> bool:
    """Whether what a call takes is time of a machine of the user's: of this one, or of one that answers for a model here
    (`hourly`)."""
    return model.local or bool(getattr(model, "hourly", False))


@runtime_checkable
class Pipelined(Model, Protocol):
    """A model that is asked for more before it has answered: so an accelerator never waits for the next prompts."""

    @property
    def in_flight(self) -> int:
        """How many requests it wants at a time."""
        ...

    def submit(self, requests: Sequence[Request]) -> Callable[[], list[Reply]]:
        """Begin to answer; what is returned waits for the replies, which are those of `complete`, and raises as it does.

        When the study is interrupted, nothing that was begun is waited for.
        """
        ...


class Flow(Protocol):
    """Requests under way at a service (`models/_http.py`). `keep` may be set: it is called with each reply, and the number
    that it was sent with, before another request takes its place; in any one thread."""

    keep: Callable[[int, Reply], None]

    @property
    def under_way(self) -> int:
        """How many were sent and have not been received."""
        ...

    def room(self) -> int:
        """How many more may be sent now."""
        ...

    def send(self, number: int, request: Request) -> None:
        """Begin with a request; it never waits."""
        ...

    def receive(self) -> list[tuple[int, Reply]]:
        """The replies that arrived, by the number that they were sent with; at least one where any is under way.

        Raises `ModelError` where no request is answered any more, once nothing is under way.
        """
        ...


@runtime_checkable
class Concurrent(Model, Protocol):
    """A model at a service: many requests are under way at a time, and each reply counts as it arrives."""

    def flow(self) -> AbstractContextManager[Flow]:
        """What requests are sent through; what is under way at its end is given up."""
        ...

    def at_most(self, request: Request) -> Usage:
        """The most tokens that a request can take, so that no limit is overrun."""
        ...


@dataclass(frozen=True)
class Token:
    """A token of an answer: its bytes, and where they were asked for its log-probability and the likeliest in its place."""

    text: bytes
    logprob: float | None = None
    top: tuple[tuple[bytes, float], ...] = ()


class Listener(Protocol):
    """Who hears an answer while it is written."""

    @property
    def top(self) -> int | None:
        """Of how many tokens in each place the log-probability is wanted; None: not even of the one that was taken."""
        ...

    @property
    def every(self) -> bool:
        """Whether each token is to be heard of; else the last one is enough, with the whole answer."""
        ...

    def hear(self, text: str, token: Token | None, place: int, complete: bool) -> bool:
        """The answer so far, with its latest token (None: the end of the turn); whether that is enough.

        `place` counts tokens; it is 0 once more where an answer is begun again. `complete`: the model ended it.
        """
        ...


@runtime_checkable
class Telling(Model, Protocol):
    """A model that can be listened to while it writes."""

    def tell(self, requests: Sequence[Request], listeners: Sequence[Listener | None]) -> list[Reply]:
        """As `complete`, with a listener to each request, called by this thread."""
        ...


@runtime_checkable
class Priced(Model, Protocol):
    """A model whose calls cost money. One that reports money in a reply's usage is to be priced."""

    def most(self, request: Request) -> float:
        """The most money that a request can cost, so that a limit is never overrun."""
        ...


@runtime_checkable
class Weighted(Model, Protocol):
    """A model that answers with the weights that a request names."""

    def check_weights(self, weights: Weights) -> None:
        """Raise `ModelError` when `weights` were made for another base model or do not match their hash."""
        ...


CONTROL = "A control: there is no language model in it."


@dataclass(frozen=True)
class Runtime:
    """What answers as a model does where Crossover is not; without a `script` there is nothing to run.

    `script`: the name of a module, of any package, that becomes an export's predict.py, together with the source of all of
    ours that it uses (`serve/bundle.py`); its class `Exported`, made of the export's folder, has `complete`, which also
    answers a chain.py. `needs`: the packages that it imports. `settings`: what it reads from settings.json. `folders`: what
    lies beside it, by name. `about`: a line of the README for each file that the model has there. `note`: a paragraph of
    the README.
    """

    script: str = ""
    needs: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@runtime_checkable
class Exportable(Model, Protocol):
    """A model that can be taken out of Crossover."""

    def runtime(self, candidate: Candidate) -> Runtime:
        """What answers as the candidate, which has this model, was measured."""
        ...


@runtime_checkable
class Tunable(Weighted, Protocol):
    """A model whose weights can be trained in this process."""

    @property
    def width(self) -> int:
        """The hidden size: learning rates scale with its inverse."""
        ...

    @property
    def precision(self) -> tuple[str, str]:
        """In which precision it answers (float32, bfloat16 or float16), and why: in bfloat16 training multiplies too."""
        ...

    def module(self, weights: Weights | None = None, frozen: bool = False, bits: int | None = None) -> torch.nn.Module:
        """A fresh copy of the causal language model on its device, in float32; the caller owns it.

        `frozen`: its own weights will not be trained, so they may come in the precision that the model answers in. With
        a full model's `weights` it is that model; with an adapter's, a PEFT model whose adapter is trainable. Calling
        it with `(input_ids, attention_mask)` gives an object with `.logits` of shape (batch, length, vocabulary).
        `bits` 4 with `frozen`: its linear layers in four bits; asked for only where a recipe does.
        """
        ...

    def save(self, module: torch.nn.Module, folder: Path) -> Weights:
        """Write a tuned module as a folder that plain transformers (a full model) or PEFT (an adapter) loads."""
        ...

    def encode(self, messages: Sequence[Message], answer: str) -> tuple[list[int], int]:
        """Token ids of prompt plus answer plus end of turn, and the index of the answer's first token."""
        ...


@runtime_checkable
class Writing(Model, Protocol):
    """A model that can tell, without being asked, how an answer would come out of it."""

    def written(self, answer: str) -> str:
        """What is read from the tokens of an answer: up to where the model ends its turn."""
        ...


@runtime_checkable
class Spelling(Tunable, Protocol):
    """A tunable model whose tokens are known as words: what a search over the words of a prompt needs."""

    def words(self) -> dict[int, str]:
        """The tokens that begin with a space, as text: one space, and what they say."""
        ...


@runtime_checkable
class Shareable(Tunable, Protocol):
    """A tunable model that several processes may train together, each with a part of it."""

    def opening(self) -> tuple[str, Mapping[str, Any], str]:
        """The plug-in and its options by which each opens it on the processor; the device's type ("cpu", "cuda") that it is
        trained on."""
        ...


@runtime_checkable
class Hosted(Weighted, Protocol):
    """A model at a service that tunes its models for customers; a request with "hosted" weights is answered by these."""

    @property
    def dialect(self) -> str:
        """How the service is spoken to: "openai" or "vertex"."""
        ...

    @property
    def name(self) -> str:
        """What the service calls the model."""
        ...

    def client(self) -> Any:
        """The service's official client, its own retries off. Raises `ModelError`, `MissingExtra`."""
        ...


def hosted_weights(model: Hosted, ref: str, path: str = "") -> Weights:
    """What a model's service answers with under the id `ref`. `path`: the folder with the notes of the job that made it."""
    what = f"{model.dialect} {model.name} {ref}"
    return Weights("hosted", hashlib.sha256(what.encode()).hexdigest(), path, ref)


@runtime_checkable
class Stored(Hosted, Protocol):
    """A hosted model whose service reads training data from Cloud Storage."""

    def storage(self) -> Any:
        """The storage's official client. Raises `ModelError`, `MissingExtra`."""
        ...


def replies_to_each(found: object, requests: Sequence[Request], model: Model) -> list[Reply]:
    """What a model answered, as the reply to each request that it has to be. Label scores that are no numbers, or all
    minus infinity, are a failed call: none is the best of them. Raises `ModelError`, which names a plug-in that errs."""
    if not isinstance(found, (list, tuple)) or len(found) != len(requests):
        count = f"{len(found)} replies" if isinstance(found, (list, tuple)) else f"a {type(found).__name__}"
        raise ModelError(
            f"{asked_model(model)} gave {count} to {len(requests)} requests; valid is a list with a Reply to each, in their"
            " order"
        )
    return [one_reply(one, request, model) for one, request in zip(found, requests, strict=True)]


def one_reply(found: object, request: Request, model: Model) -> Reply:
    """As `replies_to_each`, of one."""
    if not isinstance(found, Reply):
        raise ModelError(
            f"{asked_model(model)} gave a {type(found).__name__} among its replies; valid is a Reply to each request"
        )
    parts: dict[str, object] = {"text": found.text, "error": found.error or ""}
    for what, part in parts.items():
        if not isinstance(part, str):
            raise ModelError(f"{asked_model(model)} gave a Reply whose {what} is a {type(part).__name__}; valid is text")
    scores, labels = found.label_scores, request.decoding.labels
    if found.error is None and scores and labels:
        if len(scores) != len(labels):
            raise ModelError(
                f"{asked_model(model)} gave {len(scores)} label scores to {len(labels)} labels; valid is one for each"
            )
        if choose_none(scores):
            return replace(found, text="", label_scores=(), error="its label scores are no numbers")
    return found


def asked_model(model: Model) -> str:
    """A model as a message names it."""
    return f"the model {type(model).__name__} ({type(model).__module__})"
