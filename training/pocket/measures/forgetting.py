"""What tuning on one task does to another that the model could do, and whether replay keeps it."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.board import Board
from crossover.engine.phrasing import answer_form, phrasings
from crossover.strategies.base import Strategy
from crossover.types import Candidate, Decoding
from training.pocket.measures import draws
from training.pocket.measures.lab import Lab, rows_of, say
from training.pocket.measures.labels import BANKING
from training.pocket.measures.observed import Observed, Values, minus
from training.pocket.measures.wordings import task_of

SIZE = 300
REPLAY = 0.5  # replayed rows for each row of the new task
GOAL = "Say what the message is about."
WAYS = {
    "forgetting-lora": "LoRA",
    "forgetting-full": "full",
    "forgetting-lora-replay": "LoRA with replay",
    "forgetting-full-replay": "full with replay",
}


def measure_before(lab: Lab, draw: int) -> Values:
    """Ten everyday intents zero-shot."""
    old, asked = _old(lab, draw)
    return {"old": lab.percent(asked, old.test)}


def measure_after(lab: Lab, draw: int, strategy: Strategy, replay: bool) -> Values:
    """The same behind tuning on ten banking intents, and those themselves."""
    old, asked = _old(lab, draw)
    new = draws.spelled(draws.banking(lab.data, draw, lab.tests))
    start = Candidate(lab.model.target, answer_form(task_of(BANKING.goal, new.labels)), Decoding(labels=new.labels))
    more = rows_of(asked.prompt, old.train[: int(REPLAY * SIZE)]) if replay else []
    with lab.tuned(strategy, start, new.train[:SIZE], new.dev, draw, more=more) as tuned:
        found = {
            "old": lab.percent(replace(asked, weights=tuned.weights), old.test),
            "new": lab.percent(tuned, new.test),
        }
    say(f"forgetting, draw {draw}, {type(strategy).__name__}{', replay' * replay}: {found}")
    return found


def report_forgetting(observed: Observed, board: Board) -> None:
    """How far the old task falls: visibly without replay, hardly with it."""
    before = observed.values("forgetting-before", "old")
    if before:
        board.add("forgetting: first task before", list(before.values()))
    for part, name in WAYS.items():
        after, second = (observed.values(part, which) for which in ("old", "new"))
        if drops := minus(before, after):
            replayed = part.endswith("replay")
            board.add(f"forgetting: second task after {name}", list(second.values()))
            board.add(f"forgetting: drop of the first task after {name}", drops, 2 if replayed else 5, "points", replayed)


def _old(lab: Lab, draw: int) -> tuple[draws.Draw, Candidate]:
    """The task that may be forgotten, and how it is asked."""
    old = draws.spelled(draws.clinc_elsewhere(lab.data, draw, lab.tests))
    return old, Candidate(lab.model.target, phrasings(task_of(GOAL, old.labels), ())[0], Decoding(labels=old.labels))
