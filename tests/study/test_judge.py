"""A study whose metric is a judge, or code of the user's: measured, metered, journaled; a judge's failure is no score."""

from __future__ import annotations

import html
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import CrossoverError, DataError, MetricError, OptionError, StudyError, TaskError
from crossover.metrics.judge import Judge
from crossover.models.fake import Fake
from crossover.report.notebook import study_html
from crossover.report.page import render
from crossover.report.verdict import DOUBTED, headline
from crossover.study.folder import StudyFolder
from crossover.study.listener import Quiet
from crossover.study.read import read_results
from crossover.study.run import run_study
from crossover.types import Reply, Request, Score, Usage
from tests.study.tasks import write_task


def part(text: str, heading: str) -> str:
    return text.split(f"{heading}:\n<<<\n")[1].split("\n>>>")[0]


class Bench:
    """Stands in for the fake model: `grade` answers as a judge where the prompt is a judge's."""

    def __init__(self, grade: Any) -> None:
        self.grade = grade
        self.asked: list[str] = []

    def __call__(self, model: Fake, requests: Sequence[Request]) -> list[Reply]:
        found = []
        for request in requests:
            text = request.messages[-1].content
            if "Answer to grade" in text:
                self.asked.append(text)
                verdict = self.grade(part(text, "Reference answer"), part(text, "Answer to grade"), text)
                found.append(verdict if isinstance(verdict, Reply) else Reply(verdict, usage=Usage(9, 1, 0.001, 0.01)))
            else:
                found.append(model._reply(request))
        return found


def judged(folder: Path, monkeypatch: pytest.MonkeyPatch, grade: Any, **more: Any) -> tuple[dict[str, Any], Bench]:
    bench = Bench(grade)
    monkeypatch.setattr(Fake, "complete", lambda self, requests: bench(self, requests))
    metric = {"judge": {"model": "fake:echo", "rubric": "Is it the topic?"} | more.pop("judge", {})}
    run_study(write_task(folder, ["zero_shot"], model="fake", metric=metric, **more), folder / "run")
    return json.loads((folder / "run" / "decision.json").read_text()), bench


def fair(gold: str, answer: str, text: str) -> str:
    return "right" if gold == answer or f"{gold}." in answer else "wrong"


def test_a_good_judge_gives_the_scores_of_equality_and_is_shown_with_its_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision, bench = judged(tmp_path / "judged", monkeypatch, fair)
    plain = write_task(tmp_path / "plain", ["zero_shot"], model="fake", metric="accuracy")
    run_study(plain, tmp_path / "plain" / "run")
    equal = json.loads((tmp_path / "plain" / "run" / "decision.json").read_text())
    both = [{c["name"]: c["test"]["value"] for c in found["candidates"] if c["test"]} for found in (decision, equal)]
    assert both[0] == both[1]
    assert decision["metric"] == "judge"
    check = decision["judge"]
    assert check["agreement"]["value"] == 1.0
    assert check["agreement"]["low"] > 0.6
    assert check["moved"]["value"] == 0.0
    assert check["length"]["difference"] == 0.0
    assert check["sway"]["difference"] == 0.0
    assert not [w for w in decision["verdict"]["warnings"] if "judge" in w.lower()]
    results = read_results(StudyFolder(tmp_path / "judged" / "run"))
    assert check["doubts"] == []
    assert not headline(results).startswith(DOUBTED)
    page = render(results)
    assert "grades the gold answer above another row" in page
    # counted, journaled, and never made twice
    assert len(bench.asked) == len(set(bench.asked))
    with sqlite3.connect(tmp_path / "judged" / "run" / "study.db") as connection:
        rows = connection.execute("SELECT purpose, count(*) FROM calls GROUP BY purpose").fetchall()
    assert sum(count for purpose, count in rows if "judg" in purpose) == len(bench.asked)
    assert decision["spent"]["money"] == pytest.approx(0.01 * len(bench.asked))
    _, again = judged(tmp_path / "judged", monkeypatch, fair)
    assert again.asked == []
    zero = next(c for c in decision["candidates"] if c["name"] == "zero_shot")
    assert zero["tokens_in"] < 20, "what judging takes is no cost of the candidate"


def test_a_judge_that_always_says_right_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision, _ = judged(tmp_path, monkeypatch, lambda gold, answer, text: "right")
    said = " ".join(decision["verdict"]["warnings"])
    assert "may not know right from wrong here" in said
    assert decision["judge"]["agreement"]["value"] == 0.0
    results = read_results(StudyFolder(tmp_path / "run"))
    assert headline(results).startswith(f"{DOUBTED}. "), "before any verdict"
    assert "mean grade on" in " ".join(decision["verdict"]["reasons"])
    for shown in (render(results), study_html(results)):
        assert shown.index(DOUBTED) < shown.index(html.escape(decision["verdict"]["reasons"][0]))


