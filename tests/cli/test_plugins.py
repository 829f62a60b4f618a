"""What a plug-in of another package raises is said of it, and is no mistake of our own."""

from __future__ import annotations

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


def test_a_metric_of_another_package_that_raises_is_named(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_metric.py").write_text(SOURCE)
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[crossover.metrics]\nodd = odd_metric:Odd\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    said = crossover("run", write_task(tmp_path, metric="odd"), "--out", tmp_path / "run", "--quiet")
    assert said.status == 2
    assert "the metric 'odd' (odd_metric:Odd) raised KeyError: 'x'" in said.err
    assert "Traceback" not in said.err
