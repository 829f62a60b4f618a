"""What a few lines of transformers and PEFT do: plain batched loops, that the engine is measured against on one device."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

T = TypeVar("T")
IGNORED = -100  # as a label: no loss there
WARM = 4  # steps that are not timed


class Plain:
    """A model as `from_pretrained` gives it, with PyTorch's own attention."""

    def __init__(self, folder: Path, dtype: torch.dtype, device: str) -> None:
        self.dtype, self.device = dtype, device
        loaded: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")
        self.model = loaded.to(device).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)

    def score(self, prompts: Sequence[str], answers: Sequence[Sequence[int]], batch: int) -> list[list[float]]:
        """The log-probability of each answer's tokens behind each prompt, as lm-eval does it.

        Each pair is a sequence of its own, longest first, `batch` at a time, padded on the right.
        """
        encoded = self._encoded(prompts)
        pairs = [(i, j) for i in range(len(encoded)) for j in range(len(answers))]
        pairs.sort(key=lambda pair: -len(encoded[pair[0]]) - len(answers[pair[1]]))
        found = [[0.0] * len(answers) for _ in encoded]
        with torch.inference_mode():
            for part in _parts(pairs, batch):
                rows = [[*encoded[i], *answers[j][:-1]] for i, j in part]
                ids, _ = _padded(rows)
                logs = F.log_softmax(self.model(input_ids=ids.to(self.device), use_cache=False).logits, dim=-1)
                sums = [
                    logs[k, len(rows[k]) - len(answers[j]) : len(rows[k])]
                    .gather(1, torch.tensor(answers[j], device=self.device)[:, None])
                    .sum()
                    for k, (_, j) in enumerate(part)
                ]
                for (i, j), value in zip(part, torch.stack(sums).tolist(), strict=True):
                    found[i][j] = value
        return found

    def write(self, prompts: Sequence[str], tokens: int, batch: int, least: int = 0) -> list[list[int]]:
        """Greedy answers of at most `tokens` tokens, at least `least`: padded on the left, longest first."""
        encoded = self._encoded(prompts)
        order = sorted(range(len(encoded)), key=lambda i: -len(encoded[i]))
        limits = {"do_sample": False, "max_new_tokens": tokens, "min_new_tokens": least, "pad_token_id": 0}
        found: list[list[int]] = [[] for _ in encoded]
        with torch.inference_mode():
            for part in _parts(order, batch):
                ids, mask = _padded([encoded[i] for i in part], left=True)
                made = self.model.generate(input_ids=ids.to(self.device), attention_mask=mask.to(self.device), **limits)
                for i, row in zip(part, made[:, ids.shape[1] :].tolist(), strict=True):
                    found[i] = row
        return found

    def tune(
        self, rows: Sequence[tuple[Sequence[int], int]], batch: int, rate: float, warm: int = WARM
    ) -> tuple[float, list[float]]:
        """Seconds a step of LoRA behind the first `warm`, and the loss of each step.

        `rows`: tokens, and how many of them are the prompt. As TRL does it: padded on the right, all logits, no loss on
        prompts; rank 16 on all linear layers, AdamW, gradients clipped to norm 1. Only both ends wait for the device.
        """
        options = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
        tuned: Any = get_peft_model(copy.deepcopy(self.model), options).train()
        parameters = [p for p in tuned.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, rate, weight_decay=0.0, fused=True)
        losses: list[torch.Tensor] = []
        began = 0.0
        for step, part in enumerate(_parts(rows, batch)):
            if step == warm:
                began = self._now()
            ids, mask = _padded([row for row, _ in part])
            labels = torch.where(mask == 1, ids, IGNORED)
            for k, (_, start) in enumerate(part):
                labels[k, :start] = IGNORED
            with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.dtype is not torch.float32):
                sent = {"input_ids": ids, "attention_mask": mask, "labels": labels}
                loss = tuned(**{name: tensor.to(self.device) for name, tensor in sent.items()}, use_cache=False).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
        seconds = (self._now() - began) / max(1, len(losses) - warm)
        return seconds, torch.stack(losses).tolist()

    def _encoded(self, prompts: Sequence[str]) -> list[list[int]]:
        return [list(ids) for ids in self.tokenizer(list(prompts), add_special_tokens=False)["input_ids"]]

    def _now(self) -> float:
        if self.device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter()


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _padded(rows: Sequence[Sequence[int]], left: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of tokens as one tensor, and where they stand in it."""
    longest = max(map(len, rows))
    ids, mask = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(2))
    for k, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(len(row))
        ids[k, place], mask[k, place] = torch.tensor(row), 1
    return ids, mask
