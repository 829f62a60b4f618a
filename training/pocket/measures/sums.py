"""Two-step arithmetic in words: the answer at once, against the steps first."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from statistics import mean

from crossover.metrics.exact_match import ExactMatch
from crossover.types import Candidate, Decoding, Demonstration, Example, Prompt
from training.pocket.arithmetic import problem
from training.pocket.measures.lab import Lab, say

SHOTS = 3
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
# name: instruction, template, tokens of an answer
WAYS = {
    "direct": ("Answer with the final number alone.", "Question: {input}\nAnswer:", 12),
    "steps": ("Think step by step, then give the final number.", "Question: {input}\nAnswer:", 120),
}


def measure_sums(lab: Lab) -> None:
    """Each way is told by an instruction, and shown by demonstrations too; the better form of each counts."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for seed in lab.seeds:
        rng = random.Random(f"sums/{seed}")
        shown = [problem(rng) for _ in range(SHOTS)]
        asked = [problem(rng) for _ in range(lab.tests)]
        for way, (instruction, template, tokens) in WAYS.items():
            answers = [(q, answer if way == "direct" else worked) for q, worked, answer in shown]
            demonstrations = tuple(Demonstration(q, a) for q, a in answers)
            for form, shots in (("told", ()), ("shown", demonstrations)):
                prompt = Prompt(instruction, template, shots)
                share = _right(lab, Candidate(lab.model.target, prompt, Decoding(max_tokens=tokens)), asked)
                found[way, form].append(share)
                say(f"arithmetic, draw {seed}, {way}, {form}: {share:.1f} %")
    for (way, form), shares in found.items():
        lab.board.add(f"arithmetic: {way}, {form}", shares)
    best = {way: max((found[way, form] for form in ("told", "shown")), key=mean) for way in WAYS}
    gain = [a - b for a, b in zip(best["steps"], best["direct"], strict=True)]
    lab.board.add("arithmetic: steps minus direct, better form of each", gain, 10, "points")


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
