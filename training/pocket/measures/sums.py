"""Two-step arithmetic in words: the answer at once, against the steps first."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from statistics import mean

from benchmarks.board import Board
from crossover.metrics.exact_match import ExactMatch
from crossover.types import Candidate, Decoding, Demonstration, Example, Prompt
from training.pocket.arithmetic import problem
from training.pocket.measures.lab import Lab, say
from training.pocket.measures.observed import Observed, Values, minus

SHOTS = 3
FORMS = ("told", "shown")
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
# name: instruction, template, tokens of an answer
WAYS = {
    "direct": ("Answer with the final number alone.", "Question: {input}\nAnswer:", 12),
    "steps": ("Think step by step, then give the final number.", "Question: {input}\nAnswer:", 120),
}


def measure_sums(lab: Lab, draw: int) -> Values:
    """Each way is told by an instruction, and shown by demonstrations too."""
    found: Values = {}
    rng = random.Random(f"sums/{draw}")
    shown = [problem(rng) for _ in range(SHOTS)]
    asked = [problem(rng) for _ in range(lab.tests)]
    for way, (instruction, template, tokens) in WAYS.items():
        answers = [(q, answer if way == "direct" else worked) for q, worked, answer in shown]
        demonstrations = tuple(Demonstration(q, a) for q, a in answers)
        for form, shots in (("told", ()), ("shown", demonstrations)):
            prompt = Prompt(instruction, template, shots)
            share = _right(lab, Candidate(lab.model.target, prompt, Decoding(max_tokens=tokens)), asked)
            found[f"{way}, {form}"] = share
            say(f"arithmetic, draw {draw}, {way}, {form}: {share:.1f} %")
    return found


def report_sums(observed: Observed, board: Board) -> None:
    """The better form of each way counts."""
    if not observed.read("arithmetic"):
        return
    found = {(way, form): observed.values("arithmetic", f"{way}, {form}") for way in WAYS for form in FORMS}
    for (way, form), shares in found.items():
        board.add(f"arithmetic: {way}, {form}", list(shares.values()))
    best = {way: max((found[way, form] for form in FORMS), key=lambda shares: mean(shares.values())) for way in WAYS}
    board.add("arithmetic: steps minus direct, better form of each", minus(best["steps"], best["direct"]), 10, "points")


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
