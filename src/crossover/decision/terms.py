"""What a metric is called in a sentence."""

from __future__ import annotations

NAMES = {"judge": "mean grade", "rouge_l": "ROUGE-L", "chrf": "chrF"}


def measure(metric: str) -> str:
    """ "macro_f1" is "macro F1", "judge" is "mean grade"; of "own.py:closeness" what is measured, "closeness"."""
    name = metric.rpartition(":")[2]
    return NAMES.get(name) or name.replace("_", " ").replace("f1", "F1")


def heading(metric: str) -> str:
    """The same where a line begins: "Macro F1"."""
    words = measure(metric)
    return words if words in NAMES.values() and words[1:] != words[1:].lower() else words[:1].upper() + words[1:]
