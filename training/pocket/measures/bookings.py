"""Extraction to JSON: restaurant bookings, before tuning and after."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.board import Board
from crossover.data.task import Task
from crossover.engine.phrasing import answer_form, phrasings
from crossover.metrics.field_f1 import FieldF1
from crossover.strategies._demonstrations import balanced
from crossover.strategies.lora import Lora
from crossover.types import Candidate, Decoding, Demonstration
from training.pocket.measures import draws
from training.pocket.measures.lab import Lab, percent, say, valid_share
from training.pocket.measures.observed import Observed, Values

SHOTS, TOKENS = 5, 96
SIZE = 400  # rows to tune on
FORMS = ("examples", "examples and instruction")
TASK = Task(
    name="bookings",
    instruction="Find the details of the booking in the message and write them as JSON.",
    data="rows.jsonl",
    input="text",
    output="slots",
    kind="extract",
)


def measure_shown(lab: Lab, draw: int) -> Values:
    """Five demonstrations, with and without an instruction."""
    drawn = draws.slots(lab.data, draw, SIZE, lab.tests)
    start = _start(lab)
    pool = tuple(Demonstration(e.input, e.output) for e in drawn.train)
    shown = balanced(pool, SHOTS, draw)
    told = phrasings(TASK, drawn.train)[0]
    candidates = {
        "examples": replace(start, prompt=replace(start.prompt, demonstrations=shown)),
        "examples and instruction": replace(start, prompt=replace(told, demonstrations=shown)),
    }
    found: Values = {}
    for name, candidate in candidates.items():
        found |= _noted(lab, name, candidate, drawn)
    return found


def measure_tuned(lab: Lab, draw: int) -> Values:
    """LoRA with the plain short prompt."""
    drawn = draws.slots(lab.data, draw, SIZE, lab.tests)
    say(f"slots, draw {draw}: LoRA on {len(drawn.train)} rows")
    with lab.tuned(Lora(), _start(lab), drawn.train, lab.dev(drawn), draw, FieldF1()) as tuned:
        return _noted(lab, "LoRA", tuned, drawn)


def report_slots(observed: Observed, board: Board) -> None:
    """F1 of the fields and valid answers, of the better form of examples and after LoRA."""
    valid = {name: list(observed.values("slots-examples", f"{name}: valid").values()) for name in FORMS}
    if all(valid.values()):
        for name in FORMS:
            board.add(f"slots: five {name}, valid JSON", valid[name])
            board.add(f"slots: five {name}, field F1", list(observed.values("slots-examples", f"{name}: F1").values()))
        board.add("slots: five examples, valid JSON, better form", max(valid.values(), key=sum), 70)
    tuned = {name: list(observed.values("slots-lora", f"LoRA: {name}").values()) for name in ("F1", "valid")}
    if all(tuned.values()):
        board.add(f"slots: LoRA, {SIZE} rows, field F1", tuned["F1"], 75)
        board.add(f"slots: LoRA, {SIZE} rows, valid JSON", tuned["valid"], 98)


def _start(lab: Lab) -> Candidate:
    return Candidate(lab.model.target, answer_form(TASK), Decoding(max_tokens=TOKENS))


def _noted(lab: Lab, name: str, candidate: Candidate, drawn: draws.Draw) -> Values:
    run = lab.run(candidate, drawn.test, FieldF1())
    found = {f"{name}: F1": percent(run), f"{name}: valid": valid_share(run)}
    say(f"slots, draw {drawn.seed}: {found}")
    return found
