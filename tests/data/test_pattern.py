"""The expressions that replies are read by are compiled at their first use, and all of them can be."""

from __future__ import annotations

import re
import subprocess
import sys

from crossover.data import (
    affirmed,
    announced,
    apart,
    codes,
    contrast,
    doubt,
    given,
    marked,
    polite,
    reasons,
    small,
    stating,
    text,
)
from crossover.data.pattern import later

READERS = (affirmed, announced, apart, codes, contrast, doubt, given, marked, polite, reasons, small, stating, text)
FRESH = """
import re
compiled, real = [], re.compile
re.compile = lambda pattern, flags=0: compiled.append(str(pattern)) or real(pattern, flags)
import crossover.data.text
before = [pattern for pattern in compiled if "\\ue000" in pattern or "label" in pattern]
assert crossover.data.text.stated("I would say that it is spam.", ("spam", "ham")) == 0
assert before == [], before
assert len(compiled) > 20
"""


def test_every_expression_can_be_compiled() -> None:
    found = [
        one for module in READERS for held in vars(module).values() for one in (held if isinstance(held, list) else [held])
    ]
    waiting = [one for one in found if type(one) is type(later(""))]
    assert len(waiting) > 80
    assert all(one.groups >= 0 for one in waiting)


def test_it_is_as_what_re_compiles() -> None:
    one, other = later(r"(?P<word>[a-z]+)\d", re.I), re.compile(r"(?P<word>[a-z]+)\d", re.I)
    assert (one.pattern, one.flags, one.groupindex) == (other.pattern, other.flags, other.groupindex)
    assert one.sub("<\\1>", "A1 b2") == other.sub("<\\1>", "A1 b2")


def test_none_is_compiled_before_a_reply_is_read() -> None:
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
