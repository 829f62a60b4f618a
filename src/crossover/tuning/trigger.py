"""A few tokens of a prompt that all rows share: which others would serve better there, by gradient and by trial.

AutoPrompt (Shin et al. 2020, section 2.2): the gradient of the loss at a token's embedding says, to first order, what any
other token would change (HotFlip, Ebrahimi et al. 2018); the best of those are tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import torch
from peft import PeftModel
from torch import Tensor

from crossover.errors import TuningError
from crossover.models.base import Tunable
from crossover.models.kernels import Kernels
from crossover.tuning.batches import TokenRow
from crossover.tuning.loss import packed_loss
from crossover.tuning.plain import kernels_of
from crossover.types import Weights

TOKENS = 2048  # of one pass


@dataclass(frozen=True)
class Trigger:
    """A frozen module and what is asked of it: `labels` (their tokens), one of which is right, or else the
    rows' own answers.

    Rows are (token ids with their answers, index of the right label or -1).
    """

    module: Any
    kernels: Kernels
    labels: tuple[tuple[int, ...], ...] | None

    def losses(self, rows: Sequence[tuple[TokenRow, int]]) -> float:
        """The mean loss of the rows, in nats."""
        with torch.no_grad():
            return sum(float(self._loss(part)) for part in self._parts(rows)) / len(rows)

    def gradient(self, rows: Sequence[tuple[TokenRow, int]], places: Sequence[int]) -> Tensor:
        """(places, width): of the mean loss, at the embeddings of the tokens that stand there in every row."""
        table = self.module.get_input_embeddings()
        met: list[Tensor] = []

        def keep(module: Any, given: Any, found: Tensor) -> Tensor:
            met.append(found.detach().requires_grad_())
            return met[-1]

        total = torch.zeros(len(places), table.weight.shape[1], device=table.weight.device)
        handle = table.register_forward_hook(keep)
        try:
            for part in self._parts(rows):
                self._loss(part).backward()  # type: ignore[no-untyped-call]
                [embedded] = met
                met.clear()
                assert embedded.grad is not None
                total += embedded.grad[0, list(places)].float()
        finally:
            handle.remove()
        return total / len(rows)

    def likely(self, gradient: Tensor, allowed: Sequence[int], count: int) -> list[int]:
        """The `count` allowed tokens that promise the lowest loss at a place with that gradient (width,)."""
        table = self.module.get_input_embeddings().weight[list(allowed)].float()
        best = (-(table @ gradient)).topk(min(count, len(allowed))).indices.tolist()
        return [allowed[i] for i in best]

    def surprise(self, ids: Sequence[int], places: Sequence[int]) -> float:
        """The mean negative log-probability of the tokens at some places of a text, in nats: how odd it reads."""
        with torch.no_grad():
            keep = [place - 1 for place in places]
            read = self.kernels.logits(self.module, (), [list(ids[: places[-1] + 1])], keep)
            logs = read.float().log_softmax(-1)
        return -float(logs[range(len(places)), [ids[place] for place in places]].mean())

    def label_words(self, rows: Sequence[tuple[TokenRow, int]], allowed: Sequence[int], labels: int) -> list[int]:
        """For each label the token that a classifier of the last hidden states takes for it (Shin et al., section 2.3)."""
        from sklearn.linear_model import LogisticRegression

        states = []
        with torch.no_grad():
            for row, _ in rows:
                ids = torch.tensor([row.ids[: row.start]], device=self.module.device)
                found = self.module(input_ids=ids, output_hidden_states=True, use_cache=False)
                states.append(found.hidden_states[-1][0, -1].float().cpu().numpy())
        known = numpy.stack(states)
        table = self.module.get_output_embeddings().weight[list(allowed)].float().cpu().numpy()
        center, spread = known.mean(0), known.std(0) + 1e-6
        model = LogisticRegression(max_iter=1000).fit((known - center) / spread, [label for _, label in rows])
        # words on the scale of the states: only their direction counts
        scaled = table / numpy.linalg.norm(table, axis=1, keepdims=True)
        score = model.predict_log_proba(scaled * numpy.linalg.norm((known - center) / spread, axis=1).mean())
        chosen: dict[int, int] = {}
        for flat in numpy.argsort(-score, axis=None):  # the surest pairs first, each word for one label
            word, column = divmod(int(flat), score.shape[1])
            label = int(model.classes_[column])
            if label not in chosen and word not in chosen.values():
                chosen[label] = word
            if len(chosen) == len(model.classes_):
                break
        return [allowed[chosen[label]] if label in chosen else -1 for label in range(labels)]

    def _loss(self, part: Sequence[tuple[TokenRow, int]]) -> Tensor:
        rows = [row for row, _ in part]
        if self.labels is None:
            return packed_loss(self.module, rows, self.kernels)
        scores = self.kernels.label_scores(self.module, [row.ids[: row.start] for row in rows], self.labels)
        return torch.nn.functional.cross_entropy(scores, torch.tensor([label for _, label in part]), reduction="sum")

    def _parts(self, rows: Sequence[tuple[TokenRow, int]]) -> list[list[tuple[TokenRow, int]]]:
        tree = len({ids[:length] for ids in self.labels or () for length in range(1, len(ids))})  # as they share beginnings
        parts: list[list[tuple[TokenRow, int]]] = [[]]
        total = 0
        for row in sorted(rows, key=lambda pair: len(pair[0].ids)):
            if parts[-1] and total + len(row[0].ids) + tree > TOKENS:
                parts.append([])
                total = 0
            parts[-1].append(row)
            total += len(row[0].ids) + tree
        return parts


def open_trigger(model: Tunable, labels: Sequence[Sequence[int]] | None, start: Weights | None = None) -> Trigger | None:
    """Of a model with the weights `start`. None where its architecture cannot be packed. Raises `TuningError` for a soft
    prompt."""
    kernels = kernels_of(model)
    if start is not None and kernels.is_soft(start):
        raise TuningError("autoprompt cannot look through a soft prompt; valid is autoprompt before it")
    module: Any = model.module(start, frozen=True)
    module = module.merge_and_unload() if isinstance(module, PeftModel) else module
    module.requires_grad_(False)
    spoken = None if labels is None else tuple(tuple(ids) for ids in labels)
    return Trigger(module.eval(), kernels, spoken) if kernels.packs(module) else None
