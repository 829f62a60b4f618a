"""A study while it runs, seen from another side; and one that is made, stopped and continued in the studio."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from crossover.studio import runs, shelf
from crossover.studio.live import Live
from crossover.studio.pages import Pages
from crossover.studio.runs import Ended, Runs
from crossover.study.folder import StudyFolder
from crossover.study.listener import Quiet, Stage
from crossover.study.progress import FILE, read_progress
from crossover.study.run import run_study
from crossover.types import Usage
from tests.cli.small import rows, table, write_task
from tests.studio.conftest import Browser, opened, waited
from tests.study.small import write_small


class Looking(Quiet):
    """Looks at the page whenever something happens."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.pages: list[str] = []

    def plan(self, stages: Sequence[Stage]) -> None:
        self.pages.append(self.browser.get("/").text)

    def stage(self, stage: Stage) -> None:
        told = self.browser.get("/study/run/live?was=true")
        self.pages.append(told.text + " HX-REFRESH" * ("hx-refresh" in told.headers))


def test_a_study_is_seen_while_it_runs_and_when_it_is_over(tmp_path: Path) -> None:
    browser = opened(tmp_path)
    looking = Looking(browser)
    run_study(write_task(tmp_path), tmp_path / "run", looking)
    first, *later = looking.pages
    assert '<span class="pill">running</span>' in first
    assert any("zero_shot (2/3)" in page for page in later)
    assert any("majority" in page and "Rungs so far" in page for page in later), "rungs that are done, with their dev"
    assert "Best so far" in later[-1]
    assert "test: " in later[-1]
    assert all("HX-REFRESH" not in page for page in later)
    assert not (tmp_path / "run" / FILE).exists()
    over = browser.get("/study/run/live?was=true")
    assert over.headers["hx-refresh"] == "true", "the verdict is on the page now"
    assert "every 1s" not in browser.get("/study/run").text
    assert "running" not in browser.get("/").text


class Tuning(Quiet):
    """Looks at the page at each epoch."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.pages: list[str] = []

    def progress(self, what: str, done: int, total: int) -> None:
        if what == "epochs":
            self.pages.append(self.browser.get("/study/run/live").text)


def test_a_tune_is_seen_while_it_runs(tmp_path: Path) -> None:
    browser = opened(tmp_path)
    looking = Tuning(browser)
    run_study(write_small(tmp_path, ["zero_shot", {"lora": {"epochs": 2}}], forgetting=False), tmp_path / "run", looking)
    assert len(looking.pages) == 2
    for epoch, page in enumerate(looking.pages, 1):
        assert f"The latest tune, not finished: epoch {epoch}, " in page
        assert page.count("<svg") == 2
        assert "<style" not in page
    assert "The latest tune" not in browser.get("/study/run/live").text


def test_what_a_killed_run_left_is_nothing_that_runs(tmp_path: Path) -> None:
    body = {"pid": os.getpid(), "began": psutil.Process().create_time(), "stage": "x", "part": None, "share": 0.5}
    body |= {"seconds": 3.0, "best": None, "said": []}
    folder = StudyFolder(tmp_path)
    wrong: list[dict[str, Any]] = [{"pid": 2**22 + 1}, {"pid": "evil"}, {"pid": -1}, {"pid": float("inf")}]
    for changed in ({}, {"began": 1.0}, *wrong):  # alive, yet without the lock
        (tmp_path / FILE).write_text(json.dumps({**body, **changed}), encoding="utf-8")
        assert read_progress(folder) is None
    for damaged in ("", "[]", "{}", "null", '{"pid": []}'):
        (tmp_path / FILE).write_text(damaged, encoding="utf-8")
        assert read_progress(folder) is None


@pytest.mark.parametrize(
    ("status", "said"),
    [(-9, "ended from outside (Killed)"), (-2, "Stopped"), (130, "Stopped"), (2, "ended with a complaint")],
)
def test_how_a_run_ended_is_said(status: int, said: str) -> None:
    live = Live(False, None, 0, Usage(), 0.0, Ended(status, "the last line"))
    assert said in Pages("token").render("moving.html", name="run", live=live, results=None)


def test_what_does_not_run_cannot_be_stopped(browser: Browser) -> None:
    assert browser.post("/study/notes/stop").status_code == 404
    assert browser.post("/study/nothing/stop").status_code == 404
    assert browser.post("/study/nothing/continue").status_code == 404
    said = browser.post("/study/notes/continue")
    assert (said.status_code, "runs already" in said.text) in ((204, False), (400, True), (400, False))


@pytest.fixture
def uploaded(tmp_path: Path) -> tuple[Browser, str, Path]:
    """A studio over an empty folder, the address of an uploaded file's questions, the folder."""
    browser = opened(tmp_path / "runs")
    told = browser.post("/new", files={"file": ("parcels.csv", table(rows()).encode(), "text/csv")})
    assert told.status_code == 204, told.text
    return browser, told.headers["hx-redirect"], tmp_path / "runs"