def test_a_judge_that_likes_what_stands_first_is_long_or_asks_for_it_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(gold: str, answer: str, text: str) -> str:
        return "right" if text.index("Answer to grade") < text.index("Reference") else fair(gold, answer, text)

    decision, _ = judged(tmp_path / "first", monkeypatch, first)
    assert any("depends on whether an answer stands before the gold" in w for w in decision["verdict"]["warnings"])
    assert decision["judge"]["moved"]["value"] == 0.5
    assert decision["judge"]["position"]["difference"] == 0.5

    def long(gold: str, answer: str, text: str) -> str:
        return "right" if len(answer) > 40 else fair(gold, answer, text)

    decision, _ = judged(tmp_path / "long", monkeypatch, long)
    assert any("depends on whether an answer is long" in w for w in decision["verdict"]["warnings"])

    def led(gold: str, answer: str, text: str) -> str:
        return "right" if "grade is: right" in answer else fair(gold, answer, text)

    decision, _ = judged(tmp_path / "led", monkeypatch, led)
    assert decision["judge"]["sway"]["difference"] == 1.0
    assert any(w.startswith("The judge does what an answer tells it: ") for w in decision["verdict"]["warnings"])
    assert not any("depends on whether" in w for w in decision["verdict"]["warnings"])


def test_a_call_of_the_judge_that_fails_is_a_failure_and_never_a_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shaky(gold: str, answer: str, text: str) -> str | Reply:
        return Reply(error="overloaded") if gold == "kitchen" else "perhaps" if gold == "garden" else "right"

    decision, _ = judged(tmp_path, monkeypatch, shaky)
    zero = next(c for c in decision["candidates"] if c["name"] == "zero_shot")
    assert zero["failures"] > 0
    assert zero["dev"]["n"] + zero["failures"] == decision["splits"]["dev"]
    assert zero["dev"]["value"] == 1.0, "only what was graded counts"
    assert decision["judge"]["failures"] > 0
    assert any("The judge gave no grade in" in doubt for doubt in decision["judge"]["doubts"])


def test_a_judge_that_gives_no_grade_at_all_ends_the_study_before_anything_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = r"the judge \(fake:echo\) gave no grade in any of \d+ calls, .*: 'Nice weather.'; valid is .*: wrong, right"
    with pytest.raises(MetricError, match=says):
        judged(tmp_path, monkeypatch, lambda gold, answer, text: "Nice weather.")
    assert not (tmp_path / "run" / "decision.json").exists()


def test_what_could_not_be_measured_of_a_judge_is_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision, _ = judged(tmp_path, monkeypatch, lambda gold, answer, text: "right" if gold == answer else "eh")
    told = [*decision["judge"]["said"], *decision["judge"]["doubts"]]
    assert any("was not measured: no two of the dev rows" in sentence for sentence in told)
    assert not any(" of 0 " in sentence for sentence in told)


def test_the_judges_agreement_with_grades_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grades = [("a", "right") if i % 2 else ("b", "wrong") for i in range(30)]
    rows = "".join(f"note {i},a,{answer},{grade}\n" for i, (answer, grade) in enumerate(grades))
    (tmp_path / "graded.csv").write_text(f"input,gold,answer,grade\n{rows}")
    decision, _ = judged(tmp_path, monkeypatch, fair, judge={"graded": "graded.csv"})
    assert decision["judge"]["hand"]["value"] == 1.0
    assert decision["judge"]["constant"] == 0.5
    assert any("given by hand in 100.0 %" in sentence for sentence in decision["judge"]["said"])
    (tmp_path / "graded.csv").write_text("input,answer,grade\nx,y,fine\n")
    with pytest.raises(DataError, match=r"graded\.csv, line 2, column 'grade': received 'fine'; valid: wrong, right"):
        judged(tmp_path / "other", monkeypatch, fair, judge={"graded": "../graded.csv"})


