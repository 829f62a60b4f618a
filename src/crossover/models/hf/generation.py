"""Free text, greedy or sampled, in batches with a cache; each row stops by itself, or where its grammar is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from crossover.models.hf.grammar import Writer
from crossover.models.hf.layout import Layout, Memory
from crossover.models.hf.packing import NO_PREFIX, Packed, Prefix, forward, pack
from crossover.models.hf.room import tokens_kept

ROWS = 64
DEAD = 0.25  # of the rows may have ended before the others are moved together

Answers = tuple[list[int], list[list[int]]]  # the indices of a batch's jobs, and the tokens generated for each


@dataclass(frozen=True)
class Job:
    """A prompt to be continued by at most `limit` tokens. `seed` fixes the draws when `temperature` is over 0.

    `writer` rules tokens out and says when the answer is complete.
    """

    prompt: tuple[int, ...]
    limit: int
    temperature: float
    seed: int
    writer: Writer | None = None


def generate_packed(
    model: Any, jobs: Sequence[Job], ended: Callable[[Sequence[int]], bool], prefix: Prefix = NO_PREFIX
) -> Iterator[Answers]:
    """Continue all jobs, batch by batch; the end of turn is part of an answer. All prompts begin with `prefix`.

    Penalties and other settings of the folder's generation_config.json are not applied.
    """
    known = len(prefix.tokens)
    for batch in _batches(jobs, known, tokens_kept(model)):
        yield batch, _Writing(model, [jobs[i] for i in batch], prefix).run(ended)


def generate_plain(model: Any, jobs: Sequence[Job], ended: Callable[[Sequence[int]], bool]) -> Iterator[Answers]:
    """As `generate_packed`, one job at a time with the architecture's own cache, for those that cannot pack."""
    for index, job in enumerate(jobs):
        draw = torch.Generator().manual_seed(job.seed)
        ids, answer, cache = torch.tensor([job.prompt]), list[int](), None
        while not answer or (len(answer) < job.limit and not ended(answer)):
            output = model(input_ids=ids.to(model.device), past_key_values=cache, use_cache=True)
            answer.append(_draw(output.logits[0, -1].float().cpu(), job, draw))
            if job.writer and job.writer.take(answer[-1]):
                break
            cache = getattr(output, "past_key_values", None)
            latest = torch.tensor([answer[-1:]])
            ids = latest if cache is not None else torch.cat([ids, latest], dim=1)
        yield [index], [answer]


class _Writing:
    """A batch of jobs: row by row, what was written, and where its keys and values lie."""

    def __init__(self, model: Any, jobs: Sequence[Job], prefix: Prefix) -> None:
        self._model, self._jobs, self._prefix = model, jobs, prefix
        known = len(prefix.tokens)
        self._chains = [job.prompt[known:] for job in jobs]
        longest = max(map(len, self._chains))
        self._memory = Memory(longest + max(job.limit for job in jobs))
        self._seen = torch.zeros(len(jobs), self._memory.size, dtype=torch.bool)  # which places of the memory are text
        self._places = torch.zeros(len(jobs), self._memory.size, dtype=torch.long)  # and where in its row's text it is
        for row, chain in enumerate(self._chains):
            self._seen[row, : len(chain)] = True
            self._places[row, : len(chain)] = torch.arange(known, known + len(chain))
        self._next = torch.tensor([len(job.prompt) for job in jobs])  # the position of each row's next token
        self._end = torch.tensor([len(job.prompt) + job.limit - 1 for job in jobs])  # where a row that ended stays
        self._longest = longest

    def run(self, ended: Callable[[Sequence[int]], bool]) -> list[list[int]]:
        draws = [torch.Generator().manual_seed(job.seed) for job in self._jobs]
        answers: list[list[int]] = [[] for _ in self._jobs]
        rows = list(range(len(self._jobs)))  # the job of each row
        alive = set(rows)
        logits = self._begin()
        while True:
            best = logits.argmax(-1).tolist()
            for row, i in enumerate(rows):
                if i in alive:
                    job = self._jobs[i]
                    free = job.temperature <= 0 and job.writer is None
                    token = best[row] if free else _draw(logits[row].float().cpu(), job, draws[i])
                    answers[i].append(token)
                    complete = job.writer.take(token) if job.writer else ended(answers[i])
                    if complete or len(answers[i]) >= job.limit:
                        alive.discard(i)
            if not alive:
                return answers
            if len(alive) <= (1 - DEAD) * len(rows):
                rows = self._gather(rows, alive)
            logits = self._step([answers[i][-1] for i in rows])

    def _begin(self) -> torch.Tensor:
        """The logits behind each prompt."""
        packed = pack(self._chains, prefix=self._prefix, memory=self._memory)
        last = [start + len(chain) - 1 for start, chain in zip(packed.starts, self._chains, strict=True)]
        logits = forward(self._model, packed, torch.tensor(last))
        self._memory.advance(self._longest)
        return logits

    def _step(self, tokens: Sequence[int]) -> torch.Tensor:
        """The logits behind one more token of each row."""
        here = self._memory.used
        self._seen[:, here] = True
        self._places[:, here] = self._next
        each = torch.arange(len(tokens))
        visible = self._seen[:, None, : here + 1]
        layout = Layout(
            each[:, None],
            each,
            self._next[:, None],
            visible,
            shared=self._prefix.layers,
            memory=self._memory,
            places=self._places,
        )
        packed = Packed(torch.tensor(tokens), self._next, layout, tuple(each.tolist()))
        logits = forward(self._model, packed, each)
        self._memory.advance(1)
        self._next = torch.minimum(self._next + 1, self._end)
        return logits

    def _gather(self, rows: list[int], alive: set[int]) -> list[int]:
        going = [row for row, i in enumerate(rows) if i in alive]
        index = torch.tensor(going)
        self._memory.select(index.to(self._model.device))
        self._seen, self._places = self._seen[index], self._places[index]
        self._next, self._end = self._next[index], self._end[index]
        return [rows[row] for row in going]


def _draw(logits: torch.Tensor, job: Job, generator: torch.Generator) -> int:
    if job.writer is not None:
        logits = logits.masked_fill(job.writer.forbidden(), -torch.inf)
    if job.temperature <= 0:
        return int(logits.argmax())
    chances = (logits.double() / job.temperature).softmax(-1).cumsum(-1)
    point = torch.rand(1, generator=generator, dtype=torch.float64) * chances[-1]
    return min(int(torch.searchsorted(chances, point, right=True)), len(chances) - 1)


def _batches(jobs: Sequence[Job], known: int, most: int) -> Iterator[list[int]]:
    """Rows in order of length, so many that prompts (without what they share) and answers, padded, stay under `most`."""
    batch: list[int] = []
    for index in sorted(range(len(jobs)), key=lambda i: (len(jobs[i].prompt), i)):
        longest = max(len(jobs[i].prompt) - known + jobs[i].limit for i in [*batch, index])
        if batch and (len(batch) == ROWS or longest * (len(batch) + 1) > most):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
