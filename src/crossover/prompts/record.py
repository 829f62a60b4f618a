"""What the registry holds: versions of a prompt, moves of a label, scores. Each is one file, and never changed.

An identity is the number and 8 hex digits of the SHA-256 of all that the record says, which is also the file's name: so two
that were written apart, on two branches, lie side by side, and one that was changed later is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, TypeVar

from crossover import registry
from crossover.engine.render import Renderer
from crossover.errors import OptionError, PromptError, shown
from crossover.prompts import plain
from crossover.types import Decoding, Demonstration, Estimate, Prompt, Step, content_hash, to_json

HEAD = "# Written by crossover prompts, and never changed: a change is a new file.\n"
R = TypeVar("R", bound="Record")


@dataclass(frozen=True)
class Record:
    """`at`: UTC, to the second. `after`: the identities of what stood before it; several where branches were merged."""

    name: str
    number: int
    at: str = ""
    by: str = ""
    note: str = ""
    after: tuple[str, ...] = ()

    @cached_property
    def identity(self) -> str:
        return f"{self.number}-{content_hash(self.body())[:8]}"

    def body(self) -> dict[str, Any]:
        """What stands in its file: what is as it is by default is left out."""
        return _stated(self)


@dataclass(frozen=True)
class Version(Record):
    """A prompt as it stood at some time. `decoding`: how it was answered where it was measured, if it came from a study.

    `source`: where it came from, for a reader. `labels`: those that it bears now, which its file does not say.
    """

    source: str = ""
    prompt: Prompt = field(default_factory=Prompt)
    decoding: Decoding | None = None
    labels: tuple[str, ...] = field(default=(), compare=False)

    def body(self) -> dict[str, Any]:
        return {key: value for key, value in super().body().items() if key != "labels"}

    @property
    def text(self) -> str:
        """The prompt and its decoding as they stand in the file: equal ones give the same letters."""
        return plain.written({key: value for key, value in self.body().items() if key in ("prompt", "decoding")})

    def messages(self, text: str, answers: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """The conversation that asks about `text`, as OpenAI's interface takes it: a list of role and content.

        Of a chain that of its last step, behind the `answers` of the steps before it, by their names.
        """
        said = Renderer(self.prompt).messages(text, answers or {})
        return [{"role": message.role, "content": message.content} for message in said]


@dataclass(frozen=True)
class Move(Record):
    """A label was given to a version (its identity), or taken away (an empty one)."""

    label: str = ""
    version: str = ""


@dataclass(frozen=True)
class Figure(Record):
    """What a study measured of a candidate with this prompt: an estimate with its 95 % interval over `n` items of a split.

    `number` is the version's. `data`: the SHA-256 of the study's data. `weights`: whether the candidate's were tuned.
    """

    version: str = ""
    task: str = ""
    model: str = ""
    strategy: str = ""
    candidate: str = ""
    weights: bool = False
    data: str = ""
    metric: str = ""
    split: str = ""
    folds: int = 0
    n: int = 0
    value: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.n, self.value, self.low, self.high)


def file_text(record: Record) -> str:
    """The text of a record's file."""
    return HEAD + plain.written(record.body())


def read_record(kind: type[R], text: str, where: str) -> R:
    """The record in a file's text. Raises `PromptError`, naming `where` it stands."""
    try:
        body = plain.read(text)
    except ValueError as problem:
        raise PromptError(f"{where}: {problem}") from problem
    given = {key: value for key, value in body.items() if key not in ("prompt", "decoding")}
    if missing := next((key for key in ("name", "number") if key not in given), None):
        raise PromptError(f"{where}: the key '{missing}' is missing")
    record: R = _made(kind, where, given)
    if isinstance(record, Version):
        decoding = body.get("decoding")
        record = replace(
            record,
            prompt=read_prompt(body.get("prompt", {}), f"{where}, prompt"),
            decoding=None if decoding is None else _made(Decoding, f"{where}, decoding", decoding),
        )
    return record


