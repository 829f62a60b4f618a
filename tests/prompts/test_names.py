"""What a prompt may be called, and which version a reference means."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.errors import PromptError
from crossover.prompts.names import Reference, checked, checked_label, reference


@given(st.one_of(st.text(max_size=20), st.text("ab./\\:-_ e\u0301é\0", max_size=8)))
def test_a_name_is_one_folder_in_composed_letters_or_refused(name: str) -> None:
    try:
        found = checked(name)
    except PromptError:
        return
    assert found == unicodedata.normalize("NFC", name) == checked(found)
    assert PurePosixPath(found).parts == PureWindowsPath(found).parts == (found,)
    assert found not in (".", "..")
    assert not found.startswith((".", "-"))
    assert str(reference(found)) == found


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "../up",
            "a/b",
            "a\\b",
            "/etc",
            "C:x",
            ".hidden",
            "-n",
            "a b",
            "a@b",
            "x.",
            "con",
            "NUL.txt",
            "a" * 81,
        ),
        *("語" * 67, "a\0b", "a\nb", "a\u200bb", "a\u202eb", "\u0301a", "\ud800", 3, None),
    ],
)
def test_names_that_are_no_folder_everywhere_are_refused(name: object) -> None:
    with pytest.raises(PromptError, match="the prompt's name: received"):
        checked(name)


def test_letters_of_every_script_make_a_name() -> None:
    for name in ("support", "v2.1_test-x", "Grüße", "客服", "सहायता", "دعم", "3"):
        assert checked(name) == name
    assert checked("Gru\u0308ße") == "Grüße"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("support", Reference("support")),
        ("support@latest", Reference("support")),
        ("support@3", Reference("support", number=3)),
        ("support@v3", Reference("support", number=3)),
        ("support@3-0a1b2c3d", Reference("support", identity="3-0a1b2c3d")),
        ("support@production", Reference("support", label="production")),
        ("Gru\u0308ße@fru\u0308h", Reference("Grüße", label="früh")),
    ],
)
def test_a_reference_means_a_version(text: str, meant: Reference) -> None:
    assert reference(text) == meant
    assert reference(str(meant)) == meant


@pytest.mark.parametrize("text", ["", "@x", "support@", "support@a@b", "a/b@x", "support@../x", 7, None])
def test_what_is_no_reference_is_refused(text: object) -> None:
    with pytest.raises(PromptError, match="received"):
        reference(text)


@pytest.mark.parametrize("label", ["3", "v3", "latest", "Latest", "3-0a1b2c3d", "", "a/b", ".."])
def test_a_label_is_no_version(label: str) -> None:
    with pytest.raises(PromptError, match="the label: received"):
        checked_label(label)
