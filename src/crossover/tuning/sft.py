"""Supervised fine-tuning: the one training loop, for adapters and for whole models.

AdamW (Loshchilov and Hutter 2019), linear warm-up and linear decay to zero over all epochs, gradients clipped
(`steps.py`). All randomness of a step comes from the recipe's seed and the step's number, so a killed tune that is called
again with the same folder continues from its last checkpoint and ends, on a CPU, with the same weights to the bit.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from crossover.errors import TuningError
from crossover.models.base import Tunable
from crossover.tuning import modules
from crossover.tuning.batches import TokenRow, TrainingRow, answer_tokens, encode_rows, replayed_rows, shuffled
from crossover.tuning.checkpoint import (
    Progress,
    agreed,
    check_key,
    clean,
    load_checkpoint,
    put,
    read_progress,
    save_checkpoint,
    write_trace,
    writing,
)
from crossover.tuning.conflicts import conflict, undividable
from crossover.tuning.divide import OwnAdamW, divide, filled, gathered, hollow, spread
from crossover.tuning.group import ALONE, Group
from crossover.tuning.loss import AnswerLoss, loss_for
from crossover.tuning.observe import observe
from crossover.tuning.plain import kernels_of
from crossover.tuning.steps import Steps, tokens_at_once
from crossover.tuning.turn import turn
from crossover.types import Epoch, FullRecipe, LoraRecipe, Recipe, SoftPromptRecipe, Weights, content_hash

INTERVAL = 60.0  # seconds between checkpoints within an epoch
SHARE = 0.05  # of the time may go into writing them
GRIDDED: bool | None = None  # whether batches come in few shapes; None: on a card
DRAFT = "gathered.new"  # what several processes have, until it is saved
LOOK = 1.0  # seconds between looks at the losses of a card, which make it wait


@dataclass(frozen=True)
class Room:
    """What memory allowed an earlier try of several processes. `tokens` of a pass, 0 if that is not known; `twice`:
    activations are computed twice."""

    tokens: int = 0
    twice: bool = False


AMPLE = Room()


def fit(
    model: Tunable,
    *,
    rows: Sequence[TrainingRow],
    dev_rows: Sequence[TrainingRow],
    recipe: Recipe,
    folder: Path,
    start: Weights | None = None,
    evaluate: Callable[[Weights], float] = lambda weights: 0.0,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Callable[[int, int, float], None] = lambda step, steps, loss: None,
    general: Sequence[TrainingRow] = (),
    look: float = LOOK,
    group: Group = ALONE,
    room: Room = AMPLE,
) -> Weights:
    """Tune `model` on `rows` and return the weights of the best epoch, which lie in `folder`.

    `evaluate` scores an epoch's weights on dev: higher is better; ties go to the lower dev loss. `on_step(step, steps,
    loss)` counts over all epochs, and is told of a card's steps once in `look` seconds; `on_epoch` is told of each epoch
    that this call finished, after it is safe on disk: epochs of an earlier call are in `read_trace(folder)`. Calling it
    again after the end returns the same weights at once. Rows longer than the context window are left out and counted in
    the trace. `general`: rows that have nothing to do with the task, of which each epoch is mixed with a draw of its own,
    as `recipe.replay` says.

    `group`: each of several processes calls this with the same, and has the same weights at the end; only the lead's
    `evaluate`, `on_epoch` and `on_step` are called, and only it writes. Which of them compute what is no part of what the
    folder holds: a tune goes on with more or fewer. `room`: where memory ran out before.

    Where a card's recorded steps give a loss that is not a number, they are done once more from the last checkpoint on as
    a processor does them, and the trace says so.

    Raises `TuningError`: no row fits; the loss is not a number; the folder holds another tune; a recipe out of range.
    `StudyError`: the folder cannot be written, such as on a full disk; what it held stays, and the tune goes on from it.
    """
    _check(recipe)
    if group.size > 1 and (said := undividable(recipe)):
        raise TuningError(said)
    tune = _Tune(model, rows, dev_rows, recipe, folder, start, evaluate, on_epoch, on_step, general, look, group, room)
    try:
        return tune.run()
    except _NotANumber as error:
        if not error.gridded:
            raise
        why = str(error)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # out here nothing holds the first try any more
    return tune.run(plainly=why)


class _NotANumber(TuningError):
    """A loss or a gradient is not a number. `gridded`: by a card's own way, which is not the only one."""

    gridded = False


@dataclass(frozen=True)
class _Tune:
    """What `fit` was asked for."""

    model: Tunable
    rows: Sequence[TrainingRow]
    dev_rows: Sequence[TrainingRow]
    recipe: Recipe
    folder: Path
    start: Weights | None
    evaluate: Callable[[Weights], float]
    on_epoch: Callable[[Epoch], None]
    on_step: Callable[[int, int, float], None]
    general: Sequence[TrainingRow]
    look: float
    group: Group
    room: Room

    def run(self, plainly: str = "") -> Weights:
        """From the last checkpoint on. `plainly`: why steps are not recorded, as on a processor."""
        model, recipe, folder, start, group = self.model, self.recipe, self.folder, self.start, self.group
        replayed = [self.general] if recipe.replay else []
        key = content_hash([self.rows, self.dev_rows, recipe, start.sha256 if start else "", model.identity, *replayed])
        done = read_progress(folder)
        if done is not None:
            check_key(folder, done, key)
        if done is not None and done.finished and done.best is not None:
            if group.lead:
                clean(folder, done)
            return done.best
        with turn(folder, group.lead) as place:
            return self._tuned(key, plainly, place)

    def _tuned(self, key: str, plainly: str, place: Path) -> Weights:
        """`place`: where what is written is made."""
        model, recipe, folder, group = self.model, self.recipe, self.folder, self.group
        more = recipe.tokens if isinstance(recipe, SoftPromptRecipe) else 0
        train, train_dropped = encode_rows(model, self.rows, "training", more)
        dev, dev_dropped = encode_rows(model, self.dev_rows, "dev", more)
        again = encode_rows(model, self.general, "general", more)[0] if recipe.replay else []
        kernels, (module, loss, shell) = kernels_of(model), self._prepared()
        train, dev, again = (_behind(kernels.lead(module), of) for of in (train, dev, again))
        parameters = modules.trainable(module)
        rate, decay = recipe.learning_rate, recipe.weight_decay
        optimizer = OwnAdamW(parameters.values(), rate, weight_decay=decay, fused=True)
        fresh = Progress(key, dropped={"train": train_dropped, "dev": dev_dropped})
        progress = load_checkpoint(folder, key, parameters, optimizer) or fresh
        group.least(0)  # all have read what the lead is about to write
        if group.lead:
            with writing(folder):
                write_trace(folder, progress, place)
                clean(folder, progress, place)
        device: Any = module.device
        gridded = not plainly and group.size == 1 and (device.type == "cuda" if GRIDDED is None else GRIDDED)
        room = group.least(tokens_at_once(module, kernels))  # here and now: the tune may have begun on a bigger card
        room = min(room, self.room.tokens or room)
        steps = Steps(
            module,
            list(parameters.values()),
            optimizer,
            loss,
            min(progress.tokens or room, room),
            seats=min(recipe.batch_size, len(train)),
            known=kernels.shared([row.ids[: row.start] for row in (*train, *again)]),
            gridded=gridded,
            group=group,
        )
        if plainly:
            steps.plainly(f"{plainly}; since the last checkpoint before it, steps are not recorded and use other kernels")
        pace = _Pace()

        def keep(done: int, summed: float, seconds: float) -> None:
            now = dataclasses.replace(progress, steps=done, loss=summed, seconds=seconds, tokens=steps.tokens)
            with writing(folder):
                save_checkpoint(folder, now, parameters, optimizer, group, place)

        while not _over(progress, recipe):
            began, number = time.perf_counter() - progress.seconds, len(progress.epochs) + 1
            mixed = train + replayed_rows(again, len(train), recipe.replay, recipe.seed, number)
            module.train()
            try:
                train_loss = _train(steps, mixed, recipe, progress, self.on_step, keep, pace, self.look, group)
            except _NotANumber as error:
                error.gridded = gridded
                raise
            module.eval()
            dev_loss = steps.evaluate(dev)
            weights = self._saved(module, shell, number, place)
            judged = partial(self._judged, progress, weights, steps, train_loss, dev_loss, began)
            progress = agreed(group, folder, judged)
            with writing(folder):
                save_checkpoint(folder, progress, parameters, optimizer, group, place)
            if group.lead:
                self.on_epoch(progress.epochs[-1])
        best = progress.best
        assert best is not None  # at least one epoch was trained
        progress = dataclasses.replace(progress, finished=True)
        if group.lead:
            with writing(folder):
                write_trace(folder, progress, place)
                clean(folder, progress, place)
        group.least(0)  # nobody is gone before it is done
        return best

    def _prepared(self) -> tuple[Any, AnswerLoss, Any]:
        """The module, divided where several share it; its loss; and, for the lead of several, its shape without numbers."""
        model, recipe, group = self.model, self.recipe, self.group
        kernels, mixed = kernels_of(model), isinstance(recipe, FullRecipe) and model.precision[0] == "bfloat16"
        begun: dict[str, torch.Tensor] = {}

        def make() -> tuple[Any, AnswerLoss, Any]:
            module: Any = modules.prepare(model, recipe, self.start, hint=_instruction(self.rows))
            loss = loss_for(module, kernels, mixed)
            if group.size == 1:
                return module, loss, None
            if isinstance(recipe, LoraRecipe):
                begun.update({name: p.detach().clone() for name, p in modules.trainable(module).items()})
            shell = hollow(module) if group.lead else None
            divide(module, kernels.blocks(module), group)
            modules.spare(module, kernels, self.room.twice)  # it lies on another device now
            return module, loss, shell

        module, loss, shell = group.in_turn(make)
        if begun:
            spread(begun, module, group)
        return module, loss, shell

    def _saved(self, module: Any, shell: Any, number: int, place: Path) -> Weights | None:
        """An epoch's weights on disk. Those of a divided module are gathered there, and saved by the lead alone."""
        name, draft, spent = f"weights-{number}", place / DRAFT, self.group.size > 1
        with writing(self.folder):
            if spent:
                merged = self.start is not None and self.start.kind == "full"
                values = gathered(module, merged, draft, self.group)
                if not self.group.lead:
                    return None
                module = filled(shell, values)
                del values  # they lie in the draft
            weights = modules.save(self.model, module, self.start, place / name, spent=spent)
            del module
            draft.unlink(missing_ok=True)
            return dataclasses.replace(weights, path=str(put(name, place, self.folder)))

    def _judged(
        self, progress: Progress, weights: Weights | None, steps: Steps, train_loss: float, dev_loss: float, began: float
    ) -> Progress:
        """An epoch whose weights are saved, measured."""
        assert weights is not None  # the lead's
        number = len(progress.epochs) + 1
        metric = self.evaluate(weights)
        said = "; ".join([observe(progress.epochs, train_loss, dev_loss, metric), *steps.told()])
        epoch = Epoch(number, train_loss, dev_loss, metric, said, time.perf_counter() - began)
        return dataclasses.replace(_advance(progress, epoch, weights), tokens=steps.tokens)


class _Pace:
    """When the next checkpoint is due: once in `INTERVAL`, or less often where writing takes long."""

    def __init__(self) -> None:
        self._last, self._wait, self._began = time.monotonic(), INTERVAL, 0.0

    def due(self) -> bool:
        self._began = time.monotonic()
        return self._began - self._last >= self._wait

    def saved(self) -> None:
        self._last = time.monotonic()
        self._wait = max(INTERVAL, (self._last - self._began) / SHARE)


def _instruction(rows: Sequence[TrainingRow]) -> str:
    """The first message of the first row: what a soft prompt begins as."""
    return rows[0][0][0].content if rows and rows[0][0] else ""


def _behind(lead: tuple[int, ...], rows: list[TokenRow]) -> list[TokenRow]:
    return [TokenRow((*lead, *row.ids), row.start + len(lead)) for row in rows] if lead else rows


def _check(recipe: Recipe) -> None:
    for name in ("epochs", "batch_size", "rank", "alpha", "tokens"):
        if getattr(recipe, name, 1) < 1:
            raise TuningError(f"recipe: {name} is {getattr(recipe, name)}, valid is 1 or more")
    if not 0 <= recipe.replay < 1:
        raise TuningError(f"recipe: replay is {recipe.replay}, valid is a share from 0 to below 1")
    if not recipe.learning_rate > 0:
        raise TuningError(f"recipe: learning_rate is {recipe.learning_rate}, valid is a number above 0")
    if isinstance(recipe, LoraRecipe) and (clash := conflict(recipe)):
        raise TuningError(f"recipe: {clash}")


def _train(
    steps: Steps,
    rows: Sequence[TokenRow],
    recipe: Recipe,
    progress: Progress,
    on_step: Callable[[int, int, float], None],
    keep: Callable[[int, float, float], None],
    pace: _Pace,
    look: float,
    group: Group,
) -> float:
    """One epoch, or the rest of it: the mean loss per answer token, as it was when each batch was met."""
    began, epoch = time.perf_counter() - progress.seconds, len(progress.epochs) + 1
    batches = shuffled(rows, recipe.batch_size, recipe.seed, epoch)
    every, before, first = len(batches) * recipe.epochs, (epoch - 1) * len(batches), progress.steps
    rest = range(first, len(batches))
    rates = [recipe.learning_rate * schedule(before + i, every, recipe.warmup_ratio) for i in rest]
    seeds = [int(content_hash([recipe.seed, epoch, i]), 16) for i in rest]
    total, told, looked = progress.loss, first, time.monotonic()
    with torch.random.fork_rng(devices=steps.cards):
        for done in steps.epoch(batches[first:], rates, seeds):
            due = group.agreed(pace.due())
            if not (due or not steps.cards or first + done == len(batches) or time.monotonic() - looked >= look):
                continue
            try:
                losses = steps.losses()
            except FloatingPointError as error:
                raise _NotANumber(
                    f"the loss is no longer a number in epoch {epoch}, step {first + error.args[0]} of {len(batches)}, "
                    f"with a learning rate of {recipe.learning_rate:g}: try a tenth of it"
                ) from error
            looked = time.monotonic()
            for loss in losses:
                total += loss * answer_tokens(batches[told])
                told += 1
                if group.lead:
                    on_step(before + told, every, loss)
            if due:
                keep(told, total, time.perf_counter() - began)
                pace.saved()
    return total / answer_tokens(rows)


def schedule(step: int, steps: int, warmup_ratio: float) -> float:
    """The share of the learning rate at a step from 0: up in `warmup_ratio` of all steps, then down to almost 0."""
    warmup = round(steps * warmup_ratio)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (steps - step) / max(1, steps - warmup)


def _advance(progress: Progress, epoch: Epoch, weights: Weights) -> Progress:
    best, best_epoch = progress.best, progress.best_epoch
    former = next((e for e in progress.epochs if e.epoch == best_epoch), None)
    if former is None or _rank(epoch) > _rank(former):
        best, best_epoch = weights, epoch.epoch
    return dataclasses.replace(
        progress, epochs=(*progress.epochs, epoch), best=best, best_epoch=best_epoch, steps=0, loss=0.0, seconds=0.0
    )


def _rank(epoch: Epoch) -> tuple[float, float]:
    return epoch.dev_metric, -(epoch.dev_loss or 0.0)


def _over(progress: Progress, recipe: Recipe) -> bool:
    done = len(progress.epochs)
    waited = done - progress.best_epoch
    return done >= recipe.epochs or (0 < recipe.patience <= waited and done > 0)
