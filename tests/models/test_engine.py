"""A server that has a model's weights answers as the model does: labels, text, adapters; what it cannot is said."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.economics import Limits
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.errors import CrossoverError, ModelError
from crossover.evaluation.pace import measure_prompts
from crossover.evaluation.probe import measure_speed
from crossover.models import _http
from crossover.models import engine as engine_module
from crossover.models._http import Share
from crossover.models.engine import Engine, adapters
from crossover.models.engine.ways import MOST_IDS, MOST_PROMPTS, following, groups
from crossover.models.hf import Hf
from crossover.models.open import open_model
from crossover.models.scoring import logprob
from crossover.testing.models import check_model
from crossover.types import Decoding, Message, Request, Weights
from tests.loopback import own_port
from tests.models.tiny import build
from tests.vllm_server import Vllm, serving

pytest.importorskip("openai")
LABELS = ("transfer", "transfer fee", "top up")
TEXTS = ("one", "two words", "three of them, and a longer line")
ASKED = [Request((Message("system", "Which?"), Message("user", text)), Decoding(labels=LABELS)) for text in TEXTS]
FREE = [replace(one, decoding=Decoding(max_tokens=6)) for one in ASKED]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Hf:
    return Hf(str(build(tmp_path_factory.mktemp("tiny"))), dtype="float32", device="cpu")


@pytest.fixture(scope="module")
def adapted(tiny: Hf, tmp_path_factory: pytest.TempPathFactory) -> list[Weights]:
    """Adapters with other weights each."""
    return [adapter(tiny, tmp_path_factory.mktemp("adapter"), seed) for seed in range(5)]


def adapter(model: Hf, folder: Path, seed: int, **more: object) -> Weights:
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM", **more)
    return model.save(get_peft_model(model.module(), config), folder)


def opened(model: Hf, url: str, more: str = "") -> Engine:
    engine = open_model(f"hf:{model.target}?dtype=float32&device=cpu&engine=openai:{url}{more}")
    assert isinstance(engine, Engine)
    return engine


@pytest.fixture
def server(tiny: Hf) -> Iterator[Vllm]:
    own = Vllm(tiny)
    with serving(own):
        yield own


@pytest.mark.parametrize(
    ("kind", "way"),
    [("vllm", "logprob_token_ids"), ("old", "allowed_token_ids"), ("sglang", "echo"), ("llamacpp", "llamacpp")],
)
def test_labels_and_text_are_those_of_the_model_here(kind: str, way: str, tiny: Hf) -> None:
    with serving(Vllm(tiny, kind)) as url:
        engine = opened(tiny, url, "&in_flight=3")
        there, here = engine.complete([*ASKED, *FREE]), tiny.complete([*ASKED, *FREE])
        assert (engine.found.way, engine.found.model, engine.local) == (way, "served", True)
        sent, own = tiny.prepared(ASKED[:1])[0], engine.tokens_there(ASKED[0].messages)
        assert own == (sent if kind == "vllm" else None), "what a server does not tell is not another template"
    assert [reply.error for reply in there] == [None] * 6
    for one, other in zip(there, here, strict=True):
        assert one.label_scores == pytest.approx(other.label_scores, abs=1e-3)
        assert (one.text, one.usage.tokens_in) == (other.text, other.usage.tokens_in)
        if kind != "llamacpp":  # it goes on behind an end that is not its own
            assert one.usage.tokens_out == other.usage.tokens_out


def test_it_keeps_the_contract_of_a_model(server: Vllm, tiny: Hf) -> None:
    check_model(opened(tiny, server.url))


def test_a_calibrated_label_is_chosen_as_here(server: Vllm, tiny: Hf) -> None:
    known = tiny.complete(ASKED[:1])[0].label_scores
    bias = tuple(score + more for score, more in zip(known, (0.5, 0.0, -0.5), strict=True))
    asked = [replace(one, decoding=replace(one.decoding, label_bias=bias)) for one in ASKED]
    assert [r.text for r in opened(tiny, server.url).complete(asked)] == [r.text for r in tiny.complete(asked)]


def test_adapters_are_loaded_under_their_hash_and_the_oldest_go(
    server: Vllm, tiny: Hf, adapted: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "KEPT", 3)
    engine = opened(tiny, server.url)
    for weights in (*adapted[:5], adapted[0]):
        asked = [replace(one, weights=weights) for one in ASKED]
        there, here = engine.complete(asked), tiny.complete(asked)
        for one, other in zip(there, here, strict=True):
            assert one.label_scores == pytest.approx(other.label_scores, abs=1e-3)
    names = [adapters.named(weights) for weights in adapted[:5]]
    assert server.loaded == [*names, names[0]]
    assert server.unloaded == names[:3]
    assert sorted(server.adapters) == sorted([names[3], names[4], names[0]])


async def _used(held: adapters.Adapters, weights: Weights) -> None:
    async def prove(name: str, weights: Weights) -> None:
        await asyncio.sleep(0)

    async with held.using(weights, lambda weights: None, prove) as name:
        await asyncio.sleep(0)
        await held._server.send("/tokenize", {"model": name})


@settings(max_examples=60, deadline=None)
@given(order=st.lists(st.integers(0, 5), min_size=8, max_size=40), waits=st.lists(st.integers(0, 4), min_size=1))
def test_whoever_asks_while_others_make_room_finds_its_adapter(order: list[int], waits: list[int]) -> None:
    there: set[str] = set()
    pauses = itertools.cycle(waits)

    class Slow:
        name = "slow"

        async def send(self, path: str, body: dict[str, Any]) -> None:
            """A server that takes its time, and does what it is told when it has."""
            for _ in range(next(pauses)):
                await asyncio.sleep(0)
            if path == "/load_lora_adapter":
                there.add(body["lora_name"])
            elif path == "/unload_lora_adapter":
                there.remove(body["lora_name"])
            else:
                assert body["model"] in there

    async def asked() -> None:
        held = adapters.Adapters(Slow())  # type: ignore[arg-type]
        await asyncio.gather(*(_used(held, Weights("adapter", f"{n:064}", f"/weights/{n}")) for n in order))

    kept = adapters.KEPT
    adapters.KEPT = 2
    try:
        asyncio.run(asked())
    finally:
        adapters.KEPT = kept
    assert len(there) <= 2


def test_a_server_that_was_started_anew_loads_an_adapter_again(
    server: Vllm, tiny: Hf, adapted: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.01)
    engine, asked = opened(tiny, server.url), [replace(one, weights=adapted[0]) for one in ASKED]
    before = engine.complete(asked)
    server.adapters.clear()
    assert [r.label_scores for r in engine.complete(asked)] == [r.label_scores for r in before]
    assert len(server.loaded) == 2


@pytest.mark.parametrize("any_name", [False, True])
def test_a_server_that_forgets_adapters_never_answers_with_the_bare_model_for_them(
    any_name: bool, server: Vllm, tiny: Hf, adapted: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.001)
    engine, asked = opened(tiny, server.url), [replace(one, weights=w) for w in adapted[:2] for one in [*ASKED, *FREE]]
    assert engine.found
    right = tiny.complete(asked)
    server.any_name, server.forgets_after = any_name, 7
    there = engine.complete(asked)
    assert len(server.loaded) > 2
    for found, here in zip(there, right, strict=True):
        if found.error is None:  # else it lost them at each of its tries
            assert found.text == here.text
            assert found.label_scores == pytest.approx(here.label_scores, abs=1e-3)
    assert sum(found.error is None for found in there) > 6


def referred(engine: Engine) -> Engine:
    """The engine in a study that has begun."""
    [reply] = engine.complete(ASKED[:1])
    engine.refer(engine.reference_of(ASKED[0], reply))
    return engine


def test_a_server_that_loads_no_adapters_any_more_ends_it(
    server: Vllm, tiny: Hf, adapted: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.001)
    engine, asked = referred(opened(tiny, server.url)), [replace(one, weights=adapted[0]) for one in ASKED]
    right = engine.complete(asked)
    server.loads = False
    server.adapters.clear()
    with pytest.raises(
        ModelError, match=r"does not load the adapter in .*; it did when this study began: start it as it was"
    ):
        engine.complete(asked)
    with pytest.raises(ModelError, match="it did when this study began"):  # by a further run's process, too
        engine.recalled(engine.found.text(), engine._reference).complete(asked)
    assert engine.complete(ASKED)[0].error is None
    server.loads, server.most_rank = True, 1
    engine._adapters.met()  # as when it is known again
    with pytest.raises(
        ModelError, match=r"rank 2 is greater than max_lora_rank 1.*; valid is .*; it did when this study began"
    ):
        engine.complete(asked)
    server.most_rank = 16
    engine._adapters.met()
    assert [r.label_scores for r in engine.complete(asked)] == [r.label_scores for r in right]


def test_a_server_that_answers_with_the_bare_model_in_an_adapters_name_is_found_out(
    server: Vllm, tiny: Hf, adapted: list[Weights], tmp_path: Path
) -> None:
    engine, asked = referred(opened(tiny, server.url)), [replace(one, weights=adapted[0]) for one in ASKED]
    server.ignores = True
    with pytest.raises(
        ModelError, match=r"answers with the bare model in the place of the adapter in .*: valid is one that"
    ):
        engine.complete(asked)
    idle = tiny.save(adapter_module(tiny, 0.0), tmp_path / "idle")  # that it is not felt is right
    assert engine.complete([replace(ASKED[0], weights=idle)])[0].error is None


def adapter_module(model: Hf, scale: float) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    module: Any = get_peft_model(model.module(), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    for name, parameter in module.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=scale)
    return module


def test_what_no_server_loads_is_answered_here(server: Vllm, tiny: Hf, adapted: list[Weights], tmp_path: Path) -> None:
    engine = opened(tiny, server.url)
    dora, full = adapter(tiny, tmp_path / "dora", 1, use_dora=True), tiny.save(tiny.module(), tmp_path / "full")
    for weights in (dora, full):
        asked = [replace(one, weights=weights) for one in ASKED]
        assert engine.complete([*asked, ASKED[0]]) is not None
        got, here = engine.complete(asked), tiny.complete(asked)
        assert [(r.text, r.label_scores, r.error) for r in got] == [(r.text, r.label_scores, r.error) for r in here]
    assert server.loaded == []
    server.loads = False
    engine = opened(tiny, server.url)
    assert not engine.found.adapters
    asked = [replace(one, weights=adapted[0]) for one in ASKED]
    assert [r.text for r in engine.complete(asked)] == [r.text for r in tiny.complete(asked)]
    assert server.loaded == []


def test_an_adapter_that_the_server_does_not_take_is_a_failed_call_that_says_why(
    server: Vllm, tiny: Hf, adapted: list[Weights]
) -> None:
    server.most_rank = 1
    replies = opened(tiny, server.url).complete([replace(ASKED[0], weights=adapted[0]), ASKED[1]])
    assert replies[0].error is not None
    assert "does not load the adapter in" in replies[0].error
    assert "LoRA rank 2 is greater than max_lora_rank 1" in replies[0].error
    assert replies[1].error is None


def test_a_prompt_beyond_the_servers_window_is_a_failed_call(tiny: Hf) -> None:
    with serving(Vllm(tiny, window=40)) as url:
        long = replace(ASKED[0], messages=(Message("user", "word " * 50),))
        first, second = opened(tiny, url).complete([long, ASKED[0]])
    assert "the engine's window is 40" in str(first.error)
    assert second.error is None


def test_a_server_with_another_model_ends_it(tiny: Hf, tmp_path: Path) -> None:
    other = Hf(str(build(tmp_path / "other", intermediate_size=40)), dtype="float32", device="cpu")
    with serving(Vllm(tiny), own_port()) as url:
        engine = opened(tiny, url)
        [reply] = engine.complete(ASKED[:1])
        known = engine.found.text(), engine.reference_of(ASKED[0], reply)
        again = engine.recalled(*known)
        assert again.complete(ASKED[:1])[0].label_scores == reply.label_scores
        assert again.identity == engine.recalled(*known).identity
    port = int(url.split(":")[2].split("/")[0])
    with serving(Vllm(other), port), pytest.raises(ModelError, match="answers with another model than when this study"):
        engine.recalled(*known).complete(ASKED)


def test_a_server_that_was_started_anew_while_nobody_asked_is_known_again(
    server: Vllm, tiny: Hf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "QUIET", 0.0)
    engine = opened(tiny, server.url)
    [reply] = engine.complete(ASKED[:1])
    engine.refer(engine.reference_of(ASKED[0], reply))
    assert engine.complete(ASKED[:1])[0].error is None
    server.model = Hf(str(build(tmp_path / "other", intermediate_size=40)), dtype="float32", device="cpu")
    with pytest.raises(ModelError, match="answers with another model than when this study began"):
        engine.complete(ASKED[1:])


def test_a_server_that_came_back_without_its_way_ends_it(server: Vllm, tiny: Hf) -> None:
    engine = opened(tiny, server.url)
    [reply] = engine.complete(ASKED[:1])
    again = engine.recalled(engine.found.text(), engine.reference_of(ASKED[0], reply))
    server.kind = "old"
    with pytest.raises(ModelError, match="answers in another form than when this study began"):
        again.complete(ASKED[1:])


def test_a_log_probability_that_is_no_number_is_no_certain_label(server: Vllm, tiny: Hf) -> None:
    engine = opened(tiny, server.url)
    assert engine.found
    server.no_number = True
    [reply] = engine.complete(ASKED[:1])
    assert "is no number" in str(reply.error)
    assert not reply.label_scores


def test_who_stands_before_the_server_refuses_no_adapter(
    server: Vllm, tiny: Hf, adapted: list[Weights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.001)
    engine = opened(tiny, server.url)
    assert engine.found.adapters
    server.not_yet = 2
    [reply] = engine.complete([replace(ASKED[0], weights=adapted[0])])
    assert reply.error is None
    assert len(server.loaded) == 1


def test_equal_adapters_in_two_places_are_two_at_the_server(server: Vllm, tiny: Hf, adapted: list[Weights]) -> None:
    """vLLM reads an adapter again from where it was loaded first, which may be a study that is gone."""
    with tempfile.TemporaryDirectory() as place:
        copy = replace(adapted[0], path=str(shutil.copytree(adapted[0].path, Path(place) / "copy")))
        first, second = (opened(tiny, server.url).complete([replace(ASKED[0], weights=w)])[0] for w in (copy, adapted[0]))
    assert first.label_scores == second.label_scores
    assert len(set(server.loaded)) == 2


@pytest.mark.parametrize(("rank", "said"), [(2, ""), (32, "LoRA rank 32 is greater than max_lora_rank 16")])
def test_whether_adapters_can_be_loaded_is_known_before_they_are_made(
    rank: int, said: str, server: Vllm, tiny: Hf, tmp_path: Path
) -> None:
    found = opened(tiny, server.url).tried(tmp_path, rank)
    assert said in found
    assert bool(said) == bool(found)
    assert list(tmp_path.iterdir()) == []
    assert server.loaded == []


def test_a_server_takes_nothing_from_the_models_generation_config(server: Vllm, tiny: Hf) -> None:
    opened(tiny, server.url).complete([ASKED[0], FREE[0]])
    assert {body.get("repetition_penalty") for body in server.bodies} == {1.0}


def test_a_server_that_does_not_hold_answers_to_a_schema_gives_none(server: Vllm, tiny: Hf) -> None:
    """One that knows no `structured_outputs` ignores them: its text is a failed call, not a wrong answer."""
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    engine = opened(tiny, server.url)
    assert engine.found
    server.says = "no JSON at all"
    [reply] = engine.complete([replace(FREE[0], decoding=Decoding(schema=schema, max_tokens=40))])
    assert "does not hold answers to a schema" in str(reply.error)


def test_the_speed_of_a_server_is_not_that_of_prompts_that_it_keeps(server: Vllm, tiny: Hf, tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "study.db")) as journal:
        caller, engine = Caller(journal, Meter(journal, Limits())), opened(tiny, server.url)
        assert engine.found
        server.bodies.clear()
        assert measure_speed(caller, engine, "one text").prompt > 0
        assert measure_prompts(caller, engine, ["one text", "another"]) > 0
    asked = [tuple(body["prompt"]) for body in server.bodies]
    assert len(asked) == len(set(asked)) > 12


def test_what_an_engine_had_in_hand_when_it_was_killed_is_asked_again(
    server: Vllm, tiny: Hf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hour is paid for, not its calls: they were failed ones, and took a candidate out of the verdict."""
    monkeypatch.setattr(_http, "WAIT", 0.001)
    engine = opened(tiny, server.url)
    assert engine.complete(ASKED[:1])[0].error is None
    server.drops = 4
    assert [reply.error for reply in engine.complete(ASKED)] == [None] * 3
    assert server.drops == 0


