"""The models of a task: one, or several by names of the user's own, each with its options and its prices.

A model's specification is one text everywhere, `NAME:TARGET?option=value`; in a task file it may be written as a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import ConfigDict, Field, ValidationError, model_validator

from crossover.data.economics import PriceList
from crossover.data.part import Part
from crossover.errors import nearest, shown

MODEL = "a model: pocket, smollm2, a folder, a .gguf file, or openai:NAME"
WRITTEN = f"{MODEL}; or {{spec: MODEL, prices: {{...}}}} with its options beside"
DEFAULT = "pocket"
ENGINE = "openai:URL of a server that has the same weights, such as openai:http://127.0.0.1:8000/v1"
OF_ENGINE = ("engine", "served", "key", "in_flight", "timeout")  # options of a model that has one
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,29}")
ON, FOUND_ON = "runs_on", "found_on"  # options of any rung where there are several models


class NamedModel(Part):
    """`spec`: with all of its options, as one text. `prices`: of this model, where they are not the task's."""

    spec: str = Field(min_length=1, description=MODEL)
    prices: PriceList = Field(default=PriceList(), description="a mapping of prices, as in {input: 0.1, output: 0.4}")

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"spec": value}
        if not isinstance(value, Mapping):
            return value
        known = {key: value[key] for key in ("spec", "prices") if key in value}
        if "spec" not in known:
            raise ValueError(f"received {shown(dict(value))}; valid is {WRITTEN}")
        return {**known, "spec": spec_text(value)}


def spec_text(written: Mapping[str, Any]) -> str:
    """The specification of a model that is written as a mapping. Raises `ValueError` for an option of another kind."""
    options = {str(key): value for key, value in written.items() if key not in ("spec", "prices")}
    if isinstance(written["spec"], str) and "engine" in options:
        engine = options.pop("engine")
        return with_engine(spec_text({"spec": written["spec"], **options}), engine)
    for key, value in options.items():
        if not isinstance(value, (str, int, float, bool)):
            raise ValueError(
                f"received {shown(value)} for the model's option '{key}'; valid is text, a number, true or false"
            )
    spec = written["spec"]
    if not isinstance(spec, str) or not options:
        return spec  # type: ignore[no-any-return]  # which is checked as what it is
    plain = {key: str(value).lower() if isinstance(value, bool) else value for key, value in options.items()}
    return f"{spec}{'&' if '?' in spec else '?'}{urlencode(sorted(plain.items()), safe=':/')}"


def placeless(spec: str, parts: int = 1) -> str:
    """A specification as others read it: of a path of this machine the last part, or the last `parts` where one does not
    tell it from another. It no longer opens the model."""
    head, mark, options = spec.partition("?")
    kind, colon, target = head.partition(":")
    if not colon or len(kind) == 1 or "/" in kind or "\\" in kind:  # C:\\models, /models/own.py:Mine
        kind, colon, target = "", "", head
    path = PureWindowsPath(target) if PureWindowsPath(target).drive else PurePosixPath(target)
    beneath = path.is_absolute() or target.startswith("~") or ".." in path.parts
    if not beneath or not path.name:
        return spec
    named = [part for part in path.parts if part not in (path.anchor, "..", "~")][-parts:]
    return f"{kind}{colon}{'/'.join(['...', *named] if len(named) > 1 else named)}{mark}{options}"


def with_engine(spec: str, engine: Any) -> str:
    """A model's specification with the server that answers for it, in the place of one that it has. What stands behind a
    question mark are options: openai:URL?key=VARIABLE. Raises `ValueError`."""
    address, _, more = engine.partition("?") if isinstance(engine, str) else ("", "", "")
    if not address.startswith("openai:http"):
        raise ValueError(f"received {shown(engine)} as engine; valid is {ENGINE}")
    head, _, tail = spec.partition("?")
    known = {key: value for key, value in parse_qsl(tail, keep_blank_values=True) if key not in OF_ENGINE}
    options = {**known, "engine": address, **dict(parse_qsl(more, keep_blank_values=True))}
    return f"{head}?{urlencode(options, safe=':/')}"


def placed(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """A task's fields with `model` as a text, its engine in it, its prices among the task's, and the first of `models` as
    the model.

    Raises `ValueError`.
    """
    given = dict(fields)
    if isinstance(given.get("model"), Mapping):
        one = _read(given["model"], "model")
        given["model"] = one.spec
        if one.prices.model_fields_set:
            if given.get("prices"):
                raise ValueError("there are prices of the model and prices of the task; valid is one of the two")
            given["prices"] = one.prices.model_dump(exclude_unset=True)
    several, engine = given.get("models"), given.pop("engine", None)
    if engine not in (None, "") and several:
        raise ValueError("there are models and engine; valid is engine at each model that it answers for")
    if engine not in (None, ""):
        given["model"] = with_engine(given.get("model", DEFAULT), engine)
    if not several:
        return given
    if not isinstance(several, Mapping) or len(several) < 2:
        raise ValueError(f"received {shown(several)} as models; valid is a mapping of two names or more, each to {WRITTEN}")
    for name in several:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError(f"received the model's name {shown(name)}; valid is a letter, then letters, digits, - and _")
    models = {name: _read(value, f"models.{name}") for name, value in several.items()}
    if len({one.spec for one in models.values()}) < len(models):
        raise ValueError("two models are the same one; valid are different ones")
    told = {one.prices.currency for one in models.values() if one.prices.currency}
    prices = given.get("prices")
    own = prices if isinstance(prices, Mapping) else prices.model_dump() if isinstance(prices, PriceList) else {}
    if any(value is not None for key, value in own.items() if key != "currency"):
        raise ValueError(
            "there are models and prices of the task; valid is prices at each model, and prices.currency alone"
        )
    if len(told | ({own["currency"]} if own.get("currency") else set())) > 1:
        raise ValueError(f"prices are in different currencies ({', '.join(sorted(told))}); valid is one for all")
    if told:
        given["prices"] = {**own, "currency": min(told)}
    first = next(iter(models.values())).spec
    if given.get("model", first) != first:
        raise ValueError("there are model and models; valid is one of the two")
    return {**given, "model": first, "models": models}


def _read(written: Any, place: str) -> NamedModel:
    """A model as it is written at a place of the task. Raises `ValueError`, in one sentence with the place."""
    try:
        return NamedModel.model_validate(written)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join([place, *(str(part) for part in first["loc"])])
        if first["type"] == "value_error":
            raise ValueError(f"{where}: {first['ctx']['error']}") from None
        part = PriceList if len(first["loc"]) > 1 else NamedModel
        if first["type"] == "extra_forbidden":
            raise ValueError(f"{where}: unknown key; {nearest(str(first['loc'][-1]), tuple(part.model_fields))}") from None
        field = part.model_fields.get(str(first["loc"][-1])) if first["loc"] else None
        valid = field.description if field else WRITTEN
        raise ValueError(f"{where}: received {shown(first['input'])}; valid is {valid}") from None


def prices_for(spec: str, models: Mapping[str, NamedModel], prices: PriceList) -> PriceList:
    """What a model's answers cost: of several models its own prices, else the task's."""
    own = next((one.prices for one in models.values() if one.spec == spec), PriceList()) if models else prices
    return own.model_copy(update={"currency": prices.currency}) if models else own


def any_price(models: Mapping[str, NamedModel], prices: PriceList) -> bool:
    """Whether a price of tokens is given, of any model."""
    return any(one.input is not None for one in (prices, *(model.prices for model in models.values())))
