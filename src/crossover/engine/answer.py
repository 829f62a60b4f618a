"""Reply -> prediction: the answer as the metric and the user see it."""

from __future__ import annotations

import re

from crossover.types import Decoding, Reply


def prediction(reply: Reply, decoding: Decoding) -> str:
    """The answer in a reply.

    With labels: the one with the highest calibrated log-probability; from a backend that only writes text, the label that
    the text is, or else the one label that it mentions. Text that names no label, or several, stays as it is.
    """
    text = reply.text.strip()
    if not decoding.labels:
        return text
    if reply.label_scores:
        bias = decoding.label_bias or (0.0,) * len(decoding.labels)
        # rounded, so that a tie is a tie on every machine; the earlier label wins it
        scores = [round(s - b, 6) for s, b in zip(reply.label_scores, bias, strict=True)]
        return decoding.labels[scores.index(max(scores))]
    folded = text.casefold().strip(" .\"'`*")
    for label in decoding.labels:
        if folded == label.casefold():
            return label
    named = [label for label in decoding.labels if re.search(rf"\b{re.escape(label.casefold())}\b", folded)]
    longest = [label for label in named if not any(label != o and label in o for o in named)]
    return longest[0] if len(longest) == 1 else text
