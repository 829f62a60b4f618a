"""chain: steps that the task file writes, one after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.render import Renderer
from crossover.errors import OptionError
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import toy_examples
from crossover.types import Candidate, Decoding, Example, Prompt
from tests.strategies.test_chain_of_thought import SUMS, sums
from tests.strategies.toys import KINDS, bench, clearly_better, kinds, start

THINK = [
    {"name": "steps", "instruction": "Solve the problem.", "template": "{input}\nAnswer: Let's think step by step."},
    {
        "name": "answer",
        "instruction": "Write the last word.",
        "template": "Text: {steps}\nAnswer:",
        "answer_pattern": r"-?\d+",
    },
]


def chained(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"chain": list(steps)}


def test_it_solves_a_two_step_task_that_one_prompt_does_not(tmp_path: Path) -> None:
    rows = sums(52)
    begin = Candidate("pocket", decoding=Decoding(max_tokens=16))
    with bench(tmp_path, rows[:16], rows[16:], **SUMS, **chained(*THINK)) as at:
        direct = at.score(open_strategy("instruction").adapt(begin, at))
        made = open_strategy("chain").adapt(begin, at)
        followed = at.score(made)
        assert open_strategy("chain").adapt(begin, at) == made
    assert len(followed.records) == 36
    assert clearly_better(followed, direct)
    assert all("=" in record.steps["steps"] for record in followed.records if record.score and record.score.value)
    assert made.provenance.note == "2 steps: steps, answer"


def test_a_step_may_be_another_task(tmp_path: Path) -> None:
    (tmp_path / "kinds.csv").write_text("text,kind\npear,fruit\nplum,fruit\nsaw,tool\naxe,tool\n")
    (tmp_path / "dev.csv").write_text("text,kind\napple,fruit\n")
    (tmp_path / "test.csv").write_text("text,kind\ndrill,tool\n")
    (tmp_path / "kinds.yaml").write_text(
        "name: kinds\ninstruction: Name the kind.\ninput: text\noutput: kind\nkind: classify\n"
        "data: {train: kinds.csv, dev: dev.csv, test: test.csv}\n"
    )
    steps = chained({"name": "what", "task": "kinds.yaml"}, {"name": "warmth", "template": "{input} ({what})\nAnswer:"})
    toys = toy_examples()
    with bench(tmp_path, toys[::2], toys[1::2], **steps) as at:
        at.task = at.task.model_copy(update={"folder": tmp_path})
        made = open_strategy("chain").adapt(start(), at)
        run = at.score(made)
    [step] = made.prompt.steps
    assert step.decoding.labels == ("fruit", "tool")
    assert step.prompt.instruction.startswith("Name the kind.")
    assert {record.steps["what"] for record in run.records} <= {"fruit", "tool"}
    assert {record.prediction for record in run.records} <= {"warm", "cold"}


def test_without_a_chain_in_the_task_file_it_says_so(tmp_path: Path) -> None:
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2]) as at, pytest.raises(OptionError, match="has no key 'chain'"):
        open_strategy("chain").adapt(start(), at)


def test_a_prompt_that_a_steps_answer_would_make_too_long_is_refused(tmp_path: Path) -> None:
    steps = chained({"name": "a", "template": "{input}", "max_tokens": 900}, {"name": "b", "template": "{a} {a}"})
    rows = toy_examples()
    with (
        bench(tmp_path, rows[::2], rows[1::2], **steps) as at,
        pytest.raises(OptionError, match="exceeds the context window of 1024"),
    ):
        open_strategy("chain").adapt(start(), at)


def test_a_failed_step_is_a_failed_call(tmp_path: Path) -> None:
    steps = chained({"name": "a", "template": "{input}", "max_tokens": 4}, {"name": "b", "template": "{a}\n{input}"})
    rows = [*toy_examples()[1::2], Example("long", "very " * 2000, "warm")]
    with bench(tmp_path, toy_examples()[::2], toy_examples()[1::2], **steps) as at:
        made = open_strategy("chain").adapt(start(), at)
        run = at.rehearse(made, rows)
    assert run.failures == 1
    assert str(run.records[-1].reply.error).startswith("step 'a': the prompt has ")
    assert run.records[-1].score is None


@pytest.mark.parametrize("instruction", ["", "Which one?"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("few_shot", {"shots": [2], "selection": ["random", "nearest"]}),
        ("instruction", {}),
        ("chain_of_thought", {"shots": [0, 2]}),
        ("search", {"calls": 700}),
    ],
)
def test_what_comes_behind_a_chain_keeps_it_and_fills_it_in(
    name: str, options: dict[str, Any], instruction: str, tmp_path: Path
) -> None:
    if name == "search":
        pytest.importorskip("optuna")
    steps = chained(
        {"name": "product", "template": "{input}\nProduct:", "max_tokens": 8},
        {"name": "queue", "instruction": instruction, "template": "{input}, about {product}.\nQueue:"},
    )
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2], model="fake", **steps) as at:
        made = open_strategy(f"chain+{name}", {name: options}).adapt(replace(start(), model="fake"), at)
        tried = [made, *at.scored]
    assert len(tried) > 2
    for candidate in tried:
        assert [step.name for step in candidate.prompt.steps] == ["product"]
        assert candidate.prompt.template.startswith("{input}, about {product}.\nQueue:")
        told = Renderer(candidate.prompt).messages("a text", {"product": "tea"})
        assert told[-1].content.startswith("a text, about tea.")
        assert not any("{product}" in message.content for message in told)


def test_tuned_weights_stay_but_a_chain_is_not_tuned(tmp_path: Path) -> None:
    train, dev = kinds()
    steps = chained({"name": "a", "template": "{input}", "max_tokens": 4}, {"name": "b", "template": "{input} {a}\nKind:"})
    begin = replace(start(KINDS), prompt=Prompt("Name the kind.", "{input}\nKind:"))
    with bench(tmp_path, train, dev, labels=dict.fromkeys(KINDS, ""), **steps) as at:
        tuned = open_strategy("lora+chain", {"lora": {"epochs": 1}}).adapt(begin, at)
        assert tuned.weights is not None
        assert tuned.prompt.steps
        with pytest.raises(OptionError, match="a chain cannot be tuned as a whole"):
            open_strategy("chain+lora").adapt(begin, at)
