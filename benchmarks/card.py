"""The engine beside plain loops on one device: the parts of `benchmarks.engine --device cuda`, all in one process.

Ours is timed as a study has it: prompts rendered and tokenised, calls through the journal, answers scored; each timing with
demonstrations of its own, so that nothing is remembered. The plain loop gets the best of a few batch sizes.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import texts
from benchmarks.board import Board
from benchmarks.peers import Failed
from benchmarks.plain import WARM, Plain
from crossover.engine.render import Renderer
from crossover.models.hf import DTYPES, Hf
from crossover.testing.strategies import toy_bench
from crossover.tuning import fit
from crossover.tuning.batches import TrainingRow
from crossover.types import Candidate, Decoding, Demonstration, Example, LoraRecipe, Message, Prompt, Request, Run

BATCHES = (32, 64, 128)  # sequences that the plain loop may compute at once
TOKENS = 32  # of free text
ROWS = {"16-shot": (512, 24), "zero-shot": (1024, 96), "generation": (256, 128)}  # ours, and the plain loop's
BATCH, RATE = 8, 1e-4  # of LoRA
ALIKE: dict[str, float] = {
    "scoring, 16-shot": 20,
    "LoRA, shared instruction": 4,
    "LoRA, nothing shared": 2,
    "generation": 6,
}
GOALS: dict[str, dict[str, float]] = {  # of a card, by model
    "135M": ALIKE,
    "smollm2": ALIKE,
    "1.2B": {"scoring, 16-shot": 40, "generation": 6, "busy": 70},
}


class Card:
    """What the parts share: both sides of one model, the number of runs, the figures."""

    def __init__(self, name: str, folder: Path, device: str, runs: int, quick: bool, board: Board) -> None:
        self.name, self.folder, self.device = name, folder, device
        self.runs, self.quick, self.board = runs, quick, board
        self.goals = GOALS.get(name, {}) if device != "cpu" else {}
        usual = Hf(str(folder), device=device).precision
        dtype = usual[0] if device == "cpu" else "bfloat16"
        self.model, self.plain = Hf(str(folder), dtype, device), Plain(folder, DTYPES[dtype], device)
        print(f"      {name} on {_what(device)} in {dtype}; a study would take {usual[0]}: {usual[1]}", flush=True)

    def note(
        self, name: str, values: Sequence[float], goal: str = "", unit: str = "ratio", bar: float | None = None
    ) -> None:
        """A figure: the median of the runs. `goal`: which of the model's goals it has; `bar`: one for every model."""
        bar = self.goals.get(goal, bar)
        self.board.add(
            f"{self.device}, {self.name}: {name}", values, bar, unit, lower=unit == "mnats", value=median(values)
        )

    def rows(self, part: str) -> tuple[int, int]:
        """Our rows, and the plain loop's."""
        ours, others = ROWS[part]
        return (max(1, ours // 4), max(1, others // 4)) if self.quick else (ours, others)

    def asked(self, shots: int, count: int, instruction: str, draw: int) -> tuple[Prompt, list[Example]]:
        """A prompt with `shots` demonstrations, and examples to ask behind it."""
        rows = texts.messages(shots + count, seed=1000 * draw + shots)
        shown = tuple(Demonstration(text, label) for text, label in rows[:shots])
        examples = [Example(f"e{i}", text, label) for i, (text, label) in enumerate(rows[shots:])]
        return Prompt(instruction, texts.TEMPLATE, shown), examples

    def study(self, prompt: Prompt, examples: Sequence[Example], decoding: Decoding) -> tuple[float, Run]:
        """Seconds and answers of a candidate on a split, as in a study."""
        candidate = Candidate(str(self.folder), prompt, decoding)
        with tempfile.TemporaryDirectory() as folder:
            bench = toy_bench(Path(folder), (), (), labels=dict.fromkeys(texts.LABELS, ""), model=candidate.model)
            bench.evaluator.model_of = lambda spec: self.model
            try:
                began = time.perf_counter()
                run = bench.evaluator.run(candidate, "dev", examples)
                seconds = time.perf_counter() - began
            finally:
                bench.journal.close()
        if run.failures:
            reasons = {record.reply.error for record in run.records if record.reply.error}
            raise Failed(f"{run.failures} calls failed, such as: {reasons.pop()}")
        return seconds, run

    def texts(self, prompt: Prompt, examples: Sequence[Example]) -> list[str]:
        """The same prompts as text, which gives the very tokens that ours are."""
        renderer = Renderer(prompt)
        return [texts.written(self.model.chat, renderer.messages(example.input)) for example in examples]

    def best(self, loop: Callable[[int], object], items: int) -> tuple[int, float]:
        """The plain loop's best batch size for so many items and its seconds; sizes that do not fit are left out."""
        found: dict[int, float] = {}
        for size in [size for size in BATCHES if size <= items] or BATCHES[:1]:
            try:
                found[size] = min(_seconds(partial(loop, size)) for _ in range(1 if self.quick else 2))
            except torch.OutOfMemoryError:
                print(f"      the plain loop has no memory for {size} at once", flush=True)
                torch.cuda.empty_cache()
        if not found:
            raise Failed(f"the plain loop has no memory for {BATCHES[0]} at once")
        size = min(found, key=lambda each: found[each])
        return size, found[size]

    def paired(
        self, name: str, ours: Callable[[int], float], loop: Callable[[int], object], items: int, work: float
    ) -> list[float]:
        """Our rate over the plain loop's, in turn: `ours` gives its own for a draw, the loop does `work` in its seconds."""
        size, first = self.best(loop, items)
        if not self.quick:
            ours(0)
        rates = []
        for draw in range(1, self.runs + 1):
            rates.append((ours(draw), work / (first if draw == 1 else _seconds(partial(loop, size)))))
        shown = ", ".join(f"{mine:.1f} and {theirs:.2f}" for mine, theirs in rates)
        print(f"      {name}: ours and plain (batches of {size}), a second: {shown}", flush=True)
        return [mine / theirs for mine, theirs in rates]


def scoring(card: Card) -> None:
    """Ten labels behind a 16-shot prompt and behind a short instruction."""
    answers = [card.model.chat.answer(label) for label in texts.LABELS]
    for name, shots, instruction in (("16-shot", 16, texts.GOAL), ("zero-shot", 0, texts.SHORT)):
        count, few = card.rows(name)
        prompts = card.texts(*card.asked(shots, few, instruction, 0))
        ours = partial(_answered, card, shots, count, instruction)
        loop = partial(card.plain.score, prompts, answers)
        ratios = card.paired(f"scoring, {name}, examples", ours, loop, few * len(answers), few)
        card.note(f"scoring, {name}, in a study: times a plain loop's examples/s", ratios, f"scoring, {name}")


def agreement(card: Card) -> None:
    """The same log-probabilities, in float32."""
    prompt, examples = card.asked(2, 8, texts.GOAL, 0)
    exact, plain = Hf(str(card.folder), "float32", card.device), Plain(card.folder, torch.float32, card.device)
    renderer, decoding = Renderer(prompt), Decoding(labels=texts.LABELS)
    replies = exact.complete([Request(renderer.messages(example.input), decoding) for example in examples])
    answers = [exact.chat.answer(label) for label in texts.LABELS]
    pairs = zip(replies, plain.score(card.texts(prompt, examples), answers, BATCHES[0]), strict=True)
    apart = max(abs(a - b) for reply, other in pairs for a, b in zip(reply.label_scores, other, strict=True))
    card.note("scoring: largest difference of a log-probability, float32", [1000 * apart], unit="mnats", bar=1.0)


def generation(card: Card) -> None:
    """32 tokens of free text behind a 16-shot prompt; ours may end a text earlier, so tokens are compared."""
    count, few = card.rows("generation")
    prompts = card.texts(*card.asked(16, few, texts.GOAL, 0))

    def ours(draw: int) -> float:
        seconds, run = card.study(*card.asked(16, count, texts.GOAL, draw), Decoding(max_tokens=TOKENS))
        return run.usage.tokens_out / seconds

    def loop(size: int) -> object:
        return card.plain.write(prompts, TOKENS, size, least=TOKENS)

    ratios = card.paired("generation, tokens", ours, loop, few, few * TOKENS)
    card.note("generation, in a study: times a plain loop's tokens/s", ratios, "generation")


def busy(card: Card) -> None:
    """The share of the time in which the card computes, while 16-shot prompts are scored in a study."""
    if card.device == "cpu":
        print("      busy: only a card has this figure", flush=True)
        return
    count, _ = card.rows("16-shot")
    _answered(card, 16, count, texts.GOAL, 10)
    wall = median(count / _answered(card, 16, count, texts.GOAL, 11 + run) for run in range(card.runs))
    with profile(activities=[ProfilerActivity.CUDA]) as seen:  # kernels alone: it hardly slows what it watches
        watched = count / _answered(card, 16, count, texts.GOAL, 20)
    kernels = [event for event in seen.events() if event.device_type.name == "CUDA"]
    spans = [(e.time_range.start, e.time_range.end) for e in kernels if not e.name.startswith(("Memcpy", "Memset"))]
    seconds = covered(spans) / 1e6
    print(f"      busy: {seconds:.3f} s in {len(spans)} kernels, of {wall:.3f} s ({watched:.3f} s watched)", flush=True)
    card.note("the card's busy share while scoring, 16-shot, in a study", [100 * seconds / wall], "busy", "%")


def tuning(card: Card) -> None:
    """LoRA, steps of 8 rows of about 84 tokens; 60 of them an instruction that all rows share, or none shared."""
    steps, timed = (16, 4) if card.quick else (96, 24)
    for name in ("shared instruction", "nothing shared"):
        labelled = texts.messages(BATCH * steps)
        goals = [texts.GOAL if name.startswith("shared") else texts.apart(i) for i in range(len(labelled))]
        rows: list[TrainingRow] = [
            ((Message("system", goal), Message("user", texts.ask(text))), label)
            for goal, (text, label) in zip(goals, labelled, strict=True)
        ]
        encoded = [card.model.encode(*row) for row in rows[: BATCH * (WARM + timed)]]
        ratios = []
        for _ in range(card.runs):
            ours, (theirs, _) = steps / _epoch(card, rows), card.plain.tune(encoded, BATCH, RATE)
            ratios.append(ours * theirs)
            print(f"      LoRA, {name}: {BATCH * ours:.1f} and {BATCH / theirs:.1f} examples/s", flush=True)
        card.note(f"LoRA, {name}: times a plain loop's examples/s", ratios, f"LoRA, {name}")


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """How much of a line is covered by spans, which may overlap: kernels of several streams count once."""
    total, until = 0.0, float("-inf")
    for first, last in sorted(spans):
        total += max(0.0, last - max(first, until))
        until = max(until, last)
    return total


def _answered(card: Card, shots: int, count: int, instruction: str, draw: int) -> float:
    """Examples a second that get one of the labels."""
    return count / card.study(*card.asked(shots, count, instruction, draw), Decoding(labels=texts.LABELS))[0]


def _epoch(card: Card, rows: Sequence[TrainingRow]) -> float:
    """Seconds of a tune's second epoch, with what it does at the end of one: by then everything is warm."""
    ends: list[float] = []
    recipe = LoraRecipe(learning_rate=RATE, epochs=2, batch_size=BATCH, patience=0, rank=16, alpha=32)
    with tempfile.TemporaryDirectory() as scratch:
        fit(
            card.model,
            rows=rows,
            dev_rows=rows[:1],
            recipe=recipe,
            folder=Path(scratch) / "tune",
            on_epoch=lambda _: ends.append(time.perf_counter()),
        )
    return ends[1] - ends[0]


def _seconds(function: Callable[[], object]) -> float:
    """What it takes; what it gives lies in this process's memory, so the device is done."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def _what(device: str) -> str:
    return torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else "the CPU"


PARTS: dict[str, Callable[[Card], None]] = {
    "scoring": scoring,
    "busy": busy,
    "generation": generation,
    "tuning": tuning,
    "agreement": agreement,
}
