"""Replay: which prompts, whose answers, and that none of them is measured."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from crossover.data.economics import Limits
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.errors import TuningError
from crossover.evaluation.general import items, material
from crossover.evaluation.replay import LENGTH, PROMPTS, general_prompts, general_rows
from crossover.models.fake import Fake


def caller(journal: Journal) -> Caller:
    return Caller(journal, Meter(journal, Limits()))


def test_the_prompts_are_many_different_and_the_same_each_time() -> None:
    found = general_prompts()
    assert len(found) == len({prompt.message for prompt in found}) == PROMPTS
    general_prompts.cache_clear()
    assert general_prompts() == found
    assert not any("{" in prompt.message for prompt in found), "a template was not filled"
    asked = {prompt.labels for prompt in found if prompt.labels}
    assert len(asked) >= 12
    assert 0.3 < sum(not prompt.labels for prompt in found) / PROMPTS < 0.7


def test_no_text_of_the_suite_is_trained_on() -> None:
    messages = [item.message for item in items()]
    for kind in ("texts", "notes", "things", "phrases"):
        for text in material()[kind]:
            assert not any(text in message for message in messages), text
    asked = {message.rsplit("\n\n", 1)[-1] for message in messages}  # the item itself, behind its instruction
    assert not any(question in prompt.message for question in asked for prompt in general_prompts())


def test_the_answers_are_the_models_own_and_paid_for_once(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal:
        rows = general_rows(caller(journal), Fake(), "fake")
        calls = journal.spent()[0]
        assert general_rows(caller(journal), Fake(), "fake") == rows
        assert journal.spent()[0] == calls == PROMPTS
    labels = {prompt.message: prompt.labels for prompt in general_prompts()}
    for messages, answer in rows:
        [message] = messages
        if labels[message.content]:
            assert answer in labels[message.content]
        else:  # this model repeats what it is asked: what is long has not ended
            assert answer == message.content.strip()
            assert len(answer.split()) < LENGTH


def test_a_model_that_answers_nothing_is_told_of(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal, pytest.raises(TuningError, match="answered none of the"):
        general_rows(caller(journal), Fake("fail:1"), "fake:fail:1")
