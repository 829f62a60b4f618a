"""From what is known to HTML: the templates, in which everything that is filled in is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2

from crossover.decision import numbers
from crossover.decision.terms import heading, measure
from crossover.report.page import environment

LONG = 20_000  # characters of a text that a page has at most


class Pages:
    """`token`: what our own pages send along with every change."""

    def __init__(self, token: str) -> None:
        self._env = made()
        self._env.globals["token"] = token

    def render(self, template: str, /, **filled: Any) -> str:
        return self._env.get_template(template).render(**filled)


def made() -> jinja2.Environment:
    """The templates' environment; the report's macros are in it too."""
    env = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("crossover.studio"), jinja2.PackageLoader("crossover.report")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {"n": numbers, "measure": measure, "heading": heading}
    env.filters["cut"] = cut
    return env


def cut(text: str, most: int = LONG) -> str:
    """A text that may be a megabyte long, as a page shows it."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


@cache
def report_style() -> str:
    """The report's style sheet, which the studio shares."""
    loader = environment().loader
    assert loader is not None
    return loader.get_source(environment(), "style.css")[0]
