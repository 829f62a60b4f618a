"""Fields of objects are columns where nothing beside them is one, and stay what is to be written where they are that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossover.data.infer import prepare
from crossover.data.sketch import sketch
from crossover.data.task import load_task
from tests.data.builders import jsonl, sentence, write

LABEL = "xyz"


@pytest.mark.parametrize(
    ("row", "source", "output", "kind"),
    [
        (lambda t, y: {"data": {"text": t}, "meta": {"label": y}}, "data.text", "meta.label", "classify"),
        (lambda t, y: {"meta": {"label": y}, "data": {"text": t}}, "data.text", "meta.label", "classify"),
        (lambda t, y: {"id": t, "fields": {"text": t, "label": y}}, "fields.text", "fields.label", "classify"),
        (lambda t, y: {"_id": t, "_source": {"text": t, "label": y}}, "_source.text", "_source.label", "classify"),
        (lambda t, y: {"text": t, "meta": {"label": y, "source": "web"}}, "text", "meta.label", "classify"),
        (lambda t, y: {"text": t, "annotations": {"label": y}}, "text", "annotations.label", "classify"),
        (lambda t, y: {"text": t, "info": {"title": t[:5], "category": y}}, "text", "info", "extract"),
        (lambda t, y: {"text": t, "cats": {one: float(one == y) for one in LABEL}}, "text", "cats", "classify"),
        (lambda t, y: {"data": {"a": t}, "target": {"b": y}}, "data", "target", "extract"),
    ],
)
def test_what_objects_hold_is_asked_and_answered(row: Any, source: str, output: str, kind: str, tmp_path: Path) -> None:
    rows = [row(f"{sentence(n)} and more of it", LABEL[n % 3]) for n in range(24)]
    made = sketch(jsonl(tmp_path, "rows.jsonl", rows))
    task = prepare(load_task(write(tmp_path, "task.yaml", made.text()))).task
    assert (task.input, task.output, task.kind) == (source, output, kind)
