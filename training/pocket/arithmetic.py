"""Episodes of arithmetic: sums and word problems, answered directly or step by step, as the context asks."""

from __future__ import annotations

from random import Random

from training.pocket.layout import Layout, document, layout
from training.pocket.pieces import Episode
from training.pocket.sums import KINDS, ONE_STEP, TWO_STEPS, operands, result, told, two_steps
from training.pocket.words import pick

ASKS = ("Question", "Question", "Q", "Problem", "Text", "Input", "Exercise", "Task")
CUES = ("Answer", "Answer", "A", "Result", "Output", "Response")
STEP_CUES = ("Steps", "Solution", "Working", "Reasoning", "Steps")
HINTS = (
    "Let's think step by step.",
    "Let's think step by step.",
    "Step by step:",
    "We go step by step.",
    "Let us think step by step.",
)
STEPS = (
    "Let's think step by step.",
    "Think step by step.",
    "Show the steps.",
    "Solve the problem step by step.",
    "Write down each step, then the answer.",
    "Solve the problem. Show the steps, then say 'The answer is' and the number.",
    "Reason step by step and end with the answer.",
    "Work it out in steps.",
    "Answer the question. Think step by step before you answer.",
    "Explain the calculation, then give the answer.",
)
DIRECT = (
    "Answer with the number alone.",
    "Answer with the result alone, without an explanation.",
    "Give only the answer.",
    "Write only the number.",
    "Solve the problem.",
    "Answer the question with a number.",
    "How much is it? Answer directly.",
    "Give the result.",
    "Answer.",
    "No steps, only the result.",
)
SPOKEN = {
    "+": ("What is {a} + {b}?", "{a} + {b}", "{a} plus {b}", "Add {a} and {b}.", "What is the sum of {a} and {b}?"),
    "-": (
        "What is {a} - {b}?",
        "{a} - {b}",
        "{a} minus {b}",
        "Take {b} from {a}.",
        "What is the difference of {a} and {b}?",
    ),
    "*": (
        "What is {a} * {b}?",
        "{a} * {b}",
        "{a} times {b}",
        "Multiply {a} by {b}.",
        "What is the product of {a} and {b}?",
    ),
    "/": ("What is {a} / {b}?", "{a} / {b}", "{a} divided by {b}", "Divide {a} by {b}."),
}
Problem = tuple[str, str, str]


def written(steps: list[str], answer: int) -> str:
    return f"{'. '.join(steps)}. The answer is {answer}."


def problem(rng: Random) -> Problem:
    """A word problem of two steps: the question, the steps ending with 'The answer is N.', and N."""
    kind, template = TWO_STEPS[int(rng.random() * len(TWO_STEPS))]
    numbers, steps, answer = two_steps(rng, kind)
    return told(rng, template, **numbers), written(steps, answer), str(answer)


def short_problem(rng: Random) -> Problem:
    """A word problem of one step."""
    step, template = ONE_STEP[int(rng.random() * len(ONE_STEP))]
    sign = step[2]
    a, b = operands(rng, sign)
    answer = result(f"{a} {sign} {b}")
    return told(rng, template, a=a, b=b), written([f"{a} {sign} {b} = {answer}"], answer), str(answer)


def expression(rng: Random) -> Problem:
    """Two or three numbers in signs: '(3 + 4) * 5'."""
    if rng.random() < 0.4:
        sign = pick(rng, "+-*/")
        a, b = operands(rng, sign)
        answer = result(f"{a} {sign} {b}")
        return pick(rng, SPOKEN[sign]).format(a=a, b=b), written([f"{a} {sign} {b} = {answer}"], answer), str(answer)
    kind = pick(rng, tuple(KINDS))
    numbers, steps, answer = two_steps(rng, kind)
    text = "".join(str(numbers.get(sign, f" {sign} " if sign in "+-*/" else sign)) for sign in kind)
    return pick(rng, ("{}", "What is {}?", "Compute {}.", "{} = ?")).format(text), written(steps, answer), str(answer)


def drill(rng: Random) -> Episode:
    """Many sums of one operation, or of all: the facts that steps rest on."""
    sign = pick(rng, ("+", "-", "*", "/", "+-*", "+-*/", "+-"))
    form = pick(rng, ("{a} {sign} {b}", "{a} {sign} {b}", "What is {a} {sign} {b}?", ""))
    items = []
    for _ in range(rng.randint(1, 14)):
        one = pick(rng, sign)
        a, b = operands(rng, one)
        text = (form or pick(rng, SPOKEN[one])).format(a=a, b=b, sign=one)
        items.append((text, str(result(f"{a} {one} {b}"))))
    look = Layout("", " =", "\n") if form.endswith("{b}") and rng.random() < 0.6 else layout(rng, ASKS, CUES)
    ask = pick(rng, ("Calculate.", "Do the sums.", *DIRECT)) if rng.random() < 0.3 else ""
    return document(rng, look, ask, items, [1.0] * len(items))


def mode(rng: Random, steps: bool) -> tuple[Layout, str]:
    """A layout and an instruction, of which at least one asks for steps where steps follow."""
    look = layout(rng, ASKS, STEP_CUES if steps and rng.random() < 0.3 else CUES)
    if not steps:
        return look, pick(rng, DIRECT) if rng.random() < 0.5 else ""
    hinted = rng.random() < 0.55
    if hinted:
        look = look._replace(cue=f"{look.cue} {pick(rng, HINTS)}")
    return look, pick(rng, STEPS) if not hinted or rng.random() < 0.35 else ""


def episode(rng: Random) -> Episode:
    roll = rng.random()
    if roll < 0.3:
        return drill(rng)
    make = problem if roll < 0.8 else short_problem if roll < 0.92 else expression
    if rng.random() < 0.15:
        return both(rng)
    steps = rng.random() < 0.75
    look, ask = mode(rng, steps)
    shown = [make(rng) for _ in range(1 + int(rng.random() * (7 if rng.random() < 0.7 else 1)))]
    items = [(question, worked if steps else answer) for question, worked, answer in shown]
    return document(rng, look, ask, items, [1.0] * len(items))


def both(rng: Random) -> Episode:
    """Each item asks for its own mode, in the question or by its cue."""
    ask, cue, step_cue = pick(rng, ASKS), pick(rng, CUES), pick(rng, STEP_CUES)
    by_cue = rng.random() < 0.5
    items = []
    for _ in range(rng.randint(1, 6)):
        question, worked, answer = (problem if rng.random() < 0.7 else short_problem)(rng)
        steps = rng.random() < 0.5
        if by_cue:
            items.append((f"{question}\n{step_cue if steps else cue}:", worked if steps else answer))
        else:
            items.append((f"{question} {pick(rng, STEPS if steps else DIRECT)}\n{cue}:", worked if steps else answer))
    return document(rng, Layout(f"{ask}: ", "", "\n\n"), "", items, [1.0] * len(items))
