"""The nearest-rank percentile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.evaluation.percentile import percentile


def test_by_hand():
    assert percentile([15, 20, 35, 40, 50], 30) == 20
    assert percentile([15, 20, 35, 40, 50], 50) == 35
    assert percentile([15, 20, 35, 40, 50], 95) == 50
    assert percentile([3, 1, 2], 0) == 1
    assert percentile([3, 1, 2], 100) == 3


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 100))
def test_it_occurred_and_enough_values_do_not_exceed_it(values, q):
    found = percentile(values, q)
    assert found in values
    assert sum(value <= found for value in values) >= q / 100 * len(values) - 1e-6


def test_no_values_have_no_percentile():
    with pytest.raises(ValueError, match="at least one value"):
        percentile([], 50)
