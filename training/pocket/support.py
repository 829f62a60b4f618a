"""Customer messages and their intents: things (a parcel, a flight) times problems (late, cancel).

So a label has two halves, and most share one with others. The tables are files of `texts`: a problem is "* label ; label",
"= description" and, line by line, the ways to say it. In a line `[a|b]` is a choice, `@my @the @a @n` the thing
("my parcel"), `@is @was @has @does @s @it @them ...` agree with it, `%day %amt ...` are drawn from small lists.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeVar
from zlib import crc32

from training.pocket.texts import lines, table

_WORDS = table("support_words.yaml")
OPENERS: list[str] = _WORDS["openers"]
CLOSERS: list[str] = _WORDS["closers"]
ASIDES: list[str] = _WORDS["asides"]
DOMAIN_ASIDES: dict[str, list[str]] = _WORDS["domain_asides"]
FILLERS: dict[str, list[str]] = _WORDS["fillers"]
SHORTEST, LONGEST = 4, 40  # words of a message
EMPTY_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an and any by did do does for from how i in is it me mine my no not of on or the to up was what when where why"
        " you your can are need still",
    )
)
SINGULAR = {
    "is": "is",
    "was": "was",
    "has": "has",
    "does": "does",
    "isnt": "isn't",
    "wasnt": "wasn't",
    "hasnt": "hasn't",
    "doesnt": "doesn't",
    "it": "it",
    "them": "it",
    "its": "its",
    "s": "s",
    "es": "es",
}
PLURAL = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "isnt": "aren't",
    "wasnt": "weren't",
    "hasnt": "haven't",
    "doesnt": "don't",
    "it": "they",
    "them": "them",
    "its": "their",
    "s": "",
    "es": "",
}

T = TypeVar("T")
Node = str | tuple["Line", ...]  # a string (with its mark, @ or %, where it is a slot) or a choice between lines
Line = tuple[Node, ...]
Forms = dict[str, str]  # "@my" -> "my parcel"


@dataclass(frozen=True)
class Intent:
    name: str  # "parcel_arrived_broken"
    description: str  # one plain line
    domain: str


class _Problem(NamedTuple):
    labels: list[Line]
    description: Line
    ways: list[Line]


class _Source(NamedTuple):
    """What the messages of one intent are made from."""

    ways: list[Line]
    nouns: list[Forms]
    far_nouns: list[Forms]  # those that share no word with the label
    asides: list[str]
    stems: frozenset[str]  # of the label's content words


def intents() -> list[Intent]:
    """Every intent, in a fixed order."""
    return list(_table())


def message(intent: Intent, rng: random.Random) -> str:
    """A message of 4 to 40 words that a customer would write; most share no content word with the label."""
    source = _table()[intent]
    far = rng.random() < 0.35
    nouns = source.far_nouns if far and source.far_nouns else source.nouns
    for _ in range(6):
        text = _render(_pick(source.ways, rng), _pick(nouns, rng), rng)
        if not (far and source.stems & _stems(text)):
            break
    text = text[0].upper() + text[1:] + ("" if text[-1] in "?!." else "?" if _asks(text) else ".")
    length = text.count(" ") + 1
    if length < SHORTEST or rng.random() < 0.78:
        text = _dress(text, length, source.asides, rng)
    return _roughen(text, rng)


def _asks(text: str) -> bool:
    """Whether the last sentence is a question, by its own first words or by those of its last clause."""
    last = _SENTENCE_END.split(text)[-1]
    return bool(_ASKING.match(last) or _ASKING_CLAUSE.match(last.split(", ")[-1]))


def _dress(text: str, length: int, asides: list[str], rng: random.Random) -> str:
    """Puts a greeting, a sentence around it or a plea to a bare statement, as far as the length allows."""
    if rng.random() < 0.4 or length < SHORTEST:
        opener = _fill(_pick(OPENERS, rng), rng)
        keeps_capital = opener[-1] in ".!?" or text.startswith(("I ", "I'"))
        text = f"{opener} {text if keeps_capital else text[0].lower() + text[1:]}"
    if rng.random() < 0.45 and length < 24:
        aside = _fill(_pick(asides, rng), rng)
        text = f"{aside} {text}" if rng.random() < 0.3 and not text.startswith(_GREETING) else f"{text} {aside}"
    if rng.random() < 0.3 and length < 30:
        text = f"{text} {_fill(_pick(CLOSERS, rng), rng)}"
    return text if text.count(" ") < LONGEST else " ".join(text.split()[:LONGEST])


def _roughen(text: str, rng: random.Random) -> str:
    """The way people type: some in lower case, without the last stop, without apostrophes, with a slip."""
    if rng.random() < 0.14:
        text = text.lower()
    if rng.random() < 0.22:
        text = text.rstrip(".?!")
    if rng.random() < 0.06:
        text = text.replace("'", "")
    if rng.random() < 0.09:
        text = _slip(text, rng)
    return text


def _slip(text: str, rng: random.Random) -> str:
    """Swaps, drops or doubles a letter inside one longer word."""
    words = text.split(" ")
    at = int(rng.random() * len(words))
    word = words[at]
    if len(word) < 5 or not word.isalpha():
        return text
    i = 1 + int(rng.random() * (len(word) - 3))
    kind = rng.random()
    middle = word[i + 1] + word[i] if kind < 0.5 else word[i] if kind < 0.75 else word[i] * 2 + word[i + 1]
    words[at] = word[:i] + middle + word[i + 2 :]
    return " ".join(words)


def _pick(options: Sequence[T], rng: random.Random) -> T:
    return options[int(rng.random() * len(options))]


def _fill(text: str, rng: random.Random) -> str:
    return _SLOT.sub(lambda found: _filler(found.group(0), rng), text) if "%" in text else text


def _filler(slot: str, rng: random.Random) -> str:
    if slot == "%amt":
        return _amount(rng)
    if slot == "%ref":
        return f"{_pick('ABDGKMRTX', rng)}{rng.randrange(1000, 99999)}"
    return _pick(FILLERS[slot], rng)


def _amount(rng: random.Random) -> str:
    figure = str(rng.randrange(3, 400)) if rng.random() < 0.6 else f"{rng.randrange(3, 120)}.{rng.randrange(5, 99):02d}"
    return _pick(_MONEY, rng).format(figure)


def _render(line: Line, forms: Forms, rng: random.Random) -> str:
    parts: list[str] = []
    _collect(line, forms, rng, parts)
    return "".join(parts).replace("  ", " ").strip()


def _collect(line: Line, forms: Forms, rng: random.Random, parts: list[str]) -> None:
    for node in line:
        if not isinstance(node, str):
            _collect(_pick(node, rng), forms, rng, parts)
        elif node[0] == "@":
            parts.append(forms[node])
        elif node[0] == "%":
            parts.append(_filler(node, rng))
        else:
            parts.append(node)


def _line(text: str) -> Line:
    """Reads a line of the tables: choices may hold slots, not other choices."""
    nodes: list[Node] = []
    for part in re.split(r"(\[[^\]]*\])", text):
        if part.startswith("["):
            nodes.append(tuple(_line(option) for option in part[1:-1].split("|")))
        else:
            nodes += [piece for piece in re.split(r"([@%][a-z]+\d?)", part) if piece]
    return tuple(nodes)


def _forms(noun: str) -> Forms:
    """The slots' values for one name of a thing, such as "+flowers" or "^courier"."""
    word = noun.lstrip("+~^")
    marks = noun[: len(noun) - len(word)]
    article = "" if "+" in marks or "~" in marks else "an " if word[0] in "aeiou" and not word.startswith("uni") else "a "
    agreeing = PLURAL if "+" in marks else SINGULAR
    owner = "the" if "^" in marks else "my"
    named = {"@n": word, "@a": article + word, "@the": f"the {word}", "@my": f"{owner} {word}"}
    return named | {f"@{slot}": value for slot, value in agreeing.items()}


