"""The list of studies and a study's page: what they say, and that nothing in them is taken for markup."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crossover.errors import StudyError
from crossover.study.read import read_results
from tests.studio.conftest import EVIL, Browser, opened


def test_the_list_leads_to_a_study_and_its_report(looking: Browser) -> None:
    page = looking.get("/").text
    assert '<a href="/study/notes">notes</a>' in page
    study = looking.get("/study/notes").text
    assert "Verdict" in study
    for name in ("majority", "zero_shot", "lora"):
        assert name in study
    assert study.count("<svg") >= 2, "the leaderboard, in two widths"
    assert "95 %" in study, "intervals stand beside numbers"
    assert "Lost at most" in study, "what the choice may cost"
    assert "<!doctype html>" in looking.get("/study/notes/report").text


def test_a_folder_that_is_a_study_is_a_list_of_one(made: Path) -> None:
    assert "/study/notes" in opened(made / "runs" / "notes").get("/").text


def test_an_empty_folder_and_none_say_that_there_is_nothing(tmp_path: Path) -> None:
    assert "no study in" in opened(tmp_path).get("/").text
    assert "no study in" in opened(tmp_path / "absent").get("/").text


def test_damaged_studies_are_said_and_hide_no_other(place: Path) -> None:
    broken = place / "runs" / "broken"
    shutil.copytree(place / "runs" / "notes", broken)
    (broken / "decision.json").write_text("{", encoding="utf-8")
    (place / "runs" / "alone").mkdir()
    (place / "runs" / "alone" / "decision.json").write_text("{}", encoding="utf-8")
    page = opened(place / "runs").get("/").text
    assert "is damaged" in page
    assert "no study.db" in page
    assert 'href="/study/notes"' in page
    assert "is damaged" in opened(place / "runs").get("/study/broken").text


@pytest.mark.parametrize("damage", [None, 5, "x", [], {}, [{}], {"a": 1}])
def test_whatever_was_done_to_a_study_the_others_are_listed(place: Path, damage: object) -> None:
    broken = place / "runs" / "broken"
    shutil.copytree(place / "runs" / "notes", broken)
    written = json.loads((broken / "decision.json").read_text(encoding="utf-8"))
    browser = opened(place / "runs")
    for number, key in enumerate(written):
        path = broken / "decision.json"
        path.write_text(json.dumps(written | {key: damage}), encoding="utf-8")
        os.utime(path, ns=(number, number))
        page = browser.get("/")
        assert (page.status_code, 'href="/study/notes"' in page.text) == (200, True), key


def test_a_study_whose_journal_lost_its_task_is_said_to_be_damaged(place: Path) -> None:
    broken = place / "runs" / "broken"
    shutil.copytree(place / "runs" / "notes", broken)
    with closing(sqlite3.connect(broken / "study.db")) as journal, journal:
        journal.execute("DELETE FROM facts WHERE name = 'task'")
    with pytest.raises(StudyError, match="is damaged"):
        read_results(broken)
    assert "is damaged" in opened(place / "runs").get("/study/broken").text


def test_a_history_that_is_none_of_ours_counts_as_none(place: Path, browser: Browser) -> None:
    (place / "runs" / "notes" / "studio").mkdir()
    for body in (
        [{"id": 1, "at": 2, "input": 3, "cells": 4}],
        [{"id": "1", "at": "", "input": "", "cells": [5]}],
        {"a": 1},
    ):
        (place / "runs" / "notes" / "studio" / "history.json").write_text(json.dumps(body), encoding="utf-8")
        assert "Nothing was run yet" in browser.get("/study/notes/play/history").text


def test_nothing_that_a_study_holds_is_taken_for_markup(place: Path) -> None:
    path = place / "runs" / "notes" / "decision.json"
    decision = json.loads(path.read_text(encoding="utf-8"))
    for candidate in decision["candidates"]:
        candidate["name"] = f"{EVIL} {candidate['name']}"
        candidate["note"] = EVIL * 20_000
    decision["verdict"]["reasons"] = [EVIL]
    decision["verdict"]["warnings"] = [EVIL]
    path.write_text(json.dumps(decision), encoding="utf-8")
    evil = place / "runs" / "<img src=x onerror=alert(1)>"
    shutil.copytree(place / "runs" / "notes", evil)
    browser = opened(place / "runs")
    for page in (browser.get("/").text, browser.get("/study/notes").text, browser.get("/study/notes/report").text):
        assert "<script>document" not in page
        assert "<img src=x" not in page
        assert "49" not in page.split("{{ 7*7 }}")[0][-3:]
    assert len(browser.get("/study/notes").text) < 400_000
    assert "<style" not in browser.get("/study/notes").text, "the page's policy lets none in"


def test_a_study_that_is_written_anew_is_read_anew(place: Path) -> None:
    browser = opened(place / "runs")
    browser.get("/study/notes")
    path = place / "runs" / "notes" / "decision.json"
    decision = json.loads(path.read_text(encoding="utf-8"))
    decision["verdict"]["reasons"] = ["something quite new"]
    path.write_text(json.dumps(decision), encoding="utf-8")
    assert "something quite new" in browser.get("/study/notes").text
