"""The task file: what is to be done, with which data, towards which target and within which limits."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from crossover.data.chain import ChainStep, check_chain
from crossover.data.curve import WHAT, Curve, CurveSpec
from crossover.data.economics import LimitsSpec, PriceList, in_one_currency
from crossover.data.memory import is_held, take
from crossover.data.metric import apart
from crossover.data.modelspec import DEFAULT, ENGINE, MODEL, WRITTEN, NamedModel, any_price, placed
from crossover.data.named import check_gold, check_names
from crossover.data.part import Distinct, Part
from crossover.data.quoted import Form
from crossover.data.settings import SET, overridden
from crossover.data.template import columns_of
from crossover.data.text import spelled
from crossover.data.textfile import as_path
from crossover.data.tuning import ALL, TuningSpec
from crossover.data.yamlfile import KeyPath, YamlFile, key_name, read_yaml
from crossover.errors import TaskError, nearest, pasted, shown
from crossover.types import Kind

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class Files(Part):
    """The user's own splits. What is absent is cut from `train`."""

    train: str = Field(min_length=1, description="a file, or hf://ORG/NAME")
    dev: str | None = Field(default=None, min_length=1, description="a file, or hf://ORG/NAME")
    test: str | None = Field(default=None, min_length=1, description="a file, or hf://ORG/NAME")

    def given(self) -> dict[str, str]:
        """Split -> file, for the splits that have one."""
        return {name: value for name, value in self if value is not None}

    @model_validator(mode="after")
    def _distinct(self) -> Files:
        given = list(self.given().values())
        if len(set(given)) < len(given):
            raise ValueError("two splits are the same file; every split needs rows of its own")
        return self


class StrategySpec(Part):
    """A rung to climb: a strategy's name, or several joined by +, and its options. In YAML `name` or `name: {...}`.

    Two joined by * are a grid of several rungs: `study/grid.py`.
    """

    name: str = Field(min_length=1, description="a strategy's name")
    options: dict[str, Any] = Field(default={}, description="a mapping of options, as in few_shot: {shots: [0, 2]}")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if not isinstance(value, Mapping) or not value or value.keys() <= {"name", "options"}:
            return value
        if len(value) > 1:
            names = ", ".join(map(str, value))
            raise ValueError(f"received a mapping with the keys {names}; valid is a name, or one name with its options")
        [(name, options)] = value.items()
        return {"name": name, "options": {} if options is None else options}

    @property
    def steps(self) -> tuple[str, ...]:
        """The strategies of a sequence in their order; the one strategy otherwise."""
        return tuple(self.name.split("+"))

    @model_serializer
    def _as_written(self) -> str | dict[str, Any]:
        return {self.name: self.options} if self.options else self.name


def _form(value: Any) -> str:
    return "splits" if isinstance(value, (Mapping, Files)) else "one"


DataSpec = Annotated[Annotated[str, Tag("one")] | Annotated[Files, Tag("splits")], Discriminator(_form)]


