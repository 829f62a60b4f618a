"""The contract of a strategy, as one call for an outsider's tests."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from crossover import registry
from crossover.data.task import Limits, Task
from crossover.decision.contenders import FAMILIES
from crossover.engine.caller import Caller
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.relevance import relevance_scorer
from crossover.evaluation.run import Evaluator
from crossover.models.base import Model
from crossover.models.open import open_model
from crossover.strategies.base import Strategy
from crossover.types import Candidate, Decoding, Example, candidate_from_json, to_json

INPUTS = {
    "warm": "the soup is hot|boiling water|a summer noon in the desert|fresh bread from the oven|a cup of steaming tea",
    "cold": "snow on the roof|an ice cube|a winter night in the north|frozen peas|the wind from the glacier",
}


def toy_examples() -> list[Example]:
    """Ten labelled phrases, warm or cold, enough to run a strategy through."""
    return [
        Example(id=f"{label}-{i}", input=text, output=label, source=f"toy, row {i + 1}")
        for label, texts in INPUTS.items()
        for i, text in enumerate(texts.split("|"))
    ]


def toy_bench(folder: Path, train: Sequence[Example], dev: Sequence[Example], model: str = "pocket") -> StudyBench:
    """A real bench over a small classification task, with its journal in `folder`."""
    task = Task(
        name="toy",
        instruction="Say whether it is warm or cold.",
        data="toy.csv",
        input="text",
        output="label",
        kind="classify",
        labels=dict.fromkeys(INPUTS, ""),
        metric="accuracy",
        model=model,
    )
    journal = Journal(folder / "study.db")
    meter = Meter(journal, Limits())
    opened: dict[str, Model] = {}

    def model_of(spec: str) -> Model:
        return opened.setdefault(spec, open_model(spec)) if spec not in opened else opened[spec]

    evaluator = Evaluator(
        Caller(journal, meter), model_of, registry.create("metrics", "accuracy"), "accuracy", relevance_scorer(False), 0
    )
    return StudyBench(task, train, dev, evaluator, journal, meter, folder)


def check_strategy(strategy: Strategy) -> Candidate:
    """Run a strategy twice on a small task with the bundled model; return its candidate.

    Raises `AssertionError`, naming the promise that is broken.
    """
    assert dataclasses.is_dataclass(type(strategy)), "a strategy is a dataclass: its typed fields are its options"
    frozen = vars(type(strategy))["__dataclass_params__"].frozen
    assert frozen, "a strategy is frozen: the same options always act the same"
    assert strategy.family in FAMILIES, f"family is {strategy.family!r}; valid: {', '.join(FAMILIES)}"
    examples = toy_examples()
    start = Candidate("pocket", decoding=Decoding(labels=tuple(INPUTS), max_tokens=16))
    before = json.dumps(to_json(start))
    with tempfile.TemporaryDirectory() as folder:
        bench = toy_bench(Path(folder), examples[::2], examples[1::2])
        made = strategy.adapt(start, bench)
        assert isinstance(made, Candidate), f"adapt gave {type(made).__name__}; valid is a Candidate"
        assert json.dumps(to_json(start)) == before, "adapt changed the candidate that it was given"
        assert candidate_from_json(json.loads(json.dumps(to_json(made)))).id == made.id, "the candidate is not plain data"
        run = bench.score(made)
        assert len(run.records) == len(bench.dev), "the candidate cannot be scored"
        assert run.failures == 0, f"{run.failures} of {len(run.records)} calls of the candidate fail"
        if strategy.family == "prompt":
            assert made.weights == start.weights, "a prompt strategy leaves the weights alone"
        if strategy.family == "weights":
            assert made.weights is not None, "a weights strategy gives weights"
        calls = bench.meter.calls
        again = strategy.adapt(start, bench)
        assert again.id == made.id, "the same start, options and seed gave another candidate"
        assert bench.meter.calls == calls, f"a second run cost {bench.meter.calls - calls} calls; valid is none"
        bench.journal.close()
    return made
