"""Labels that join several others: "red;green", "anger, joy"."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection

SIGNS = (";", "|", ",", "/", "+", "&", "\n", " and ")
_TOKEN = re.compile(r"<\|[^<>|\s]+\|>")  # a model's own sign, in which bars join nothing


def joined(outputs: Collection[str]) -> list[str]:
    """The outputs that are several labels: of parts that are outputs themselves, or that stand first in one and behind in
    another, or behind several outputs; all of them where a bar or semicolon stands in each and parts come again."""
    plain = {text: _TOKEN.sub("", text) for text in outputs}
    found = [text for text, seen in plain.items() if any(_all_in(seen.split(s), outputs) for s in SIGNS if s in seen)]
    return found or (list(outputs) if _all_joined(list(plain.values())) else []) or _moving(plain) or _added(plain)


def _all_in(parts: Collection[str], labels: Collection[str]) -> bool:
    return all(part.strip() in labels for part in parts)


def _all_joined(outputs: Collection[str]) -> bool:
    """Whether all outputs are joined by one sign, of parts that come again in others."""
    for sign in ";|":
        parts = Counter(part.strip() for text in outputs for part in dict.fromkeys(text.split(sign)))
        if all(sign in text for text in outputs) and max(parts.values()) > 1:
            return True
    return False


def _moving(plain: dict[str, str]) -> list[str]:
    """The outputs with a comma, of which a part stands first in one and behind in another: no name has parts that move."""
    found = {text: [part.strip() for part in seen.split(",")] for text, seen in plain.items() if "," in seen}
    places: defaultdict[str, set[bool]] = defaultdict(set)
    for parts in found.values():
        for at, part in enumerate(dict.fromkeys(parts)):
            places[part].add(at == 0)
    return [text for text, parts in found.items() if any(part and len(places[part]) > 1 for part in parts)]


def _added(plain: dict[str, str]) -> list[str]:
    """The outputs that are another output and a part more, where that part comes behind several outputs, and none else."""
    for sign in ",;|":
        pairs = {text: tuple(map(str.strip, seen.split(sign, 1))) for text, seen in plain.items() if sign in seen}
        heads: defaultdict[str, set[str]] = defaultdict(set)
        for head, tail in pairs.values():
            heads[tail].add(head)
        found = [text for text, (head, tail) in pairs.items() if head in plain and len(heads[tail]) > 1]
        if found and len(found) == len(pairs):
            return found
    return []
