"""Exact log-probabilities of labels behind prompts: one tree of all labels' tokens hangs behind each prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from crossover.models.hf.packing import NO_PREFIX, Packed, Prefix, Tree, forward, pack
from crossover.models.hf.room import in_batches, tokens_at_once

Scores = tuple[list[int], torch.Tensor]  # the indices of a batch's prompts, and (prompts, labels) log-probabilities
ROWS = {"cpu": 16}  # of logits that are normalised at once
WASTE = 0.25  # of a batch may be padding before a longer prompt begins the next


@dataclass(frozen=True)
class LabelTree:
    """The labels' token sequences as a tree.

    `tree` has the tokens that another token follows. An edge is (parent node or -1, token): it costs one
    log-probability, and `edges_of[label]` are the edges whose sum is the label's.
    """

    tree: Tree
    edges: tuple[tuple[int, int], ...]
    edges_of: tuple[tuple[int, ...], ...]
    sequences: tuple[tuple[int, ...], ...]
    _on: dict[torch.device, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = field(default_factory=dict, compare=False)

    def on(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """On a device: the places (edges,) that edges start from, 0 for the prompt's end; their tokens (edges,); and which
        belong to a label, (edges, labels) float64."""
        if device not in self._on:
            with torch.inference_mode(False):  # gradients may pass through what is picked by these
                parents = torch.tensor([parent + 1 for parent, _ in self.edges], device=device)
                tokens = torch.tensor([token for _, token in self.edges], device=device)
                member = torch.zeros(len(self.edges), len(self.edges_of), dtype=torch.float64)
                for label, edges in enumerate(self.edges_of):
                    member[list(edges), label] = 1.0
                self._on[device] = parents, tokens, member.to(device)
        return self._on[device]


def label_tree(sequences: Sequence[Sequence[int]]) -> LabelTree:
    """The tree of the labels' tokens, end of turn included."""
    tokens: list[int] = []
    parents: list[int] = []
    nodes: dict[tuple[int, ...], int] = {(): -1}
    for sequence in sequences:
        for length in range(1, len(sequence)):
            path = tuple(sequence[:length])
            if path not in nodes:
                nodes[path] = len(tokens)
                tokens.append(path[-1])
                parents.append(nodes[path[:-1]])
    edges: dict[tuple[int, int], int] = {}
    edges_of = [
        tuple(edges.setdefault((nodes[tuple(sequence[:i])], token), len(edges)) for i, token in enumerate(sequence))
        for sequence in sequences
    ]
    return LabelTree(Tree(tuple(tokens), tuple(parents)), tuple(edges), tuple(edges_of), tuple(tuple(s) for s in sequences))


def score_packed(
    model: Any, prompts: Sequence[Sequence[int]], labels: LabelTree, prefix: Prefix = NO_PREFIX
) -> Iterator[Scores]:
    """Score all labels behind each prompt, batch by batch. All prompts begin with `prefix`, which is already computed.

    Scores stay on the model's device, so that a card is not waited for. Where its memory does not suffice for a batch,
    batches are halved.
    """
    known, extra = len(prefix.tokens), len(labels.tree.tokens)
    lengths = [len(prompt) - known + extra for prompt in prompts]

    def score(batch: list[int]) -> torch.Tensor:
        chains = [prompts[i][known:] for i in batch]
        return read_scores(model, pack(chains, labels.tree, prefix), chains, labels)

    return in_batches(len(prompts), tokens_at_once(model), partial(_first_batch, lengths), score)


def read_scores(model: Any, packed: Packed, chains: Sequence[Sequence[int]], labels: LabelTree) -> torch.Tensor:
    """(chains, labels): the log-probability of each label behind each chain of a packed sequence, in float64."""
    extra = len(labels.tree.tokens)
    parents, tokens, member = labels.on(model.device)
    # of each row: the last token of its prompt, and the nodes of its tree
    last = torch.tensor(packed.starts) + torch.tensor([len(chain) - 1 for chain in chains])
    keep = (last[:, None] + torch.arange(extra + 1)).flatten()
    logits = forward(model, packed, keep)
    # a processor's caches hold a few rows of the vocabulary: all at once takes eight times as long
    some = ROWS.get(logits.device.type, len(logits))
    logs = torch.cat([rows.log_softmax(-1, dtype=torch.float32)[:, tokens] for rows in torch.split(logits, some)])
    each = torch.arange(len(tokens), device=logs.device)
    return logs.view(len(chains), extra + 1, -1)[:, parents, each].double() @ member


def score_plain(model: Any, prompts: Sequence[Sequence[int]], labels: LabelTree) -> Iterator[Scores]:
    """As `score_packed`, with nothing shared: for architectures that cannot pack."""
    for index, prompt in enumerate(prompts):
        scores: list[float] = []
        longest = len(prompt) + max(map(len, labels.sequences))
        step = max(1, tokens_at_once(model) // longest)
        for first in range(0, len(labels.sequences), step):
            rows = labels.sequences[first : first + step]
            ids = torch.zeros(len(rows), longest, dtype=torch.long)
            for i, row in enumerate(rows):  # padded on the right, where a causal model does not look
                ids[i, : len(prompt) + len(row)] = torch.tensor([*prompt, *row])
            logits = model(input_ids=ids.to(model.device), use_cache=False).logits[:, len(prompt) - 1 :].float().cpu()
            for row, probabilities in zip(rows, logits.log_softmax(-1).double(), strict=True):
                scores.append(float(probabilities[range(len(row)), list(row)].sum()))
        yield [index], torch.tensor([scores], dtype=torch.float64)


def _first_batch(lengths: Sequence[int], left: Sequence[int], limit: int) -> tuple[list[int], int]:
    """The shortest rows that are left, of like length and of `limit` tokens in all at most, or one longer row."""
    batch: list[int] = []
    total = 0
    for index in sorted(left, key=lambda index: lengths[index]):
        length = lengths[index]
        if batch and (total + length > limit or total + length < (1 - WASTE) * length * (len(batch) + 1)):
            break
        batch.append(index)
        total += length
    return batch, total
