"""Grammars as llama.cpp reads them (GBNF): an answer that is one of some texts, or JSON of a schema.

The notation is that of llama.cpp's `grammars/README.md`. JSON is in the style of `json.dumps`, as it was measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# rules for JSON's own kinds of values; each as narrow as the grammar that answers were measured with
JSON_RULES = {
    "string": r'"\"" ( [^"\\\x00-\x1F\x7F] | "\\" ( ["\\/bfnrt] | "u" [0-9a-fA-F]{4} ) )* "\""',
    "integer": '"-"? ( "0" | [1-9] [0-9]* )',
    "number": 'integer ( "." [0-9]+ )? ( [eE] [-+]? [0-9]+ )?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "any": 'string | number | boolean | null | "[" ( any ( ", " any )* )? "]" | "{" ( pair ( ", " pair )* )? "}"',
    "pair": 'string ": " any',
}
NEEDS = {"number": ("integer",), "any": ("string", "number", "integer", "boolean", "null", "pair")}
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f\u2028\u2029]')


def literal(text: str) -> str:
    """A text as a grammar's literal. It has fewer escapes than JSON: neither \\b nor \\f."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def grammar_of_texts(texts: Sequence[str]) -> str:
    """A grammar of exactly these texts."""
    return "root ::= " + " | ".join(map(literal, texts))


def grammar_of_tokens(answers: Sequence[Sequence[int | str]]) -> str:
    """A grammar of exactly these sequences of a vocabulary's tokens, and texts in whichever (llama.cpp of 2026)."""
    ways = (" ".join(f"<[{one}]>" if isinstance(one, int) else literal(one) for one in answer) for answer in answers)
    return "root ::= " + " | ".join(ways)


def in_characters(tokens: Sequence[int], spelled: Callable[[int], bytes]) -> list[int | str]:
    """The tokens, and in the place of those that are parts of characters these as text: llama.cpp lets such a token pass by
    its character alone. Raises `UnicodeDecodeError` where they end within one."""
    found: list[int | str] = []
    begun = b""
    for token in tokens:
        begun += spelled(token)
        try:
            text = begun.decode()
        except UnicodeDecodeError:
            continue
        found.append(token if begun == spelled(token) else text)
        begun = b""
    begun.decode()
    return found


def grammar_of_schema(schema: str) -> str:
    """A grammar of the JSON that fits a schema of a task's answers, with a space before it or none.

    Raises `ValueError` for a keyword that no such schema has.
    """
    used: set[str] = set()
    root = f'root ::= " "? {_rule(json.loads(schema), used)}'
    for name in list(used):
        used.update(NEEDS.get(name, ()))
    return "\n".join([root, *(f"{name} ::= {JSON_RULES[name]}" for name in JSON_RULES if name in used)])


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{character}" if character in '"\\' else f"\\u{ord(character):04X}"


def _rule(schema: Mapping[str, Any], used: set[str]) -> str:
    if not schema:
        used.add("any")
        return "any"
    if "anyOf" in schema:
        return "( " + " | ".join(_rule(one, used) for one in schema["anyOf"]) + " )"
    kind = str(schema.get("type"))
    if kind == "array":
        item = _rule(schema["items"], used)
        return f'"[" ( {item} ( ", " {item} )* )? "]"' if schema["items"] else '"[" "]"'
    if kind == "object":
        return _object(schema, used)
    if kind not in JSON_RULES:
        raise ValueError(f"a schema of the type '{kind}' cannot be written as a grammar")
    used.add(kind)
    return str(kind)


def _object(schema: Mapping[str, Any], used: set[str]) -> str:
    """Its fields in their order; those that are not required may be left out, each with its comma."""
    required = set(schema["required"])
    fields = [
        (f"{literal(json.dumps(name, ensure_ascii=False) + ': ')} {_rule(value, used)}", name in required)
        for name, value in schema["properties"].items()
    ]
    ways = []
    for first, (pair, needed) in enumerate(fields):
        rest = [f'", " {later}' if must else f'( ", " {later} )?' for later, must in fields[first + 1 :]]
        ways.append(" ".join([pair, *rest]))
        if needed:
            break  # nothing behind it can come first
    if not required:
        ways.append('""')
    return '"{" ( ' + " | ".join(ways) + ' ) "}"'