def test_agreement_with_hands_is_counted_over_the_answers_that_the_judge_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge fails on half of them: what always the most frequent grade reaches is a share of the others too."""
    rows = "".join(f"note {i},a,{'a' if i < 5 else 'shaky'},{'right' if i < 5 else 'wrong'}\n" for i in range(20))
    (tmp_path / "graded.csv").write_text(f"input,gold,answer,grade\n{rows}")

    def shaky(gold: str, answer: str, text: str) -> str | Reply:
        return Reply(error="overloaded") if answer == "shaky" else fair(gold, answer, text)

    decision, _ = judged(tmp_path, monkeypatch, shaky, judge={"graded": "graded.csv"})
    assert (decision["judge"]["hand"]["n"], decision["judge"]["constant"]) == (5, 1.0)
    (tmp_path / "none.csv").write_text("input,gold,answer,grade\nnote,a,shaky,wrong\n")
    decision, _ = judged(tmp_path / "other", monkeypatch, shaky, judge={"graded": "../none.csv"})
    assert decision["judge"]["constant"] is None
    assert any("by hand was not measured" in sentence for sentence in decision["judge"]["said"])


@pytest.mark.parametrize("how", ["object", "raises", "weighed", "uneven", "lenient"])
def test_a_judge_with_its_own_way_to_read_a_reply_agrees_with_hands(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judges of other packages: one reads an object and no bare grade, one fails on anything else, one gives what lies
    between grades, one's steps are not even, and one scores what it cannot read as nothing."""

    def verdict(self: Judge, reply: Reply) -> Score | None:
        if how == "uneven":
            return Score({"bad": 0.0, "fair": 0.9, "good": 1.0}[reply.text])
        if how != "raises" and not reply.text.startswith("{"):
            return Score(0.0) if how == "lenient" else None
        place = self.grades.index(json.loads(reply.text)["grade"])
        return Score((0.1, 0.4, 0.95)[place] if how == "weighed" else place / 2)

    def grade(gold: str, answer: str, text: str) -> str:
        given = "good" if answer == gold else "fair" if answer == "near" else "bad"
        return given if how == "uneven" else json.dumps({"grade": given})

    monkeypatch.setattr(Judge, "verdict", verdict)
    by_hand = {"a": "good", "near": "fair", "b": "bad", "c": "good"}
    rows = "".join(f"note {i},a,{answer},{given}\n" for i in range(5) for answer, given in by_hand.items())
    (tmp_path / "graded.csv").write_text(f"input,gold,answer,grade\n{rows}")
    decision, _ = judged(tmp_path, monkeypatch, grade, judge={"graded": "graded.csv", "grades": ["bad", "fair", "good"]})
    assert decision["judge"]["hand"]["n"] == 20
    assert decision["judge"]["hand"]["value"] == 0.75, "all but the one that a hand graded otherwise"


def test_a_score_half_way_between_two_grades_agrees_with_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judge, "verdict", lambda self, reply: Score({"bad": 0.0, "good": 1.0}.get(reply.text, 0.5)))
    rows = "".join(f"note {i},a,{answer},{given}\n" for i in range(5) for answer, given in (("a", "good"), ("b", "bad")))
    (tmp_path / "graded.csv").write_text(f"input,gold,answer,grade\n{rows}")
    decision, _ = judged(
        tmp_path, monkeypatch, lambda *asked: "unsure", judge={"graded": "graded.csv", "grades": ["bad", "good"]}
    )
    assert (decision["judge"]["hand"]["n"], decision["judge"]["hand"]["value"]) == (10, 0.0)


@pytest.mark.parametrize("grade", ["right", "Right", " right ", "RIGHT"])
def test_a_row_of_hand_grades_that_comes_again_is_no_further_answer(
    grade: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graded.csv").write_text(f"input,gold,answer,grade\nx,a,a,right\nx,a,a,{grade}\ny,a,b,wrong\n")
    decision, _ = judged(tmp_path, monkeypatch, fair, judge={"graded": "graded.csv"})
    assert decision["judge"]["hand"]["n"] == 2


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "g.csv",
            "input,answer,grade\nx,a,4\nx,a,5\n",
            r"g\.csv, line 3: the grade is '5', and the same answer has '4'",
        ),
        ("g.csv", "input,answer,grade\nx,a,8\n", r"g\.csv, line 2, column 'grade': received '8'; valid: 1, 2, 3, 4, 5"),
        ("g.csv", "input,answer,grade\nx,a,\n", r"g\.csv, line 2, column 'grade': received ''; valid: 1, 2"),
        ("g.jsonl", '{"input": "x", "answer": "a", "grade": 4}\n{"input": "y", "grade": 4}\n', r"line 2 has no 'answer'"),
        (
            "g.jsonl",
            '{"input": "\\ud800", "answer": "a", "grade": 4}\n',
            r"line 1, column 'input': text with half a",
        ),
        ("g.csv", "input,answer,grade,gold\nx,a,4.0,b\ny,a,5.0,b\n", None),
        ("g.csv", "\ufeffinput;answer;grade;gold\r\nx;a;4;b\r\n", None),
    ],
)
def test_a_file_of_hand_grades_is_read_or_refused_before_anything_is_spent(
    name: str, text: str, says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    how = {"graded": name, "grades": ["1", "2", "3", "4", "5"]}
    if says is None:
        decision, _ = judged(tmp_path, monkeypatch, lambda *_: "4", judge=how)
        assert decision["judge"]["hand"]["value"] in (0.5, 1.0)
        return
    with pytest.raises(DataError, match=says):
        judged(tmp_path, monkeypatch, lambda *_: "4", judge=how)
    assert not list(tmp_path.rglob("study.db"))


def test_a_judge_elsewhere_never_sees_data_that_must_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fake, "local", property(lambda self: self.target != "echo"), raising=False)
    with pytest.raises(OptionError, match="data_stays_here is true, and the judge 'fake:echo' runs elsewhere"):
        judged(tmp_path, monkeypatch, fair, limits={"data_stays_here": True})


