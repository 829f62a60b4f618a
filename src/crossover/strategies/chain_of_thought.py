"""Reasoning before the answer: asked for, shown by the model's own right solutions, and voted on where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.task import Task
from crossover.engine.phrasing import reasoned
from crossover.errors import OptionError
from crossover.strategies._choice import dev_values, first_best, noted
from crossover.strategies._demonstrations import balanced, reasoned_answers
from crossover.strategies._options import check
from crossover.strategies._worth import surely_better
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Decoding, Demonstration, Family, Run

# what is taken from a reasoned reply where the task does not say
SAID = r"""(?im)\bthe answer is:?\s*["'*`]*(.+?)["'*`]*\.?\s*$"""
JSON = r"(?s)\{.*\}"


@dataclass(frozen=True)
class ChainOfThought(Outlining):
    """Chain of thought (Wei et al. 2022; without demonstrations: Kojima et al. 2022).

    Demonstrations of the start have no reasoning and are not kept; its instruction, weights and chain are.

    - `shots`: the numbers of worked demonstrations to try, 0 for none: right solutions of training rows by the model
      itself (Zelikman et al. 2022, STaR, section 3.1).
    - `samples`: over 1 is self-consistency (Wang et al. 2023): so many draws, of which the most frequent answer counts;
      it costs as many times more, and is kept where dev is better beyond luck.
    - `temperature`: of these draws.
    - `max_tokens`: the longest reasoning with its answer.
    - `attempts`: training rows that the model solves to have demonstrations.
    """

    family: ClassVar[Family] = "prompt"

    shots: tuple[int, ...] = (0, 4)
    samples: int = 1
    temperature: float = 0.7
    max_tokens: int = 192
    attempts: int = 64

    def __post_init__(self) -> None:
        check(
            "chain_of_thought",
            self,
            ("shots", "0 or more", bool(self.shots) and min(self.shots, default=0) >= 0),
            ("samples", "1 or more", self.samples >= 1),
            ("temperature", "above 0", self.temperature > 0),
            ("max_tokens", "1 or more", self.max_tokens >= 1),
            ("attempts", "1 or more", self.attempts >= 1),
        )

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return replace(start, worded=True, reasons=True)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        plain = replace(start, decoding=self._decoding(start.decoding, bench))
        forms = [replace(plain, prompt=prompt) for prompt in reasoned(bench.task, bench.train, start.prompt)]
        forms = [candidate for candidate in forms if bench.fits(candidate)]
        if not forms:
            raise OptionError(
                f"strategy 'chain_of_thought': a prompt and {self.max_tokens} tokens of reasoning exceed the context window"
                f" of {bench.model.context_window} tokens; valid is a lower max_tokens"
            )
        tried = list(zip(forms, bench.race(forms), strict=True))
        best = tried[first_best([run for _, run in tried], bench)]
        found = 0
        if max(self.shots) > 0:
            worked = reasoned_answers(best[0], self.attempts, bench)
            found = len(worked)
            shown = [replace(best[0], prompt=replace(best[0].prompt, demonstrations=d)) for d in self._shown(worked, bench)]
            more = [(candidate, bench.score(candidate)) for candidate in shown if bench.fits(candidate)]
            tried += more
            among = [best, *more] if 0 in self.shots or not more else more
            best = among[first_best([run for _, run in among], bench)]
        if self.samples > 1:
            decoding = replace(best[0].decoding, samples=self.samples, temperature=self.temperature)
            voting = replace(best[0], decoding=decoding)
            tried.append((voting, bench.score(voting)))
            best = tried[-1] if surely_better(*tried[-1], *best) else best
        return noted(best[0], self._note(best[0], tried, found))

    def _decoding(self, decoding: Decoding, bench: Bench) -> Decoding:
        pattern = bench.task.answer_pattern or (JSON if bench.task.kind == "extract" else SAID)
        return replace(decoding, label_bias=(), verbalizer=(), schema="", pattern=pattern, max_tokens=self.max_tokens)

    def _shown(self, worked: list[tuple[Demonstration, str]], bench: Bench) -> list[tuple[Demonstration, ...]]:
        """A draw for each number of shots, balanced over the answers."""
        solution = {demonstration.input: demonstration for demonstration, _ in worked}
        pool = tuple(Demonstration(demonstration.input, answer) for demonstration, answer in worked)
        sizes = sorted({min(shots, len(pool)) for shots in self.shots} - {0})
        return [tuple(solution[d.input] for d in balanced(pool, size, bench.seed)) for size in sizes]

    def _note(self, best: Candidate, tried: list[tuple[Candidate, Run]], found: int) -> str:
        shots = len(best.prompt.demonstrations)
        how = f"{shots} worked demonstrations" if shots else "no demonstrations"
        if max(self.shots) > 0 and not found:
            how = "no demonstrations, as no training row was solved"
        votes = f", {best.decoding.samples} votes" if best.decoding.samples > 1 else ""
        values = dev_values([run for _, run in tried])
        return f"steps before the answer, {how}{votes}; best of {len(tried)} on dev ({values})"
