"""A made-up task: customers' messages with labels, the same for a seed; 16 of them make a prompt of about 490 tokens."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.peers import Failed
from crossover.models.hf.chat import Chat
from crossover.types import Message

LABELS = (
    "broken on arrival",
    "wrong size",
    "late delivery",
    "refund wanted",
    "cannot log in",
    "change of address",
    "gift card",
    "invoice copy",
    "cancel the order",
    "opening hours",
)
GOAL = "Say what the customer's message is about. Answer with one of: " + ", ".join(LABELS) + "."
SHORT = "What is the message about? One of: " + ", ".join(LABELS) + "."
TEMPLATE = "Message: {input}\nTopic:"
MIDDLES = {
    "broken on arrival": ("the lamp came with a crack in its shade", "two cups in the box were in pieces"),
    "wrong size": ("these boots are far too small for me", "the coat fits my brother but not me"),
    "late delivery": ("my parcel should have been here last week", "nobody has rung the bell since Monday"),
    "refund wanted": ("I would like my money back for the kettle", "return the sum to my card, thank you"),
    "cannot log in": ("the site does not know my password any more", "I am locked out of my account again"),
    "change of address": ("we have moved to a new house across town", "send it to my office instead of home"),
    "gift card": ("how do I pay with the voucher from my aunt", "the code on the present card is not taken"),
    "invoice copy": ("my bookkeeper needs the bill once more", "there was no receipt in the envelope"),
    "cancel the order": ("I no longer need the chairs, stop them", "please do not send what I bought today"),
    "opening hours": ("is the shop in Mill Street open on Sunday", "until when can I come by this evening"),
}


def ask(text: str) -> str:
    """What a user says."""
    return TEMPLATE.replace("{input}", text)


def written(chat: Chat, messages: Sequence[Message]) -> str:
    """A conversation as a peer reads it: the very text that our tokens are made from.

    Raises `Failed` when a tokenizer would not make them of it.
    """
    ids = chat.prompt(messages)
    text = str(chat.tokenizer.decode(ids))
    if list(chat.tokenizer(text, add_special_tokens=False)["input_ids"]) != ids:
        raise Failed("the text of a prompt does not give its tokens again")
    return text


def messages(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """(text, label) pairs, no two alike."""
    draw = random.Random(seed)
    found: list[tuple[str, str]] = []
    for number in range(count):
        label = LABELS[number % len(LABELS)]
        middle = draw.choice(MIDDLES[label])
        text = f"{middle} (no. {draw.randrange(10**6)})"
        found.append((text, label))
    draw.shuffle(found)
    return found


def apart(number: int) -> str:
    """An instruction as long as `GOAL` that begins otherwise for each number."""
    return f"{number * 7919 % 997} " + " ".join(reversed(GOAL.split()))
