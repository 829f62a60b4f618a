"""How work is cut for those who do it elsewhere."""

from __future__ import annotations

from crossover.data.economics import Limits
from crossover.study.works import MOST, SPELL, Pace


def test_chunks_grow_to_a_spell_and_shrink_towards_the_end() -> None:
    pace = Pace.of(Limits(), size=32, ahead=4)
    assert pace.batches(1000) == 1  # nothing is known yet
    pace.seen(32, SPELL / 10)
    assert [pace.batches(left) for left in (1000, 40, 20, 8, 1)] == [10, 10, 5, 2, 1]
    pace.seen(320, SPELL * 40)
    assert pace.batches(1000) == 1
    pace.seen(32, 0.0)
    assert pace.batches(10**6) == MOST // 32


def test_where_a_limit_counts_requests_a_chunk_is_one_batch() -> None:
    for limits in (Limits(calls=500), Limits(tokens=500), Limits(money=1.0)):
        pace = Pace.of(limits, size=32, ahead=4)
        pace.seen(32, SPELL / 10)
        assert pace.batches(1000) == 1
    assert not Pace.of(Limits(minutes=5), size=32, ahead=4).limited
