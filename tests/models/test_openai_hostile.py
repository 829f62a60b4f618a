"""A service that answers nonsense: each call ends in a right reply or a recorded failure."""

from __future__ import annotations

import gc
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.errors import ModelError, without_keys
from crossover.models._service import told_line
from crossover.models.open import open_model
from crossover.models.openai import Openai
from crossover.models.openai.labels import scores_of
from crossover.models.openai.wire import answered
from crossover.types import LOST, Decoding, Message, Request
from tests.models.service import Service, serving


def body(**more: object) -> bytes:
    choice = {"message": {"content": "b"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    return json.dumps({"choices": [choice], "usage": usage, **more}).encode()


@contextmanager
def raw(write: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[float]]]:
    """A server whose answers `write` writes, with the times of its requests."""
    calls: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            calls.append(time.monotonic())
            write(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", calls
    finally:
        server.shutdown()
        server.server_close()


def ask() -> Request:
    return Request((Message("user", "a or b?"),), Decoding(max_tokens=4))


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity"])
def test_a_log_probability_that_is_no_number_is_none(odd: str) -> None:
    tops = [{"token": "a", "logprob": float(odd)}, {"token": "b", "logprob": -0.1}]
    choice = {"message": {"content": "b"}, "logprobs": {"content": [{"top_logprobs": tops}]}}
    _, top = answered(body(choices=[choice]), {})
    assert top == {"b": -0.1}
    scores = scores_of(["a", "b"], top)
    assert scores is not None
    assert scores[1] > scores[0]


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "I can't help\nwith that."},
        {"content": "", "refusal": "I can't help with that."},
        {"content": [{"type": "refusal", "refusal": "I can't help with that."}]},
    ],
)
def test_a_refusal_is_a_failed_call_with_its_words(message: dict[str, Any]) -> None:
    def refuse(to: BaseHTTPRequestHandler) -> None:
        told = body(choices=[{"message": {"role": "assistant", **message}, "finish_reason": "stop"}])
        to.send_response(200)
        to.send_header("Content-Type", "application/json")
        to.send_header("Content-Length", str(len(told)))
        to.end_headers()
        to.wfile.write(told)

    with raw(refuse) as (url, calls):
        [reply] = Openai("m", url=url).complete([ask()])
    assert (reply.text, reply.error) == ("", "the model refused to answer: I can't help with that.")
    assert (reply.finish, len(calls)) == ("filter", 1), "what was paid for is not asked again"


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ([{"type": "text", "text": "re"}, {"type": "text", "text": "fund"}], "refund"),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "refund"}],
            "refund",
        ),
        ([{"type": "reasoning", "summary": []}, {"type": "output_text", "text": "refund"}], "refund"),
        ([{"type": "thinking", "thinking": []}], ""),
        ([], ""),
        ([None, 3, {"type": "text"}, {"type": "text", "text": 5}], ""),
        ({"type": "text", "text": "refund"}, ""),
    ],
)
def test_the_text_of_an_answer_in_parts_is_read_and_what_was_thought_is_not(content: object, read: str) -> None:
    attempt, _ = answered(body(choices=[{"message": {"content": content}, "finish_reason": "stop"}]), {})
    assert attempt.reply is not None
    assert attempt.reply.text == read
    assert attempt.reply.error == (None if read else "the service's answer is empty")


def test_the_first_token_of_an_answer_in_parts_is_not_taken_for_its_label_s() -> None:
    thought = {"content": [{"top_logprobs": [{"token": "a", "logprob": -0.1}]}]}
    parts = [{"type": "thinking", "thinking": "a thought"}, {"type": "text", "text": "b"}]
    attempt, top = answered(body(choices=[{"message": {"content": parts}, "logprobs": thought}]), {})
    assert attempt.reply is not None
    assert (attempt.reply.text, top) == ("b", {})


def test_an_answer_nested_without_end_is_a_recorded_failure() -> None:
    attempt, _ = answered(b'{"choices":' + b"[" * 200_000, {})
    assert attempt.reply is not None
    assert "no chat completion" in str(attempt.reply.error)


def test_tokens_beyond_all_measure_are_not_believed() -> None:
    attempt, _ = answered(body(usage={"prompt_tokens": 10**400, "completion_tokens": 10**30}), {})
    assert attempt.reply is not None
    assert (attempt.reply.usage.tokens_in, attempt.reply.usage.tokens_out) == (0, 0)


