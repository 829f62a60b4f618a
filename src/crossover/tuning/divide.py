"""A model divided over processes (fully sharded data parallel, Zhao et al. 2023, as `fully_shard` of PyTorch does it).

Each process keeps a part of every matrix, of its gradient, and of what the optimizer remembers of it. A block's weights are
gathered when it is computed and let go behind it; gradients are summed over all processes. So the memory of each falls with
their number.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from crossover.tuning.group import Group
from crossover.tuning.modules import trainable
from crossover.tuning.stream import mapped, save_one_by_one

PIECE = 16 * 2**20  # bytes of a tensor that travel at once


def divide(module: Any, blocks: Iterable[Any], group: Group) -> None:
    """Divide a module in place, each of its blocks by itself, and move it to the group's devices."""
    held: dict[str, tuple[int, int] | None] = {n: getattr(p, "held", None) for n, p in trainable(module).items()}
    for part in (*blocks, module):
        fully_shard(part, mesh=group.mesh)
    for part in module.modules():
        if isinstance(part, FSDPModule):  # a sum, as the loss of a step is that of all processes' rows
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)
    parameter: Any
    for name, parameter in trainable(module).items():
        if place := held[name]:  # a hook on the whole parameter went with it
            parameter.register_post_accumulate_grad_hook(_still(*place))


class OwnAdamW(torch.optim.AdamW):
    """AdamW of which each process moves its own rows as plain tensors. Given divided ones, PyTorch finds out how its fused
    kernel divides them by running it once on tensors of the whole size: four times the model, in each process."""

    def _init_group(self, group: dict[str, Any], *lists: list[Any]) -> Any:
        found = super()._init_group(group, *lists)  # type: ignore[no-untyped-call]
        for tensors in lists:
            tensors[:] = [one.to_local() if isinstance(one, DTensor) else one for one in tensors]
        return found


def spread(values: Mapping[str, Tensor], module: Any, group: Group) -> None:
    """Give all processes the lead's `values` of trained parameters: other machines may decompose with other signs."""
    with torch.no_grad():
        for name, parameter in trainable(module).items():
            value = values[name] if group.lead else torch.empty(parameter.shape, dtype=parameter.dtype)
            parameter.copy_(distribute_tensor(value.to(parameter.device), group.mesh, [Shard(0)]))


def hollow(module: Any) -> Any:
    """A copy of an undivided module without its numbers, in the place of which `filled` puts those that are saved."""
    memo: dict[int, Any] = {}
    for parameter in module.parameters():
        empty = torch.empty_like(parameter, device="meta")
        memo[id(parameter)] = torch.nn.Parameter(empty, requires_grad=parameter.requires_grad)
    return copy.deepcopy(module, memo)


def gathered(module: Any, everything: bool, draft: Path, group: Group) -> dict[str, Tensor]:
    """The trained parameters of a divided module, or every one, for the lead: in a file, where they may be written to.

    All processes have to ask for them; none ever holds more than its part. Raises `OSError`.
    """
    module.reshard()  # what was only evaluated still has the embedding whole
    wanted = {name: p.detach() for name, p in module.named_parameters() if everything or p.requires_grad}
    save_one_by_one(wanted, rows_of, draft if group.lead else None, {})
    return mapped(draft) if group.lead else {}


def filled(shell: Any, values: Mapping[str, Tensor]) -> Any:
    """A `hollow` module with these parameters; what is not among them stays hollow."""
    module = copy.deepcopy(shell)
    full = {id(p): torch.nn.Parameter(values[n], p.requires_grad) for n, p in module.named_parameters() if n in values}
    for part in module.modules():
        for key, parameter in part.named_parameters(recurse=False, remove_duplicate=False):
            if id(parameter) in full:  # tied ones stay one
                setattr(part, key, full[id(parameter)])
    return module


def undivided(tensor: Any) -> Tensor:
    """A tensor with all its parts, for all processes, which have to ask for it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def rows_of(tensor: Tensor) -> Iterator[Tensor]:
    """The rows of a tensor that is divided by them, in order and in pieces of at most `PIECE` bytes (or one row), for the
    first process. All have to ask: the others send theirs, and get nothing. Copies: whoever makes an array of a tensor
    fixes its size, and FSDP changes that."""
    if not isinstance(tensor, DTensor):
        yield tensor.clone()
        return
    own: Tensor = tensor.to_local()
    mesh, rows = tensor.device_mesh, len(tensor)
    here = mesh.get_local_rank()
    most = max(1, PIECE * rows // max(1, tensor.numel() * tensor.dtype.itemsize))
    for rank in range(mesh.size()):
        part = _rows(rows, mesh.size(), rank)
        for first in range(0, part.stop - part.start, most):
            count = min(most, part.stop - part.start - first)
            mine = own[first : first + count]
            if here == 0:
                yield mine.clone() if rank == 0 else _received(own.new_empty(count, *own.shape[1:]), rank)
            elif here == rank:
                dist.send(mine.contiguous(), 0)


def own_rows(tensor: Any) -> slice:
    """Which rows of a tensor this process has."""
    if not isinstance(tensor, DTensor):
        return slice(0, len(tensor))
    return _rows(len(tensor), tensor.device_mesh.size(), tensor.device_mesh.get_local_rank())


def divided_like(tensor: Any, own: Tensor) -> Tensor:
    """A process's own rows as a tensor that is divided as `tensor` is, if that is divided."""
    if not isinstance(tensor, DTensor):
        return own
    mesh, places = tensor.device_mesh, tensor.placements
    own = own.to(tensor.device)
    return DTensor.from_local(own, mesh, places, run_check=False, shape=tensor.shape, stride=tensor.stride())


def _rows(rows: int, size: int, rank: int) -> slice:
    """Of so many rows over `size` processes, those of one."""
    each = -(-rows // size)
    first = min(rows, rank * each)
    return slice(first, min(rows, first + each))


def _received(piece: Tensor, rank: int) -> Tensor:
    dist.recv(piece, rank)
    return piece


def _still(first: int, dim: int) -> Callable[[Any], None]:
    """A hook on a divided parameter: of its gradient only the `first` of a dimension move (`principal.py`)."""

    def hook(parameter: Any) -> None:
        own, rows = parameter.grad.to_local(), own_rows(parameter)
        if dim:
            own[:, first:] = 0
        else:
            own[max(0, first - rows.start) :] = 0

    return hook
