"""Train the model, or go on training it: python -m training.pocket.train --data D --wordnet W --work F --minutes 90

`--work` keeps the tokenizer, the teacher's vectors, and a checkpoint every five minutes; the same command goes on from it.
`--start FOLDER` begins with the weights and the tokenizer of a model folder, the bundled one included.
At the end (and on Ctrl-C or a plain kill) the model lies in `--work`/model, in bfloat16, ready to load.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from training.pocket import corpus, model, tokenizer
from training.pocket.batches import CURRICULUM, READING, TOKENS, Batch, Mixer

WARM_UP = 60  # steps
DECAY = 0.35  # the last share of the time, in which the rate falls linearly
FLOOR = 0.04  # of the rate, at the end
# The word vectors' share of the rate: at the full rate the output's gradient moves every rare word each step, and what
# the teacher knew of it is lost.
WORDS = 0.03
CHECKPOINT = 300  # seconds
LOG = 20  # steps
LEARNT = 24_000  # episodes that the tokenizer's merges come from
MEANING = 0.6  # weight of the angle
CONTRAST = 0.15
FINDING = 0.3


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with clinc150, hwu64 and t0_prompts")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder with WordNet's data files")
    parser.add_argument("--work", type=Path, required=True, help="folder for everything that training keeps")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="how long to train from now; the rate falls to the end")
    length.add_argument(
        "--steps", type=int, help=f"the same as a number of batches of {TOKENS} tokens, for an exact repeat"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--start", type=Path, help="a model folder to begin with instead of fresh weights")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate at its height")
    parser.add_argument("--seed", type=int, default=0, help="another order of episodes")
    parser.add_argument("--begin", type=int, help="tokens after which the curriculum starts, when not right after reading")
    parser.add_argument("--no-compile", action="store_true", help="do not compile (there is no C++ compiler)")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores Ctrl-C unless told otherwise
        signal.signal(number, signal.default_int_handler)
    Run(given, corpus.assemble(given.data, given.wordnet, given.work, given.device)).go()


class Run:
    """One invocation: what is trained, and how far it is."""

    def __init__(self, given: argparse.Namespace, texts: corpus.Corpus) -> None:
        self.given = given
        self.work: Path = given.work
        self.corpus = texts
        self.folder = self.work / "tokenizer"
        if not self.folder.exists():
            if given.start:
                shutil.copytree(
                    given.start, self.folder, ignore=shutil.ignore_patterns("*.safetensors", "*.md", "config.json")
                )
            else:
                tokenizer.train(self._texts(), self.folder)
        words = AutoTokenizer.from_pretrained(self.folder)
        default = READING - CURRICULUM if given.start else READING  # a finished model has the curriculum behind it
        self.mixer = Mixer(self.corpus, words, given.seed, default if given.begin is None else given.begin)
        torch.manual_seed(0)
        bare = model.load(given.start) if given.start else model.create(words)
        self.trained = model.Trained(bare, not given.no_compile).to(given.device)
        self.steps = self.seen = 0
        if given.start:
            self.seen = READING
        matrices = [p for n, p in bare.model.named_parameters() if p.ndim == 2 and "embed" not in n]
        table = bare.get_input_embeddings().weight
        kept = {id(p) for p in [*matrices, table]}
        others = [p for p in self.trained.parameters() if id(p) not in kept]
        groups = [{"params": others, "height": 1.0}, {"params": [table], "height": WORDS}]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=given.rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(groups, lr=given.rate, betas=(0.9, 0.97), weight_decay=0.0),
        ]
        self._resume()

    def go(self) -> None:
        """Train until the time is over."""
        begin = saved = time.monotonic()
        sums: list[float] = []
        first = self.steps
        try:
            for batch in self._batches():
                passed = self._passed(self.steps - first, time.monotonic() - begin)
                if passed >= 1:
                    break
                self._rate(passed, self.steps - first)
                if self.seen < READING:
                    angle, contrast = self.trained.meanings(batch, self.given.device)
                    answers = finding = torch.zeros(())
                else:
                    answers, angle, contrast, finding = self.trained.losses(batch, self.given.device)
                torch.autograd.backward(answers + MEANING * angle + CONTRAST * contrast + FINDING * finding)
                torch.nn.utils.clip_grad_norm_(self.trained.parameters(), 1.0)
                for optimizer in self.optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                self.steps += 1
                self.seen += TOKENS
                sums += [answers.item(), angle.item(), contrast.item(), finding.item()]
                if self.steps % LOG == 0:
                    self._log([sum(sums[i::4]) / len(sums[i::4]) for i in range(4)], time.monotonic() - begin, first)
                    sums = []
                if time.monotonic() - saved > CHECKPOINT:
                    self._save()
                    saved = time.monotonic()
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: saving\n")
        self._save()

    def _passed(self, steps: int, seconds: float) -> float:
        """The share of this invocation that is over."""
        return float(steps / self.given.steps if self.given.steps else seconds / (self.given.minutes * 60))

    def _rate(self, passed: float, steps: int) -> None:
        height = min(1.0, (steps + 1) / WARM_UP, max(FLOOR, (1 - passed) / DECAY))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.given.rate * height * group.get("height", 1.0)

    def _batches(self) -> Iterator[Batch]:
        """Batches, drawn one step ahead in a thread."""
        ready: queue.Queue[Batch] = queue.Queue(2)
        stop = threading.Event()

        def draw() -> None:
            number, seen = self.steps, self.seen
            while not stop.is_set():
                batch = self.mixer.batch(number, seen)
                while not stop.is_set():
                    try:
                        ready.put(batch, timeout=1)
                        break
                    except queue.Full:
                        continue
                number, seen = number + 1, seen + TOKENS

        thread = threading.Thread(target=draw, daemon=True)
        thread.start()
        try:
            while thread.is_alive() or not ready.empty():
                yield ready.get()
        finally:
            stop.set()

    def _texts(self) -> Iterator[str]:
        """What the tokenizer is learnt from: episodes as they are met from the curriculum's end on."""
        rng = random.Random(0)
        mixer = Mixer(self.corpus, None)
        for _ in range(LEARNT):
            yield "".join(piece.text for piece in mixer.draw(rng, 300, 1.0)).replace("</s>", "")

    def _log(self, means: list[float], seconds: float, first: int) -> None:
        rate = (self.steps - first) * TOKENS / seconds
        line = {
            "steps": self.steps,
            "tokens": self.seen,
            "answers": round(means[0], 4),
            "angle": round(means[1], 4),
            "contrast": round(means[2], 4),
            "finding": round(means[3], 4),
            "minutes": round(seconds / 60, 1),
            "tokens_a_second": round(rate),
        }
        with (self.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        sys.stderr.write(json.dumps(line) + "\n")

    def _save(self) -> None:
        """The state to go on from, then the model to load; each replaced whole."""
        tied = self.trained.model.config.tie_word_embeddings
        tensors = {
            f"weights.{name}": value.contiguous()
            for name, value in self.trained.state_dict().items()
            if not (tied and "lm_head" in name)
        }
        for name, parameter in self.trained.named_parameters():
            for optimizer in self.optimizers:
                state = optimizer.state.get(parameter, {})
                tensors |= {f"optimizer.{name}.{key}": value for key, value in state.items() if torch.is_tensor(value)}
        fresh = self.work / "state.safetensors.new"
        save_file(tensors, fresh, {"steps": str(self.steps), "seen": str(self.seen)})
        fresh.replace(self.work / "state.safetensors")
        out = self.work / "model"
        bare = model.for_use(self.trained.model)
        bare.save_pretrained(out)
        for file in self.folder.iterdir():
            shutil.copy(file, out / file.name)

    def _resume(self) -> None:
        path = self.work / "state.safetensors"
        if not path.exists():
            return
        with safe_open(path, "pt") as opened:
            facts = opened.metadata()
        tensors = load_file(path, device=str(self.given.device))
        weights = {name.removeprefix("weights."): value for name, value in tensors.items() if name.startswith("weights.")}
        self.trained.load_state_dict(weights, strict=False)  # a tied output table is not kept twice
        for name, parameter in self.trained.named_parameters():
            kept = f"optimizer.{name}."
            state = {key.removeprefix(kept): value for key, value in tensors.items() if key.startswith(kept)}
            owner = next(o for o in self.optimizers if any(parameter is p for g in o.param_groups for p in g["params"]))
            if state:
                owner.state[parameter] = state
        self.steps, self.seen = int(facts["steps"]), int(facts["seen"])


if __name__ == "__main__":
    main()
