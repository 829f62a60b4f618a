"""Others' words without keys, for messages and logs."""

from __future__ import annotations

from collections.abc import Iterable

from crossover.errors import without_keys

LONGEST_SAID = 300  # characters of another's words


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """A service's own words on one line, without these secrets or what looks like one; cut where they are long."""
    line = "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))  # no terminal's commands
    for secret in filter(None, secrets):
        line = line.replace(secret, "…")
    return without_keys(line)[:LONGEST_SAID] or "nothing more was said"
