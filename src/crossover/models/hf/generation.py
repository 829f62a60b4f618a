"""Free text, greedy or sampled, in batches with a cache; each row stops by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from crossover.models.hf.packing import prefix_cache, shared_prefix

TOKENS = 16384  # of a batch, prompts and answers together
ROWS = 32


@dataclass(frozen=True)
class Job:
    """A prompt to be continued by at most `limit` tokens. `seed` fixes the draws when `temperature` is over 0."""

    prompt: tuple[int, ...]
    limit: int
    temperature: float
    seed: int


def generate(
    model: Any, jobs: Sequence[Job], ended: Callable[[Sequence[int]], bool], together: bool
) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Batch by batch: the indices of its jobs, and the tokens generated for each, the end of turn included.

    Penalties and other settings of the folder's generation_config.json are not applied. `together` False: one job at a
    time, with nothing shared, for architectures that cannot pack.
    """
    known = shared_prefix([job.prompt for job in jobs]) if together else 0
    prefix = prefix_cache(model, jobs[0].prompt[:known]) if known else None
    order = sorted(range(len(jobs)), key=lambda i: (len(jobs[i].prompt), i))
    for batch in _batches(order, jobs, ROWS if together else 1):
        chosen = [jobs[i] for i in batch]
        yield batch, _continue(model, chosen, known, _copies(model, prefix, len(chosen)), ended)


def _continue(
    model: Any, jobs: Sequence[Job], known: int, cache: Any, ended: Callable[[Sequence[int]], bool]
) -> list[list[int]]:
    longest = max(len(job.prompt) for job in jobs) - known
    ids = torch.zeros(len(jobs), longest, dtype=torch.long)
    mask = torch.zeros(len(jobs), known + longest, dtype=torch.long)
    mask[:, :known] = 1
    for i, job in enumerate(jobs):
        rest = job.prompt[known:]
        ids[i, longest - len(rest) :] = torch.tensor(rest)
        mask[i, known + longest - len(rest) :] = 1
    draws = [torch.Generator().manual_seed(job.seed) for job in jobs]
    answers: list[list[int]] = [[] for _ in jobs]
    alive = list(range(len(jobs)))
    while alive:
        logits, cache = _step(model, ids, mask, cache)
        chosen = [_draw(logits[row], jobs[i], draws[i]) for row, i in enumerate(alive)]
        for token, i in zip(chosen, alive, strict=True):
            answers[i].append(token)
        going = [row for row, i in enumerate(alive) if len(answers[i]) < jobs[i].limit and not ended(answers[i])]
        if len(going) < len(alive) and going:
            cache.batch_select_indices(torch.tensor(going, device=model.device))
        mask = torch.cat([mask[going], torch.ones(len(going), 1, dtype=torch.long)], dim=1)
        latest = torch.tensor([[chosen[row]] for row in going], dtype=torch.long)
        # an architecture that keeps no cache of this kind reads everything again; it comes one job at a time
        ids = latest if cache is not None or not going else torch.cat([ids, latest], dim=1)
        alive = [alive[row] for row in going]
    return answers


def _step(model: Any, ids: torch.Tensor, mask: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
    """The logits behind the last token of each row, and the cache, or None where the architecture gives none."""
    options: dict[str, Any] = {}
    if not bool(mask.all()):  # without padding neither is needed, and some architectures take neither
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        options = {"attention_mask": mask.to(model.device), "position_ids": positions.to(model.device)}
    output = model(input_ids=ids.to(model.device), past_key_values=cache, use_cache=True, **options)
    return output.logits[:, -1].float().cpu(), getattr(output, "past_key_values", None)


def _draw(logits: torch.Tensor, job: Job, generator: torch.Generator) -> int:
    if job.temperature <= 0:
        return int(logits.argmax())
    chances = (logits.double() / job.temperature).softmax(-1).cumsum(-1)
    point = torch.rand(1, generator=generator, dtype=torch.float64) * chances[-1]
    return min(int(torch.searchsorted(chances, point, right=True)), len(chances) - 1)


def _copies(model: Any, prefix: DynamicCache | None, rows: int) -> Any:
    if prefix is None:
        return None
    spread = [(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1)) for layer in prefix.layers]
    return DynamicCache(spread, config=model.config)


def _batches(order: Sequence[int], jobs: Sequence[Job], rows: int) -> Iterator[list[int]]:
    """Rows in order of length, so many that all of them, padded, stay under `TOKENS`."""
    batch: list[int] = []
    for index in order:
        longest = max([len(jobs[i].prompt) + jobs[i].limit for i in [*batch, index]])
        if batch and (len(batch) == rows or longest * (len(batch) + 1) > TOKENS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
