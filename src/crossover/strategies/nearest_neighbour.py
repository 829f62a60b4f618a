"""The control that looks up: what the most similar training rows answer, with no language model at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

from crossover.engine.similarity import WORDS
from crossover.models.embedding import need_embedder
from crossover.strategies._choice import first_best, noted
from crossover.strategies._options import check
from crossover.strategies.base import Bench
from crossover.types import Candidate, Decoding, Demonstration, Family, Prompt

Likeness = Literal["words", "meaning"]


@dataclass(frozen=True)
class NearestNeighbour:
    """Each combination is tried on dev; equally good ones leave it to the first.

    - `shots`: how many training rows vote.
    - `likeness`: similar by "words" (TF-IDF) or by "meaning" (sentence embeddings, extra `embeddings`).
    """

    family: ClassVar[Family] = "control"

    shots: tuple[int, ...] = (1, 3, 5)
    likeness: tuple[Likeness, ...] = ("words",)

    def __post_init__(self) -> None:
        check(
            "nearest_neighbour",
            self,
            ("shots", "1 or more", bool(self.shots) and min(self.shots) >= 1),
            ("likeness", f"some of {', '.join(get_args(Likeness))}", bool(self.likeness)),
        )

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        pool = tuple(Demonstration(example.input, example.output) for example in bench.train)
        plain = Candidate(
            "nearest_neighbour",
            Prompt(demonstrations=pool, selection="nearest"),
            Decoding(max_tokens=start.decoding.max_tokens),
            provenance=start.provenance,
        )
        tried = []
        for likeness in self.likeness:
            name = WORDS if likeness == WORDS else need_embedder("strategy 'nearest_neighbour', likeness 'meaning',").name
            for shots in dict.fromkeys(min(shots, len(pool)) for shots in self.shots):
                tried.append(replace(plain, prompt=replace(plain.prompt, shots=shots, likeness=name)))
        runs = [bench.score(candidate) for candidate in tried]
        best = tried[first_best(runs, bench)]
        rows = "the nearest training row" if best.prompt.shots == 1 else f"a vote of the {best.prompt.shots} nearest rows"
        how = "words" if best.prompt.likeness == WORDS else f"meaning ({best.prompt.likeness})"
        return noted(best, f"{rows}, by {how}; best of {len(tried)} on dev")
