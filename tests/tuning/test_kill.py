"""kill -9 at random moments, five times: a tune goes on and ends with the weights of one that was left alone.

Each process waits to be killed one step behind the one after which it will be: so how quick it is decides nothing. They are
forked from one that has only imported what they need, so that each begins at once.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from crossover.models.hf import Hf
from crossover.tuning import sft
from crossover.types import FullRecipe, LoraRecipe, Weights
from tests.device import DEVICE
from tests.models.tiny import build
from tests.tuning.small import TRAIN, alike, tune

KILLS, STEPS = 5, 18
RECIPES = {
    "lora": LoraRecipe(learning_rate=4e-3, epochs=6, batch_size=10, patience=0, dropout=0.1, rank=4),
    "full": FullRecipe(learning_rate=1e-3, epochs=6, batch_size=10, patience=0),
}


def work(model: Path, method: str, folder: Path, told: Connection, interval: float, last: int) -> None:
    """Tune, telling the number of every step, then the weights; with its `last` step done it waits to be killed."""
    sft.INTERVAL, sft.SHARE = interval, 1e9  # checkpoints as often as that, whatever they cost
    done: list[int] = []

    def on_step(step: int, total: int, loss: float) -> None:
        done.append(step)
        told.send(step)
        if len(done) == last:
            signal.pause()

    weights = tune(
        Hf(str(model), device=DEVICE),
        folder,
        RECIPES[method],
        rows=TRAIN[:30],
        evaluate=lambda weights: 0.5,
        on_step=on_step,
    )
    told.send(weights)


def run(
    model: Path, method: str, folder: Path, kill_at: tuple[int, float] | None, interval: float
) -> tuple[list[int], Weights | None]:
    """The steps that one process did, and the weights where it was left alone.

    `kill_at`: after so many steps, and so many seconds more; the step behind them is its last.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crossover.models.hf", "crossover.tuning.sft"])
    heard, told = context.Pipe(duplex=False)
    last = kill_at[0] + 1 if kill_at else STEPS + 1
    process = context.Process(target=work, args=(model, method, folder, told, interval, last))
    process.start()
    told.close()
    steps: list[int] = []
    weights = None
    try:
        while weights is None:
            said = heard.recv()
            if isinstance(said, Weights):
                weights = said
            else:
                steps.append(said)
            if kill_at and len(steps) >= kill_at[0]:
                time.sleep(kill_at[1])
                process.kill()
                break
    except EOFError:
        pass  # it ended by itself, and not well
    process.join()
    assert process.exitcode == (-9 if kill_at else 0)
    return steps, weights


@pytest.mark.parametrize("method", ["lora", "full"])
def test_killed_five_times_at_random_it_ends_with_the_same_weights(method: str, tmp_path: Path) -> None:
    model = build(tmp_path / "model")
    whole, expected = run(model, method, tmp_path / "whole", None, 60.0)
    assert whole == list(range(1, STEPS + 1))
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    began = []
    for kill in range(KILLS):
        after = draw.randint(1, 2) if kill else 2  # so that the first keeps something, and all together do not end it
        steps, weights = run(model, method, tmp_path / "killed", (after, draw.uniform(0, 0.1)), 0.0)
        assert weights is None
        began.append(steps[0])
    steps, weights = run(model, method, tmp_path / "killed", None, 0.0)
    assert alike(weights, expected), f"seed {seed}"
    assert began[0] == 1
    assert began[1:] == sorted(began[1:])
    assert began[1] > 1, f"nothing was kept (seed {seed}, {began})"
    assert steps == list(range(steps[0], STEPS + 1))
