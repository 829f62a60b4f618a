"""A stranger's strategy, metric and model, installed as a package of their own: they work like the built-ins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "package"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the stranger's package is really installed, by pip, from its own pyproject.toml."""
    target = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(PACKAGE)], check=True, capture_output=True, text=True)
    return {**os.environ, "PYTHONPATH": str(target)}


def python(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_contract_suites_pass(environment: dict[str, str]) -> None:
    code = (
        "from stranger.polite import Polite\nfrom stranger.first_word import FirstWord\n"
        "from stranger.parrot import Parrot\n"
        "from crossover.testing.strategies import check_strategy; check_strategy(Polite())\n"
        "from crossover.testing.metrics import check_metric; check_metric(FirstWord())\n"
        "from crossover.testing.models import check_model; check_model(Parrot())\n"
        "print('kept')"
    )
    assert python(code, environment).strip().endswith("kept")


def test_they_are_listed_with_where_they_come_from(environment: dict[str, str]) -> None:
    found = json.loads(python("from crossover.cli.main import app; app(['list', '--json'])", environment))
    assert found["strategies"]["polite"]["origin"] == "crossover-stranger"
    assert "parrot" in found["models"]
    assert "first_word" in found["metrics"]


def test_a_study_runs_with_all_three(environment: dict[str, str], tmp_path: Path) -> None:
    rows = [f"{word} {i} says {answer},{answer}" for i in range(15) for word, answer in (("Ann", "yes"), ("Bob", "no"))]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "task.yaml").write_text(
        "name: strange\ninstruction: Repeat it.\ndata: data.csv\ninput: text\noutput: label\nkind: classify\n"
        "metric: first_word\nmodel: parrot\nstrategies: [majority, zero_shot, {polite: {word: Kindly}}]\n"
    )
    command = [
        sys.executable,
        "-m",
        "crossover",
        "run",
        str(tmp_path / "task.yaml"),
        "--out",
        str(tmp_path / "run"),
        "--json",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    decision = json.loads(done.stdout)
    by_name = {c["name"]: c for c in decision["candidates"]}
    assert decision["metric"] == "first_word"
    assert by_name["zero_shot"]["test"]["value"] == 1.0
    assert by_name["polite"]["status"] in ("candidate", "finalist", "champion")


def test_a_target_that_is_a_path_is_looked_up_beside_the_task_file(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "phrases").mkdir()
    (tmp_path / "phrases" / "book.txt").write_text("good morning\ngood night\n")
    code = (
        "from pathlib import Path\nfrom crossover.models.open import open_model\n"
        f"model = open_model('phrasebook:phrases/book.txt', Path({str(tmp_path)!r}))\n"
        "print(model.target)\nprint(model.complete([None])[0].text)\n"
        f"print(open_model('parrot:phrases/book.txt', Path({str(tmp_path)!r})).target)"
    )
    path = (tmp_path / "phrases" / "book.txt").resolve()
    assert python(code, environment).splitlines() == [str(path), "good morning", "phrases/book.txt"]


def test_an_outsider_that_does_not_import_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (broken / "entry_points.txt").write_text("[crossover.strategies]\ncrashing = absent_module:Thing\n")
    code = "from crossover import registry\ntry: registry.load('strategies', 'crashing')\nexcept Exception as e: print(e)"
    out = python(code, {**environment, "PYTHONPATH": str(tmp_path)})
    assert out.startswith("the plug-in 'crashing' (absent_module:Thing) does not import: No module named 'absent_module'")
