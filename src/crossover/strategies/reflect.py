"""Reflective prompt evolution: a model reads what the prompt got wrong and writes a better instruction (GEPA)."""

from __future__ import annotations

import importlib.util
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from crossover.data.task import Task
from crossover.data.text import comparable
from crossover.data.thought import without_thought
from crossover.data.words import marks
from crossover.engine.follow import calls_of
from crossover.engine.phrasing import instructed
from crossover.errors import CrossoverError, MissingExtra, OptionError
from crossover.strategies._calibration import score_all
from crossover.strategies._choice import dev_values, noted, solved_already
from crossover.strategies._options import check
from crossover.strategies._worth import surely_best
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Example, Family, Message, Record

PART = "instruction"
FEEDBACK = 6  # answers that are shown to the reflection model at once
JUDGED = 48  # training rows by which instructions are compared
COPIED = 6  # words in a row that an instruction may not share with a training row
FEWEST = 4  # words of a row that is known again as a whole
SHORTEST = 3  # words of an instruction
TEMPERATURE = 0.8
ASK = """An assistant follows this instruction:
```
{current}
```
This is what it was given, what it answered, and what would have been right:

{shown}

Find out why the wrong answers are wrong, and write a better instruction. State the rules that tell the answers apart and \
the form that an answer must have. Do not copy the examples. Use at most {words} words. Give the new instruction alone, \
between two lines of ```."""


@dataclass(frozen=True)
class Reflect(Outlining):
    """GEPA (Agrawal et al. 2025), by its authors' library; needs the extra `reflect`.

    Feedback and comparison use different training rows, and the start is kept unless one of the best is better on dev
    beyond luck. An instruction that copies a training row, is empty or too long is refused and counted.

    - `model`: who reflects, as in the task file's `model`; empty: the task's own model.
    - `calls`: the most calls that all of it takes, of both models.
    - `words`: the longest instruction.
    - `penalty`: what each hundred tokens more than the start's take off the score.
    - `finalists`: how many of the best meet dev.
    """

    family: ClassVar[Family] = "prompt"

    model: str = ""
    calls: int = 1000
    words: int = 200
    penalty: float = 0.02
    finalists: int = 2

    def __post_init__(self) -> None:
        check(
            "reflect",
            self,
            ("calls", "1 or more", self.calls >= 1),
            ("words", "10 or more", self.words >= 10),
            ("penalty", "0 or more", self.penalty >= 0),
            ("finalists", "1 or more", self.finalists >= 1),
        )
        if importlib.util.find_spec("gepa") is None:
            raise MissingExtra("strategy 'reflect'", "reflect")

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return replace(start, worded=True)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        start = instructed(start, bench.task, bench.train)
        begun = bench.score(start)
        each = calls_of(start)
        walk = _Walk(self, start, bench, self.calls - each * len(begun.records) * (1 + self.finalists))
        if walk.left < each * len(walk.judged) + walk.round:
            least = self.calls - walk.left + each * len(walk.judged) + walk.round
            raise OptionError(f"strategy 'reflect', option 'calls': received {self.calls}, valid is {least} or more here")
        solved = solved_already([bench.rehearse(start, walk.judged), begun])
        if solved:
            return noted(start, f"not searched: {solved}")
        best = walk.go(self.finalists)
        tried = [(start, begun), *score_all([made for made in best if bench.fits(made)], bench, [begun])]
        chosen = surely_best(tried, bench)
        values = dev_values([run for _, run in tried[1:]])
        what = "the start was kept" if chosen is start else "a new instruction"
        refused = "".join(f", {number} refused as {why}" for why, number in sorted(walk.refused.items()))
        confirmed = f"{len(tried) - 1} met dev ({values}; start {100 * begun.estimate.value:.1f})"
        return noted(chosen, f"{what}; {walk.proposals} proposals{refused}, {confirmed}")


