"""The demonstrations in the prompt vote on the answer: k nearest neighbours, where they are the nearest to the input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.errors import ModelError
from crossover.models.base import CONTROL, Runtime
from crossover.types import Candidate, Message, Reply, Request


@dataclass(frozen=True)
class NearestNeighbour:
    """`nearest_neighbour` gives the most frequent answer among the demonstrations; of equally frequent ones the last,
    which is that of the most similar demonstration (Cover and Hart 1967). Without any, an empty answer.

    It has no tokens, so it counts none. Raises `ModelError` for a target.

    - `target`: nothing.
    """

    target: str = ""
    local = True
    control = True
    context_window = 1 << 20  # it only counts answers, so nothing is too long
    identity = "nearest_neighbour"

    def __post_init__(self) -> None:
        if self.target:
            raise ModelError(f"the model 'nearest_neighbour' takes no target, received '{self.target}'")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 0

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return votes(requests)

    def runtime(self, candidate: Candidate) -> Runtime:
        how = "by TF-IDF" if candidate.prompt.likeness == "words" else "by their embeddings"
        about = {"demonstrations.jsonl": f"the rows of which the {candidate.prompt.shots} nearest {how} vote"}
        return Runtime("crossover.serve.standalone_control", ("numpy",), about=about, note=CONTROL)


def votes(requests: Sequence[Request]) -> list[Reply]:
    """Of each request the answer that its demonstrations vote for."""
    return [Reply(_vote([m.content for m in request.messages if m.role == "assistant"])) for request in requests]


def _vote(answers: Sequence[str]) -> str:
    counts = Counter(reversed(answers))  # the last first: ties are in the order in which they were met
    return counts.most_common(1)[0][0] if counts else ""
