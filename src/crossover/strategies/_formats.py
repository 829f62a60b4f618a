"""The same prompt in other formats: field names in other letters, other signs behind them, other gaps between fields.

What a format is made of: Sclar et al. 2024 (FormatSpread), section 3.1.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from dataclasses import replace

from crossover.types import Prompt

FIELDS = re.compile(r"(?:(?P<ask>[^{}\n]+): )?\{input\}\n(?P<cue>[^{}\n]+):")
CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper)
SIGNS = (": ", " = ", " - ", ":\n", " :: ")
GAPS = ("\n", "\n\n", " ", " | ")


def formats(prompt: Prompt, count: int, seed: int) -> list[Prompt]:
    """`count` seeded ones of the other formats of a prompt whose template reads "Text: {input}\\nLabel:"; else none."""
    fields = FIELDS.fullmatch(prompt.template)
    if fields is None:
        return []
    ask, cue = fields["ask"] or "", fields["cue"]
    found: dict[str, None] = {}
    for case, sign, gap in itertools.product(CASES, SIGNS, GAPS):
        before = case(ask) + sign if ask else ""
        found[f"{before}{{input}}{gap}{case(cue)}{sign.rstrip()}"] = None
    found.pop(prompt.template, None)
    chosen = random.Random(seed).sample(list(found), min(count, len(found)))
    return [replace(prompt, template=template) for template in chosen]
