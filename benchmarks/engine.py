"""How fast the local engine is beside lm-eval and TRL: python -m benchmarks.engine [--quick] [--json FILE] [--only NAME]

A model of SmolLM2-135M's shape with random weights; each side in its own process and environment, in turn, as often as
`--runs` says; a figure is the median of the paired ratios. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import model, texts
from benchmarks.board import Board
from benchmarks.peers import WORK, Failed, ours, peer
from crossover.models.hf import Hf
from crossover.types import Message

GOAL = "Say what the customer's message is about. Answer with one of: " + ", ".join(texts.LABELS) + "."
SHORT = "What is the message about? One of: " + ", ".join(texts.LABELS) + "."
EXAMPLE = Path(__file__).parents[1] / "examples" / "support"
GIB = 1 << 30


class Bench:
    """What all measurements share: the model, the number of runs, the figures."""

    def __init__(self, folder: Path, runs: int, quick: bool, board: Board) -> None:
        self.folder, self.runs, self.quick, self.board = folder, runs, quick, board
        self.chat = Hf(str(folder)).chat
        self.end = self.chat.separator or str(self.chat.tokenizer.decode(list(self.chat.end)))

    def conversations(self, shots: int, count: int, instruction: str = GOAL) -> list[list[dict[str, str]]]:
        """Conversations that end with a question: an instruction, `shots` answered examples, the message."""
        rows = texts.messages(shots + count, seed=shots)
        shown = [turn for text, label in rows[:shots] for turn in (said("user", ask(text)), said("assistant", label))]
        return [[said("system", instruction), *shown, said("user", ask(text))] for text, _ in rows[shots:]]

    def text(self, conversation: list[dict[str, str]]) -> str:
        """A conversation as the peer reads it: the very text that our tokens are made from."""
        ids = self.chat.prompt([Message(**turn) for turn in conversation])
        text = str(self.chat.tokenizer.decode(ids))
        if list(self.chat.tokenizer(text, add_special_tokens=False)["input_ids"]) != ids:
            raise Failed("the text of a prompt does not give its tokens again")
        return text

    def answers(self, label: str) -> str:
        """A label as it stands behind the prompt."""
        return str(self.chat.tokenizer.decode(self.chat.answer(label)))

    def note(self, name: str, values: list[float], goal: float, unit: str, lower: bool = False) -> None:
        """A figure: the median of the paired runs."""
        self.board.add(name, values, goal, unit, lower, value=median(values))

    def tokens(self, conversation: list[dict[str, str]]) -> int:
        return len(self.chat.prompt([Message(**turn) for turn in conversation]))


def faster(fast: dict[str, Any], mine: float, slow: dict[str, Any], other: float) -> float:
    """How many times as many of `mine` examples we do in a second as the peer does of `other`."""
    ours_rate, peers_rate = mine / fast["seconds"], other / slow["seconds"]
    print(f"      {ours_rate:.2f} and {peers_rate:.3f} examples/s ({fast['precision'][0]})", flush=True)
    return ours_rate / peers_rate


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def ask(text: str) -> str:
    return f"Message: {text}\nTopic:"


def scoring(bench: Bench) -> None:
    """Ten labels behind a 16-shot prompt and behind a short instruction; then the same numbers, in float32."""
    for name, shots, instruction, goal, count in (("16-shot", 16, GOAL, 40, 96), ("zero-shot", 0, SHORT, 10, 192)):
        asked = bench.conversations(shots, count // (2 if bench.quick else 1), instruction)
        theirs = asked[: (1 if bench.quick else 8) * (1 if shots else 6)]
        print(f"      {name}: {bench.tokens(asked[0])} tokens a prompt", flush=True)
        ratios = []
        for _ in range(bench.runs):
            fast = ours({"kind": "answer", "model": str(bench.folder), "conversations": asked, "labels": texts.LABELS})
            slow = peer("lm-eval", _job(bench, theirs, "bfloat16"))
            ratios.append(faster(fast, len(asked), slow, len(theirs)))
        bench.note(f"scoring, {name}: times lm-eval's examples/s", ratios, goal, "ratio")
    asked = bench.conversations(2, 2) if bench.quick else bench.conversations(16, 6)
    exact = ours(
        {"kind": "answer", "model": str(bench.folder), "conversations": asked, "labels": texts.LABELS, "dtype": "float32"}
    )
    right = peer("lm-eval", _job(bench, asked, "float32"))
    pairs = list(zip(exact["scores"], right["scores"], strict=True))
    apart = max(abs(a - b) for mine, other in pairs for a, b in zip(mine, other, strict=True))
    same = [float(mine.index(max(mine)) == other.index(max(other))) for mine, other in pairs]
    bench.note("scoring: largest difference of a log-probability, float32", [1000 * apart], 1, "mnats", lower=True)
    bench.note("scoring: equal predictions, float32", [sum(same) / len(same)], 1.0, "share")


def generation(bench: Bench) -> None:
    """32 tokens of free text behind a shared prefix of about 500."""
    asked = bench.conversations(16, 32 if bench.quick else 64)
    theirs = asked[: 8 if bench.quick else 16]
    job = {"kind": "answer", "model": str(bench.folder), "max_tokens": 32}
    free = {"labels": None, "max_tokens": 32, "end": bench.end}
    ratios = []
    for _ in range(bench.runs):
        fast = ours({**job, "conversations": asked})
        slow = peer("lm-eval", {**_job(bench, theirs, "bfloat16"), **free})
        ratios.append(faster(fast, len(asked), slow, len(theirs)))
    bench.note("generation: times lm-eval's examples/s", ratios, 6, "ratio")
    asked = bench.conversations(2, 2) if bench.quick else asked[:8]
    exact = ours({**job, "conversations": asked, "dtype": "float32"})
    right = peer("lm-eval", {**_job(bench, asked, "float32"), **free})
    same = [float(a == b.strip()) for a, b in zip(exact["texts"], right["texts"], strict=True)]
    bench.note("generation: identical greedy answers, float32", [sum(same) / len(same)], 1.0, "share")


def growth(bench: Bench) -> None:
    """How the time of an example grows with shots, and of all with their number; how much memory it takes."""
    job = {"kind": "answer", "model": str(bench.folder), "labels": texts.LABELS}
    ratios = []
    count = 48 if bench.quick else 1000
    for _ in range(bench.runs):
        times = [ours({**job, "conversations": bench.conversations(shots, count)})["seconds"] for shots in (4, 64)]
        print(f"      {count / times[0]:.2f} and {count / times[1]:.2f} examples/s", flush=True)
        ratios.append(times[1] / times[0])
    bench.note("scoring: time per example, 64 shots over 4", ratios, 1.5, "ratio", lower=True)
    few, many = (30, 120) if bench.quick else (1000, 10000)
    found = [ours({**job, "conversations": bench.conversations(4, count)}) for count in (few, many)]
    grown = found[1]["seconds"] / found[0]["seconds"] / (many / few)
    bench.note(f"scoring: time per example, {many} over {few}", [grown], 1.1, "ratio", lower=True)
    weights = sum(file.stat().st_size for file in bench.folder.glob("*.safetensors"))
    if found[1]["precision"][0] == "bfloat16":
        weights //= 2  # they lie on disk in float32
    bench.note("scoring: peak memory", [found[1]["peak_bytes"] / GIB], 1.3 * weights / GIB + 1, "GiB", lower=True)


def tuning(bench: Bench) -> None:
    """LoRA, batches of 8 rows of about 84 tokens; 60 of them an instruction that all rows share, or none shared."""
    steps, warm = (3, 1) if bench.quick else (12, 2)
    for name, goal in (("shared instruction", 4), ("nothing shared", 2)):
        rows = _rows(bench, 8 * steps, shared=name.startswith("shared"))
        print(f"      {name}: {bench.tokens(rows[0]['messages'])} tokens a prompt", flush=True)
        job = {
            "kind": "tune",
            "model": str(bench.folder),
            "rows": rows,
            "batch_size": 8,
            "epochs": 1,
            "learning_rate": 1e-4,
        }
        written = [{"prompt": bench.text(r["messages"]), "completion": bench.answers(r["answer"])} for r in rows]
        ratios, memory, kinds = [], [], ["bfloat16"] if bench.quick else ["bfloat16", "float32"]
        for _ in range(bench.runs):
            fast = ours({**job, "warm": warm})
            theirs = {kind: peer("trl", {**job, "rows": written, "warm": warm, "dtype": kind}) for kind in kinds}
            kinds = [min(kinds, key=lambda kind: theirs[kind]["seconds"])]  # the peer's better one, from then on
            slow = theirs[kinds[0]]
            ratios.append(faster(fast, fast["examples"], slow, slow["examples"]))
            memory.append(fast["peak_bytes"] / slow["peak_bytes"])
        bench.note(f"LoRA, {name}: times TRL's examples/s", ratios, goal, "ratio")
        bench.note(f"LoRA, {name}: peak memory over TRL's", memory, 1.0, "ratio", lower=True)


def quality(bench: Bench) -> None:
    """The bundled model on the shipped messages: as well tuned as by TRL, after the same epochs?"""
    with (EXAMPLE / "messages.csv").open(newline="", encoding="utf-8") as file:
        labelled = [(row["message"], row["queue"]) for row in csv.DictReader(file)]
    random.Random(0).shuffle(labelled)
    train, test = (80, 120) if bench.quick else (400, 600)
    labels = sorted({label for _, label in labelled})
    small = Bench(Path(Hf("pocket").folder), bench.runs, bench.quick, bench.board)
    instruction = "Which queue? One of: " + ", ".join(labels) + "."
    turns = [([said("system", instruction), said("user", ask(text))], label) for text, label in labelled]
    rows = [{"messages": messages, "answer": label} for messages, label in turns[:train]]
    asked = turns[train : train + test]
    job = {"model": str(small.folder), "batch_size": 8, "epochs": 1 if bench.quick else 4, "learning_rate": 2e-3}
    with tempfile.TemporaryDirectory() as keep:
        tuned = [ours({**job, "kind": "tune", "rows": rows, "keep": keep})["weights"]]
        written = [{"prompt": small.text(r["messages"]), "completion": small.answers(r["answer"])} for r in rows]
        peer("trl", {**job, "rows": written, "dtype": "float32", "keep": keep})
        tuned.append(str(Path(keep) / "trl"))
        job = {"kind": "answer", "model": str(small.folder), "labels": labels, "conversations": [m for m, _ in asked]}
        mine, other = (ours({**job, "adapter": folder})["texts"] for folder in tuned)
    right = [(a == label, b == label) for a, b, (_, label) in zip(mine, other, asked, strict=True)]
    for name, side in (("ours", 0), ("TRL's", 1)):
        bench.board.add(
            f"LoRA, accuracy with the bundled model, {name}", [100 * sum(pair[side] for pair in right) / len(right)]
        )
    lost, won = right.count((False, True)), right.count((True, False))
    apart = (lost - won) / max(1, lost + won) ** 0.5  # McNemar 1947: about normal where both are as good
    bench.note("LoRA, accuracy below TRL's, in standard errors of the paired difference", [apart], 1.96, "", lower=True)


def _rows(bench: Bench, count: int, shared: bool) -> list[dict[str, Any]]:
    rows = []
    for number, (text, label) in enumerate(texts.messages(count)):
        instruction = GOAL if shared else f"{number * 7919 % 997} " + " ".join(reversed(GOAL.split()))
        rows.append({"messages": [said("system", instruction), said("user", ask(text))], "answer": label})
    return rows


def _job(bench: Bench, asked: list[list[dict[str, str]]], dtype: str) -> dict[str, Any]:
    prompts = [bench.text(conversation) for conversation in asked]
    choices = [bench.answers(label) for label in texts.LABELS]
    return {"model": str(bench.folder), "dtype": dtype, "batch_size": 16, "prompts": prompts, "labels": choices, "end": ""}


PARTS: dict[str, Callable[[Bench], None]] = {
    "scoring": scoring,
    "generation": generation,
    "growth": growth,
    "tuning": tuning,
    "quality": quality,
}


def main() -> int:
    """Measure the parts that were asked for; 1 when one could not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run of each side, fewer rows: under five minutes")
    parser.add_argument("--runs", type=int, default=3, help="paired runs of each measurement")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--only", help=f"comma-separated: {', '.join(PARTS)}")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(PARTS)
    unknown = sorted(set(names) - set(PARTS))
    if unknown:
        parser.error(f"--only: there is no {unknown[0]}; valid: {', '.join(PARTS)}")
    board = Board(given.json or WORK / "engine.json")
    bench = Bench(model.build(WORK / "135M"), 1 if given.quick else given.runs, given.quick, board)
    failed = False
    for name in names:
        print(name, flush=True)
        try:
            PARTS[name](bench)
        except Failed as error:
            failed = True
            sys.stderr.write(f"{name} was not measured: {error}\n")
        board.save()
    print(board.table())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