class Task(Part):
    """A task file's content, checked. `folder` (where paths begin), `assumptions` and `output_form` are not in it."""

    name: str = Field(description="1 to 100 letters, digits, - _ . (not a dot or dash first): it names a folder")
    instruction: str = Field(default="", description="text")
    data: DataSpec = Field(description="a file, hf://ORG/NAME, or {train: FILE, dev: FILE, test: FILE}")
    input: str = Field(min_length=1, description='a column, or a template such as "{question}\\n{context}"')
    output: str = Field(min_length=1, description="a column")
    kind: Kind | None = Field(default=None, description="classify, extract or generate")
    labels: dict[str, str] = Field(default={}, description="a list of labels, or a mapping of label to description")
    constrain: bool = Field(default=True, description="true or false: hold extracted JSON to the training rows' fields")
    answer_pattern: str | None = Field(
        default=None, min_length=1, description="a regular expression: what it last finds in a reasoned reply is the answer"
    )
    group: str | None = Field(default=None, min_length=1, description="a column")
    slices: Distinct = Field(default=[], description="a list of columns, by whose values results are also shown")
    folds: int | None = Field(
        default=None, ge=2, le=20, description="a whole number from 2 to 20: each row tests once, in one of so many parts"
    )
    metric: str | None = Field(
        default=None, min_length=1, description="a metric's name, one with its options, or FILE.py:NAME"
    )
    metric_options: dict[str, Any] = Field(default={}, description="a mapping of options, as in judge: {rubric: TEXT}")
    target: float | None = Field(default=None, ge=0, le=1, description="a number from 0 to 1")
    margin: float = Field(default=0.01, ge=0, le=1, description="a number from 0 to 1")
    tolerance: float = Field(default=0.03, ge=0, le=1, description="a number from 0 to 1")
    model: str = Field(default=DEFAULT, min_length=1, description=MODEL)
    engine: str = Field(default="", description=ENGINE)  # once it is read, it is a part of `model`
    models: dict[str, NamedModel] = Field(default={}, description=f"a mapping of names to models, each {WRITTEN}")
    strategies: list[StrategySpec] = Field(
        default=[], description="a list of strategies: a name, or a name with its options"
    )
    chain: list[ChainStep] = Field(default=[], description="a list of steps, each with a name and a template")
    forgetting: bool | list[str] = Field(
        default=True, description="true, false, or a list of other task files that tuned weights should still be good at"
    )
    curve: Curve = Field(default=None, description=WHAT)
    limits: LimitsSpec = Field(default=LimitsSpec(), description="a mapping of limits")
    exhaustive: bool | None = Field(
        default=None, description="true or false: whether all finalists answer all test rows, whoever has lost before"
    )
    prices: PriceList = Field(default=PriceList(), description="a mapping of prices, as in {input: 0.1, output: 0.4}")
    tuning: TuningSpec = Field(default=TuningSpec(), description=ALL)
    seed: int = Field(default=0, ge=0, lt=2**32, description="a whole number from 0 to 4294967295")

    folder: Path = Field(default=Path(), exclude=True)
    tables: dict[str, Any] | None = Field(default=None, exclude=True, repr=False)  # rows by split, of data in memory
    assumptions: tuple[str, ...] = Field(default=(), exclude=True)
    output_form: Form | None = Field(default=None, exclude=True)  # told by the study's rows, for those that come later

    def __init__(self, **fields: Any) -> None:
        """`data` may also be a DataFrame, a `datasets` data set or a list of mappings, or a mapping of splits to such.

        Raises `TaskError` in one sentence, and `DataError` for data that cannot be used.
        """
        known = (*KEYS, *UNWRITTEN, "folder", "tables", "assumptions", "output_form")
        for key in fields:
            if key not in known:
                raise TaskError(f"the task, {key_name((key,))}: unknown key; {nearest(key, KEYS)}")
        try:
            super().__init__(**fields)
        except ValidationError as problem:
            raise TaskError(_sentence(YamlFile(Path("the task"), {}), problem)) from problem

    @model_validator(mode="before")
    @classmethod
    def _from_python(cls, fields: Any) -> Any:
        """Paths as paths or text, and data that is held in memory."""
        if not isinstance(fields, Mapping):
            return fields
        folder = as_path(fields.get("folder", ""), "the task, key 'folder'", TaskError)
        given = {**in_one_currency(placed(fields)), "folder": folder}
        data = given.get("data")
        if is_held(data):
            given["data"], given["tables"] = take(data)
        elif isinstance(data, Path):
            given["data"] = str(data)
        elif isinstance(data, Mapping):
            given["data"] = {key: str(value) if isinstance(value, Path) else value for key, value in data.items()}
        return given

    @model_validator(mode="before")
    @classmethod
    def _metric_with_options(cls, fields: Any) -> Any:
        if isinstance(fields, Mapping) and isinstance(fields.get("metric"), Mapping):
            name, options = apart(fields["metric"])
            return {**fields, "metric": name, "metric_options": options}
        return fields

    @field_validator("name")
    @classmethod
    def _folder_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"received {shown(name)}; valid is {cls.model_fields['name'].description}")
        return name

    @field_validator("data")
    @classmethod
    def _one_file(cls, data: str | Files) -> str | Files:
        if data == "":
            raise ValueError(f"received ''; valid is {cls.model_fields['data'].description}")
        return data

    @field_validator("input")
    @classmethod
    def _template(cls, text: str) -> str:
        columns_of(text)
        return text

    @field_validator("answer_pattern")
    @classmethod
    def _regular(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"received {shown(pattern)}, which is no regular expression: {error}") from error
        return pattern

    @field_validator("forgetting", mode="before")
    @classmethod
    def _forgetting(cls, given: Any) -> Any:
        files = isinstance(given, (list, tuple)) and given and all(isinstance(one, str) and one for one in given)
        if not isinstance(given, bool) and not files:
            raise ValueError(f"received {shown(given)}; valid is {cls.model_fields['forgetting'].description}")
        if not isinstance(given, bool) and len(set(given)) < len(given):
            raise ValueError("a task file stands twice")
        return given if isinstance(given, bool) else list(given)

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, labels: Any) -> Any:
        if isinstance(labels, Mapping):
            labels = {key: "" if value is None else value for key, value in labels.items()}
        elif isinstance(labels, (list, tuple)):
            for label in labels:
                if not isinstance(label, str):
                    raise ValueError(f"received the label {shown(label)}; valid is text")
                if list(labels).count(label) > 1:
                    raise ValueError(f"the label '{label}' stands twice")
            labels = dict.fromkeys(labels, "")
        texts = [label for label in labels if isinstance(label, str)] if isinstance(labels, dict) else []
        if any(not label.strip() for label in texts):
            raise ValueError("received an empty label; valid is text")
        first: dict[str, str] = {}
        for label in texts:
            if first.setdefault(spelled(label) or label, label) != label:
                raise ValueError(
                    f"the label {shown(label)} stands twice: in another Unicode form, or with other white space"
                )
        return labels

    @model_validator(mode="after")
    def _labels_suit_kind(self) -> Task:
        if self.labels and self.kind not in (None, "classify"):
            raise ValueError(f"labels are for kind classify, and the kind is {self.kind}")
        return self

    @model_validator(mode="after")
    def _prices_suit_limits(self) -> Task:
        if self.limits.data_stays_here and any_price(self.models, self.prices):
            raise ValueError(
                "limits.data_stays_here is true, and prices.input is what a provider elsewhere asks; valid: one of the two"
            )
        return self


