"""The nearest-rank percentile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.evaluation.percentile import order_interval, percentile


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


def test_the_interval_of_a_percentile_by_hand():
    """P(binomial(20, 0.95) >= 17) is 0.984 and >= 18 is 0.925; the largest of 20 is above it only in 64 of 100 cases."""
    assert order_interval(range(1, 21), 95) == (17, None)
    low, high = order_interval(range(1, 101), 95)
    assert (low, high) == (90, 100)  # P(binomial(100, 0.95) <= 98) is 0.963, and <= 99 is 0.994
    assert order_interval([5.0], 95) == (0.0, None)
    assert order_interval([], 95) == (0.0, None)


@given(st.integers(5, 200), st.sampled_from([50, 95]))
def test_the_interval_holds_the_percentile_of_its_own_values(n, q):
    values = list(range(n))
    low, high = order_interval(values, q)
    assert low <= percentile(values, q)
    assert high is None or percentile(values, q) <= high


def test_the_interval_covers_the_true_percentile_as_often_as_it_says():
    rng = np.random.default_rng(3)
    true = np.exp(1.6448536)
    for n in (20, 100):
        draws = np.exp(rng.standard_normal((2000, n)))
        ends = [order_interval(list(row), 95) for row in draws]
        assert np.mean([low > true for low, _ in ends]) <= 0.025 + 0.01
        assert np.mean([high is not None and high < true for _, high in ends]) <= 0.025 + 0.01
