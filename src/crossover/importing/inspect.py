"""Inspect (inspect_ai): `.eval` and JSON logs, with each sample's score as its epochs were reduced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from crossover.errors import DataError
from crossover.importing.base import (
    Item,
    Log,
    Printed,
    Reading,
    Wording,
    conversation,
    distinct,
    listed,
    mapping,
    number,
    text,
)
from crossover.importing.source import Source

# what Inspect's value_to_float makes of a score that is written as a word
WORDS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
MEANS = ("accuracy", "mean")
SPREADS = ("stderr", "std", "var", "bootstrap_stderr", "ci")  # metrics of a score that are no value of its own
METRICS = {"exact": "exact_match", "f1": "token_f1", "choice": "accuracy"}


class Inspect:
    """Logs of `inspect eval`."""

    name: ClassVar[str] = "inspect"
    shown: ClassVar[str] = "Inspect"
    files: ClassVar[str] = "a log (.eval or .json)"

    def recognises(self, source: Source) -> bool:
        if source.packed:
            names = source.entries()
            return "header.json" in names or "_journal/start.json" in names
        body = mapping(source.content)
        return "eval" in body and "version" in body and "task" in mapping(body["eval"])

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        read = [_log(source, *_opened(source)) for source in sources]
        return [
            _task(
                [(log, header) for log, header, _ in read if log.task == task],
                [s for log, _, s in read if log.task == task],
            )
            for task in dict.fromkeys(log.task for log, _, _ in read)
        ]


def _task(logs: Sequence[tuple[Log, Mapping[str, Any]]], said: Sequence[Sequence[str]]) -> Reading:
    """All logs of one task."""
    remarks = [sentence for sentences in said for sentence in sentences]
    scorers = dict.fromkeys(name for log, _ in logs for item in log.items for name in item.scores)
    known = [METRICS[name] for name in scorers if name in METRICS]
    others = sorted(name for name in scorers if name not in METRICS)
    if others:
        remarks.append(f"no metric of ours stands for the scorer {' or '.join(others)}: see 'crossover list metrics'")
    systems = {system: Wording(system, "input", log.system) for log, header in logs if (system := _system(header))}
    return Reading(
        "inspect",
        tuple(log for log, _ in logs),
        distinct([item.row for log, _ in logs for item in log.items]),
        "input",
        "target",
        tuple(systems.values()),
        known[0] if known else "",
        tuple(dict.fromkeys(remarks)),
        name=logs[0][0].task,
    )


def _opened(source: Source) -> tuple[Mapping[str, Any], Sequence[Any], Iterator[Any]]:
    """A log's head, its reduced scores, and its samples one after the other."""
    if not source.packed:
        body = mapping(source.content)
        return body, listed(body.get("reductions")), iter(listed(body.get("samples")))
    names = source.entries()
    if "header.json" not in names:
        raise DataError(f"{source.path} has no header.json, so it was not finished; run 'inspect eval-retry' on it")
    header, *rest = source.unpacked(["header.json", *(name for name in ("reductions.json",) if name in names)])
    samples = [name for name in names if name.startswith("samples/") and name.endswith(".json")]
    return mapping(header), listed(rest[0]) if rest else (), source.unpacked(samples)


def _log(
    source: Source, header: Mapping[str, Any], reductions: Sequence[Any], samples: Iterator[Any]
) -> tuple[Log, Mapping[str, Any], list[str]]:
    place, remarks = str(source.path), []
    about = mapping(header.get("eval"))
    if header.get("status") != "success":
        remarks.append(f"{place}: its status is '{header.get('status')}': what it has is not all that was to be measured")
    reduced = _reduced(reductions)
    order = {text(identity): n for n, identity in enumerate(listed(mapping(about.get("dataset")).get("sample_ids")))}
    items = [_item(mapping(sample), reduced) for sample in samples]
    items.sort(key=lambda item: order.get(item.id, len(order)))  # a log has them as they were finished
    if not items:
        raise DataError(f"{place} has no samples: its scores cannot be paired; log without --no-log-samples")
    printed = [
        Printed(_metric(score, name), name, value)
        for score in listed(mapping(header.get("results")).get("scores"))
        if isinstance(score, Mapping) and "name" in score
        for name, metric in mapping(score.get("metrics")).items()
        if name not in SPREADS and (value := number(mapping(metric).get("value"))) is not None
    ]
    log = Log("Inspect", text(about.get("task")), text(about.get("model")), tuple(items), tuple(printed), place)
    return log, header, remarks


def _metric(score: Mapping[str, Any], statistic: str) -> str:
    """A score's name as the items have it; beside a mean, a statistic of its own."""
    named = str(score["name"]) + (f" ({score['reducer']})" if score.get("reducer") else "")
    return named if statistic in MEANS else f"{named}, {statistic}"


def _reduced(reductions: Sequence[Any]) -> dict[str, dict[str, float | None]]:
    """Sample -> metric -> score over the epochs, under the names that the results have."""
    found: dict[str, dict[str, float | None]] = {}
    for reduction in reductions:
        reduction = mapping(reduction)
        reducer = f" ({reduction['reducer']})" if reduction.get("reducer") else ""
        for sample in listed(reduction.get("samples")):
            scores = found.setdefault(text(mapping(sample).get("sample_id")), {})
            for name, value in _values(text(reduction.get("scorer")), mapping(sample).get("value")).items():
                scores[name + reducer] = value
    return found


def _item(sample: Mapping[str, Any], reduced: Mapping[str, Mapping[str, float | None]]) -> Item:
    identity, attachments = text(sample.get("id")), mapping(sample.get("attachments"))
    asked = _whole(conversation(sample.get("input")), attachments)
    choices = [text(choice) for choice in listed(sample.get("choices"))]
    if choices:
        asked += "\n\n" + "\n".join(f"{chr(65 + n)}) {choice}" for n, choice in enumerate(choices))
    target = sample.get("target")
    target = target[0] if isinstance(target, list) and target else target  # of several that are right, the first
    row = {"input": asked, "target": _whole(text(target), attachments)}
    answers = [mapping(choice) for choice in listed(mapping(sample.get("output")).get("choices"))]
    answer = conversation([answers[0].get("message")]) if answers else ""
    failed = text(mapping(sample.get("error")).get("message")) if sample.get("error") else ""
    if failed:
        return Item(identity, row, _whole(answer, attachments), {}, failed)
    scores: dict[str, float | None] = {}
    for name, score in mapping(sample.get("scores")).items():
        scores |= _values(str(name), mapping(score).get("value"))
    return Item(identity, row, _whole(answer, attachments), reduced.get(identity, scores))


def _values(name: str, value: Any) -> dict[str, float | None]:
    """A score under its metric's name; one of several values has several."""
    if isinstance(value, Mapping):
        return {str(key): _value(part) for key, part in value.items()}
    return {name: _value(value)}


def _value(value: Any) -> float | None:
    if isinstance(value, str):
        word = WORDS.get(value, WORDS.get(value.lower()))
        if word is not None:
            return word
        with suppress(ValueError):
            return number(float(value))
        return None
    return number(value)


def _whole(written: str, attachments: Mapping[str, Any]) -> str:
    """A text with what Inspect keeps beside the messages put back."""
    return re.sub(r"attachment://([0-9a-f]{32})", lambda match: text(attachments.get(match[1], match[0])), written)


def _system(header: Mapping[str, Any]) -> str:
    """The system message that the solvers put before every sample."""
    for step in listed(mapping(header.get("plan")).get("steps")):
        if mapping(step).get("solver") == "system_message":
            return text(mapping(step.get("params")).get("template"))
    return ""
