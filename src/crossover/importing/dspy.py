"""DSPy: what `Evaluate(save_as_json=...)` or `save_as_csv` wrote, and programs that `save` wrote as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from crossover.errors import DataError
from crossover.importing.base import Item, Log, Printed, Reading, Wording, distinct, listed, mapping, number, text
from crossover.importing.source import Source, objects

EXAMPLE, PREDICTION = "example_", "pred_"
THOUGHTS = ("reasoning", "rationale", "trajectory")  # columns of the prediction alone, which modules of DSPy add
LOOKED_AT = 100  # rows in which a prediction is looked for: calls may have failed


class DSPy:
    """Results and programs of DSPy."""

    name: ClassVar[str] = "dspy"
    shown: ClassVar[str] = "DSPy"
    files: ClassVar[str] = "what Evaluate's save_as_json or save_as_csv wrote, or a program saved as JSON"

    def recognises(self, source: Source) -> bool:
        if source.packed:
            return False
        if isinstance(source.content, list):
            return any(
                str(key).startswith(EXAMPLE) and PREDICTION + str(key).removeprefix(EXAMPLE) in row
                for row in map(mapping, source.content[:LOOKED_AT])
                for key in row
            )
        return "metadata" in mapping(source.content) and any(_signatures(source.content))

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        logs, wordings, rows, remarks, columns = [], [], [], [], ("", "")
        for source in sources:
            if isinstance(source.content, list):
                log, columns = _log(source)
                logs.append(log)
                rows += [item.row for item in log.items]
                continue
            for name, predictor in _signatures(source.content):
                signature = mapping(predictor["signature"])
                wordings.append(Wording(text(signature.get("instructions")), "", name))
                demos = [mapping(demo) for demo in listed(predictor.get("demos"))]
                if demos:
                    remarks.append(
                        f"{source.path}: {len(demos)} demonstrations of '{name}' are left out: crossover chooses its own"
                    )
        if logs:
            remarks.append("DSPy's metric is a function that its files do not have: choose 'metric' in the task file")
        unique = {wording.instruction: wording for wording in wordings if wording.instruction}
        return [Reading(self.name, tuple(logs), distinct(rows), *columns, tuple(unique.values()), "", tuple(remarks))]


def _signatures(body: Any, name: str = "program") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The predictors of a saved program, by name."""
    if not isinstance(body, Mapping):
        return
    if "instructions" in mapping(body.get("signature")):
        yield name, body
        return
    for key, part in body.items():
        yield from _signatures(part, str(key)) if isinstance(part, Mapping) and "signature" in part else ()


def _log(source: Source) -> tuple[Log, tuple[str, str]]:
    """A log, and its `input` and `output` for a task file.

    A column that example and prediction share is written twice, prefixed; one of either alone is not. A call that
    failed has no prediction, so its row has no prefixes.
    """
    rows = objects(source.content, str(source.path))
    if not rows or not rows[0]:
        raise DataError(f"{source.path} has no rows; valid is what DSPy's Evaluate wrote")
    metric = list(rows[0])[-1]  # written last, under its own name
    keys = list(dict.fromkeys(key for row in rows for key in row))
    shared = [key.removeprefix(EXAMPLE) for key in keys if key.startswith(EXAMPLE)]
    inputs = [key for key in keys if key not in (metric, *shared, *THOUGHTS) and not key.startswith((EXAMPLE, PREDICTION))]
    items = []
    for position, row in enumerate(rows, start=1):
        if metric not in row:
            raise DataError(f"{source.path}, item {position}: no value of the metric '{metric}'")
        data = {key: row.get(EXAMPLE + key, row.get(key)) for key in (*inputs, *shared)}
        said = {key: row.get(PREDICTION + key) for key in shared if row.get(PREDICTION + key) is not None}
        if not said:
            items.append(Item(str(position), data, "", {}, "there is no prediction"))
            continue
        answer = text(next(iter(said.values()))) if len(said) == 1 else text(said)
        items.append(Item(str(position), data, answer, {metric: _score(row[metric])}))
    scored = [value for row in rows if (value := _score(row[metric])) is not None]  # a failed call has its own, often 0
    printed = (Printed(metric, "score in %", round(100 * sum(scored) / len(items), 2), 100.0),)
    shown = [key for key in inputs if key.lower() != "id"]
    template = shown[0] if len(shown) == 1 else "\n".join("{" + key + "}" for key in shown)
    log = Log("DSPy", "", source.path.stem, tuple(items), printed, str(source.path))
    return log, (template, shared[0] if len(shared) == 1 else "")


def _score(value: Any) -> float | None:
    """A metric's value; a CSV has it as text."""
    if isinstance(value, str):
        word = {"true": 1.0, "false": 0.0}.get(value.strip().lower())
        if word is not None:
            return word
        try:
            return number(float(value))
        except ValueError:
            return None
    return number(value)