@dataclass
class _Walk:
    """GEPA's adapter: evaluates instructions, shows what went wrong, and has new ones written."""

    how: Reflect
    start: Candidate
    bench: Bench
    left: int
    proposals: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    met: set[tuple[str, str]] = field(default_factory=set)  # candidate and row: what is answered costs nothing again
    stopped: CrossoverError | None = None

    def __post_init__(self) -> None:
        rows = random.Random(self.bench.seed).sample(list(self.bench.train), len(self.bench.train))
        cut = min(JUDGED, len(rows) // 2)
        self.judged, self.shown = rows[:cut], rows[cut:]
        self.round = calls_of(self.start) * (2 * FEEDBACK + len(self.judged)) + 1  # the most calls that a round takes
        self.copies = {words for example in self.bench.train for words in _telling(example.input)}

    def go(self, count: int) -> list[Candidate]:
        """Let GEPA search until the calls are used up; the best by the judged rows, without the start.

        Raises `OptionError` when no proposal could be used at all.
        """
        from gepa.api import optimize

        result: Any = optimize(
            {PART: self.start.prompt.instruction},
            trainset=self.shown,
            valset=self.judged,
            adapter=self,  # type: ignore[arg-type]
            reflection_minibatch_size=FEEDBACK,
            skip_perfect_score=True,
            cache_evaluation=True,
            stop_callbacks=lambda state: self.stopped is not None or self.left < self.round or self._useless(),
            logger=_Silent(),
            seed=self.bench.seed,
        )
        if self.stopped is not None:
            raise self.stopped
        if self.proposals and sum(self.refused.values()) == self.proposals:
            why = ", ".join(f"{number} {reason}" for reason, number in sorted(self.refused.items()))
            raise OptionError(
                f"strategy 'reflect': none of {self.proposals} proposals of the model '{self._model}' could be used ({why})"
            )
        order = sorted(range(len(result.candidates)), key=lambda i: -result.val_aggregate_scores[i])
        found = [result.candidates[i][PART] for i in order]
        return [self._candidate(text) for text in found if text != self.start.prompt.instruction][:count]

    def evaluate(self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Scores of an instruction on some rows, less what its length costs; a failed call counts as the others' mean."""
        from gepa.core.adapter import EvaluationBatch

        made = self._candidate(candidate[PART])
        fresh = {(made.id, example.id) for example in batch} - self.met
        self.left -= calls_of(made) * len(fresh)
        self.met |= fresh
        try:
            records = self.bench.rehearse(made, batch).records
        except CrossoverError as error:  # GEPA goes on after an error; the study must not
            self.stopped = error
            raise
        values = [record.score.value for record in records if record.score]
        mean = sum(values) / len(values) if values else 0.0
        cost = self.how.penalty * max(0, self._tokens(made) - self._tokens(self.start)) / 100
        scores = [(record.score.value if record.score else mean) - cost for record in records]
        return EvaluationBatch(outputs=[r.prediction for r in records], scores=scores, trajectories=list(records))

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[dict[str, str]]]:
        """What the reflection model is shown of a batch: the wrong answers first."""
        records: Sequence[Record] = eval_batch.trajectories
        order = sorted((r for r in records if r.score), key=lambda r: r.score.value if r.score else 0.0)
        return {PART: [{"input": r.example.input, "answer": r.prediction, "right": r.example.output} for r in order]}

    def propose_new_texts(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, str]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """One call to the reflection model; the instruction as it was where its proposal is refused."""
        current = candidate[PART]
        shown = "\n\n".join(
            f"Given: {row['input']}\nAnswered: {row['answer'] or '(nothing)'}\nRight: {row['right']}"
            for row in reflective_dataset[PART]
        )
        asked = ASK.format(current=current, shown=shown, words=self.how.words)
        self.proposals += 1
        self.left -= 1
        try:
            reply = self.bench.ask(
                self._model, [Message("user", asked)], 4 * self.how.words, TEMPERATURE, self.proposals, "reflect"
            )
        except CrossoverError as error:
            self.stopped = error
            raise
        text = _fenced(without_thought(reply.text))
        why = "failed calls" if reply.error is not None else self._unfit(text, current)
        if why:
            self.refused[why] += 1
            return {PART: current}
        return {PART: text}

    @property
    def _model(self) -> str:
        return self.how.model or self.bench.task.model

    def _unfit(self, text: str, current: str) -> str:
        """Why a proposal is not tried; empty where it is."""
        words = len(text.split())
        if words < SHORTEST:
            return "empty"
        if words > self.how.words:
            return f"over {self.how.words} words"
        if text == current:
            return "unchanged"
        if self.copies & (_runs(text) - _runs(self.start.prompt.instruction)):
            return "copies of training rows"
        return ""

    def _useless(self) -> bool:
        """Ten proposals, and none that could be used."""
        return self.proposals >= 10 and sum(self.refused.values()) == self.proposals

    def _candidate(self, instruction: str) -> Candidate:
        return replace(self.start, prompt=replace(self.start.prompt, instruction=instruction))

    def _tokens(self, candidate: Candidate) -> int:
        return self.bench.model.count_tokens([Message("user", candidate.prompt.instruction)])


class _Silent:
    def log(self, message: str) -> None:
        """GEPA prints what it does; the study's own progress is shown instead."""


def _fenced(text: str) -> str:
    """The last block between ``` marks, or all of the text."""
    blocks: list[str] = re.findall(r"```[a-z]*\n?(.*?)```", text, re.DOTALL)
    return (blocks[-1] if blocks else text).strip()


def _runs(text: str) -> set[tuple[str, ...]]:
    """All runs of `FEWEST` to `COPIED` words."""
    words = re.findall(rf"[\w{marks()}]+", comparable(text))
    return {tuple(words[i : i + n]) for n in range(FEWEST, COPIED + 1) for i in range(len(words) - n + 1)}


def _telling(text: str) -> set[tuple[str, ...]]:
    """The runs that show that a row was copied: those of `COPIED` words, or a shorter row as a whole."""
    runs = _runs(text)
    longest = max(map(len, runs), default=0)
    return {run for run in runs if len(run) == longest}
