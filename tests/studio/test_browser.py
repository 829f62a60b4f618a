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

from crossover.studio.run import Settings, opened
from tests.cli.small import rows, table
from tests.studio.conftest import EVIL

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
SHOTS = os.environ.get("CROSSOVER_STUDIO_SHOTS")  # a folder: pictures of every page are left there
WAIT = 60_000  # milliseconds
NAMES = ("majority", "zero_shot", "instruction", "few_shot", "chain_of_thought", "lora")
SIDE = ("zero_shot", "instruction", "lora")


@contextmanager
def serving(root: Path) -> Iterator[str]:
    with opened(Settings(root, port=0)) as (server, bound):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
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

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("console", lambda message: self._heard(message))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def looks(self, name: str) -> None:
        """Nothing sticks out at either width, nothing serious is found by axe; a picture where they are wanted."""
        for width, scheme in ((1280, "light"), (390, "dark")):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, f"{name} at {width} is wider than the window by {wide}"
            found = axe.Axe().run(self.page).response["violations"]
            serious = [(one["id"], [n["html"][:200] for n in one["nodes"]]) for one in found if one["impact"] in SERIOUS]
            assert serious == [], f"{name} at {width}, {scheme}"
            if SHOTS:
                for shot in ("light", "dark"):
                    self.page.emulate_media(color_scheme=shot)
                    self.page.screenshot(path=f"{SHOTS}/{name}-{width}-{shot}.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.emulate_media(color_scheme="light")


SERIOUS = ("serious", "critical")


def test_somebody_walks_through_the_studio(place: Path) -> None:
    from playwright.sync_api import sync_playwright

    with serving(place / "runs") as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            visitor = Visitor(browser.new_page())
            page = visitor.page
            page.goto(url)
            visitor.looks("studies")
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip", "the keyboard comes to the content first"

            page.get_by_role("link", name="notes").click()  # a study
            page.get_by_text("Verdict", exact=True).wait_for()
            visitor.looks("study")

            page.get_by_role("link", name="Playground").click()  # candidates side by side
            for name in NAMES:
                page.get_by_label(name, exact=True).set_checked(name in SIDE)
            page.get_by_role("button", name="Show these").click()
            page.get_by_label("Input", exact=True).fill(f"{EVIL} in the pot")
            page.get_by_label("Input", exact=True).press("Control+Enter")
            page.locator(".numbers").nth(2).wait_for()
            assert page.locator(".answer").count() == 3
            assert page.title().startswith("Playground"), "no script of the input ran"
            page.locator(".history li").first.wait_for()
            visitor.looks("playground")

            column = page.locator(".column", has=page.get_by_role("heading", name="instruction"))  # a prompt is edited
            column.get_by_text("Prompt and parameters").click()
            column.get_by_label("Instruction").fill("Garden, kitchen or journey?")
            page.get_by_role("button", name="Run").click()
            column.get_by_text("edited: not what was measured").wait_for()
            column.get_by_label("Name, for a candidate").fill("mine")
            column.get_by_role("button", name="Make it a candidate").click()
            page.get_by_role("row", name="mine").get_by_text("against instruction").wait_for()
            visitor.looks("candidate")

            page.get_by_role("link", name="Rows").click()  # a label is corrected
            row = page.locator("article.row").first
            row.get_by_label("The label should be").select_option("journey")
            row.get_by_role("button", name="Correct").click()
            page.locator("article.corrected").get_by_text("should be journey").wait_for()
            visitor.looks("rows")
            assert len(json.loads((place / "runs" / "notes" / "studio" / "corrections.json").read_text())) == 1

            page.get_by_role("link", name="What to label next").click()
            page.get_by_label("One row a line").fill("the soup is cold\na train in the garden")
            page.get_by_role("button", name="Rank them").click()
            page.get_by_role("row", name="the soup is cold").wait_for()
            visitor.looks("next")

            page.get_by_role("link", name="New study").click()  # a study out of a file
            file = {"name": "parcels.csv", "mimeType": "text/csv", "buffer": table(rows()).encode()}
            page.get_by_label("A file").set_input_files(file)
            page.get_by_role("button", name="Look at it").click()
            page.get_by_label("With an input").fill("Say what the message is about.")
            page.get_by_label("Model").fill("fake")
            visitor.looks("new")
            page.get_by_role("button", name="Start it").click()
            page.get_by_role("heading", name="Running").wait_for()
            visitor.looks("running")
            page.get_by_text("Verdict", exact=True).wait_for()
            assert (place / "runs" / "parcels" / "decision.json").exists()
            assert visitor.complaints == []

            page.get_by_role("link", name="New study").click()  # what goes wrong is said
            page.get_by_label("A file").set_input_files({**file, "buffer": b"only\none\n"})
            page.get_by_role("button", name="Look at it").click()
            page.get_by_role("status").get_by_text("column").wait_for()
        finally:
            browser.close()
