"""Files and tuning jobs by the official client: uploaded, tuned, watched, used, stopped, and gone on with after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from crossover.serve.openai.lines import training_rows
from crossover.testing.server import serving
from tests.models.tiny import build

PLACES = {"soup": "kitchen", "rake": "garden", "tyre": "garage"}
OVER = ("succeeded", "failed", "cancelled")


def conversation(word: str, place: str) -> dict[str, Any]:
    asked = {"role": "user", "content": f"Where does the {word} belong?"}
    return {"messages": [asked, {"role": "assistant", "content": place}]}


def lines(count: int = 4) -> bytes:
    rows = [conversation(word, place) for word, place in PLACES.items()] * count
    return "\n".join(map(json.dumps, rows)).encode()


def wait(client: openai.OpenAI, job: str, *status: str) -> Any:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        found = client.fine_tuning.jobs.retrieve(job)
        if found.status in (status or OVER):
            return found
        assert found.status not in OVER, found.error
        time.sleep(0.05)
    raise AssertionError(f"the job is still {found.status}")


def upload(client: openai.OpenAI, content: bytes) -> str:
    return client.files.create(file=("rows.jsonl", content), purpose="fine-tune").id


def method(**hyperparameters: Any) -> Any:
    return {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}}


def ask(client: openai.OpenAI, model: str, word: str) -> str | None:
    messages: Any = conversation(word, "")["messages"][:1]
    return client.chat.completions.create(model=model, messages=messages, temperature=0).choices[0].message.content


def client_of(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    with serving("pocket", folder=tmp_path_factory.mktemp("served")) as url:
        yield client_of(url)


def test_files_are_kept_listed_read_and_deleted(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("../../rows.jsonl", lines()), purpose="fine-tune")
    assert (kept.filename, kept.bytes, kept.status) == ("rows.jsonl", len(lines()), "processed")
    assert client.files.retrieve(kept.id) == kept
    assert client.files.content(kept.id).content == lines()
    other = client.files.create(file=("note.txt", b"a note"), purpose="user_data")
    assert [file.id for file in client.files.list(purpose="fine-tune")] == [kept.id]
    assert {file.id for file in client.files.list(limit=1)} == {kept.id, other.id}, "page by page"
    for file in (kept, other):
        assert client.files.delete(file.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(file.id)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (lines() + b"\nnot json", "line 13 is not JSON"),
        (b"[1]", "line 1 is no JSON object"),
        (b"\xff\xfe", "line 1 is not JSON"),
    ],
)
def test_what_is_no_file_to_tune_with_is_refused(client: openai.OpenAI, content: bytes, said: str) -> None:
    with pytest.raises(openai.BadRequestError, match=said):
        upload(client, content)
    assert not list(client.files.list())


def test_a_job_tunes_a_model_that_answers_at_once(client: openai.OpenAI) -> None:
    file, valid = upload(client, lines()), upload(client, lines(1))
    job = client.fine_tuning.jobs.create(
        model="pocket",
        training_file=file,
        validation_file=valid,
        suffix="places",
        seed=3,
        metadata={"team": "house"},
        method=method(n_epochs=8, batch_size=4),
    )
    assert job.status == "validating_files"
    client.files.delete(file)  # the job has what it needs
    done = wait(client, job.id)
    assert (done.status, done.seed, done.metadata) == ("succeeded", 3, {"team": "house"})
    assert done.fine_tuned_model is not None
    assert done.fine_tuned_model.startswith("ft:pocket:places:")
    assert done.method is not None
    assert done.method.supervised is not None
    assert done.method.supervised.hyperparameters is not None
    assert done.method.supervised.hyperparameters.model_dump() == {
        "n_epochs": 8,
        "batch_size": 4,
        "learning_rate_multiplier": 1.0,
    }
    assert (done.trained_tokens or 0) > 0
    assert (done.finished_at or 0) >= done.created_at
    assert {word: ask(client, done.fine_tuned_model, word) for word in PLACES} == PLACES
    assert ask(client, "pocket", "soup") != "kitchen", "the base model is as it was"
    assert client.models.retrieve(done.fine_tuned_model).to_dict()["parent"] == "pocket"

    events = list(client.fine_tuning.jobs.list_events(job.id, limit=7))
    assert events[0].message == "The job has successfully completed"
    assert events[-1].message == f"Created fine-tuning job: {job.id}"
    losses = [dict(event.data or {})["train_loss"] for event in events if event.message.startswith("Step ")][::-1]
    assert len(losses) == 24
    assert losses[-1] < losses[0] / 2
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert [point.step_number for point in checkpoints] == [24, 21, 18]
    assert checkpoints[0].metrics.valid_loss is not None
    assert ask(client, checkpoints[0].fine_tuned_model_checkpoint, "rake") == "garden"

    further = client.fine_tuning.jobs.create(
        model=done.fine_tuned_model, training_file=valid, method=method(n_epochs=1, batch_size=4)
    )
    again = wait(client, further.id).fine_tuned_model
    assert again.startswith("ft:pocket::")
    assert ask(client, again, "tyre") == "garage"
    assert [found.id for found in client.fine_tuning.jobs.list(limit=1)] == [further.id, job.id]
    assert [found.id for found in client.fine_tuning.jobs.list(metadata={"team": "house"})] == [job.id]
    assert client.models.delete(again).deleted
    with pytest.raises(openai.NotFoundError):
        ask(client, again, "soup")
    with pytest.raises(openai.PermissionDeniedError):
        client.models.delete("pocket")


def test_a_job_is_paused_resumed_and_cancelled(client: openai.OpenAI) -> None:
    file = upload(client, lines())
    first, second = (
        client.fine_tuning.jobs.create(model="pocket", training_file=file, method=method(n_epochs=50, batch_size=1))
        for _ in range(2)
    )
    wait(client, first.id, "running")
    wait(client, second.id, "queued")
    assert client.fine_tuning.jobs.pause(first.id).to_dict()["status"] == "paused"
    wait(client, second.id, "running")
    assert client.fine_tuning.jobs.cancel(second.id).status == "cancelled"
    assert client.fine_tuning.jobs.resume(first.id).status == "queued"
    wait(client, first.id, "running")
    assert client.fine_tuning.jobs.cancel(first.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.fine_tuning.jobs.resume(first.id)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"model": "nothing"}, "model"),
        ({"training_file": "file-000000000000000000000000"}, "training_file"),
        ({"training_file": "../../etc/passwd"}, "training_file"),
        ({"method": {"type": "dpo"}}, "method.type"),
        ({"method": method(n_epochs=0)}, "hyperparameters.n_epochs"),
        ({"suffix": "../up"}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"seed": 1 << 64}, "seed"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]}, "integrations"),
        ({"metadata": {str(number): "a" for number in range(17)}}, "metadata"),
    ],
)
def test_a_job_that_cannot_be_is_refused(client: openai.OpenAI, changed: dict[str, Any], param: str) -> None:
    asked: Any = {"model": "pocket", "training_file": upload(client, lines(1)), **changed}
    before = len(list(client.fine_tuning.jobs.list()))
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as told:
        client.fine_tuning.jobs.create(**asked)
    assert told.value.param == param
    assert len(list(client.fine_tuning.jobs.list())) == before


def test_wrong_lines_fail_the_job_and_are_named(client: openai.OpenAI) -> None:
    wrong = [{"messages": []}, {"messages": [{"role": "tool", "content": "x"}]}, conversation("rake", " ")]
    file = upload(client, lines(1) + b"\n" + "\n".join(map(json.dumps, wrong)).encode())
    job = client.fine_tuning.jobs.create(model="pocket", training_file=file)
    failed = wait(client, job.id, "failed")
    assert (failed.error.code, failed.error.param) == ("invalid_training_file", "training_file")
    for said in ("line 4: 'messages' is missing", "line 5: messages[0]: the role", "line 6: messages[1]: 'content'"):
        assert said in failed.error.message


def test_conversations_that_the_template_refuses_fail_the_job(tmp_path: Path) -> None:
    refusing = "{% if m.content == 'no' %}{{ raise_exception('not that') }}{% endif %}{{ m.content }}\n"
    model = str(build(tmp_path / "model", template="{% for m in messages %}" + refusing + "{% endfor %}"))
    with serving(model, folder=tmp_path / "served") as url:
        client = client_of(url)
        wrong = conversation("rake", "garden")
        wrong["messages"][0]["content"] = "no"
        file = upload(client, lines(1) + b"\n" + json.dumps(wrong).encode())
        job = client.fine_tuning.jobs.create(model=model, training_file=file)
        assert "not that" in wait(client, job.id, "failed").error.message


def test_a_line_without_an_end_is_not_read_into_memory(client: openai.OpenAI) -> None:
    row = json.dumps(conversation("rake", "x" * (5 << 20))).encode()
    with pytest.raises(openai.BadRequestError, match="line 4 is longer than 4 MiB"):
        upload(client, lines(1) + b"\n" + row)


def test_of_many_wrong_lines_a_few_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("{}\n" * 20_000)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="and 19995 lines more"):
            training_rows(path)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_each_answer_with_a_weight_is_learnt(tmp_path: Path) -> None:
    turns = [("developer", "Be brief."), ("user", "one"), ("assistant", "1"), ("user", "two"), ("assistant", "2")]
    messages: list[dict[str, Any]] = [{"role": role, "content": content} for role, content in turns]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"messages": messages}))
    assert [(len(before), answer) for before, answer in training_rows(path)] == [(2, "1"), (4, "2")]
    assert training_rows(path)[0][0][0].role == "system"
    messages[2]["weight"] = 0
    path.write_text(json.dumps({"messages": messages}))
    assert [(len(before), answer) for before, answer in training_rows(path)] == [(4, "2")]


# `crossover` that is killed at the second checkpoint of a job, when the first epoch is surely kept
KILLED = """
import os, signal
from crossover.serve.openai.jobs import Jobs
keep = Jobs.checkpoint
def kept(self, identity, *given):
    keep(self, identity, *given)
    if len(self.checkpoints(identity)) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
