"""The formats in which others take training data: how a lesson is written, and the rules that a file is checked against.

The rules are those that OpenAI, Google (Gemini on Vertex AI) and TRL publish. Counts of tokens are not checked here: only
the provider's own tokenizer knows them, so `Format.longest` is what a count is compared with, as a warning.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.errors import DataError
from crossover.types import Message

MEGABYTE = 1 << 20
SHOWN = 3  # problems that are named


@dataclass(frozen=True)
class Lesson:
    """A conversation and the answer that is to be learnt. `source` names the row to a person; `worse`: an answer that is
    not to be given, where there is one."""

    messages: tuple[Message, ...]
    answer: str
    source: str = ""
    worse: str = ""


@dataclass(frozen=True)
class Format:
    """`about`: what takes it. `least`: training rows; `wanted`: below it the provider advises against tuning. `most`:
    validation rows. `longest`: tokens of one example, 0 without a published limit. `learns_all`: the demonstrations'
    answers are learnt too, since the format cannot mark them."""

    name: str
    about: str
    write: Callable[[Lesson], dict[str, Any]]
    problems_of: Callable[[Any], Iterator[str]]
    hosted: bool = True
    least: int = 1
    wanted: int = 0
    most: int = 0
    megabytes: int = 0
    longest: int = 0
    learns_all: bool = False


def problems(kind: Format, train: Sequence[str], validation: Sequence[str]) -> list[str]:
    """What is wrong with the lines of a training and of a validation file, a sentence each that names file and line."""
    found: list[str] = []
    if len(train) < kind.least:
        found.append(f"train.jsonl has {len(train)} rows; {kind.about} needs at least {kind.least}")
    if kind.most and len(validation) > kind.most:
        found.append(f"validation.jsonl has {len(validation)} rows; {kind.about} takes at most {kind.most}")
    for name, lines in (("train.jsonl", train), ("validation.jsonl", validation)):
        size = sum(len(line.encode("utf-8", "surrogatepass")) + 1 for line in lines)
        if kind.megabytes and size > kind.megabytes * MEGABYTE:
            found.append(f"{name} has {size // MEGABYTE} MB; {kind.about} takes at most {kind.megabytes}")
        for number, line in enumerate(lines, start=1):
            found += [f"{name}, line {number}: {problem}" for problem in _line(kind, line)]
    places = {line: number for number, line in reversed(list(enumerate(train, start=1)))}
    found += [
        f"validation.jsonl, line {number}: it is line {places[line]} of train.jsonl too; valid are rows of one file only"
        for number, line in enumerate(validation, start=1)
        if line in places
    ]
    return found


def raise_on(kind: Format, what: str, rows: Mapping[str, Sequence[Lesson]], found: Sequence[str]) -> None:
    """Raise `DataError` for what `problems` found, with the place of each row in the user's data. `rows`: by file."""
    if not found:
        return
    more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    named = []
    for sentence in found[:SHOWN]:
        file, _, rest = sentence.partition(", line ")
        number = rest.partition(":")[0]
        source = rows[file][int(number) - 1].source if number.isdecimal() else ""
        named.append(f"{sentence} [{source}]" if source else sentence)
    raise DataError(f"{what}: the rows break the rules of {kind.about}: {'; '.join(named)}{more}")


def _line(kind: Format, line: str) -> Iterator[str]:
    try:
        body = json.loads(line)
    except ValueError as error:
        yield f"not valid JSON: {error}"
        return
    if not isinstance(body, dict):
        yield "received no object; valid is one JSON object a line"
        return
    yield from kind.problems_of(body)


def _text(text: Any, place: str) -> Iterator[str]:
    """What is wrong with a turn's text."""
    if not isinstance(text, str) or not text.strip():
        yield f"{place} is empty; valid is text"
        return
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t":
            yield f"{place} holds the control character U+{ord(character):04X}; valid is printable text and line breaks"
            return


def sayable(text: str) -> bool:
    """Whether a turn may have the text."""
    return not any(_text(text, ""))


def _keys(body: dict[str, Any], needed: set[str], optional: set[str] = frozenset()) -> Iterator[str]:  # type: ignore[assignment]
    for key in sorted(needed - body.keys()):
        yield f"the key '{key}' is missing"
    for key in sorted(body.keys() - needed - optional):
        yield f"the key '{key}' is unknown; valid: {', '.join(sorted(needed | optional))}"


