"""A study whose model an engine answers for: what it finds is what it finds without one, and the engine is held to be that
model."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crossover.data.task import load_task, load_with_settings, with_settings
from crossover.engine.journal import Journal
from crossover.engine.render import Renderer
from crossover.errors import CrossoverError, ModelError, TaskError
from crossover.models import _http
from crossover.models.engine import Engine
from crossover.models.hf import Hf
from crossover.models.open import open_model
from crossover.serve import export as exports
from crossover.serve.predict import Predictor
from crossover.study import engines
from crossover.study.engines import Parity, compared, engines_json
from crossover.study.models import parity_fact
from crossover.study.run import run_study
from crossover.types import Candidate, Decoding, Example, Prompt
from tests.models.tiny import build
from tests.study.small import write_small
from tests.study.tasks import write_task
from tests.vllm_server import Vllm, serving

pytest.importorskip("openai")
TUNED = {"lora": {"epochs": 1, "batch_size": 16}}
RUNGS: list[Any] = ["zero_shot", TUNED]
ECONOMICS = {"machine_cost_per_hour": 0, "label_cost": 0}


def served(folder: Path) -> Vllm:
    """A server whose model is the one in a task's folder."""
    return Vllm(Hf(str(folder / "model"), dtype="float32", device="cpu"))


def write_few(folder: Path, rungs: list[Any], **more: Any) -> Path:
    """The task on eight rows of each topic."""
    path = write_small(folder, rungs, data="few.csv", **more)
    head, *rows = (folder / "notes.csv").read_text().splitlines()
    few = [row for at in range(0, len(rows), 20) for row in rows[at : at + 8]]
    (folder / "few.csv").write_text("\n".join([head, *few]) + "\n")
    return path


def found(path: Path) -> dict[str, Any]:
    """What a study measured, by candidate."""
    decision = json.loads(path.read_text())
    rows = {row["name"]: (row["dev"], row["test"], row["tokens_in"], row["failures"]) for row in decision["candidates"]}
    return rows | {"verdict": decision["verdict"]["kind"]}


def test_with_an_engine_a_study_finds_what_it_finds_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run_study(write_few(tmp_path / "a", RUNGS, limits=ECONOMICS), tmp_path / "here")
    with serving(server := served(tmp_path / "a")) as url:
        path = write_few(tmp_path / "b", RUNGS, limits=ECONOMICS, engine=f"openai:{url}")
        folder = run_study(path, tmp_path / "there")
        assert found(folder.decision) == found(plain.decision)
        assert len(server.loaded) > 0, "the tuned weights answered at the server"
        decision = json.loads(folder.decision.read_text())
        spec = f"model?engine=openai:{url}"
        assert decision["model"] == spec
        [(named, compared)] = decision["engines"].items()
        assert named == spec
        assert compared["rows"] == compared["alike"] == compared["same_tokens"] > 3
        assert compared["largest"] < 1e-3
        assert compared["engine"].startswith("vllm 0.32.0 at 127.0.0.1:")
        asked = len(server.bodies)
        text = (tmp_path / "b" / "notes.csv").read_text().splitlines()[1].rpartition(",")[0]
        assert Predictor.open(folder, "zero_shot").answer([text])[0].error is None
        assert len(server.bodies) > asked, "the engine predicts"
    run_study(path, tmp_path / "there")  # nobody is there, and nobody is asked
    checked: list[str] = []
    monkeypatch.setattr(exports, "check_parity", lambda *given: checked.append(given[2]))
    exports.export(folder, tmp_path / "out", "zero_shot", check=True)
    assert len(checked) == 1, "an export works with the weights that were here, so it is tried"
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["precision"] == "float32"


