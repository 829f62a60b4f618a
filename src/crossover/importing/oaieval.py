"""Logs of `oaieval`, the open-source framework: a specification, an event a line, and a final report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossover.errors import DataError
from crossover.importing.base import Item, Log, Printed, conversation, listed, mapping, number, text
from crossover.importing.source import Source

TOTALS = ("accuracy", "score", "f1_score")
SCORES = {"accuracy": "correct", "score": "score", "f1_score": "f1_score"}  # a total -> what it is the mean of


def is_event_log(content: Any) -> bool:
    """Whether a file's lines begin as oaieval's do."""
    return isinstance(content, list) and bool(content) and "eval_name" in mapping(mapping(content[0]).get("spec"))


def log_of(source: Source) -> Log:
    """A log's samples, by their ids. Raises `DataError` where no sample has a result."""
    spec = mapping(mapping(source.content[0])["spec"])
    samples: dict[str, dict[str, Mapping[str, Any]]] = {}
    report: Mapping[str, Any] = {}
    for line in map(mapping, source.content[1:]):
        report = mapping(line.get("final_report")) or report
        if "sample_id" in line:
            samples.setdefault(text(line["sample_id"]), {})[text(line.get("type"))] = mapping(line.get("data"))
    items = [_item(identity, events) for identity, events in samples.items()]
    if not any(item.scores or item.failed for item in items):
        raise DataError(f"{source.path} has no event 'match' or 'metrics': there is no result of a single sample in it")
    printed = [Printed(SCORES[name], name, value) for name in TOTALS if (value := number(report.get(name))) is not None]
    models = ", ".join(text(name) for name in listed(spec.get("completion_fns"))) or text(spec.get("model_name"))
    return Log("OpenAI Evals", text(spec["eval_name"]), models, tuple(items), tuple(printed), str(source.path))


def _item(identity: str, events: Mapping[str, Mapping[str, Any]]) -> Item:
    sampling, match, metrics = (events.get(kind, {}) for kind in ("sampling", "match", "metrics"))
    asked = conversation(sampling.get("prompt", match.get("prompt")))
    expected = match.get("expected", metrics.get("expected"))
    row = {"input": asked, "expected": expected if isinstance(expected, str) else text(expected)}
    said = sampling.get("sampled")
    answer = text(said[0]) if isinstance(said, list) and said else text(said)
    if "error" in events and not match and not metrics:
        return Item(identity, row, answer, {}, text(events["error"].get("message")) or "an error")
    scores = {str(name): number(value) for name, value in metrics.items() if number(value) is not None}
    if "correct" in match:
        scores["correct"] = number(match["correct"])
    return Item(identity, row, answer, scores)
