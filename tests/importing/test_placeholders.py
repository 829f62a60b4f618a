"""Other tools' templates become ours, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.template import columns_of, fill
from crossover.importing.placeholders import as_template, columns_in, parted

PIECE = st.sampled_from(["a", "b ", "{ ", "} ", "\n", "% ", "#"])


@given(st.lists(st.lists(PIECE, max_size=6).map("".join), min_size=2, max_size=4))
def test_a_filled_template_is_what_the_other_tool_fills(texts: list[str]) -> None:
    written = "{{ x }}".join(texts)
    template = as_template(written)
    assert template is not None
    assert columns_in(written) == ["x"]
    assert set(columns_of(template)) == {"x"}
    assert fill(template, {"x": "v"}) == "v".join(texts)


@pytest.mark.parametrize("written", ["{% if a %}b{% endif %}", "{{ a | upper }}", "{{ a[0] }}", "{# note #}", "{{ 'x' }}"])
def test_logic_is_no_template_of_ours(written: str) -> None:
    assert as_template(written) is None


@pytest.mark.parametrize(
    ("written", "instruction", "rest"),
    [
        ("Sort it.\n\n{{text}}", "Sort it.", "text"),
        ("Sort it: {{text}}", "", "Sort it: {text}"),
        ('Give {"a": 1}.\nText: {{text}}', 'Give {"a": 1}.', "Text: {text}"),
        ("{{text}}", "", "text"),
    ],
)
def test_lines_before_the_first_placeholder_are_the_instruction(written: str, instruction: str, rest: str) -> None:
    template = as_template(written)
    assert template is not None
    assert parted(template) == (instruction, rest)
