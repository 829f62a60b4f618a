from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from crossover.study.folder import StudyFolder
from crossover.testing.server import serving


@pytest.fixture(scope="package")
def url(notes: StudyFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of a model and two candidates."""
    study = str(notes.path)
    with serving("pocket", f"{study}:zero_shot", f"{study}:lora", folder=tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture(scope="package")
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
