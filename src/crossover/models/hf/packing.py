"""Many rows in one sequence: nothing is padded, and what all rows begin with is computed once.

A packed sequence is `prefix, row 1, row 2, ...`; a row is a chain of tokens, behind which a tree of continuations may
hang (tree attention, SpecInfer, Miao et al. 2024, section 4.2). Each token sees the prefix and its own ancestors, by a
mask and by explicit positions, so a row's numbers do not depend on its neighbours. Not every architecture can do this:
`can_pack` finds out.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


@dataclass(frozen=True)
class Tree:
    """Tokens with their parents' indices (-1: the end of the chain it hangs on), parents first."""

    tokens: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()

    def ancestors(self) -> torch.Tensor:
        """A boolean matrix: row i marks node i and its ancestors."""
        marks = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                marks[node] |= marks[parent]
        return marks


@dataclass(frozen=True)
class Packed:
    """One packed sequence of Q tokens. `starts`: where each row begins in it.

    `ids`, `positions`: (Q,). `visible`: (Q, K) boolean, K counting cached prefix tokens too.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    visible: torch.Tensor
    starts: tuple[int, ...]


NO_TREE = Tree()


def pack(prefix: Sequence[int], chains: Sequence[Sequence[int]], tree: Tree = NO_TREE, cached: bool = False) -> Packed:
    """Lay out rows, each a chain with `tree` behind it. `cached`: the prefix is seen, but is not in the sequence."""
    known, extra = len(prefix), len(tree.tokens)
    size = known + sum(len(chain) + extra for chain in chains)
    visible = torch.zeros(size, size, dtype=torch.bool)
    visible[:, :known] = True
    visible[:known, :known] = torch.ones(known, known, dtype=torch.bool).tril()
    ids, positions, starts = list(prefix), list(range(known)), []
    ancestors = tree.ancestors()
    depths = (ancestors.sum(1) - 1).tolist()
    for chain in chains:
        start, length = len(ids), len(chain)
        middle, stop = start + length, start + length + extra
        visible[start:middle, start:middle] = torch.ones(length, length, dtype=torch.bool).tril()
        visible[middle:stop, start:middle] = True
        visible[middle:stop, middle:stop] = ancestors
        ids += [*chain, *tree.tokens]
        positions += [*range(known, known + length), *(known + length + depth for depth in depths)]
        starts.append(start)
    skip = known if cached else 0
    return Packed(torch.tensor(ids[skip:]), torch.tensor(positions[skip:]), visible[skip:], tuple(s - skip for s in starts))


def forward(model: Any, packed: Packed, keep: torch.Tensor, cache: DynamicCache | None = None) -> torch.Tensor:
    """Logits at the indices `keep` of a packed sequence: (len(keep), vocabulary), in the model's precision."""
    device, dtype = model.device, model.dtype
    hidden = torch.zeros(packed.visible.shape, dtype=dtype).masked_fill_(~packed.visible, torch.finfo(dtype).min)
    output = model(
        input_ids=packed.ids[None].to(device),
        position_ids=packed.positions[None].to(device),
        attention_mask=hidden[None, None].to(device),
        past_key_values=cache,
        use_cache=cache is not None,
        logits_to_keep=keep.to(device),
    )
    return torch.as_tensor(output.logits[0])


def shared_prefix(rows: Sequence[Sequence[int]]) -> int:
    """How many first tokens all rows share; at least one token of each row is left, and a single row shares nothing."""
    if len(rows) < 2:
        return 0
    limit = max(0, min(map(len, rows)) - 1)
    low, high = min(map(tuple, rows)), max(map(tuple, rows))  # of sorted sequences, the two ends differ first
    return next((i for i in range(limit) if low[i] != high[i]), limit)


def prefix_cache(model: Any, prefix: Sequence[int]) -> DynamicCache:
    """The keys and values of a prefix; empty for an empty one."""
    cache = DynamicCache(config=model.config)
    if prefix:
        ids = torch.tensor([list(prefix)], device=model.device)
        model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache


def can_pack(model: Any) -> bool:
    """Whether packed rows give this model's own numbers: its cache holds plain keys and values, and a trial agrees."""
    accepted = inspect.signature(model.forward).parameters
    if not {"position_ids", "attention_mask", "past_key_values", "logits_to_keep"} <= set(accepted):
        return False
    if any(type(layer) is not DynamicLayer for layer in DynamicCache(config=model.config).layers):
        return False  # sliding windows and recurrent states are laid out by index, which packing changes
    size = min(model.config.get_text_config().vocab_size, 1000)
    token = [(7 + 31 * i) % size for i in range(12)]
    prefix, chains, tree = token[:3], [token[3:5], token[5:8]], Tree((token[8], token[9], token[10]), (-1, 0, -1))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            packed = pack(prefix, chains, tree, cached=True)
            ours = forward(model, packed, torch.arange(len(packed.ids)), prefix_cache(model, prefix))[[3, 9]]
            deepest = [[*prefix, *chain, *tree.tokens[:2]] for chain in chains]
            plain = [model(input_ids=torch.tensor([row], device=model.device)).logits[0, -1] for row in deepest]
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False  # the architecture wants another form of mask or cache
    finally:
        model.train(was_training)
    # rows: chain 1 has tokens 0-1 and its tree 2-4; chain 2 has 5-7 and 8-10. Node 1 of each tree is its deepest.
    difference = (ours.float().log_softmax(-1) - torch.stack(plain).float().log_softmax(-1)).abs().mean()
    return bool(difference < (1e-3 if model.dtype == torch.float32 else 0.1))
