"""Processes that draw batches and leave each as a file, until they are told to stop."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pickle
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from transformers import AutoTokenizer

from training.pocket.corpus import Corpus
from training.pocket.flat.mixer import FlatMixer

READY = ".batch"  # a file that is whole
PAUSE = 0.2  # seconds until a maker looks again whether its batches are wanted
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


def start(
    corpus: Corpus, tokenizer: Path, folder: Path, rows: int, seed: int, workers: int, ahead: int
) -> list[BaseProcess]:
    """Start `workers` makers; each waits while `ahead` files are unread. Nobody but them needs `corpus` any longer."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    kept = folder / "corpus"
    with kept.open("wb") as file:  # without the vectors: a batch names rows of them
        pickle.dump(dataclasses.replace(corpus, vectors=corpus.vectors[:1].copy()), file, protocol=5)
    os.environ |= dict.fromkeys(THREADS, "1") | {"TOKENIZERS_PARALLELISM": "false"}
    context = multiprocessing.get_context("spawn")
    found: list[BaseProcess] = []
    for worker in range(workers):
        given = (kept, tokenizer, folder, rows, f"{seed}-{worker}", ahead)
        found.append(context.Process(target=_make, args=given, daemon=True))
        found[-1].start()
    return found


def _make(corpus: Path, tokenizer: Path, folder: Path, rows: int, seed: str, ahead: int) -> None:
    with corpus.open("rb") as file:
        mixer = FlatMixer(pickle.load(file), AutoTokenizer.from_pretrained(tokenizer))
    number = 0
    while True:
        if sum(name.endswith(READY) for name in os.listdir(folder)) >= ahead:
            time.sleep(PAUSE)
            continue
        batch = mixer.flat(random.Random(f"pocket-flat-{seed}-{number}"), rows)
        number += 1
        if batch is not None:
            part = folder / f"{number:06d}-{seed}.part"
            part.write_bytes(batch)
            part.rename(part.with_suffix(READY))
