"""Texts with lost letters, or read in a wrong encoding, are said; sound texts of any language are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.damaged import damaged
from crossover.data.infer import prepare
from crossover.types import Example
from tests.data.builders import sentence, table, task, write

SOUND = [
    *(
        "Müller & Söhne – “café”, 5 °C, ½ €",
        "CAFÉ» «ÉTÉ»: Ça va… à bientôt’",
        "IRMÔ é a “MAÇÔ",
        "NÃO, a LEITÃ”",
        "São João",
    ),
    *(
        "Это “Ёлка” — №1…",
        "Ελληνικά «κείμενο»",
        "Þórður Ðað…",
        "tiếng Việt ‘Ấ’",
        "日本語。",
        "naïve ðræl",
        "Âge, Île",
        "👍🏽",
    ),
]


def one(text: str) -> Example:
    return Example("1", text, "ok", None, "rows.csv, row 1")


@given(
    st.sampled_from(["é", "ü", "ß", "ñ", "ç", "’", "“", "–", "…", "£", "привет", "γειά", "👍"]),
    st.sampled_from(["cp1252", "latin-1"]),
    st.sampled_from(["", "a", "Caf", "it", " "]),
)
def test_utf8_that_was_read_as_something_else_is_found(sign: str, encoding: str, before: str) -> None:
    broken = sign.encode().decode(encoding, errors="replace")
    assert damaged([one(f"{before}{broken} and more")]) is not None


@pytest.mark.parametrize("text", [*SOUND, " ".join(SOUND)])
def test_sound_texts_are_not(text: str) -> None:
    assert damaged([one(text)]) is None


def test_it_is_a_warning_with_a_count_and_a_row(tmp_path: Path) -> None:
    lines = table({"a": 9, "b": 9}).replace(sentence(3), "the cafÃ© is closed").replace(sentence(5), "lost \ufffd letters")
    [found] = [
        f for f in prepare(task(tmp_path, write(tmp_path, "t.csv", lines).name)).findings if f.code == "damaged_text"
    ]
    assert (found.level, len(found.rows)) == ("warning", 2)
    assert "2 rows with letters that were lost or read in a wrong encoding, such as '" in found.message
    assert f"in {found.rows[0]}: save the texts anew as UTF-8" in found.message


def test_words_for_empty_cells_in_inputs_are_said(tmp_path: Path) -> None:
    for word, codes in (("nan", ["absent_text"]), ("---", []), ("none of it", [])):
        rows = [(f"{sentence(n)}\n{word if n % 3 else 'more'}", "xy"[n % 2]) for n in range(12)]
        text = "text,label\n" + "".join(f'"{one}",{label}\n' for one, label in rows)
        write(tmp_path, "rows.csv", text)
        found = [finding.code for finding in prepare(task(tmp_path, "rows.csv")).findings]
        assert [code for code in found if code == "absent_text"] == codes
