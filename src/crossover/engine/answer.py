"""Replies -> prediction: the answer as the metric and the user see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from crossover.data.text import extracted, stated
from crossover.data.thought import without_thought
from crossover.types import Decoding, Reply, Usage


def vote(draws: Sequence[Reply], decoding: Decoding) -> tuple[Reply, str]:
    """The reply that stands for all draws of one input, with what all of them took, and the prediction.

    The most frequent prediction wins, of equally frequent ones the first that was drawn (self-consistency, Wang et al.
    2023); a draw without an answer has no vote. When a draw failed, so did the whole: fewer draws would be another
    candidate.
    """
    if len(draws) == 1:
        return draws[0], "" if draws[0].error is not None else prediction(draws[0], decoding)
    usage = sum((reply.usage for reply in draws), Usage())
    failed = next((reply for reply in draws if reply.error is not None), None)
    if failed is not None:
        return replace(failed, usage=usage), ""
    found = [prediction(reply, decoding) for reply in draws]
    votes = Counter(filter(None, found) if any(found) else found)
    [(winner, _)] = votes.most_common(1)  # ties: in the order in which they were met
    return replace(draws[found.index(winner)], usage=usage), winner


def prediction(reply: Reply, decoding: Decoding) -> str:
    """The answer in a reply: never its thoughts, and nothing where a thought has no end.

    With labels: the one with the highest calibrated log-probability; from a backend that only writes text, the label that
    the text states (`crossover.data.text.stated`). Text that states no label, or several, stays as it is; so does text in
    which `pattern` finds nothing.
    """
    said = without_thought(reply.text.strip()).strip()
    if decoding.pattern and said:
        said = extracted(said, decoding.pattern)
    if not decoding.labels:
        return said
    if reply.label_scores and not decoding.pattern:
        bias = decoding.label_bias or (0.0,) * len(decoding.labels)
        # rounded, so that a tie is a tie on every machine; the earlier label wins it
        scores = [round(s - b, 6) for s, b in zip(reply.label_scores, bias, strict=True)]
        return decoding.labels[scores.index(max(scores))]
    place = stated(said, decoding.verbalizer or decoding.labels)
    return said if place is None else decoding.labels[place]
