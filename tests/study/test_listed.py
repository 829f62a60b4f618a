"""Public prices of a model elsewhere are looked up where the task gives none, and it is said where they are from."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from crossover.data.economics import PriceList
from crossover.models.fake import Fake
from crossover.study.listed import listed, with_listed_prices
from tests.decision.builders import wanted


class Away(Fake):
    @property
    def local(self) -> bool:  # type: ignore[override]
        return False


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two dollars in, a tenth of that cached, and eight out."""

    def price(usage: Any, model_ref: str) -> Any:
        if model_ref != "some-model":
            raise LookupError(model_ref)
        fresh = usage.get("input_tokens", 0) - usage.get("cache_read_tokens", 0)
        cents = 2 * fresh + 0.2 * usage.get("cache_read_tokens", 0) + 8 * usage.get("output_tokens", 0)
        return SimpleNamespace(total_price=cents / 1e6)

    made: Any = ModuleType("genai_prices")
    made.__spec__ = ModuleSpec("genai_prices", None)
    made.calc_price, made.Usage = price, dict
    monkeypatch.setitem(sys.modules, "genai_prices", made)


@pytest.mark.usefixtures("package")
def test_the_prices_of_a_million_tokens_are_looked_up_and_said() -> None:
    task, said = with_listed_prices(wanted(model="plug:org/some-model"), "plug:org/some-model", Away("echo"))
    assert (task.prices.input, task.prices.cached_input, task.prices.output) == (2.0, 0.2, 8.0)
    assert said == [
        "prices of plug:org/some-model are those of genai-prices, in USD for a million tokens: input 2, cached_input 0.2,"
        " output 8"
    ]


@pytest.mark.usefixtures("package")
def test_what_is_not_known_or_in_another_currency_is_said() -> None:
    assert "knows no such model" in with_listed_prices(wanted(model="plug:other"), "plug:other", Away("echo"))[1][0]
    task, said = with_listed_prices(
        wanted(model="plug:some-model", prices={"currency": "EUR"}), "plug:some-model", Away("echo")
    )
    assert task.prices == PriceList(currency="EUR")
    assert said[0].endswith("public prices are in USD, and prices.currency is EUR")


def test_a_local_model_and_one_with_prices_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    task = wanted(model="plug:m", prices={"input": 1, "output": 2})
    assert with_listed_prices(task, "plug:m", Away("echo")) == (task, [])
    assert with_listed_prices(wanted(), "pocket", Fake("echo")) == (wanted(), [])


def test_without_the_package_it_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    _, said = with_listed_prices(wanted(model="plug:m"), "plug:m", Away("echo"))
    assert said == [
        "what a request to plug:m costs is only what its replies report; say prices.input and prices.output, or"
        " pip install 'crossover[prices]' looks up public ones"
    ]


def test_the_package_itself_knows_prices() -> None:
    pytest.importorskip("genai_prices")
    found = listed("openai/gpt-4o-mini")
    assert found is not None
    assert 0 < found["cached_input"] < found["input"] < found["output"]
    assert listed("no-such-model-anywhere") is None