def test_what_comes_drop_by_drop_is_given_up() -> None:
    left = threading.Event()

    def drip(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", "6000")
        to.end_headers()
        try:
            for _ in range(6000):
                to.wfile.write(b" ")
                time.sleep(0.1)
        except OSError:
            left.set()

    with raw(drip) as (url, calls):
        [reply] = Openai("m", url=url, timeout=2).complete([ask()])
        assert "no answer within 2 seconds" in str(reply.error)
        assert len(calls) == 1
        assert left.wait(60), "it hangs up, and reads no more"


def test_an_answer_that_cannot_be_unpacked_is_not_asked_for_again() -> None:
    def packed(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Encoding", "gzip")
        to.send_header("Content-Length", "9")
        to.end_headers()
        to.wfile.write(b"not a zip")

    with raw(packed) as (url, calls):
        [reply] = Openai("m", url=url).complete([ask()])
        assert "cannot be unpacked" in str(reply.error)
        assert len(calls) == 1


def test_half_characters_and_commands_to_a_terminal_are_not_passed_on() -> None:
    choice = {"message": {"content": "b\ud800"}}
    attempt, _ = answered(body(choices=[choice], model="m\ud800"), {})
    assert attempt.reply is not None
    assert (attempt.reply.text, attempt.reply.model) == ("b?", "m?")
    assert told_line("no \x1b[31mred\x07 \ud800") == "no \ufffd[31mred\ufffd \ufffd"


ORDINARY = (
    "Incorrect API key provided.",
    "the key provided is not authorised for this project",
    "Bearer authentication is required; the token endpoint is closed",
    "code token_limit_exceeded, model gpt-4.1-mini-2025-04-14",
    "the key columns of sk-learn pipelines",
    "secret ingredient missing",
    "at most 4096 tokens of key words",
    "task.yaml, line 3, key 'models.gpt4o.prices': it is missing",
)
KEYS = (
    "Incorrect API key provided: {}. You can find yours at the service",
    "Authorization: Bearer {}",
    "api_key={} is unknown",
    "the token '{}' has expired",
    "password is {}",
    "task.yaml, line 3, key 'model': the service says: no such API key '{}'",
)


def test_a_services_words_stay_and_keys_in_them_go() -> None:
    for said in ORDINARY:
        assert without_keys(said) == said
    for key in ("canary-4711-xyz", "0f3a9c77d2e84b1b", "sk-proj-abcdefgh", "AIzaSyA1234567890abcdefghij", "abc1****wxyz"):
        for said in KEYS:
            assert without_keys(said.format(key)) == said.format("…"), said


@given(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=30),
    st.text("0123456789", min_size=1, max_size=30),
    st.sampled_from(KEYS),
)
def test_whatever_has_letters_and_digits_behind_a_word_for_keys_goes(letters: str, digits: str, said: str) -> None:
    assert letters + digits not in without_keys(said.format(letters + digits))
    assert without_keys(f"the key {letters} is wrong") == f"the key {letters} is wrong"


def test_what_was_sent_and_not_answered_is_not_sent_again() -> None:
    def drop(to: BaseHTTPRequestHandler) -> None:
        to.close_connection = True

    def reset(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", "1000")
        to.end_headers()
        to.wfile.write(b'{"choices": [')
        to.wfile.flush()
        to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        to.connection.close()  # a reset, in the middle of the body
        to.close_connection = True

    for write in (drop, reset):
        with raw(write) as (url, calls):
            model = Openai("m", url=url)
            [reply] = model.complete([ask()])
            assert reply.finish == LOST, write
            assert "the connection broke" in str(reply.error)
            assert len(calls) == 1
            with pytest.raises(ModelError, match=r"the connection broke.*nothing else has come"):
                model.complete([ask()] * 500)
            assert len(calls) < 200, "a service that only loses what it is sent is soon left alone"


@pytest.mark.parametrize(
    ("usage", "out"),
    [
        ({"completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 40}}, 50),
        ({"completion_tokens": 50, "total_tokens": 60, "completion_tokens_details": {"reasoning_tokens": 40}}, 50),
        ({"completion_tokens": 10, "total_tokens": 60, "completion_tokens_details": {"reasoning_tokens": 40}}, 50),
        ({"completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 40}}, 50),
        ({"completion_tokens": 10, "total_tokens": 20, "completion_tokens_details": {"reasoning_tokens": "x"}}, 10),
    ],
)
def test_hidden_tokens_count_whether_or_not_the_service_has_them_among_the_answers(
    usage: dict[str, object], out: int
) -> None:
    attempt, _ = answered(body(usage={"prompt_tokens": 10, **usage}), {})
    assert attempt.reply is not None
    assert attempt.reply.usage.tokens_out == out


def test_an_answer_that_was_all_thought_says_what_to_set() -> None:
    choice = {"message": {"content": ""}, "finish_reason": "length"}
    usage = {"prompt_tokens": 3, "completion_tokens": 16, "completion_tokens_details": {"reasoning_tokens": 16}}
    attempt, _ = answered(body(choices=[choice], usage=usage), {})
    assert attempt.reply is not None
    assert "after 16 tokens of thinking; the option effort" in str(attempt.reply.error)


def test_a_key_in_the_place_of_a_models_name_is_refused_and_not_shown() -> None:
    with pytest.raises(ModelError, match="looks like a key, which is not shown") as found:
        open_model("openai:sk-proj-abcdefghijklmnopqrstuvwxyz?url=http://127.0.0.1:1/v1")
    assert "abcdefgh" not in str(found.value)


def test_what_a_service_leaves_out_of_its_count_is_estimated_and_more_from_the_cache_than_there_is_is_not_believed() -> (
    None
):
    body = {"choices": [{"message": {"content": "one two three four"}, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 900}}
    attempt, _ = answered(json.dumps(body | {"usage": usage}).encode(), {})
    assert attempt.reply is not None
    assert (attempt.reply.usage.tokens_in, attempt.reply.usage.cached_in) == (10, 10)
    made = open_model("openai:m?url=http://127.0.0.1:1/v1")
    asked = Request((Message("user", "x"),))
    counted = made._counted(attempt, asked).reply  # type: ignore[attr-defined]
    said = made.count_tokens([Message("assistant", "one two three four")])
    assert (counted.usage.tokens_in, counted.usage.tokens_out) == (10, said)


def test_connections_are_closed_without_a_word_when_the_model_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Service()) as service:
        chosen = Openai("m", url=service.url)
        assert chosen.complete([ask()])[0].error is None
        del chosen
        gc.collect()
        until = time.monotonic() + 60
        while service.open and time.monotonic() < until:
            time.sleep(0.01)
        assert service.open == 0
    assert "Unclosed" not in caplog.text
