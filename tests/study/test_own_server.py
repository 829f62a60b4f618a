"""A study of the bundled model behind our own server, which really tunes it: hosted tuning included, by OpenAI's client."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from crossover.study.run import run_study
from crossover.testing.server import serving
from crossover.tuning import hosted as trained
from tests.study.tasks import write_task

WORDS = {"garden": "rose slug lawn compost hedge bulb", "kitchen": "soup dough oven knife pasta lid"}
FRAMES = ("the {}", "a {} here", "one more {}", "where is the {}", "no {} today", "look at the {}")


@pytest.mark.parametrize(
    ("service", "more"), [("openai", ""), ("azure", "&api_version=2024-10-21")], ids=["plain", "azure's client"]
)
def test_tuned_behind_the_server_it_is_the_winner(
    service: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained, "LOOK", 0.1)
    monkeypatch.setenv("OWN_KEY", "canary-4711-xyz")
    with serving("pocket", folder=tmp_path / "server", key_variable="OWN_KEY") as url:
        url += "/v1" if service == "openai" else ""
        tuned = {"epochs": 6, "batch_size": 8, "suffix": "words", "checkpoints": False}
        path = write_task(
            tmp_path / "task",
            ["majority", "zero_shot", {"openai_finetune": tuned}],
            data="words.csv",
            model=f"{service}:pocket?key=OWN_KEY&url={quote(url, safe='')}{more}",
            prices={"input": 1, "output": 1, "training": 5},
        )
        rows = [f"{f.format(w)},{topic}" for topic, words in WORDS.items() for w in words.split() for f in FRAMES]
        (path.parent / "words.csv").write_text("\n".join(["note,topic", *rows]))
        folder = run_study(path, tmp_path / "run")
    decision = json.loads(folder.decision.read_text())
    found = {row["name"]: row for row in decision["candidates"]}
    assert found["openai_finetune"]["dev"]["value"] > 0.9
    assert decision["verdict"]["kind"] == "weights"
