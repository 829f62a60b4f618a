"""Rows on which candidates disagree, labels that are corrected beside the study, and what to label next."""

from __future__ import annotations

import csv
import html
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.studio.rows import AnsweredRow, entropy, rows_of
from crossover.studio.worth import Worth, one_of_each
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from tests.studio.conftest import EVIL, Browser, waited


def rows(place: Path, split: Any = "dev") -> list[AnsweredRow]:
    folder = StudyFolder(place / "runs" / "notes")
    return rows_of(folder, read_results(folder), split, "candidates")


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_entropy_is_that_of_the_shares(counts: list[int]) -> None:
    whole = sum(counts)
    assert entropy(counts) == pytest.approx(-sum(c / whole * math.log(c / whole) for c in counts), abs=1e-9)
    assert entropy([whole]) == 0
    assert 0 <= entropy(counts) <= math.log(len(counts)) + 1e-9


def test_those_that_split_the_candidates_most_come_first(place: Path, browser: Browser) -> None:
    found = rows(place)
    assert found
    assert all(len(row.said) > 1 for row in found)
    assert [row.split_up for row in found] == sorted((row.split_up for row in found), reverse=True)
    page = browser.get("/study/notes/rows").text
    assert html.unescape(page).count("The label should be") == min(len(found), 20)
    assert "cannot be judged by them any more" in browser.get("/study/notes/rows?split=test").text
    assert browser.get("/study/notes/rows?by=label&number=99").status_code == 200
    assert browser.get("/study/notes/rows?split=train").status_code == 400


def test_a_correction_lies_beside_the_study_and_changes_nothing_else(place: Path, browser: Browser) -> None:
    row = rows(place)[0]
    study = place / "runs" / "notes"
    before = {path: path.read_bytes() for path in (place / "notes.csv", study / "decision.json", study / "study.db")}
    other = next(label for label in ("garden", "kitchen", "journey") if label != row.gold)
    told = browser.post("/study/notes/rows", data={"row": row.id, "what": "set", "now": other})
    assert told.status_code == 200, told.text
    assert f"should be {other}" in told.text
    assert {path: path.read_bytes() for path in before} == before
    page = browser.get("/study/notes/rows").text
    assert "With the corrections" in page
    assert "no fair sample" in page
    [line] = browser.get("/study/notes/corrections.jsonl").text.splitlines()
    body = json.loads(line)
    assert (body["input"], body["was"], body["now"], body["split"]) == (row.input, row.gold, other, "dev")
    right = browser.post("/study/notes/rows", data={"row": row.id, "what": "right"})
    assert "right as it is" in right.text
    nobody = browser.post("/study/notes/rows", data={"row": row.id, "what": "unclear"})
    assert "cannot be told" in nobody.text
    assert "By you" not in browser.post("/study/notes/rows", data={"row": row.id, "what": "back"}).text
    assert browser.get("/study/notes/corrections.jsonl").text == ""


def test_corrected_figures_are_those_of_the_corrected_labels(place: Path, browser: Browser) -> None:
    labels = ("garden", "kitchen", "journey")
    wrong, answer = next((r, one) for r in rows(place) for one in r.said if not one.right and one.answer in labels)
    browser.post("/study/notes/rows", data={"row": wrong.id, "what": "set", "now": answer.answer})
    page = browser.get("/study/notes/rows").text
    table = page[page.index("As corrected") : page.index("</table>")]
    name = answer.names[0]
    found = re.search(rf">{name}</th>\s*<td[^>]*>([\d.]+) % .*?</td>\s*<td[^>]*>([\d.]+) %", table, re.S)
    assert found, table
    n = len(_dev(place))
    assert float(found[2]) - float(found[1]) == pytest.approx(100 / n, abs=0.11), "one more row is right"


def _dev(place: Path) -> list[str]:
    decision = json.loads((place / "runs" / "notes" / "decision.json").read_text(encoding="utf-8"))
    return ["x"] * int(decision["splits"]["dev"])


def test_wrong_corrections_are_said(place: Path, browser: Browser) -> None:
    row = rows(place)[0]
    for body, status in [
        ({"row": row.id, "what": "set", "now": "kitchn"}, 400),
        ({"row": row.id, "what": "set", "now": ""}, 400),
        ({"row": row.id, "what": "delete"}, 400),
        ({"row": "../../etc", "what": "right"}, 404),
        ({"what": "right"}, 400),
    ]:
        assert browser.post("/study/notes/rows", data=body).status_code == status
    assert "did you mean" in browser.post("/study/notes/rows", data={"row": row.id, "what": "set", "now": "kitchn"}).text
    (place / "runs" / "notes" / "studio").mkdir(exist_ok=True)
    (place / "runs" / "notes" / "studio" / "corrections.json").write_text("[{}]", encoding="utf-8")
    assert "is damaged" in browser.get("/study/notes/rows").text


