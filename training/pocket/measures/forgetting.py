"""What tuning on one task does to another that the model could do, and whether replay keeps it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from crossover.strategies._phrasing import answer_form, phrasings
from crossover.strategies.base import Strategy
from crossover.strategies.full import Full
from crossover.strategies.lora import Lora
from crossover.tuning.batches import TrainingRow
from crossover.types import Candidate, Decoding
from training.pocket.measures import draws
from training.pocket.measures.lab import Lab, rows_of, say
from training.pocket.measures.labels import BANKING
from training.pocket.measures.wordings import task_of

SIZE = 300
REPLAY = 0.5  # replayed rows for each row of the new task
GOAL = "Say what the message is about."


def measure_forgetting(lab: Lab) -> None:
    """Ten everyday intents zero-shot, before and after tuning on ten banking intents, without and with replay."""
    first: dict[str, list[float]] = defaultdict(list)
    second: dict[str, list[float]] = defaultdict(list)
    for seed in lab.seeds:
        old = draws.spelled(draws.clinc_elsewhere(lab.data, seed, lab.tests))
        new = draws.spelled(draws.banking(lab.data, seed, lab.tests))
        asked = Candidate(lab.model.target, phrasings(task_of(GOAL, old.labels), ())[0], Decoding(labels=old.labels))
        start = Candidate(lab.model.target, answer_form(task_of(BANKING.goal, new.labels)), Decoding(labels=new.labels))
        first["before"].append(lab.percent(asked, old.test))
        say(f"forgetting, draw {seed}: {first['before'][-1]:.1f} % before")
        again = rows_of(asked.prompt, old.train[: int(REPLAY * SIZE)])
        ways: dict[str, tuple[Strategy, Sequence[TrainingRow]]] = {
            "LoRA": (Lora(), ()),
            "full": (Full(), ()),
            "LoRA with replay": (Lora(), again),
            "full with replay": (Full(), again),
        }
        for name, (method, more) in ways.items():
            with lab.tuned(method, start, new.train[:SIZE], new.dev, seed, more=more) as tuned:
                behind = Candidate(asked.model, asked.prompt, asked.decoding, tuned.weights)
                first[name].append(lab.percent(behind, old.test))
                second[name].append(lab.percent(tuned, new.test))
            say(f"forgetting, draw {seed}, {name}: {first[name][-1]:.1f} % on the old, {second[name][-1]:.1f} % on the new")
    add = lab.board.add
    add("forgetting: first task before", first["before"])
    for name, after in first.items():
        if name == "before":
            continue
        replayed = name.endswith("replay")
        drops = [b - a for b, a in zip(first["before"], after, strict=True)]
        add(f"forgetting: second task after {name}", second[name])
        add(f"forgetting: drop of the first task after {name}", drops, 2 if replayed else 5, "points", lower=replayed)
