"""A metric that breaks its promise after the study: whoever scores later says so in one sentence, and writes nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import crossover as package
from crossover.data.served import ServedRow
from crossover.decision import tested as on_test
from crossover.errors import MetricError
from crossover.evaluation.judging import graded
from crossover.metrics.base import Aggregate
from crossover.metrics.judge import Judge
from crossover.models.fake import Fake
from crossover.studio.overlay import Correction, effects
from crossover.study.folder import StudyFolder
from crossover.study.ladder import Climbed, floor
from crossover.study.read import read_results
from crossover.study.run import run_study
from crossover.testing.strategies import toy_bench, toy_examples
from crossover.types import Candidate, Counts, Kind, Reply, Score
from tests.decision.builders import run
from tests.study.tasks import write_task

CODE = """from pathlib import Path
def f(gold, answer):
    return 7 if Path(__file__).with_name("broken").exists() else float(gold == answer)
"""


def test_watching_and_corrected_labels_name_a_metric_that_gives_no_score_any_more(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake", metric="own.py:f")
    (tmp_path / "own.py").write_text(CODE)
    folder = run_study(task, tmp_path / "run")
    study = package.open_study(tmp_path / "run")
    one = study.candidate("zero_shot")
    row = ServedRow("a text", "garden", "2026-01-02T03:00:00.000+00:00", "r1", "served", one.id)
    (tmp_path / "served.jsonl").write_bytes(row.line())
    (tmp_path / "labels.csv").write_text("note,topic\na text,kitchen\n")
    results = read_results(folder)
    dev = study.predictions("zero_shot", split="dev")[0]
    corrected = {dev.id: Correction(dev.id, "dev", "notes.csv:1", dev.input, dev.gold, "another", "2026-01-02")}
    before = {
        path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file() and path.suffix == ".json"
    }
    (tmp_path / "broken").touch()
    for act in (
        lambda: study.watch(tmp_path / "served.jsonl", labels=tmp_path / "labels.csv", candidate="zero_shot"),
        lambda: effects(StudyFolder(tmp_path / "run"), results, "dev", corrected),
    ):
        with pytest.raises(MetricError, match=r"^the metric own\.py:f gave 7, on the gold output .*; valid is a number"):
            act()
    assert {path: path.read_bytes() for path in before} == before


class Own:
    """An F1 that scores what is right, and no empty answer."""

    kinds: ClassVar[tuple[Kind, ...]] = ("classify",)
    aggregate: ClassVar[Aggregate] = "macro_f1"
    binary: ClassVar[bool] = False

    def score(self, gold: str, answer: str) -> Any:
        return Score(1.0, {gold: Counts(1, 0, 0)}) if answer else 85


def test_a_failed_call_as_an_empty_answer_names_a_metric_that_has_no_score_for_it() -> None:
    runs = {"id-a": run("a", [True, None, True])}
    with pytest.raises(MetricError, match="the metric Own gave 85, on the gold output 'gold' and the answer ''; valid is"):
        on_test.strictly(on_test.tested(["id-a"], runs, Own(), 0), runs)


def test_what_the_most_frequent_answer_reaches_is_of_dev_where_test_has_no_score_for_it() -> None:
    dev = run("majority", [True, False])
    made = Climbed("majority", "majority", "control", Candidate("constant:gold"), dev, None, None, "")
    assert floor([made], {"id-a": run("a", [True] * 9)}, Own(), 0) not in (None, dev.estimate)
    silent = replace(dev, records=tuple(replace(record, prediction="") for record in dev.records))
    assert floor([replace(made, dev=silent)], {"id-a": run("a", [True] * 9)}, Own(), 0) == dev.estimate


def test_a_judge_of_another_package_that_gives_no_score_is_named(tmp_path: Path) -> None:
    class Odd(Judge):
        def verdict(self, reply: Reply) -> Score:
            return Score(float("nan"))

    bench = toy_bench(tmp_path, toy_examples()[:5], toy_examples()[5:])
    with (
        closing(bench.journal),
        pytest.raises(MetricError, match="the metric Odd gave a Score of nan, of the reply"),
    ):
        graded(Odd(), Fake("answer=right"), bench.evaluator.caller, [("where?", "here", "there")], "judging")
