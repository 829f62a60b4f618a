"""The steps of a tune: gradients of a batch in as many passes as the memory wants, then one move of the weights.

On a card nothing waits for it inside a step: batches are laid out and copied ahead, losses stay there until they are looked
at. Where memory runs out, passes are halved and the step is done again: the same gradients, but for rounding.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from crossover.errors import TuningError
from crossover.models.kernels import Kernels, ran_out
from crossover.tuning.batches import TokenRow, answer_tokens
from crossover.tuning.divide import undivided
from crossover.tuning.group import ALONE, Group
from crossover.tuning.loss import TOKENS, AnswerLoss
from crossover.tuning.shape import Seats, Shape, grids, numbers, shape_of
from crossover.tuning.shares import passes

CLIP = 1.0
MOST = 32768  # tokens of a pass on a card: more are no quicker
SHARE = 0.5  # of the free memory that activations may take
LOGIT = 16  # bytes of each number of a learnt token's logits, with what the loss makes of it
AHEAD = 64  # batches that are laid out at once

Found = TypeVar("Found")


@dataclass(frozen=True)
class Pass:
    """Rows that a card meets at once, as numbers that lie on it."""

    shape: Shape
    numbers: Tensor


class Cramped(TuningError):
    """Memory ran out in one of several processes, which cannot halve their passes by themselves: all begin anew.

    `tokens`: what a pass may have then; `twice`: activations are then computed twice.
    """

    def __init__(self, tokens: int, twice: bool) -> None:
        super().__init__("memory ran out in one of several processes")
        self.tokens, self.twice = tokens, twice


def tokens_at_once(module: Any, kernels: Kernels) -> int:
    """How many tokens one pass may have: few on a processor, on a card what the free memory holds."""
    if module.device.type == "cpu":
        return TOKENS
    fitting = int(SHARE * kernels.free_bytes(module.device) / kernels.bytes_per_token(module))
    return max(TOKENS, min(MOST, fitting))


class Steps:
    """Trains `parameters` of a module. `tokens`: of a pass at most; it falls where memory runs out.

    `known`: how many first tokens all rows share. `seats`: rows of a batch. `gridded`: batches come in few shapes, which a
    card records. `said` collects what happened that its user should know, in words. `group`: of several processes each
    computes a share of every batch; the loss, the gradients and their norm are those of all.
    """

    def __init__(
        self,
        module: Any,
        parameters: Sequence[torch.nn.Parameter],
        optimizer: torch.optim.Optimizer,
        loss: AnswerLoss,
        tokens: int,
        *,
        seats: int,
        known: int,
        gridded: bool,
        group: Group = ALONE,
    ) -> None:
        self.tokens, self.said, self._group = tokens, list[str](), group
        self._module, self._parameters, self._optimizer, self._loss = module, parameters, optimizer, loss
        self._seats, self._known, self._gridded = seats, known, gridded and loss.packs
        self._device: torch.device = module.device
        self._card = self._device.type == "cuda"
        self._recorder = loss.kernels.recorder(self._device)
        self._places: dict[Shape, Seats] = {}
        wide = torch.float32 if self._card else torch.float64
        self._summed, self._rate, self._latest, self._record = (
            torch.zeros(shape, dtype=wide, device=self._device) for shape in ((), (), (2,), (0, 2))
        )
        self._looked = self._done = 0
        vocabulary = module.get_input_embeddings().weight.shape[0]
        self._dear = LOGIT * vocabulary / loss.kernels.bytes_per_token(module)
        if module.is_gradient_checkpointing or group.size > 1:
            self._recorder.give_up("")  # what is computed twice, or by several, waits for more than the card's own work
        for options in optimizer.param_groups:
            options["lr"], options["capturable"] = self._rate, self._card
        vars(optimizer)["_warned_capturable_if_run_uncaptured"] = True  # its first step is not recorded, and may so be

    def epoch(self, batches: Sequence[Sequence[TokenRow]], rates: Sequence[float], seeds: Sequence[int]) -> Iterator[int]:
        """Do one step a batch; after each comes the number of steps that are done."""
        self._record = self._record.new_zeros(len(batches), 2)
        self._looked = self._done = 0
        ahead: list[list[Pass]] = []
        for index, batch in enumerate(batches):
            if self._gridded and not ahead:
                ahead = self._laid_out(batches[index : index + AHEAD])[::-1]
            torch.manual_seed((seeds[index] + self._group.rank) % 2**64)  # dropout: others' rows have draws of their own
            self._rate.fill_(rates[index])
            before = self.tokens
            with self._recorder.stream():
                self._gradients(batch, ahead.pop() if ahead else None)
                self._recorder.run("move", self._move)
                self._record[index].copy_(self._latest)
            if self.tokens != before:
                ahead = []  # they were laid out for more memory
            self._done = index + 1
            yield self._done

    def losses(self) -> list[float]:
        """The mean loss per learnt token of each step since this was last asked: waits for the card.

        Raises `FloatingPointError` with the number of the first step whose loss or gradients were not a number.
        """
        found = self._record[self._looked : self._done].tolist()
        for index, values in enumerate(found, self._looked):
            if not all(map(math.isfinite, values)):
                raise FloatingPointError(index + 1)
        self._looked = self._done
        return [loss for loss, _ in found]

    def plainly(self, why: str) -> None:
        """Launch each step by itself from the beginning on, and say why."""
        self._recorder.give_up("")
        self.said.append(why)

    def evaluate(self, rows: Sequence[TokenRow]) -> float:
        """The mean loss of rows per learnt token, without training."""

        def total() -> float:
            with torch.no_grad():
                own = torch.stack([self._loss(self._module, part) * weight for part, weight in self._passes(rows)]).sum()
            self._group.total(own)
            return float(own)

        return self._fitting(total, lambda: [part for part, _ in self._passes(rows)]) / answer_tokens(rows)

    @property
    def cards(self) -> list[torch.device]:
        """The devices whose random numbers are drawn, beside the processor's."""
        return [self._device] if self._card else []

    def told(self) -> list[str]:
        """What happened since this was last asked."""
        why, found = self._recorder.why, self.said
        if why:
            found = [*found, f"each step is launched by itself, as it could not be recorded ({why})"]
        self.said, self._recorder.why = [], ""
        return found

    def _gradients(self, batch: Sequence[TokenRow], passes: list[Pass] | None) -> None:
        learnt, given = answer_tokens(batch), [passes]

        def backward() -> None:
            if not self._gridded:
                for part, weight in self._passes(batch):
                    self._add(self._loss(self._module, part) * weight / learnt)
                return
            known = given.pop() if given else None  # those of a second try are smaller
            for each in known or self._laid_out([batch])[0]:
                if each.shape not in self._places:
                    self._places[each.shape] = Seats(each.shape, self._device, self._loss)
                seats = self._places[each.shape]
                seats.numbers.copy_(each.numbers)
                self._recorder.run(each.shape, lambda seats=seats: self._add(seats.loss(self._module)))  # type: ignore[misc]

        self._fitting(backward, lambda: self._parts(batch))

    def _add(self, loss: Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        self._summed.add_(loss.detach())

    def _move(self) -> None:
        """Clip the gradients to norm `CLIP`, move the weights, and begin anew: nothing in it waits."""
        self._group.total(self._summed)
        norm = undivided(torch.nn.utils.clip_grad_norm_(self._parameters, CLIP))
        self._optimizer.step()
        self._latest[0].copy_(self._summed)
        self._latest[1].copy_(norm)
        self._forget()

    def _forget(self) -> None:
        self._optimizer.zero_grad(set_to_none=not self._card)  # a recording goes on with the same tensors
        self._summed.zero_()

    def _passes(self, rows: Sequence[TokenRow]) -> list[tuple[list[TokenRow], float]]:
        return passes(rows, lambda own: self._loss.parts(own, self.tokens), self._group)

    def _parts(self, rows: Sequence[TokenRow]) -> list[list[TokenRow]]:
        if self._gridded:
            return grids(rows, self._known, self.tokens, self._dear)
        return [part for part, _ in self._passes(rows)]

    def _laid_out(self, batches: Sequence[Sequence[TokenRow]]) -> list[list[Pass]]:
        """The passes of batches, copied to the device in one piece."""
        shapes: list[list[Shape]] = []
        written: list[list[int]] = []
        for batch in batches:
            parts, learnt = self._parts(batch), answer_tokens(batch)
            shapes.append([shape_of(part, self._known, self._seats if len(parts) == 1 else 0) for part in parts])
            written += [numbers(part, shape, learnt) for part, shape in zip(parts, shapes[-1], strict=True)]
        flat = torch.tensor(list(itertools.chain.from_iterable(written)))
        if self._card:
            flat = flat.pin_memory().to(self._device, non_blocking=True)
        each = iter(torch.split(flat, [len(of) for of in written]))
        return [[Pass(shape, next(each)) for shape in of] for of in shapes]

    def _fitting(self, function: Callable[[], Found], parts: Callable[[], list[list[TokenRow]]]) -> Found:
        """What the function gives; where memory runs out, it is called again with smaller passes."""
        while True:
            try:
                return function()
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
            self._make_room(parts())  # out here nothing holds what the failed pass had made

    def _make_room(self, parts: list[list[TokenRow]]) -> None:
        """Halve the passes; keep less of those that are one row. Raises `TuningError` where nothing is left to do."""
        self._forget()
        self._recorder.forget()
        self._places.clear()
        if self._card:
            torch.cuda.empty_cache()
        longest = max(len(row.ids) for part in parts for row in part)
        several = max(map(len, parts)) > 1
        if several:
            largest = max(sum(len(row.ids) for row in part) for part in parts)
            self.tokens = max(1, min(self.tokens, largest) // 2)
        if self._group.size > 1 and (several or not self._module.is_gradient_checkpointing):
            raise Cramped(self.tokens, not several)
        if several:
            self.said.append(f"memory ran out: passes have at most {self.tokens} tokens from here on")
        elif not self._module.is_gradient_checkpointing:
            self._module.gradient_checkpointing_enable({"use_reentrant": False})
            self._recorder.give_up("")
            self.said.append("memory ran out with one row: activations are computed twice from here on")
        else:
            raise TuningError(
                f"the memory of {self._device.type} does not hold a row of {longest} tokens: shorten the prompt, or take a "
                "smaller model, an adapter instead of full tuning, or bits: 4"
            )
