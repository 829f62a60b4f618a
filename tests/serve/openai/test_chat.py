"""Chat as the official client asks for it, over a real socket."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import openai
import pytest

from crossover.serve.export import export
from crossover.serve.openai.measures import Measures
from crossover.serve.predict import Predictor
from crossover.study.folder import StudyFolder
from crossover.study.read import read_task
from crossover.testing.server import serving
from tests.serve.studies import NOTES

ASKED: Any = [{"role": "user", "content": "The soup is cold and the bread is old."}]
LABELS = sorted(NOTES)


def ask(url: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, Any]:
    """Status, body and headers of a plain request."""
    request = urllib.request.Request(url + path, body, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request) as reply:
            status, text, given = reply.status, reply.read().decode(), reply.headers
    except urllib.error.HTTPError as error:
        status, text, given = error.code, error.read().decode(), error.headers
    return status, json.loads(text) if text.startswith("{") else text, given


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["pocket", "notes-zero_shot", "notes-lora"]
    assert client.models.retrieve("pocket").owned_by == "crossover"
    with pytest.raises(openai.NotFoundError) as told:
        client.models.retrieve("nothing")
    assert told.value.code == "model_not_found"


def test_a_chat_says_what_the_model_says_with_its_tokens(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="pocket", messages=ASKED, temperature=0, max_completion_tokens=6, logprobs=True, top_logprobs=3
    )
    [choice] = reply.choices
    assert choice.message.role == "assistant"
    assert choice.logprobs is not None
    tokens = choice.logprobs.content
    assert tokens
    assert "".join(token.token for token in tokens).strip().startswith(choice.message.content or "?")
    for token in tokens:
        assert bytes(token.bytes or []).decode() == token.token
        assert [other.logprob for other in token.top_logprobs] == sorted(
            (o.logprob for o in token.top_logprobs), reverse=True
        )
        assert token.top_logprobs[0].token == token.token, "greedy takes the likeliest"
        assert token.logprob == token.top_logprobs[0].logprob <= 0
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert 0 < reply.usage.completion_tokens <= 6


def test_a_stream_says_the_same_piece_by_piece(client: openai.OpenAI) -> None:
    asked: Any = {"model": "pocket", "messages": ASKED, "temperature": 0, "max_tokens": 12}
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 4
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage == whole.usage


def test_stops_lengths_and_draws(client: openai.OpenAI) -> None:
    asked: Any = {"model": "pocket", "messages": ASKED, "max_tokens": 12}
    whole = client.chat.completions.create(**asked, temperature=0).choices[0].message.content or ""
    cut = client.chat.completions.create(**asked, temperature=0, stop=[whole[3:6]]).choices[0]
    assert (cut.message.content, cut.finish_reason) == (whole[: whole.index(whole[3:6])], "stop")
    streamed = client.chat.completions.create(**asked, temperature=0, stop=whole[3:6], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == cut.message.content
    short = client.chat.completions.create(model="pocket", messages=ASKED, temperature=0, max_tokens=1).choices[0]
    assert short.finish_reason == "length"
    several = [client.chat.completions.create(**asked, n=4, seed=7).choices for _ in range(2)]
    texts = [[choice.message.content for choice in choices] for choices in several]
    assert texts[0] == texts[1], "the seed fixes the draws"
    assert len(set(texts[0])) > 1
    assert [choice.index for choice in several[0]] == [0, 1, 2, 3]


def test_a_schema_is_kept_to(client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"place": {"enum": LABELS}},
        "required": ["place"],
        "additionalProperties": False,
    }
    form: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    reply = client.chat.completions.create(model="pocket", messages=ASKED, response_format=form)
    assert json.loads(reply.choices[0].message.content or "")["place"] in LABELS
    form["json_schema"]["schema"] = {"type": "no such type"}
    with pytest.raises(openai.BadRequestError, match="schema") as told:
        client.chat.completions.create(model="pocket", messages=ASKED, response_format=form)
    assert told.value.param == "response_format"


def test_a_candidate_answers_as_it_was_measured(client: openai.OpenAI, url: str, notes: StudyFolder) -> None:
    texts = ["The roses need water.", "The oven is cold.", "A tyre is flat."] * 4
    for name in ("zero_shot", "lora"):
        wanted = [answer.text for answer in Predictor.open(notes, name).answer(texts)]

        def answer(text: str, model: str = f"notes-{name}") -> str | None:
            messages: Any = [{"role": "user", "content": text}]
            return client.chat.completions.create(model=model, messages=messages).choices[0].message.content

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(answer, texts)) == wanted
    reply = client.chat.completions.create(model="notes-lora", messages=ASKED, logprobs=True, top_logprobs=20)
    assert reply.choices[0].logprobs
    [token] = reply.choices[0].logprobs.content or []
    assert token.token == reply.choices[0].message.content
    assert sorted(other.token for other in token.top_logprobs) == LABELS
    pieces = client.chat.completions.create(model="notes-lora", messages=ASKED, stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == token.token
    status, body, _ = ask(url, "/predict", json.dumps({"input": ASKED[0]["content"], "model": "notes-lora"}).encode())
    assert (status, body["answer"], sorted(body["scores"])) == (200, token.token, LABELS)


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"n": 0}, "n"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"top_p": 1.5}, "top_p"),
        ({"stream_options": {"every": 3}}, "stream_options"),
        ({"top_k": 5}, "top_k"),
        ({"structured_outputs": {"choice": ["a"]}}, "structured_outputs"),
        ({"guided_choice": ["a"]}, "guided_choice"),
        ({"grammar": 'root ::= "a"'}, "grammar"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"stop": [1]}, "stop"),
        ({"stop": ["a", ""]}, "stop"),
        ({"messages": [{"role": "user", "content": "word " * 5000}]}, "messages"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "Hi", "name": "Ana"}]}, "messages[0].name"),
        ({"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]}, "messages[0].tool_calls"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"model": "notes-lora", "messages": [{"role": "system", "content": "Be brief."}, *ASKED]}, "messages"),
        ({"model": "notes-lora", "n": 2}, "n"),
        ({"model": "notes-lora", "messages": [{"role": "user", "content": "  "}]}, "messages"),
    ],
)
def test_what_is_wrong_is_told_in_openais_shape(url: str, asked: dict[str, Any], param: str) -> None:
    body = {"model": "pocket", "messages": ASKED, **asked}
    for more in ({}, {"stream": True}):
        status, told, _ = ask(url, "/v1/chat/completions", json.dumps({**body, **more}).encode())
        assert (status, told["error"]["type"]) == (400, "invalid_request_error")
        assert (told["error"]["param"] or "").startswith(param)
        assert set(told["error"]) == {"message", "type", "param", "code"}
        assert "function-" not in told["error"]["message"]


def test_bodies_that_are_none(url: str) -> None:
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        assert ask(url, "/v1/chat/completions", body)[0] == 400
    assert ask(url, "/v1/chat/completions", b" " * (24 << 20))[0] == 413
    assert ask(url, "/v1/nothing")[0] == 404
    assert ask(url, "/v1/models")[0] == 200


def test_other_sites_and_other_names_are_refused(url: str) -> None:
    assert ask(url, "/v1/models", Origin="https://elsewhere.example")[0] == 403
    assert ask(url, "/v1/models", Origin=url)[0] == 200
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as plain:
        plain.sendall(b"GET /v1/models HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
        assert b" 421 " in plain.recv(1000)


def test_it_is_ready_once_recorded_rows_were_answered_as_measured(client: openai.OpenAI, url: str) -> None:
    assert client.chat.completions.create(model="pocket", messages=ASKED, max_tokens=1).choices
    assert until_told(url) == (200, "24 recorded rows were answered as measured")
    assert ask(url, "/health")[0] == 200
    _, text, _ = ask(url, "/metrics")
    assert "crossover_ready 1" in text
    assert 'crossover_requests_total{route="/v1/chat/completions",status="200"}' in text


def test_a_key_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "right")
    with serving("pocket", folder=tmp_path, key_variable="A_KEY", most=1) as url:
        assert ask(url, "/v1/models")[0] == 401
        assert ask(url, "/v1/models", Authorization="Bearer wrong")[0] == 401
        assert ask(url, "/v1/models", Authorization="Bearer right")[0] == 200
        assert ask(url, "/health")[0] == 200
        body = json.dumps({"model": "pocket", "messages": ASKED, "max_tokens": 60, "n": 4}).encode()

        def one(_: int) -> tuple[int, Any, Any]:
            return ask(url, "/v1/chat/completions", body, Authorization="Bearer right")

        found: list[tuple[int, Any, Any]] = []
        with ThreadPoolExecutor(6) as pool:
            while not any(reply[0] == 429 for reply in found):  # they may come one after the other
                found += pool.map(one, range(6))
        refused = [reply for reply in found if reply[0] == 429]
        assert {reply[0] for reply in found} == {200, 429}
        assert all(int(reply[2]["Retry-After"]) >= 1 for reply in refused)
        assert one(0)[0] == 200, "it recovers"


def until_told(url: str) -> tuple[int, str]:
    """Status and words of /ready, once recorded rows were replayed."""
    for _ in range(6000):
        status, body, _ = ask(url, "/ready")
        if body["proof"] != "recorded rows are being replayed":
            return status, body["proof"]
        time.sleep(0.05)
    raise AssertionError("it is never told")


def test_a_candidate_whose_answers_differ_is_not_ready(notes: StudyFolder, tmp_path: Path) -> None:
    shutil.copytree(notes.path, tmp_path / "run")
    with closing(sqlite3.connect(tmp_path / "run" / "study.db")) as journal, journal:
        bodies = [(body, json.loads(body)) for (body,) in journal.execute("SELECT body FROM runs")]
        for before, body in bodies:
            body["records"][0]["prediction"] = "cellar"
            journal.execute("UPDATE runs SET body = ? WHERE body = ?", (json.dumps(body), before))
    with serving(f"{tmp_path}/run:lora", folder=tmp_path / "served") as url:
        status, said = until_told(url)
        assert status == 503
        assert said.startswith("notes-lora answers otherwise than measured: ")
        assert "instead of 'cellar'" in said
        assert "crossover_ready 0" in ask(url, "/metrics")[1]


def test_an_export_is_served_as_its_study_is(notes: StudyFolder, tmp_path: Path) -> None:
    export(notes, tmp_path / "out", "lora")
    texts = ["The roses need water.", "The oven is cold.", "A tyre is flat."]
    wanted = [answer.text for answer in Predictor.open(notes, "lora").answer(texts)]
    with serving(str(tmp_path / "out"), folder=tmp_path / "served") as url:
        found = [ask(url, "/predict", json.dumps({"input": text}).encode())[1] for text in texts]
        assert [body["answer"] for body in found] == wanted
        assert {body["model"] for body in found} == {"out"}
        told = ask(url, "/predict", json.dumps({"input": {"text": "x"}}).encode())
        assert (told[0], told[1]["error"]["param"]) == (400, "input")


def test_a_row_is_read_as_the_task_says(url: str, notes: StudyFolder) -> None:
    column = read_task(notes).input.strip("{}")
    body = {"model": "notes-lora", "input": {column: "The oven is cold."}}
    text = {**body, "input": "The oven is cold."}
    found = [ask(url, "/predict", json.dumps(of).encode())[1] for of in (body, text)]
    assert found[0]["answer"] == found[1]["answer"]
    status, told, _ = ask(url, "/predict", json.dumps({**body, "input": {"other": "x"}}).encode())
    assert (status, told["error"]["param"]) == (400, "input")
    for blank in (" ", "\u200b\ufeff"):
        status, told, _ = ask(url, "/predict", json.dumps({**body, "input": blank}).encode())
        assert (status, "the input is empty" in told["error"]["message"]) == (400, True)
    assert ask(url, "/predict", json.dumps({"input": "x"}).encode())[0] == 400, "which of the candidates?"
    assert ask(url, "/predict", json.dumps({"model": "pocket", "input": "x"}).encode())[0] == 400


FEW = 500  # steps of a model: a text of 4000 characters takes more than a thousand


def steps(url: str) -> int:
    """Of all models of a server, so far."""
    [count] = [
        line.split()[1] for line in ask(url, "/metrics")[1].splitlines() if line.startswith("crossover_batches_total")
    ]
    return int(count)


def in_the_end(url: str) -> int:
    """The steps once no more are done."""
    before = -1
    while before != (before := steps(url)):
        time.sleep(0.3)
    return before


def test_whoever_goes_is_not_written_for(client: openai.OpenAI, url: str) -> None:
    asked: Any = {"model": "pocket", "messages": ASKED, "n": 8, "max_tokens": 1500, "stop": ["no such text"], "seed": 1}
    form: Any = {"type": "json_schema", "json_schema": {"name": "long", "schema": {"type": "string", "minLength": 4000}}}
    before = steps(url)
    with client.chat.completions.create(**asked, response_format=form, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(model="pocket", messages=ASKED, max_tokens=1).choices
    assert in_the_end(url) < before + FEW, "the answers that nobody reads are left"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_whoever_goes_before_a_stream_begins_is_not_written_for(
    url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossover.serve.openai.hearing.Hearing._pass", lambda self, upto: None)  # it never begins
    form: Any = {"type": "json_schema", "name": "long", "schema": {"type": "string", "minLength": 4000}}
    asked = {
        "model": "pocket",
        "messages": ASKED,
        "response_format": {**form, "json_schema": form},
        "max_tokens": 1500,
        "n": 8,
    }
    if path == "/v1/responses":
        asked = {"model": "pocket", "input": "Hello", "text": {"format": form}, "max_output_tokens": 1500}
    body = json.dumps({**asked, "stream": True}).encode()
    host, port = url.removeprefix("http://").split(":")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    before = steps(url)
    with socket.create_connection((host, int(port))) as plain:
        plain.sendall(head.encode() + body)
        while steps(url) == before:
            time.sleep(0.02)
    assert in_the_end(url) < before + FEW, "nobody reads what is written"


def test_a_schema_that_would_keep_all_others_waiting_is_refused(url: str) -> None:
    schema = {"type": "object", "properties": {f"field-{number}": {"type": "string"} for number in range(5000)}}
    form = {"type": "json_schema", "json_schema": {"name": "many", "schema": schema}}
    asked = {"model": "pocket", "messages": ASKED, "response_format": form}
    status, told, _ = ask(url, "/v1/chat/completions", json.dumps(asked).encode())
    assert (status, told["error"]["param"]) == (400, "response_format.json_schema.schema")
    assert "120000" in told["error"]["message"]


def test_a_server_that_ends_writes_for_nobody_whom_it_sends_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossover.serve.openai.run.PATIENCE", 0.2)
    done: list[int] = []
    monkeypatch.setattr(Measures, "batch", lambda self, size: done.append(size))
    form = {"type": "json_schema", "json_schema": {"name": "long", "schema": {"type": "string", "minLength": 4000}}}
    asked = {"model": "pocket", "messages": ASKED, "n": 8, "max_tokens": 1500, "response_format": form}
    body = json.dumps(asked).encode()
    with ThreadPoolExecutor(1) as pool:
        with serving("pocket", folder=tmp_path) as url:
            under_way = pool.submit(ask, url, "/v1/chat/completions", body)
            while not done:
                time.sleep(0.02)
        assert len(done) < FEW, "it does not wait for the end of the answers"
        with suppress(OSError, http.client.HTTPException):
            under_way.result()
