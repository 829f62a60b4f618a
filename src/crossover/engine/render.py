"""Candidate + input -> messages: the one renderer for evaluation, tuning and serving."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crossover.types import Candidate, Demonstration, Message, Prompt, Request


class Renderer:
    """Renders inputs with one prompt. Keep it: the index for nearest demonstrations is built once.

    Nearest: cosine of TF-IDF vectors over words and word pairs; ties go to the earlier demonstration.
    """

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self._index: tuple[Any, Any] | None = None

    def messages(self, text: str, leave_out: Demonstration | None = None) -> tuple[Message, ...]:
        """The conversation that asks for the answer to `text`.

        `leave_out`: a training row that must not be shown as a demonstration for itself.
        """
        found: list[Message] = []
        if self.prompt.instruction:
            found.append(Message("system", self.prompt.instruction))
        for demonstration in self._shown(text, leave_out):
            found.append(Message("user", self._user(demonstration.input)))
            found.append(Message("assistant", demonstration.output))
        found.append(Message("user", self._user(text)))
        return tuple(found)

    def _user(self, text: str) -> str:
        # replace, not format: an input may hold braces, and must never be read as a template
        return self.prompt.template.replace("{input}", text)

    def _shown(self, text: str, leave_out: Demonstration | None) -> list[Demonstration]:
        pool = self.prompt.demonstrations
        if self.prompt.selection == "fixed" or not pool:
            return [d for d in pool if d != leave_out]
        order = [pool[i] for i in self._by_similarity(text) if pool[i] != leave_out]
        return order[: self.prompt.shots][::-1]  # the most similar stands next to the question

    def _by_similarity(self, text: str) -> list[int]:
        import numpy
        from sklearn.feature_extraction.text import TfidfVectorizer

        if self._index is None:
            vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
            try:
                matrix = vectorizer.fit_transform(d.input for d in self.prompt.demonstrations)
            except ValueError:  # no word in any demonstration: fall back on characters, the same for every input
                vectorizer = TfidfVectorizer(analyzer="char")
                matrix = vectorizer.fit_transform(d.input for d in self.prompt.demonstrations)
            self._index = (vectorizer, matrix)
        vectorizer, matrix = self._index
        similarity = (matrix @ vectorizer.transform([text]).T).toarray().ravel()
        return [int(i) for i in numpy.argsort(-similarity.round(9), kind="stable")]


def requests(
    candidate: Candidate, renderer: Renderer, text: str, repeat: int = 0, leave_out: Demonstration | None = None
) -> list[Request]:
    """The calls that a candidate makes for an input, one a sample: in measuring, in probing and in serving.

    What is done with the replies is not in them: a model is not asked again for another pattern or more samples.
    """
    messages, decoding = renderer.messages(text, leave_out), replace(candidate.decoding, samples=1)
    if decoding.pattern:
        decoding = replace(decoding, labels=(), label_bias=(), pattern="")
    first = repeat * candidate.decoding.samples
    draws = range(first, first + candidate.decoding.samples)
    return [Request(messages, decoding, candidate.weights, draw) for draw in draws]