Jobs.checkpoint = kept
from crossover.cli.main import main
main()
"""


@contextmanager
def command(folder: Path) -> Iterator[tuple[openai.OpenAI, subprocess.Popen[str]]]:
    """`crossover serve` in a process of its own, which is killed."""
    asked = [sys.executable, "-c", KILLED, "serve", "pocket", "--port", "0", "--folder", str(folder)]
    process = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield client_of(line.split(" at ")[1].split("/v1")[0]), process
    finally:
        process.kill()
        process.wait()


def test_a_killed_server_goes_on_with_its_job(tmp_path: Path) -> None:
    with command(tmp_path) as (client, process):
        asked = method(n_epochs=12, batch_size=4)
        job = client.fine_tuning.jobs.create(model="pocket", training_file=upload(client, lines()), method=asked)
        assert process.wait() == -signal.SIGKILL
    with serving("pocket", folder=tmp_path) as url:
        client = client_of(url)
        done = wait(client, job.id)
        said = [event.message for event in client.fine_tuning.jobs.list_events(job.id, limit=100)][::-1]
        restarted = next(i for i, message in enumerate(said) if message.startswith("The server was started again"))
        first = next(message for message in said[restarted:] if message.startswith("Step "))
        assert int(first.split("/")[0][5:]) > 3, "it goes on behind the checkpoint"
        assert done.status == "succeeded"
        assert ask(client, done.fine_tuned_model, "soup") == "kitchen"
    with serving("pocket", folder=tmp_path) as url:
        assert ask(client_of(url), done.fine_tuned_model, "rake") == "garden", "and is there the next time"