def test_an_engine_is_asked_nothing_by_who_looks_at_the_model(tiny: Hf) -> None:
    engine = opened(tiny, "http://127.0.0.1:1/v1")
    assert engine.identity.endswith("asked at http://127.0.0.1:1/v1")
    assert engine.context_window == tiny.context_window
    assert not opened(tiny, "http://10.0.0.1:1/v1").local


@pytest.mark.parametrize(
    ("server", "more", "said"),
    [
        (Vllm, {"kind": "none"}, "tells no log-probabilities of token ids"),
        (Vllm, {"kind": "processed"}, "--logprobs-mode raw_logprobs"),
        (Vllm, {"names": ("a", "b")}, "has several models, and none is named; valid is served=a or served=b"),
        (Vllm, {"key": "k-123456789"}, "refuses the key"),
    ],
)
def test_a_server_that_cannot_answer_is_one_sentence(
    server: type[Vllm], more: dict[str, object], said: str, tiny: Hf
) -> None:
    with serving(server(tiny, **more)) as url, pytest.raises(ModelError, match=said):  # type: ignore[arg-type]
        opened(tiny, url).complete(ASKED)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{}?engine=openai:http://127.0.0.1:1/v1", "no engine answers at http://127.0.0.1:1/v1"),
        ("{}?engine=vllm:http://127.0.0.1:1/v1", "valid is openai:URL, such as openai:http://127.0.0.1:8000/v1"),
        ("{}?engine=openai:http://me:secret@h/v1", "'engine' holds a name or a password"),
        ("{}?engine=openai:ftp://h/v1", "the model's option 'engine' is 'ftp://h/v1'"),
        ("openai:m?engine=openai:http://127.0.0.1:1/v1", "a model whose weights are here, and 'openai:m' is none"),
        ("{}?engine=openai:http://127.0.0.1:1/v1&served=x&in_flight=-1", "are numbers above 0"),
    ],
)
def test_a_wrong_engine_is_one_sentence(spec: str, said: str, tiny: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none-at-all-here")
    with pytest.raises(CrossoverError, match=said) as error:
        open_model(spec.format(tiny.target)).complete(ASKED)
    assert "secret" not in str(error.value)


answers = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=4).map(tuple), min_size=1, max_size=300, unique=True)


