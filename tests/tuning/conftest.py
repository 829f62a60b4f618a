from __future__ import annotations

from pathlib import Path

import pytest

from crossover.models.hf import Hf
from tests.models.tiny import build


@pytest.fixture(scope="session")
def pocket() -> Hf:
    return Hf("pocket", device="cpu")


@pytest.fixture(scope="session")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama and a ChatML template."""
    return build(tmp_path_factory.mktemp("chatty"))
