"""Two-step arithmetic in words: the answer at once, against the steps first."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from statistics import mean

from benchmarks.board import Board
from crossover.metrics.exact_match import ExactMatch
from crossover.types import Candidate, Decoding, Demonstration, Example, Prompt
from training.pocket.arithmetic import Problem, problem, written
from training.pocket.measures.lab import Lab, say
from training.pocket.measures.observed import Observed, Values, minus
from training.pocket.sums import LARGE, TWO_STEPS, result, told

SHOTS = 3
FORMS = ("told", "shown")
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
# name: instruction, template, tokens of an answer
WAYS = {
    "direct": ("Answer with the final number alone.", "Question: {input}\nAnswer:", 12),
    "steps": ("Think step by step, then give the final number.", "Question: {input}\nAnswer:", 120),
}


def larger(rng: random.Random) -> Problem:
    """A problem whose last number is larger than any of that kind in training."""
    kind, template = rng.choice([(kind, template) for kind, template in TWO_STEPS if kind in ("a*b+c", "a*b-c")])
    a, b, c = rng.randint(5, 9), rng.randint(5, 9), rng.randint(LARGE + 1, LARGE + 9)
    product, sign = a * b, kind[3]
    answer = result(f"{product} {sign} {c}")
    steps = [f"{a} * {b} = {product}", f"{product} {sign} {c} = {answer}"]
    return told(rng, template, a=a, b=b, c=c), written(steps, answer), str(answer)


SIZES = {"": problem, "larger numbers, ": larger}


def measure_sums(lab: Lab, draw: int) -> Values:
    """Numbers as in training, and larger ones; each way is told by an instruction, and shown by demonstrations too."""
    found: Values = {}
    rng = random.Random(f"sums/{draw}")
    for size, make in SIZES.items():
        shown = [make(rng) for _ in range(SHOTS)]
        asked = [make(rng) for _ in range(lab.tests)]
        for way, (instruction, template, tokens) in WAYS.items():
            answers = [(q, answer if way == "direct" else worked) for q, worked, answer in shown]
            demonstrations = tuple(Demonstration(q, a) for q, a in answers)
            for form, shots in (("told", ()), ("shown", demonstrations)):
                prompt = Prompt(instruction, template, shots)
                share = _right(lab, Candidate(lab.model.target, prompt, Decoding(max_tokens=tokens)), asked)
                found[f"{size}{way}, {form}"] = share
                say(f"arithmetic, draw {draw}, {size}{way}, {form}: {share:.1f} %")
    return found


def report_sums(observed: Observed, board: Board) -> None:
    """The better form of each way counts."""
    if not observed.read("arithmetic"):
        return
    for size in SIZES:
        best = {}
        for way in WAYS:
            found = [observed.values("arithmetic", f"{size}{way}, {form}") for form in FORMS]
            for form, shares in zip(FORMS, found, strict=True):
                board.add(f"arithmetic: {size}{way}, {form}", list(shares.values()))
            best[way] = max(found, key=lambda shares: mean(shares.values()))
        name = f"arithmetic: {size}steps minus direct, better form of each"
        board.add(name, minus(best["steps"], best["direct"]), 10, "points")


def last_number(text: str) -> str:
    """The last number in a text, or the text where it has none."""
    numbers = NUMBER.findall(text)
    return numbers[-1] if numbers else text


def _right(lab: Lab, candidate: Candidate, asked: Sequence[tuple[str, str, str]]) -> float:
    metric = ExactMatch()
    examples = [Example(str(i), question, answer) for i, (question, _, answer) in enumerate(asked)]
    replies = lab.ask(candidate, examples)
    right = [metric.score(e.output, last_number(r.text)).value for e, r in zip(examples, replies, strict=True)]
    return 100 * mean(right)
