"""Responses as the official client asks for them: its own types say whether it is answered in its dialect."""

from __future__ import annotations

import json
from typing import Any, Literal

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from crossover.errors import ModelError
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.kept import Kept
from crossover.types import Message
from tests.serve.openai.test_chat import ASKED, LABELS, ask

TEXT = ASKED[0]["content"]
SURE: Any = {"model": "pocket", "temperature": 0, "max_output_tokens": 12}
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


class Place(BaseModel):
    place: Literal["kitchen", "garden", "garage"]


def posted(url: str, **body: Any) -> tuple[int, Any]:
    return ask(url, "/v1/responses", json.dumps({**SURE, "input": TEXT, **body}).encode())[:2]


def events(url: str, **body: Any) -> list[dict[str, Any]]:
    status, text = posted(url, stream=True, **body)
    assert status == 200
    found = []
    for block in text.strip().split("\n\n"):
        named, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert named == f"event: {found[-1]['type']}"
    return found


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"instructions": "Be brief.", "top_p": 0.5, "metadata": {"for": "a test"}, "store": False, "seed": 3},
        {"include": ["message.output_text.logprobs"], "top_logprobs": 2},
        {"model": "notes-lora", "max_output_tokens": None},
    ],
)
def test_what_is_sent_is_of_the_official_types(url: str, more: dict[str, Any]) -> None:
    status, body = posted(url, **more)
    assert status == 200
    whole = Response.model_validate(body, strict=True)
    assert whole.status in ("completed", "incomplete")
    told = [EVENT.validate_python(event) for event in events(url, **more)]
    assert [event.sequence_number for event in told] == list(range(len(told)))
    assert [event.type for event in told if "delta" not in event.type] == [
        *("response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"),
        *("response.output_text.done", "response.content_part.done", "response.output_item.done"),
        f"response.{whole.status}",
    ]
    end = told[-1].response
    assert end.output_text == whole.output_text
    assert end.usage == whole.usage
    assert end.output[0].content == whole.output[0].content  # type: ignore[union-attr]
    assert whole.metadata == more.get("metadata", {})


def test_it_says_what_a_chat_says(client: openai.OpenAI) -> None:
    chat = client.chat.completions.create(
        model="pocket", messages=ASKED, temperature=0, max_tokens=12, logprobs=True, top_logprobs=2
    )
    reply = client.responses.create(
        input=[{"role": "user", "content": [{"type": "input_text", "text": TEXT}]}],
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        **SURE,
    )
    assert reply.output_text == chat.choices[0].message.content
    ended = chat.choices[0].finish_reason
    assert (reply.status, ended) in (("completed", "stop"), ("incomplete", "length"))
    assert reply.output[0].type == "message"
    [part] = reply.output[0].content
    assert part.type == "output_text"
    assert chat.choices[0].logprobs
    assert [t.logprob for t in part.logprobs or ()] == [t.logprob for t in chat.choices[0].logprobs.content or ()]
    assert reply.usage
    assert chat.usage
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (
        chat.usage.prompt_tokens,
        chat.usage.completion_tokens,
    )
    told = [{"role": "system", "content": "Be brief."}, *ASKED]
    chat = client.chat.completions.create(model="pocket", messages=told, temperature=0, max_tokens=12)  # type: ignore[arg-type]
    told = client.responses.create(input=TEXT, instructions="Be brief.", **SURE)
    assert told.output_text == chat.choices[0].message.content
    short = client.responses.create(**{**SURE, "max_output_tokens": 1}, input=TEXT)
    assert (short.status, short.incomplete_details and short.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )


def test_the_clients_stream_and_parse(client: openai.OpenAI) -> None:
    asked: Any = {"model": "pocket", "input": TEXT, "temperature": 0}
    with client.responses.stream(**asked, text_format=Place, max_output_tokens=200) as stream:
        parts = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert len(parts) > 3
    assert "".join(parts) == final.output_text
    assert isinstance(final.output_parsed, Place)
    parsed = client.responses.parse(**asked, text_format=Place, max_output_tokens=200)
    assert parsed.output_parsed == final.output_parsed
    form: Any = {"format": {"type": "json_object"}}
    assert client.responses.create(**asked, text=form, max_output_tokens=4).output_text.startswith("{")


