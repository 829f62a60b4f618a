"""The report page: whole, self-contained, escaped, deterministic, and readable when most of it is missing."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from crossover.decision import numbers
from crossover.errors import StudyError
from crossover.report import plots
from crossover.report.page import render, write_report
from crossover.study.results import Confusion, Disagreement, Results, Tried
from crossover.types import Estimate, Message

from .conftest import DRAWINGS
from .fixtures import EVIL, decision, extraction, failed, forgotten, hostile, ladder, only, results, undecided
from .fixtures import candidate as made

VOID = {"meta", "br", "wbr", "path", "use", "rect"}
STUDIES = {"all families": results, "undecided": undecided, "extract": extraction, "hostile": hostile, "failed": failed}


class Page(HTMLParser):
    """Parses a page, checks that every element is closed in turn, and collects what a reader and a browser see."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.names += [name for name, _ in attrs]
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href", "srcset", "action", "data"):
                self.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.mark.parametrize("place", ["prices", "models"])
def test_what_was_spent_at_prices_that_are_ranges_is_said_to_be_the_most(place: str) -> None:
    said, known = "at most: a price that is a range counts at its upper end", results()
    assert said not in Page(render(known)).text
    prices = {"input": 1.0, "output": [2.0, 4.0], "currency": "USD"}
    more = {"prices": prices} if place == "prices" else {"models": {"large": {"spec": "fake", "prices": prices}}}
    assert said in Page(render(dataclasses.replace(known, task={**known.task, **more}))).text


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_the_page_is_whole_and_needs_no_network_and_no_script(study: object) -> None:
    html = render(study())  # type: ignore[operator]
    page = Page(html)
    assert html.startswith("<!doctype html>")
    assert page.tags["html"] == page.tags["main"] == page.tags["h1"] == 1
    assert [page.tags[tag] for tag in ("script", "link", "iframe", "img", "object")] == [0] * 5
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert [name for name, times in Counter(page.ids).items() if times > 1] == []
    assert not any(name.startswith("on") for name in page.names)
    assert "@import" not in html
    assert all(target.startswith("#") and target[1:] in page.ids for target in re.findall(r"url\(([^)]*)\)", html))


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_the_same_results_give_the_same_bytes(study: object) -> None:
    before = render(study())  # type: ignore[operator]
    DRAWINGS.clear()
    assert render(study()) == before  # type: ignore[operator]


def test_every_candidate_is_there_with_its_interval_and_change() -> None:
    text = Page(render(results())).text
    for candidate in ladder():
        assert candidate.name in text
        assert candidate.id in text
        shown = candidate.test or candidate.dev
        if shown:
            assert numbers.estimate(shown) in text
        if candidate.change:
            assert numbers.difference(candidate.change.difference, candidate.change.low, candidate.change.high) in text
        if candidate.latency_p95_ms is not None:
            assert numbers.milliseconds(candidate.latency_p95_ms) in text
            assert numbers.money(candidate.cost_per_1k, "EUR") in text


def test_the_verdict_and_its_reasons_come_first() -> None:
    page = Page(render(results()))
    sections = ["verdict", "glance", "leaderboard", "comparisons", "crossover", "training", "errors", "examples"]
    sections += ["prompts", "data", "spent", "reproduce"]
    assert [name for name in page.ids if name in sections] == sections
    order = [
        "Fine-tune it: “lora” is the one to use.",
        "beats the best prompt, “few_shot”, by 16.2 points",
        "The intervals are wide",
        "The experiment at a glance",
        "nearly the same as a training input",
        "kind is classify: the column queue",
        "2 min 21 s",
        "crossover run examples/support/task.yaml",
        "9f" * 32,
    ]
    places = [page.text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("sure", "says"), [("proven", "won every comparison"), ("bounded", "tolerance"), ("open", "more test")]
)
def test_how_sure_the_verdict_is_stands_before_it(sure: str, says: str) -> None:
    body = decision()
    body["verdict"] |= {"confidence": sure}
    html = render(results(decision=body))
    assert re.search(rf'<b>Verdict, <abbr title="[^"]*{says}[^"]*">{sure}</abbr></b>', html)
    body["verdict"] |= {"falls_short": "None of these does the task."}
    assert "<b>Verdict</b>" in render(results(decision=body)), "what is proven is not that it does the task"
    del body["verdict"]["confidence"]  # as a version before wrote it
    assert "<b>Verdict</b>" in render(results(decision=body | {"verdict": body["verdict"] | {"falls_short": None}}))


