"""Answers inputs with an exported control, without Crossover: python predict.py "a text", or texts on standard input.

No language model: the nearest rows of the candidate vote, or the logistic regression in `head` reads a text's embedding.
Needs numpy; sentence-transformers where there is a folder `embedding`; safetensors for a head. With --json each line of
standard input is a JSON string, and each answer an object with `answer`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from crossover.models.classifier import HEAD, Head, read_head
from crossover.models.embedding import Embedder
from crossover.models.nearest_neighbour import votes
from crossover.serve.answering import EMBEDDING, Answering, answer_lines
from crossover.types import Reply, Request

HERE = Path(__file__).parent


class Exported(Answering):
    """The control as it was measured."""

    def __init__(self, folder: Path = HERE) -> None:
        super().__init__(folder)
        head = folder / "head" / HEAD
        self.head: Head | None = read_head(head)[0] if head.is_file() else None
        self.embedder = Embedder(str(folder / EMBEDDING), EMBEDDING)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        """The most probable label, or the vote of the nearest rows, of which the nearest decides a tie."""
        if self.head is None:
            return votes(requests)
        vectors = self.embedder.encode_whole([request.messages[-1].content for request in requests])
        scored = [self.head.scores(v, r.decoding.labels) for r, v in zip(requests, vectors, strict=True)]
        return [Reply(label_scores=scores) for scores in scored]

    def scores(self, text: str) -> dict[str, float]:
        """The log-probability of each label; -100 for one that no training row had."""
        labels, reply = self.candidate.decoding.labels, self.follow(text).reply
        return dict(zip(labels, reply.label_scores, strict=True))


def main() -> int:
    """Answer the arguments, or else the lines of standard input; the exit status."""
    return answer_lines(Exported())


if __name__ == "__main__":
    sys.exit(main())
