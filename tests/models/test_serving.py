"""Requests that join what is under way and leave it are answered as they are alone."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from crossover.models.base import Token
from crossover.models.fake import Fake
from crossover.models.hf import Hf, adapters, pool
from crossover.models.hf import scheduler as scheduling
from crossover.models.hf.recurring import OFTEN, Recurring
from crossover.models.hf.running import ROOM, Places
from crossover.models.hf.turns import TURN, Turns
from crossover.models.serving import Asked, Engine, engine_of
from crossover.types import Decoding, Message, Reply, Request, Weights
from tests.device import DEVICE
from tests.models.asking import LABELS, TEXTS, ask
from tests.models.tiny import build

SCHEMA = '{"type": "object", "properties": {"n": {"enum": [1, 22]}}, "required": ["n"], "additionalProperties": false}'
LONG = "A clerk sorts what customers write. He reads each message once, slowly, and says in a word or two what it is. " * 4


def mixed(draw: random.Random, count: int, schemas: bool = True) -> list[Request]:
    """Requests of every kind, some behind the same long beginning."""
    kinds: list[Callable[[str], Request]] = [
        lambda text: ask(text, max_tokens=draw.randrange(1, 14)),
        lambda text: ask(text, system=LONG, max_tokens=draw.randrange(1, 14)),
        lambda text: ask(text, temperature=1.0, seed=draw.randrange(9), max_tokens=8),
        lambda text: ask(text, schema=SCHEMA, max_tokens=12),
        lambda text: ask(text, labels=LABELS),
        lambda text: ask(text, system=LONG, labels=LABELS),
    ]
    if not schemas:
        del kinds[3]
    return [draw.choice(kinds)(f"{draw.choice(TEXTS)} {draw.randrange(20)}") for _ in range(count)]


def answered(engine: Engine, requests: list[Request], wait: Callable[[], int]) -> list[Reply]:
    """The replies to requests that join one by one, `wait()` steps apart."""
    replies: dict[int, Reply] = {}
    for place, request in enumerate(requests):
        engine.add(Asked(request, lambda reply, place=place: replies.__setitem__(place, reply), lambda: False))
        for _ in range(wait()):
            engine.step()
    while engine.busy:
        engine.step()
    return [replies[place] for place in range(len(requests))]


def same(found: list[Reply], alone: list[Reply]) -> None:
    assert [(r.text, r.error, r.usage.tokens_in, r.usage.tokens_out) for r in found] == [
        (r.text, r.error, r.usage.tokens_in, r.usage.tokens_out) for r in alone
    ]
    for one, other in zip(found, alone, strict=True):
        assert one.label_scores == pytest.approx(other.label_scores, abs=1e-3)


# of the architectures here bloom and gemma2 cannot pack, mistral and gemma3 have windows
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "bloom", "mistral", "gemma2", "gemma3_text"])
def test_whoever_joins_is_answered_as_alone(kind: str, tmp_path: Path) -> None:
    model, draw = Hf(str(build(tmp_path, kind)), device=DEVICE), random.Random(7)
    requests = mixed(draw, 24, kind != "qwen2")  # whose logits are fewer than its tokens
    same(answered(model.engine(), requests, lambda: draw.randrange(3)), [model.complete([r])[0] for r in requests])


PLACE = tempfile.TemporaryDirectory()  # removed when the tests end


@cache
def chatty() -> Hf:
    return Hf(str(build(Path(PLACE.name))), device=DEVICE)


@settings(max_examples=15)
@given(seed=st.integers(0, 9999), waits=st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_whenever_they_join(seed: int, waits: list[int]) -> None:
    model, left = chatty(), iter(waits)
    requests = mixed(random.Random(seed), len(waits))
    same(answered(model.engine(), requests, lambda: next(left)), model.complete(requests))


class Ear:
    top, every = 2, True

    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, text: str, token: Token | None, place: int, complete: bool) -> bool:
        self.heard.append(text)
        return False


@pytest.fixture
def engine() -> Engine:
    return engine_of(chatty())


def test_who_is_finished_leaves_at_once_and_labels_do_not_wait_for_texts(engine: Engine) -> None:
    ended: list[str] = []

    def add(name: str, request: Request) -> None:
        engine.add(Asked(request, lambda reply: ended.append(name), lambda: False, None))

    add("long", ask(TEXTS[0], max_tokens=40, schema='{"type": "string", "minLength": 400}'))
    engine.step()
    add("short", ask(TEXTS[1], max_tokens=2))
    add("labels", ask(TEXTS[2], labels=LABELS))
    engine.step()
    engine.step()
    assert sorted(ended) == ["labels", "short"]
    while engine.busy:
        engine.step()
    assert ended[-1] == "long"


def test_who_has_gone_takes_no_place(engine: Engine) -> None:
    gone, kept, ear = [False], list[Reply](), Ear()
    text = ask(TEXTS[0], max_tokens=40, schema='{"type": "string", "minLength": 400}')
    engine.add(Asked(text, kept.append, lambda: gone[0]))
    engine.add(Asked(ask(TEXTS[1], max_tokens=9, temperature=1.0), kept.append, lambda: False, ear))
    for request in (ask(TEXTS[0], max_tokens=4), ask(TEXTS[0], labels=LABELS)):
        engine.add(Asked(request, kept.append, lambda: True))
    engine.step()
    gone[0] = True
    while engine.busy:
        engine.step()
    [alone] = chatty().complete([ask(TEXTS[1], max_tokens=9, temperature=1.0)])
    assert [reply.text for reply in kept] == [alone.text]
    assert ear.heard[-1] == alone.text


def test_fully_tuned_models_take_turns_as_one_is_loaded_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, both = Hf(str(build(tmp_path / "base")), device=DEVICE), list[Weights]()
    for factor in (0.9, 1.2):
        module = model.module()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(factor)
        both.append(model.save(module, tmp_path / f"tuned-{factor}"))
    requests = [
        Request(request.messages, request.decoding, weights)
        for request in [ask(text, max_tokens=12) for text in TEXTS] + [ask(text, labels=LABELS) for text in TEXTS]
        for weights in (*both, None)
    ]
    alone, loaded = [model.complete([request])[0] for request in requests], list[Path]()
    whole = pool.load_model

    def load(folder: Path, *others: Any) -> Any:
        loaded.append(folder)
        return whole(folder, *others)

    monkeypatch.setattr(pool, "load_model", load)
    same(answered(model.engine(), requests, lambda: 0), alone)
    assert len(loaded) <= 4


def test_more_adapters_than_are_kept_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, every = Hf(str(build(tmp_path / "base")), device=DEVICE), list[Weights]()
    config = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj"], init_lora_weights=False)
    module: Any = get_peft_model(model.module(), config)
    for number in range(6):
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if "lora" in name:
                    parameter.uniform_(-0.3, 0.3, generator=torch.Generator(parameter.device).manual_seed(number))
        every.append(model.save(module, tmp_path / f"adapter-{number}"))
    asked = [ask(TEXTS[0], max_tokens=12), ask(TEXTS[1], labels=LABELS)]
    requests = [Request(one.messages, one.decoding, weights) for one in asked for weights in every]
    alone, loaded, whole = [model.complete([request])[0] for request in requests], list[Path](), adapters.read_plain

    def load(folder: Path, base: Any) -> Any:
        loaded.append(folder)
        return whole(folder, base)

    monkeypatch.setattr(adapters, "read_plain", load)
    same(answered(model.engine(), requests, lambda: 0), alone)
    assert len(loaded) <= 8


@settings(max_examples=30)
@given(most=st.integers(1, 4), seed=st.integers(0, 9999), crowd=st.integers(1, 12))
def test_everybody_who_waits_has_a_turn_and_few_are_loaded(most: int, seed: int, crowd: int) -> None:
    turns, draw, steps = Turns(most), random.Random(seed), 400
    every = [str(number) for number in range(crowd)]
    stays = draw.sample(every, draw.randint(1, crowd))  # who is asked for at every step
    waits, before, loads = dict.fromkeys(stays, 0), set[str](), 0
    for _ in range(steps):
        turns.take([*draw.sample(every, draw.randint(0, crowd)), *stays] if draw.random() < 0.2 else stays)
        now = {one for one in every if turns.has(one)}
        assert 1 <= len(now) <= most
        loads, before = loads + len(now - before), now
        for one in stays:
            waits[one] = 0 if one in now else waits[one] + 1
            assert waits[one] <= (TURN + 1) * (crowd // most + 1)
    if len(stays) == crowd:
        assert loads <= most * (steps // TURN + 1), "a turn is not cut short"


def test_a_schema_that_cannot_be_used_fails_alone(engine: Engine) -> None:
    requests = [ask(TEXTS[0], max_tokens=3), ask(TEXTS[0], schema='{"type": "no such type"}'), ask("word " * 9000)]
    fine, wrong, long = answered(engine, requests, lambda: 0)
    assert fine.error is None
    assert "schema" in str(wrong.error)
    assert "window" in str(long.error) or long.error is None


def test_there_are_places_for_so_many(engine: Engine) -> None:
    text, label, count = ask(TEXTS[0], max_tokens=2), ask(TEXTS[0], labels=LABELS), 0
    while engine.takes(text):
        engine.add(Asked(text, lambda reply: None, lambda: False))
        count += 1
    assert count == (64 if DEVICE == "cpu" else 512)
    assert engine.takes(label), "who wants labels has places of his own"
    engine.give_up()
    assert engine.takes(text)
    assert not engine.busy


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no room"), RuntimeError("can't allocate memory: 9 bytes")])
def test_where_memory_does_not_suffice_half_as_many_go_on(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [ask(text, max_tokens=5) for text in TEXTS]
    whole = scheduling.advance

    def scarce(model: Any, batches: Any, ended: Any) -> Any:
        if sum(len(running.rows) + len(joining) for running, joining in batches) > most:
            raise error
        return whole(model, batches, ended)

    most = 1
    monkeypatch.setattr(scheduling, "advance", scarce)
    same(answered(chatty().engine(), requests, lambda: 0), chatty().complete(requests))
    most = 0
    [reply] = answered(chatty().engine(), requests[:1], lambda: 0)
    assert "memory does not suffice" in str(reply.error)


def test_a_model_without_an_engine_is_asked_in_batches() -> None:
    engine, found = engine_of(Fake()), list[Reply]()
    requests = [ask(text, labels=LABELS) for text in TEXTS]
    assert answered(engine, requests, lambda: 0) == Fake().complete(requests)
    engine.add(Asked(requests[0], found.append, lambda: True))
    assert engine.step() == 0
    assert (found, engine.busy) == ([], False)


def test_what_recurs_is_found_whatever_follows_it() -> None:
    recurring, head = Recurring(), list(range(100, 220))
    found = [recurring.beginning([*head, *tail]) for tail in ([1, 2], [1, 3], [4], [5, 5], [1, 2], [7])]
    assert found[: OFTEN - 1] == [(), ()]
    assert set(found[OFTEN + 1 :]) == {tuple(head)}, "the words that two texts begin with by chance do not count"
    assert recurring.beginning(head) == () or len(recurring.beginning(head)) < len(head), "a token is left"
    assert recurring.beginning([9, 9, 9]) == ()


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=60), max_size=40))
def test_a_beginning_is_what_a_prompt_begins_with(prompts: list[list[int]]) -> None:
    recurring = Recurring()
    for prompt in prompts:
        found = recurring.beginning(prompt)
        assert len(found) < len(prompt)
        assert tuple(prompt[: len(found)]) == found


def test_conversations_that_a_template_refuses_fail_alone(tmp_path: Path) -> None:
    refusing = "{% if messages[0].content == 'no' %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}: "
    model = Hf(
        str(build(tmp_path, template=refusing + "{% if not add_generation_prompt %}{{ messages[1].content }}{% endif %}"))
    )
    requests = [Request((Message("user", text),), Decoding(max_tokens=3)) for text in ("yes", "no", "well")]
    assert [bool(reply.error) for reply in answered(model.engine(), requests, lambda: 0)] == [False, True, False]


@pytest.mark.parametrize("kind", ["llama", "bloom"])  # which cannot pack
@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_answers_by_weights_that_are_no_numbers_are_failed_calls_and_no_texts(
    number: float, kind: str, tmp_path: Path
) -> None:
    """Infinite norms make every score NaN; a row of the head of infinite weights makes its own infinite."""
    file = build(tmp_path, kind) / "model.safetensors"
    tensors = load_file(file)
    next(weight for name, weight in tensors.items() if name.endswith(("norm.weight", "ln_f.weight")))[0] = number
    save_file(tensors, file, {"format": "pt"})
    model = Hf(str(tmp_path), device=DEVICE)
    asked = mixed(random.Random(3), 12)
    for replies in (model.complete(asked), answered(model.engine(), asked, lambda: 1)):
        assert all("log-probabilities that are no numbers" in str(reply.error) and not reply.text for reply in replies)


@pytest.mark.parametrize("kind", ["llama", "bloom"])
def test_one_infinite_score_of_a_damaged_head_is_no_choice(kind: str, tmp_path: Path) -> None:
    """Its token would be chosen always, and of labels, each then below all numbers, the first."""
    build(tmp_path, kind)
    model = Hf(str(tmp_path), device=DEVICE)
    with model.using(None) as loaded:
        head = loaded.get_output_embeddings()
        head.register_forward_hook(lambda module, given, found: found.index_fill(-1, torch.tensor([7]), torch.inf))
        asked = [ask(TEXTS[0], max_tokens=3), ask(TEXTS[1], labels=LABELS)]
        replies = model.complete(asked)
    assert all("log-probabilities that are no numbers" in str(reply.error) and not reply.text for reply in replies)


def test_weights_that_do_not_load_fail_alone(engine: Engine, tmp_path: Path) -> None:
    lost = Weights("adapter", "0" * 64, str(tmp_path / "gone"))
    requests = [ask(TEXTS[0], max_tokens=3), ask(TEXTS[1], labels=LABELS)]
    tuned = [Request(request.messages, request.decoding, lost) for request in requests]
    found = answered(engine, [*tuned, *requests], lambda: 0)
    assert all("lack" in str(reply.error) for reply in found[:2])
    same(found[2:], chatty().complete(requests))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 700), st.integers(0, 39)), min_size=1, max_size=6))
def test_a_long_row_behind_many_short_ones_takes_its_own_memory_alone(rounds: list[tuple[int, int, int]]) -> None:
    places, rows, most = Places(), list[list[int]](), 0
    for number, (more, length, stay) in enumerate(rounds):
        used = max(map(len, rows), default=0)
        fresh = [[1000 * number + place] * (length if place == 0 else 3) for place in range(more)]
        memory = places.beginning(len(rows), [len(row) for row in fresh], used)
        wide = torch.zeros(more, 1, length if length > 3 else 3, 1)
        for row, tokens in enumerate(fresh):
            wide[row, 0, : len(tokens), 0] = torch.tensor(tokens)
        memory.write(0, wide, -wide)
        rows += fresh
        keys, values = places.layers[0]
        for row, tokens in enumerate(rows):
            assert keys[row, 0, : len(tokens), 0].tolist() == tokens
        assert torch.equal(values, -keys)
        most = max(most, (len(rows) + 3) * (max(map(len, rows)) + ROOM))
        assert keys.shape[0] * keys.shape[2] <= 2 * most
        rows = rows[:stay]  # the others have left
