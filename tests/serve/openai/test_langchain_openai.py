"""langchain-openai's chat model, as it comes, in both dialects."""

from __future__ import annotations

from typing import Literal

import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from tests.serve.openai.test_chat import ASKED, LABELS

TEXT = ASKED[0]["content"]


class Place(BaseModel):
    """Where something is."""

    place: Literal["kitchen", "garden", "garage"]


@pytest.fixture(scope="module", params=[False, True], ids=["chat", "responses"])
def model(url: str, request: pytest.FixtureRequest) -> ChatOpenAI:
    return ChatOpenAI(
        model="pocket",
        base_url=f"{url}/v1",
        api_key=SecretStr("none"),
        temperature=0,
        max_completion_tokens=10,
        max_retries=0,
        use_responses_api=request.param,
    )


def test_invoke_stream_and_batch(model: ChatOpenAI, client: openai.OpenAI) -> None:
    wanted = client.chat.completions.create(model="pocket", messages=ASKED, temperature=0, max_tokens=10)
    whole = model.invoke(TEXT)
    assert whole.text == wanted.choices[0].message.content
    assert wanted.usage
    assert whole.usage_metadata
    assert whole.usage_metadata["total_tokens"] == wanted.usage.total_tokens
    chunks = list(model.stream(TEXT))
    assert len(chunks) > 3
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert [reply.text for reply in model.batch([TEXT, "Hot?", TEXT])][::2] == [whole.text] * 2


def test_structured_output_follows_a_schema(model: ChatOpenAI) -> None:
    longer = model.model_copy(update={"max_tokens": 200})
    assert isinstance(longer.with_structured_output(Place, method="json_schema").invoke(TEXT), Place)
    with pytest.raises(openai.BadRequestError, match=r"'tool\w*' is not supported"):
        longer.with_structured_output(Place, method="function_calling").invoke(TEXT)


def test_labels_with_log_probabilities(url: str) -> None:
    model = ChatOpenAI(model="notes-lora", base_url=f"{url}/v1", api_key=SecretStr("none"), logprobs=True, top_logprobs=20)
    reply = model.invoke(TEXT)
    [token] = reply.response_metadata["logprobs"]["content"]
    assert token["token"] == reply.text
    assert sorted(other["token"] for other in token["top_logprobs"]) == LABELS
