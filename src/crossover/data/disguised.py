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
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # one letter, as JSON escapes it
# signs as a word processor sets them
SET = str.maketrans(dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‘’‚‛ʼ", "'") | dict.fromkeys("‐‑‒–—", "-") | {"…": "..."})
# forms of the sign before them, and letters that only a flag shows
UNSEEN = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
BREAK = re.compile(r"</?(?:br|p) ?/?>", re.I)  # HTML's between lines
ENDS = ".!?,;:…。！？\"' "  # a sentence's
SPACES = {"n": "\n", "r": "\n", "t": "\t"}
ROUNDS = 3  # how often a text may have been escaped


def undisguised(text: str) -> str:
    """The text without HTML's, a URL's or a backslash's escapes, letters of another width or style written plainly, Latin
    letters in the words that mix them with others, and quotes and dashes from the keyboard. Raised and circled digits stay:
    10² is not 102."""
    for _ in range(ROUNDS):
        plain = ESCAPED.sub(_said, unquote(html.unescape(text), errors="surrogateescape"))  # %E4 is not %F6
        plain = PAIR.sub(lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16"), plain)
        if plain == text:
            break
        text = plain
    text = BREAK.sub(" ", text)
    if text.isascii():
        return text
    text = STYLED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), UNSEEN.sub("", text))
    return WORD.sub(_latin, text.translate(SET))


def known_again(text: str) -> str:
    """`comparable` of the text without its disguise, and without what ends it or is quoted around it."""
    plain = comparable(undisguised(text))
    return plain.rstrip(ENDS).lstrip("\"' ") or plain


def _said(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else SPACES.get(found[3], found[3])


def _latin(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(LOOKS) if re.search("[A-Za-z]", word) and re.search("[\u0370-\u052f]", word) else word
