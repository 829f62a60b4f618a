"""Free text, greedy or sampled, in batches with a cache; each row stops by itself, or where its grammar is complete.

Where a batch stands is kept on the model's device. A card is given the next step before the last one's tokens are looked
at, so that it never waits; what is computed in vain behind the last token is a single step. Its steps are all of one shape,
so that they are recorded (`record.py`) instead of launched kernel by kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy
import torch

from crossover.models.hf.drawing import drawn_tokens
from crossover.models.hf.grammar import Writer
from crossover.models.hf.layout import KeyValueCache, Layout, put
from crossover.models.hf.packing import NO_PREFIX, Packed, Prefix, forward, pack
from crossover.models.hf.record import Recorder
from crossover.models.hf.room import LOG, in_batches, tokens_kept
from crossover.models.hf.telling import Heard, Told
from crossover.scores import NO_NUMBERS

ROWS = {"cpu": 64}  # more take memory and no less time
ROWS_ELSEWHERE = 512  # a card's step takes about as long for many
DEAD = {"cpu": 0.25}  # of the rows may have ended before the others are moved together
DEAD_ELSEWHERE = 0.5  # a card's step is recorded anew then

Chances = tuple[float, tuple[tuple[int, float], ...]]  # a token's log-probability, and those of the likeliest


@dataclass(frozen=True)
class Job:
    """A prompt to be continued by at most `limit` tokens. `seed` fixes the draws when `temperature` is over 0, from the
    likeliest tokens that have the share `top_p` together.

    `grammar` makes a writer, which rules tokens out and says when the answer is complete. `heard` is told of each token,
    with the log-probabilities of the `top` likeliest, and says whether that is enough.
    """

    prompt: tuple[int, ...]
    limit: int
    temperature: float
    seed: int
    grammar: Callable[[], Writer] | None = None
    heard: Heard | None = None
    top: int | None = None
    top_p: float = 1.0


def generate_packed(
    model: Any, jobs: Sequence[Job], ended: Callable[[Sequence[int]], bool], prefix: Prefix = NO_PREFIX
) -> Iterator[tuple[list[int], list[Draft]]]:
    """Continue all jobs, batch by batch: their indices, and what was written; the end of turn is part of an answer. All
    prompts begin with `prefix`.

    Penalties and other settings of the folder's generation_config.json are not applied. Where a device's memory does not
    suffice for a batch, batches are halved.
    """
    first = partial(_first_batch, jobs, len(prefix.tokens), ROWS.get(model.device.type, ROWS_ELSEWHERE))

    def write(batch: list[int]) -> list[Draft]:
        return _Writing(model, [jobs[i] for i in batch], prefix).run(ended)

    return in_batches(len(jobs), tokens_kept(model), first, write)


def generate_plain(
    model: Any, jobs: Sequence[Job], ended: Callable[[Sequence[int]], bool]
) -> Iterator[tuple[list[int], list[Draft]]]:
    """As `generate_packed`, one job at a time with the architecture's own cache, for those that cannot pack."""
    for index, job in enumerate(jobs):
        row = Draft(job)
        ids, cache = torch.tensor([job.prompt]), None
        while row.going:
            output = model(input_ids=ids.to(model.device), past_key_values=cache, use_cache=True)
            tokens = choose(output.logits[:, -1], [row])
            lost = bool(no_numbers(output.logits[:, -1]))
            row.take(int(tokens), ended, chances_of(output.logits[:, -1], tokens, [row]).get(0), lost)
            cache = getattr(output, "past_key_values", None)
            latest = torch.tensor([row.answer[-1:]])
            ids = latest if cache is not None else torch.cat([ids, latest], dim=1)
        yield [index], [row]