@pytest.mark.parametrize(
    ("kind", "choice", "words"),
    [
        ("prompt", 3, "Prompt it: “few_shot” is enough"),
        ("weights", 4, "Fine-tune it: “lora”"),
        ("hybrid", 6, "Do both: “instruction+lora”"),
        ("neither", None, "Neither: "),
        ("undecided", None, "Undecided: "),
    ],
)
def test_each_kind_of_verdict_has_its_sentence(kind: str, choice: int | None, words: str) -> None:
    body = decision(kind, None if choice is None else f"{choice:016x}")
    page = Page(render(results(decision=body)))
    assert words in page.text
    assert ("chosen" in page.text) == (choice is not None)


def test_an_undecided_study_says_how_many_test_items_it_needs() -> None:
    text = Page(render(undecided())).text
    assert "about 1,240 test items would tell; there are 160" in text
    assert "From how many labels on fine-tuning wins is not known yet: crossover curve runs/support measures" in text
    assert "No number of requests was found" in text
    assert "Until thenfew_shotthe cheapest with the best estimate of those that dev preferred" in text
    assert "few_shotuntil then" in text


@pytest.mark.parametrize(
    ("kind", "choice", "words"),
    [
        ("prompt", 3, "Prompt it: use “few_shot”; nothing else that was tested is more than 2.3 points better (95 %)."),
        ("neither", 1, "Neither: you do not need a language model for this: use “zero_shot”; nothing else that was"),
    ],
)
def test_a_bounded_verdict_says_its_bound_in_one_sentence(kind: str, choice: int, words: str) -> None:
    body = decision(kind, f"{choice:016x}", confidence="bounded", regret={"expected": 0.006, "upper": 0.023})
    text = Page(render(results(decision=body))).text
    assert words in text
    assert "2.3 points95 % bound; 0.6 points to be expected" in text


def test_numbers_of_the_crossover_point_are_written_with_their_ranges() -> None:
    text = Page(render(results())).text
    assert "From about 140 labels (90 to 210) on, lora is ahead of few_shot; you have 540." in text
    assert "from about 12,000 (9,800–16,000) requests" in text


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ({"value": 0.0, "low": 0.0, "high": 0.0}, "costs less than the best prompt from the first request"),
        ({"value": 5000.4, "low": 4100.0, "high": None}, "from about 5,000 (4,100 or more) requests"),
        ({"value": 5000.4, "low": None, "high": None}, "from about 5,000 requests"),
    ],
)
def test_a_crossover_point_may_be_at_once_or_have_no_upper_end(requests: dict[str, float], words: str) -> None:
    body = decision()
    body["crossover"]["requests"] = requests
    assert words in Page(render(results(decision=body))).text


@pytest.mark.parametrize(("target", "word"), [(0.7, "✓ met"), (0.8, "? unsure"), (0.95, "✗ missed")])
def test_a_target_is_met_or_missed_only_by_the_whole_interval(target: float, word: str) -> None:
    study = only(ladder()[4], task={**results().task, "target": target})
    assert [w for w in ("✓ met", "? unsure", "✗ missed") if w in Page(render(study)).text] == [word]


def test_a_control_that_wins_is_named() -> None:
    text = Page(render(results(decision=decision("neither", f"{0:016x}")))).text
    assert "Neither: you do not need a language model for this; the control “majority” does as well as any." in text


def test_comparisons_stand_under_what_they_are_for() -> None:
    text = " ".join(" ".join(Page(render(results())).words).split())
    heading = text.index("Against the baseline Candidates")
    assert text.index("For the verdict") < text.index("lora against few_shot") < heading
    assert heading < text.index("lora against zero_shot")


