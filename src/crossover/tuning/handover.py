"""A tune in a folder, for the processes that share it: what they are given, what they tell, and what they are answered.

In `together-ID.new/`, beside the tune's own files, as long as it runs; each try has its own:

    order.json        rows, recipe, model, start; what memory allowed before
    told.jsonl        the lead's lines: a step, an epoch, weights whose dev score is wanted
    score-N.json      the dev score of epoch N's weights, by whoever gave the order
    failed-R.json     why process R ended, if not by a signal
    process-R.log     what process R wrote; launch.log: what a command wrote that started them
    store             by which the processes of one machine find each other
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.errors import TuningError
from crossover.tuning.batches import TrainingRow
from crossover.types import FullRecipe, LoraRecipe, Message, Recipe, Weights, to_json

PLACE, ORDER, TOLD = "together", "order.json", "told.jsonl"
RECIPES: Mapping[str, Callable[..., Recipe]] = {"lora": LoraRecipe, "full": FullRecipe}


@dataclass(frozen=True)
class Order:
    """What is to be tuned. `folder`: the tune's; `model`: its plug-in, the options of that, and the type of device;
    `tokens`, `twice`: as `sft.Room`; `processes`: how many were asked for; `named`: of the folder."""

    folder: Path
    model: tuple[str, Mapping[str, Any], str]
    recipe: Recipe
    rows: Sequence[TrainingRow]
    dev_rows: Sequence[TrainingRow]
    general: Sequence[TrainingRow] = ()
    start: Weights | None = None
    tokens: int = 0
    twice: bool = False
    processes: int = 1
    named: str = PLACE

    @property
    def place(self) -> Path:
        return self.folder / self.named


def write_order(order: Order) -> None:
    """Raises `OSError`."""
    body = to_json(order) | {"folder": "..", "model": list(order.model)}
    replace_text(order.place / ORDER, json.dumps(body))


def read_order(place: Path) -> Order:
    """The order in a tune's folder `together-….new`. Raises `TuningError` where there is none."""
    try:
        body = json.loads((place / ORDER).read_text(encoding="utf-8"))
        recipe = dict(body["recipe"])
        kind = RECIPES[recipe.pop("method")]
        if isinstance(recipe.get("targets"), list):
            recipe["targets"] = tuple(recipe["targets"])
        return Order(
            folder=place.parent,
            model=tuple(body["model"]),
            recipe=kind(**recipe),
            rows=_rows(body["rows"]),
            dev_rows=_rows(body["dev_rows"]),
            general=_rows(body["general"]),
            start=Weights(**body["start"]) if body["start"] else None,
            tokens=body["tokens"],
            twice=body["twice"],
            processes=body["processes"],
            named=place.name,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TuningError(
            f"{place} holds no tune for several processes ({error}); valid: the folder 'together-….new' of a tune under way"
        ) from error


def clear(folder: Path) -> None:
    """Take away what earlier tries of a tune by several processes have left, or still write."""
    for path in folder.glob(f"{PLACE}*"):
        shutil.rmtree(path, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def new_lines(path: Path, begin: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The lines of a file from a byte on that are whole, each with the byte behind it."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):
                return
            begin += len(line)
            yield json.loads(line), begin


def _rows(body: Sequence[Any]) -> list[TrainingRow]:
    return [(tuple(Message(**message) for message in messages), answer) for messages, answer in body]
