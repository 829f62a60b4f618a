"""Rows that a server is timed by: those it was not asked, in their order, and said where there were none."""

from __future__ import annotations

from pathlib import Path

from crossover.engine.caller import call_key
from crossover.engine.follow import calls
from crossover.evaluation.unasked import timed_by
from crossover.testing.strategies import toy_bench, toy_examples, toy_start
from crossover.types import Candidate, Demonstration, Prompt, Reply


def test_rows_that_were_asked_shown_or_timed_by_before_are_not_new(tmp_path: Path) -> None:
    train, dev = toy_examples()[:7], toy_examples()[7:]
    train = [*train, train[6]]  # a text that stands twice
    bench = toy_bench(tmp_path, train, dev)
    shown = Prompt(demonstrations=(Demonstration(train[0].input, train[0].output),))
    candidate = Candidate("pocket", shown, toy_start().decoding)
    journal, evaluator = bench.journal, bench.evaluator
    try:

        def timed(most: int, *before: str, prompt: Prompt = shown) -> tuple[list[str], int]:
            own = Candidate("pocket", prompt, candidate.decoding)
            found = timed_by(evaluator, journal, own, train, dev, most, before)
            return [row.id for row in found.rows], found.unasked

        ids = [row.id for row in train]
        assert timed(3) == (ids[1:4], 3)
        renderer, model = evaluator.renderer(shown), evaluator.model_of("pocket")
        [request] = next(calls(candidate, renderer, [train[2].input]))
        journal.add_calls("dev", {call_key(model, request): Reply("warm")})
        assert timed(3) == ([ids[1], *ids[3:5]], 3)
        assert timed(3, *ids[1:4]) == (ids[4:7], 3)
        assert timed(20) == ([ids[1], *ids[3:7], *(row.id for row in dev)], 5)
        assert timed(2, *ids) == ([row.id for row in dev[:2]], 0)
        every = Prompt(demonstrations=tuple(Demonstration(row.input, row.output) for row in train[:7]))
        assert timed(3, prompt=every) == ([row.id for row in dev], 0)
        nearest = Prompt(demonstrations=every.demonstrations, selection="nearest", shots=1)
        assert timed(3, prompt=nearest) == (ids[:3], 3)  # none is shown for itself
    finally:
        journal.close()
