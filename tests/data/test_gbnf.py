"""A grammar for llama.cpp lets exactly the labels pass, and the JSON that a task's answers have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.gbnf import grammar_of_schema, grammar_of_texts, grammar_of_tokens, in_characters
from crossover.data.schema import schema_of
from crossover.models.openai.labels import held_to
from tests.data.gbnf_reader import Grammar

LABELS = st.lists(st.text(max_size=8), min_size=1, max_size=5, unique=True)
HARD = [
    "a",
    "ab",
    'say "x"',
    "back\\slash",
    "two\nlines",
    "tab\there",
    "bell\a\b\f",
    "naïve 日本",
    "[x]",
    "# no comment",
    " led",
]


@given(LABELS, st.text(max_size=8))
def test_a_grammar_of_labels_accepts_exactly_these(labels: list[str], other: str) -> None:
    grammar = Grammar(grammar_of_texts(labels))
    assert all(grammar.accepts(label) for label in labels)
    assert grammar.accepts(other) == (other in labels)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<"), max_size=8), st.data())
def test_tokens_that_are_parts_of_characters_become_text(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(raw) - 1))))) if len(raw) > 1 else []
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True) if a < b]
    found = in_characters(range(len(pieces)), pieces.__getitem__)
    assert b"".join(pieces[one] if isinstance(one, int) else one.encode() for one in found) == raw
    for one in found:
        assert not isinstance(one, int) or pieces[one].decode().encode() == pieces[one]
    grammar = grammar_of_tokens([found])
    assert grammar.count("<[") == sum(isinstance(one, int) for one in found)


def test_labels_that_json_writes_otherwise() -> None:
    grammar = Grammar(grammar_of_texts(HARD))
    assert all(grammar.accepts(label) for label in HARD)
    assert not any(grammar.accepts(label + "x") or grammar.accepts("x" + label) for label in HARD)
    assert held_to(HARD, "grammar") == {"grammar": grammar_of_texts(HARD)}  # also of a model behind that server


# a DEL stands escaped in what the measuring grammar lets pass
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), min_size=1, max_size=3))
def test_a_grammar_of_a_schema_accepts_what_the_schema_was_read_off(outputs: list[dict[str, Any]]) -> None:
    texts = [json.dumps(output, sort_keys=True, ensure_ascii=False) for output in outputs]
    grammar = Grammar(grammar_of_schema(schema_of(texts)))
    for text in texts:
        assert grammar.accepts(text)
        assert grammar.accepts(f" {text}")
        assert not grammar.accepts(text[:-1])
        assert not grammar.accepts(text + "}")
        assert not grammar.accepts(json.dumps(json.loads(text) | {"another": 1}, sort_keys=True))


def test_fields_that_must_be_there_must_be_there() -> None:
    texts = ['{"a": 1, "b": "x", "c": true}', '{"b": "y"}', '{"b": "z", "c": false}']
    grammar = Grammar(grammar_of_schema(schema_of(texts)))
    for text in [*texts, '{"a": 5, "b": ""}', '{"b": "\\u00e9 \\" \\\\"}']:
        assert grammar.accepts(text)
    for text in [
        "{}",
        '{"a": 1}',
        '{"b": 1}',
        '{"c": true, "b": "x"}',
        '{"b": "x",}',
        '{"b": "x"}}',
        '{, "b": "x"}',
        '{"b":"x"}',
    ]:
        assert not grammar.accepts(text)
    assert Grammar(grammar_of_schema(schema_of(["[]", '["x"]']))).accepts('["x", "y"]')


def test_what_no_schema_of_a_task_has_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be written as a grammar"):
        grammar_of_schema('{"type": "strange"}')
