"""The model as a piece of software: sameness of its answers, precision, speed and size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

import torch

from benchmarks.board import Board
from crossover.engine.follow import follow
from crossover.engine.render import Renderer
from crossover.models.hf import Hf
from crossover.types import Candidate, Decoding, Example, Prompt, Request
from training.pocket.measures import draws
from training.pocket.measures.lab import Lab, say
from training.pocket.measures.labels import BANKING, examples_in
from training.pocket.measures.observed import Observed, Values
from training.pocket.measures.wordings import wordings

TEXTS, TOKENS, SIZES = 32, 24, (1, 4, 16)
PROMPT, REPEATS = 100, 20
TEMPLATES = ("Text: {input}\nLabel:", "Say it in other words: {input}\nAnswer:", "{input}")


def measure_greedy(lab: Lab, draw: int) -> Values:
    """Greedy text over two openings of the model and three batch sizes."""
    drawn = draws.spelled(draws.banking(lab.data, draw, lab.tests))
    asked = [_written(e, TEMPLATES[i % len(TEMPLATES)]) for i, e in enumerate(drawn.test[:TEXTS])]
    say(f"sameness: {len(asked)} texts of {TOKENS} tokens, twice and in batches of {SIZES}")
    once = _texts(lab.model, asked, len(asked))
    fresh = Hf(lab.model.target, dtype="float32", device=lab.model.device)
    by_size = [_texts(lab.model, asked, size) for size in SIZES]
    everywhere = 100 * sum(len(set(found)) == 1 for found in zip(once, *by_size, strict=True)) / len(once)
    return {"again": _same(once, _texts(fresh, asked, len(asked))), "sizes": everywhere}


def measure_precisions(lab: Lab, draw: int) -> Values:
    """Labels in float32 and in bfloat16."""
    half = Hf(lab.model.target, dtype="bfloat16", device=lab.model.device)
    kept = draws.banking(lab.data, draw, lab.tests)
    plain = draws.spelled(kept)
    prompt = wordings(BANKING.goal, kept)[0].prompt
    prompts = {"told": prompt, "shown": examples_in(prompt, plain)}
    found = {name: _agreement(lab.model, half, prompt, plain) for name, prompt in prompts.items()}
    say(f"precisions, draw {draw}: {found}")
    return found


def measure_size(lab: Lab, draw: int) -> Values:
    """Milliseconds of a forward pass of 100 tokens on one CPU thread, in float32; megabytes; context."""
    model = Hf(lab.model.target, dtype="float32", device="cpu")
    text = " ".join(e.input for e in draws.banking(lab.data, draw, lab.tests).test[:PROMPT])
    ids = torch.tensor([model.chat.tokenizer(text)["input_ids"][:PROMPT]])
    module = model.module().eval()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    with torch.inference_mode():
        for _ in range(REPEATS + 3):
            began = time.perf_counter()
            module(input_ids=ids)
            times.append(1000 * (time.perf_counter() - began))
    torch.set_num_threads(threads)
    files = [p for p in model.folder.iterdir() if p.suffix == ".safetensors" or p.name.startswith("tokenizer")]
    megabytes = sum(p.stat().st_size for p in files) / 1e6
    return {"milliseconds": median(times[3:]), "megabytes": megabytes, "context": model.context_window}


def report_machine(observed: Observed, board: Board) -> None:
    """Each figure against its bar."""
    figures: tuple[tuple[str, str, str, float, str, bool], ...] = (
        ("greedy", "again", "greedy: same text on a second run", 100, "%", False),
        ("greedy", "sizes", "greedy: same text in batches of 1, 4, 16", 100, "%", False),
        ("precisions", "told", "float32 and bfloat16: same label, zero-shot", 98, "%", False),
        ("precisions", "shown", "float32 and bfloat16: same label, two examples a label", 98, "%", False),
        ("size", "milliseconds", "forward pass of 100 tokens, one thread", 30, "ms", True),
        ("size", "megabytes", "weights and tokenizer", 25, "MB", True),
        ("size", "context", "context", 1024, "tokens", False),
    )
    for part, key, name, bar, unit, lower in figures:
        if found := observed.values(part, key):
            board.add(name, list(found.values()), bar, unit, lower)


def _written(example: Example, template: str) -> Request:
    return Request(Renderer(Prompt(template=template)).messages(example.input), Decoding(max_tokens=TOKENS))


def _texts(model: Hf, asked: Sequence[Request], size: int) -> list[str]:
    return [reply.text for i in range(0, len(asked), size) for reply in model.complete(asked[i : i + size])]


def _same(left: Sequence[str], right: Sequence[str]) -> float:
    return 100 * sum(a == b for a, b in zip(left, right, strict=True)) / len(left)


def _agreement(model: Hf, other: Hf, prompt: Prompt, drawn: draws.Draw) -> float:
    candidate = Candidate(model.target, prompt, Decoding(labels=drawn.labels))
    asked = [e.input for e in drawn.test]
    return _same(*([one.answer for one in follow(candidate, Renderer(prompt), asked, m.complete)] for m in (model, other)))