UNWRITTEN = ("metric_options",)  # it is written under `metric`
KEYS = tuple(name for name, field in Task.model_fields.items() if not field.exclude and name not in UNWRITTEN)
INNER: dict[str, type[Part]] = {"limits": LimitsSpec, "prices": PriceList, "data": Files, "chain": ChainStep}
INNER |= {"curve": CurveSpec, "tuning": TuningSpec}

DATA_FILES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".gz")


@dataclass(frozen=True)
class Loaded:
    """A task with what is known of its file: `place` says where a key stands; `model` is the file's own."""

    task: Task
    place: Callable[[KeyPath], str]
    model: str


def load_task(path: Path | str) -> Task:
    """Read and check a task file. Raises `TaskError` naming file, line and key, what was received and what is valid."""
    return load_with_settings(path).task


def load_with_settings(path: Path | str, settings: Sequence[str] = ()) -> Loaded:
    """`load_task`, with some keys as on a command line: "limits.minutes=10". Checked like the file. Raises `TaskError`."""
    task, file = _load(as_path(path, "the task file", TaskError), settings)
    _check_other_tasks(task, file.place)
    return Loaded(task, file.place, str(placed(file.written).get("model", Task.model_fields["model"].default)))


def _load(path: Path, settings: Sequence[str] = ()) -> tuple[Task, YamlFile]:
    if path.suffix.lower() in DATA_FILES:
        raise TaskError(f"{path} is a data file, no task file; this writes one: crossover init {pasted(path)}")
    file = overridden(read_yaml(path, as_written="labels"), settings)
    if is_held(file.content.get("data")):  # rows inside the task file would not be found again
        valid = Task.model_fields["data"].description
        raise TaskError(f"{file.place(('data',))}: received {shown(file.content['data'])}; valid is {valid}")
    return task_from(file, path.parent), file


def task_from(file: YamlFile, folder: Path, **unwritten: Any) -> Task:
    """A task file's content as a task, with paths from `folder` on. `unwritten`: what no file has. Raises `TaskError`."""
    _check_keys(file)
    try:
        task = Task(**file.content, folder=folder, **unwritten)
    except TaskError as error:
        if isinstance(error.__cause__, ValidationError):
            raise TaskError(_sentence(file, error.__cause__)) from error
        raise
    check_gold(task.input, task.output, file.place)
    check_names(task.strategies, task.metric, task.folder, file.place)
    check_chain(task.chain, file.place)
    return task


