"""Names of prompts and labels, and how a version is meant: `support`, `support@3`, `support@3-1f0c9a2e`, `support@live`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from crossover.errors import PromptError, shown

VALID = "1 to 80 letters, digits, - _ . (no dot or dash first, no dot last)"
REFERENCE = "NAME, NAME@VERSION or NAME@LABEL, such as support@3 or support@production"
LATEST = "latest"
_LONGEST = 80
_LONGEST_BYTES = 200  # a file system takes 255, of which a version's number and hash need some
_VERSION = re.compile(r"v?([1-9]\d{0,8})")
_IDENTITY = re.compile(r"([1-9]\d{0,8})-([0-9a-f]{8})")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)  # which Windows keeps for itself


@dataclass(frozen=True)
class Reference:
    """Which version is meant: by `number`, by `identity` ("3-1f0c9a2e"), by `label`, or with none of them the latest."""

    name: str
    number: int | None = None
    identity: str = ""
    label: str = ""

    def __str__(self) -> str:
        which = self.identity or self.label or (str(self.number) if self.number else "")
        return f"{self.name}@{which}" if which else self.name


def checked(name: Any, what: str = "the prompt's name") -> str:
    """A name in composed letters (NFC), which can be a folder's everywhere. Raises `PromptError`."""
    if isinstance(name, str):
        text = unicodedata.normalize("NFC", name)
        fits = 0 < len(text) <= _LONGEST and len(text.encode(errors="replace")) <= _LONGEST_BYTES
        edges = fits and text[0] not in ".-" and text[-1] != "." and unicodedata.category(text[0])[0] != "M"
        if edges and all(c in "-_." or unicodedata.category(c)[0] in "LMN" for c in text):
            if not _DEVICES.fullmatch(text):
                return text
            raise PromptError(f"{what}: received {shown(name)}, which is a device of Windows; valid is another name")
    raise PromptError(f"{what}: received {_seen(name)}; valid is {VALID}")


def checked_label(label: Any) -> str:
    """A label's name. Raises `PromptError` also where it could be taken for a version."""
    found = checked(label, "the label")
    if found.casefold() == LATEST or _VERSION.fullmatch(found) or _IDENTITY.fullmatch(found):
        raise PromptError(f"the label: received {shown(found)}, which means a version; valid is a word such as production")
    return found


def reference(text: Any) -> Reference:
    """What `NAME`, `NAME@VERSION` or `NAME@LABEL` means. Raises `PromptError`."""
    if not isinstance(text, str):
        raise PromptError(f"the prompt: received {_seen(text)}; valid is {REFERENCE}")
    name, at, which = text.partition("@")
    name = checked(name)
    if at and not which:
        raise PromptError(f"the prompt: received {_seen(text)}, with nothing behind the @; valid is {REFERENCE}")
    if not at or which.casefold() == LATEST:
        return Reference(name)
    if version := _VERSION.fullmatch(which):
        return Reference(name, number=int(version[1]))
    if _IDENTITY.fullmatch(which):
        return Reference(name, identity=which)
    return Reference(name, label=checked_label(which))


def _seen(value: Any) -> str:
    """A received value for a message, also where it holds half a character."""
    return shown(value).encode(errors="backslashreplace").decode()