def test_a_conversation_goes_on_from_a_kept_response(client: openai.OpenAI) -> None:
    first = client.responses.create(input="My name is Ana.", instructions="Be brief.", **SURE)
    second = client.responses.create(input="What is my name?", previous_response_id=first.id, **SURE)
    told: Any = [
        {"role": "user", "content": "My name is Ana."},
        first.output[0].to_dict(),
        {"role": "user", "content": "What is my name?"},
    ]
    whole = client.responses.create(input=told, **SURE)
    assert (second.output_text, second.usage) == (whole.output_text, whole.usage), "without the first's instructions"
    assert client.responses.retrieve(second.id) == second
    items: Any = list(client.responses.input_items.list(second.id, order="asc", limit=2))
    assert [(item.role, item.content[0].text) for item in items] == [
        ("user", "My name is Ana."),
        ("assistant", first.output_text),
        ("user", "What is my name?"),
    ]
    assert [item.id for item in client.responses.input_items.list(second.id)] == [item.id for item in items[::-1]]
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel(second.id)
    client.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(second.id)
    loose = client.responses.create(input=TEXT, store=False, **SURE)
    with pytest.raises(openai.BadRequestError) as wrong:
        client.responses.create(input=TEXT, previous_response_id=loose.id, **SURE)
    assert (wrong.value.code, wrong.value.param) == ("previous_response_not_found", "previous_response_id")


def test_a_candidate_answers_its_input(client: openai.OpenAI) -> None:
    reply = client.responses.create(
        model="notes-lora", input=TEXT, include=["message.output_text.logprobs"], top_logprobs=20
    )
    chat = client.chat.completions.create(model="notes-lora", messages=ASKED)
    assert reply.output_text == chat.choices[0].message.content
    assert reply.output[0].type == "message"
    [part] = reply.output[0].content
    assert part.type == "output_text"
    [token] = part.logprobs or ()
    assert sorted(other.token for other in token.top_logprobs) == LABELS


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": "\ud800"}, "input"),
        ({"input": 3}, "input"),
        ({"input": "word " * 5000}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]}, "input[0]"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": 3, "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": "\ud800"}]}, "input[0].content"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "odd"}}}}, "text.format"),
        ({"text": {"format": {"type": "text", "more": "\udfff"}}}, "text.format"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"metadata": {"a": "b" * 513}}, "metadata"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"include": ["file_search_call.results"]}, "include"),
        ({"reasoning": {"effort": "high"}}, "reasoning"),
        ({"previous_response_id": "resp_0"}, "previous_response_id"),
        ({"stop": ""}, "stop"),
        ({"stream_options": {"include_obfuscation": False}, "stream": False}, "stream_options"),
        ({"model": "notes-lora", "instructions": "Be brief."}, "input"),
        ({"model": "notes-lora", "text": {"format": {"type": "json_object"}}}, "text.format"),
        ({"model": "notes-lora", "stop": "a"}, "stop"),
    ],
)
def test_what_is_wrong_is_told_in_openais_shape(url: str, asked: dict[str, Any], param: str) -> None:
    for more in ({}, {"stream": True}):
        status, told = posted(url, **{**more, **asked})
        assert (status, told["error"]["type"]) == (400, "invalid_request_error"), told
        assert (told["error"]["param"] or "").startswith(param), told
        assert set(told["error"]) == {"message", "type", "param", "code"}


def test_what_fails_within_a_stream_is_told_in_it(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object) -> None:
        raise ModelError("the card is gone")

    monkeypatch.setattr("crossover.serve.openai.chat._Writing.replies", fails)
    with pytest.raises(openai.APIError, match="the card is gone"):
        list(client.chat.completions.create(model="pocket", messages=ASKED, max_tokens=4, stream=True))
    *_, last = client.responses.create(input=TEXT, stream=True, **SURE)
    assert last.type == "response.failed"
    assert last.response.error
    assert last.response.error.message == "the card is gone"


def test_the_oldest_responses_make_room() -> None:
    kept = Kept(most=1300)
    for number in range(9):
        kept.put({"id": f"resp_{number}"}, (Message("user", "x" * 300),))
    for number in range(6):
        with pytest.raises(ApiError):
            kept.get(f"resp_{number}")
    assert kept.said("resp_8") == (Message("user", "x" * 300),)
    for number in (6, 7, 8):
        kept.drop(f"resp_{number}")
    kept.put({"id": "resp_large"}, (Message("user", "x" * 2000),))
    with pytest.raises(ApiError):
        kept.get("resp_large")
