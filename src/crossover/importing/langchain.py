"""LangChain: prompts that `dumps` or `save` wrote as JSON or YAML, read without it, or `FILE.py:NAME`, which is run."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from crossover.data.pyfile import run_file
from crossover.errors import DataError, nearest
from crossover.importing.base import Reading, Wording, conversation, listed, mapping, text
from crossover.importing.placeholders import as_template, parted
from crossover.importing.source import Source

CHATS = ("ChatPromptTemplate", "StructuredPrompt")
PLAIN, SHOWING = ("PromptTemplate", "prompt"), ("FewShotPromptTemplate", "few_shot")
PROMPTS = (*CHATS, *PLAIN, *SHOWING)
CHAIN = ("RunnableSequence", "RunnableBinding", "RunnableParallel", "RunnableAssign")
SHOWN = ("FewShotChatMessagePromptTemplate",)
SPEAKERS = {"System": "system", "Human": "user", "AI": "assistant", "Chat": "", "": ""}
MESSAGE = re.compile(r"(System|Human|AI|Chat)?Message(PromptTemplate)?(Chunk)?")
ROLES = {"human": "user", "ai": "assistant", "system": "system", "user": "user", "assistant": "assistant"}
VARIABLE = re.compile(r"[A-Za-z_]\w*")
ESCAPED = re.compile(r"\{\{\s*[\w.]")
UNESCAPED = re.compile(
    r"(?<!\{)(?:\{\{\{\s*([\w.]+)\s*\}\}\}|\{\{&\s*([\w.]+)\s*\}\})"
)  # mustache's ways to leave a text as it is
BROKEN = re.compile(r"\{\{[{&]")  # ... that were begun, and end nowhere
DEEPEST = 40


@dataclass(frozen=True)
class NamedObject(Source):
    """A prompt in a Python file: what it is made of, in the form in which LangChain writes its objects."""

    name: str = ""

    @cached_property
    def packed(self) -> bool:
        return False

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the file."""
        return self._run[1]

    @cached_property
    def content(self) -> Any:
        module, _ = self._run
        if not hasattr(module, self.name):
            known = [name for name, value in vars(module).items() if _kind_of(value) in (*PROMPTS, *CHAIN)]
            raise DataError(
                f"{self.path} has no '{self.name}'; {nearest(self.name, known) if known else 'it has no prompt'}"
            )
        return _node(getattr(module, self.name))

    @cached_property
    def _run(self) -> tuple[Any, str]:
        return run_file(self.path.resolve(), DataError, "prompt")


def named_object(path: Path) -> NamedObject | None:
    """What `FILE.py:NAME` names, or None for any other path."""
    file, _, name = str(path).rpartition(":")
    return NamedObject(Path(file), name) if file.endswith(".py") and name.isidentifier() else None


class LangChain:
    """Prompts of LangChain's."""

    name: ClassVar[str] = "langchain"
    shown: ClassVar[str] = "LangChain"
    files: ClassVar[str] = "a prompt as dumps or save writes it (JSON or YAML), or FILE.py:NAME, which is run"

    def recognises(self, source: Source) -> bool:
        return not source.packed and any(_prompts(source.content))

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        wordings: list[Wording] = []
        remarks: list[str] = []
        for source in sources:
            if isinstance(source, NamedObject):
                remarks.append(f"{source.path} was run (SHA-256 {source.digest[:12]})")
            found = [*_prompts(source.content)]
            if not found:
                raise DataError(f"{source.path} holds no prompt of LangChain's; valid is {self.files}")
            for number, prompt in enumerate(found, start=1):
                own = source.name if isinstance(source, NamedObject) else source.path.stem
                name = own if len(found) == 1 else f"{own} {number}"
                wording, said = _wording(prompt, name)
                wordings += [wording] if wording else []
                remarks += [f"{source.path}: {sentence}" for sentence in said]
        return [Reading(self.name, wordings=tuple(wordings), remarks=tuple(dict.fromkeys(remarks)))]


