"""The customers' messages: enough intents, well-formed labels, messages that vary, repeat by seed and keep to bounds."""

from __future__ import annotations

import random
import re

import pytest

from training.pocket.support import LONGEST, SHORTEST, intents, message

FORBIDDEN = re.compile(r"\b(cards?|banks?|banking|atms?|top[- ]?ups?|transfer\w*|currenc\w+|exchang\w+)\b", re.IGNORECASE)
DOMAINS = sorted({intent.domain for intent in intents()})


def test_there_are_five_hundred_intents_each_with_its_own_name_and_description() -> None:
    all_of_them = intents()
    assert len(all_of_them) >= 500
    assert len({intent.name for intent in all_of_them}) == len(all_of_them)
    assert len({intent.description for intent in all_of_them}) == len(all_of_them)
    assert len(DOMAINS) >= 20
    assert intents() == all_of_them


def test_labels_are_snake_case_and_descriptions_one_plain_line() -> None:
    for intent in intents():
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", intent.name), intent
        assert 6 <= len(intent.description.split()) <= 14, intent
        assert not re.search(r"[@%\[\]|\n]", intent.description), intent
        assert not FORBIDDEN.search(f"{intent.name.replace('_', ' ')} {intent.description}"), intent
    assert any("_" not in intent.name for intent in intents())


@pytest.mark.parametrize("domain", DOMAINS)
def test_messages_vary_and_keep_to_their_bounds(domain: str) -> None:
    for intent in intents():
        if intent.domain != domain:
            continue
        texts = [message(intent, random.Random(seed)) for seed in range(80)]
        assert len(set(texts)) >= 60, intent.name
        for text in texts:
            assert SHORTEST <= len(text.split()) <= LONGEST, text
            assert not re.search(r"[@%\[\]|\n]|  ", text), text
            assert not FORBIDDEN.search(text), text


def test_the_same_seed_gives_the_same_message() -> None:
    for intent in intents()[::7]:
        assert message(intent, random.Random(5)) == message(intent, random.Random(5))


def test_at_least_half_of_the_messages_share_no_long_word_with_their_label() -> None:
    rng = random.Random(1)
    chosen = intents()
    apart = 0
    for intent in chosen:
        label = {word[:5] for word in intent.name.split("_") if len(word) > 3}
        words = {word[:5] for word in re.findall("[a-z]+", message(intent, rng).lower()) if len(word) > 3}
        apart += not label & words
    assert 0.5 <= apart / len(chosen) <= 0.9
