"""Every field that the official client can send is done, changes no answer, or is refused by its name: none is ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as response

from tests.serve.openai.test_chat import ASKED, ask

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
ASIDE: dict[str, Any] = {  # it is taken, and changes no answer
    "metadata": {"a": "b"},
    "parallel_tool_calls": True,
    "prompt_cache_key": "a",
    "prompt_cache_options": {"mode": "explicit"},
    "prompt_cache_retention": "24h",
    "safety_identifier": "a",
    "service_tier": "flex",
    "store": True,
    "user": "a",
}
REFUSED: dict[str, Any] = {
    "moderation": {"model": "omni-moderation-latest"},
    "tool_choice": "required",
    "tools": [TOOL],
}
CHAT_DONE: dict[str, Any] = {
    "logprobs": True,
    "max_completion_tokens": 1,
    "max_tokens": 1,
    "messages": ASKED,
    "model": "pocket",
    "n": 2,
    "response_format": {"type": "json_object"},
    "seed": 1,
    "stop": ["a"],
    "stream": False,
    "stream_options": None,
    "temperature": 0.5,
    "top_logprobs": None,
    "top_p": 0.5,
}
CHAT_REFUSED: dict[str, Any] = {
    **REFUSED,
    "audio": {"format": "wav", "voice": "alloy"},
    "frequency_penalty": 0.5,
    "function_call": {"name": "look"},
    "functions": [TOOL["function"]],
    "logit_bias": {"5": 10},
    "modalities": ["text", "audio"],
    "prediction": {"type": "content", "content": "a"},
    "presence_penalty": -0.5,
    "reasoning_effort": "low",
    "verbosity": "low",
    "web_search_options": {},
}
RESPONSE_DONE: dict[str, Any] = {
    "include": ["message.output_text.logprobs"],
    "input": "Hello",
    "instructions": "Be brief.",
    "max_output_tokens": 1,
    "model": "pocket",
    "previous_response_id": None,
    "stream": False,
    "stream_options": None,
    "temperature": 0.5,
    "text": {"format": {"type": "json_object"}},
    "top_logprobs": 0,
    "top_p": 0.5,
}
RESPONSE_REFUSED: dict[str, Any] = {
    **REFUSED,
    "access_programs": {"cyber": "standard"},
    "background": True,
    "background_options": {"completion_window": "2h"},
    "context_management": [{"type": "compaction"}],
    "conversation": "conv_1",
    "image": {"context_compression": "auto"},
    "max_tool_calls": 1,
    "prompt": {"id": "pmpt_1"},
    "reasoning": {"effort": "low"},
    "truncation": "auto",
}


def fields(*kinds: Any) -> set[str]:
    return {name for kind in kinds for one in kind.__mro__ for name in getattr(one, "__annotations__", ())}


def test_no_field_of_the_client_is_new() -> None:
    known = fields(chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming)
    assert known == {*CHAT_DONE, *ASIDE, *CHAT_REFUSED}
    known = fields(response.ResponseCreateParamsNonStreaming, response.ResponseCreateParamsStreaming)
    assert known == {*RESPONSE_DONE, *ASIDE, *RESPONSE_REFUSED}


@pytest.mark.parametrize(
    ("path", "body", "taken", "refused"),
    [
        (
            "/v1/chat/completions",
            {"model": "pocket", "messages": ASKED, "max_tokens": 1},
            {**CHAT_DONE, **ASIDE},
            CHAT_REFUSED,
        ),
        (
            "/v1/responses",
            {"model": "pocket", "input": "Hello", "max_output_tokens": 1},
            {**RESPONSE_DONE, **ASIDE},
            RESPONSE_REFUSED,
        ),
    ],
)
def test_each_field_is_taken_or_refused_by_its_name(
    url: str, path: str, body: dict[str, Any], taken: dict[str, Any], refused: dict[str, Any]
) -> None:
    for name, value in taken.items():
        status, told, _ = ask(url, path, json.dumps({**body, name: value}).encode())
        assert status == 200, (name, told)
    for name, value in {**refused, "no_such_field": 1}.items():
        status, told, _ = ask(url, path, json.dumps({**body, name: value}).encode())
        assert status == 400, name
        assert (told["error"]["param"], told["error"]["code"]) == (name, "unsupported_parameter")
        assert f"'{name}'" in told["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings", "/v1/responses/compact", "/v1/audio/speech"])
def test_what_is_not_there_says_what_is(url: str, path: str) -> None:
    status, told, _ = ask(url, path, b'{"model": "pocket", "input": "a"}')
    assert (status, told["error"]["type"]) == (404, "invalid_request_error")
    assert f"(POST {path})" in told["error"]["message"]
    assert "/v1/chat/completions" in told["error"]["message"]
