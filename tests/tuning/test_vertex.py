"""Vertex AI: a model that is asked, tuned and asked again, by Google's own clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crossover.data.economics import PriceList
from crossover.data.task import Task
from crossover.engine.journal import Journal
from crossover.errors import ModelError, OptionError, TuningError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models import _http
from crossover.models.vertex import Vertex
from crossover.strategies.open import open_strategy
from crossover.testing.models import check_model
from crossover.tuning import asking
from crossover.tuning import hosted as trained
from crossover.types import LOST, Candidate, Decoding, Message, Request
from tests.tuning.gemini import PLACE, TOKEN, Google, serving
from tests.tuning.test_openai import rows

NAME = "gemini-3.5-flash-lite"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "LOOK", 0.001)
    monkeypatch.setattr(asking, "WAIT", 0.001)
    monkeypatch.setattr(_http, "WAIT", 0.001)
    monkeypatch.setenv("TOKEN_OF_MINE", TOKEN)


def model(google: Google, **more: Any) -> Vertex:
    return Vertex(NAME, project="p1", location="us-central1", key="TOKEN_OF_MINE", url=google.url, **more)


@contextmanager
def at(folder: Path, google: Google, **changes: Any) -> Iterator[StudyBench]:
    folder.mkdir(exist_ok=True)
    about = {"name": "toy", "data": "toy.csv", "input": "text", "output": "label", "kind": "classify", "metric": "accuracy"}
    task = Task(**about | {"labels": {"warm": "", "cold": ""}, "model": "toy"} | changes)
    own: Any = model(google)
    train, dev = rows()
    journal = Journal(folder / "study.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", google.url)
        yield open_bench(task, train, dev, folder, journal, lambda spec: own, relevance_scorer(False))
    journal.close()


def adapt(bench: StudyBench, **options: Any) -> Candidate:
    start = Candidate("toy", decoding=Decoding(labels=("warm", "cold"), max_tokens=16))
    return open_strategy("vertex_finetune", {"bucket": "gs://mine/tuning", **options}).adapt(start, bench)


def test_the_model_keeps_the_contract_and_asks_as_the_dialect_has_it() -> None:
    with serving() as google:
        check_model(model(google))
        google.asked.clear()
        own = model(google, effort="low")
        messages = (Message("system", "Say it."), Message("user", "hot soup"))
        labels = Decoding(labels=("hot", "cold"), verbalizer=("A", "B"), max_tokens=5)
        [reply] = own.complete([Request(messages, labels)])
        assert (reply.text, reply.usage.tokens_in, reply.usage.tokens_out) == ("A", 7, 4)  # thoughts are paid, too
        [(name, body)] = google.asked
        assert name == f"{PLACE}/publishers/google/models/{NAME}"
        assert body["contents"] == [{"role": "user", "parts": [{"text": "hot soup"}]}]
        assert body["systemInstruction"]["parts"] == [{"text": "Say it."}]
        config = body["generationConfig"]
        assert config["responseSchema"]["enum"] == ["A", "B"]
        assert (config["temperature"], config["maxOutputTokens"]) == (0.0, 5 + 4096)  # thoughts count
        assert config["thinkingConfig"] == {"thinking_level": "LOW"}  # Google's servers take both spellings
        assert google.tokens == {f"Bearer {TOKEN}"}
        assert TOKEN not in repr(own)


def test_a_busy_service_is_asked_again_and_a_filter_is_no_wrong_answer() -> None:
    request = Request((Message("user", "hot soup"),))
    with serving(busy=2) as google:
        assert model(google).complete([request])[0].error is None
        google.busy = 99
        assert "429" in str(model(google).complete([request])[0].error)
    with serving(block=True) as google:
        assert model(google).complete([request])[0].error == "the service gives no answer: SAFETY"


def test_a_tuned_model_is_a_candidate(tmp_path: Path) -> None:
    with serving() as google, at(tmp_path / "a", google, prices=PriceList(training=1000.0)) as bench:
        made = adapt(bench, epochs=2, rank=4, rate_multiplier=1.5)
        assert made.weights is not None
        assert made.weights.ref == f"{PLACE}/endpoints/1002"
        assert bench.score(made).estimate.value == 1.0
        [job] = google.jobs.values()
        assert job["baseModel"] == NAME
        spec = job["supervisedTuningSpec"]
        assert spec["hyperParameters"] == {
            "epochCount": 2,
            "adapterSize": "ADAPTER_SIZE_FOUR",
            "learningRateMultiplier": 1.5,
        }
        assert spec["exportLastCheckpointOnly"] is False
        assert spec["trainingDatasetUri"].startswith("gs://mine/tuning/crossover/")
        assert google.objects[spec["trainingDatasetUri"]][0] == {
            "contents": [
                {"role": "user", "parts": [{"text": "hot soup"}]},
                {"role": "model", "parts": [{"text": "warm"}]},
            ]
        }
        assert len(google.objects[spec["validationDatasetUri"]]) == 20
        assert [epoch.dev_metric for epoch in bench.trace(made.weights)] == [0.5, 1.0]
        assert bench.meter.usage.money == pytest.approx(2 * 70 * 1000.0 / 1e6)


def test_an_interrupted_study_and_a_lost_answer_start_no_second_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: Any) -> Any:
        raise KeyboardInterrupt

    with serving(lose=1) as google:
        with at(tmp_path / "a", google) as bench, monkeypatch.context() as patch:
            patch.setattr(trained, "noted", killed)
            with pytest.raises(KeyboardInterrupt):
                adapt(bench)
        with at(tmp_path / "a", google) as bench:
            assert bench.score(adapt(bench)).estimate.value == 1.0
        assert len(google.jobs) == 1


def test_a_failed_job_says_why(tmp_path: Path) -> None:
    with serving(fail="the data are not accepted") as google, at(tmp_path / "a", google) as bench:
        with pytest.raises(TuningError, match="ended as JOB_STATE_FAILED: the data are not accepted"):
            adapt(bench)
        google.fail = ""
        assert bench.score(adapt(bench)).estimate.value == 1.0
        assert len(google.jobs) == 2


def test_wrong_answers_become_preferences(tmp_path: Path) -> None:
    with serving() as google, at(tmp_path / "a", google) as bench:
        adapt(bench, objective="dpo", beta=0.2)
        [job] = google.jobs.values()
        assert job["baseModel"] == NAME
        spec = job["preferenceOptimizationSpec"]
        assert spec["hyperParameters"]["beta"] == 0.2
        assert google.objects[spec["trainingDatasetUri"]][0] == {
            "contents": [{"role": "user", "parts": [{"text": "snow falls"}]}],
            "completions": [
                {"score": 1.0, "completion": {"role": "model", "parts": [{"text": "cold"}]}},
                {"score": 0.0, "completion": {"role": "model", "parts": [{"text": "warm"}]}},
            ],
        }


def test_a_second_job_begins_where_the_first_one_ended(tmp_path: Path) -> None:
    with serving() as google, at(tmp_path / "a", google) as bench:
        first = adapt(bench)
        again = open_strategy("vertex_finetune", {"bucket": "gs://mine", "epochs": 1}).adapt(first, bench)
        assert again.weights is not None
        assert again.weights != first.weights
        job = list(google.jobs.values())[-1]
        before = job["preTunedModel"]
        assert before.get("tunedModelName", before.get("tuned_model_name")) == f"{PLACE}/models/100@1"


def test_a_second_job_begins_from_the_checkpoint_that_dev_chose(tmp_path: Path) -> None:
    with serving(good=1) as google, at(tmp_path / "a", google) as bench:
        first = adapt(bench)
        assert first.weights is not None
        assert first.weights.ref == f"{PLACE}/endpoints/1001"
        open_strategy("vertex_finetune", {"bucket": "gs://mine", "epochs": 1}).adapt(first, bench)
        before = list(google.jobs.values())[-1]["preTunedModel"]
        assert before.get("tunedModelName", before.get("tuned_model_name")) == f"{PLACE}/models/100@1"
        assert before.get("checkpointId", before.get("checkpoint_id")) == "1"


def test_a_model_that_is_named_late_is_waited_for_and_one_that_is_never_named_is_not_paid_again(tmp_path: Path) -> None:
    with serving(nameless=3) as google, at(tmp_path / "a", google) as bench:
        assert bench.score(adapt(bench)).estimate.value == 1.0
    with serving(nameless=99) as google, at(tmp_path / "b", google, prices=PriceList(training=1000.0)) as bench:
        for _ in range(2):
            with pytest.raises(TuningError, match="JOB_STATE_SUCCEEDED, is paid for, and names no tuned model"):
                adapt(bench)
        google.nameless = 0
        adapt(bench)
        assert len(google.jobs) == 1
        assert bench.meter.usage.money == pytest.approx(3 * 70 * 1000.0 / 1e6)


def test_what_a_service_does_not_count_is_estimated_and_costs_money(tmp_path: Path) -> None:
    request = Request((Message("user", "hot soup"),), Decoding(max_tokens=9))
    with serving(uncounted=True) as google:
        [reply] = model(google).complete([request])
        assert reply.error is None
        assert (reply.usage.tokens_in, reply.usage.tokens_out) == (7, 6)
        google.block = True
        [reply] = model(google).complete([request])
        assert reply.finish == LOST  # it counts as the most that it may have cost


def test_a_model_that_thinks_until_no_room_is_left_says_what_leaves_room() -> None:
    request = Request((Message("user", "hot soup"),), Decoding(max_tokens=9))
    with serving(thinks=True) as google:
        [reply] = model(google).complete([request])
        assert "MAX_TOKENS, as it was still thinking; valid: the option effort" in str(reply.error)
        assert model(google, effort="low").at_most(request).tokens_out == 9 + 4096


def test_without_credentials_nothing_is_sent_and_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with serving() as google:
        own = Vertex(NAME, project="p1", url=google.url)
        with pytest.raises(ModelError, match=r"credentials|none\.json"):
            own.complete([Request((Message("user", f"text {i}"),)) for i in range(50)])
        assert not google.asked
    (tmp_path / "mine.json").write_text('{"type": "authorized_user", "client_id": "a", "client_secret": "b"}')
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "mine.json"))
    with serving() as google:
        with pytest.raises(ModelError, match=r"credentials|refresh"):
            Vertex(NAME, project="p1", url=google.url).complete([Request((Message("user", "text"),))])
        assert not google.asked


def test_a_token_comes_from_its_variable_and_goes_nowhere_else() -> None:
    places = ({"key": TOKEN}, {"url": f"http://user:{TOKEN}@127.0.0.1:9"}, {"url": f"http://127.0.0.1:9?key={TOKEN}"})
    wrong: list[dict[str, Any]] = list(places)
    for given in wrong:
        with pytest.raises(ModelError) as caught:
            Vertex(NAME, project="p1", **given)
        assert TOKEN not in str(caught.value)
    with serving(busy=99, said=f"not with {TOKEN}") as google:
        [reply] = model(google).complete([Request((Message("user", "hot soup"),))])
        assert "not with" in str(reply.error)
        assert TOKEN not in str(reply.error)


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(ModelError, match="needs a project"):
        Vertex(NAME)
    with pytest.raises(ModelError, match="needs a name"):
        Vertex()
    with pytest.raises(ModelError, match="NOBODY holds no access token"):
        Vertex(NAME, project="p1", key="NOBODY").client()
    for bucket in ("mine", "gs://", "gs:///folder", "gs://a b", "gs://mine/a\nb"):
        with pytest.raises(OptionError, match="gs://NAME"):
            open_strategy("vertex_finetune", {"bucket": bucket})
    with pytest.raises(OptionError, match="the option 'bucket' is missing; valid is where the data is put"):
        open_strategy("vertex_finetune", {})
    with pytest.raises(OptionError, match="rank"):
        open_strategy("vertex_finetune", {"bucket": "gs://mine", "rank": 3})
