"""distill: a short prompt with tuned weights answers as its teacher does, whatever the gold answers say."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.decoding import decoding_for
from crossover.errors import CrossoverError, OptionError
from crossover.evaluation.bench import StudyBench
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate, Decoding, Demonstration, Example, Prompt
from tests.strategies.toys import ASKED, COLOURS, KINDS, bench, coloured, examples, kinds, start

LABELS = {"labels": dict.fromkeys(KINDS, "")}


def nearest(shots: int = 4) -> Candidate:
    """The teacher: a long prompt."""
    pool = tuple(Demonstration(example.input, example.output) for example in kinds()[0])
    prompt = Prompt("What kind of thing is it?", "Text: {input}\nLabel:", pool, "nearest", shots)
    return replace(start(KINDS), prompt=prompt)


@pytest.fixture
def learnt(monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """What is tuned on, by tunes that are not made."""
    seen: list[Example] = []

    def tune(self: StudyBench, candidate: Candidate, recipe: Any, examples: Any = None, worse: Any = ()) -> Candidate:
        seen.extend(examples)
        return candidate

    monkeypatch.setattr(StudyBench, "tune", tune)
    return seen


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("distill", {"teacher": "pocket", "epochs": 1}))
    assert made.weights is not None
    assert made.prompt == Prompt("", "Text: {input}\nLabel:")


def test_a_short_prompt_learns_what_the_long_one_did_without_a_gold_answer(tmp_path: Path) -> None:
    train, dev = examples(coloured(*ASKED[:2])), examples(coloured(ASKED[2]))
    pool = tuple(Demonstration(example.input, example.output) for example in train)
    teacher = replace(start(COLOURS), prompt=Prompt("Name the colour.", "Text: {input}\nLabel:", pool, "nearest", 4))
    with bench(tmp_path, train, dev, labels=dict.fromkeys(COLOURS, "")) as at:
        long = at.score(teacher)
        made = open_strategy("distill", {"epochs": 12}).adapt(teacher, at)
        short = at.score(made)
        bare = at.score(replace(made, weights=None))
        hidden = [replace(example, output="hidden") for example in train]
        assert at.answers(teacher, hidden) == at.answers(teacher, train)
    assert long.estimate.value >= bare.estimate.value + 0.3
    kept = (short.estimate.value - bare.estimate.value) / (long.estimate.value - bare.estimate.value)
    assert kept >= 0.8
    assert short.usage.tokens_in < long.usage.tokens_in / 3
    assert made.provenance.note.startswith("24 of 24 answers of the teacher learnt; a prompt of ")
    assert f"the teacher's {100 * long.estimate.value:.1f}" in made.provenance.note


def test_another_teacher_answers_with_the_starts_prompt_and_the_task_model_learns(
    tmp_path: Path, learnt: list[Example]
) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, **LABELS) as at:
        made = open_strategy("distill", {"teacher": "fake:answer=tool"}).adapt(nearest(), at)
    assert made.model == "pocket"
    assert [example.input for example in learnt] == [example.input for example in train]
    assert {example.output for example in learnt} == {"tool"}


def test_unlabelled_inputs_are_taught_but_for_those_of_a_split(tmp_path: Path, learnt: list[Example]) -> None:
    train, dev = kinds()
    held = "A text that is in test."
    fresh = ["Here is another plum.", "Who has seen the saw?"]
    lines = ["text", *fresh, fresh[0], f"{fresh[0].upper()} ", train[0].input, dev[0].input, held, ""]
    lines += [f"{held.upper()} ", train[1].input.replace(" ", "  "), dev[1].input.lower()]  # as leaks are found
    (tmp_path / "more.csv").write_text("\n".join(lines), encoding="utf-8")
    with bench(tmp_path, train, dev, **LABELS) as at:
        at.task = at.task.model_copy(update={"folder": tmp_path})
        at.barred = frozenset({held})
        options = {"teacher": "fake:answer=tool", "unlabelled": "more.csv"}
        made = open_strategy("distill", options).adapt(nearest(), at)
    assert [example.input for example in learnt[len(train) :]] == fresh
    assert made.provenance.note.startswith("56 of 56 answers")


def test_answers_that_the_teacher_is_not_sure_of_are_not_taught(tmp_path: Path, learnt: list[Example]) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, **LABELS) as at:
        open_strategy("distill", {"agreement": 0.6}).adapt(nearest(), at)
        probable = at.answers(nearest(), train)
    expected = {
        example.input: answer
        for example, (answer, reply) in zip(train, probable, strict=True)
        if max(_shares(reply.label_scores)) >= 0.6
    }
    assert 0 < len(expected) < len(train)
    assert {example.input: example.output for example in learnt} == expected


def test_written_answers_are_taught_where_enough_draws_agree(tmp_path: Path, learnt: list[Example]) -> None:
    train, dev = kinds()
    teacher = replace(nearest(), decoding=Decoding(max_tokens=4))
    with bench(tmp_path, train, dev, kind="generate", labels={}, metric="exact_match") as at:
        open_strategy("distill", {"samples": 3, "agreement": 0.9, "temperature": 1.0}).adapt(teacher, at)
        warm = replace(teacher, decoding=replace(teacher.decoding, temperature=1.0))
        draws = zip(*(at.answers(warm, train, repeat) for repeat in range(3)), strict=True)
    expected = {}
    for example, answers in zip(train, draws, strict=True):
        answer, votes = Counter(answer for answer, _ in answers).most_common(1)[0]
        if votes == 3 and answer:
            expected[example.input] = answer
    assert 0 < len(expected) < len(train)
    assert {example.input: example.output for example in learnt} == expected


def _shares(scores: tuple[float, ...]) -> list[float]:
    total = sum(math.exp(score) for score in scores)
    return [math.exp(score) / total for score in scores]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "has no teacher: the start's prompt is as short as the student's"),
        ({"teacher": "fake:answer=other"}, "none of the teacher's 5 answers is valid with an agreement of 0"),
        ({"teacher": "fake", "unlabelled": "no.csv"}, r"no\.csv"),
        ({"teacher": "fake", "unlabelled": "known.csv"}, "known.csv has no input in the task's columns that is not in a"),
        ({"teacher": "no-such-model"}, "there is no model 'no-such-model'"),
    ],
)
def test_what_cannot_be_taught_is_told(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    rows = toy_examples()
    (tmp_path / "known.csv").write_text(f"text\n{rows[0].input}\n", encoding="utf-8")
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        at.task = at.task.model_copy(update={"folder": tmp_path})
        with pytest.raises(CrossoverError, match=told):
            open_strategy("distill", options).adapt(start(), at)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"samples": 0}, "'samples': received 0, valid is 1 or more"),
        ({"temperature": 0.0}, "'temperature': received 0.0, valid is above 0"),
        ({"agreement": 1.5}, "'agreement': received 1.5, valid is a number from 0 to 1"),
    ],
)
def test_options_out_of_range_are_one_sentence(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        open_strategy("distill", options)


def test_another_teacher_is_not_calibrated_as_the_student_was_and_answers_as_long_as_it_has_to(
    tmp_path: Path, learnt: list[Example]
) -> None:
    train, dev = kinds()
    begin = replace(nearest(), decoding=replace(nearest().decoding, label_bias=(-9.0, 0.0, 9.0), max_tokens=99))
    with bench(tmp_path, train[:6], dev[:3], **LABELS) as at:
        open_strategy("distill", {"teacher": "fake"}).adapt(begin, at)
        own = decoding_for(at.task, at.model_of("fake"), [example.output for example in train])
    [teacher] = [candidate for candidate in at.scored if candidate.model == "fake"]
    assert teacher.decoding == own
