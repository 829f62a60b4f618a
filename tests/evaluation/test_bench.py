"""The bench of a user who has fewer labels."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

from crossover.types import Example, LoraRecipe
from tests.strategies.toys import KINDS, bench, kinds, start


def test_a_smaller_bench_has_nested_rows_and_dev_in_proportion(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev) as whole:
        held = train[:12]
        sizes = [whole.at(rows, 3, held) for rows in (6, 14, 28, 42)]
        for smaller, larger in itertools.pairwise(sizes):
            assert set(smaller.train) < set(larger.train)
            assert set(smaller.dev) < set(larger.dev)
        assert [len(one.train) for one in sizes] == [6, 14, 28, 42]
        assert [len(one.dev) for one in sizes] == [2, 5, 9, 14]
        assert not set(held) & set(sizes[-1].train)
        assert {one.seed for one in sizes} == {whole.seed + 3}
        assert whole.at(6, 4, held).train != sizes[0].train, "another seed draws other rows"


def test_nothing_at_a_smaller_bench_may_learn_from_what_was_left_out(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev) as whole:
        small = whole.at(10, 0)
        out = next(example for example in train if example not in small.train)
        assert small.unseen([out.input.upper(), "a text of nobody"]) == ["a text of nobody"]


def test_what_is_remembered_at_one_size_is_not_taken_for_another(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev) as whole:
        found = [one.remember("key", partial(len, one.train)) for one in (whole, whole.at(10), whole.at(20))]
        assert found == [54, 10, 20]
        assert whole.at(10).remember("key", lambda: 0) == 10


def test_one_dev_row_is_left_where_the_share_is_less(tmp_path: Path) -> None:
    train = [Example(f"t{i}", f"text {i}", "ab"[i % 2]) for i in range(20)]
    with bench(tmp_path, train, [Example("d", "other", "a")]) as whole:
        assert len(whole.at(2).dev) == 1


def test_a_tune_of_a_smaller_bench_that_was_discarded_is_made_again(tmp_path: Path) -> None:
    train, dev = kinds()
    recipe = LoraRecipe(rank=2, epochs=1)
    with bench(tmp_path, train, dev) as whole:
        small = whole.at(10)
        kept, first = whole.tune(start(KINDS), recipe), small.tune(start(KINDS), recipe)
        whole.discard()
        small.discard()
        assert kept.weights is not None
        assert first.weights is not None
        assert Path(kept.weights.path).exists()
        assert not Path(first.weights.path).exists()
        epochs = whole.journal.tuned()
        again = small.tune(start(KINDS), recipe)
        assert again.weights == first.weights
        assert Path(first.weights.path).exists()
        assert whole.journal.tuned() == epochs, "its epochs were counted"
