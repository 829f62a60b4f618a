"""Measure a model folder against the bars of the bundled model.

    python -m training.pocket.evaluate --model FOLDER --data FOLDER --json FILE [--seeds 5] [--quick] [--only NAME,...]

`--data` holds the public sets: banking77/{train,test}.csv (text, category), clinc150/{train,test}.csv (text, intent,
domain) and restaurant8k/{train,test}.jsonl (text, slots). The JSON is rewritten after each group of figures. All is
computed in float32; where labels are chosen, they are chosen by their log-probability.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.board import Board
from crossover.errors import CrossoverError
from crossover.models.hf import Hf
from training.pocket.measures.bookings import measure_slots
from training.pocket.measures.forgetting import measure_forgetting
from training.pocket.measures.lab import Lab, say
from training.pocket.measures.labels import BANKING, CLINC, measure_prompts, measure_tuning
from training.pocket.measures.machine import measure_sameness, measure_size
from training.pocket.measures.sums import measure_sums

GROUPS: dict[str, Callable[[Lab], None]] = {
    "size": measure_size,
    "banking-prompts": partial(measure_prompts, case=BANKING),
    "clinc-prompts": partial(measure_prompts, case=CLINC),
    "arithmetic": measure_sums,
    "sameness": measure_sameness,
    "slots": measure_slots,
    "banking-tuning": partial(measure_tuning, case=BANKING),
    "clinc-tuning": partial(measure_tuning, case=CLINC),
    "forgetting": measure_forgetting,
}
SLOW = ("forgetting",)  # left out by --quick


def main(arguments: list[str] | None = None) -> int:
    """Run the groups; 0 when they ran, whether or not the bars are reached, 1 when one could not be measured."""
    options = _parser().parse_args(arguments)
    names = options.only or [name for name in GROUPS if not (options.quick and name in SLOW)]
    board = Board(options.json)
    seeds = range(1 if options.quick else options.seeds)
    failed = False
    try:
        model = Hf(str(options.model), dtype="float32", device=options.device)
    except CrossoverError as error:
        say(f"the model cannot be measured: {error}")
        return 1
    lab = Lab(model, options.data, board, seeds, 100 if options.quick else 200, options.quick)
    for name in names:
        say(f"group {name}")
        try:
            GROUPS[name](lab)
        except (CrossoverError, OSError) as error:
            say(f"group {name} was not measured: {error}")
            failed = True
        board.save()
    sys.stdout.write(board.table() + "\n")
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.pocket.evaluate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=_folder, required=True, metavar="FOLDER", help="what transformers loads")
    parser.add_argument("--data", type=_folder, required=True, metavar="FOLDER", help="the public data sets")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--seeds", type=_count, default=5, help="draws, each with its own labels and rows (5)")
    parser.add_argument("--quick", action="store_true", help="one draw, 100 test rows, one small tuning a task")
    parser.add_argument("--only", type=_names, metavar="NAME,...", help=f"some groups of: {', '.join(GROUPS)}")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda or auto")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"received '{text}'; valid is an existing folder")
    return path


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"received '{text}'; valid is a whole number from 1 up")
    return int(text)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in GROUPS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"received '{text}'; valid: {', '.join(GROUPS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
