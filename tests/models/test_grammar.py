from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.data.schema import schema_of
from crossover.models.hf import Hf, grammar
from crossover.models.serving import Asked
from crossover.types import Decoding, Message, Reply, Request
from tests.device import DEVICE
from tests.models.asking import TEXTS
from tests.models.tiny import build

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"kind": {"enum": ["order", "complaint", "reçu"]}, "urgent": {"type": "boolean"}},
        "required": ["kind", "urgent"],
        "additionalProperties": False,
    }
)


def asked(schema: str = SCHEMA, **decoding: float) -> list[Request]:
    made = Decoding(schema=schema, max_tokens=60, temperature=decoding.get("temperature", 0.0))
    return [Request((Message("user", text),), made) for text in TEXTS]


@pytest.mark.parametrize("temperature", [0.0, 2.0])
@pytest.mark.parametrize("kind", ["llama", "bloom"])
def test_even_a_random_model_writes_json_of_the_schema(kind: str, temperature: float, tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, kind)), device=DEVICE)
    for reply in model.complete(asked(temperature=temperature)):
        assert reply.error is None
        found = json.loads(reply.text)
        assert found.keys() == {"kind", "urgent"}
        assert found["kind"] in ("order", "complaint", "reçu")
        assert isinstance(found["urgent"], bool)


def test_it_writes_as_training_rows_are_written(pocket: Hf) -> None:
    (reply, *_) = pocket.complete(asked(schema_of(['{"name": "Ada", "seats": 2}'])))
    assert reply.text.startswith('{"name": "')


def test_rows_with_and_without_a_schema_share_a_call(pocket: Hf) -> None:
    free = Request(asked()[0].messages, Decoding(max_tokens=8))
    mixed = pocket.complete([free, *asked()])
    assert mixed[0].text == pocket.complete([free])[0].text
    assert all(json.loads(reply.text) for reply in mixed[1:])


def test_a_schema_that_cannot_be_used_is_a_failed_call(pocket: Hf) -> None:
    replies = pocket.complete(asked('{"type": "nonsense"}'))
    assert all("JSON schema cannot be used" in str(reply.error) for reply in replies)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_schema_that_no_answer_fits_is_a_failed_call(pocket: Hf, temperature: float) -> None:
    endless = Decoding(temperature=temperature, max_tokens=9, schema='{"$ref": "#"}')
    free = Request(asked()[0].messages, Decoding(max_tokens=4))
    wrong = Request(free.messages, endless)
    [reply] = pocket.complete([wrong])
    assert "JSON schema cannot be used" in str(reply.error)
    found, engine = dict[int, Reply](), pocket.engine()
    for place, request in enumerate((wrong, free)):
        engine.add(Asked(request, lambda reply, place=place: found.__setitem__(place, reply), lambda: False))  # type: ignore[misc]
    while engine.busy:
        engine.step()
    assert found[0].error == reply.error
    assert found[1].text == pocket.complete([free])[0].text


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e-8])
def test_next_to_no_temperature_is_none(pocket: Hf, temperature: float) -> None:
    messages = asked()[0].messages
    cold, greedy = (Request(messages, Decoding(temperature=t, max_tokens=6)) for t in (temperature, 0.0))
    assert pocket.complete([cold])[0].text == pocket.complete([greedy])[0].text


def test_only_the_latest_schemas_are_kept(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "KEPT", 2)
    grammars = grammar.Grammars(pocket.chat.tokenizer, len(pocket.chat.tokenizer))
    for number in range(4):
        assert grammars.writer(json.dumps({"const": number})).allowed().any()
    assert len(grammars._compiled) == 2
