"""The contract of a strategy, as one call for an outsider's tests."""

from __future__ import annotations

import dataclasses
import functools
import json
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from crossover.data.task import Task
from crossover.decision.contenders import FAMILIES
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded, OptionError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.base import is_control
from crossover.models.open import open_model
from crossover.strategies.base import Strategy
from crossover.study.promised import held
from crossover.types import Candidate, Decoding, Example, Run, candidate_from_json, to_json

INPUTS = {
    "warm": "the soup is hot|boiling water|a summer noon in the desert|fresh bread from the oven|a cup of steaming tea",
    "cold": "snow on the roof|an ice cube|a winter night in the north|frozen peas|the wind from the glacier",
}

HELD = ("a glass of ice water", "the inside of a volcano", "morning frost on the grass")  # inputs of a test split
MOST_CALLS = 2_000  # of a strategy, for the ten rows of the toy task


def toy_examples() -> list[Example]:
    """Ten labelled phrases, warm or cold, enough to run a strategy through."""
    return [
        Example(id=f"{label}-{i}", input=text, output=label, source=f"toy, row {i + 1}")
        for label, texts in INPUTS.items()
        for i, text in enumerate(texts.split("|"))
    ]


def toy_start(model: str = "pocket") -> Candidate:
    """The bare model on the toy task: what its rungs start from."""
    return Candidate(model, decoding=Decoding(labels=tuple(INPUTS), max_tokens=16))


def toy_bench(folder: Path, train: Sequence[Example], dev: Sequence[Example], **changes: Any) -> StudyBench:
    """A real bench over a small classification task, with its journal in `folder`; close the journal when done.

    `changes` replace fields of the task, as a task file would have them: `model`, `labels`, `kind`, `metric` ...
    """
    fields = {
        "name": "toy",
        "instruction": "Say whether it is warm or cold.",
        "data": "toy.csv",
        "input": "text",
        "output": "label",
        "kind": "classify",
        "labels": dict.fromkeys(INPUTS, ""),
        "metric": "accuracy",
        "model": "pocket",
    }
    task = Task(**fields | changes)
    models = functools.cache(open_model)
    journal = Journal(folder / "study.db")
    return open_bench(task, train, dev, folder, journal, models, relevance_scorer(False), barred=HELD)


def check_strategy(strategy: Strategy) -> Candidate:
    """Run a strategy twice on a small task with the bundled model; return its candidate, whose weights are gone then.

    Raises `AssertionError`, naming the promise that is broken.
    """
    _check_declaration(strategy)
    start = toy_start()
    before = json.dumps(to_json(start))
    examples = toy_examples()
    with tempfile.TemporaryDirectory() as folder:
        bench = toy_bench(Path(folder), examples[::2], examples[1::2], limits={"calls": MOST_CALLS})
        with closing(bench.journal):
            made = _adapted(strategy, start, bench)
            assert json.dumps(to_json(start)) == before, "adapt changed the candidate that it was given"
            _check_candidate(made, start, strategy)
            if strategy.family == "control":
                assert is_control(bench.model_of(made.model)), "a control's model is none that reads: `control = True`"
            _check_prompt(made, strategy, bench)
            run = _scored(made, bench)
            assert run.failures == 0, f"{run.failures} of {len(run.records)} calls of the candidate fail"
            calls = bench.meter.calls
            again = _adapted(strategy, start, bench)
            assert again.id == made.id, "the same start, options and seed gave another candidate"
            assert bench.meter.calls == calls, f"a second run cost {bench.meter.calls - calls} calls; valid is none"
    return made


def _adapted(strategy: Strategy, start: Candidate, bench: StudyBench) -> Candidate:
    """What a strategy makes, of a bench that is then as it was."""
    rows = json.dumps([to_json(bench.train), to_json(bench.dev), bench.task.model_dump(mode="json")])
    try:
        made = held("adapt", strategy, start, bench)
    except KeyboardInterrupt:
        raise
    except BudgetExceeded as error:
        raise AssertionError(f"adapt asks more than {MOST_CALLS:,} calls for ten rows: {error}") from error
    except OptionError as error:  # a promise that is broken, or an option that cannot be
        raise AssertionError(str(error)) from error
    except BaseException as error:  # one that ends the program is no `Exception`
        raise AssertionError(f"adapt raised {type(error).__name__}: {error}") from error
    after = json.dumps([to_json(bench.train), to_json(bench.dev), bench.task.model_dump(mode="json")])
    assert rows == after, "adapt changed the rows or the task of its bench; valid is to leave them"
    return made


def _check_prompt(made: Candidate, strategy: Strategy, bench: StudyBench) -> None:
    whole = json.dumps(to_json(made.prompt), ensure_ascii=False)
    for text in HELD:
        assert text not in whole, f"the prompt holds an input of the test split: {text!r}"
    dev = {example.input for example in bench.dev}
    shown = sorted(one.input for one in made.prompt.demonstrations if one.input in dev)
    assert not shown, f"the prompt shows {len(shown)} rows of dev, on which it is then chosen; valid are those of train"
    others = sorted(set(made.decoding.labels) - set(bench.task.labels))
    assert not others, f"the candidate answers with labels that the task has not: {', '.join(others)}"
    if strategy.family != "control":
        renderer, told = bench.evaluator.renderer(made.prompt), "an input of its own"
        asked = [message.content for one in (*renderer.steps, renderer) for message in one.messages(told)]
        assert any(told in text for text in asked), "the prompt does not show the input: its template lacks {input}"


def _scored(made: Candidate, bench: StudyBench) -> Run:
    try:
        return bench.score(made)
    except Exception as error:
        raise AssertionError(f"the candidate cannot be measured: {type(error).__name__}: {error}") from error


def _check_declaration(strategy: Any) -> None:
    assert not isinstance(strategy, type), f"{strategy.__name__} is a class; valid is a strategy that is made of it"
    kind = type(strategy)
    assert dataclasses.is_dataclass(kind), "a strategy is a dataclass: its typed fields are its options"
    assert kind.__dataclass_params__.frozen, "a strategy is frozen: the same options always act the same"  # type: ignore[attr-defined]
    family = getattr(strategy, "family", None)
    assert family in FAMILIES, f"family is {family!r}; valid: {', '.join(FAMILIES)}"
    options = [field.name for field in dataclasses.fields(kind)]
    assert "family" not in options, "family is a ClassVar: as a field it would be an option"
    assert callable(getattr(strategy, "adapt", None)), "a strategy has a method adapt(start, bench)"


def _check_candidate(made: Any, start: Candidate, strategy: Strategy) -> None:
    assert isinstance(made, Candidate), f"adapt gave {type(made).__name__}; valid is a Candidate"
    try:
        back = candidate_from_json(json.loads(json.dumps(to_json(made))))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise AssertionError(f"the candidate is not plain data: {error}") from error
    assert back.id == made.id, "the candidate is not plain data: it is another one when it is read back from JSON"
    if strategy.family == "prompt":
        assert made.weights == start.weights, "a prompt strategy leaves the weights alone"
        assert made.model == start.model, "a prompt strategy leaves the model alone"
    if strategy.family in ("weights", "hybrid"):
        assert made.weights is not None, f"a {strategy.family} strategy gives weights"
