"""Extraction to JSON: restaurant bookings, before tuning and after."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from crossover.data.task import Task
from crossover.metrics.field_f1 import FieldF1
from crossover.strategies._demonstrations import balanced
from crossover.strategies._phrasing import answer_form, phrasings
from crossover.strategies.lora import Lora
from crossover.types import Candidate, Decoding, Demonstration
from training.pocket.measures import draws
from training.pocket.measures.lab import Lab, percent, say, valid_share

SHOTS, TOKENS = 5, 96
TASK = Task(
    name="bookings",
    instruction="Find the details of the booking in the message and write them as JSON.",
    data="rows.jsonl",
    input="text",
    output="slots",
    kind="extract",
)


def measure_slots(lab: Lab) -> None:
    """Five demonstrations, with and without an instruction; then LoRA on 400 rows with the plain short prompt."""
    size = 300 if lab.quick else 400
    f1: dict[str, list[float]] = defaultdict(list)
    valid: dict[str, list[float]] = defaultdict(list)
    for seed in lab.seeds:
        drawn = draws.slots(lab.data, seed, size, lab.tests)
        start = Candidate(lab.model.target, answer_form(TASK), Decoding(max_tokens=TOKENS))
        pool = tuple(Demonstration(e.input, e.output) for e in drawn.train)
        shown = balanced(pool, SHOTS, seed)
        told = phrasings(TASK, drawn.train)[0]
        candidates = {
            "examples": replace(start, prompt=replace(start.prompt, demonstrations=shown)),
            "examples and instruction": replace(start, prompt=replace(told, demonstrations=shown)),
        }
        for name, candidate in candidates.items():
            _note(lab, name, candidate, drawn, f1, valid)
        say(f"slots, draw {seed}: LoRA on {len(drawn.train)} rows")
        with lab.tuned(Lora(), start, drawn.train, lab.dev(drawn), seed, FieldF1()) as tuned:
            _note(lab, "LoRA", tuned, drawn, f1, valid)
    add = lab.board.add
    for name in ("examples", "examples and instruction"):
        add(f"slots: five {name}, valid JSON", valid[name])
        add(f"slots: five {name}, field F1", f1[name])
    better = max(("examples", "examples and instruction"), key=lambda name: sum(valid[name]))
    add("slots: five examples, valid JSON, better form", valid[better], 70)
    add(f"slots: LoRA, {size} rows, field F1", f1["LoRA"], 75)
    add(f"slots: LoRA, {size} rows, valid JSON", valid["LoRA"], 98)


def _note(
    lab: Lab,
    name: str,
    candidate: Candidate,
    drawn: draws.Draw,
    f1: dict[str, list[float]],
    valid: dict[str, list[float]],
) -> None:
    run = lab.run(candidate, drawn.test, FieldF1())
    f1[name].append(percent(run))
    valid[name].append(valid_share(run))
    say(f"slots, draw {drawn.seed}, {name}: F1 {f1[name][-1]:.1f}, valid {valid[name][-1]:.1f}")
