"""Sequences: each step adapts what the last one made, and prompt and weights together are a hybrid."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crossover.errors import OptionError
from crossover.strategies.base import Bench, Outline, outlined
from crossover.strategies.open import open_strategy
from crossover.strategies.then import Then
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate, Family, Prompt
from tests.strategies.toys import KINDS, bench, kinds, start


def test_instruction_then_lora_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("instruction+lora", {"lora": {"epochs": 2}}))
    assert made.weights is not None
    assert made.prompt.instruction
    assert made.decoding.label_bias == ()


def test_lora_then_few_shot_keeps_the_contract() -> None:
    options = {"lora": {"epochs": 1}, "few_shot": {"shots": [2], "selection": ["nearest"]}}
    made = check_strategy(open_strategy("lora+few_shot", options))
    assert made.weights is not None
    assert made.weights.kind == "adapter"
    assert (made.prompt.shots, made.prompt.selection) == (2, "nearest")
    assert made.provenance.note.endswith("; best of 1 prompts on dev")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("zero_shot+instruction", "prompt"),
        ("instruction+few_shot", "prompt"),
        ("lora+full", "weights"),
        ("instruction+lora", "hybrid"),
        ("lora+few_shot", "hybrid"),
        ("instruction+lora+few_shot", "hybrid"),
        ("few_shot+distill", "weights"),  # a short prompt, whatever taught it
        ("few_shot+distill+few_shot", "hybrid"),
        ("zero_shot+lora", "weights"),
        ("lora+few_shot+zero_shot", "weights"),
        ("few_shot+zero_shot", "prompt"),
        ("soft_prompt+instruction", "hybrid"),
        ("chain+zero_shot+lora", "weights"),
        ("chain+distill+lora", "weights"),
    ],
)
def test_the_family_is_that_of_the_steps_or_hybrid(name: str, family: str) -> None:
    assert open_strategy(name).family == family


def test_steps_adapt_in_their_order(tmp_path: Path) -> None:
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2]) as at:
        stripped = open_strategy("instruction+zero_shot").adapt(start(), at)
        instructed = open_strategy("zero_shot+instruction").adapt(start(), at)
    assert stripped.prompt == Prompt()
    assert instructed.prompt.instruction


def test_the_second_step_starts_from_the_firsts_weights_and_prompt(chatty: Path, tmp_path: Path) -> None:
    train, dev = kinds()
    few = {"shots": [2], "selection": ["random"]}
    begin = replace(start(KINDS), model=str(chatty))
    with bench(tmp_path, train, dev, labels=dict.fromkeys(KINDS, ""), model=str(chatty)) as at:
        alone = open_strategy("few_shot", few).adapt(begin, at)
        both = open_strategy("few_shot+lora", {"few_shot": few, "lora": {"epochs": 1}}).adapt(begin, at)
        tuned = open_strategy("lora", {"epochs": 1}).adapt(begin, at)
        shown = open_strategy("lora+few_shot", {"few_shot": few, "lora": {"epochs": 1}}).adapt(begin, at)
    assert both.prompt == alone.prompt
    assert tuned.weights is not None
    assert shown.weights == tuned.weights != both.weights  # one tune serves lora and lora+few_shot
    assert not shown.prompt.instruction  # a tuned start keeps the form that it was tuned in
    assert shown.prompt.template == "{input}"


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("instruction+lora", {"few_shot": {"shots": [2]}}, "'instruction.lora' has no step 'few_shot'; valid: instr"),
        ("instruction+lora", {"lora": {"rnak": 8}}, "strategy 'lora' has no option 'rnak'; did you mean 'rank'"),
        (
            "instruction+lora",
            {"lora": {"rank": "8"}},
            "strategy 'lora', option 'rank': received '8', valid is a whole number",
        ),
        ("instruction+lora", {"lora": 8}, "strategy 'lora': received 8, valid is a mapping of options"),
        ("instruction+lorra", {}, "there is no strategy 'lorra'; did you mean 'lora'"),
        ("lora+", {}, "there is no strategy ''"),
        ("classifier+lora", {}, "'classifier.lora' has a control in it, and 'classifier' leaves no language model"),
        ("few_shot+majority", {}, "'few_shot.majority' has a control in it, .* valid is 'majority' by itself"),
    ],
)
def test_a_wrong_step_or_option_is_told_at_once(name: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        open_strategy(name, options)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("lora+soft_prompt", {}, "'soft_prompt' cannot go on from tuned weights where one of the two is a soft prompt"),
        ("soft_prompt+full", {}, "'full' cannot go on from tuned weights where one of the two is a soft prompt"),
        ("soft_prompt+soft_prompt", {}, "'soft_prompt' cannot go on"),
        ("few_shot+distill+instruction+soft_prompt", {}, "'soft_prompt' cannot go on"),
        ("soft_prompt+distill", {"distill": {"teacher": "pocket"}}, "'distill' cannot go on"),
        ("soft_prompt+zero_shot+autoprompt", {}, "'autoprompt' cannot look through a soft prompt"),
        ("lora+distill", {}, "'distill' has no teacher"),
        ("distill+lora", {}, "'distill' has no teacher"),
        ("lora+few_shot+zero_shot+distill", {}, "'distill' has no teacher"),
        ("full+lora", {"lora": {"bits": 4}}, "option 'bits': 4 cannot go on from a fully tuned model"),
        ("lora+openai_finetune", {}, "no model is tuned both here and at a service"),
        (
            "chain_of_thought+openai_finetune",
            {"openai_finetune": {"objective": "dpo"}},
            "the start reasons before it answers, and objective dpo takes an answer as it stands",
        ),
    ],
)
def test_a_step_that_cannot_follow_the_one_before_it_is_told_before_anything_is_made(
    name: str, options: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found("json" if name == "bitsandbytes" else name))
    with pytest.raises(OptionError, match=rf"^the sequence '{re.escape(name)}': strategy .*{sentence}"):
        open_strategy(name, options)


@pytest.mark.parametrize("name", ["lora+full", "full+lora", "soft_prompt+chain", "chain+zero_shot+lora", "lora+lora"])
def test_what_can_follow_is_no_mistake(name: str) -> None:
    assert isinstance(open_strategy(name), Then)


def test_a_strategy_from_elsewhere_that_says_nothing_of_its_starts_follows_any() -> None:
    @dataclass(frozen=True)
    class Theirs:
        family: ClassVar[Family] = "prompt"

        def adapt(self, start: Candidate, bench: Bench) -> Candidate:
            return start

    @dataclass(frozen=True)
    class TheirTune(Theirs):
        family: ClassVar[Family] = "hybrid"

    left = outlined(Theirs(), Outline(weights="soft", chained=True, reasons=True))
    assert left == Outline(worded=True, weights="soft")  # it may write a prompt without the steps
    assert outlined(open_strategy("lora"), outlined(Theirs(), Outline(chained=True))).weights == "adapter"
    for name in ("soft_prompt", "lora", "openai_finetune"):  # only it knows what it tunes, if anything
        assert outlined(open_strategy(name), outlined(TheirTune(), Outline())).worded


@pytest.mark.parametrize("steps", [(), ("lora",)])
def test_a_sequence_has_two_steps_or_more(steps: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match="a sequence needs two strategies or more"):
        Then(steps)


def test_a_step_that_stands_again_has_draws_of_its_own(chatty: Path, tmp_path: Path) -> None:
    train, dev = kinds()
    once = {"lora": {"epochs": 1}}
    begin = replace(start(KINDS), model=str(chatty))
    with bench(tmp_path, train, dev, labels=dict.fromkeys(KINDS, ""), model=str(chatty)) as at:
        twice = open_strategy("lora+lora", once).adapt(begin, at)
        between = open_strategy("lora+zero_shot+lora", once).adapt(begin, at)
    assert [recipe.seed for recipe in at.recipes] == [0, 1, 0, 1]
    assert twice.weights == between.weights


def test_what_a_step_had_to_say_is_said_whatever_comes_behind_it(tmp_path: Path) -> None:
    rows = toy_examples()
    with bench(tmp_path, rows[::2], rows[1::2], model="fake") as at:
        options = {"instruction": {"formats": 0}, "few_shot": {"shots": [2], "selection": ["random"]}}
        made = open_strategy("instruction+few_shot", options).adapt(replace(start(), model="fake"), at)
    told = r"instruction: best of 4 phrasings on dev \(.*\); few_shot: 2 demonstrations, random; best of 1 prompts on dev"
    assert re.fullmatch(told, made.provenance.note)
