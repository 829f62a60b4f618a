"""Candidates at a service in the studio: asked as measured, marked where they cost, and never at length without a yes."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossover.study.evaluate import paid_evaluation
from crossover.study.folder import StudyFolder
from crossover.study.own import OwnCandidates
from crossover.study.run import run_study
from tests.models.service import Service, serving
from tests.studio.conftest import Browser, opened, waited
from tests.study.test_hosted import task


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Service()) as found:
        yield found


@pytest.fixture(scope="module")
def hosted(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study, "colours", whose model is behind a proxy on this machine that has a price."""
    place = tmp_path_factory.mktemp("hosted")
    path = task(place, service.url, more="prices: {input: 1000, output: 4000}\n")
    run_study(path, place / "runs" / "colours")
    return place


@pytest.fixture
def browser(hosted: Path) -> Browser:
    return opened(hosted / "runs")


def identity(hosted: Path) -> str:
    decision = json.loads((hosted / "runs" / "colours" / "decision.json").read_text(encoding="utf-8"))
    return next(str(row["id"]) for row in decision["candidates"] if row["name"] == "zero_shot")


def answered(browser: Browser, text: str, used: str, **fields: str) -> str:
    told = browser.post("/study/colours/play", data={"input": text, "use": used, **fields})
    stream = browser.get(told.text.split('data-events="')[1].split('"')[0]).text
    last = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith('data: {"cell')][-1]
    return html.unescape(str(last["html"]))


def test_it_answers_in_the_playground_and_says_what_that_cost(hosted: Path, browser: Browser, service: Service) -> None:
    one = identity(hosted)
    assert "at a service: asking it may cost money" in browser.get(f"/study/colours/play?use={one}").text
    answered(browser, "thing 69 is blue", one)  # how labels are chosen at this service is found out by a request more
    told = answered(browser, "thing 70 is blue", one)
    assert '<p class="answer">blue</p>' in told
    assert "10 tokens in, 2 out" in told
    assert "0.018 USD" in told, "10 and 2 tokens, at 1,000 and 4,000 for a million"
    edited = answered(browser, "thing 70 is blue", one, **{f"instruction-{one}": "Name the colour."})
    assert "edited: not what was measured" in edited
    assert [m["content"] for m in service.bodies[-1]["messages"] if m["role"] == "system"] == ["Name the colour."]


def test_a_service_that_fails_is_said_in_its_column(hosted: Path, browser: Browser, service: Service) -> None:
    service.plan = lambda number, body: "400"
    try:
        assert '<p class="bad wrap">' in answered(browser, "thing 71 is red", identity(hosted))
    finally:
        service.plan = lambda number, body: ""


def test_many_calls_need_a_yes(hosted: Path, browser: Browser, service: Service) -> None:
    one, asked = identity(hosted), service.number
    fields = {"of": one, f"instruction-{one}": "Which colour?", f"name-{one}": "mine"}
    for told in (
        browser.post("/study/colours/candidates", data=fields),
        browser.post("/study/colours/next", data={"lines": "thing 1 is red\nthing 2 is green"}),
    ):
        assert (told.status_code, "agree to it first" in told.text) == (400, True)
    assert "may be asked about each row" in browser.get("/study/colours/next").text
    assert service.number == asked
    assert browser.post("/study/colours/candidates", data=fields | {"agreed": "true"}).status_code == 200
    page = waited(lambda: (text := browser.get("/study/colours/candidates").text) and "every 1s" not in text and text)
    assert "made here" in page
    assert "against zero_shot" in page
    assert service.number > asked
    ranked = browser.post("/study/colours/next", data={"lines": "thing 1 is red\nthing 2 is green", "agreed": "true"})
    assert ranked.status_code == 200


def test_what_could_not_be_measured_is_asked_again_with_a_yes(hosted: Path, browser: Browser, service: Service) -> None:
    folder, one = hosted / "runs" / "colours", identity(hosted)
    service.plan = lambda number, body: "401"
    try:
        fields = {"of": one, f"instruction-{one}": "Say the colour.", f"name-{one}": "late", "agreed": "true"}
        assert browser.post("/study/colours/candidates", data=fields).status_code == 200
        waited(lambda: "every 1s" not in browser.get("/study/colours/candidates").text)
    finally:
        service.plan = lambda number, body: ""
    [own] = [own for own in OwnCandidates(StudyFolder(folder)).every() if own.name == "late"]
    assert own.error or own.estimate
    told = browser.post(f"/study/colours/candidates/{own.id}/measure")
    assert (told.status_code, "agree to it first" in told.text) == (400, True)


def test_an_evaluation_behind_a_priced_proxy_is_asked_for_as_well(hosted: Path) -> None:
    (hosted / "new.csv").write_text("text,label\nthing 90 is red,red\n", encoding="utf-8")
    models, calls = paid_evaluation(hosted / "runs" / "colours", hosted / "new.csv", ["zero_shot"])
    assert (len(models), calls) == (1, 1)