def test_a_heading_of_comparisons_is_outside_the_table_whose_head_a_narrow_page_hides() -> None:
    html = render(results())
    assert re.findall(r"<h3>(For the verdict|Against the baseline)</h3>\s*<div class=\"scroll reflow\">", html) == [
        "For the verdict",
        "Against the baseline",
    ]


def test_there_is_no_column_for_a_target_that_was_not_given() -> None:
    assert "Target" not in Page(render(undecided())).text
    assert "names no target" not in render(undecided())


def test_what_is_estimated_has_its_interval_beside_it() -> None:
    row = dataclasses.replace(
        ladder()[4], latency_p50_interval=(8.4, 12.0), latency_p95_interval=(18.0, None), forgetting=forgotten()
    )
    text = " ".join(" ".join(Page(render(only(row))).words).split())
    assert "40 ms 8.4 ms–12 ms p95 65 ms 18 ms or more" in text
    assert "40 ms 8.4 ms–12 ms; 65 ms (18 ms or more) at p95" in text
    assert "general suite sums 14 10 4" in text  # counts are exact
    assert "exact for these passages" in text


def test_an_empty_answer_has_a_name_in_the_matrix() -> None:
    text = Page(render(results(confusion=Confusion(("", "a"), ((0, 0), (2, 4)), "lora")))).text
    assert text.count("(empty)") == 3


def test_markup_in_any_text_is_shown_and_not_obeyed() -> None:
    html = render(hostile())
    page = Page(html)
    assert "<script" not in html
    assert EVIL not in html
    assert " ".join(EVIL.split()) in page.text


def test_what_was_tried_is_listed_the_best_first_and_the_spread_over_phrasings_is_said() -> None:
    rows = [
        Tried(
            f"{i:016x}",
            f"Sort it {i}. {EVIL}",
            "Text: {input}\nLabel:",
            i,
            "nearest",
            i == 2,
            5,
            Estimate(90, v, v - 0.1, v),
        )
        for i, v in ((1, 0.31), (2, 0.55))
    ]
    one = made(2, "instruction", "prompt", "engineered prompt", 0.5, tried=tuple(rows))
    body = decision() | {"prompt_sensitivity": {"tried": 8, "low": 0.312, "high": 0.55}, "comparisons": []}
    html = render(results(decision=body, candidates=(one,), disagreements=()))
    text = Page(html).text
    assert text.index("Sort it 2") < text.index("Sort it 1")
    assert "55.0 % (45.0–55.0)" in text
    assert "2 nearest" in text
    assert text.count("calibrated 5 votes") == 1
    assert "Over 8 phrasings and formats of one instruction" in text
    assert "from 31.2 % to 55.0 %: that is the task's prompt sensitivity." in text
    assert "<script" not in html


def test_what_is_absent_says_why() -> None:
    html = render(results())
    assert 'title="not measured: the candidate was removed by a limit: needs 3.1 GB, the limit is 2 GB"' in html
    assert 'title="only finalists are scored on the test split"' in html
    assert 'title="this is the baseline"' in html


def test_a_study_of_which_nothing_was_measured_still_has_a_page() -> None:
    page = Page(render(failed()))
    assert "No candidate was measured." in page.text
    assert "the model did not load" in page.text
    assert page.tags["svg"] == 0


def test_one_candidate_is_enough() -> None:
    page = Page(render(only(ladder()[4], confusion=None)))
    assert "lora" in page.text
    assert page.tags["svg"] == 6  # leaderboard and learning curve in two widths, loss, metric