def _kind(node: Any) -> str:
    """The class of an object that LangChain wrote; "" for what is none."""
    body = mapping(node)
    if body.get("lc") == 1 and (identity := listed(body.get("id"))):
        return text(identity[-1])
    return text(body.get("_type"))


def _inside(node: Any) -> Mapping[str, Any]:
    return mapping(node["kwargs"]) if "lc" in mapping(node) and "kwargs" in node else mapping(node)


def _prompts(body: Any, depth: int = 0) -> Iterator[Any]:
    """The prompts in what LangChain wrote: itself, or those of a chain, in their order."""
    kind = _kind(body)
    if kind in PROMPTS:
        yield body
    elif depth < DEEPEST and kind in CHAIN:
        for part in _inside(body).values():
            for inner in [part, *(mapping(part).values() if not _kind(part) else ()), *listed(part)]:
                yield from _prompts(inner, depth + 1)


@dataclass
class _Turns:
    """What is said, each turn by whom and as a template of ours (None: it is no plain template), and what is left out."""

    said: list[tuple[str, str | None]]
    remarks: list[str]

    def add(self, node: Any, partial: Mapping[str, Any], depth: int = 0) -> None:
        kind, inside = _kind(node), _inside(node)
        if kind in CHATS and depth < DEEPEST:
            own = {**partial, **mapping(inside.get("partial_variables"))}
            for message in listed(inside.get("messages")):
                self.add(message, own, depth + 1)
            if kind == "StructuredPrompt":
                self.remarks.append("the form that it holds answers to is left out: name labels, or give outputs in JSON")
        elif kind in (*PLAIN, *SHOWING):
            self.said.append(("user", self._template(node, partial)))
        elif kind in SHOWN:
            self._shown(inside)
        elif kind == "MessagesPlaceholder":
            self.remarks.append(f"the messages that stand for '{text(inside.get('variable_name'))}' are left out")
        elif found := MESSAGE.fullmatch(kind):
            role = SPEAKERS[found[1] or ""] or ROLES.get(text(inside.get("role")).lower(), "user")
            self.said.append((role, self._written(inside["prompt"], partial) if "prompt" in inside else _literal(inside)))
        else:
            self.remarks.append(f"a part of the prompt, '{kind or 'without a name'}', is left out")

    def _written(self, prompt: Any, partial: Mapping[str, Any]) -> str | None:
        """A message's template, which may be made of several parts."""
        parts = prompt if isinstance(prompt, list) else [prompt]
        texts = [self._template(part, partial) for part in parts if _kind(part) in PLAIN]
        if len(texts) < len(parts):
            self.remarks.append("parts of a message that are no text are left out")
        return None if None in texts else "\n".join(filter(None, texts))

    def _template(self, node: Any, partial: Mapping[str, Any]) -> str | None:
        inside = _inside(node)
        form = text(inside.get("template_format")) or "f-string"
        pieces = [inside.get("template")]
        if _kind(node) in SHOWING:
            self._shown(inside)
            pieces = [piece for piece in (inside.get("prefix"), inside.get("suffix")) if piece]
        written = [_ours(text(piece), form) for piece in pieces]
        if None in written:
            return None
        if form == "mustache" and any(ESCAPED.search(UNESCAPED.sub("", text(piece))) for piece in pieces):
            remark = 'mustache writes & < > " of a text as HTML does (&lt;); here a text stands as it is'
            self.remarks += [remark] if remark not in self.remarks else []
        separator = text(inside.get("example_separator", "\n\n"))
        return _filled(separator.join(filter(None, written)), {**partial, **mapping(inside.get("partial_variables"))})

    def _shown(self, inside: Mapping[str, Any]) -> None:
        count = len(listed(inside.get("examples")))
        what = f"{count} examples" if count else "examples that are chosen for each input"
        self.remarks.append(f"{what} of the prompt are left out: crossover chooses its own, from the rows")


def _literal(inside: Mapping[str, Any]) -> str:
    return conversation([{"content": inside.get("content")}]).replace("{", "{{").replace("}", "}}")