def with_settings(task: Task, settings: Sequence[str], by: str = SET) -> Task:
    """A checked task with some keys as on a command line: "limits.latency_p95_ms=200". `by`: who gives them. Raises
    `TaskError`."""
    file = overridden(YamlFile(Path("the task"), task.model_dump(exclude=set(UNWRITTEN))), settings, by)
    kept = {name: getattr(task, name) for name in (*UNWRITTEN, "assumptions", "output_form")}
    return task_from(file, task.folder, **kept)


def check_task(task: Task) -> None:
    """What `load_task` checks beyond a task's own fields, for one that was made in Python. Raises `TaskError`."""
    check_gold(task.input, task.output)
    check_names(task.strategies, task.metric, task.folder)
    check_chain(task.chain, key_name)
    _check_other_tasks(task, key_name)


def _check_other_tasks(task: Task, place: Callable[[KeyPath], str]) -> None:
    for number, step in enumerate(task.chain):
        if step.task is not None:
            other = task.folder / step.task
            if not os.path.isfile(other):
                raise TaskError(f"{place(('chain', number))}: there is no file {other}; valid is another task file")
            inner, file = _load(other)
            if inner.chain:
                raise TaskError(f"{place(('chain', number))}: {other} has a chain itself; valid is a task without one")
            _check_other_tasks(inner, file.place)
    for number, reference in enumerate(task.forgetting if isinstance(task.forgetting, list) else ()):
        where, other = place(("forgetting", number)), task.folder / reference
        if not os.path.isfile(other):
            raise TaskError(f"{where}: there is no file {other}; valid is another task file")
        if other.suffix.lower() not in (".yaml", ".yml", ".json"):
            raise TaskError(f"{where}: {other} is no task file; this writes one for data: crossover init {pasted(other)}")
        _load(other)  # and not what it names itself: two tasks may name each other


def _check_keys(file: YamlFile) -> None:
    """Raise `TaskError` for an unknown key, and for a required one that is absent."""
    for key in file.content:
        if key not in KEYS:
            raise TaskError(f"{file.place((key,))}: unknown key; {nearest(key, KEYS)}")
    for outer, part in INNER.items():
        inner = file.content.get(outer)
        parts = [((outer, n), one) for n, one in enumerate(inner)] if isinstance(inner, list) else [((outer,), inner)]
        for where, one in parts:
            for key in one if isinstance(one, dict) else ():
                if key not in part.model_fields:
                    place = file.place((*where, str(key)))
                    raise TaskError(f"{place}: unknown key; {nearest(str(key), tuple(part.model_fields))}")
    for key in KEYS:
        if Task.model_fields[key].is_required() and key not in file.content:
            raise TaskError(f"{file.path}: the key '{key}' is missing; valid is {Task.model_fields[key].description}")


def _sentence(file: YamlFile, problem: ValidationError) -> str:
    """The first mistake that pydantic found, in one sentence."""
    first = problem.errors()[0]
    key = tuple(part for part in first["loc"] if part not in ("one", "splits"))
    if key[:1] == ("metric_options",):
        where = file.place(("metric",))
        return f"{where}: received {shown(first['input'])}; valid is {Task.model_fields['metric_options'].description}"
    if key[:1] in (("strategies",), ("labels",)):
        key = key[: 2 if key[0] == "strategies" else 1]
    where = file.place(key) if key else str(file.path)
    if first["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    if first["type"] == "value_error":
        return f"{where}: {first['ctx']['error']}"
    valid = _description(first["loc"], key)
    if first["type"] == "missing":
        return f"{where}: it is missing; valid is {valid}"
    return f"{where}: received {shown(first['input'])}; valid is {valid}"


def _description(loc: tuple[str | int, ...], key: KeyPath) -> str:
    if key[0] == "strategies" and loc[-1] == "options":
        return str(StrategySpec.model_fields["options"].description)
    inner = [part for part in key[1:] if isinstance(part, str)]
    if inner and key[0] in INNER:
        return str(INNER[str(key[0])].model_fields[inner[0]].description)
    return str(Task.model_fields[str(key[0])].description)
