"""What a tune forgot: the shipped suite, its scoring, pairing with the bare model, prose, and the user's own tasks."""

from __future__ import annotations

import functools
import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossover.data.task import load_task
from crossover.errors import DataError, TaskError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import GENERAL, Memory, open_suites
from crossover.evaluation.general import Holds, items, passages
from crossover.models.fake import Fake
from crossover.models.hf import Hf
from crossover.models.open import open_model
from crossover.testing.strategies import toy_bench, toy_examples
from crossover.types import LoraRecipe, Message, Weights
from tests.strategies.toys import start
from tests.study.tasks import write_task


@contextmanager
def bench(folder: Path, model: str = "pocket") -> Iterator[StudyBench]:
    examples = toy_examples()
    made = toy_bench(folder, examples[::2], examples[1::2], model=model)
    try:
        yield made
    finally:
        made.journal.close()


def memory(at: StudyBench, model: str = "pocket") -> Memory:
    return Memory(at.evaluator, model, open_suites(at.task, open_model(model)))


def test_the_suite_is_varied_and_every_item_can_be_answered() -> None:
    found = items()
    assert 100 <= len(found) <= 200
    assert len({item.message for item in found}) == len(found)
    assert len({item.ability for item in found}) >= 12
    for item in found:
        assert not item.labels or item.answer in item.labels
        assert item.message.strip()
        assert item.answer.strip()
    chosen = Counter((item.ability, item.answer) for item in found if item.labels)
    for ability in {ability for ability, _ in chosen}:
        counts = [count for (name, _), count in chosen.items() if name == ability]
        assert max(counts) <= sum(counts) / 2, f"{ability}: one answer alone would get more than half"


def test_the_prose_has_many_registers_and_everything_fits_the_bundled_model(pocket: Hf) -> None:
    assert len({passage.register for passage in passages()}) == len(passages()) >= 12
    words = sum(len(passage.text.split()) for passage in passages())
    assert words >= 1500
    assert all(pocket.count_tokens([Message("user", p.opening + p.text)]) < 512 for p in passages())
    assert all(pocket.count_tokens([Message("user", item.message)]) < 512 for item in items())


@pytest.mark.parametrize(
    ("gold", "reply", "right"),
    [
        ("48", "48", True),
        ("48", "The number is 48.", True),
        ("48", "148", False),
        ("RED DOOR", "RED DOOR", True),
        ("RED DOOR", "red door", False),
        ("back soon", 'It says "back soon"', True),
        ('{"name": "Ida"}', 'Here: {"name":"Ida"} as asked', True),
        ('{"name": "Ida"}', '{"name": "Ida", "people": "4"}', False),
        ('{"name": "Ida"}', '{"name": "Ida"', False),
        ('{"name": "Ida"}', "", False),
    ],
)
def test_an_answer_holds_where_it_stands_as_whole_words_or_equal_json(gold: str, reply: str, right: bool) -> None:
    assert Holds().score(gold, reply).value == float(right)


def test_a_mild_tune_keeps_the_suite_and_each_side_is_asked_once(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        weights = at.tune(start(), LoraRecipe(learning_rate=1e-5, epochs=1, batch_size=5)).weights
        assert weights is not None
        before = at.meter.calls
        kept = memory(at).measure(weights)
        calls = at.meter.calls
        assert calls - before == 2 * (len(items()) + len(passages()))
        assert memory(at).measure(weights) == kept
        assert at.meter.calls == calls, "a second measurement cost calls"
    [held] = kept.suites
    assert held.suite.name == GENERAL
    assert held.before > 0.5
    assert held.change.n == len(items())
    assert held.change.difference == pytest.approx(held.after - held.before)
    assert abs(held.change.difference) < 0.05
    assert kept.perplexity is not None
    assert kept.perplexity[1] == pytest.approx(kept.perplexity[0], rel=0.05)


def test_perplexity_is_per_token_of_the_prose(tmp_path: Path) -> None:
    with bench(tmp_path, "fake") as at:  # gives the one label half a nat for all of its words
        found = memory(at, "fake").measure(Weights("adapter", "ab" * 32))
    words = sum(len(passage.text.split()) for passage in passages())
    expected = math.exp(0.5 * len(passages()) / words)
    assert found.perplexity == pytest.approx((expected, expected))


def test_failed_calls_leave_their_items_out_of_both_sides(tmp_path: Path) -> None:
    with bench(tmp_path, "fake:fail:3") as at:
        [lost] = memory(at, "fake:fail:3").measure(Weights("adapter", "ab" * 32)).suites
    assert 0 < lost.change.n < len(items())
    assert sum(n for n, _, _ in lost.kinds.values()) == lost.change.n
    weighed = sum(n * (after - before) for n, before, after in lost.kinds.values()) / lost.change.n
    assert lost.change.difference == pytest.approx(weighed)


def test_a_users_task_is_a_suite_with_its_own_metric(tmp_path: Path) -> None:
    write_task(tmp_path / "other", ["zero_shot"], name="other", metric="macro_f1", forgetting=["../task.yaml"])
    task = load_task(write_task(tmp_path, ["zero_shot"], forgetting=["other/task.yaml"], model="fake"))
    model = functools.cache(open_model)("fake")
    general, own = open_suites(task, model)
    assert (general.name, own.name, own.metric_name) == (GENERAL, "other", "macro_f1")
    [part] = own.parts
    assert len(part.examples) == 60
    assert part.prompt.instruction.startswith("Say what the note is about.")
    assert part.decoding.labels == ("garden", "journey", "kitchen")
    with bench(tmp_path, "fake") as at:
        _, lost = Memory(at.evaluator, "fake", [general, own]).measure(Weights("adapter", "ab" * 32)).suites
    assert lost.change.n == 60
    assert lost.change.low <= lost.change.difference <= lost.change.high


def test_nothing_is_measured_where_the_task_file_says_so(tmp_path: Path) -> None:
    task = load_task(write_task(tmp_path, ["zero_shot"], forgetting=False))
    assert open_suites(task, Fake()) == []


def test_a_users_task_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    other = write_task(tmp_path / "other", ["zero_shot"], metric="rouge_l")
    task = load_task(write_task(tmp_path, ["zero_shot"], forgetting=["other/task.yaml"]))
    with pytest.raises(TaskError, match="metric 'rouge_l' does not suit kind 'classify'"):
        open_suites(task, Fake())
    other.write_text(json.dumps(json.loads(other.read_text()) | {"data": "absent.csv"}))
    with pytest.raises(DataError, match=r"absent\.csv"):
        open_suites(task, Fake())
