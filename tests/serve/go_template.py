"""A reader of Modelfiles and of the part of Go's text/template that exports write; strict: what it does not know fails."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

ONE = ("FROM", "ADAPTER", "TEMPLATE", "SYSTEM")
PARAMETERS = {
    **dict.fromkeys(("num_ctx", "num_predict", "seed", "top_k"), int),
    **dict.fromkeys(("temperature", "repeat_penalty", "top_p", "min_p"), float),
    "stop": str,
}


@dataclass
class Modelfile:
    one: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, list[Any]] = field(default_factory=dict)
    messages: list[tuple[str, str]] = field(default_factory=list)


def read_modelfile(text: str) -> Modelfile:
    """The instructions of Ollama's documentation; texts in three double quotes run to the next three, unescaped."""
    found, at = Modelfile(), 0
    while at < len(text):
        line = re.compile(r"#.*\n|\n|(FROM|ADAPTER|TEMPLATE|SYSTEM|MESSAGE|PARAMETER) ").match(text, at)
        assert line, f"not an instruction: {text[at : at + 40]!r}"
        at = line.end()
        if not line[1]:
            continue
        name = ""
        if line[1] in ("MESSAGE", "PARAMETER"):
            word = re.compile(r"(\w+) ").match(text, at)
            assert word
            name, at = word[1], word.end()
        value = re.compile(r'"""(.*?)"""(?=\n)|([^"\s]+)(?=\n)', re.DOTALL).match(text, at)
        assert value, f"not a value: {text[at : at + 40]!r}"
        at = value.end()
        said = value[1] if value[1] is not None else value[2]
        if line[1] in ONE:
            assert line[1] not in found.one, f"{line[1]} stands twice"
            found.one[line[1]] = said
        elif line[1] == "MESSAGE":
            assert name in ("system", "user", "assistant")
            found.messages.append((name, said))
        else:
            assert name == "stop" or name not in found.parameters
            found.parameters.setdefault(name, []).append(PARAMETERS[name](said))
    assert "FROM" in found.one
    return found


def evaluate(template: str, messages: list[dict[str, str]]) -> str:
    """What Ollama makes of a conversation: `.Messages` with `.Role` and `.Content`, `.System` of all system messages."""
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
    nodes, left = _parse(re.split(r'(\{\{ (?:"(?:\\.|[^"\\])*"|[^"])*? \}\})', template))
    assert not left, "an end too many"
    return _run(nodes, {"$.System": system, "messages": messages})


def _parse(pieces: list[str]) -> tuple[list[Any], list[str]]:
    """Nodes up to an else or an end: a text, (value,), (if, condition, then, otherwise) or (range, body)."""
    nodes: list[Any] = []
    while pieces:
        piece, *pieces = pieces
        if not piece.startswith("{{"):
            nodes.append(piece)
            continue
        code = piece[2:-2].strip()
        if code == "end" or code.startswith("else"):
            return nodes, [code, *pieces]
        if code == "range $i, $_ := .Messages":
            body, (end, *pieces) = _parse(pieces)
            assert end == "end"
            nodes.append(("range", body))
        elif code.startswith("if "):
            node, pieces = _branch(code[3:], pieces)
            nodes.append(node)
        else:
            nodes.append((code,))
    return nodes, []


def _branch(condition: str, pieces: list[str]) -> tuple[Any, list[str]]:
    then, (end, *pieces) = _parse(pieces)
    otherwise: list[Any] = []
    if end.startswith("else if "):
        node, pieces = _branch(end[8:], pieces)
        otherwise = [node]
    else:
        assert end == "end"
    return ("if", condition, then, otherwise), pieces


def _run(nodes: list[Any], scope: dict[str, Any]) -> str:
    out = []
    for node in nodes:
        if isinstance(node, str):
            out.append(node)
        elif node[0] == "range":
            for i, message in enumerate(scope["messages"]):
                inner = {"$i": i, ".Role": message["role"], ".Content": message["content"]}
                out.append(_run(node[1], {**scope, **inner}))
        elif node[0] == "if":
            out.append(_run(node[2] if _true(node[1], scope) else node[3], scope))
        else:
            out.append(json.loads(node[0]) if node[0].startswith('"') else scope[node[0]])
    return "".join(out)


def _true(condition: str, scope: dict[str, Any]) -> bool:
    if equal := re.fullmatch(r'eq \.Role "(\w+)"', condition):
        return bool(scope[".Role"] == equal[1])
    assert condition == "and $.System (le $i 1)"
    return bool(scope["$.System"]) and scope["$i"] <= 1
