"""What a text says where somebody escaped it or swapped letters for others that look like them: to know it again."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

from crossover.data.text import comparable

# Cyrillic and Greek letters that look like a Latin one (a part of Unicode's confusables.txt)
LOOKS = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαιονρυ",
    "ABEKMHOPCTYXIJSaeopcyxijshdqwABEZHIKMNOPTYXaiovpu",
)
WORD = re.compile(r"\w+")
ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt]|[^0-9a-zA-Z]))", re.DOTALL)  # \d and \alpha stay
STYLED = re.compile("[\u3000\uff01-\uffee\U0001d400-\U0001d7ff]+")  # full or half width, or bold and the like
SPACES = {"n": "\n", "r": "\n", "t": "\t"}
ROUNDS = 3  # how often a text may have been escaped


def undisguised(text: str) -> str:
    """The text without HTML's, a URL's or a backslash's escapes, letters of another width or style written plainly, and
    Latin letters in the words that mix them with others. Raised and circled digits stay: 10² is not 102."""
    for _ in range(ROUNDS):
        plain = ESCAPED.sub(_said, unquote(html.unescape(text), errors="surrogateescape"))  # %E4 is not %F6
        if plain == text:
            break
        text = plain
    if text.isascii():
        return text
    return WORD.sub(_latin, STYLED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text))


def known_again(text: str) -> str:
    """`comparable` of the text without its disguise."""
    return comparable(undisguised(text))


def _said(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else SPACES.get(found[3], found[3])


def _latin(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(LOOKS) if re.search("[A-Za-z]", word) and re.search("[\u0370-\u052f]", word) else word
