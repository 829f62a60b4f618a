"""What a piece of work asks of a cluster: cores, a share of a card, and other work to be finished first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data.task import StrategySpec
from crossover.models.base import Concurrent, Model, is_control
from crossover.study.works import Answers, Scene, Work
from crossover.types import content_hash

WAITS = 0.1  # cores, of work that waits for a service
PROCESS = 2**29  # bytes that a worker takes without any model: else ten a core would be begun whatever there is
# bytes for each byte of a model's weights: with its caches; with an adapter's gradients and activations; with gradients and
# AdamW's two moments of all weights, in 32 bits
PROMPTED, ADAPTED, TUNED = 1.5, 3.0, 9.0
FULL = ("full",)  # strategies that tune all weights
STEP = 0.05  # shares of a card come in such steps


@dataclass(frozen=True)
class Room:
    """What a cluster has: `cpus` in all and on its `smallest` node, bytes of memory on the node with the fewest, cards, and
    the bytes of one."""

    cpus: int = 1
    smallest: int = 1
    memory: int = 0
    gpus: int = 0
    card: int = 0


@dataclass(frozen=True)
class Needs:
    """`steps`: what identifies each strategy of a sequence, in its order; empty where nothing is known. Work that begins
    with all that other work does comes after it: else both would ask the same at once."""

    cpus: float = 1
    gpus: float = 0.0
    steps: tuple[str, ...] = ()
    memory: int = 0

    @property
    def threads(self) -> int:
        return max(1, int(self.cpus))

    def follows(self, other: Needs) -> bool:
        fewer = len(other.steps)
        return 0 < fewer < len(self.steps) and self.steps[:fewer] == other.steps

    def resources(self) -> dict[str, Any]:
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, **({"memory": self.memory} if self.memory else {})}


def needs(works: Sequence[Work[Any]], scene: Scene, room: Room) -> list[Needs]:
    """Of works that are started together: cores are dealt among them, whole nodes at the most. Chunks of requests have one
    each, as there are many of them."""
    cpus = max(1, min(room.cpus // max(len(works), 1), room.smallest))
    return [_needs(work, scene, room, 1 if isinstance(work, Answers) else cpus) for work in works]


def _needs(work: Work[Any], scene: Scene, room: Room, cpus: int) -> Needs:
    rung = getattr(work, "rung", None)
    spec: StrategySpec | None = rung.spec if rung is not None else None
    model = scene.bench.model_of((rung.model if rung is not None else getattr(work, "spec", "")) or scene.begin.model)
    steps: list[str] = []
    if rung is not None and spec is not None:
        place = [str(getattr(work, of, "")) for of in ("number", "size", "seed")]  # its fold, or its point of a curve
        steps = [content_hash([*place, rung.model, rung.found_on, name, _options(spec, name)]) for name in spec.steps]
    tunes = rung is not None and rung.strategy.family in ("weights", "hybrid")
    if (not model.local or isinstance(model, Concurrent)) and not tunes:
        return Needs(WAITS, 0.0, tuple(steps), min(PROCESS, room.memory))
    factor = PROMPTED if not tunes else TUNED if spec and any(name in FULL for name in spec.steps) else ADAPTED
    needed = 0.0 if is_control(model) or not model.local else weight_bytes(model) * factor
    if not room.gpus or not needed:  # what asks for more than a node has would wait for ever
        return Needs(cpus, 0.0, tuple(steps), min(int(needed), room.memory))
    return Needs(1, share(needed, room.card), tuple(steps))


def share(needed: float, card: int) -> float:
    """Of a card, in steps, so that several small ones fit on one; the whole of it for what takes more, or of an unknown
    size."""
    if not needed or not card:
        return 1.0
    return min(1.0, max(1, math.ceil(needed / card / STEP)) * STEP)


def weight_bytes(model: Model) -> int:
    """Of a model's files; 0 where nobody knows."""
    folder = getattr(model, "folder", None)
    if not isinstance(folder, Path):
        return 0
    return sum(path.stat().st_size for kind in ("*.safetensors", "*.bin") for path in folder.glob(kind))


def _options(spec: StrategySpec, step: str) -> Any:
    """A step's options: of a sequence they stand under its name."""
    return spec.options.get(step) if len(spec.steps) > 1 else spec.options or None