@settings(max_examples=50)
@given(answers)
def test_every_token_of_every_answer_is_asked_for_once_and_within_bounds(answers: Sequence[tuple[int, ...]]) -> None:
    parts = list(groups(list(following(answers).items())))
    asked = [(begun, token) for part in parts for begun, tokens in part for token in tokens]
    wanted = {(answer[:at], answer[at]) for answer in answers for at in range(len(answer))}
    assert len(asked) == len(set(asked))
    assert set(asked) == wanted
    for part in parts:
        assert len(part) <= MOST_PROMPTS
        assert len({token for _, tokens in part for token in tokens}) <= MOST_IDS
        assert all(begun for begun, _ in part) or all(not begun for begun, _ in part), "the prompt itself is asked alone"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.001, 10)), min_size=1, max_size=12))
def test_shares_of_the_time_add_up_to_the_time_in_which_anything_was_under_way(spans: list[tuple[float, float]]) -> None:
    share, began, total = Share(), dict[int, float](), 0.0
    events = sorted([(s, 1, i) for i, (s, _) in enumerate(spans)] + [(s + d, 0, i) for i, (s, d) in enumerate(spans)])
    for now, starts, i in events:
        if starts:
            began[i] = share.began(now)
        else:
            total += share.ended(now, began[i])
    busy, until = 0.0, 0.0
    for start, length in sorted(spans):
        busy += max(0.0, start + length - max(start, until))
        until = max(until, start + length)
    assert total == pytest.approx(busy, abs=1e-6)


def test_a_json_answer_is_held_to_the_grammar_that_it_has_here(server: Vllm, tiny: Hf) -> None:
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    opened(tiny, server.url).complete([replace(FREE[0], decoding=Decoding(schema=schema, max_tokens=4))])
    [held] = [body["structured_outputs"] for body in server.bodies if "structured_outputs" in body]
    assert held["grammar"].startswith('root ::= " "? "{" ( "\\"a\\": " string ) "}"')


@pytest.mark.parametrize("told", [float("nan"), float("inf")])
def test_a_log_probability_that_would_pass_as_certain_is_refused(told: float) -> None:
    with pytest.raises(ValueError, match="a log-probability is no number"):
        logprob(told)
    assert logprob(float("-inf")) < logprob(-1.0) < logprob(0.0)