def test_rows_are_ranked_by_what_their_labels_would_teach(place: Path, browser: Browser) -> None:
    lines = [
        "the soup is cold",
        "the soup is cold",
        "the soup is  cold!",
        "a train in\u2028the garden",
        f"{EVIL} rake",
        " ",
    ]
    told = browser.post("/study/notes/next", data={"lines": "\n".join(lines)})
    assert told.status_code == 200, told.text
    found = re.search(r'hx-get="([^"]+)"', told.text) or re.search(r'href="([^"]+)/rows.jsonl"', told.text)
    assert found
    address = found[1]
    page = waited(lambda: (text := browser.get(address).text) and "every 1s" not in text and text)
    assert "<script>document" not in page
    assert "in the order in which a label would teach most" in page
    ranked = [json.loads(line)["input"] for line in browser.get(f"{address}/rows.jsonl").text.split("\n") if line]
    assert len(ranked) == len(set(ranked))
    assert "a train in\u2028the garden" in ranked


def test_the_order_is_by_disagreement_then_by_the_lead_and_twins_go() -> None:
    def one(text: str, split_up: float, margin: float | None) -> Worth:
        return Worth(text, (), split_up, margin)

    sure, unsure = one("the compost heap smells", 0.0, 0.9), one("we crossed the pass at noon", 0.0, 0.1)
    split = one("melt the dark chocolate over steam and stir until it is smooth", 0.69, 0.8)
    twin = one("melt the dark chocolate over steam and stir until it is smooth!", 0.0, 0.05)
    assert one_of_each([sure, twin, unsure, split]) == [split, unsure, sure]


def test_files_to_rank_are_read_by_the_task(place: Path, browser: Browser) -> None:
    def ranked(name: str, content: bytes) -> Any:
        return browser.post("/study/notes/next", files={"file": (name, content)})

    with (place / "notes.csv").open(encoding="utf-8", newline="") as file:
        some = list(csv.reader(file))[:4]
    assert ranked("rows.csv", "\n".join(f'"{row[0]}"' for row in some).encode()).status_code == 200
    assert "no column 'note'" in ranked("rows.csv", b"text\nhello\n").text
    assert "valid:" in ranked("rows.exe", b"hello").text
    assert "1 to 500" in ranked("rows.txt", b"\n".join(b"row %d" % n for n in range(501))).text
    assert "UTF-8" in ranked("rows.txt", b"\xff\xfe\xff").text
    assert str(place) not in ranked("rows.csv", b"").text


CORRECTING = """
import sys
from pathlib import Path
from crossover.studio.overlay import Overlay
from crossover.studio.rows import AnsweredRow
from crossover.study.folder import StudyFolder
overlay, who = Overlay(StudyFolder(Path(sys.argv[1]))), sys.argv[2]
print("ready", flush=True)
sys.stdin.read(1)
for number in range(30):
    overlay.put(AnsweredRow(f"{who}-{number}", "notes.csv:1", "a text", "garden", (), 0.0, 0.0), "dev", None)
    if number % 3 == 2:
        overlay.take_back(f"{who}-{number}")
"""


def test_two_studios_over_one_study_lose_no_correction(place: Path, browser: Browser) -> None:
    study = place / "runs" / "notes"
    command = [sys.executable, "-c", CORRECTING, str(study)]
    pipe = subprocess.PIPE
    others = [subprocess.Popen([*command, who], stdin=pipe, stdout=pipe, text=True) for who in "ab"]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    for other in others:
        assert other.stdin is not None
        other.stdin.write("!")
        other.stdin.flush()
    [row, *_] = rows(place)
    assert browser.post("/study/notes/rows", data={"row": row.id, "what": "unclear"}).status_code == 200
    for other in others:
        other.communicate()
    assert [other.returncode for other in others] == [0, 0]
    kept = [json.loads(line)["id"] for line in browser.get("/study/notes/corrections.jsonl").text.splitlines()]
    assert sorted(kept) == sorted([row.id, *(f"{who}-{n}" for who in "ab" for n in range(30) if n % 3 < 2)])
