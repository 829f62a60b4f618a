"""Studies over folds: every row tests once, what ships is made of all rows, and figures are said to be of the procedure."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crossover
from crossover.api.study import open_study
from crossover.data.infer import prepare
from crossover.data.task import Task, load_task
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import DataError
from crossover.evaluation.design import Effect
from crossover.report.page import render
from crossover.report.table import glance
from crossover.serve.export import export
from crossover.study import conductor, crossfit
from crossover.study.folder import StudyFolder
from crossover.study.ladder import guarded
from crossover.study.read import read_candidate, read_results
from crossover.study.run import run_study
from crossover.study.works import Serial
from crossover.types import Estimate, Run
from tests.pace import PROBES
from tests.study.small import write_small
from tests.study.tasks import NOTES, write_task
from tests.study.test_conductor import Ear, decide

FOLDS = 3
STRATEGIES: list[Any] = ["zero_shot", {"few_shot": {"shots": [2], "selection": ["random"]}}, {"lora": {"epochs": 1}}]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Ear]:
    folder, ear = tmp_path_factory.mktemp("folds"), Ear()
    task = write_small(folder, STRATEGIES, folds=FOLDS, target=0.9, tolerance=1)
    return folder, decide(task, folder / "run", ear), ear


def test_every_row_tests_once_for_every_rung(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    folder, decision, _ = finished
    rows = sorted(note.strip() for notes in NOTES.values() for note in notes.strip().splitlines())
    study = open_study(folder / "run")
    for candidate in decision["candidates"]:
        found = study.predictions(candidate["name"])
        assert sorted(one.input for one in found) == rows, candidate["name"]
        assert candidate["test"]["n"] == len(rows)
    assert decision["folds"] == FOLDS
    assert decision["splits"] == {"train": 48, "dev": 12, "test": 60}


def test_nothing_that_answers_a_row_was_made_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[tuple[set[str], set[str]]] = []

    def pooled(candidate: str, parts: list[Run], bench: Any, design: float = 1.0) -> Run:
        met.extend(({r.example.input for r in part.records}, {part.candidate}) for part in parts)
        return real(candidate, parts, bench, design)  # type: ignore[no-any-return]

    real: Any = crossfit.pooled
    monkeypatch.setattr(crossfit, "pooled", pooled)
    task = write_small(tmp_path, STRATEGIES[:2], folds=FOLDS)
    run_study(task, tmp_path / "run", Ear())
    splits = prepare(load_task(task)).splits
    few = met[-FOLDS:]
    assert len({next(iter(made)) for _, made in few}) == FOLDS, "each fold has demonstrations of its own"
    for fold, (tested, _) in zip(splits.folds, few, strict=True):
        assert tested == {e.input for e in fold.test}
        assert not tested & {e.input for e in (*fold.train, *fold.dev)}


def test_what_ships_is_made_of_all_rows_and_its_own_figures_are_its_own(
    finished: tuple[Path, dict[str, Any], Ear],
) -> None:
    folder, decision, _ = finished
    candidate, row = read_candidate(StudyFolder(folder / "run"), "lora")
    assert candidate.weights is not None
    assert Path(candidate.weights.path).is_dir()
    journal = JournalReader(folder / "run" / "study.db")
    known = [journal.run(row["id"], split) for split in ("test", "dev", "folds")]
    journal.close()
    assert known[0] is None, "answers of other weights are not this candidate's on test"
    assert [len(run["records"]) for run in known[1:]] == [12, 60]
    assert known[2]["folds"] == FOLDS
    assert known[2]["design"] > 1, "it was made of other rows each time"
    journal = JournalReader(folder / "run" / "study.db")
    bare = journal.run(next(c["id"] for c in decision["candidates"] if c["name"] == "zero_shot"), "folds")
    journal.close()
    assert (bare["design"], bare["leaning"]) == (1, 0), "it is the very candidate that ships"
    assert row["latency_ms"]["n"] > 0
    assert row["test_gap"] is None
    assert [c["latency_ms"]["n"] for c in decision["candidates"]] == [PROBES] * 4, "only what ships is timed"


def test_a_second_run_pays_nothing_and_decides_the_same(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    folder, decision, _ = finished
    again = decide(folder / "task.yaml", folder / "run")
    for body in (again, decision):
        body["spent"].pop("seconds", None)
    assert again == decision


def test_a_study_that_was_cut_off_in_a_fold_continues_and_decides_as_in_one_go(
    finished: tuple[Path, dict[str, Any], Ear], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, decision, _ = finished
    task = write_small(tmp_path, STRATEGIES, folds=FOLDS, target=0.9, tolerance=1)
    calls: list[str] = []

    def killed(name: str, make: Any, folder: StudyFolder) -> Any:
        calls.append(name)
        if name == "few_shot, fold 2":
            raise KeyboardInterrupt
        return guarded(name, make, folder)

    monkeypatch.setattr(crossfit, "guarded", killed)
    with pytest.raises(KeyboardInterrupt):
        run_study(task, tmp_path / "run", Ear())
    monkeypatch.undo()
    journal = Journal(tmp_path / "run" / "study.db")
    before = journal.spent()[0]
    journal.close()
    after = decide(task, tmp_path / "run")
    assert 0 < before < after["spent"]["calls"] == decision["spent"]["calls"]
    kept = ("id", "dev", "test", "status", "note")
    assert [[c[k] for k in kept] for c in after["candidates"]] == [[c[k] for k in kept] for c in decision["candidates"]]
    assert after["comparisons"] == decision["comparisons"]
    assert after["verdict"]["choice"] == decision["verdict"]["choice"]


def test_the_listener_is_told_each_rung_in_each_fold(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    _, decision, ear = finished
    names = [f"{c['name']}, fold {n}" for c in decision["candidates"] for n in range(1, FOLDS + 1)]
    begun = [stage for stage in ear.stages if stage.kind == "fold"]
    assert [stage.name for stage in begun] == names
    assert [(stage.position, stage.total) for stage in begun] == [(n, len(names)) for n in range(1, len(names) + 1)]
    planned = [stage for stage in ear.plans[-1] if stage.kind == "fold"]
    assert [stage.name for stage in planned] == names
    assert all(stage.seconds is not None for stage in planned)
    once = next(stage.seconds for stage in ear.plans[-1] if (stage.kind, stage.name) == ("climb", "lora"))
    folds = sum(stage.seconds or 0 for stage in planned if stage.name.startswith("lora,"))
    assert once is not None
    assert folds > once, "a rung is made again in every fold, but asked of no training rows"
    assert not [stage for stage in ear.plans[-1] if stage.kind == "test"]
    assert any("then each is made anew 3 times without a part of the rows" in sentence for sentence in ear.said)


def test_everything_that_shows_figures_says_that_they_are_of_the_procedure(
    finished: tuple[Path, dict[str, Any], Ear], tmp_path: Path
) -> None:
    folder, decision, _ = finished
    results = read_results(folder / "run")
    assert "cross-fitted over 3 folds" in decision["verdict"]["reasons"][-1]
    assert "cross-fitted over 3 folds" in str(glance(results, 200).caption)
    page = render(results)
    assert "60 items, cross-fitted over 3 folds" in page
    assert "the figures are of the way, not of the weights that ship" in page
    assert "on the test split" not in page
    assert "test items" not in " ".join((*decision["verdict"]["reasons"], open_study(folder / "run").verdict.headline))
    out = tmp_path / "out"
    made = export(StudyFolder(folder / "run"), out, "few_shot", check=True)
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "on 60 rows, cross-fitted over 3 folds" in text
    assert "were not measured on further rows" in text
    assert made.parity is not None
    assert (made.parity.split, made.parity.equal) == ("dev", True), "replayed is what the candidate itself answered"


def test_a_rung_that_fails_in_one_fold_cannot_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(name: str, make: Any, folder: StudyFolder) -> Any:
        return "the loss is not a number" if name == "few_shot, fold 2" else guarded(name, make, folder)

    dropped = list[str]()
    monkeypatch.setattr(crossfit, "guarded", failing)
    monkeypatch.setattr(Serial, "drop", lambda _, going=(): dropped.extend(one.work.name for one in going))
    decision = decide(write_task(tmp_path, STRATEGIES[:2], model="fake", folds=FOLDS), tmp_path / "run")
    rows = {c["name"]: c for c in decision["candidates"]}
    assert (rows["few_shot"]["status"], rows["few_shot"]["test"]) == ("candidate", None)
    assert "few_shot cannot win: in fold 2 of 3, the loss is not a number" in decision["verdict"]["warnings"]
    assert dropped == ["few_shot, fold 3"], "who works elsewhere already is told that nobody wants it"
    assert rows["zero_shot"]["test"]["n"] == 60


@given(st.floats(0, 1), st.floats(0, 1), st.integers(20, 200), st.floats(0, 20), st.floats(1, 5))
def test_what_ships_is_guessed_between_its_rung_and_its_own_dev(
    own: float, usual: float, n: int, luck: float, alike: float
) -> None:
    """`luck` in variances of an estimate on all rows."""
    devs, mine = [Estimate(n // 6, usual, 0, 1)] * 5, Estimate(n // 5, own, 0, 1)
    moved = crossfit.leaning(n, mine, devs, Effect(luck=luck))
    assert moved == pytest.approx((own - usual) * luck / (luck + n / (n // 5) + n / (5 * (n // 6))))
    assert abs(crossfit.leaning(n, mine, devs, Effect(alike, luck))) <= abs(moved), "rows that are alike say less"
    assert crossfit.leaning(n, mine, devs, Effect(alike)) == 0, "without luck the folds say all, alike or not"
    assert crossfit.leaning(n, Estimate(0, 0.0, 0.0, 1.0), devs, Effect(alike, luck)) == 0


def test_all_that_is_refitted_has_the_effect_that_its_folds_show_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[int] = []

    def seen(rungs: list[list[Run]]) -> Effect:
        met.extend(len(parts) for parts in rungs)
        return Effect(2.0, 5.0)

    monkeypatch.setattr(crossfit, "seen_effect", seen)
    decision = decide(write_task(tmp_path, STRATEGIES[:2], model="fake", folds=FOLDS), tmp_path / "run")
    journal = JournalReader(tmp_path / "run" / "study.db")
    design = {row["name"]: journal.run(row["id"], "folds")["design"] for row in decision["candidates"]}
    journal.close()
    assert design == {"majority": 1.0, "zero_shot": 1.0, "few_shot": 7.0}
    assert met == [FOLDS], "what is the same each time tells nothing of refits"


def test_rows_that_are_mostly_one_text_are_warned_of(tmp_path: Path) -> None:
    task = write_task(tmp_path, STRATEGIES[:2], folds=FOLDS, model="fake")
    decision = decide(task, tmp_path / "few")
    assert not any("may be right or wrong together" in said for said in decision["verdict"]["warnings"])
    with (tmp_path / "notes.csv").open("a") as file:
        boilerplate = " ".join(note.strip() for note in NOTES["journey"].strip().splitlines()[:12])
        file.writelines(f"{boilerplate} {number},{topic}\n" for number, topic in enumerate(["garden", "kitchen"] * 50))
    said = decide(task, tmp_path / "many")["verdict"]["warnings"]
    assert any(one.startswith("62.5 % of the rows are one group, or nearly the same text: they may be") for one in said)


def test_rows_that_are_nearly_the_same_count_as_one_also_for_what_is_the_same_in_each_fold(tmp_path: Path) -> None:
    """A bare prompt answers them alike, as anything does: nothing is made anew, and yet they are no independent items."""
    task = write_task(tmp_path, ["zero_shot"], folds=FOLDS, model="fake")

    def widths(out: str) -> dict[str, tuple[float, float]]:
        candidates = decide(task, tmp_path / out)["candidates"]
        return {c["name"]: (c["test"]["n"], c["test"]["high"] - c["test"]["low"]) for c in candidates}

    before = widths("few")
    rows = [f"{note.strip()} {end},{topic}" for topic, notes in NOTES.items() for note in notes.strip().splitlines()
            for end in ("", "!", "!!", "!!!")]  # fmt: skip
    (tmp_path / "notes.csv").write_text("\n".join(["note,topic", *rows]))
    after = widths("many")
    assert after["majority"][0] == 4 * before["majority"][0]
    assert after["majority"][1] > 0.85 * before["majority"][1], "four of each are no more evidence than one"


def test_a_limit_on_the_folds_leaves_whole_rungs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "FOLDS_RESERVE", 0.0)
    whole = decide(write_task(tmp_path / "whole", STRATEGIES[:2], model="fake", folds=FOLDS), tmp_path / "whole" / "run")
    task = write_task(tmp_path, STRATEGIES[:2], model="fake", folds=FOLDS, limits={"calls": whole["spent"]["calls"] - 5})
    decision = decide(task, tmp_path / "run")
    tested = {c["name"]: c["test"] and c["test"]["n"] for c in decision["candidates"]}
    assert tested == {"majority": 60, "zero_shot": 60, "few_shot": None}
    assert any("on the folds; not tested: few_shot" in warning for warning in decision["verdict"]["warnings"])


def test_a_race_that_was_asked_for_is_none_over_folds_and_that_is_said(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake", folds=FOLDS, exhaustive=False)
    decide(task, tmp_path / "run")
    said = read_results(tmp_path / "run").assumptions
    assert "exhaustive: false changes nothing over folds: there all rows are answered" in said


def test_groups_and_near_duplicates_stay_in_one_fold_and_labels_are_spread() -> None:
    rows = [
        {"note": f"{note.strip()}{end}", "topic": topic, "who": f"{topic} {number // 2}"}
        for topic, notes in NOTES.items()
        for number, note in enumerate(notes.strip().splitlines())
        for end in ("", " !", " .")
    ]
    for group in (None, "who"):
        splits = prepare(Task(name="n", data=rows, input="note", output="topic", folds=5, group=group)).splits
        assert splits.test == ()
        assert len(splits.all) == len(rows)
        home: dict[str, int] = {}
        for number, fold in enumerate(splits.folds):
            counts = Counter(e.output for e in fold.test)
            assert set(counts) == set(NOTES)
            assert max(counts.values()) - min(counts.values()) <= 6
            parts = {e.input: name for name in ("train", "dev", "test") for e in getattr(fold, name)}
            assert len(parts) == len(rows)
            for example in fold.test:
                text = example.input.rstrip(" .!")
                assert home.setdefault(text, number) == number
                assert {parts[f"{text}{end}"] for end in ("", " !", " .")} == {"test"}
            for text in {e.input.rstrip(" .!") for e in (*fold.train, *fold.dev)}:
                assert len({parts[f"{text}{end}"] for end in ("", " !", " .")}) == 1


def test_a_dev_or_test_file_of_ones_own_and_too_few_rows_are_refused(tmp_path: Path) -> None:
    rows = [{"note": note.strip(), "topic": topic} for topic, notes in NOTES.items() for note in notes.split("\n") if note]
    for own in ("dev", "test"):
        with pytest.raises(DataError, match=f"{own}.*with folds every row tests once, and dev is cut inside each fold"):
            crossover.run_study(
                data={"train": rows[:50], own: rows[50:]},
                input="note",
                output="topic",
                folds=5,
                out=tmp_path / "run",
                model="fake",
            )
    task = write_task(tmp_path, ["zero_shot"], model="fake", folds=20, group="topic")
    with pytest.raises(DataError, match=r"are 3 group\(s\).* too few for 20 folds; valid are at least 20 groups"):
        run_study(task, tmp_path / "run", Ear())
    assert not (tmp_path / "run").exists()


def test_folds_are_part_of_the_frozen_data(tmp_path: Path) -> None:
    decide(write_task(tmp_path, ["zero_shot"], model="fake", folds=3), tmp_path / "run")
    with pytest.raises(crossover.errors.StudyError, match=r"other data or splits.*folds: 3 → 4"):
        decide(write_task(tmp_path, ["zero_shot"], model="fake", folds=4), tmp_path / "run")


def test_decision_json_of_one_split_has_no_folds(tmp_path: Path) -> None:
    decision = decide(write_task(tmp_path, ["zero_shot"], model="fake"), tmp_path / "run")
    assert decision["folds"] is None
    assert json.loads((tmp_path / "run" / "decision.json").read_text())["splits"] == {"train": 36, "dev": 12, "test": 12}


def test_in_a_fold_nearly_as_many_rows_teach_as_teach_what_ships() -> None:
    rows = [{"text": f"{number} {number * 7919}", "label": "ab"[number % 2]} for number in range(130)]
    splits = prepare(Task(name="ab", data=rows, input="text", output="label", kind="classify", folds=5)).splits
    assert (len(splits.train), len(splits.dev)) == (104, 26)
    for fold in splits.folds:
        assert (len(fold.train), len(fold.dev), len(fold.test)) == (92, 12, 26)
