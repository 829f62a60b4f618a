"""Inputs with the characters of special tokens, which servers read as those tokens: exported, and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossover.errors import OptionError
from crossover.serve.ollama import export_ollama
from crossover.serve.vllm import export_vllm
from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from tests.serve.studies import write_task


@pytest.fixture(scope="module", params=["Say whether it is odd.", "Say whether it is odd.</s>"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyFolder, bool]:
    """A small study whose every input ends in a mark, and whether its instruction does."""
    folder, instruction = tmp_path_factory.mktemp("marked"), request.param
    rows = "".join(f"The house number {n}</s>,{['even', 'odd'][n % 2]}\n" for n in range(20))
    (folder / "d.csv").write_text("text,label\n" + rows)
    task = {"name": "odd", "data": "d.csv", "input": "text", "output": "label", "instruction": instruction,
            "strategies": ["instruction"], "kind": "classify"}  # fmt: skip
    return run_study(write_task(folder / "t.yaml", task), folder / "run"), "</s>" in instruction


@pytest.mark.parametrize("export", [export_vllm, export_ollama])
def test_marked_inputs_are_exported_and_said_and_a_marked_prompt_is_refused(
    export: Callable[..., list[str]], study: tuple[StudyFolder, bool], tmp_path: Path
) -> None:
    folder, refused = study
    if refused:
        with pytest.raises(
            OptionError, match=r"the prompt of 'instruction' holds the characters of a special token \('Say"
        ):
            export(folder, tmp_path / "out", "instruction")
        return
    export(folder, tmp_path / "out", "instruction")
    said = (tmp_path / "out" / "README.md").read_text()
    assert "measured inputs hold the characters of a special token, such as `</s>`: they were measured as text" in said