def _turns(turns: Any, name: str, roles: tuple[str, ...], last: str) -> Iterator[str]:
    """What is wrong with the roles of chat messages, and with their texts."""
    if not isinstance(turns, list) or not turns:
        yield f"'{name}' is no list of messages; valid is at least one"
        return
    for number, turn in enumerate(turns, start=1):
        place = f"'{name}', message {number}"
        if not isinstance(turn, dict) or turn.get("role") not in roles:
            shown = turn.get("role") if isinstance(turn, dict) else turn
            yield f"{place} has the role {shown!r}; valid: {', '.join(roles)}"
            continue
        if turn["role"] == "system" and number > 1:
            yield f"{place} is a system message; valid is only the first"
        yield from _text(turn.get("content"), f"{place} ({turn['role']})")
    final = turns[-1].get("role") if isinstance(turns[-1], dict) else None
    if final != last:
        yield f"the last message of '{name}' has the role {final!r}; valid: {last}"


def _chat(lesson: Lesson) -> list[dict[str, Any]]:
    return [{"role": m.role, "content": m.content} for m in lesson.messages]


def _openai(lesson: Lesson) -> dict[str, Any]:
    # a demonstration is there to be read; with the weight 0 its answer is not learnt
    before = [turn | ({"weight": 0} if turn["role"] == "assistant" else {}) for turn in _chat(lesson)]
    return {"messages": [*before, {"role": "assistant", "content": lesson.answer}]}


def _openai_problems(body: dict[str, Any]) -> Iterator[str]:
    yield from _keys(body, {"messages"})
    turns = body.get("messages")
    yield from _turns(turns, "messages", ("system", "user", "assistant"), "assistant")
    for number, turn in enumerate(turns if isinstance(turns, list) else (), start=1):
        if not isinstance(turn, dict) or "weight" not in turn:
            continue
        if turn.get("role") != "assistant" or turn["weight"] not in (0, 1):
            yield f"message {number} has the weight {turn['weight']!r}; valid is 0 or 1, on an assistant's message"
        elif turn["weight"] == 0 and number == len(turns or ()):
            yield "the last message has the weight 0, so that nothing is learnt; valid is 1"


def _vertex(lesson: Lesson) -> dict[str, Any]:
    system = [m.content for m in lesson.messages if m.role == "system"]
    spoken = [m for m in lesson.messages if m.role != "system"]
    contents = [{"role": "model" if m.role == "assistant" else "user", "parts": [{"text": m.content}]} for m in spoken]
    body: dict[str, Any] = {"systemInstruction": {"role": "system", "parts": [{"text": system[0]}]}} if system else {}
    return body | {"contents": [*contents, {"role": "model", "parts": [{"text": lesson.answer}]}]}


def _vertex_problems(body: dict[str, Any]) -> Iterator[str]:
    yield from _keys(body, {"contents"}, {"systemInstruction"})
    if "systemInstruction" in body:
        yield from _content(body["systemInstruction"], "system", "'systemInstruction'")
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        yield "'contents' is no list of turns; valid is at least a user's and a model's"
        return
    for number, content in enumerate(contents, start=1):
        yield from _content(content, ("user", "model")[1 - number % 2], f"'contents', turn {number}")
    if len(contents) % 2:
        yield "the last turn is the user's; valid is the model's"


def _content(content: Any, role: str, place: str) -> Iterator[str]:
    if not isinstance(content, dict) or content.get("role") != role:
        shown = content.get("role") if isinstance(content, dict) else content
        yield f"{place} has the role {shown!r}; valid here is {role}"
        return
    parts = content.get("parts")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        yield f"{place} has no parts; valid is at least one with a text"
        return
    for part in parts:
        yield from _text(part.get("text"), f"{place} ({role})")


def _openai_dpo(lesson: Lesson) -> dict[str, Any]:
    def said(answer: str) -> list[dict[str, Any]]:
        return [{"role": "assistant", "content": answer}]

    asked = {"messages": _chat(lesson)}
    return {"input": asked, "preferred_output": said(lesson.answer), "non_preferred_output": said(lesson.worse)}


