from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.measured import pace_of_tuning_once


@pytest.fixture(scope="package", autouse=True)
def _pace() -> Iterator[None]:
    with pace_of_tuning_once():
        yield