def _ours(written: str, form: str) -> str | None:
    """A template of LangChain's as ours; None where it has more than names in it."""
    if form == "f-string":
        fields = _fields(written)
        if fields is None:
            return None
        return "".join(_braced(plain) + (f"{{{name}}}" if name else "") for plain, name in fields)
    if form == "mustache":
        if BROKEN.search(UNESCAPED.sub("", written)):
            return None
        written = UNESCAPED.sub(lambda found: f"{{{{{found[1] or found[2]}}}}}", written)
    return as_template(written)


def _fields(written: str) -> list[tuple[str, str]] | None:
    """Plain text and the name behind it ("": none), of an f-string; None where there is more than names."""
    try:
        parsed = [*string.Formatter().parse(written)]
    except ValueError:
        return None
    if any(name is not None and (not VARIABLE.fullmatch(name) or spec or how) for _, name, spec, how in parsed):
        return None
    return [(plain, name or "") for plain, name, _, _ in parsed]


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """A template of ours with the variables that have a text already."""
    known = {name: value for name, value in values.items() if isinstance(value, str)}
    fields = (_fields(template) or []) if known else []
    if not fields:
        return template
    parts = []
    for plain, name in fields:
        parts += [_braced(plain), _braced(known[name]) if name in known else f"{{{name}}}" if name else ""]
    return "".join(parts)


def _braced(plain: str) -> str:
    return plain.replace("{", "{{").replace("}", "}}")


def _wording(prompt: Any, name: str) -> tuple[Wording | None, list[str]]:
    """A prompt as ours, and what is to be said of it."""
    turns = _Turns([], [])
    turns.add(prompt, {})
    if any(template is None for _, template in turns.said):
        return None, [f"the prompt '{name}' is more than text and variables, and is left out"]
    said = [(role, template or "") for role, template in turns.said]
    system = "\n\n".join(template for role, template in said if role == "system")
    spoken = [(role, template) for role, template in said if role != "system"]
    while spoken and spoken[-1][0] == "assistant":
        turns.remarks.append("the beginning of an answer, at the end, is left out")
        spoken.pop()
    last = max((place for place, (role, _) in enumerate(spoken) if role == "assistant"), default=-1)
    if last >= 0:
        turns.remarks.append(
            f"the first {last + 1} turns are left out: crossover chooses its own demonstrations, from the rows"
        )
    template = "\n".join(template for _, template in spoken[last + 1 :])
    if any(field for _, field in _fields(system) or ()):
        turns.remarks.append("the system message has variables, so it opens each input")
        system, template = "", f"{system}\n\n{template}".strip()
    elif not system:
        return Wording(*parted(template), name), turns.remarks
    instruction = system.replace("{{", "{").replace("}}", "}").strip()
    alone = re.fullmatch(r"\{([^{}]+)\}", template.strip())
    return Wording(instruction, alone[1] if alone else template, name), turns.remarks


def _kind_of(thing: Any) -> str:
    """The class of LangChain's that an object is, or that its class was made from."""
    names = [kind.__name__ for kind in type(thing).__mro__ if kind.__module__.startswith("langchain")]
    return next((name for name in names if name in (*PROMPTS, *CHAIN, *SHOWN)), names[0] if names else "")


def _node(thing: Any, depth: int = 0) -> Any:
    """An object as LangChain's own form has it; nothing of what is neither its own nor plain data."""
    if thing is None or isinstance(thing, (str, bool, int, float)) or depth > DEEPEST:
        return thing if depth <= DEEPEST else None
    if isinstance(thing, Mapping):
        return {str(key): _node(value, depth + 1) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_node(one, depth + 1) for one in thing]
    if not _kind_of(thing) or not hasattr(type(thing), "model_fields"):
        return None
    fields = {name: _node(getattr(thing, name, None), depth + 1) for name in type(thing).model_fields}
    return {"lc": 1, "type": "constructor", "id": [_kind_of(thing)], "kwargs": fields}
