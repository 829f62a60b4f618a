"""The server under Azure's paths and header, asked by Azure's own client and by the plain one."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from crossover.engine import batches
from crossover.models.open import open_model
from crossover.models.openai import Openai
from crossover.testing.server import serving
from tests.models.test_openai import asked, caller

KEY, VERSION = "canary-4711-xyz", "2024-10-21"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OWN_KEY", KEY)
        with serving("pocket", folder=tmp_path_factory.mktemp("served"), key_variable="OWN_KEY") as url:
            yield url


def test_azures_client_and_the_plain_one_are_answered_alike(url: str) -> None:
    old = openai.AzureOpenAI(azure_endpoint=url, api_version=VERSION, api_key=KEY, max_retries=0)
    new = openai.OpenAI(base_url=f"{url}/openai/v1", api_key=KEY, max_retries=0)
    said = [
        client.chat.completions.create(
            model="pocket", messages=[{"role": "user", "content": "Hot?"}], max_tokens=2, temperature=0
        )
        for client in (old, new)
    ]
    assert said[0].choices[0].message.content == said[1].choices[0].message.content
    assert [one.id for one in old.models.list()] == ["pocket"]
    assert old.files.create(file=("a.jsonl", b"{}\n"), purpose="batch").status == "processed"
    wrong = openai.AzureOpenAI(azure_endpoint=url, api_version=VERSION, api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        wrong.models.list()


@pytest.mark.parametrize("more", ["", f"&api_version={VERSION}"])
@pytest.mark.parametrize("batch", ["", "&batch=true"])
def test_a_model_at_azure_answers_at_once_and_in_batches(
    url: str, more: str, batch: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LOOK", 0.02)
    model = open_model(f"azure:pocket?url={url}&key=OWN_KEY{more}{batch}")
    assert isinstance(model, Openai)
    assert type(model.client()).__name__ == ("AzureOpenAI" if more else "OpenAI")
    ask, _, _ = caller(tmp_path_factory.mktemp("asked"))
    replies = ask.ask(model, asked(["Is it hot?", "Is it cold?"], labels=("hot", "cold")), "dev")
    assert {reply.text for reply in replies} <= {"hot", "cold"}, [reply.error for reply in replies]
