"""Whatever is sent is answered in OpenAI's shape, or the connection is closed; the server goes on."""

from __future__ import annotations

import json
import select
import socket
import time
from contextlib import suppress
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crossover.serve.openai.response_body import ResponseBody
from crossover.serve.openai.wire import ChatBody, JobBody, PredictBody
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


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


MANY: list[Any] = [1] * 300_000


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/chat/completions", {"messages": MANY}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": MANY}]}),
        ("/v1/chat/completions", {"stop": MANY}),
        ("/v1/responses", {"input": MANY}),
        ("/v1/responses", {"include": MANY}),
        ("/v1/responses", {"metadata": {str(number): 1 for number in range(100_000)}}),
        ("/predict", {str(number): 1 for number in range(100_000)}),
        ("/v1/fine_tuning/jobs", {"training_file": "file-1", "metadata": {str(number): 1 for number in range(100_000)}}),
    ],
)
def test_a_body_that_is_wrong_in_many_places_is_told_of_the_first(path: str, more: dict[str, Any]) -> None:
    kinds: dict[str, Any] = {"/v1/chat/completions": ChatBody, "/v1/responses": ResponseBody, "/predict": PredictBody}
    with pytest.raises(ValidationError) as wrong:
        kinds.get(path, JobBody).model_validate({**(CHAT if path.endswith("completions") else RESPONSE), **more})
    assert len(wrong.value.errors()) < 5, "each would take a kilobyte, and keep all others waiting"


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
    with socket.create_connection((host, int(port)), timeout=60) as plain:
        plain.sendall(sent)
        try:
            got = plain.recv(1000)
        except ConnectionResetError:
            got = b""
    assert not got or got.split(b" ", 2)[1].startswith(b"4"), got
    assert ask(url, "/v1/models")[0] == 200


def connected(url: str, size: int | None = None) -> socket.socket:
    """A connection, whose client takes at most so many bytes before it reads."""
    host, port = url.removeprefix("http://").split(":")
    plain = socket.socket()
    if size is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    plain.settimeout(60)
    plain.connect((host, int(port)))
    return plain


def test_one_who_sends_slowly_or_goes_keeps_nobody_waiting(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossover.serve.patience.SLOW", 0.3)
    head = b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    slow = [connected(url) for _ in range(40)]
    for one in slow:
        one.sendall(head % 90 + b'{"model":')
    for one in slow[20:]:
        one.close()
    body = json.dumps(RESPONSE).encode()
    with connected(url) as quick:
        quick.sendall(head % len(body) + body)  # in one piece, so that nothing comes between
        assert b" 200 " in quick.recv(1000)
    for one in slow[:20]:
        assert b" 408 " in one.recv(1000)
        one.close()
    with connected(url) as steady:  # it always comes, a byte at a time
        steady.sendall(head % 1000)
        for _ in range(900):
            steady.sendall(b" ")
            if select.select([steady], [], [], 0.05)[0]:
                break
        else:
            raise AssertionError("each byte gives it more time")
        assert b" 408 " in steady.recv(1000)


def test_a_head_without_an_end_is_not_waited_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = connected(url)
    whole = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    later.sendall(whole)
    got = b""
    while not got.endswith(b"}"):
        piece = later.recv(1000)
        assert piece
        got += piece
    assert got.startswith(b"HTTP/1.1 200")
    monkeypatch.setattr("crossover.serve.patience.HEAD", 0.4)
    silent, slow = connected(url), connected(url)
    slow.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n")
    later.sendall(whole[:20])
    ended = set[socket.socket]()
    for number in range(600):
        for one in {slow, later} - ended:
            with suppress(OSError):
                one.sendall(f"X-{number}: a\r\n".encode())
        for one in select.select(list({silent, slow, later} - ended), [], [], 0.1)[0]:
            with suppress(ConnectionResetError):
                assert one.recv(1000) == b""
            ended.add(one)
        if len(ended) == 3:
            break
    assert ended == {silent, slow, later}
    for one in ended:
        one.close()


def test_who_does_not_read_his_answer_is_let_go(url: str, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossover.serve.patience.UNREAD", 0.3)
    size, route = 12 << 20, 'route="/v1/files/{identity}/content",status="200"'
    file = client.files.create(file=("big.bin", bytes(size)), purpose="user_data")

    def over() -> list[str]:
        return [line for line in ask(url, "/metrics")[1].splitlines() if route in line]

    before, taken, until = over(), 0, time.monotonic() + 120
    with connected(url, 4096) as plain:
        plain.sendall(f"GET /v1/files/{file.id}/content HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while over() == before:
            assert time.monotonic() < until, "it is still being sent"
            time.sleep(0.1)
        with suppress(ConnectionResetError):
            while got := plain.recv(1 << 20):
                taken += len(got)
    assert taken < size
    client.files.delete(file.id)
