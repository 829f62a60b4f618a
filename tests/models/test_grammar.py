from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.data.schema import schema_of
from crossover.models.hf import Hf, grammar
from crossover.types import Decoding, Message, Request
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


def test_only_the_latest_schemas_are_kept(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "KEPT", 2)
    grammars = grammar.Grammars(pocket.chat.tokenizer, len(pocket.chat.tokenizer))
    for number in range(4):
        assert grammars.writer(json.dumps({"const": number})).allowed().any()
    assert len(grammars._compiled) == 2
