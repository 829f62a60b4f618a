"""One of the processes that share a tune: python -m crossover.tuning.worker FOLDER

FOLDER is the `together-….new` of a tune under way. torchrun starts it on each of several machines that see the same folder;
on one machine the study does. It ends with who started it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch.distributed as dist

from crossover import registry
from crossover.errors import CrossoverError, StudyError
from crossover.tuning.checkpoint import writing
from crossover.tuning.group import joined, parted
from crossover.tuning.handover import TOLD, Order, read_order, replace_text
from crossover.tuning.sft import Room, fit
from crossover.tuning.steps import Cramped
from crossover.tuning.together import LAUNCH, STORE
from crossover.types import Epoch, Weights, to_json

LOOK = 0.05  # seconds between looks for an answer
GLOO = "gloo/transport"  # in what it says of a connection that is gone, which has no class of its own
ORPHAN = 1.0  # seconds between looks for who started this


def main() -> int:
    """Share the tune."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    place = parser.parse_args().folder
    threading.Thread(target=_bound, args=(os.getppid(),), daemon=True).start()
    try:
        _share(read_order(place), place)
    except Exception as error:  # noqa: BLE001  whatever it is, who waits is told
        body = {"kind": type(error).__name__, "ours": isinstance(error, CrossoverError), "said": str(error)}
        body["lost"] = isinstance(error, dist.DistError) or GLOO in str(error)
        if isinstance(error, Cramped):
            body |= {"tokens": error.tokens, "twice": error.twice}
        with suppress(OSError):
            replace_text(place / f"failed-{os.environ.get('RANK', 0)}.json", json.dumps(body))
        if isinstance(error, CrossoverError):
            sys.stderr.write(f"{error}\n")
        else:
            traceback.print_exc()
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(2)  # others may wait for this process in the middle of a step, and it for them
    return 0


def _share(order: Order, place: Path) -> None:
    plugin, options, device = order.model
    found = int(os.environ.get("WORLD_SIZE", order.processes))
    if found != order.processes:  # one alone would not even take its card
        raise StudyError(
            f"{LAUNCH} starts {found}, and tuning.processes is {order.processes}; valid: as many, as with {{processes}} for"
            " the number in the command"
        )
    store = os.environ.get(STORE)
    group = joined(device, Path(store) if store else None)
    lead = Lead(place)
    fit(
        registry.create("models", plugin, options),
        rows=order.rows,
        dev_rows=order.dev_rows,
        recipe=order.recipe,
        folder=order.folder,
        start=order.start,
        evaluate=lead.evaluate,
        on_epoch=lead.on_epoch,
        on_step=lead.on_step,
        general=order.general,
        group=group,
        room=Room(order.tokens, order.twice),
    )
    parted()


class Lead:
    """What the first process tells who gave the order, and is answered."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def on_step(self, step: int, steps: int, loss: float) -> None:
        self._tell(step=[step, steps, loss])

    def on_epoch(self, epoch: Epoch) -> None:
        self._tell(epoch=to_json(epoch))

    def evaluate(self, weights: Weights) -> float:
        """The dev score of weights, which is waited for."""
        answer = self._place / f"score-{Path(weights.path).name}.json"
        answer.unlink(missing_ok=True)
        self._tell(weights=to_json(weights), answer=answer.name)
        while not answer.is_file():
            time.sleep(LOOK)
        return float(json.loads(answer.read_text(encoding="utf-8")))

    def _tell(self, **what: Any) -> None:
        with writing(self._place.parent), (self._place / TOLD).open("a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")


def _bound(parent: int) -> None:
    """End when whoever started this has ended, also where no system sees to it."""
    while os.getppid() == parent:
        time.sleep(ORPHAN)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
