"""`crossover redecide`: what a person sees of a decision that is made again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.small import Terminal


def test_it_prints_the_new_verdict_keeps_both_and_show_names_it(crossover: Terminal, finished: Path) -> None:
    study = finished / "study"
    before = (study / "decision.json").read_bytes()
    said = crossover("redecide", study, "--set", "target=0.95", "--set", "limits.requests_per_month=7")
    assert (said.status, said.err) == (0, "")
    told = " ".join(said.out.split())
    assert "changed: target: nothing → 0.95; limits.requests_per_month: nothing → 7" in told
    assert "target of 95.0 %" in told
    assert "kept as" in told
    assert "the first decision stays" in told
    assert (study / "decision.json").read_bytes() == before
    shown = " ".join(crossover("show", study).out.split())
    assert "decided again (" in shown
    assert "redecided-1.json): " in shown
    assert "with target: nothing → 0.95; limits.requests_per_month: nothing → 7" in shown


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ({}, "the verdict is the same"),
        ({"provisional": "0123456789abcdef"}, "the verdict is another one"),
        ({"kind": "prompt", "falls_short": "far below", "confidence": "bounded"}, "the verdict is another one"),
        ({"target_met": True}, "the candidate is the same, and what is said of how well it does is another"),
    ],
)
def test_another_candidate_to_use_for_now_is_not_the_same_verdict(
    crossover: Terminal, finished: Path, tmp_path: Path, before: dict[str, Any], says: str
) -> None:
    study = Path(shutil.copytree(finished / "study", tmp_path / "study"))
    decision = json.loads((study / "decision.json").read_text())
    decision["verdict"] |= before
    (study / "decision.json").write_text(json.dumps(decision))
    assert says in crossover("redecide", study, "--set", "limits.latency_p95_ms=100000").out


def test_as_json_it_is_the_decision(crossover: Terminal, finished: Path) -> None:
    said = crossover("redecide", finished / "study", "--set", "margin=0.05", "--json")
    body = json.loads(said.out)
    assert (body["version"], body["margin"], body["redecided"]["settings"]) == (1, 0.05, ["margin=0.05"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing is set; valid is --set KEY=VALUE, such as limits.requests_per_month=50000"),
        (("--set", "model=pocket"), "redecide, --set model=pocket: it needs measuring, so the study has to be run with it"),
        (("--set", "target=8"), "--set, key 'target': received 8; valid is a number from 0 to 1"),
        (("--set", "target"), "--set target: valid is KEY=VALUE"),
        (("--set", "prices.input=[2, 1]"), "received [2, 1], whose lower end is the higher"),
        (("--set", "limits.requests=3"), "there is no such key"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(
    crossover: Terminal, finished: Path, arguments: tuple[str, ...], says: str
) -> None:
    study = finished / "study"
    before = set(study.rglob("*"))
    said = crossover("redecide", study, *arguments)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err
    assert set(study.rglob("*")) == before


def test_without_a_finished_study_it_says_what_to_do(crossover: Terminal, tmp_path: Path) -> None:
    said = crossover("redecide", tmp_path, "--set", "margin=0.1")
    assert (said.status, said.out) == (2, "")
    assert "holds no study" in said.err