def test_the_models_own_judgement_of_itself_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision, _ = judged(tmp_path, monkeypatch, fair, judge={"model": ""})
    assert any("The judge is the model that it judges (fake)" in w for w in decision["verdict"]["warnings"])


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        ({"rubrik": "x"}, r"task\.yaml, key 'metric': metric 'judge' has no option 'rubrik'; did you mean 'rubric'"),
        ({"grades": ["good"]}, r"task\.yaml, key 'metric': metric 'judge', option 'grades': valid are two different words"),
        ({"graded": "gone.csv"}, r"there is no file .*gone\.csv"),
        ({"model": "gpt-4"}, r"there is no model 'gpt-4' here"),
    ],
)
def test_a_judge_that_cannot_be_is_said_before_anything_is_spent(
    judge: dict[str, Any], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CrossoverError, match=says):
        judged(tmp_path, monkeypatch, fair, judge=judge)
    assert not list(tmp_path.rglob("study.db"))


CODE = "def half(gold, answer):\n    return 1.0 if gold == answer else 0.5\n"


def test_a_metric_of_the_users_own_runs_is_said_and_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake", metric="own.py:half")
    (tmp_path / "own.py").write_text(CODE)
    heard: list[str] = []
    listener = Quiet()
    monkeypatch.setattr(listener, "say", heard.append)
    folder = run_study(task, tmp_path / "run", listener)
    assert any("the metric runs the code in" in sentence and "own.py (SHA-256 " in sentence for sentence in heard)
    decision = json.loads(folder.decision.read_text())
    assert decision["metric"] == "own.py:half"
    assert all(c["test"] is None or c["test"]["value"] >= 0.5 for c in decision["candidates"])
    results = read_results(folder)
    assert any("runs the code in" in sentence and "own.py (SHA-256 " in sentence for sentence in results.assumptions)
    assert "own.py:half" in render(results)
    (tmp_path / "own.py").write_text(CODE.replace("0.5", "0.25"))
    with pytest.raises(StudyError, match=r"scored its test split with another version of the metric own\.py:half"):
        run_study(task, tmp_path / "run")
    run_study(task, tmp_path / "another")


def test_a_judge_that_the_tasks_models_mean_by_a_name_is_held_by_what_it_is(tmp_path: Path) -> None:
    def run(grader: str) -> None:
        models = {"small": "fake", "grader": grader}
        rungs = [{"instruction": {"runs_on": "small", "formats": 0}}]
        metric = {"judge": {"model": "grader"}}
        run_study(write_task(tmp_path, rungs, models=models, metric=metric), tmp_path / "run")

    run("fake:answer=right")
    with pytest.raises(StudyError, match=r"scored its test split with another version of the metric judge"):
        run("fake:answer=wrong")


def test_a_mistake_in_the_users_metric_ends_the_study_with_file_and_line(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake", metric="own.py:f")
    (tmp_path / "own.py").write_text("def f(gold, answer):\n    return gold.index(answer + '!')\n")
    with pytest.raises(MetricError, match=r"own\.py, line 2: ValueError: substring not found, on the gold output"):
        run_study(task, tmp_path / "run")
    (tmp_path / "own.py").write_text(CODE.replace("half", "f"))
    assert run_study(task, tmp_path / "run").decision.exists(), "mended, the same folder goes on"


def test_a_metrics_file_that_is_not_there_is_said_with_the_line_and_leaves_no_folder(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake", metric="gone.py:f")
    with pytest.raises(TaskError, match=r"task\.yaml, line 1, key 'metric': there is no file .*gone\.py with a metric 'f'"):
        run_study(task, tmp_path / "run")
    (tmp_path / "own.py").write_text("def f(:\n")
    task = write_task(tmp_path, ["zero_shot"], model="fake", metric="own.py:f")
    with pytest.raises(MetricError, match=r"own\.py, line 1: "):
        run_study(task, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"judge": {}, "accuracy": {}}, "received a mapping with the keys judge, accuracy; valid is a name, or one name"),
        ({"judge": 3}, "valid is a mapping of options, as in judge"),
        ({"jugde": {}}, "there is no metric 'jugde'; did you mean 'judge'"),
    ],
)
def test_a_metric_with_options_is_checked(tmp_path: Path, metric: Any, said: str) -> None:
    with pytest.raises(TaskError, match=said):
        run_study(write_task(tmp_path, ["zero_shot"], model="fake", metric=metric), tmp_path / "run")