def _openai_dpo_problems(body: dict[str, Any]) -> Iterator[str]:
    yield from _keys(body, {"input", "preferred_output", "non_preferred_output"})
    asked = body.get("input")
    turns = asked.get("messages") if isinstance(asked, dict) else None
    yield from _turns(turns, "messages", ("system", "user", "assistant"), "user")
    for side in ("preferred_output", "non_preferred_output"):
        yield from _turns(body.get(side), side, ("assistant",), "assistant")
    if body.get("preferred_output") == body.get("non_preferred_output"):
        yield "both answers are the same; valid are two"


def _openai_rft(lesson: Lesson) -> dict[str, Any]:
    return {"messages": _chat(lesson), "reference": lesson.answer}


def _openai_rft_problems(body: dict[str, Any]) -> Iterator[str]:
    yield from _keys(body, {"messages", "reference"})
    yield from _turns(body.get("messages"), "messages", ("system", "user", "assistant"), "user")
    yield from _text(body.get("reference"), "'reference'")


def _vertex_dpo(lesson: Lesson) -> dict[str, Any]:
    body = _vertex(lesson)
    answers = ((lesson.answer, 1.0), (lesson.worse, 0.0))
    said = [{"score": score, "completion": {"role": "model", "parts": [{"text": text}]}} for text, score in answers]
    return body | {"contents": body["contents"][:-1], "completions": said}


def _vertex_dpo_problems(body: dict[str, Any]) -> Iterator[str]:
    yield from _keys(body, {"contents", "completions"}, {"systemInstruction"})
    said = body.get("completions")
    if not isinstance(said, list) or len(said) != 2 or {one.get("score") for one in said} != {0.0, 1.0}:
        yield "'completions' are not two, one with the score 1 and one with 0"
        return
    for one in said:
        yield from _content(one.get("completion"), "model", "'completions'")


def _trl(lesson: Lesson) -> dict[str, Any]:
    return {"prompt": _chat(lesson), "completion": [{"role": "assistant", "content": lesson.answer}]}


def _trl_problems(body: dict[str, Any]) -> Iterator[str]:
    yield from _keys(body, {"prompt", "completion"})
    yield from _turns(body.get("prompt"), "prompt", ("system", "user", "assistant"), "user")
    yield from _turns(body.get("completion"), "completion", ("assistant",), "assistant")


FORMATS = {
    kind.name: kind
    for kind in (
        Format(
            *("openai", "OpenAI's supervised fine-tuning", _openai, _openai_problems),
            least=10,
            wanted=50,
            megabytes=512,
            longest=65_536,
        ),
        Format(
            *("vertex", "Vertex AI's supervised tuning of Gemini", _vertex, _vertex_problems),
            wanted=100,
            most=5000,
            megabytes=1024,
            longest=131_072,
            learns_all=True,
        ),
        Format("trl", "TRL's SFTTrainer (conversational prompt and completion)", _trl, _trl_problems, hosted=False),
    )
}

# What a job at a service is given: by its dialect and objective. The plain ones are written as files for a user, too.
JOBS = {
    ("openai", "supervised"): FORMATS["openai"],
    ("openai", "dpo"): Format(
        *("openai-dpo", "OpenAI's preference tuning", _openai_dpo, _openai_dpo_problems),
        least=10,
        megabytes=512,
        longest=65_536,
    ),
    ("openai", "reinforcement"): Format(
        *("openai-rft", "OpenAI's reinforcement tuning", _openai_rft, _openai_rft_problems), least=10, megabytes=512
    ),
    ("vertex", "supervised"): FORMATS["vertex"],
    ("vertex", "dpo"): Format(
        *("vertex-dpo", "Vertex AI's preference tuning of Gemini", _vertex_dpo, _vertex_dpo_problems),
        most=5000,
        megabytes=1024,
        longest=131_072,
    ),
}


def written(kind: Format, train: Sequence[Lesson], validation: Sequence[Lesson]) -> tuple[list[str], list[str]]:
    """The lines of a training and of a validation file, which has no row of the former.

    Raises `DataError` for the first rows that break the format's rules, by their place in the user's data.
    """
    lines = [json.dumps(kind.write(lesson), ensure_ascii=False) for lesson in train]
    known = set(lines)
    both = [(json.dumps(kind.write(lesson), ensure_ascii=False), lesson) for lesson in validation]
    both = [(line, lesson) for line, lesson in both if line not in known][: kind.most or None]
    held, kept = [line for line, _ in both], [lesson for _, lesson in both]
    raise_on(kind, "the job", {"train.jsonl": train, "validation.jsonl": kept}, problems(kind, lines, held))
    return lines, held