class Draft:
    """A job, what was written for it, and whether more is wanted."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.answer: list[int] = []
        self.going = True
        self.writer = job.grammar() if job.grammar else None
        self._lost = False
        self._draws: torch.Generator | None = None

    def draws(self, device: torch.device) -> torch.Generator:
        """Where the noise comes from that an answer with a temperature is drawn by."""
        if self._draws is None:
            self._draws = torch.Generator(device).manual_seed(self.job.seed)
        return self._draws

    @property
    def error(self) -> str:
        """Why there is no answer; empty where there is one."""
        if self._lost:
            return f"the model gives tokens {NO_NUMBERS}"
        return f"the answers' JSON schema cannot be used: {self.writer.error}" if self.writer and self.writer.error else ""

    def take(
        self, token: int, ended: Callable[[Sequence[int]], bool], chances: Chances | None = None, lost: bool = False
    ) -> None:
        """`lost`: the token was chosen by scores that are no numbers, so there is no answer."""
        if lost:
            self._lost, self.going = True, False
            return
        self.answer.append(token)
        complete = self.writer.take(token) if self.writer else ended(self.answer)
        self.going = not complete and len(self.answer) < self.job.limit
        if self.job.heard:
            own, top = chances or (None, ())
            self.going &= not self.job.heard(Told(len(self.answer) - 1, token, complete, not self.going, own, top))


class _Writing:
    """A batch of jobs: row by row, what was written, and where its keys and values lie."""

    def __init__(self, model: Any, jobs: Sequence[Job], prefix: Prefix) -> None:
        self._model, self._jobs, self._prefix = model, jobs, prefix
        known = len(prefix.tokens)
        self._chains = [job.prompt[known:] for job in jobs]
        lengths = torch.tensor([len(chain) for chain in self._chains])
        self._longest = int(lengths.max())
        self._memory = KeyValueCache(self._longest + max(job.limit for job in jobs))
        place = torch.arange(self._memory.size)
        device = model.device
        seen = place < lengths[:, None]
        self._seen = put(seen, device)  # (rows, size): which places of the memory are text
        self._places = put((known + place) * seen, device)  # and where in its row's text each is
        ends = torch.tensor([len(job.prompt) + job.limit - 1 for job in jobs])
        self._next = put(lengths + known, device)  # the position of each row's next token
        self._end = put(ends, device)  # where a row that ended stays
        self._each = torch.arange(len(jobs), device=device)
        self._span = (int(lengths.min()) + known, int(ends.max()))  # of the positions there will be
        self._here = torch.tensor([self._longest], device=device)
        self._latest = torch.zeros_like(self._next)  # the tokens that a step begins with
        self._logits = torch.empty(0)  # and what it ends with
        self._recorder = Recorder(device)

    def run(self, ended: Callable[[Sequence[int]], bool]) -> list[Draft]:
        every = [Draft(job) for job in self._jobs]
        with self._recorder.stream():
            self._run(every, ended)
        if self._recorder.why:
            LOG.warning("the steps of generation are launched one by one: recording them failed (%s)", self._recorder.why)
        return every

    def _run(self, rows: list[Draft], ended: Callable[[Sequence[int]], bool]) -> None:
        ahead, dead = self._recorder.card, DEAD.get(self._model.device.type, DEAD_ELSEWHERE)
        logits = self._begin()
        if ahead:
            self._memory.here = self._here
        while True:
            tokens = choose(logits, rows)
            chances = chances_of(logits, tokens, rows)  # before the next step overwrites them
            lost = no_numbers(logits)
            following = self._step(tokens) if ahead else None
            for i, (row, token, no) in enumerate(zip(rows, tokens.tolist(), lost.tolist(), strict=True)):
                if row.going:
                    row.take(token, ended, chances.get(i), no)
            going = [i for i, row in enumerate(rows) if row.going]
            if not going:
                return
            if len(going) <= (1 - dead) * len(rows):
                rows = [rows[i] for i in going]
                index = put(torch.tensor(going), self._model.device)
                self._gather(index)
                tokens, following = tokens[index], following if following is None else following[index]
            logits = self._step(tokens) if following is None else following

    def _begin(self) -> torch.Tensor:
        """The logits behind each prompt."""
        packed = pack(self._chains, prefix=self._prefix, memory=self._memory)
        last = [start + len(chain) - 1 for start, chain in zip(packed.starts, self._chains, strict=True)]
        self._logits = forward(self._model, packed, torch.tensor(last))
        self._memory.advance(self._longest)
        return self._logits

    def _step(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits behind one more token of each row: overwritten by the next step where steps are recorded."""
        self._latest.copy_(tokens)
        self._recorder.run(len(self._each), self._advance)
        self._memory.advance(1)
        return self._logits

    def _advance(self) -> None:
        self._seen.index_fill_(1, self._here, True)
        self._places.index_copy_(1, self._here, self._next[:, None])
        written = self._memory.size if self._memory.here is not None else self._memory.used + 1
        layout = Layout(
            self._each[:, None],
            self._each,
            self._next[:, None],
            self._span,
            self._seen[:, None, :written],
            shared=self._prefix.layers,
            memory=self._memory,
            places=self._places,
        )
        logits = forward(self._model, Packed(self._latest, self._next, layout, ()), self._each)
        if self._memory.here is not None:
            self._logits.copy_(logits)
        else:
            self._logits = logits
        self._next.copy_(torch.minimum(self._next + 1, self._end))
        self._here.add_(1)

    def _gather(self, index: torch.Tensor) -> None:
        self._memory.select(index)
        self._seen, self._places = self._seen[index], self._places[index]
        self._next, self._end = self._next[index], self._end[index]
        self._latest, self._logits = self._latest[index], self._logits[index]
        self._each = self._each[: len(index)]