def _problems() -> dict[str, list[_Problem]]:
    found: dict[str, list[_Problem]] = defaultdict(list)
    kind, labels = "", [""]
    for row in (row for name in ("problems", "services", "requests") for row in lines(f"support_{name}.txt")):
        if row.startswith("## "):
            kind = row[3:]
        elif row.startswith("* "):
            labels = row[2:].split(" ; ")
        elif row.startswith("= "):
            found[kind].append(_Problem([_line(label) for label in labels], _line(row[2:]), []))
        else:
            found[kind][-1].ways.append(_line(row))
    return found


@cache
def _table() -> dict[Intent, _Source]:
    problems = _problems()
    table: dict[Intent, _Source] = {}
    fixed = random.Random(0)
    for row in lines("support_things.txt"):
        domain, kinds, names = (field.strip() for field in row.split(" | "))
        nouns = [_forms(name.strip()) for name in names.split(",")]
        asides = [*ASIDES, *DOMAIN_ASIDES.get(domain, []), *DOMAIN_ASIDES.get(domain, [])]
        for kind in kinds.split():
            for problem in problems[kind]:
                labels = [_render(label, nouns[0], fixed) for label in problem.labels]
                label = labels[crc32(labels[0].encode()) % len(labels)]
                name = re.sub(r"[^a-z0-9]+", "_", label.lower().replace("'", "")).strip("_")
                intent = Intent(name, _render(problem.description, nouns[0], fixed), domain)
                stems = _stems(name.replace("_", " "))
                far = [forms for forms in nouns if not stems & _stems(forms["@n"])]
                table[intent] = _Source(problem.ways, nouns, far, asides, stems)
    return table


def _stems(text: str) -> frozenset[str]:
    """The first five letters of each content word, so that "arrived" and "arrive" are one."""
    return frozenset(word[:5] for word in _WORD.findall(text.lower()) if word not in EMPTY_WORDS)


_WORD = re.compile(r"[a-z]+")
_SLOT = re.compile(r"%[a-z]+\d?")
_MONEY = ["£{}", "${}", "€{}", "{} euros", "{} pounds", "{} dollars"]
_ASKING = re.compile(
    "(how|what|when|where|why|who|can|could|do|does|is|are|will|which|may|am|did|has|have|would|any|from what|from which"
    "|on what|till when|at what) ",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile("[.?!:] ")
_ASKING_CLAUSE = re.compile(
    "(how|what (now|else|next)|when|why|can|could|do|does|is|are|will|may|am|did|has|would)( |$)|where$"
)
_GREETING = tuple(opener.split()[0].rstrip(",.!?") for opener in OPENERS)
