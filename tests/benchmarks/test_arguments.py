"""Arguments that make no sense: one sentence, exit status 2."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks import engine, prompting, tuning, verdict, verdict_rules, watch

CASES: list[tuple[Callable[[], int], str, str]] = [
    (engine.main, "--only nothing", "there is no part nothing beside others; valid: scoring, generation,"),
    (engine.main, "--only growth --peers plain", "there is no part growth beside plain; valid: scoring, busy,"),
    (engine.main, "--only ladder --peers plain", "--only ladder needs --data FOLDER"),
    (engine.main, "--runs 0", "--runs is 0; valid is 1 or more"),
    (engine.main, "--device cuda --peers others", "valid on cuda: plain"),
    (engine.main, "--peers plain --model ./nothing.gguf", "--model: there is no file './nothing.gguf'"),
    (verdict.main, "--studies 0", "--studies is 0; valid is 1 or more"),
    (verdict_rules.main, "--studies 0", "--studies is 0; valid is 1 or more"),
    (watch.main, "--streams 0", "valid are 1 stream or more, and 1 row or more"),
    (prompting.main, "--data DATA", "banking77/train.csv is missing; valid is a folder of the public data sets"),
    (prompting.main, "--data DATA --tasks a", "--tasks: there is no 'a'; valid: banking10, clincbank15, trec6, sst2"),
    (prompting.main, "--data DATA --budgets 7", "--budgets: there is no '7'; valid: 100, 400, 1600"),
    (prompting.main, "--data DATA --seeds 0", "--seeds is 0; valid is 1 or more"),
    (tuning.main, "--data DATA --parts full,none", "--parts: there is no 'none'; valid: distill, cells, full, forgetting"),
    (tuning.main, "--data DATA --rows 100,-1", "--rows: '-1' is no number of labels; valid: a number above 0, or all"),
    (tuning.main, "--data DATA --tasks sst2", "--tasks: there is no 'sst2'; valid: banking10,"),
]


@pytest.mark.parametrize(("main", "arguments", "sentence"), CASES, ids=[f"{m.__module__[11:]} {a}" for m, a, _ in CASES])
def test_a_bad_argument_is_one_sentence(
    main: Callable[[], int],
    arguments: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["script", *arguments.replace("DATA", str(tmp_path)).split()])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
@pytest.mark.parametrize("main", [engine.main, prompting.main, tuning.main])
def test_without_a_card_none_can_be_asked_for(
    main: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, kind in (
        ("banking77", "csv"),
        ("clinc150", "csv"),
        ("trec", "csv"),
        ("sst2", "csv"),
        ("restaurant8k", "jsonl"),
    ):
        (tmp_path / folder).mkdir()
        for split in ("train", "test"):
            (tmp_path / folder / f"{split}.{kind}").touch()
    monkeypatch.setattr(sys, "argv", ["script", "--device", "cuda", "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "PyTorch finds no card here" in capsys.readouterr().err.splitlines()[-1]
