"""What may stand behind what in a sequence, by the task that is read: told before anything is made, and only where true."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import CrossoverError
from crossover.prompts import Registry
from crossover.strategies.base import Outline, outlined
from crossover.strategies.open import open_strategy
from crossover.study.asked import asked
from crossover.study.run import run_study
from crossover.testing.strategies import toy_examples
from crossover.types import Decoding, Prompt, Step
from tests.strategies.toys import bench
from tests.strategies.toys import start as begin
from tests.study.small import write_small
from tests.study.tasks import write_task

GIST = {"name": "gist", "instruction": "Say it shorter.", "max_tokens": 4}
LAST = {"name": "answer", "instruction": "Say what it is about.", "template": "{input}\nAnswer:"}
TWO = [GIST, LAST | {"template": "{gist}\nAnswer:"}]
BARE = [{"name": "answer"}]
THINKS = [LAST | {"answer_pattern": "is (.+)"}]
DPO = {"openai_finetune": {"objective": "dpo"}}
KEPT = {
    "chained": Prompt("Name it.", "{gist}", steps=(Step("gist", Prompt("Say it shorter."), Decoding(max_tokens=4)),)),
    "plain": Prompt("Name it."),
}


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_PROMPTS", str(tmp_path / "prompts"))
    prompts = Registry()
    for name, prompt in KEPT.items():
        prompts.add(name, prompt)
    prompts.add("thinking", KEPT["plain"], Decoding(pattern="is (.+)"))
    for name, messages in {"bare": ["{input}"], "worded": ["What is it about?\n{input}"]}.items():
        body = [{"role": "user", "content": content} for content in messages]
        (tmp_path / f"{name}.json").write_text(json.dumps(body))


@pytest.mark.parametrize(
    ("name", "options", "chain", "said"),
    [
        ("chain+lora", {}, TWO, "strategy 'lora' cannot tune a chain as a whole"),
        ("chain+instruction+openai_finetune", {}, TWO, "strategy 'openai_finetune' cannot tune a chain as a whole"),
        ("registered+lora", {"registered": {"prompt": "chained"}}, [], "strategy 'lora' cannot tune a chain as a whole"),
        ("registered+full", {"registered": {"prompt": "chained@1"}}, [], "strategy 'full' cannot tune a chain as a whole"),
        ("chain+openai_finetune", DPO, THINKS, "the start reasons before it answers"),
        ("registered+openai_finetune", {"registered": {"prompt": "thinking"}} | DPO, [], "the start reasons before it"),
        ("chain+distill", {}, BARE, "strategy 'distill' has no teacher"),
        ("given+distill", {"given": {"prompt": "bare.json"}}, [], "strategy 'distill' has no teacher"),
    ],
)
def test_what_cannot_follow_what_a_task_or_a_file_says_is_told_as_the_task_is_read(
    name: str, options: dict[str, Any], chain: list[dict[str, Any]], said: str, tmp_path: Path
) -> None:
    task = write_task(tmp_path, [{name: options}], **({"chain": chain} if chain else {}))
    with pytest.raises(CrossoverError) as told:
        asked(task, None, [])
    assert str(told.value).startswith(f"{task}, line 1, key 'strategies', item 1: the sequence '{name}': ")
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("name", "options", "chain"),
    [
        ("chain+lora", {}, [LAST]),
        ("chain+lora+few_shot", {}, [LAST]),
        ("chain+openai_finetune", {}, THINKS),  # supervised: it learns its own solutions
        ("chain+distill", {}, TWO),
        ("chain+distill", {"distill": {"teacher": "pocket"}}, BARE),
        ("chain+zero_shot+lora", {}, TWO),
        ("registered+lora", {"registered": {"prompt": "plain"}}, []),
        ("registered+distill", {"registered": {"prompt": "chained"}}, []),
        ("registered+zero_shot+lora", {"registered": {"prompt": "chained"}}, []),
        ("given+distill", {"given": {"prompt": "worded.json"}}, []),
    ],
)
def test_what_may_follow_is_let_through(
    name: str, options: dict[str, Any], chain: list[dict[str, Any]], tmp_path: Path
) -> None:
    asked(write_task(tmp_path, [{name: options}], **({"chain": chain} if chain else {})), None, [])


PROMPTS: dict[str, dict[str, Any]] = {
    "zero_shot": {},
    "instruction": {"formats": 0},
    "few_shot": {"shots": [2], "selection": ["random"]},
    "chain": {},
    "chain_of_thought": {"shots": [0], "max_tokens": 8},
    "given": {"prompt": "worded.json"},
    "registered": {"prompt": "chained"},
}


@pytest.mark.parametrize("chain", [[LAST], TWO, THINKS, BARE], ids=["one step", "two steps", "reasons", "bare"])
def test_what_a_sequence_is_said_to_leave_is_what_it_leaves(chain: list[dict[str, Any]], tmp_path: Path) -> None:
    task, toys = asked(write_task(tmp_path, [], chain=chain, model="fake"), None, [])[0], toy_examples()
    with bench(tmp_path, toys[::2], toys[1::2]) as at:
        at.task = task
        for first, second in itertools.product(PROMPTS, repeat=2):
            options = {name: PROMPTS[name] for name in {first, second}}
            strategy = open_strategy(f"{first}+{second}", options)
            made, said = strategy.adapt(replace(begin(), model="fake"), at), outlined(strategy, Outline(), task)
            left = Outline().told(made.prompt, made.decoding.pattern)
            assert (said.chained, said.reasons, said.worded) == (left.chained, left.reasons, left.worded), (first, second)


def test_a_prompt_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    task = write_task(tmp_path, [{"registered+lora": {"registered": {"prompt": "another"}}}])
    with pytest.raises(CrossoverError, match="there is no prompt 'another'"):
        asked(task, None, [])


def test_one_step_alone_is_no_chain_and_is_tuned(tmp_path: Path) -> None:
    short = {"lora": {"epochs": 1, "rank": 2}}
    folder = run_study(write_small(tmp_path, [{"chain+lora": short}], chain=[LAST]), tmp_path / "run")
    made = next(row for row in folder.read_decision()["candidates"] if row["name"] == "chain+lora")
    assert (made["family"], made["same_as"]) == ("hybrid", None)


THEIRS = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Theirs:
    family: ClassVar[str] = "weights"
    dialect: str = "formal"

    def check(self) -> bool:
        return bool(self.dialect)

    def outline(self) -> str:
        return self.dialect

    def check_model(self) -> None:
        raise AssertionError

    def adapt(self, start, bench):
        return start
"""


def test_a_strategy_from_elsewhere_may_use_our_names_for_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "site" / "theirs-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[crossover.strategies]\ntheirs = theirs_of_elsewhere:Theirs\n")
    (tmp_path / "site" / "theirs_of_elsewhere.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    task = write_small(tmp_path, ["theirs", "theirs+instruction"])
    rows = run_study(task, tmp_path / "run").read_decision()["candidates"]
    assert {"theirs", "theirs+instruction"} <= {row["name"] for row in rows if row["dev"]}