def test_a_server_that_dies_in_the_middle_costs_what_was_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.001)
    monkeypatch.setattr(_http, "SOON", 0.002)
    monkeypatch.setattr("crossover.models._throttle.AWAY", 0.2)
    monkeypatch.setattr(_http, "AWAY", 0.2)
    (tmp_path / "a").mkdir()
    build(tmp_path / "a" / "model")
    server = served(tmp_path / "a")
    server.die_after = 70
    with serving(server) as url:
        path = write_small(tmp_path / "a", ["zero_shot"], limits=ECONOMICS, engine=f"openai:{url}")
        with pytest.raises(ModelError, match="nothing else has come for a while"):
            run_study(path, tmp_path / "run")
    known = answered(tmp_path / "run")
    assert len(known) > 40
    again = served(tmp_path / "a")
    with serving(again, int(url.split(":")[2].split("/")[0])):
        folder = run_study(path, tmp_path / "run")
    assert json.loads(folder.decision.read_text())["candidates"][0]["failures"] == 0
    every = answered(tmp_path / "run")
    assert set(known) < set(every)
    assert set(every.values()) == {1}, "what was answered is not asked again"
    assert any(len(json.loads(body)["prompt"]) > 1 for body in again.answered)


def answered(folder: Path) -> Counter[str]:
    """How often each call was answered, by key."""
    with sqlite3.connect(folder / "study.db") as journal:
        return Counter(key for (key,) in journal.execute("SELECT key FROM calls WHERE NOT failed"))


def test_an_engine_with_other_weights_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    build(tmp_path / "other" / "model", intermediate_size=40)
    with serving(served(tmp_path / "other")) as url:
        path = write_small(tmp_path / "a", ["zero_shot"], engine=f"openai:{url}")
        with pytest.raises(ModelError, match=r"has other weights than .* nats a token, in the middle of 24 texts"):
            run_study(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_engine_of_a_judge_is_compared_as_the_models_own_is(tmp_path: Path) -> None:
    build(tmp_path / "other" / "model", intermediate_size=40)
    path = write_few(tmp_path / "a", ["zero_shot"], limits=ECONOMICS)
    for folder, run in ((tmp_path / "other", "refused"), (tmp_path / "a", "run")):
        with serving(served(folder)) as url:
            spec = f"model?engine=openai:{url}"
            metric = {"judge": {"model": spec, "rubric": "Is it the topic?"}}
            path = write_few(tmp_path / "a", ["zero_shot"], limits=ECONOMICS, metric=metric)
            if run == "refused":
                with pytest.raises(ModelError, match=r"has other weights than"):
                    run_study(path, tmp_path / run)
                assert not (tmp_path / run).exists()
                continue
            decision = json.loads(run_study(path, tmp_path / run).decision.read_text())
            assert decision["judge"]["model"] == spec
            assert decision["engines"][spec]["alike"] == decision["engines"][spec]["rows"] > 3


def test_adapters_that_the_engine_will_not_load_are_known_before_they_are_tuned(tmp_path: Path) -> None:
    server = served(write_few(tmp_path / "a", RUNGS).parent)
    server.most_rank = 8
    with serving(server) as url:
        path = write_few(tmp_path / "b", RUNGS, engine=f"openai:{url}")
        with pytest.raises(ModelError, match="LoRA rank 16 is greater than max_lora_rank 8"):
            run_study(path, tmp_path / "run")
    assert server.answered, "it was compared"
    assert not (tmp_path / "run").exists(), "and nothing was measured"


def test_tuned_weights_that_answer_otherwise_at_the_engine_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "OTHERWISE", -1.0)
    with serving(served(write_few(tmp_path / "a", RUNGS).parent)) as url:
        path = write_few(tmp_path / "b", [TUNED], limits=ECONOMICS, engine=f"openai:{url}")
        verdict = json.loads(run_study(path, tmp_path / "run").decision.read_text())["verdict"]
    assert any("the weights of lora answer otherwise at the engine than here" in said for said in verdict["warnings"])


