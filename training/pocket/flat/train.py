"""Go on training a model folder on one GPU: python -m training.pocket.flat.train --data D --wordnet W --work F

The bundled model was made so from what `training.pocket.train` had made (README.md). The rate rises once only the training
heads have learnt for some steps, and falls to nothing at the end. The model then lies in `--work`/model, in bfloat16; lines
of `--work`/log.jsonl tell the losses, means over `--log` steps. On a processor the same code runs, for tests.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

import torch
from safetensors.torch import save_file
from torch import Tensor

from crossover.models.hf.folder import POCKET
from training.pocket import corpus
from training.pocket.flat.attention import attention
from training.pocket.flat.feed import Feed
from training.pocket.flat.layout import LENGTH
from training.pocket.flat.makers import start
from training.pocket.flat.muon import Muon
from training.pocket.flat.net import TABLE, Batch, Losses, Net
from training.pocket.train import CONTRAST, FINDING, MEANING, WORDS

HEADS = 200  # steps in which only the training heads learn: they begin at random
WARM_UP = 150  # steps over which the rate then rises
DECAY = 0.65  # the last share of the way, over which it falls
BARE = 0.015  # weight of the bare questions


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and train."""
    given = _parser().parse_args(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    texts = corpus.assemble(given.data, given.wordnet, given.work, given.device)
    train(given, texts)


def train(given: argparse.Namespace, texts: corpus.Corpus) -> None:
    """Start the makers, train, and write the model."""
    torch.backends.cuda.matmul.allow_tf32 = True
    makers = start(texts, given.start, given.work / "batches", given.rows, given.seed, given.workers, given.ahead)
    run = Run(given, torch.from_numpy(texts.vectors).to(given.device))
    feed = Feed(given.work / "batches", given.rows, given.device, makers)
    try:
        run.go(feed)
    finally:
        feed.close()
    run.save()


class Run:
    """What is trained, and how far it is. `vectors`: (texts, 384), the teacher's."""

    def __init__(self, given: argparse.Namespace, vectors: Tensor) -> None:
        self.given, self.vectors = given, vectors
        self.net = Net(str(given.start), attention(given.device)).to(given.device)
        if not given.no_compile:
            self.net.compile_parts()
        matrices, heads, table = self.net.matrices(), self.net.heads_only(), self.net.weight(TABLE)
        taken = {id(p) for p in (*matrices, *heads, table)}
        others = [p for p in self.net.parameters() if id(p) not in taken]
        self.muon = Muon(matrices)
        groups = [{"params": others, "share": 1.0}, {"params": [table], "share": WORDS}, {"params": heads, "share": 1.0}]
        self.adam = torch.optim.AdamW(
            groups, lr=0.0, betas=(0.9, 0.97), weight_decay=0.0, fused=given.device.startswith("cuda")
        )
        self.steps, self.began = 0, time.monotonic()

    def go(self, feed: Feed) -> None:
        """Train until the time or the steps are over. The time begins with the first batch that was learnt from."""
        sums = torch.zeros(len(Losses._fields), device=self.given.device)
        with (self.given.work / "log.jsonl").open("a", encoding="utf-8", buffering=1) as log:
            for batch in feed:
                if (passed := self._passed()) >= 1:
                    break
                sums += self._step(batch, passed)
                if self.steps == 1:
                    self.began = time.monotonic()  # what is compiled is so now
                if self.steps % self.given.log == 0:
                    self._tell(sums / self.given.log, feed, log)
                    sums.zero_()

    def save(self) -> None:
        """The model to load, and the head for meanings, which `training.pocket.probe` reads."""
        out: Path = self.given.work / "model"
        out.mkdir(exist_ok=True)
        for file in Path(self.given.start).iterdir():
            if file.suffix in (".json", ".jinja") and file.is_file():
                shutil.copy(file, out / file.name)
        tensors = {name: self.net.weight(name).detach().to("cpu", torch.bfloat16) for name in self.net.names}
        save_file(tensors, out / "model.safetensors", {"format": "pt"})
        head = {f"weights.head.{name}": value.detach().cpu() for name, value in self.net.head.named_parameters()}
        save_file(head, self.given.work / "state.safetensors")

    def _passed(self) -> float:
        """The share that is over."""
        if self.given.steps:
            return float(self.steps / self.given.steps)
        return float((time.monotonic() - self.began) / self.given.seconds) if self.steps else 0.0

    def _step(self, batch: Batch, passed: float) -> Tensor:
        """Learn a batch; its losses, in one tensor, which nobody waits for."""
        vectors = self.vectors[batch["texts"].clamp(min=0)].float()
        found = self.net.losses(batch, vectors)
        total = found.answers + MEANING * found.angle + CONTRAST * found.contrast + FINDING * found.finding
        torch.autograd.backward(total + BARE * found.bare)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0, foreach=True)
        alone = self.steps < self.given.heads
        height = min(1.0, (self.steps + 1 - self.given.heads) / WARM_UP, (1 - passed) / DECAY)
        rate = self.given.rate * max(0.0, height)
        for group, is_head in zip(self.adam.param_groups, (False, False, True), strict=True):
            group["lr"] = (self.given.rate if is_head else 0.0) if alone else rate * group["share"]
        if not alone:
            self.muon.step(rate)
        self.adam.step()
        self.net.zero_grad(set_to_none=True)
        self.steps += 1
        return torch.stack(found).detach()

    def _tell(self, means: Tensor, feed: Feed, log: TextIO) -> None:
        losses = {name: round(value, 4) for name, value in zip(Losses._fields, means.tolist(), strict=True)}
        if not all(map(math.isfinite, losses.values())):
            raise SystemExit(
                f"the losses are no longer numbers after {self.steps} steps: {losses}; a lower --rate may help"
            )
        tokens, seconds = self.steps * self.given.rows * LENGTH, time.monotonic() - self.began
        facts = {"steps": self.steps, "tokens": tokens, "seconds": round(seconds, 1), "waited": round(feed.waited, 1)}
        line = json.dumps(losses | facts) + "\n"
        log.write(line)
        sys.stderr.write(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with clinc150, hwu64 and t0_prompts")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder with WordNet's data files")
    parser.add_argument("--work", type=Path, required=True, help="folder for everything that training keeps")
    parser.add_argument("--start", type=Path, default=POCKET, help="the model folder to begin with (the bundled one)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=360, help="how long to train once all is compiled (360)")
    length.add_argument("--steps", type=int, help="the same as a number of batches")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--rows", type=int, default=64, help=f"of {LENGTH} tokens, of a batch (64)")
    parser.add_argument("--rate", type=float, default=3e-3, help="learning rate at its height")
    parser.add_argument("--heads", type=int, default=HEADS, help=f"steps in which only the training heads learn ({HEADS})")
    parser.add_argument("--seed", type=int, default=1, help="other episodes")
    parser.add_argument(
        "--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="processes that draw batches"
    )
    parser.add_argument("--ahead", type=int, default=1500, help="unread batches at which they wait")
    parser.add_argument("--log", type=int, default=100, help="steps between two lines of the log")
    parser.add_argument("--no-compile", action="store_true", help="do not compile")
    return parser


if __name__ == "__main__":
    main()
