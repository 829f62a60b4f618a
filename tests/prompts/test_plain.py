"""A prompt's file gives every text back letter by letter, in lines that people and git can read, with nothing unseen."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossover.prompts import plain
from crossover.prompts.record import Version, file_text, read_record
from crossover.types import Decoding, Demonstration, Prompt, Step

UNSEEN = ("\r\n", "\n", "\r", " ", "  ", "\t", "\0", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "\u3000", "\u200d")
SIGNS = (
    "#",
    "- ",
    ": ",
    "---",
    "...",
    "'",
    '"',
    "\\",
    "\\n",
    "{input}",
    "{{ x }}",
    "{% raw %}",
    "<b>",
    "e\u0301",
    "🙂",
    "%",
)
ODD = st.sampled_from((*UNSEEN, *SIGNS))
TEXT = st.lists(st.one_of(ODD, st.text(max_size=4)), max_size=12).map("".join)
DECODING = st.builds(
    Decoding,
    labels=st.lists(TEXT, max_size=2).map(tuple),
    label_bias=st.lists(st.floats(-1e9, 1e9), max_size=2).map(tuple),
    pattern=TEXT,
    samples=st.integers(1, 9),
    temperature=st.floats(0, 2),
)
DEMONSTRATION = st.builds(Demonstration, TEXT, TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple))
SIMPLE = st.builds(
    Prompt,
    instruction=TEXT,
    template=TEXT,
    demonstrations=st.lists(DEMONSTRATION, max_size=3).map(tuple),
    selection=st.sampled_from(["fixed", "nearest"]),
    shots=st.integers(0, 9),
)
PROMPT = st.builds(
    lambda prompt, steps: Prompt(**{**vars(prompt), "steps": steps}),
    SIMPLE,
    st.lists(st.builds(Step, TEXT, SIMPLE, DECODING), max_size=2).map(tuple),
)


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.recursive(TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=5), min_size=1
    )
)
@example({"a": "one\r\ntwo \n three\n\n"})
@example({"a": " x\n y"})
@example({"a": "\n"})
@example({"a": ["x\ny", ["", "\n\n"]]})
def test_every_text_comes_back_as_it_was_whichever_reader_reads_it(body: dict[str, Any]) -> None:
    text = plain.written(body)
    assert plain.read(text) == body
    assert yaml.load(text, yaml.SafeLoader) == body
    assert plain.read(text.replace("\n", "\r\n")) == body, "git may change the file's own line breaks"


@settings(max_examples=40)
@given(PROMPT, st.one_of(st.none(), DECODING), TEXT)
def test_a_version_comes_back_from_its_file(prompt: Prompt, decoding: Decoding | None, note: str) -> None:
    version = Version("some", 3, "2026-01-02T03:04:05+00:00", note, note, ("2-01234567",), note, prompt, decoding)
    text = file_text(version)
    found = read_record(Version, text, "its file")
    assert (found, found.identity, file_text(found)) == (version, version.identity, text)
    assert not [c for c in text if not (c.isprintable() or c in "\n\u3000")], "nothing in it is unseen"


def test_a_text_of_lines_has_a_line_each_and_what_is_not_seen_is_an_escape() -> None:
    assert plain.written({"a": "Say yes.\n  Or no: #1", "b": "x"}) == 'a: |-\n  Say yes.\n    Or no: #1\nb: "x"\n'
    assert plain.written({"a": "Say yes.\r\n Or\tno \n"}) == 'a: "\\\n  Say yes.\\r\\n\\\n  \\ Or\\tno \\n"\n'
    assert plain.written({"a": "tell\u202etxt \x1b[2J"}) == 'a: "tell\\u202etxt \\x1b[2J"\n'
    assert plain.written({"a": [{"b": "x\ny", "c": []}, 1e-05, True, None]}) == (
        "a:\n  - b: |-\n      x\n      y\n    c: []\n  - 1.0e-05\n  - true\n  - null\n"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "it holds no YAML mapping"),
        ("", "it holds no YAML mapping"),
        ("a: &x 1\nb: [*x, *x]\n", "line 1: an alias; valid is what it stands for"),
        ("a: 'x\n", "not valid YAML: found unexpected end of stream"),
        ("a: !!python/object/apply:os.system [ls]\n", "not valid YAML: could not determine a constructor"),
        ("a: " + "[" * 3000, "not valid YAML"),
    ],
)
def test_what_is_no_plain_mapping_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("*", r"\*")):
        plain.read(text)


@given(st.text())
def test_nothing_steers_a_terminal(text: str) -> None:
    assert all(c.isprintable() or c == "\u3000" for c in plain.visible(text))
    assert plain.visible("a\x1b[31m\nb\x9b") == "a\\x1b[31m\\nb\\x9b"