def test_an_engine_that_has_no_adapters_any_more_ends_the_study_which_goes_on_when_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started anew after the tune's first answers, without what loads adapters, then so that it takes any name and
    answers with the bare model: no answer of that is an adapter's."""
    monkeypatch.setattr(_http, "WAIT", 0.001)
    rungs: list[Any] = [{"lora": {"epochs": 2, "batch_size": 8, "learning_rate": 0.1}}]
    server = served(write_few(tmp_path / "a", rungs).parent)
    server.loses_after = 6
    with serving(server) as url:
        path = write_few(tmp_path / "b", rungs, limits=ECONOMICS, engine=f"openai:{url}")
        with pytest.raises(ModelError, match=r"does not load the adapter in .*; it did when this study began"):
            run_study(path, tmp_path / "run")
        known = answered(tmp_path / "run")
        server.loses_after, server.loads, server.ignores = 0, True, True
        with pytest.raises(ModelError, match="answers with the bare model in the place of the adapter"):
            run_study(path, tmp_path / "run")
        assert answered(tmp_path / "run") == known
        server.ignores = False
        server.adapters.clear()
        folder = run_study(path, tmp_path / "run")
    assert {row["failures"] for row in json.loads(folder.decision.read_text())["candidates"]} == {0}
    assert set(known) < set(answered(tmp_path / "run"))


def test_free_answers_are_compared_as_texts_too(tmp_path: Path) -> None:
    build(tmp_path / "model")
    dev = [Example(str(i), f"note {i}", f"answer {i % 3}") for i in range(5)]
    begin, journal = Candidate("m", decoding=Decoding(max_tokens=6)), Journal(tmp_path / "study.db")
    with serving(served(tmp_path)) as url:
        model = open_model(f"{tmp_path / 'model'}?engine=openai:{url}&dtype=float32")
        said = [
            compared({"m": model}, begin, Renderer(Prompt()), dev, journal, [], tmp_path, lambda text: None)
            for _ in range(2)
        ]
    assert said[0] == said[1] == engines_said(journal)
    [found] = engines_json(["m"], journal).values()
    assert (found["rows"], found["alike"], found["texts"]) == (5, 5, 10)
    journal.close()


def engines_said(journal: Journal) -> list[str]:
    return Parity(**journal.fact(parity_fact("m"))).sentences("m", tunes=False)


def test_the_engine_is_a_part_of_the_models_specification(tmp_path: Path) -> None:
    url = "openai:http://127.0.0.1:8000/v1"
    path = write_task(tmp_path, ["zero_shot"], model="pocket", engine=f"{url}?key=MY_KEY&in_flight=9")
    spec = f"pocket?engine={url}&key=MY_KEY&in_flight=9"
    assert load_task(path).model == spec
    engine = open_model(spec)
    assert isinstance(engine, Engine)
    assert (engine.target, engine.at, engine.key, engine.in_flight) == ("pocket", url, "MY_KEY", 9)
    loaded = load_with_settings(path, ["engine=openai:http://127.0.0.1:9000/v1"])
    assert loaded.task.model == "pocket?engine=openai:http://127.0.0.1:9000/v1"
    assert loaded.model == spec
    other = with_settings(load_task(path), ["engine=openai:http://127.0.0.1:9000/v1"])
    assert other.model == "pocket?engine=openai:http://127.0.0.1:9000/v1"
    each = {"a": {"spec": "pocket", "engine": url}, "b": "smollm2"}
    several = load_task(write_task(tmp_path / "b", [], models=each))
    assert [one.spec for one in several.models.values()] == [f"pocket?engine={url}", "smollm2"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"engine": "http://127.0.0.1:8000/v1"}, "received 'http://127.0.0.1:8000/v1' as engine; valid is openai:URL"),
        ({"engine": 3}, "received 3 as engine; valid is openai:URL"),
        (
            {"engine": "openai:http://127.0.0.1:8000/v1", "models": {"a": "pocket", "b": "smollm2"}},
            "there are models and engine; valid is engine at each model",
        ),
        ({"models": {"a": {"spec": "pocket", "engine": "vllm"}, "b": "smollm2"}}, "received 'vllm' as engine"),
    ],
)
def test_a_wrong_engine_in_a_task_file_is_one_sentence(more: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=said):
        load_task(write_task(tmp_path, ["zero_shot"], **more))


def test_data_that_stays_here_has_no_engine_elsewhere(tmp_path: Path) -> None:
    path = write_small(tmp_path, ["zero_shot"], engine="openai:http://10.255.255.1:1/v1", limits={"data_stays_here": True})
    with pytest.raises(CrossoverError, match="runs elsewhere"):
        run_study(path, tmp_path / "run")
