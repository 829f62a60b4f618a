"""What differs between two versions of a prompt, line by line."""

from __future__ import annotations

import difflib

from crossover.prompts.record import Version


def difference(before: Version, after: Version, context: int = 3) -> list[str]:
    """The lines of a unified diff, as `diff -u` has them, without line breaks; none where the prompts are equal.

    What is not printable in them is an escape, as in the files.
    """
    old, new = (f"{version.name}@{version.identity}" for version in (before, after))
    lines = before.text.splitlines(), after.text.splitlines()
    return list(difflib.unified_diff(*lines, fromfile=old, tofile=new, n=context, lineterm=""))
