"""Crossover's side of a measurement: python -m benchmarks.sides.ours JOB.json prints the result as JSON."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import AutoModelForCausalLM

from crossover.models.hf import Hf
from crossover.tuning import fit
from crossover.types import Decoding, LoraRecipe, Message, Request, Weights


def main() -> None:
    """Do the job and print what it gave."""
    job = json.loads(Path(sys.argv[1]).read_text())
    model = Hf(job["model"], dtype=job.get("dtype", "auto"))
    found = {"answer": answer, "tune": tune}[job["kind"]](model, job)
    found["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found["precision"] = model.precision
    sys.stdout.write(json.dumps(found) + "\n")


def answer(model: Hf, job: dict[str, Any]) -> dict[str, Any]:
    """Answers to the job's conversations: one of its labels, or free text."""
    decoding = Decoding(labels=tuple(job.get("labels", ())), max_tokens=job.get("max_tokens", 64))
    weights = adopted(model, job) if "adapter" in job else None
    requests = [Request(tuple(Message(**m) for m in messages), decoding, weights) for messages in job["conversations"]]
    model.complete([Request((Message("user", "warm up"),), decoding, weights)])
    started = time.perf_counter()
    replies = model.complete(requests)
    seconds = time.perf_counter() - started
    failed = [reply.error for reply in replies if reply.error]
    if failed:
        raise SystemExit(f"{len(failed)} calls failed, such as: {failed[0]}")
    return {"seconds": seconds, "texts": [r.text for r in replies], "scores": [r.label_scores for r in replies]}


def adopted(model: Hf, job: dict[str, Any]) -> Weights:
    """Any tool's adapter, as one of ours."""
    base = AutoModelForCausalLM.from_pretrained(job["model"])
    return model.save(PeftModel.from_pretrained(base, job["adapter"]), Path(job["adapter"]) / "adopted")


def tune(model: Hf, job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of the training steps alone, and where a tune's adapter lies when the job names a folder to keep it."""
    rows = [(tuple(Message(**m) for m in row["messages"]), row["answer"]) for row in job["rows"]]
    recipe = LoraRecipe(
        learning_rate=job["learning_rate"],
        epochs=job["epochs"],
        batch_size=job["batch_size"],
        patience=0,
        rank=16,
        alpha=32,
    )
    times: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(job.get("keep") or scratch) / "tune"
        weights = fit(
            model,
            rows=rows,
            dev_rows=rows[:1],
            recipe=recipe,
            folder=folder,
            on_step=lambda step, steps, loss: times.append(time.perf_counter()),
        )
    warm = job.get("warm", 1)
    seconds = times[-1] - times[warm - 1]
    return {"seconds": seconds, "examples": (len(times) - warm) * job["batch_size"], "weights": weights.path}


if __name__ == "__main__":
    main()