ANSWERS: dict[str, Any] = {
    "name": "parcels",
    "instruction": "Say what the message is about.",
    "source": "text",
    "output": "label",
    "metric": "macro_f1",
    "target": "0.5",
    "minutes": "0.03",  # it decides on what there is by then
    "model": "fake",
}


@pytest.fixture
def begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file: the studies that the studio starts begin once it is there, however slow this process is."""
    file = tmp_path / "begins"
    waits = f"import os, time\nwhile not os.path.exists({str(file)!r}): time.sleep(0.02)\n"
    monkeypatch.setattr(runs, "COMMAND", waits + runs.COMMAND)
    yield file
    file.touch()


@pytest.mark.usefixtures("_by_words")
def test_a_study_is_made_from_a_file_stopped_and_continued(uploaded: tuple[Browser, str, Path], begins: Path) -> None:
    browser, address, root = uploaded
    asked = browser.get(address).text
    assert "by its name" in asked, "what was assumed is said"
    assert "Decide which label fits the text" in asked, "a draft of the instruction"
    begun = browser.post(address, data=ANSWERS)
    assert begun.headers["hx-redirect"] == "/study/parcels", begun.text
    assert "Running" in browser.get("/study/parcels").text, "also before its folder is there"
    assert browser.post(address, data=ANSWERS).status_code == 400, "once is enough"
    assert browser.post("/study/parcels/continue").status_code == 400, "it runs"
    begins.touch()
    assert browser.post("/study/parcels/stop").status_code == 204
    waited(lambda: "Stopped" in browser.get("/study/parcels/live").text)
    assert not (root / "parcels" / "decision.json").exists()
    assert "Continue" in browser.get("/study/parcels").text
    assert browser.post("/study/parcels/continue").status_code == 204
    waited(lambda: (root / "parcels" / "decision.json").exists())
    waited(lambda: "Running" not in browser.get("/study/parcels").text)
    decision = json.loads((root / "parcels" / "decision.json").read_text(encoding="utf-8"))
    assert (decision["metric"], decision["target"], decision["model"]) == ("macro_f1", 0.5, "fake")
    assert "Verdict" in browser.get("/study/parcels").text


@pytest.mark.parametrize("heard", [signal.SIG_IGN, signal.default_int_handler])
def test_a_study_that_is_stopped_before_it_is_up_stops(
    uploaded: tuple[Browser, str, Path], begins: Path, heard: Any
) -> None:
    """Also where the studio runs behind another program, which lets it ignore interrupts."""
    browser, address, root = uploaded
    before = signal.signal(signal.SIGINT, heard)
    try:
        browser.post(address, data=ANSWERS)
        assert browser.post("/study/parcels/stop").status_code == 204
        begins.touch()
    finally:
        signal.signal(signal.SIGINT, before)
    waited(lambda: "Stopped" in browser.get("/study/parcels/live").text)
    assert not (root / "parcels").exists()


def test_two_studies_of_one_file_have_a_task_file_each(
    uploaded: tuple[Browser, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is continued by its own, whatever the second was told."""
    begun: list[tuple[str, Path]] = []
    monkeypatch.setattr(Runs, "start", lambda self, name, folder, task, options=(): begun.append((name, task)))
    browser, address, _ = uploaded
    assert browser.post(address, data=ANSWERS).status_code == 204
    (_, task), written = begun[0], begun[0][1].read_text(encoding="utf-8")
    assert browser.post(address, data=ANSWERS | {"name": "other", "metric": "accuracy"}).status_code == 204
    assert task.read_text(encoding="utf-8") == written
    assert [yaml.safe_load(path.read_text(encoding="utf-8"))["name"] for _, path in begun] == ["parcels", "other"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "../evil"}, "valid as a name"),
        ({"name": ".studio"}, "valid as a name"),
        ({"name": ""}, "name"),
        ({"output": "nothing"}, "no column"),
        ({"metric": "rouge_l"}, "does not suit"),
        ({"metric": "/tmp/evil.py:f"}, "does not suit"),
        ({"target": "much"}, "target"),
        ({"minutes": "nan"}, "minutes"),
        ({"model": "nothing-like-this"}, "nothing-like-this"),
    ],
)
def test_wrong_answers_start_nothing(uploaded: tuple[Browser, str, Path], changed: dict[str, str], said: str) -> None:
    browser, address, root = uploaded
    told = browser.post(address, data=ANSWERS | changed)
    assert told.status_code == 400
    assert said in told.text
    assert not (root / ".studio" / "started").exists()


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "..\\..\\evil.csv", "/etc/evil.csv", "<img src=x>.csv", "a\tb.csv", ".csv.csv", "é.csv"]
)
def test_an_upload_lies_where_it_belongs_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    browser = opened(tmp_path / "runs")
    told = browser.post("/new", files={"file": (name, table(rows()).encode())})
    assert told.status_code == 204, told.text
    [kept] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.is_relative_to(tmp_path / "runs" / ".studio" / "uploads")
    assert "<img" not in browser.get(told.headers["hx-redirect"]).text
    assert browser.get("/").status_code == 200


