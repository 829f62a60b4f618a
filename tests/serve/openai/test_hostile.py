"""Whatever is sent is answered in OpenAI's shape, or the connection is closed; the server goes on."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.serve.openai.test_chat import ASKED, ask
from tests.serve.openai.test_fields import CHAT_DONE, CHAT_REFUSED, RESPONSE_DONE, RESPONSE_REFUSED

HUGE = 10**400
DEEP = "deep"  # stands for what follows: hypothesis cannot show it
NESTED: Any = {"type": "string"}
for _ in range(300):
    NESTED = {"type": "object", "properties": {"a": NESTED}}
ODD = st.sampled_from(
    [None, True, -1, 0, HUGE, -HUGE, float("nan"), float("inf"), "", "\ud800", "\x00", "x" * 9000, NESTED]
)
VALUES = st.recursive(
    ODD | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CHAT: dict[str, Any] = {"model": "pocket", "messages": ASKED, "max_tokens": 1}
RESPONSE: dict[str, Any] = {"model": "pocket", "input": "Hello", "max_output_tokens": 1}
WITHIN = {  # a field, and what stands around a value in it
    "content": lambda v: {"messages": [{"role": "user", "content": v}]},
    "part": lambda v: {"messages": [{"role": "user", "content": [{"type": "text", "text": v}]}]},
    "role": lambda v: {"messages": [{"role": v, "content": "a"}]},
    "schema": lambda v: {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": v}}},
    "property": lambda v: {
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"properties": {"a": v}}}}
    },
    "format": lambda v: {"text": {"format": {"type": "json_schema", "name": "a", "schema": v}}},
    "more": lambda v: {"text": {"format": {"type": "text", "more": v}}},
    "item": lambda v: {"input": [{"role": "user", "content": v}]},
    "metadata": lambda v: {"metadata": {"a": v}},
}
CASES = [
    *(("/v1/chat/completions", name) for name in sorted({*CHAT_DONE, *CHAT_REFUSED, "metadata", "user"})),
    *(("/v1/responses", name) for name in sorted({*RESPONSE_DONE, *RESPONSE_REFUSED, "metadata", "user", "seed"})),
    *(("/v1/chat/completions", f"within {name}") for name in ("content", "part", "role", "schema", "property")),
    *(("/v1/responses", f"within {name}") for name in ("format", "more", "item", "metadata")),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CASES), VALUES)
@example(("/v1/chat/completions", "within schema"), DEEP)
@example(("/v1/responses", "within more"), DEEP)
@example(("/v1/responses", "within more"), float("nan"))
@example(("/v1/chat/completions", "n"), HUGE)
@example(("/v1/chat/completions", "max_tokens"), HUGE)
@example(("/v1/chat/completions", "seed"), HUGE)
@example(("/v1/chat/completions", "stop"), ["\x00"])
def test_any_value_of_any_field_is_answered(url: str, case: tuple[str, str], value: Any) -> None:
    path, name = case
    value = NESTED if value == DEEP else value
    _, within, place = name.partition("within ")
    more = WITHIN[place](value) if within else {name: value}
    body = {**(CHAT if path.endswith("completions") else RESPONSE), **more}
    status, told, _ = ask(url, path, json.dumps(body).encode())
    assert status in ((200, 400, 404) if name == "model" else (200, 400)), told
    if status != 200:
        assert set(told["error"]) == {"message", "type", "param", "code"}
        assert len(told["error"]["message"]) < 1000


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1/models HTTP/1.1\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere.example\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\n\r\n",
        b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\r\nOrigin: \x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_odd_heads_are_refused(url: str, sent: bytes) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall(sent)
        try:
            got = plain.recv(1000)
        except ConnectionResetError:
            got = b""
    assert not got or got.split(b" ", 2)[1].startswith(b"4"), got
    assert ask(url, "/v1/models")[0] == 200


def test_one_who_sends_slowly_or_goes_keeps_nobody_waiting(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = url.removeprefix("http://").split(":")
    monkeypatch.setattr("crossover.serve.openai.guard.SLOW", 0.3)
    head = b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n"
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(40)]
    for one in slow:
        one.sendall(head + b'{"model":')
    for one in slow[20:]:
        one.close()
    assert ask(url, "/v1/responses", json.dumps(RESPONSE).encode())[0] == 200
    for one in slow[:20]:
        assert b" 408 " in one.recv(1000)
        one.close()
