"""What a plug-in of another package raises is said of it, and is no mistake of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.small import Terminal, write_task

SOURCE = """
from dataclasses import dataclass


@dataclass(frozen=True)
class Odd:
    kinds = ("classify",)
    aggregate = "mean"
    binary = True

    def score(self, gold, answer):
        return {}["x"]
"""


def _installed(place: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: str, entries: str) -> None:
    """A package of one module, as if it had been installed."""
    (place / f"{name}.py").write_text(source)
    info = place / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(str(place))


def test_a_metric_of_another_package_that_raises_is_named(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed(tmp_path, monkeypatch, "odd_metric", SOURCE, "[crossover.metrics]\nodd = odd_metric:Odd\n")
    said = crossover("run", write_task(tmp_path, metric="odd"), "--out", tmp_path / "run", "--quiet")
    assert said.status == 2
    assert "the metric 'odd' (odd_metric:Odd) raised KeyError: 'x'" in said.err
    assert "Traceback" not in said.err


RUNGS = """
from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.types import Prompt, Weights


def ends(self, start, bench):
    raise SystemExit(3)


def raises(self, start, bench):
    raise ValueError("no\\n luck")


def nothing(self, start, bench):
    return None


def modelless(self, start, bench):
    return replace(start, model="")


def lost(self, start, bench):
    return replace(start, weights=Weights("adapter", "0" * 64, "nowhere"))


def takes(self, start, bench):
    bench.train, bench.dev = bench.train[:3], bench.dev[:2]
    return replace(start, prompt=Prompt("Say it."))


def alters(self, start, bench):
    bench.task.labels.popitem()
    return replace(start, prompt=Prompt("Say it."))


for name, adapt in list(globals().items()):
    if name in ("ends", "raises", "nothing", "modelless", "lost", "takes", "alters"):
        body = {"family": "prompt", "adapt": adapt, "__annotations__": {"family": ClassVar[str]}, "__doc__": "A rung."}
        globals()[name.title()] = dataclass(frozen=True)(type(name.title(), (), body))
"""
WHY = {
    "raises": "ValueError: no luck (details in errors.log)",
    "ends": "it asked to end the program (3), which a rung cannot; valid is an exception",
    "nothing": "nothing gave NoneType; valid is a Candidate",
    "modelless": "modelless gave a candidate whose model cannot be had: there is no model ''",
    "lost": "lost gave weights at 'nowhere', where there are none; valid is what `bench` made",
    "takes": "takes changed its bench (train, dev); valid is to leave it as it is",
    "alters": "alters changed its bench (task); valid is to leave it as it is",
}


def test_a_strategy_of_another_package_that_breaks_its_promise_is_a_failed_rung_alone(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = "".join(f"{name} = odd_rungs:{name.title()}\n" for name in WHY)
    _installed(tmp_path, monkeypatch, "odd_rungs", RUNGS, f"[crossover.strategies]\n{entries}")
    task = write_task(tmp_path, strategies=["majority", *WHY, "zero_shot"], forgetting=False)
    assert crossover("run", task, "--plan", "--quiet").status == 0
    said = crossover("run", task, "--out", tmp_path / "run", "--json")
    assert said.status == 0, said.err
    rows = {row["name"]: row for row in json.loads(said.out)["candidates"]}
    for name, why in WHY.items():
        assert rows[name]["status"] == "failed"
        assert rows[name]["note"].startswith(why)
        assert "\n" not in rows[name]["note"]
    assert rows["zero_shot"]["dev"]["n"] == rows["majority"]["dev"]["n"] == 8, "the rungs behind have all rows"


def test_a_strategy_that_changes_its_task_changes_the_plan_of_no_other(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed(tmp_path, monkeypatch, "odd_rungs", RUNGS, "[crossover.strategies]\nalters = odd_rungs:Alters\n")

    def planned(*strategies: str) -> dict[str, object]:
        said = crossover("run", write_task(tmp_path, strategies=list(strategies)), "--plan", "--json")
        assert said.status == 0, said.err
        found = json.loads(said.out)
        failing = [one for one in found["said"] if "will fail" in one]
        assert failing == ([f"alters will fail: {WHY['alters']}"] if "alters" in strategies else [])
        [own] = [stage for stage in found["stages"] if stage["name"] == "instruction"]
        return {what: own[what] for what in ("calls", "tokens_in", "tokens_out")}

    assert planned("alters", "instruction") == planned("instruction")