def read_prompt(body: Any, where: str) -> Prompt:
    """A prompt as a file writes it, with the keys of `Prompt`. Raises `PromptError`."""
    if not isinstance(body, Mapping):
        raise PromptError(f"{where}: received {shown(body)}; valid is a mapping with keys such as instruction and template")
    plain_fields = {key: value for key, value in body.items() if key not in ("demonstrations", "steps")}
    prompt: Prompt = _made(Prompt, where, plain_fields)
    demonstrations = tuple(_demonstrations(body.get("demonstrations", ()), f"{where}, demonstrations"))
    steps = tuple(_steps(body.get("steps", ()), f"{where}, steps"))
    return replace(prompt, demonstrations=demonstrations, steps=steps)


def check_prompt(prompt: Any) -> Prompt:
    """The prompt itself. Raises `PromptError` for one that says nothing, shows no input, or holds half a character."""
    if not isinstance(prompt, Prompt):
        raise PromptError(f"the prompt: received {shown(prompt)}; valid is a crossover.Prompt")
    if prompt == Prompt():
        raise PromptError("the prompt is the bare input, without a word around it: there is nothing to keep")
    if not prompt.steps and "{input}" not in prompt.template:
        raise PromptError("the prompt's template never shows the input; valid is a text with {input} in it")
    try:
        content_hash(prompt)
    except UnicodeEncodeError as problem:
        raise PromptError(
            f"the prompt holds half a character ({problem.object[problem.start]!a}); valid is text"
        ) from problem
    return prompt


def _demonstrations(items: Any, where: str) -> Iterator[Demonstration]:
    for number, item in enumerate(_list(items, where), start=1):
        place = f"{where}, item {number}"
        if not isinstance(item, Mapping) or any(not isinstance(item.get(key), str) for key in ("input", "output")):
            raise PromptError(f"{place}: received {shown(item)}; valid is a mapping with the texts input and output")
        given = _list(item.get("steps", ()), f"{place}, steps")
        steps = [one for one in given if isinstance(one, list) and [type(part) for part in one] == [str, str]]
        if len(steps) < len(given) or set(item) - {"input", "output", "steps"}:
            raise PromptError(f"{place}: received {shown(item)}; valid are input, output, and steps as [name, answer]")
        yield Demonstration(item["input"], item["output"], tuple((name, answer) for name, answer in steps))


def _steps(items: Any, where: str) -> Iterator[Step]:
    for number, item in enumerate(_list(items, where), start=1):
        place = f"{where}, item {number}"
        if (
            not isinstance(item, Mapping)
            or set(item) != {"name", "prompt", "decoding"}
            or not isinstance(item["name"], str)
        ):
            raise PromptError(f"{place}: received {shown(item)}; valid is a mapping with name, prompt and decoding")
        prompt = read_prompt(item["prompt"], f"{place}, prompt")
        yield Step(item["name"], prompt, _made(Decoding, f"{place}, decoding", item["decoding"]))


def _made(kind: type[Any], where: str, body: Any) -> Any:
    """An object of a dataclass, its fields checked. Raises `PromptError`."""
    if not isinstance(body, Mapping) or any(not isinstance(key, str) for key in body):
        raise PromptError(f"{where}: received {shown(body)}; valid is a mapping of names to values")
    try:
        return registry.made(kind, where, body)
    except OptionError as error:
        raise PromptError(str(error)) from error


def _list(items: Any, where: str) -> list[Any]:
    if not isinstance(items, (list, tuple)):
        raise PromptError(f"{where}: received {shown(items)}; valid is a list")
    return list(items)


def _stated(thing: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not as they are by default, as JSON values; of its parts likewise."""
    found: dict[str, Any] = {}
    for one in fields(thing):
        value = getattr(thing, one.name)
        if isinstance(value, (Prompt, Decoding)):
            found[one.name] = _stated(value)
        elif value == one.default:
            continue
        elif isinstance(value, tuple) and isinstance(value[0], (Demonstration, Step)):
            found[one.name] = [_stated(part) for part in value]
        else:
            found[one.name] = to_json(value)
    return found
