"""The model as a piece of software: sameness of its answers, precision, speed and size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

import torch

from crossover.engine.follow import follow
from crossover.engine.render import Renderer
from crossover.models.hf import Hf
from crossover.types import Candidate, Decoding, Example, Prompt, Request
from training.pocket.measures import draws
from training.pocket.measures.lab import Lab, say
from training.pocket.measures.labels import BANKING, examples_in
from training.pocket.measures.wordings import wordings

TEXTS, TOKENS, SIZES = 32, 24, (1, 4, 16)
PROMPT, REPEATS = 100, 20
TEMPLATES = ("Text: {input}\nLabel:", "Say it in other words: {input}\nAnswer:", "{input}")


def measure_sameness(lab: Lab) -> None:
    """Greedy text over two openings of the model and three batch sizes; labels in two precisions."""
    drawn = draws.spelled(draws.banking(lab.data, 0, lab.tests))
    asked = [_written(e, TEMPLATES[i % len(TEMPLATES)]) for i, e in enumerate(drawn.test[:TEXTS])]
    say(f"sameness: {len(asked)} texts of {TOKENS} tokens, twice and in batches of {SIZES}")
    once = _texts(lab.model, asked, len(asked))
    fresh = Hf(lab.model.target, dtype="float32", device=lab.model.device)
    lab.board.add("greedy: same text on a second run", [_same(once, _texts(fresh, asked, len(asked)))], 100)
    by_size = [_texts(lab.model, asked, size) for size in SIZES]
    shares = [_same(once, texts) for texts in by_size]
    everywhere = 100 * sum(len(set(found)) == 1 for found in zip(once, *by_size, strict=True)) / len(once)
    lab.board.add("greedy: same text in batches of 1, 4, 16", shares, 100, value=everywhere)
    half = Hf(lab.model.target, dtype="bfloat16", device=lab.model.device)
    told, shown = [], []
    for seed in lab.seeds:
        kept = draws.banking(lab.data, seed, lab.tests)
        plain = draws.spelled(kept)
        prompt = wordings(BANKING.goal, kept)[0].prompt
        told.append(_agreement(lab.model, half, prompt, plain))
        shown.append(_agreement(lab.model, half, examples_in(prompt, plain), plain))
        say(f"sameness, draw {seed}: {told[-1]:.1f} % zero-shot, {shown[-1]:.1f} % with examples")
    lab.board.add("float32 and bfloat16: same label, zero-shot", told, 98)
    lab.board.add("float32 and bfloat16: same label, two examples a label", shown, 98)


def measure_size(lab: Lab) -> None:
    """Milliseconds of a forward pass of 100 tokens on one CPU thread, in float32; megabytes; context."""
    model = Hf(lab.model.target, dtype="float32", device="cpu")
    text = " ".join(e.input for e in draws.banking(lab.data, 0, lab.tests).test[:PROMPT])
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
    lab.board.add("forward pass of 100 tokens, one thread", times[3:], 30, "ms", lower=True, value=median(times[3:]))
    files = [p for p in model.folder.iterdir() if p.suffix == ".safetensors" or p.name.startswith("tokenizer")]
    lab.board.add("weights and tokenizer", [sum(p.stat().st_size for p in files) / 1e6], 25, "MB", lower=True)
    lab.board.add("context", [model.context_window], 1024, "tokens")


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
