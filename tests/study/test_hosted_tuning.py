"""A study of a model at a service, its hosted tuning included, by the public surface: the verdict, its costs, its plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crossover.errors import OptionError
from crossover.report.page import render
from crossover.serve.export import export
from crossover.serve.predict import Predictor
from crossover.study.read import read_results
from crossover.study.redecide import redecide
from crossover.study.run import preview_study, run_study
from crossover.tuning import hosted as trained
from tests.study.tasks import write_task
from tests.tuning import service
from tests.tuning.gemini import PLACE, TOKEN, Google, serving

TRAINING = 50.0  # of a million trained tokens
WORDS = {"garden": "rose slug lawn compost hedge bulb", "kitchen": "soup dough oven knife pasta lid"}


def write(folder: Path, google: Google, **more: Any) -> Path:
    model = f"vertex:gemini-x?project=p1&key=TOKEN_OF_MINE&url={quote(google.url, safe='')}"
    tuned = {"vertex_finetune": {"bucket": "gs://mine", "epochs": 2}}
    strategies = more.pop("strategies", ["majority", "zero_shot", tuned])
    about: dict[str, Any] = {
        "model": model,
        "prices": {"input": 1.0, "output": 4.0, "training": TRAINING},
        "data": "words.csv",
    }
    path = write_task(folder, strategies, **about | more)
    found = [
        f"{word} {word[::-1]}{i},{topic}" for topic, words in WORDS.items() for word in words.split() for i in range(6)
    ]
    (folder / "words.csv").write_text("\n".join(["note,topic", *found]))  # the label follows from one word
    return path


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "LOOK", 0.001)
    monkeypatch.setenv("TOKEN_OF_MINE", TOKEN)


def test_a_study_tunes_at_the_service_and_reckons_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        task = write(tmp_path / "task", google)
        plan = preview_study(task).to_json()
        assert not google.jobs  # a plan spends nothing
        [stage] = [part for part in plan["stages"] if part["name"] == "vertex_finetune" and part["kind"] == "climb"]
        folder = run_study(task, tmp_path / "run")
        decision = json.loads(folder.decision.read_text())
        found = {row["name"]: row for row in decision["candidates"]}["vertex_finetune"]
        assert found["family"] == "weights"
        assert decision["verdict"]["kind"] == "weights"
        paid = 2 * 70 * TRAINING / 1e6
        assert found["cost"]["parts"]["tuning"] == pytest.approx(paid)
        assert decision["spent"]["money"] == pytest.approx(paid + len(google.asked) * (7 * 1.0 + 4 * 4.0) / 1e6)
        assert stage["money"] >= paid
        [path] = folder.path.glob(f"candidates/{found['id']}/candidate.json")
        body = json.loads(path.read_text())
        assert body["weights"]["kind"] == "hosted"
        assert body["weights"]["ref"].endswith("endpoints/1002")
        page = render(read_results(folder))
        assert "endpoints/1002, the finished job" in page
        written = "".join(p.read_text(errors="replace") for p in folder.path.rglob("*") if p.is_file())
        assert TOKEN not in written + page

        [answer] = Predictor.open(folder).answer(["a lawn nwal9"])
        assert (answer.text, google.asked[-1][0]) == ("garden", f"{PLACE}/endpoints/1002")
        export(folder, tmp_path / "out")
        assert f"tuned there as `{PLACE}/endpoints/1002`" in (tmp_path / "out" / "README.md").read_text()
        assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["README.md", "candidate.json", "messages.json"]

        jobs, asked = len(google.jobs), len(google.asked)
        monkeypatch.delenv("TOKEN_OF_MINE")
        run_study(task, tmp_path / "run")  # the same walk again, which needs no key
        assert (len(google.jobs), len(google.asked)) == (jobs, asked)
        body = json.loads(redecide(folder, ["prices.training=5000"]).read_text())
        again = {row["name"]: row for row in body["candidates"]}["vertex_finetune"]
        assert again["cost"]["parts"]["tuning"] == pytest.approx(100 * paid)


def test_a_study_of_an_openai_model_tunes_it_there(tmp_path: Path) -> None:
    with service.serving(plain="garden") as there:
        model = f"openai:{service.BASE}?key=TOKEN_OF_MINE&url={quote(there.url, safe='')}"
        strategies = ["majority", "zero_shot", {"openai_finetune": {"epochs": 2}}]
        task = write(tmp_path / "task", Google(), model=model, strategies=strategies)
        folder = run_study(task, tmp_path / "run")
        decision = json.loads(folder.decision.read_text())
        found = {row["name"]: row for row in decision["candidates"]}["openai_finetune"]
        assert decision["verdict"]["kind"] == "weights"
        [job] = there.jobs.values()
        assert found["cost"]["parts"]["tuning"] == pytest.approx(job["trained_tokens"] * TRAINING / 1e6)
        [answer] = Predictor.open(folder).answer(["a lawn nwal9"])
        assert answer.text == "garden"
        written = "".join(p.read_text(errors="replace") for p in folder.path.rglob("*") if p.is_file())
        assert TOKEN not in written


def test_a_plan_counts_jobs_on_wrong_answers_as_if_all_were(tmp_path: Path) -> None:
    """Supervised, then preferences: the first job's rows, and once more with a second answer to each."""
    with serving() as google:
        found, prices = {}, {"input": 0, "output": 0, "training": 1e6}
        for name, options in (
            ("plain", {}),
            ("pairs", {"objective": "dpo"}),
            ("both", {"objective": "dpo", "warm_up": True}),
        ):
            strategies = ["zero_shot", {"vertex_finetune": {"bucket": "gs://mine", "checkpoints": False, **options}}]
            task = write(tmp_path / name, google, strategies=strategies, prices=prices)
            [stage] = [p for p in preview_study(task).parts if p.name == "vertex_finetune" and p.kind == "climb"]
            found[name] = stage.money
        assert None not in found.values(), found
        assert found["plain"] < found["pairs"] < found["both"]
        assert found["both"] == pytest.approx(found["plain"] + found["pairs"])
        assert not google.asked


def test_a_strategy_for_another_model_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with serving() as google:
        for model, strategy, said in (
            (
                "pocket",
                {"openai_finetune": {}},
                "the model 'pocket' cannot be tuned at its service",
            ),
            ("pocket", {"vertex_finetune": {"bucket": "gs://mine"}}, "such as vertex:NAME"),
            (None, {"openai_finetune": {}}, "such as openai:NAME"),
            (None, "lora", "cannot be tuned here"),
        ):
            more: dict[str, Any] = {"model": model} if model else {}
            task = write(tmp_path / "task", google, strategies=["zero_shot", strategy], **more)
            with pytest.raises(OptionError, match=said):
                run_study(task, tmp_path / "run")
        assert not google.asked
