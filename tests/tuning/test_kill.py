"""kill -9 at random moments, five times: a tune goes on and ends with the weights of one that was left alone.

Each process kills itself at a place of its own code, which is drawn: so how quick it is decides nothing. They are forked
from one that has only imported what they need, so that each begins at once.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from crossover.models.hf import Hf
from crossover.tuning import checkpoint, sft
from crossover.types import FullRecipe, LoraRecipe, Recipe
from tests.device import DEVICE
from tests.forked import forked
from tests.models.tiny import build
from tests.tuning.small import TRAIN, alike, tune

KILLS, STEPS = 5, 18
RECIPES: dict[str, Recipe] = {
    "lora": LoraRecipe(learning_rate=4e-3, epochs=6, batch_size=10, patience=0, dropout=0.1, rank=4),
    "full": FullRecipe(learning_rate=1e-3, epochs=6, batch_size=10, patience=0),
}
# behind a step that is told, a checkpoint that is written, one that is in place, and its trace
PLACES = ("told", "written", "placed", "traced")


def work(model: Path, method: str, folder: Path, kill_at: tuple[int, str] | None) -> None:
    """Tune, writing down each step, up to the place of that step of this process; or to the end."""
    steps = [0]

    def place(name: str) -> None:
        if (steps[0], name) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def told(step: int, total: int, loss: float) -> None:
        steps[0] += 1
        with steps_in(folder).open("a") as file:
            file.write(f"{step}\n")
        place("told")

    def behind(save_file: Any = checkpoint.save_file) -> Any:
        def saved(*given: Any, **more: Any) -> None:
            save_file(*given, **more)
            place("written")

        return saved

    def around(name: str, function: Any) -> Any:
        def placed(*given: Any) -> None:
            place(name)
            function(*given)

        return placed

    sft.INTERVAL, sft.SHARE = 0.0, 1e9  # a checkpoint at every step, whatever it costs
    checkpoint.save_file = behind()
    checkpoint.write_trace = around("placed", checkpoint.write_trace)
    checkpoint.clean = around("traced", checkpoint.clean)
    tune(
        Hf(str(model), device=DEVICE), folder, RECIPES[method], rows=TRAIN[:30], evaluate=lambda weights: 0.5, on_step=told
    )


def steps_in(folder: Path) -> Path:
    return folder.with_suffix(".steps")


def run(model: Path, method: str, folder: Path, kill_at: tuple[int, str] | None = None) -> list[int]:
    """The steps that one process did."""
    steps_in(folder).unlink(missing_ok=True)
    assert forked(work, model, method, folder, kill_at) == (-signal.SIGKILL if kill_at else 0)
    return [int(line) for line in steps_in(folder).read_text().split()]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_killed_five_times_at_random_it_ends_with_the_same_weights(method: str, tmp_path: Path) -> None:
    model = build(tmp_path / "model")
    assert run(model, method, tmp_path / "whole") == list(range(1, STEPS + 1))
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    began, killed = [], tmp_path / "killed"
    for kill in range(KILLS):
        after = draw.randint(1, 2) if kill else 2  # so that the first keeps something, and all together do not end it
        steps = run(model, method, killed, (after, draw.choice(PLACES)))
        assert len(steps) == after, f"seed {seed}"
        began.append(steps[0])
    steps = run(model, method, killed)
    ended = [checkpoint.read_progress(folder) for folder in (killed, tmp_path / "whole")]
    assert all(progress is not None and progress.finished for progress in ended)
    assert alike(*(progress.best if progress else None for progress in ended)), f"seed {seed}"
    assert began[0] == 1
    assert began[1:] == sorted(began[1:])
    assert began[1] > 1, f"nothing was kept (seed {seed}, {began})"
    assert steps == list(range(steps[0], STEPS + 1))
