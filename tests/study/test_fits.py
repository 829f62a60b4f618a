"""What a model cannot write is said before anything is spent."""

from __future__ import annotations

from pathlib import Path

from crossover.data.infer import prepare
from crossover.models.open import open_model
from crossover.study.fits import unwritten
from tests.data.builders import jsonl, sentence, task


def test_outputs_that_go_on_behind_an_empty_line_are_named(tmp_path: Path) -> None:
    model = open_model("pocket", tmp_path)
    outputs = ["Dear all,\n\nthanks.", "One\nand two.", "It costs <s>7</s> now."]
    rows = [{"text": sentence(n), "label": f"{outputs[n % 3]} {n}"} for n in range(12)]
    made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="generate"))
    [found] = unwritten(made.task, made.splits, model)
    assert (found.level, found.code, len(found.rows)) == ("warning", "unwritable", 4)
    assert "would come out as 'Dear all,'" in found.message
    assert unwritten(made.task.model_copy(update={"kind": "classify"}), made.splits, model) == []
