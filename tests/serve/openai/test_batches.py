"""Batches as the official client asks for them, and as a model with batch=true does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import openai
import pytest

from crossover.engine import batches
from crossover.models.open import open_model
from crossover.serve.openai.batches import Batches
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.files import Files
from crossover.study.folder import write_json
from crossover.testing.server import serving
from tests.models.test_openai import asked, caller

ASKED: Any = [{"role": "user", "content": "Is the soup hot or cold?"}]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("pocket", folder=tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def line(key: str, **body: Any) -> dict[str, Any]:
    about = {"model": "pocket", "messages": ASKED, "max_tokens": 3, "temperature": 0, **body}
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": about}


def begun(client: openai.OpenAI, *lines: Any) -> Any:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    file = client.files.create(file=("asked.jsonl", text.encode()), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"mine": "1"}
    )


def over(client: openai.OpenAI, batch: Any) -> Any:
    until = time.monotonic() + 300
    while client.batches.retrieve(batch.id).status in ("validating", "in_progress", "finalizing", "cancelling"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return client.batches.retrieve(batch.id)


def results(client: openai.OpenAI, file: str) -> dict[str, Any]:
    found = [json.loads(one) for one in client.files.content(file).text.split("\n") if one]
    return {one["custom_id"]: one["response"] for one in found}


def test_a_batch_answers_each_line_as_a_chat_would_and_tells_apart_what_failed(client: openai.OpenAI) -> None:
    bad = [line("none", model="absent"), line("tools", tools=[{"type": "function"}]), line("stream", stream=True)]
    done = over(client, begun(client, line("a"), line("b\ud800", max_tokens=1), *bad, line("empty", messages=[])))
    assert (done.status, done.metadata) == ("completed", {"mine": "1"})
    assert done.request_counts is not None
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (6, 2, 4)
    good = results(client, done.output_file_id)
    chat = client.chat.completions.create(model="pocket", messages=ASKED, max_tokens=3, temperature=0)
    assert good["a"]["body"]["choices"][0]["message"]["content"] == chat.choices[0].message.content
    assert good["b\ud800"]["body"]["usage"]["completion_tokens"] == 1
    failed = {key: one["status_code"] for key, one in results(client, done.error_file_id).items()}
    assert failed == {"none": 404, "tools": 400, "stream": 400, "empty": 400}
    assert done.id in [one.id for one in client.batches.list()]
    with pytest.raises(openai.BadRequestError):
        client.batches.cancel(done.id)


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        (("{",), "invalid_json_line", 1),
        ((line("a\ud800"), line("a\ud800")), "duplicate_custom_id", 2),
        ((line("a") | {"url": "/v1/embeddings"},), "invalid_url", 1),
        (("",), "empty_file", None),
    ],
)
def test_a_file_that_cannot_be_asked_fails_whole(
    client: openai.OpenAI, lines: tuple[Any, ...], code: str, number: int | None
) -> None:
    done = over(client, begun(client, *lines))
    assert done.status == "failed"
    assert done.errors is not None
    assert done.errors.data is not None
    assert (done.errors.data[0].code, done.errors.data[0].line) == (code, number)
    assert done.output_file_id is None


def test_what_is_no_batch_is_refused(client: openai.OpenAI) -> None:
    file = client.files.create(file=("x.jsonl", b"{}"), purpose="user_data")
    for identity in (file.id, "file-none"):
        with pytest.raises(openai.BadRequestError, match=r"purpose|no file"):
            client.batches.create(input_file_id=identity, endpoint="/v1/chat/completions", completion_window="24h")
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("../../etc")


def test_a_cancelled_batch_keeps_what_it_has(client: openai.OpenAI) -> None:
    batch = begun(client, *(line(str(number)) for number in range(4000)))  # more than is answered before it is cancelled
    client.batches.cancel(batch.id)
    done = over(client, batch)
    assert done.status == "cancelled"
    assert (
        done.request_counts.completed + done.request_counts.failed == done.request_counts.total or not done.request_counts
    )


def test_a_batch_that_ends_while_it_is_cancelled_stays_over(tmp_path: Path) -> None:
    looked = threading.Event()

    class Looked(Batches):
        def _read(self, identity: str) -> dict[str, Any]:
            found = super()._read(identity)
            if threading.current_thread() is not threading.main_thread():
                looked.set()
            return found

    every, identity = Looked(tmp_path, Files(tmp_path), cast(Any, None)), f"batch-{24 * '0'}"
    (tmp_path / "batches" / identity).mkdir(parents=True)
    write_json(tmp_path / "batches" / identity / "batch.json", {"id": identity, "status": "in_progress"})
    with ThreadPoolExecutor(1) as pool:
        with every._lock:
            told = pool.submit(every.cancel, identity)
            looked.wait(0.5)
            every._change(identity, status="completed")
        with pytest.raises(ApiError, match="is completed"):
            told.result()
    assert every.get(identity)["status"] == "completed"


def test_a_server_that_ends_goes_on_where_it_was(tmp_path: Path) -> None:
    with serving("pocket", folder=tmp_path) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        batch = begun(client, *(line(str(number), seed=number) for number in range(200)))
        while not (client.batches.retrieve(batch.id).request_counts or batch.request_counts).completed:
            time.sleep(0.01)
    place = tmp_path / "batches" / batch.id
    before = (place / "done.jsonl").read_text().splitlines()
    assert 0 < len(before) <= 200
    odd = json.loads(before[0])
    odd["response"]["body"]["choices"][0]["message"]["content"] = "soup\u2028or\x85rice"  # ends no line of JSON
    lines = [json.dumps(odd, ensure_ascii=False), *before[1:]]
    (place / "done.jsonl").write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    with (place / "done.jsonl").open("a") as file:
        file.write('{"half')  # as a killed server leaves it
    with serving("pocket", folder=tmp_path) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        done = over(client, batch)
        assert (done.status, done.request_counts.completed) == ("completed", 200)
        found = results(client, done.output_file_id)
        assert len(found) == 200
        assert found[odd["custom_id"]]["body"]["choices"][0]["message"]["content"] == "soup\u2028or\x85rice"
    assert (place / "done.jsonl").read_text().split("\n")[: len(lines)] == lines, "nothing is answered again"


def test_a_model_asked_in_batches_answers_as_it_does_at_once(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LOOK", 0.02)
    some = asked([f"Is thing {number} hot?" for number in range(12)], max_tokens=3)
    some += asked(["Which one?"], labels=("hot", "cold"))
    batched = open_model(f"openai:pocket?url={url}/v1&batch=true")
    ask, meter, _ = caller(tmp_path)
    replies = ask.ask(batched, some, "dev")
    alone = open_model(f"openai:pocket?url={url}/v1&labels=constrained").complete(some)
    assert [(one.text, one.error) for one in replies] == [(one.text, one.error) for one in alone]
    assert [one.usage.tokens_out for one in replies] == [one.usage.tokens_out for one in alone]
    assert meter.calls == 13
