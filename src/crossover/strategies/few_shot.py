"""Demonstrations in the prompt: how many, which, and in which order, is chosen on dev."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

from crossover.data.task import Task
from crossover.engine.phrasing import answer_form, phrasings, speaks, worded
from crossover.engine.similarity import WORDS
from crossover.errors import OptionError
from crossover.models.embedding import need_embedder
from crossover.strategies._calibration import score_all
from crossover.strategies._choice import first_best, noted
from crossover.strategies._demonstrations import balanced, diverse, reasoned_answers, solved, with_steps
from crossover.strategies._halving import halved
from crossover.strategies._options import check
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Demonstration, Family, Prompt

Selection = Literal["random", "nearest", "nearest_meaning", "diverse", "bootstrapped"]
Pool = tuple[Demonstration, ...]
Worked = Mapping[str, Demonstration]
NEEDS = "strategy 'few_shot', selection 'nearest_meaning',"


@dataclass(frozen=True)
class FewShot(Outlining):
    """A start without an instruction is tried both without one and with the plainest one. Of a start that reasons before
    it answers, its own right solutions are shown.

    - `shots`: the numbers of demonstrations to try.
    - `selection`: how they are chosen, each is tried: `random`, balanced over the labels; `nearest` to each input by
      TF-IDF (Liu et al. 2022), or `nearest_meaning` by sentence embeddings (extra `embeddings`); `diverse`, which cover
      the training rows; `bootstrapped`, a random draw of those that the model itself answers right without any (Khattab
      et al. 2023, DSPy, section 3.3).
    - `many`: also as many as fit the context window (Agarwal et al. 2024).
    - `orders`: further orders of the best to try, unless it is `nearest` (Lu et al. 2022).
    - `attempts`: training rows that the model answers for `bootstrapped`, and where it reasons.
    - `screen`: so many training rows on which all prompts are tried first, and only the best one meets dev
      (`strategies/_halving.py`); 0: all do.
    """

    family: ClassVar[Family] = "prompt"

    shots: tuple[int, ...] = (4, 10)
    selection: tuple[Selection, ...] = ("random", "nearest")
    many: bool = False
    orders: int = 0
    attempts: int = 64
    screen: int = 0

    def __post_init__(self) -> None:
        check(
            "few_shot",
            self,
            ("shots", "1 or more", bool(self.shots) and min(self.shots) >= 1),
            ("selection", f"some of {', '.join(get_args(Selection))}", bool(self.selection)),
            ("orders", "0 or more", self.orders >= 0),
            ("attempts", "1 or more", self.attempts >= 1),
            ("screen", "0 or more", self.screen >= 0),
        )

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return replace(start, worded=True)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        worked = self._worked(start, bench)
        if worked is not None and not worked:
            return noted(start, "no demonstrations, as no training row was solved")
        offered = [
            (candidate, how)
            for form in self._forms(start, bench)
            for candidate, how in self._candidates(replace(start, prompt=form), worked, bench)
            if bench.fits(candidate)
        ]
        called = {candidate.id: how for candidate, how in offered}
        kept = halved([candidate for candidate, _ in offered], self.screen, bench)
        tried = [(*met, called[c.id]) for c, met in zip(kept, score_all(kept, bench), strict=True)]
        if not tried:
            raise OptionError(
                f"strategy 'few_shot': not even {min(self.shots)} demonstrations fit the context window of"
                f" {bench.model.context_window} tokens"
            )
        best = tried[first_best([run for _, run, _ in tried], bench)]
        others = [replace(best[0], prompt=prompt) for prompt in self._reordered(best[0].prompt, bench.seed)]
        tried += [(*met, f"{best[2]}, in another order") for met in score_all(others, bench, [best[1]])]
        candidate, _, how = tried[first_best([run for _, run, _ in tried], bench)]
        screened = f"{len(offered)} prompts, {len(kept)} of them" if len(kept) < len(offered) else f"{len(tried)} prompts"
        note = f"{candidate.prompt.shots} demonstrations, {how}; best of {screened} on dev"
        return noted(candidate, note)

    @staticmethod
    def _forms(start: Candidate, bench: Bench) -> list[Prompt]:
        if not speaks(start.prompt) and start.weights is None:
            forms = answer_form(bench.task), phrasings(bench.task, bench.train)[0]
            return [worded(form, start.prompt) for form in forms]
        return [start.prompt]

    def _candidates(self, plain: Candidate, worked: Worked | None, bench: Bench) -> Iterator[tuple[Candidate, str]]:
        """The form of `plain` with each choice of demonstrations, and what that choice is called."""
        bare = replace(plain, prompt=replace(plain.prompt, demonstrations=(), selection="fixed", shots=0))
        rows = [example for example in bench.train if worked is None or example.input in worked]
        pool = tuple(Demonstration(example.input, plain.decoding.spoken(example.output)) for example in rows)
        right = pool if worked is not None else ()
        if worked is None and "bootstrapped" in self.selection:
            right = self._answered(bare, bench)
        sizes = {min(shots, len(pool)) for shots in self.shots}
        if self.many:
            sizes.add(self._most(plain, pool, worked, bench))
        for shots in sorted(sizes):
            chosen: dict[Selection, Pool] = {"random": balanced(pool, shots, bench.seed)}
            chosen |= {"nearest": pool, "nearest_meaning": pool}
            if "diverse" in self.selection:
                chosen["diverse"] = diverse(pool, shots)
            if right:
                chosen["bootstrapped"] = balanced(right, shots, bench.seed)
            for selection in self.selection:
                picked = chosen.get(selection, ())
                shown = with_steps(bare, picked, bench) if worked is None else tuple(worked[d.input] for d in picked)
                if shown:
                    prompt = replace(plain.prompt, demonstrations=shown, selection="fixed", shots=len(shown))
                    if picked is pool:
                        likeness = need_embedder(NEEDS).name if selection == "nearest_meaning" else WORDS
                        prompt = replace(prompt, selection="nearest", shots=shots, likeness=likeness)
                    yield replace(plain, prompt=prompt), selection.replace("_", " by ")

    def _worked(self, start: Candidate, bench: Bench) -> Worked | None:
        """The own right solutions of a start that reasons before it answers, by their inputs; None for another."""
        if not start.decoding.pattern:
            return None
        found = {shown.input: shown for shown, _ in reasoned_answers(start, self.attempts, bench)}
        return found or (None if start.prompt.steps else {})  # a chain may reason in the steps before

    def _answered(self, bare: Candidate, bench: Bench) -> Pool:
        """Training rows that the model answers right as it is."""
        right, spoken = solved(bare, self.attempts, bench), bare.decoding.spoken
        return tuple(Demonstration(record.example.input, spoken(record.example.output)) for record in right)

    @staticmethod
    def _most(plain: Candidate, pool: Pool, worked: Worked | None, bench: Bench) -> int:
        """The largest number of random demonstrations that fits the context window, by bisection; 1 where none does."""
        low, high = 1, len(pool)
        while low < high:
            middle = (low + high + 1) // 2
            shown = balanced(pool, middle, bench.seed)
            shown = shown if worked is None else tuple(worked[d.input] for d in shown)
            prompt = replace(plain.prompt, demonstrations=shown, shots=middle)
            low, high = (middle, high) if bench.fits(replace(plain, prompt=prompt)) else (low, middle - 1)
        return low

    def _reordered(self, prompt: Prompt, seed: int) -> Iterator[Prompt]:
        draw = random.Random(seed)
        for _ in range(self.orders if prompt.selection == "fixed" else 0):
            yield replace(prompt, demonstrations=tuple(draw.sample(prompt.demonstrations, len(prompt.demonstrations))))
