"""What a training loop computes with, of a model that says how its modules are computed quickly."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from crossover.models.base import Tunable
from crossover.types import Weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor


RAN_OUT = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")  # say allocators and libraries


def ran_out(error: BaseException) -> bool:
    """Whether an error says that a device's memory ran out, which fewer rows at once may avoid.

    A card's has a class of its own, a processor's only words.
    """
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in RAN_OUT)


class Recording(Protocol):
    """Runs work whose inputs and outputs lie in tensors that stay where they are, perhaps quicker from the third time on.

    `why`: the reason, where that was tried and given up.
    """

    why: str

    def stream(self) -> AbstractContextManager[None]:
        """All work that may be recorded runs in here."""
        ...

    def run(self, key: Hashable, function: Callable[[], None]) -> None:
        """Do what `function` does; `key` names its kernels and the tensors that they read and write."""
        ...

    def give_up(self, why: str) -> None:
        """Record nothing from here on."""
        ...

    def forget(self) -> None:
        """Free what recordings hold."""
        ...


class Kernels(Protocol):
    """How the modules of a model are computed while they are trained.

    A `module` is what `Tunable.module` gives, or an adapter on it. Rows are packed where that gives the module's own
    numbers: several lie in one sequence behind an `inner` beginning that is computed once. `keep`: indices of the sequence.
    """

    def quicken(self, module: Any) -> None:
        """Exchange layers for ones that compute the same in less time, with gradients."""
        ...

    def packs(self, module: Any) -> bool:
        """Whether its rows may be packed."""
        ...

    def shared(self, rows: Sequence[Sequence[int]]) -> int:
        """How many first tokens may be computed once for all rows: each keeps at least one of its own."""
        ...

    def logits(self, module: Any, inner: Sequence[int], chains: Sequence[Sequence[int]], keep: Sequence[int]) -> Tensor:
        """(kept, vocabulary): at places of `inner` and the chains, one behind the other."""
        ...

    def grid(self, rows: int, length: int, inner: int, device: torch.device) -> Any:
        """The layout, on a device, of `rows` of one length behind `inner` tokens: for `grid_logits`."""
        ...

    def grid_logits(self, module: Any, grid: Any, ids: Tensor, keep: Tensor) -> Tensor:
        """(kept, vocabulary) of a grid's tokens `ids` (tokens,): nothing in it waits for the device."""
        ...

    def label_scores(self, module: Any, prompts: Sequence[Sequence[int]], labels: tuple[tuple[int, ...], ...]) -> Tensor:
        """(prompts, labels): the log-probability of each label's tokens behind each prompt, in float64."""
        ...

    def blocks(self, module: Any) -> Sequence[Any]:
        """Its parts, computed one after the other, that are gathered one at a time where processes share it; else none."""
        ...

    def bytes_per_token(self, module: Any) -> int:
        """Of the activations that are kept until the backward pass has used them, roughly."""
        ...

    def free_bytes(self, device: torch.device) -> int:
        """Memory that this process could still take on a device."""
        ...

    def recorder(self, device: torch.device) -> Recording:
        """A fresh one."""
        ...

    def is_soft(self, weights: Weights) -> bool:
        """Whether weights are vectors in front of a prompt (a soft prompt) and no change of the model."""
        ...

    def soften(self, module: Any, ids: Sequence[int]) -> Any:
        """The module, frozen, with as many trainable vectors as `ids`, which begin as the embeddings of those tokens."""
        ...

    def lead(self, module: Any) -> tuple[int, ...]:
        """The ids under which a softened module knows its vectors: every row begins with them. Else none."""
        ...

    def asked(self, module: Any) -> Any:
        """What is called with rows that begin with the `lead`."""
        ...


@runtime_checkable
class Accelerated(Tunable, Protocol):
    """A tunable model that says how its modules are computed quickly; others are tuned in padded batches."""

    def kernels(self) -> Kernels:
        """For its modules."""
        ...
