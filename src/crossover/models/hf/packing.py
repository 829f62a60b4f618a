"""Many rows in one sequence: nothing is padded, and what all rows begin with is computed once.

A packed sequence is `inner beginning, row 1, row 2, ...`; a row is a chain of tokens, behind which a tree of continuations
may hang (tree attention, SpecInfer, Miao et al. 2024, section 4.2). Each token sees the beginning and its own ancestors, by
`attention.py` and by explicit positions, so a row's numbers do not depend on its neighbours. Not every architecture can do
this: `can_pack` finds out.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from crossover.models.hf.attention import NAME
from crossover.models.hf.layout import Beside, KeyValues, Layer, Layout, put
from crossover.models.hf.room import free_bytes
from crossover.models.kernels import ran_out

EXACT, ROUGH = 1e-3, 0.2  # nats; bfloat16 alone makes 0.07 to 0.12 in SmolLM2, a position that is one off 0.24


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
class Prefix:
    """Tokens that rows begin with, and their keys and values, layer by layer."""

    tokens: tuple[int, ...] = ()
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Packed:
    """One packed sequence. `ids`, `positions`: (tokens,). `starts`: where each row begins in it."""

    ids: torch.Tensor
    positions: torch.Tensor
    layout: Layout | Beside
    starts: tuple[int, ...]


NO_TREE, NO_PREFIX = Tree(), Prefix()


def pack(
    chains: Sequence[Sequence[int]],
    tree: Tree = NO_TREE,
    prefix: Prefix = NO_PREFIX,
    inner: Sequence[int] = (),
    memory: KeyValues | None = None,
    record: list[Layer] | None = None,
) -> Packed:
    """Lay out rows, each a chain with `tree` behind it.

    What they all see first is `prefix`, computed earlier, or `inner`, which becomes part of the sequence. `memory` is
    filled with the rows' keys and values, `record` with those of a single row.
    """
    known, extra = len(prefix.tokens) + len(inner), len(tree.tokens)
    ancestors = tree.ancestors()
    depths = (ancestors.sum(1) - 1).tolist()
    ids, positions, starts, lengths = list(inner), list(range(len(prefix.tokens), known)), [], []
    for chain in chains:
        starts.append(len(ids))
        lengths.append(len(chain) + extra)
        ids += [*chain, *tree.tokens]
        positions += [*range(known, known + len(chain)), *(known + len(chain) + depth for depth in depths)]
    longest = max(lengths)
    place = torch.arange(longest)
    first, length = torch.tensor(starts)[:, None], torch.tensor(lengths)[:, None]
    rows = torch.where(place < length, first + place, first)
    back = (torch.arange(len(chains))[:, None] * longest + place)[place < length]
    visible = _visible(chains, ancestors, longest) if extra else None
    where = torch.tensor(positions)
    at = where[rows]
    span = (int(at.min()), int(at.max()))
    layout = Layout(rows, back, at, span, visible, len(inner), prefix.layers, memory, record=record)
    return Packed(torch.tensor(ids), where, layout, tuple(starts))


def beside(parts: Sequence[Packed]) -> Packed:
    """Packed sequences as one, computed in one pass; no token sees one of another part."""
    if len(parts) == 1:
        return parts[0]
    layouts = tuple((len(part.ids), part.layout) for part in parts if isinstance(part.layout, Layout))
    before = itertools.accumulate((len(part.ids) for part in parts), initial=0)
    starts = tuple(at + start for at, part in zip(before, parts, strict=False) for start in part.starts)
    return Packed(
        torch.cat([part.ids for part in parts]), torch.cat([part.positions for part in parts]), Beside(layouts), starts
    )


def _visible(chains: Sequence[Sequence[int]], ancestors: torch.Tensor, longest: int) -> torch.Tensor:
    visible = torch.ones(longest, longest, dtype=torch.bool).tril().repeat(len(chains), 1, 1)
    for row, chain in enumerate(chains):
        length = len(chain)
        stop = length + len(ancestors)
        visible[row, length:stop, length:stop] = ancestors
    return visible


def forward(model: Any, packed: Packed, keep: torch.Tensor) -> torch.Tensor:
    """Logits at the indices `keep` of a packed sequence: (len(keep), vocabulary), in the model's precision."""
    if model.config._attn_implementation != NAME:  # another would ignore the layout
        model.set_attn_implementation(NAME)
    output = model(
        input_ids=put(packed.ids, model.device)[None],
        position_ids=put(packed.positions, model.device)[None],
        attention_mask=torch.zeros(1, 1, 1, 1, device=model.device),  # of this shape it is left alone, and none is made
        use_cache=False,
        logits_to_keep=put(keep, model.device),
        layout=packed.layout.to(model.device),
    )
    return torch.as_tensor(output.logits[0])


