"""What making something took: calls, seconds and labels, each once, whoever paid for them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from crossover.data.economics import Limits
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.engine.taken import taken
from crossover.models.fake import Fake
from crossover.strategies.open import open_strategy
from crossover.types import Decoding, Message, Reply, Request
from tests.strategies.toys import bench, examples, start


def requests(*texts: str) -> list[Request]:
    return [Request((Message("user", text),), Decoding(max_tokens=2)) for text in texts]


class Away(Fake):
    """A model that runs elsewhere."""

    @property
    def local(self) -> bool:
        return False


def test_a_call_counts_once_for_each_work_that_needs_it_and_for_both_that_share_it(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal:
        caller, here, away = Caller(journal, Meter(journal, Limits())), Fake("echo"), Away("echo")
        with caller.making("rung a"):
            caller.ask(here, requests("one", "two"), "x")
            caller.ask(here, requests("two"), "y")
            with caller.making("work shared"):
                caller.ask(here, requests("three"), "x")
                caller.need("labels", ["r1", "r2"])
        with caller.making("rung b"):
            caller.need("labels", ["r2", "dev"])
            with caller.making("work shared"):
                pass  # remembered
            caller.ask(away, requests("four"), "x")
        caller.ask(here, requests("five"), "nobody's")
        first, second = taken(journal, "rung a"), taken(journal, "rung b")
    assert (first.calls, first.labels) == (3, {"r1", "r2"})
    assert (second.calls, second.labels) == (2, {"r1", "r2", "dev"})
    assert second.asked[""].tokens_in > 0
    assert first.asked == {}
    assert taken(Journal(tmp_path / "study.db"), "rung of nobody").calls == 0


def test_failed_calls_that_were_repeated_are_paid_too(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal:
        caller, model = Caller(journal, Meter(journal, Limits())), Fake("echo")
        [request] = requests("one")
        with caller.making("rung"):
            [reply] = caller.ask(model, [request], "x")
        key = journal.needs("rung")[0][1]
        journal.add_calls("x", {key: Reply(usage=reply.usage, error="it was down")})
        assert taken(journal, "rung").calls == 2


def test_the_time_of_work_that_was_timed_holds_its_local_calls(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal:
        caller = Caller(journal, Meter(journal, Limits()))
        with caller.making("rung"), caller.making("tune k"):
            caller.ask(Fake("echo"), requests("one"), "x")
        journal.add_epoch("k", 1, {"seconds": 4.0})
        journal.add_epoch("k", 2, {"seconds": 3.0})
        journal.add_needs("rung", "made", ["work w"])
        journal.add_work("work w", 2.5)
        found = taken(journal, "rung")
    assert (found.tuning_seconds, found.seconds, found.here.seconds) == (7.0, 2.5, 0.0)
    assert found.calls == 1


COLOURED = [(f"{word} {i}", label) for i in range(6) for word, label in (("sun", "warm"), ("ice", "cold"))]


def took(folder: Path, strategy: str, options: dict[str, object]) -> tuple[frozenset[str], int]:
    rows = examples(COLOURED)
    with bench(folder, rows[:8], rows[8:]) as at:
        with at.evaluator.caller.making("rung"):
            open_strategy(strategy, options).adapt(start(), at)
        found = taken(at.journal, "rung")
    return found.labels, found.calls


@pytest.mark.parametrize(
    ("strategy", "options", "labels"),
    [
        ("zero_shot", {}, set()),
        ("few_shot", {"shots": [2], "selection": ["nearest"]}, {"dev", *(f"e{i}" for i in range(8))}),
        ("lora", {"epochs": 1}, {"dev", "train"}),
    ],
)
def test_labels_are_paid_where_they_are_shown_tuned_on_or_chosen_by(
    tmp_path: Path, strategy: str, options: dict[str, object], labels: set[str]
) -> None:
    found, calls = took(tmp_path, strategy, options)
    assert found == labels
    assert (calls > 0) == bool(labels)


def test_two_shown_demonstrations_are_two_labels_beside_those_of_dev(tmp_path: Path) -> None:
    found, _ = took(tmp_path, "few_shot", {"shots": [2], "selection": ["random"]})
    assert "dev" in found
    assert len(found) == 3


def test_a_distilled_student_pays_its_teacher_and_no_gold_labels_of_training_rows(tmp_path: Path) -> None:
    found, calls = took(tmp_path, "distill", {"teacher": "pocket", "epochs": 1})
    assert found == {"dev"}
    assert calls >= 8 + 4


def test_tries_that_are_thrown_away_are_paid(tmp_path: Path) -> None:
    rows = examples(COLOURED)
    with bench(tmp_path, rows[:8], rows[8:]) as at:
        with at.evaluator.caller.making("rung"):
            open_strategy("lora", {"epochs": 1, "tries": 2}).adapt(start(), at)
        all_epochs = [e["seconds"] for key in at.journal.tunes() for e in at.journal.epochs(key)]
        found = taken(at.journal, "rung")
    assert len(all_epochs) == 2
    assert found.tuning_seconds == pytest.approx(sum(all_epochs))
