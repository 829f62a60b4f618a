"""On which device the tests run their models: `CROSSOVER_TEST_DEVICE=cuda python -m pytest tests`."""

from __future__ import annotations

import os

DEVICE = os.environ.get("CROSSOVER_TEST_DEVICE", "cpu")
EXACT = DEVICE == "cpu"  # a card adds up in another order each time: what is the same to the bit here is near there
