"""autoprompt: trigger words that gradients propose and trials keep."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crossover.errors import OptionError, TuningError
from crossover.models.hf import Hf
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy
from crossover.tuning.batches import TokenRow
from crossover.tuning.trigger import open_trigger
from crossover.types import Candidate, Decoding, Message, Prompt, Request, Step
from tests.strategies.toys import FRAMES, KINDS, bench, clearly_better, examples, kinds, start

LABELS = dict.fromkeys(KINDS, "")
QUICK = {"steps": 5, "candidates": 6, "batch": 12, "tokens": 3}
# kinds that the vague prompt often gets wrong
HARD = {
    "body": ("elbow", "knee", "heart", "finger", "nose", "shoulder"),
    "water": ("river", "lake", "canal", "stream", "sea", "pond"),
    "money": ("coin", "salary", "tax", "wage", "rent", "loan"),
}
VAGUE = Prompt("Say something.", "Text: {input}\nLabel:")


def begin(model: str | Path = "pocket") -> Candidate:
    return replace(start(KINDS), model=str(model), prompt=VAGUE)


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("autoprompt", {"steps": 2, "candidates": 3, "batch": 4, "tokens": 2}))
    assert "in 2 steps" in made.provenance.note


def test_it_raises_dev_accuracy_over_its_starting_trigger(tmp_path: Path) -> None:
    rows = examples([(frame.format(word), kind) for frame in FRAMES for kind, words in HARD.items() for word in words])
    random.Random(0).shuffle(rows)
    vague = replace(start(tuple(HARD)), prompt=VAGUE)
    with bench(tmp_path, rows[:84], rows[84:], labels=dict.fromkeys(HARD, "")) as at:
        first = at.score(replace(vague, prompt=replace(VAGUE, instruction=VAGUE.instruction + " the" * 3)))
        options = {"steps": 8, "candidates": 8, "batch": 24, "tokens": 3}
        made = open_strategy("autoprompt", options).adapt(vague, at)
        last = at.score(made)
    assert clearly_better(last, first)
    added = made.prompt.instruction.removeprefix(VAGUE.instruction)
    assert len(added.split()) == 3
    assert added.strip() in made.provenance.note


def test_where_nothing_can_be_gained_no_step_is_taken(tmp_path: Path) -> None:
    rows = examples([(frame.format(word), "fruit") for frame in FRAMES for word in ("apple", "pear")])
    sure = replace(begin(), decoding=replace(begin().decoding, label_bias=(-100.0, 0.0, 0.0)))
    with bench(tmp_path, rows[:8], rows[8:], labels=LABELS) as at:
        made = open_strategy("autoprompt", QUICK).adapt(sure, at)
        assert at.meter.calls == len(rows)
    assert made.prompt == sure.prompt
    assert made.provenance.note == "not searched: the start is right on 16 of 16 rows"


def test_the_trigger_is_text_that_gives_its_tokens_again_and_a_finished_step_is_not_taken_again(
    chatty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, labels=LABELS, model=str(chatty)) as at:
        made = open_strategy("autoprompt", QUICK).adapt(begin(chatty), at)
        triggers = {c.prompt.instruction.removeprefix(VAGUE.instruction) for c in at.scored} - {""}
        model = at.model
        assert isinstance(model, Hf)
        assert {len(model.chat.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in triggers} == {3}
        spent = at.meter.calls
        again = "crossover.strategies.autoprompt._Walk._step"
        monkeypatch.setattr(again, lambda *given: pytest.fail("a step was taken again"))
        assert open_strategy("autoprompt", QUICK).adapt(begin(chatty), at) == made
        assert at.meter.calls == spent


def test_labels_may_be_spoken_as_words_that_the_model_tells(chatty: Path, tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, labels=LABELS, model=str(chatty)) as at:
        made = open_strategy("autoprompt", {**QUICK, "steps": 2, "label_words": True}).adapt(begin(chatty), at)
        spoken = [c for c in at.scored if c.decoding.verbalizer]
        run = at.score(spoken[0])
    assert len(set(spoken[0].decoding.verbalizer)) == 3
    assert {record.prediction for record in run.records} <= set(KINDS)
    assert made.decoding.labels == KINDS


def test_fluency_prefers_triggers_that_read_well(tmp_path: Path) -> None:
    train, dev = kinds()
    odd = []
    for fluency in (0.0, 5.0):
        (tmp_path / str(fluency)).mkdir()
        with bench(tmp_path / str(fluency), train, dev, labels=LABELS) as at:
            open_strategy("autoprompt", {**QUICK, "fluency": fluency}).adapt(begin(), at)
            [last] = [c for c in at.scored if c.prompt.instruction != VAGUE.instruction][-1:]
            model = at.model
            assert isinstance(model, Hf)
            ids = model.encode([Message("system", last.prompt.instruction)], "")[0]
            trigger = open_trigger(model, None)
            assert trigger is not None
            at_end = len(model.chat.tokenizer(last.prompt.instruction, add_special_tokens=False)["input_ids"])
            odd.append(trigger.surprise(ids, range(at_end - 3, at_end)))
    assert odd[1] < odd[0]


def test_the_gradient_is_that_of_the_mean_loss(pocket: Hf) -> None:
    """Against a small step along it: the loss changes as the gradient says."""
    trigger = open_trigger(pocket, [pocket.chat.answer(label) for label in KINDS])
    assert trigger is not None
    rows = []
    for i, text in enumerate(("the pear", "a saw", "one goose")):
        ids, begins = pocket.encode([Message("system", "Say what it is."), Message("user", text)], KINDS[i])
        rows.append((TokenRow(tuple(ids), begins), i))
    gradient = trigger.gradient(rows, [2])[0]
    before, size = trigger.losses(rows), 1e-2 / float(gradient.norm())
    token = rows[0][0].ids[2]
    table = trigger.module.get_input_embeddings()
    counts = sum(row.ids.count(token) for row, _ in rows)
    assert counts == len(rows)  # it stands nowhere else
    with torch.no_grad():
        table.weight[token] -= size * gradient.to(table.weight.dtype)
    tied = trigger.losses(rows) - before
    assert tied == pytest.approx(-size * float(gradient.norm()) ** 2, rel=0.5)
    assert trigger.labels is not None


def test_a_model_without_gradients_is_refused(tmp_path: Path) -> None:
    train, dev = kinds()
    with (
        bench(tmp_path, train, dev, labels=LABELS, model="fake") as at,
        pytest.raises(OptionError, match="needs the gradients and the words of a model, and 'fake' gives none"),
    ):
        open_strategy("autoprompt").adapt(replace(begin(), model="fake"), at)


def test_it_looks_through_a_tuned_adapter_and_says_that_it_cannot_through_a_soft_prompt(
    chatty: Path, tmp_path: Path
) -> None:
    """The loss is that of the tuned model's own scores of the labels."""
    train, dev = kinds()
    with bench(tmp_path, train[:12], dev[:3], labels=LABELS, model=str(chatty)) as at:
        tuned = open_strategy("lora", {"epochs": 1}).adapt(begin(chatty), at)
        soft = open_strategy("soft_prompt", {"epochs": 1, "tokens": 2}).adapt(begin(chatty), at)
        model = at.model
        assert isinstance(model, Hf)
        trigger = open_trigger(model, [model.chat.answer(label) for label in KINDS], tuned.weights)
        assert trigger is not None
        asked = (Message("system", VAGUE.instruction), Message("user", "Text: a pear\nLabel:"))
        [reply] = model.complete([Request(asked, tuned.decoding, tuned.weights)])
        ids, begins = model.encode(asked, "")
        loss = trigger.losses([(TokenRow(tuple(ids), begins), 0)])
        scores = torch.tensor(reply.label_scores)
        assert loss == pytest.approx(float(scores.logsumexp(0) - scores[0]), abs=0.05)
        with pytest.raises(
            TuningError, match="autoprompt cannot look through a soft prompt; valid is autoprompt before it"
        ):
            open_strategy("autoprompt", QUICK).adapt(soft, at)


def test_in_a_chain_it_reads_what_the_steps_answer(chatty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, dev = kinds()
    step = Step("thing", Prompt(template="{input}\nThing:"), Decoding(max_tokens=3))
    prompt = Prompt("What kind is it?", "{input} ({thing})\nKind:", steps=(step,))
    read: list[str] = []
    encode = Hf.encode

    def kept(self: Hf, messages: Sequence[Message], answer: str) -> tuple[list[int], int]:
        read.extend(message.content for message in messages)
        return encode(self, messages, answer)

    monkeypatch.setattr(Hf, "encode", kept)
    with bench(tmp_path, train[:9], dev[:3], labels=LABELS, model=str(chatty)) as at:
        chain = replace(begin(chatty), prompt=prompt)
        open_strategy("autoprompt", {"steps": 1, "candidates": 2, "batch": 3, "tokens": 2}).adapt(chain, at)
    asked = [text for text in read if text.endswith("Kind:")]
    assert asked
    assert not any("{" in text for text in asked)
