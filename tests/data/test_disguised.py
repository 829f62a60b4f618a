"""What a text says under escapes and look-alike letters; a leak is one also where it is short and disguised."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.disguised import undisguised
from crossover.data.leaks import leaks
from crossover.types import Example


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("r\u0435fund pl\u0435ase", "refund please"),  # Cyrillic letters in Latin words
        ("fish &amp;amp; chips", "fish & chips"),
        ("it&#39;s late", "it's late"),
        (r"it\'s\nlate", "it's\nlate"),
        (r"caf\u00e9", "café"),
        ("pay%20now", "pay now"),
        ("ｒｅｆｕｎｄ", "refund"),
        ("𝐫𝐞𝐟𝐮𝐧𝐝", "refund"),
        ("ﾊﾟﾝ", "パン"),
        ("10² m, ½ of ①", "10² m, ½ of ①"),
        (r"yes \ud83d\ude00 \u00e9", "yes 😀 é"),
        ("it’s “late” – he said…", 'it\'s "late" - he said...'),
        ("one<br/>two<BR />three", "one two three"),
        ("r\ufe01e\U000e0101f\U000e0041und", "refund"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f a", "\U0001f3f4\U000e0067\U000e0062\U000e007f a"),  # a flag
        (r"\d+ \alpha C:\Users", r"\d+ \alpha C:\Users"),
        ("100 % off, 5%", "100 % off, 5%"),
        ("Вася поехал", "Вася поехал"),  # a word of one script is as it is
        ("χρόνος", "χρόνος"),
    ],
)
def test_a_text_without_its_disguise(text: str, plain: str) -> None:
    assert undisguised(text) == plain


@given(st.text(max_size=40))
def test_any_text_can_be_escaped_and_is_the_same(text: str) -> None:
    assert undisguised(html.escape(text)) == undisguised(text)


@pytest.mark.parametrize(
    "shown",
    [
        "no r\u0435fund",
        "no&nbsp;refund",
        r"no\trefund",
        "no%20refund",
        "ｎｏ ｒｅｆｕｎｄ",
        "No refund!",
        "“no refund”",
        "no refund…",
    ],
)
def test_a_short_text_that_was_disguised_is_a_leak(shown: str) -> None:
    train = [
        Example("a", "no refund", "x", source="a.csv, line 2"),
        Example("b", "late parcel", "y", source="a.csv, line 3"),
    ]
    found = leaks("test", [Example("c", shown, "x", source="b.csv, line 2")], {"train": train})
    assert [(one.code, one.rows) for one in found] in (
        [("leak_near", ("b.csv, line 2 ~ a.csv, line 2",))],
        [("leak_exact", ("b.csv, line 2 = a.csv, line 2",))],
    )
    assert not leaks("test", [Example("c", "no parcel", "x", source="b.csv, line 2")], {"train": train})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10²", "102"),
        ("x²", "x2"),
        (r"\d+", "d+"),
        (r"\alpha", "alpha"),
        ("%E4", "%F6"),
        ("½", "1⁄2"),
        ("А4", "A4"),
        ("C", "C++"),
        ("5", "-5"),
        (".NET", "NET"),
    ],
)
def test_short_texts_that_differ_by_what_they_mean_are_no_leak(one: str, other: str) -> None:
    train = [Example("a", one, "x", source="a.csv, line 2"), Example("b", "late parcel", "y", source="a.csv, line 3")]
    assert not leaks("test", [Example("c", other, "x", source="b.csv, line 2")], {"train": train})