def shared_prefix(rows: Sequence[Sequence[int]]) -> int:
    """How many first tokens all rows share; at least one token of each row is left, and a single row shares nothing."""
    if len(rows) < 2:
        return 0
    limit = max(0, min(map(len, rows)) - 1)
    low, high = min(map(tuple, rows)), max(map(tuple, rows))  # of sorted sequences, the two ends differ first
    return next((i for i in range(limit) if low[i] != high[i]), limit)


def read(model: Any, tokens: Sequence[int]) -> Prefix:
    """The keys and values of a beginning."""
    record: list[Layer] = []
    forward(model, pack([tokens], record=record), torch.tensor([len(tokens) - 1]))
    return Prefix(tuple(tokens), tuple((k.contiguous(), v.contiguous()) for k, v in record))


def can_pack(model: Any) -> bool:
    """Whether packed rows give this model's own numbers: its cache holds plain keys and values, and a trial agrees.

    A model that can is left with the attention that packing needs; without a layout that is transformers' own.
    """
    accepted = inspect.signature(model.forward).parameters
    if not {"position_ids", "attention_mask", "logits_to_keep", "kwargs"} <= set(accepted):
        return False
    layers = DynamicCache(config=model.config).layers
    if any(type(layer) not in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers):
        return False  # recurrent states are laid out by index, which packing changes
    windows = [getattr(layer, "sliding_window", None) for layer in layers]
    before = model.config._attn_implementation
    agrees = False
    try:
        model.set_attn_implementation(NAME)  # only warns where it cannot
        agrees = model.config._attn_implementation == NAME and _windows(model) == windows and _agrees(model)
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AttributeError) as error:
        if ran_out(error):
            raise  # says nothing about the architecture; else it wants another form of mask or cache
    finally:
        if not agrees and model.config._attn_implementation != before:
            model.set_attn_implementation(before)
    return agrees


def _windows(model: Any) -> list[int | None]:
    """How far each layer says to packed attention that it looks back: a trial is too short to show it."""
    found: list[int | None] = []
    packed = pack([[0]])
    assert isinstance(packed.layout, Layout)
    with torch.no_grad():
        forward(model, replace(packed, layout=replace(packed.layout, windows=found)), torch.tensor([0]))
    return found


def _agrees(model: Any) -> bool:
    with _in_float32(model) as exact:
        apart = _apart(model)
    return apart < (EXACT if exact else ROUGH)


@contextmanager
def _in_float32(model: Any) -> Iterator[bool]:
    """The numbers in float32 for a while, and whether they are: rounding at every layer hides what a trial shows."""
    kept = [(p, p.data) for p in model.parameters() if p.is_floating_point() and p.dtype != torch.float32]
    exact = 4 * sum(data.numel() for _, data in kept) < free_bytes(model.device) // 2
    try:
        if exact:
            for parameter, data in kept:
                parameter.data = data.float()
        yield exact
    finally:
        for parameter, data in kept:
            parameter.data = data


def _apart(model: Any) -> float:
    """The mean difference of packed rows' log-probabilities from plain ones, in nats."""
    size = min(model.config.get_text_config().vocab_size, 1000)
    token = [(7 + 31 * i) % size for i in range(12)]
    prefix, chains, tree = token[:3], [token[3:5], token[5:8]], Tree((token[8], token[9], token[10]), (-1, 0, -1))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            packed = pack(chains, tree, read(model, prefix))
            ours = forward(model, packed, torch.arange(len(packed.ids)))[[3, 9]]
            inner = pack(chains, tree, inner=prefix)
            inside = forward(model, inner, torch.arange(len(inner.ids)))[[6, 12]]
            deepest = [[*prefix, *chain, *tree.tokens[:2]] for chain in chains]
            plain = [model(input_ids=torch.tensor([row], device=model.device)).logits[0, -1] for row in deepest]
    finally:
        model.train(was_training)
    # rows: chain 1 has tokens 0-1 and its tree 2-4; chain 2 has 5-7 and 8-10. Node 1 of each tree is its deepest.
    right = torch.stack(plain).float().log_softmax(-1)
    return max(float((found.float().log_softmax(-1) - right).abs().mean()) for found in (ours, inside))
