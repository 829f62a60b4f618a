"""The studio in a real browser, where one is installed: somebody walks it, on a desk and a phone, in light and dark."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crossover.studio import runs
from crossover.studio.run import Settings, opened
from tests.cli.small import rows, table
from tests.studio.conftest import EVIL

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
SHOTS = os.environ.get("CROSSOVER_STUDIO_SHOTS")  # a folder: pictures of every page are left there
WAIT = 300_000  # milliseconds
NAMES = ("majority", "zero_shot", "instruction", "few_shot", "chain_of_thought", "lora")
SIDE = ("zero_shot", "instruction", "lora")
SERIOUS = ("serious", "critical")
STICKS_OUT = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  [...document.querySelectorAll("main *, header *")]
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 5).map(one => one.outerHTML.slice(0, 160))"""


@contextmanager
def serving(root: Path) -> Iterator[str]:
    with opened(Settings(root, port=0)) as (server, bound):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        until = time.monotonic() + 300
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class Visitor:
    """A page of a browser that writes down what it complains of."""

    def __init__(self, page: Any, url: str, root: Path) -> None:
        self.page, self.url, self.root = page, url, root
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("console", lambda message: self._heard(message))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def goes(self, path: str) -> Any:
        self.complaints.clear()
        self.page.goto(self.url + path)
        return self.page

    def looks(self, name: str) -> None:
        """Nothing sticks out at either width, axe finds nothing serious, the console is empty; a picture where wanted."""
        found = []
        for width, scheme in ((1280, "light"), (390, "dark")):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            wide = self.page.evaluate(STICKS_OUT)
            found += [f"{name} at {width}: {one} sticks out" for one in wide]
            violations = axe.Axe().run(self.page).response["violations"]
            found += [
                f"{name} at {width}, {scheme}: {one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
                for one in violations
                if one["impact"] in SERIOUS
            ]
            for shot in ("light", "dark") if SHOTS else ():
                self.page.emulate_media(color_scheme=shot)
                self.page.screenshot(path=f"{SHOTS}/{name}-{width}-{shot}.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.emulate_media(color_scheme="light")
        assert found + self.complaints == []


@pytest.fixture(scope="module")
def visitor(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A browser over a copy of the studies, which the tests of this file change in turn."""
    from playwright.sync_api import sync_playwright

    root = tmp_path_factory.mktemp("walked") / "runs"
    shutil.copytree(made / "runs", root)
    with serving(root) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=WAIT)
        yield Visitor(browser.new_page(), url, root)
        browser.close()


def test_from_the_list_to_a_study(visitor: Visitor) -> None:
    page = visitor.goes("/")
    visitor.looks("studies")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the keyboard comes to the content first"
    page.get_by_role("link", name="notes").click()
    page.get_by_text("Verdict", exact=True).wait_for()
    assert page.locator(".wide svg").first.is_visible()
    visitor.looks("study")


def test_candidates_answer_side_by_side_and_an_edit_joins_the_comparison(visitor: Visitor) -> None:
    page = visitor.goes("/study/notes/play")
    for name in NAMES:
        page.get_by_role("checkbox", name=name, exact=True).set_checked(name in SIDE)
    with page.expect_navigation():  # keys that come before its script are lost
        page.get_by_role("button", name="Show these").click()
    page.get_by_role("textbox", name="Input", exact=True).fill(f"{EVIL} in the pot")
    page.get_by_role("textbox", name="Input", exact=True).press("Control+Enter")
    page.locator(".numbers").nth(2).wait_for()
    assert page.locator(".answer").count() == 3
    assert page.title().startswith("Playground"), "no script of the input ran"
    page.locator(".history li").first.wait_for()
    visitor.looks("playground")
    column = page.locator(".column", has=page.get_by_role("heading", name="instruction"))
    column.get_by_text("Prompt and parameters").click()
    column.get_by_label("Instruction").fill("Garden, kitchen or journey?")
    page.get_by_role("button", name="Run", exact=True).click()
    column.get_by_text("edited: not what was measured").wait_for()
    column.get_by_label("Name, for a candidate").fill("mine")
    column.get_by_role("button", name="Make it a candidate").click()
    page.get_by_role("row", name="mine").get_by_text("against instruction").wait_for()
    visitor.looks("candidate")


def test_a_label_is_corrected_and_rows_are_ranked(visitor: Visitor) -> None:
    page = visitor.goes("/study/notes/rows")
    row = page.locator("article.row").first
    wanted = "journey" if "journey" not in row.locator(".said li").first.inner_text() else "kitchen"
    row.get_by_label("The label should be").select_option(wanted)
    row.get_by_role("button", name="Correct").click()
    page.locator("article.corrected").get_by_text(f"should be {wanted}").wait_for()
    assert len(json.loads((visitor.root / "notes" / "studio" / "corrections.json").read_text(encoding="utf-8"))) == 1
    page.reload()
    visitor.looks("rows")
    page.get_by_role("link", name="What to label next").click()
    page.get_by_label("One row a line").fill("the soup is cold\na train in the garden")
    page.get_by_role("button", name="Rank them").click()
    page.get_by_role("row", name="the soup is cold").wait_for()
    visitor.looks("next")


@pytest.mark.usefixtures("_by_words")
def test_a_study_is_made_from_a_file_and_seen_to_run(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'seen')!r}): time.sleep(0.02)\n"
    monkeypatch.setattr(runs, "COMMAND", waits + runs.COMMAND)  # however slow the browser is
    page = visitor.goes("/new")
    file = {"name": "parcels.csv", "mimeType": "text/csv", "buffer": table(rows()).encode()}
    page.get_by_label("A file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_label("With an input").fill("Say what the message is about.")
    page.get_by_label("Minutes").fill("0.03")
    page.get_by_label("Model").fill("fake")
    visitor.looks("new")
    page.get_by_role("button", name="Start it").click()
    page.get_by_role("heading", name="Running").wait_for()
    visitor.looks("running")
    (tmp_path / "seen").touch()
    page.get_by_text("Verdict", exact=True).wait_for()
    assert (visitor.root / "parcels" / "decision.json").exists()
    assert visitor.complaints == []


def test_what_goes_wrong_is_said_on_the_page(visitor: Visitor) -> None:
    page = visitor.goes("/new")
    wrong = {"name": "parcels.csv", "mimeType": "text/csv", "buffer": b"only\none\n"}
    page.get_by_label("A file").set_input_files(wrong)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("status").get_by_text("column").wait_for()
