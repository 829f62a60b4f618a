"""The one line of progress: how far, how long still, what is running, the best so far; and that it is honest."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from crossover.cli.output import tell
from crossover.cli.screen import Screen
from crossover.study.listener import Quiet, Stage
from crossover.study.remaining import Remaining
from crossover.study.run import preview_study
from crossover.types import Estimate
from tests.cli.small import write_task
from tests.forked import in_terminal


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def climb(name: str, seconds: float | None, position: int = 1) -> Stage:
    return Stage("climb", name, position, 3, seconds)


PLAN = [climb("zero_shot", 10), climb("few_shot", 30, 2), climb("lora", 60, 3), Stage("test", "the finalists", 1, 1, 20)]


def test_what_data_hold_does_not_steer_the_terminal() -> None:
    """A label with a terminal's control code is named in what is said of the data, and in why a rung failed."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=200, highlight=False)
    shown = Screen(console)
    shown.say("the study does not know the label '\x1b[31mred\x9b2J[bold]'")
    shown.result("zero\x1b]0;title\x07", None, "\x1b[2J")
    shown.stage(climb("evil\x1b[31m", 5))
    console.print(shown)
    drawn = written.getvalue()
    assert "'\\x1b[31mred\\x9b2J[bold]'" in drawn
    for code in ("\x1b[31m", "\x9b", "\x1b]0", "\x07", "\x1b[2J"):
        assert code not in drawn


def test_time_left_is_the_forecast_corrected_by_what_was_taken() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan(PLAN)
    assert left.seconds() == pytest.approx(120)
    left.stage(climb("zero_shot", None))
    clock.seconds = 5
    assert left.seconds() == pytest.approx(115)
    clock.seconds = 20  # twice what was thought
    left.stage(climb("few_shot", None, 2))
    assert 120 < (left.seconds() or 0) < 220
    for stage, now in ((climb("lora", None, 3), 80), (Stage("test", "lora", 1, 2), 200)):
        clock.seconds = now
        left.stage(stage)
    assert (left.seconds() or 0) == pytest.approx(40, rel=0.1), "all took twice as long"
    assert left.share() > 0.8


def test_a_stage_that_overruns_is_never_said_to_be_done() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan(PLAN)
    left.stage(climb("zero_shot", None))
    clock.seconds = 100
    assert (left.seconds() or 0) >= 110 + 0.2 * 100 - 1e-6
    assert left.share() < 0.6


def test_steps_of_a_tune_tell_what_is_left_better_than_the_forecast() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan([climb("lora", 10), Stage("test", "the finalists", 1, 1, 0.0)])
    left.stage(climb("lora", None))
    left.progress(0, 100)
    clock.seconds = 50
    left.progress(10, 100)  # 5 s a step
    assert left.seconds() == pytest.approx(450)
    left.progress(3, 20)  # a dev run inside the tune does not change that
    assert left.seconds() == pytest.approx(450)


def test_what_was_answered_before_says_nothing_of_the_pace() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan(PLAN)
    for stage in (climb("zero_shot", None), climb("few_shot", None, 2), climb("lora", None, 3)):
        left.stage(stage)  # at once: from the journal
    assert left.seconds() == pytest.approx(80)


def test_without_a_forecast_the_pace_of_what_is_finished_counts() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan([climb("majority", 0.0), climb("a", None), climb("b", None), Stage("test", "the finalists", 1, 1)])
    left.stage(climb("majority", None))
    left.stage(climb("a", None))
    assert left.seconds() is None
    clock.seconds = 60
    left.stage(climb("b", None))
    assert left.seconds() == pytest.approx(120)


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4), st.integers(0, 50)), min_size=1, max_size=8),
    st.booleans(),
)
def test_the_share_never_falls_and_the_time_is_never_negative(
    steps: Sequence[tuple[float, float, int]], known: bool
) -> None:
    clock = Clock()
    left = Remaining(clock)
    stages = [climb(str(n), thought if known else None) for n, (thought, *_) in enumerate(steps)]
    left.plan(stages)
    last = 0.0
    for stage, (_, taken, done) in zip(stages, steps, strict=True):
        left.stage(stage)
        for part in (0.5, 1.0):
            clock.seconds += part * taken
            left.progress(int(done * part), 50)
            assert last <= left.share() <= 1
            last = left.share()
            assert (left.seconds() or 0) >= 0


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_line_is_as_wide_as_the_terminal_and_keeps_the_time_left(width: int) -> None:
    clock, out = Clock(), io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None, highlight=False)
    screen = Screen(console, Remaining(clock))
    screen.plan(PLAN)
    screen.stage(Stage("climb", "lora+few_shot (learning_rate 0.001, rank 8, few_shot shots [4, 10])", 4, 6))
    screen.result("few_shot (selection nearest)", Estimate(200, 0.414, 0.35, 0.48), "a note")
    screen.progress("tuning", 120, 400)
    out.truncate(0)
    console.print(screen)
    [line] = [row for row in out.getvalue().replace("\0", "").split("\n") if row.strip()]
    assert len(line) <= width
    assert "about 2 min left" in line  # a stage that nobody planned takes as long as the others do
    assert "0 %" in line
    assert "lora" in line


WORDS = st.lists(st.text("abcdé字", min_size=1, max_size=60), min_size=1, max_size=40)


