"""Replies that list labels, each with a mark: the one that is marked as so, or none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.text import stated

SPAM, MOODS = ("spam", "ham"), ("positive", "negative", "neutral")


def read(reply: str, labels: tuple[str, ...]) -> str | None:
    place = stated(reply, labels)
    return None if place is None else labels[place]


@pytest.mark.parametrize(
    ("labels", "reply", "said"),
    [
        (SPAM, "spam: yes\nham: no", "spam"),
        (SPAM, "spam: no, ham: yes", "ham"),
        (SPAM, "- [x] ham\n- [ ] spam", "ham"),
        (SPAM, "- [ ] spam\n- [X] ham", "ham"),
        (SPAM, "☑ spam\n☐ ham", "spam"),
        (SPAM, "SPAM ✓\n**ham** ✗", "spam"),
        (SPAM, '{"spam": 0.97, "ham": 0.03}', "spam"),
        (SPAM, '```json\n{"spam": false, "ham": true}\n```', "ham"),
        (SPAM, '{"labels": {"spam": true, "ham": false}}', "spam"),
        (SPAM, "| Label | P |\n|---|---|\n| spam | 0.2 |\n| ham | 0.8 |", "ham"),
        (SPAM, "spam (10%), ham (90%)", "ham"),
        (SPAM, "spam: 1.0, ham: 0.0", "spam"),
        (MOODS, "positive 5%, neutral 15%, negative 80%", "negative"),
        (tuple("ABCD"), "A: true\nB: false\nC: false\nD: false", "A"),
        (("spam", "not spam"), "spam: no\nnot spam: yes", "not spam"),
        (MOODS, "positive: 0.4\nneutral: 0.35\nnegative: 0.25", None),  # more likely not than so
        (SPAM, "spam: yes\nham: yes", None),
        (SPAM, "spam: no\nham: no", None),
        (SPAM, "- [x] spam\n- [x] ham", None),
        (SPAM, "- [ ] spam\n- [ ] ham", None),
        (SPAM, "spam: 0.5\nham: 0.5", None),
        (SPAM, "spam: 90%\nham: 80%", None),
        (SPAM, "spam = 1, ham = 0", None),  # may say how they are written
        (SPAM, '{"spam": 1, "ham": 0}', None),
        (SPAM, "spam: 3\nham: 1", None),
        (SPAM, "spam: yes\nspam: no", None),
        (SPAM, "Example:\nspam: yes\nham: no", None),
        (SPAM, "spam: yes\nham: no\nBut wait.", None),
        (("0", "1"), "0: 0.9\n1: 0.1", None),  # which is the label and which the mark?
        (("yes", "no"), "yes: no\nno: yes", None),
    ],
)
def test_the_label_that_is_marked_as_so(labels: tuple[str, ...], reply: str, said: str | None) -> None:
    assert read(reply, labels) == said


FORMS = ["{}: {}", "- {}: {}", "{} = {}", "{} ({})", "| {} | {} |", "{} - {}", "**{}**: {}", '"{}": {}']


@given(st.permutations(MOODS), st.lists(st.integers(0, 100), min_size=3, max_size=3), st.sampled_from(FORMS), st.booleans())
def test_shares_give_the_largest_or_none(moods: list[str], shares: list[int], form: str, percent: bool) -> None:
    lines = [form.format(mood, f"{share}%" if percent else share / 100) for mood, share in zip(moods, shares, strict=True)]
    best = moods[shares.index(max(shares))]
    found = read("\n".join(lines), MOODS)
    assert found in (best, None)
    if max(shares) > 50 and sum(shares) == 100:
        assert found == best
    held = {mood: share / 100 for mood, share in zip(moods, shares, strict=True)}
    assert read(json.dumps(held), MOODS) in (best, None)


@given(st.permutations(MOODS), st.lists(st.booleans(), min_size=3, max_size=3), st.sampled_from(FORMS))
def test_marks_give_the_one_that_is_so_or_none(moods: list[str], so: list[bool], form: str) -> None:
    lines = [form.format(mood, "yes" if one else "no") for mood, one in zip(moods, so, strict=True)]
    said = moods[so.index(True)] if so.count(True) == 1 else None
    assert read("\n".join(lines), MOODS) == said
