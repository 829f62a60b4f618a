"""Word problems: their templates, and the numbers that make every single step easy."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.pocket.words import listed, made_up, pick

SHE = listed("""
Mia Anna Zoe Lena Ruth Ivy Nora Priya Sara Aiko Elif Clara Maya Tess Olga Hana Rosa Uma Carla Freya Gita Jana Kim Lucia
Nell
""")
HE = listed("""
Ben Tom Omar Leo Ravi Hugo Ivan Noah Sam Kofi Emil Jack Luis Otto Yusuf Dan Erik Finn Gus Henry Igor Jonas Karl Milo
Pavel
""")
THINGS = listed("""
pens apples stamps marbles books eggs cookies shells buttons stickers pears beads pencils cups roses candles plums
stones nails cakes balls keys ribbons nuts tiles magnets cherries socks kites bricks leaflets lamps seeds corks dice
muffins
""")
BOXES = listed("boxes bags baskets jars crates trays packets bowls drawers shelves buckets cartons")


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

TWO_STEPS = (
    ("a*b-c", "{n} has {a} {boxes} with {b} {things} each. {S} gives away {c}. How many {things} are left?"),
    ("a*b-c", "There are {a} {boxes} with {b} {things} in each. {c} {things} are broken. How many are whole?"),
    ("a*b-c", "{n} plants {a} rows of {b} trees. A storm fells {c} of them. How many trees still stand?"),
    ("a*b-c", "A hall has {a} rows of {b} chairs. {c} chairs are taken. How many chairs are free?"),
    ("a*b-c", "{n} bakes {b} rolls on each of {a} trays and sells {c}. How many rolls does {s} still have?"),
    ("a*b-c", "A train has {a} cars with {b} seats each. {c} seats are reserved. How many seats are open?"),
    ("a*b-c", "{n} reads {b} pages a day for {a} days. {m} reads {c} pages less in all. How many pages does {m} read?"),
    ("a*b+c", "{n} buys {a} {boxes} with {b} {things} each and finds {c} more. How many {things} does {s} have?"),
    ("a*b+c", "{n} runs {b} kilometres on each of {a} days, and {c} kilometres on Sunday. How many kilometres is that?"),
    ("a*b+c", "A ticket costs {b} coins. {n} buys {a} tickets and a map for {c} coins. How many coins does {s} pay?"),
    ("a*b+c", "{n} fills {a} {boxes} with {b} {things} each. {c} {things} stay on the table. How many {things} are there?"),
    ("a*b+c", "{a} teams of {b} players meet in a hall where {c} people watch. How many people are in the hall?"),
    ("a*b+c", "{n} waters {a} beds of {b} flowers and {c} flowers in pots. How many flowers does {s} water?"),
    ("a-b*c", "{n} has {a} {things}. {S} gives {c} {things} to each of {b} friends. How many {things} does {s} keep?"),
    ("a-b*c", "A rope is {a} metres long. {n} cuts off {b} pieces of {c} metres. How many metres remain?"),
    ("a-b*c", "{n} had {a} coins and bought {b} {things} for {c} coins each. How many coins were left?"),
    ("a-b*c", "A book has {a} pages. {n} reads {c} pages on each of {b} evenings. How many pages are still to read?"),
    ("a-b*c", "Of {a} {things}, {n} puts {c} into each of {b} {boxes}. How many {things} are not put away?"),
    ("a+b*c", "{n} had {a} {things}. Then {s} got {b} {boxes} of {c} {things}. How many {things} does {s} have now?"),
    ("a+b*c", "{a} birds sit on a roof. {b} flocks of {c} birds join them. How many birds are there now?"),
    ("a+b*c", "A plant is {a} centimetres tall and grows {c} centimetres a week. How tall is it after {b} weeks?"),
    ("a+b*c", "{n} has saved {a} coins and saves {c} more every week. How many coins will {s} have after {b} weeks?"),
    ("(a+b)*c", "In each of {c} {boxes} there are {a} red and {b} blue {things}. How many {things} are there in all?"),
    ("(a+b)*c", "{n} walks {a} blocks and {m} walks {b} blocks every day. How many blocks do both walk in {c} days?"),
    ("(a+b)*c", "A meal needs {a} carrots and {b} onions. How many vegetables do {c} meals need?"),
    ("(a+b)*c", "{n} makes {a} bowls an hour, {m} makes {b}. How many bowls do they make together in {c} hours?"),
    ("(a-b)*c", "A hatter asks {a} coins for a hat, but {b} coins less today. What do {c} hats cost today, in coins?"),
    ("(a-b)*c", "Each of {c} {boxes} held {a} {things}, and {n} took {b} out of each. How many {things} are left in all?"),
    ("(a-b)*c", "{n} works {a} hours a day, {b} of them outside. How many hours does {s} spend inside in {c} days?"),
    ("a+b-c", "{n} had {a} {things} and got {b} more. Then {s} lost {c}. How many {things} does {s} have now?"),
    ("a+b-c", "A bus carries {a} people. {b} get on and {c} get off. How many people are on the bus?"),
    ("a+b-c", "{n} picks {a} {things} and {m} picks {b}. They use {c} of them. How many {things} remain?"),
    ("a+b-c", "A shop gets {a} loaves in the morning and {b} at noon, and sells {c}. How many loaves are left?"),
    ("a-b-c", "{n} had {a} {things}. {S} gave {b} to {m} and lost {c}. How many {things} are left?"),
    ("a-b-c", "Of {a} seats, {b} are taken by children and {c} by parents. How many seats are free?"),
    ("a-b-c", "A tank holds {a} litres. {b} litres leak out and {c} litres are used. How many litres are left?"),
    ("a+b+c", "{n} collects {a} {things} on Monday, {b} on Tuesday and {c} on Friday. How many {things} is that in all?"),
    ("a+b+c", "A farm has {a} goats, {b} cows and {c} hens. How many animals does it have?"),
    (
        "(a+b)/c",
        "{n} has {a} {things} and {m} has {b}. They share all of them evenly among {c} friends. How many does each get?",
    ),
    ("(a+b)/c", "{a} girls and {b} boys form {c} equal groups. How many children are in a group?"),
    ("(a+b)/c", "{n} puts {a} white and {b} black {things} evenly into {c} {boxes}. How many {things} go into one?"),
    (
        "a/b+c",
        "{n} shares {a} {things} evenly among {b} children. {m}, one of them, had {c} before. How many does {m} have now?",
    ),
    (
        "a/b+c",
        "{n} splits {a} {things} evenly over {b} {boxes} and adds {c} {things} to the first. How many are in the first?",
    ),
)
ONE_STEP = (
    ("a + b", "{n} has {a} {things} and gets {b} more. How many {things} does {s} have?"),
    ("a + b", "There are {a} {things} on the table and {b} on the floor. How many {things} are there?"),
    ("a + b", "{n} walks {a} steps, then {b} steps. How many steps is that?"),
    ("a + b", "{n} is {a} years old. How old will {s} be in {b} years?"),
    ("a - b", "{n} has {a} {things} and gives {b} to {m}. How many {things} are left?"),
    ("a - b", "Of {a} {things}, {b} are red. How many are not red?"),
    ("a - b", "{n} has {a} {things}, {m} has {b}. How many more does {n} have?"),
    ("a - b", "{a} people were in the room and {b} left. How many stayed?"),
    ("a * b", "There are {a} {boxes} with {b} {things} each. How many {things} are there?"),
    ("a * b", "{n} buys {a} {things} for {b} coins each. How many coins does {s} pay?"),
    ("a * b", "{n} reads {b} pages a day. How many pages does {s} read in {a} days?"),
    ("a / b", "{n} shares {a} {things} evenly among {b} friends. How many does each get?"),
    ("a / b", "{a} children form {b} equal groups. How many children are in a group?"),
)
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