@given(WORDS, st.integers(24, 140), st.sampled_from(["", "  ", "  · "]))
def test_a_sentence_is_broken_between_words_below_itself_and_elsewhere_is_one_line(
    said: list[str], width: int, mark: str
) -> None:
    terminal, file = io.StringIO(), io.StringIO()
    tell(Console(file=terminal, width=width, force_terminal=True, color_system=None), " ".join(said), mark)
    tell(Console(file=file, width=width), " ".join(said), mark)
    assert file.getvalue() == f"{mark}{' '.join(said)}\n"
    first, *rest = terminal.getvalue().splitlines()
    assert first.startswith(mark)
    assert all(line.startswith(" " * len(mark)) for line in rest)
    assert all(cell_len(line) <= width for line in (first, *rest))
    if all(cell_len(word) <= width - len(mark) for word in said):
        assert " ".join((first.removeprefix(mark), *rest)).split() == said
    else:  # a longer one goes on on the next line, whole
        assert "".join((first.removeprefix(mark), *rest)).replace(" ", "") == "".join(said)


def test_before_anything_is_known_no_time_is_made_up() -> None:
    screen = Screen(Console(file=io.StringIO()), Remaining(Clock()))
    assert screen.time_left() == "getting ready"
    screen.stage(climb("zero_shot", None))
    assert screen.time_left() == "time left not known yet"


def test_what_is_done_before_anything_is_known_is_said(tmp_path: Path) -> None:
    screen = Screen(Console(file=io.StringIO()), Remaining(Clock()))
    screen.progress("reading the rows", 0, 1)
    assert (screen.time_left(), screen.doing(80)) == ("getting ready", "reading the rows")
    screen.progress("comparing test with train", 1200, 10001)
    assert screen.doing(80) == "comparing test with train · 1,200/10,001"
    assert screen.doing(30) == "comparing test with train"

    class Heard(Quiet):
        def __init__(self) -> None:
            self.parts: dict[str, tuple[int, int]] = {}

        def progress(self, what: str, done: int, total: int) -> None:
            assert 0 <= done <= total
            self.parts[what] = done, total

    heard = Heard()
    preview_study(write_task(tmp_path, strategies=["zero_shot", "few_shot"]), listener=heard)
    assert list(heard.parts)[:2] == ["reading the rows", "looking at the rows"]
    compared = {what: part for what, part in heard.parts.items() if what.startswith("comparing ")}
    assert {what.removeprefix("comparing ") for what in compared} == {
        "dev with train",
        "test with train",
        "test with dev",
        "test rows",
    }
    assert all(done == total > 0 for done, total in compared.values()), "each is told to its end"
    assert heard.parts["foreseeing few_shot"] == (3, 3)


def test_what_says_least_is_left_out_first() -> None:
    screen = Screen(Console(file=io.StringIO()), Remaining(Clock()))
    screen.stage(Stage("climb", "few_shot", 2, 3))
    screen.progress("dev", 20, 80)
    screen.result("zero_shot", Estimate(80, 0.4, 0.3, 0.5), "")
    assert screen.doing(80) == "few_shot (2/3) · dev 20/80 · best zero_shot 40.0 %"
    assert screen.doing(42) == "few_shot (2/3) · dev 20/80 · best 40.0 %", "what moves stays longest"
    assert screen.doing(30) == "few_shot (2/3) · dev 20/80"
    assert screen.doing(20) == "few_shot (2/3)"
    assert screen.doing(8) == "few_sho…"
    screen.stage(Stage("test", "few_shot", 1, 2))
    assert screen.doing(80) == "test: few_shot (1/2) · best zero_shot 40.0 %"


def test_a_run_in_a_terminal_shows_one_line_and_leaves_the_table(tmp_path: Path) -> None:
    write_task(tmp_path)
    status, text = in_terminal(["run", "task.yaml"], tmp_path)
    assert status == 0, text
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    bars = [part for part in re.split(r"[\r\n]+", plain) if re.search(r"\d %  ?\S.* left|getting ready", part)]
    assert bars, plain
    assert all(len(part) <= 100 for part in bars)
    assert "defaults: margin" not in plain, "assumptions stand in the report"
    assert plain.rstrip().splitlines()[-1].startswith("finished in")


def test_init_asks_for_the_instruction_in_a_terminal(tmp_path: Path) -> None:
    write_task(tmp_path).unlink()
    status, text = in_terminal(["init", "rows.csv"], tmp_path, typed="Say which team answers it.\n")
    assert "reading rows.csv" in text
    assert status == 0, text
    assert "Enter alone takes the draft: Decide which label fits the text: billing, delivery, order or returns." in text
    assert "instruction: Say which team answers it." in (tmp_path / "task.yaml").read_text()
    status, text = in_terminal(["init", "rows.csv", "--force"], tmp_path, typed="\n")
    assert "instruction: 'Decide which label fits the text: " in (tmp_path / "task.yaml").read_text()


def test_what_is_not_finished_is_never_said_to_be_100_percent() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan([Stage("test", "the finalists", 1, 1, 100)])
    screen = Screen(console := Console(file=io.StringIO(), width=100), left)
    screen.stage(Stage("test", "lora", 1, 1))
    clock.seconds = 99.9
    screen.progress("test", 999, 1000)
    assert left.share() > 0.995
    console.print(screen)
    assert " 99 %" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_curves_runs_go_on_with_the_one_stage_that_stands_for_all_of_them() -> None:
    clock = Clock()
    left = Remaining(clock)
    left.plan([climb("lora", 10), Stage("test", "the finalists", 1, 1, 5), Stage("curve", "the learning curve", 1, 4, 40)])
    left.stage(climb("lora", None))
    clock.seconds = 10
    left.stage(Stage("test", "lora", 1, 1))
    clock.seconds = 15
    for run in range(4):
        left.stage(Stage("curve", f"lora, {run} labels, seed 0", run + 1, 4))
        assert left.seconds() == pytest.approx(40 - 10 * run, rel=0.05)
        clock.seconds += 10
    assert 0.8 < left.share() <= 1, "who is not told of an end leaves a rest"
