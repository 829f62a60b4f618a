"""The report in a real browser, where one is installed: on a phone, in the dark, and on paper."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from crossover.report.page import render
from tests.report.fixtures import extraction, results

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync", "--hide-scrollbars"),
)
MEASURE = """
const page = document.querySelector("iframe").contentDocument;
const wide = [...page.querySelectorAll(".reflow")].filter(box => box.scrollWidth > box.clientWidth + 1);
const read = (name) => getComputedStyle(page.documentElement).getPropertyValue(name).trim();
const found = {
  tables: page.querySelectorAll(".reflow").length,
  cut: wide.map(box => box.closest("section").id),
  sideways: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  labels: getComputedStyle(page.querySelector("#glance td[data-label]"), "::before").content,
  shadows: [...page.querySelectorAll(".scroll:not(.plot)")].every(box => getComputedStyle(box).backgroundImage != "none"),
  ink: read("--ink"),
};
document.body.innerHTML = "<pre id=found>" + JSON.stringify(found).replaceAll("<", "&lt;") + "</pre>";
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")


def browse(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", *arguments],
        capture_output=True,
        text=True,
        timeout=500,
    )
    return done.stdout


def measured(page: str, folder: Path, width: int, *arguments: str) -> dict[str, object]:
    """What a browser makes of a page in a window of so many pixels (an iframe: a window cannot be as narrow)."""
    framed = (
        f'<!doctype html><body><iframe style="width: {width}px; height: 900px; border: 0" srcdoc="{html.escape(page)}">'
        "</iframe>"
        f'<script>document.querySelector("iframe").onload = () => {{ {MEASURE} }}</script></body>'
    )
    (folder / "framed.html").write_text(framed, encoding="utf-8")
    shown = browse(folder, *arguments, "--virtual-time-budget=4000", "--dump-dom", f"file://{folder / 'framed.html'}")
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.S)
    assert found, shown[:500]
    body: dict[str, object] = json.loads(html.unescape(found[1]))
    return body


@pytest.mark.parametrize("study", [results, extraction])
def test_on_a_phone_no_wide_table_is_cut_and_every_cell_says_what_it_is(study: object, tmp_path: Path) -> None:
    assert callable(study)
    found = measured(render(study()), tmp_path, 390)
    assert found["tables"]
    assert found["cut"] == []
    assert found["sideways"] == 0
    assert found["labels"] not in ("none", "normal", '""')
    assert found["shadows"] is True


def test_on_a_desk_and_in_the_dark(tmp_path: Path) -> None:
    light = measured(render(results()), tmp_path, 1280)
    assert (light["cut"], light["sideways"], light["labels"]) == ([], 0, "none")
    dark = measured(render(results()), tmp_path, 1280, "--blink-settings=preferredColorScheme=0")
    assert dark["ink"] != light["ink"]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext is installed")
def test_on_paper_prompts_are_unfolded_and_no_column_is_cut(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(render(results()), encoding="utf-8")
    browse(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'page.pdf'}", f"file://{page}")
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    words = " ".join(text.split())
    assert "Answer with one label: billing" in words, "a prompt is folded"
    assert len(re.findall(r"EUR", text)) >= 7, "the last column of the table is cut off"
    assert "Where the candidates disagree" in words
