"""The label that a list of labels marks as the one: "spam: yes, ham: no", ticked boxes, probabilities, an object."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from crossover.data.pattern import later

_TICKED, _UNTICKED = r"\[[xX✓✔]\]|☑|✅|✓|✔", r"\[ ?\]|☐|✗|✘|❌"
_SO, _NOT_SO = later(rf"yes|true|{_TICKED}", re.I), later(rf"no|false|{_UNTICKED}", re.I)
_PORTION = r"(0?[.,]\d+|0|1|[01][.,]\d+)|(\d{1,3}(?:[.,]\d+)?)\s*%"
_SHARE = later(_PORTION)
_VALUE = rf"yes|no|true|false|{_TICKED}|{_UNTICKED}|{_PORTION}"
_BOXED = later(rf"(?:[-*•]\s*|\d+[.)]\s*)?(?P<value>{_TICKED}|{_UNTICKED})\s*(?P<name>\S.*)")
_VALUED = later(rf"(?:[-*•]\s*|\d+[.)]\s*)?(?P<name>\S.*?)\s*(?:[:=|(]|\s[–—-])?\s*(?P<value>{_VALUE})\)?\s*[.,;]?", re.I)
_RULE = later(r"[|:\s-]*---[|:\s-]*")
_MARKS_TOO = later(r"yes|no|true|false|[-+]?\d+(?:[.,]\d+)?", re.I)
_LEAST, _SLACK = 0.5, 1.05


def as_marked(text: str, labels: Collection[str], named: Callable[[str], str]) -> str | None:
    """The one label that is marked as so, of a reply that is nothing but several labels, each with its mark.

    Args:
        text: A reply.
        labels: The labels, as `named` gives them.
        named: A text as labels are compared.

    Returns:
        None for any other reply, where none or several are so, and where labels are marks themselves ("yes", "1"). Of
        probabilities the largest is meant, where it is one half or more and they are no more than 1 together.
    """
    if any(map(_MARKS_TOO.fullmatch, labels)):
        return None
    pairs = _of_object(text) or _of_lines(text)
    if pairs is None or len(pairs) < 2:
        return None
    names, values = [named(name) for name, _ in pairs], [value for _, value in pairs]
    if len(set(names)) < len(names) or not set(names) <= set(labels):
        return None
    if all(_SO.fullmatch(value) or _NOT_SO.fullmatch(value) for value in values):
        so = [name for name, value in zip(names, values, strict=True) if _SO.fullmatch(value)]
        return so[0] if len(so) == 1 else None
    shares = [_probability(value) for value in values]
    if None in shares or set(values) <= {"0", "1"}:  # "spam = 1, ham = 0" may say how they are written
        return None
    found = [share or 0.0 for share in shares]
    best = max(found)
    return names[found.index(best)] if best >= _LEAST and found.count(best) == 1 and sum(found) <= _SLACK else None


def _of_object(text: str) -> list[tuple[str, str]] | None:
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        held: Any = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    if len(held) == 1 and isinstance(held[0][1], list):
        held = held[0][1]  # {"labels": {"spam": true, "ham": false}}
    if not all(isinstance(one, tuple) and isinstance(one[1], (bool, float, int, str)) for one in held):
        return None
    return [(name, str(value)) for name, value in held]


def _of_lines(text: str) -> list[tuple[str, str]] | None:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 2 and _RULE.fullmatch(lines[1]):
        lines = lines[2:]  # a table's head
    if len(lines) == 1:
        lines = [line.strip() for line in re.split(r"[,;]\s+", lines[0])]
    found = []
    for line in lines:
        plain = line.strip("|").strip().replace("**", "").replace("`", "").replace('"', "")
        match = _BOXED.fullmatch(plain) or _VALUED.fullmatch(plain)
        if match is None:
            return None
        found.append((match["name"], match["value"]))
    return found


def _probability(value: str) -> float | None:
    found = _SHARE.fullmatch(value)
    if found is None:
        return None
    return float(found[1].replace(",", ".")) if found[1] else float(found[2].replace(",", ".")) / 100