@pytest.mark.parametrize("width", [plots.WIDE, plots.NARROW])
def test_nothing_that_a_leaderboard_writes_is_cut(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the longest figure, of a candidate that dev has perfect and that is not tested."""
    drawn: list[Any] = []

    def keep(figure: Any, *_: str) -> str:
        drawn.append(figure)
        return ""

    monkeypatch.setattr(plots, "inline", keep)
    perfect = dataclasses.replace(ladder()[4], dev=Estimate(24, 1.0, 0.862, 1.0), test=None)
    plots.leaderboard(only(perfect, confusion=None), width)
    (figure,) = drawn
    (written,) = [text for text in figure.axes[0].texts if text.get_text() == "100.0 % dev"]
    assert written.get_window_extent(FigureCanvasAgg(figure).get_renderer()).x1 <= figure.bbox.x1
    drawn.clear()
    plots.leaderboard(results(), width)
    (figure,) = drawn
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    inside = [label for label in figure.axes[0].get_xticklabels() if label.get_text() and label.get_visible()]
    boxes = sorted((label.get_window_extent(renderer) for label in inside), key=lambda box: float(box.x0))
    assert len(boxes) > 1
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes)), "ticks run into each other"


def test_where_nothing_was_tested_no_agreement_is_claimed() -> None:
    untested = dataclasses.replace(ladder()[4], test=None)
    page = Page(render(dataclasses.replace(only(untested, confusion=None), disagreements=())))
    assert "On no test item did two candidates" not in page.text
    assert "fewer than two candidates were scored on the test split" in page.text


def test_no_candidate_at_all_is_said() -> None:
    assert "The study has no candidates." in Page(render(only())).text


def confusion(labels: int) -> Confusion:
    names = tuple(f"label {number}" for number in range(labels))
    counts = tuple(tuple(9 if r == c else 4 if c == r + 1 else 0 for c in range(labels)) for r in range(labels))
    return Confusion(names, counts, "lora")


@pytest.mark.parametrize(("labels", "drawn"), [(2, True), (30, True), (31, False), (80, False)])
def test_a_confusion_matrix_is_drawn_up_to_thirty_labels_and_listed_above(labels: int, drawn: bool) -> None:
    page = Page(render(results(confusion=confusion(labels))))
    assert any(name.startswith("confusion-") for name in page.ids) == drawn
    assert ("too many for a readable matrix" in page.text) != drawn
    assert "label 0 label 1 4" in " ".join(" ".join(page.words).split())


def test_a_matrix_without_a_mistake_says_so() -> None:
    perfect = Confusion(("a", "b"), ((3, 0), (0, 4)), "lora")
    assert "No item got another label than its own." in Page(render(results(confusion=perfect))).text


def test_an_extraction_study_has_a_field_table_and_counts_invalid_json() -> None:
    text = " ".join(" ".join(Page(render(extraction())).words).split())
    assert "date 88.9 % 80.2–94.0 93.0 % 81.4–97.6 85.1 % 72.3–92.6 40 3 7" in text
    assert "3 answers were not valid JSON" in text


def test_training_is_shown_epoch_by_epoch_with_its_observation() -> None:
    text = " ".join(" ".join(Page(render(results())).words).split())
    assert "5 0.270 0.670 85.8 % converging" in text
    assert "train minus dev +4.8 points" in text


def test_disagreements_show_each_answer_with_its_mark_and_the_source() -> None:
    html = render(results())
    text = " ".join(" ".join(Page(html).words).split())
    assert "test.csv, row 2" in text
    assert re.search(r'title="wrong">✗</span>\s*<span class="wrap">billing', html)
    assert re.search(r'title="right">✓</span>\s*<span class="wrap">delivery', html)


def test_long_texts_and_searches_do_not_make_the_page_long() -> None:
    long = "a letter to the shop " * 50_000  # a megabyte, as a row of data may have it
    names = [candidate.name for candidate in ladder()]
    items = [Disagreement(long, long, "test.csv, row 2", dict.fromkeys(names, long), dict.fromkeys(names, False))] * 40
    half = Estimate(90, 0.5, 0.4, 0.6)
    rows = [Tried(f"{i:016x}", long, f"{{input}} {long}", 0, "fixed", False, 1, half) for i in range(200)]
    shown = [Message("system", long), *(Message("user", f"{i} {long[:900]}") for i in range(400)), Message("user", long)]
    candidates = tuple(dataclasses.replace(one, prompt=tuple(shown), tried=tuple(rows)) for one in ladder())
    html = render(results(candidates=candidates, disagreements=tuple(items)))
    assert len(html.encode()) < 2_000_000
    text = Page(html).text
    assert "2,000 of 1,050,000 characters" in text
    assert "and 1,045,000 more characters" in text
    assert re.search(r"3[89]\d messages between are not shown here", text)
    assert "and 170 more, none of them higher on dev" in text


def test_many_disagreements_are_cut_and_counted() -> None:
    many = results().disagreements * 30
    assert "40 test items of 120 that got different answers" in Page(render(results(disagreements=many))).text


def test_labels_in_other_scripts_raise_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    html = render(results(confusion=Confusion(("退款", "возврат"), ((3, 1), (0, 4)), "lora")))
    assert "退款" in html
    # what another test left unclosed may be found in the middle of this one
    assert [found for found in recwarn if not issubclass(found.category, ResourceWarning)] == []


def test_a_learning_curve_of_one_point_is_drawn() -> None:
    body = results().decision
    point = {
        "labels": 40,
        "series": "weights",
        "name": "lora",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "seeds": 1,
        "items": 9,
    }
    body["crossover"] |= {"curve": [point], "fits": [], "labels": None, "said": ["It is one point."]}
    page = Page(render(results(decision=body)))
    assert any(name.startswith("curve-") for name in page.ids)
    assert "50.0 (40.0–60.0)" in page.text


def test_the_crossover_leads_and_its_drawing_is_told_to_who_cannot_see_it() -> None:
    html = render(results())
    page = Page(html)
    order = [
        "Fine-tune it: “lora” is the one to use.",
        "From about 140 labels (90 to 210) on, lora is ahead of few_shot; you have 540. 540 more labels",
        "from about 12,000 (9,800–16,000) requests.",
        "Accuracy on test",
        "beats the best prompt, “few_shot”, by 16.2 points",
        "The intervals are wide",
        "Accuracy by labels: points are means",
    ]
    places = [page.text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "<title>Accuracy by number of labels</title><desc>From about 140 labels (90 to 210) on" in html
    for words in ("crossover 140", "you have 540"):
        assert words in html, "the drawing marks it"


@pytest.mark.parametrize(
    "labels",
    [
        None,
        {"value": None, "low": 300, "high": None, "reason": "not settled"},
        {"value": 900, "low": None, "high": None, "reason": ""},
        {"value": 900, "low": 600, "high": None, "reason": ""},
    ],
)
def test_a_crossing_without_a_number_or_with_open_ends_is_drawn(labels: dict[str, Any] | None) -> None:
    body = decision()
    body["crossover"]["labels"] = labels
    assert ("crossover 900" in render(results(decision=body))) == bool(labels and labels["value"])


def test_the_file_is_written_whole_into_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "support" / "report.html"
    assert write_report(results(), path) == path
    assert path.read_text(encoding="utf-8") == render(results())
    write_report(undecided(), path)
    assert path.read_text(encoding="utf-8") == render(undecided())
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_a_path_that_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(StudyError, match=r"the report cannot be written to .*report\.html: "):
        write_report(results(), tmp_path / "report.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot be written"):
        write_report(results(), tmp_path / "file" / "report.html")


def test_a_key_that_the_task_lacks_is_an_error_and_not_a_blank() -> None:
    task = {key: value for key, value in results().task.items() if key != "instruction"}
    with pytest.raises(Exception, match="instruction"):
        render(dataclasses.replace(results(), task=task))


def test_failed_calls_are_counted_beside_their_candidate() -> None:
    def count(study: Results) -> int:
        return Page(render(study)).text.count("1 failed call")

    assert count(results()) == 1
    assert count(undecided()) == 1
    assert count(failed()) == 0


def test_what_tuning_forgot_has_a_section_only_where_it_was_measured() -> None:
    assert "What tuning forgot" not in render(results())
    study, lost = hostile(), forgotten(f"{EVIL} suite")
    rows = tuple(dataclasses.replace(row, forgetting=lost) if row.trace else row for row in study.candidates)
    said = {"forgetting": {"replay": [], "said": [f"Replay kept {EVIL}."]}}
    html = render(dataclasses.replace(study, decision=study.decision | said, candidates=rows))
    words = " ".join(Page(html).words)
    for shown in (
        "What tuning forgot",
        "58.2 %",
        "32.3 %",
        "−25.9",
        "−35.3 to −16.3",
        "401 → 9,530",
        "× 23.77",
        "macro F1",
    ):
        assert shown in words
    assert "<script>" not in html
    assert f"Replay kept {EVIL}." in words


def test_every_cell_of_a_table_that_reflows_says_its_column() -> None:
    """On a phone a wide table becomes a list, whose headings are gone: each cell but the row's name carries its own."""
    for study in STUDIES.values():
        page = render(study())
        tables = re.findall(r'<div class="scroll reflow">\s*<table.*?</table>', page, re.S)
        assert tables
        for table in tables:
            body = table.split("<tbody>")[1]
            cells = re.findall(r"<td(?: [^>]*)?>", body)
            assert all("data-label=" in cell or "colspan" in cell for cell in cells), table[:200]


def test_nothing_stays_folded_or_cut_on_paper_and_what_scrolls_shows_it() -> None:
    style = render(results()).split("<style>")[1].split("</style>")[0]
    paper = style.split("@media print")[1]
    assert "details::details-content { content-visibility: visible" in paper
    assert "white-space: normal" in paper
    assert "tr, figure, header { break-inside: avoid; }" in paper  # else half of an introduction is left on the last page
    screen = style.split(".scroll {")[1].split("}")[0]
    assert screen.count("local no-repeat") == 2
    assert screen.count("scroll no-repeat") == 2


def test_the_latency_has_its_interval_and_says_where_it_was_disturbed() -> None:
    rows = list(ladder())
    rows[4] = dataclasses.replace(rows[4], latency_p95_interval=(50.0, None), latency_contended=True)
    text = " ".join(" ".join(Page(render(results(candidates=tuple(rows)))).words).split())
    assert "65 ms 50 ms or more" in text
    assert "beside other work" in text
    assert "65 ms (50 ms or more) at p95" in text


def test_a_judge_has_a_section_with_what_was_measured_of_it() -> None:
    assert 'id="judge"' not in render(results())
    body = decision() | {"judge": {"model": f"fake {EVIL}", "said": [f"the judge {EVIL} agrees"]}}
    html = render(results(decision=body))
    assert f"the judge {EVIL} agrees" in " ".join(Page(html).words)
    assert "<script>" not in html


def test_a_judge_is_shown_with_its_rubric_and_what_was_measured_of_it_is_said_once() -> None:
    made, said = results(), "the judge agrees in 90.0 % (80.0–95.0) of 40 rows"
    made = results(
        decision=made.decision | {"judge": {"model": "fake", "said": [said]}},
        task=dict(made.task)
        | {"metric": "judge", "metric_options": {"rubric": f"Be kind. {EVIL}", "grades": ["bad", "good"]}},
        assumptions=("labels: inferred", said),
    )
    text = Page(render(made)).text
    assert text.count(said) == 1
    assert "labels: inferred" in text
    assert f"The rubric Be kind. {EVIL}" in text
    assert "The grades, the worst first bad, good" in text


def test_a_long_name_breaks_at_its_underscores() -> None:
    made = undecided()
    who = made.decision["verdict"]["provisional"]
    rows = [dataclasses.replace(c, name="nearest_neighbour") if c.id == who else c for c in made.candidates]
    html = render(dataclasses.replace(made, candidates=tuple(rows)))
    assert re.search('<div class="figure[^>]*>nearest_<wbr>neighbour</div>', html)


def test_names_that_would_be_cut_to_the_same_are_told_apart() -> None:
    assert plots.told_apart(["instruction", "instruction+lora", "lora"], 10) == ["…struction", "…tion+lora", "lora"]
    assert plots.told_apart(["a", "nearest_neighbour"], 10) == ["a", "nearest_n…"]


def test_a_dot_at_the_end_of_the_scale_is_whole() -> None:
    best = dataclasses.replace(ladder()[1], test=Estimate(14, 1.0, 0.8, 1.0))
    clipped = re.findall(
        r"<g clip-path=[^>]*>(?:(?!</g>).)*<use", plots.leaderboard(results(candidates=(best,))), re.DOTALL
    )
    assert not clipped