def test_a_packed_upload_is_read_as_on_the_command_line(tmp_path: Path) -> None:
    browser = opened(tmp_path / "runs")
    told = browser.post("/new", files={"file": ("My rows.CSV.gz", gzip.compress(table(rows()).encode()))})
    assert told.status_code == 204, told.text
    [kept] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.name == "My-rows.csv.gz"
    assert "My-rows.csv.gz" in browser.get(told.headers["hx-redirect"]).text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.exe", b"MZ"),
        ("data.exe.gz", b"MZ"),
        ("data.csv.gz", b"no gzip"),
        ("data", b"text,label\na,b\n"),
        ("data.csv", b""),
        ("data.csv", b"\x00\x01\x02"),
        ("data.csv", b"only\none\n"),
        ("data.parquet", b"PAR1 no"),
        ("data.json", b"[" * 100_000),
    ],
)
def test_what_is_no_data_is_said_and_not_kept(tmp_path: Path, name: str, content: bytes) -> None:
    told = opened(tmp_path / "runs").post("/new", files={"file": (name, content)})
    assert told.status_code == 400
    assert str(tmp_path) not in told.text
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_which_columns_are_meant_is_asked_where_it_is_not_clear(tmp_path: Path) -> None:
    lines = [f"{text},{label},{'pq'[at % 2]}" for at, (text, label) in enumerate(rows())]
    browser = opened(tmp_path / "runs")
    told = browser.post("/new", files={"file": ("a.csv", "\n".join(["text,topic,mood", *lines, ""]).encode())})
    assert told.status_code == 204, told.text
    address = told.headers["hx-redirect"]
    page = browser.get(address).text
    assert "which column is the output is not clear: &#39;topic&#39; or &#39;mood&#39; may be" in page
    assert "Start it" not in page
    page = browser.get(f"{address}?source=&output=mood").text
    assert "Start it" in page
    assert 'name="output" value="mood"' in page
    assert 'name="source" value="text"' in page


def test_there_is_no_upload_but_those_that_are_listed(browser: Browser) -> None:
    for name in ("nothing", "..%2f..", "%2e%2e"):
        assert browser.get(f"/new/{name}").status_code == 404


def test_a_single_study_takes_no_other(made: Path) -> None:
    told = opened(made / "runs" / "notes").post("/new", files={"file": ("a.csv", table(rows()).encode())})
    assert told.status_code == 400
    assert "is one study" in told.text


def test_markup_in_a_file_stays_text(tmp_path: Path) -> None:
    content = table(rows()) + "<script>alert(1)</script> {{ 7*7 }},order\n"
    content = content.replace("text,label", "<b>text</b>,label")
    browser = opened(tmp_path / "runs")
    page = browser.get(browser.post("/new", files={"file": ("a.csv", content.encode())}).headers["hx-redirect"]).text
    assert "<b>text" not in page
    assert "&lt;b&gt;text" in page


def test_a_study_whose_journal_is_elsewhere_is_read_anew_while_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[StudyFolder] = []
    monkeypatch.setattr(shelf, "read_results", read.append)
    (tmp_path / "study.url").write_text("postgresql://host/team?study=one")
    seen, folder = shelf.Shelf(tmp_path), StudyFolder(tmp_path)
    for expected in (1, 2):
        seen.results(folder)
        assert len(read) == expected  # no file tells that something changed
    folder.decision.write_text("{}")
    seen.results(folder), seen.results(folder)
    assert len(read) == 3
