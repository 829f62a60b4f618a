"""Word problems: their templates, and the numbers that make every single step easy."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.pocket.texts import table
from training.pocket.words import made_up, pick

_TEXTS = table("sums.yaml")
SHE, HE, THINGS, BOXES = (_TEXTS[name].split() for name in ("she", "he", "things", "boxes"))
# what is worked out, and how it is told
TWO_STEPS, ONE_STEP = (
    tuple((kind, template) for kind, templates in _TEXTS[name].items() for template in templates)
    for name in ("two_steps", "one_step")
)
LARGE = 20  # what is added or taken away, so that a small model can learn every single step


def times_plus(rng: Random) -> tuple[int, int, int]:
    return rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, LARGE)


def times_minus(rng: Random) -> tuple[int, int, int]:
    a, b = rng.randint(2, 9), rng.randint(3, 9)
    return a, b, rng.randint(2, min(LARGE, a * b - 1))


def minus_times(rng: Random) -> tuple[int, int, int]:
    b, c = rng.randint(2, 9), rng.randint(2, 9)
    return b * c + rng.randint(2, LARGE), b, c


def plus_times(rng: Random) -> tuple[int, int, int]:
    return rng.randint(2, LARGE), rng.randint(2, 9), rng.randint(2, 9)


def sum_times(rng: Random) -> tuple[int, int, int]:
    a = rng.randint(2, 7)
    return a, rng.randint(2, 10 - a), rng.randint(2, 9)


def rest_times(rng: Random) -> tuple[int, int, int]:
    b = rng.randint(2, 9)
    return b + rng.randint(2, 9), b, rng.randint(2, 9)


def plus_minus(rng: Random) -> tuple[int, int, int]:
    a, b = rng.randint(5, 2 * LARGE), rng.randint(3, LARGE)
    return a, b, rng.randint(2, min(LARGE, a + b - 1))


def minus_minus(rng: Random) -> tuple[int, int, int]:
    a = rng.randint(10, 3 * LARGE)
    b = rng.randint(2, min(LARGE, a // 2))
    return a, b, rng.randint(2, min(LARGE, a - b - 1))


def plus_plus(rng: Random) -> tuple[int, int, int]:
    return rng.randint(3, 2 * LARGE), rng.randint(3, LARGE), rng.randint(2, LARGE)


def shared_sum(rng: Random) -> tuple[int, int, int]:
    c, q = rng.randint(2, 9), rng.randint(2, 9)
    a = rng.randint(1, c * q - 1)
    return a, c * q - a, c


def shared_plus(rng: Random) -> tuple[int, int, int]:
    b = rng.randint(2, 9)
    return b * rng.randint(2, 9), b, rng.randint(2, LARGE)


Numbers = Callable[[Random], tuple[int, int, int]]
# The numbers of a kind, and its two steps as (left, sign, right); x is the first step's result.
KINDS: dict[str, tuple[Numbers, str, str]] = {
    "a*b+c": (times_plus, "a * b", "x + c"),
    "a*b-c": (times_minus, "a * b", "x - c"),
    "a-b*c": (minus_times, "b * c", "a - x"),
    "a+b*c": (plus_times, "b * c", "a + x"),
    "(a+b)*c": (sum_times, "a + b", "x * c"),
    "(a-b)*c": (rest_times, "a - b", "x * c"),
    "a+b-c": (plus_minus, "a + b", "x - c"),
    "a-b-c": (minus_minus, "a - b", "x - c"),
    "a+b+c": (plus_plus, "a + b", "x + c"),
    "(a+b)/c": (shared_sum, "a + b", "x / c"),
    "a/b+c": (shared_plus, "a / b", "x + c"),
}

OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
}


def result(step: str) -> int:
    """The value of 'left sign right'."""
    left, sign, right = step.split()
    return OPERATIONS[sign](int(left), int(right))


def operands(rng: Random, sign: str) -> tuple[int, int]:
    """Two numbers for one operation; one of them is at most `LARGE`."""
    if sign == "*":
        return rng.randint(2, 9), rng.randint(2, 9)
    if sign == "/":
        b = rng.randint(2, 9)
        return b * rng.randint(2, 9), b
    top = rng.choice((9, LARGE, 4 * LARGE))
    a, b = rng.randint(2, top), rng.randint(1, min(top, LARGE))
    return (a, b) if sign == "+" else (a + b, b)


def told(rng: Random, template: str, **numbers: int) -> str:
    """The template with people, things and numbers in it."""
    female = rng.random() < 0.5
    name, other = pick(rng, SHE if female else HE), pick(rng, HE if female else SHE)
    if rng.random() < 0.15:
        name = made_up(rng).capitalize()
    things = pick(rng, THINGS)
    return template.format(
        n=name,
        m=other,
        s="she" if female else "he",
        S="She" if female else "He",
        things=things,
        boxes=pick(rng, BOXES),
        **numbers,
    )


def two_steps(rng: Random, kind: str) -> tuple[dict[str, int], list[str], int]:
    """Numbers for the kind, its steps as '4 * 6 = 24', and the answer."""
    numbers, first, second = KINDS[kind]
    values = dict(zip("abc", numbers(rng), strict=True))
    steps, named = [], {name: str(value) for name, value in values.items()}
    for step in (first, second):
        written = " ".join(named.get(part, part) for part in step.split())
        named["x"] = str(result(written))
        steps.append(f"{written} = {named['x']}")
    return values, steps, int(named["x"])