def choose(logits: torch.Tensor, rows: Sequence[Draft]) -> torch.Tensor:
    """The next token of each row: (rows, vocabulary) logits -> (rows,), on their device."""
    size = logits.shape[-1]
    ruled = [(i, row.writer.allowed()) for i, row in enumerate(rows) if row.writer and row.going]
    if ruled:
        bits = put(torch.from_numpy(numpy.stack([allowed for _, allowed in ruled])), logits.device)
        place = torch.arange(8, dtype=torch.uint8, device=logits.device)
        allowed = (bits[:, :, None] >> place & 1).flatten(1)[:, :size].bool()
        which = put(torch.tensor([i for i, _ in ruled]), logits.device)
        logits = logits.index_copy(0, which, logits[which].masked_fill(~allowed, -torch.inf))
    tokens = logits.argmax(-1)
    drawn = [i for i, row in enumerate(rows) if row.job.temperature > 0 and row.going]
    if drawn:
        which = put(torch.tensor(drawn), logits.device)
        jobs = [rows[i].job for i in drawn]
        heats, shares = [job.temperature for job in jobs], [job.top_p for job in jobs]
        draws = [rows[i].draws(logits.device) for i in drawn]
        tokens[which] = drawn_tokens(logits[which], heats, shares, draws)
    return tokens


def no_numbers(logits: torch.Tensor) -> torch.Tensor:
    """Which rows of (rows, vocabulary) logits hold a NaN or an infinite one, or nothing above minus infinity, as of damaged
    weights: any token would pass as chosen by them."""
    return ~logits.amax(-1).isfinite()


def chances_of(logits: torch.Tensor, tokens: torch.Tensor, rows: Sequence[Draft]) -> dict[int, Chances]:
    """What the model itself gives the chosen tokens, before grammar and temperature, for the rows that want to know."""
    asked = [i for i, row in enumerate(rows) if row.going and row.job.heard and row.job.top is not None]
    if not asked:
        return {}
    which = put(torch.tensor(asked), logits.device)
    logs = logits[which].log_softmax(-1, dtype=torch.float32)
    own = logs.gather(-1, tokens[which][:, None])[:, 0].tolist()
    most = min(logs.shape[-1], max(rows[i].job.top or 0 for i in asked))
    values, ids = (part.tolist() for part in logs.topk(most, dim=-1))
    found = {}
    for place, i in enumerate(asked):
        wanted = rows[i].job.top or 0
        found[i] = own[place], tuple(zip(ids[place][:wanted], values[place][:wanted], strict=True))
    return found


def _first_batch(jobs: Sequence[Job], known: int, rows: int, left: Sequence[int], most: int) -> tuple[list[int], int]:
    """The shortest that are left, so many that prompts (without what they share) and answers, padded, stay under `most`."""
    batch: list[int] = []
    limit = size = 0
    for index in sorted(left, key=lambda i: (len(jobs[i].prompt), i)):
        limit = max(limit, jobs[index].limit)
        padded = (len(jobs[index].prompt) - known + limit) * (len(batch) + 1)
        if batch and (len(batch) == rows or padded > most):
            break
        batch.append(index)
        size = padded
    return batch, size
