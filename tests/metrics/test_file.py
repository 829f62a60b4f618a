"""Metrics in a file of the user's: what is taken, what is refused, and how its mistakes are said."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossover.errors import CrossoverError, MetricError
from crossover.metrics.base import score_of
from crossover.metrics.open import fingerprint, open_metric
from crossover.testing.metrics import check_metric
from crossover.types import Counts, Score

SCORERS = '''
from __future__ import annotations
from dataclasses import dataclass
from crossover.types import Score

def closeness(gold, answer):
    return 1 - abs(len(gold) - len(answer)) / max(len(gold), len(answer), 1)

def same(gold: str, answer: str) -> bool:
    return gold.strip() == answer.strip()

def broken(gold, answer):
    return 1 / (len(answer) - 3)

def loud(gold, answer):
    return "yes"

@dataclass(frozen=True)
class Within:
    """Texts of like length."""
    kinds = ("generate",)
    aggregate = "mean"
    binary = True
    most: int = 2

    def score(self, gold, answer):
        return Score(float(gold == answer or abs(len(gold) - len(answer)) <= self.most))

class Plain:
    kinds = ("generate",)
    aggregate = "mean"
    binary = False

    def score(self, gold, answer):
        return Score(0.5 + 0.5 * (gold == answer))

class Silent:
    kinds = ("generate",)

number = 3
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "scorers.py").write_text(SCORERS)
    return tmp_path


def test_a_function_is_a_metric_whose_mean_counts(folder: Path) -> None:
    metric = open_metric("own/scorers.py:closeness", folder)
    assert metric.score("abcd", "ab").value == 0.5
    assert (metric.aggregate, metric.binary) == ("mean", False)
    assert {"classify", "extract", "generate"} <= set(metric.kinds)
    assert not list(folder.rglob("__pycache__")), "nothing is left beside the user's file"


def test_a_function_that_says_bool_is_right_or_wrong(folder: Path) -> None:
    metric = open_metric("own/scorers.py:same", folder)
    assert metric.binary
    assert [metric.score("a", answer).value for answer in (" a", "b")] == [1.0, 0.0]


def test_a_class_keeps_the_contract_and_takes_options(folder: Path) -> None:
    metric = open_metric("own/scorers.py:Within", folder, {"most": 0})
    assert metric.score("abc", "ab").value == 0.0
    assert metric.binary
    assert open_metric("own/scorers.py:Plain", folder).score("a", "b").value == 0.5
    with pytest.raises(CrossoverError, match="has no option 'moist'; did you mean 'most'"):
        open_metric("own/scorers.py:Within", folder, {"moist": 0})
    check_metric(getattr(metric, "call").__self__)  # noqa: B009


def test_the_file_is_in_its_fingerprint_and_so_are_options(folder: Path) -> None:
    digest = hashlib.sha256((folder / "own" / "scorers.py").read_bytes()).hexdigest()
    assert fingerprint(open_metric("own/scorers.py:same", folder), {}) == digest
    assert fingerprint(open_metric("own/scorers.py:Within", folder), {"most": 1}).startswith(digest)
    assert fingerprint(open_metric("accuracy", folder), {}) == ""


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("own/scorers.py:sane", r"scorers\.py has no function or class 'sane'; did you mean 'same'\?"),
        ("own/scorers.py:number", r"has no function or class 'number'"),
        ("own/scorers.py", r"'own/scorers\.py' names no metric; valid is FILE\.py:NAME"),
        ("own/gone.py:same", r"there is no file .*own/gone\.py with a metric 'same'"),
        ("own/scorers.py:Silent", r"does not declare aggregate, binary, score"),
        ("bad.py:f", r"bad\.py, line 2: "),
        ("worse.py:f", r"worse\.py, line 3: ValueError: no luck$"),
        ("missing.py:f", r"missing\.py, line 1: ModuleNotFoundError: No module named 'no_such_part'"),
        ("bytes.py:f", r"bytes\.py"),
        ("script.py:f", r"script\.py, line 2: SystemExit: 0$"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(folder: Path, reference: str, said: str) -> None:
    (folder / "bad.py").write_text("x = 1\ndef f(:\n")
    (folder / "worse.py").write_text("def g():\n    # why\n    raise ValueError('no\\nluck')\ng()\n")
    (folder / "missing.py").write_text("import no_such_part\n")
    (folder / "script.py").write_text("import sys\nsys.exit(0)\n")  # would end the whole command, and as a success
    (folder / "bytes.py").write_bytes(b"x = '\xff\x00'\n")
    with pytest.raises(MetricError) as raised:
        open_metric(reference, folder)
    assert re.search(said, str(raised.value))
    assert "\n" not in str(raised.value)


def test_an_error_while_scoring_names_file_line_and_the_answer(folder: Path) -> None:
    with pytest.raises(MetricError) as raised:
        open_metric("own/scorers.py:broken", folder).score("gold", "abc")
    line = SCORERS.split("\n").index("    return 1 / (len(answer) - 3)") + 1
    wanted = f"scorers.py, line {line}: ZeroDivisionError: division by zero, on the gold output 'gold' and the answer 'abc'"
    assert str(raised.value).endswith(wanted)
    with pytest.raises(MetricError, match=r"gave 'yes', on the gold output 'g' and the answer 'a'; valid is a number"):
        score_of(open_metric("own/scorers.py:loud", folder), "g", "a")


def test_an_exit_while_scoring_is_an_error_like_any_other(folder: Path) -> None:
    (folder / "quits.py").write_text("def f(gold, answer):\n    raise SystemExit(0)\n")
    with pytest.raises(MetricError, match=r"quits\.py, line 2: SystemExit: 0, on the gold output 'g' and the answer 'a'"):
        open_metric("quits.py:f", folder).score("g", "a")


def test_whatever_else_it_raises_is_an_error_but_who_interrupts_ends_it(folder: Path) -> None:
    (folder / "own.py").write_text(
        "class Failed(BaseException): ...\ndef f(gold, answer):\n    raise Failed('no')\n"
        "def g(gold, answer):\n    raise KeyboardInterrupt\n"
    )
    (folder / "at_once.py").write_text("raise BaseException('not me')\n")
    with pytest.raises(MetricError, match=r"own\.py, line 3: Failed: no, on the gold output 'g' and the answer 'a'"):
        open_metric("own.py:f", folder).score("g", "a")
    with pytest.raises(MetricError, match=r"at_once\.py, line 1: BaseException: not me$"):
        open_metric("at_once.py:f", folder)
    with pytest.raises(KeyboardInterrupt):
        open_metric("own.py:g", folder).score("g", "a")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "float('nan')",
            "1.5",
            "-0.1",
            "None",
            "[1]",
            "'0.5'",
            "b'0'",
            "1j",
            "10**400",
            "Decimal('NaN')",
            "Decimal('sNaN')",
        ),
        *("Score(Decimal('NaN'))", "np.array([0.5, 0.5])", "np.array([])"),
    ],
)
def test_what_is_no_score_is_refused(folder: Path, value: str) -> None:
    head = "from decimal import Decimal\nimport numpy as np\nfrom crossover import Score\n"
    (folder / "odd.py").write_text(f"{head}def f(gold, answer):\n    return {value}\n")
    with pytest.raises(MetricError, match="valid is a number from 0 to 1"):
        score_of(open_metric("odd.py:f", folder), "a", "b")


def test_numbers_of_numpy_are_numbers(folder: Path) -> None:
    (folder / "np.py").write_text("import numpy as np\ndef f(gold, answer):\n    return np.float32(0.25)\n")
    assert open_metric("np.py:f", folder).score("a", "b").value == 0.25


@pytest.mark.parametrize(
    ("head", "gives", "said"),
    [
        (
            "kinds = ('classify',); aggregate = 'mean'; binary = True",
            "Score(0.5)",
            "valid is 0 or 1, as its binary",
        ),
        ("kinds = ('classify',); aggregate = 'macro_f1'; binary = False", "1.0", "valid is a Score with counts"),
        ("kinds = None; aggregate = 'mean'; binary = True", "1.0", "the kinds None and binary True; valid"),
        ("kinds = ('classify',); aggregate = 'mean'; binary = 'no'", "1.0", "and binary 'no'; valid"),
    ],
)
def test_a_class_keeps_what_it_declares(head: str, gives: str, said: str, tmp_path: Path) -> None:
    """Half a point of what is right-or-wrong had been tested as such, and an F1 over no counts had been 1."""
    text = f"from crossover.types import Score\nclass Own:\n    {head}\n    def score(self, gold, answer): return {gives}\n"
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(MetricError, match=re.escape(said)):
        score_of(open_metric("own.py:Own", tmp_path), "a", "b")


@pytest.mark.parametrize(
    ("given", "binary", "aggregate", "said", "valid"),
    [
        (0.5, False, "mean", "the metric Own gave 0.5", "a Score with a value from 0 to 1"),
        (None, False, "mean", "the metric Own gave nothing", "a Score with a value from 0 to 1"),
        (Score(float("nan")), False, "mean", "the metric Own gave a Score of nan", "a Score"),
        (Score("1"), False, "mean", "the metric Own gave a Score of '1'", "a Score"),
        (Score(None), False, "mean", "the metric Own gave a Score of nothing", "a Score"),
        (Score(85.0), False, "mean", "the metric Own gave a Score of 85.0", "a Score"),
        (
            Score(0.5),
            True,
            "mean",
            "the metric Own gave 0.5",
            "0 or 1, as its binary (of a function: its return type) says",
        ),
        (Score(0.5), False, "macro_f1", "the metric Own gave a Score without counts", "a Score with counts"),
        (Score(0.0), True, "micro_f1", "the metric Own gave a Score without counts", "a Score with counts"),
        (Score(0.5, {"a": 3}), False, "macro_f1", "gave a Score with the counts {'a': 3}", "Counts of whole numbers"),
        (
            Score(0.5, {"a": Counts(-1, 0, 0)}),
            False,
            "macro_f1",
            "gave a Score with the counts ",
            "Counts of whole numbers",
        ),
    ],
)
def test_a_metric_of_another_package_that_gives_no_score_is_named(
    given: object, binary: bool, aggregate: str, said: str, valid: str
) -> None:
    class Own:
        def score(self, gold: str, answer: str) -> object:
            return given

    metric = Own()
    vars(metric).update(binary=binary, aggregate=aggregate)
    where = re.escape(", on the gold output 'a' and the answer 'b'; valid ")
    with pytest.raises(MetricError, match=f"{re.escape(said)}.*{where}(is|are) {re.escape(valid)}"):
        score_of(metric, "a", "b")  # type: ignore[arg-type]


def test_counts_of_numpy_are_counts() -> None:
    class Own:
        aggregate, binary = "micro_f1", False

        def score(self, gold: str, answer: str) -> Score:
            return Score(0.0, {gold: Counts(*np.array([0, 1, 1]))})

    metric: Any = Own()
    assert score_of(metric, "a", "b").counts == {"a": Counts(0, 1, 1)}


def test_an_f1_is_not_perfect_by_answers_that_its_metric_does_not_count() -> None:
    class Own:
        aggregate, binary = "micro_f1", False

        def score(self, gold: str, answer: str) -> Score:
            return Score(1.0, {gold: Counts(1, 0, 0)} if gold else {}) if answer == gold else Score(0.0, valid=False)

    metric: Any = Own()
    assert score_of(metric, "a", "a").counts
    assert score_of(metric, "", "what is no object").value == 0
    with pytest.raises(MetricError, match="the metric Own gave a Score without counts, on the gold output 'a'"):
        score_of(metric, "a", "what is no object")


@pytest.mark.parametrize("name", ["field_f1", "macro_f1"])
@pytest.mark.parametrize("gold", ["{}", '{"a": ""}', '{"a": 1}', "", "red"])
@pytest.mark.parametrize("answer", ["{}", '{"a": null}', '{"b": 2}', "", "what is no object"])
def test_our_own_f1_counts_as_it_has_to(name: str, gold: str, answer: str, tmp_path: Path) -> None:
    if name == "macro_f1" or gold.startswith("{"):
        metric = open_metric(name, tmp_path)
        assert score_of(metric, gold, answer) == metric.score(gold, answer)
