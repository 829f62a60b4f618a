"""What a model is: one method that answers requests. Models that can be tuned also open their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from crossover.types import Message, Reply, Request, Weights

if TYPE_CHECKING:
    import torch


@runtime_checkable
class Model(Protocol):
    """A model backend: a dataclass in `crossover/models/NAME.py`, or behind an entry point of group `crossover.models`.

    Its field `target` is what follows the colon of a specification: `fake:echo` makes `Fake(target="echo")`. A class with
    `target_is_path = True` is given the absolute path where the target names a file or folder that exists, beside the task
    file or else in the working directory; any other target (such as a hub id) as it was written. A class with
    `control = True` is no language model: a candidate that it answers for is a control.
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
