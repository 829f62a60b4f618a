"""A finished study as a Python object: its verdict, candidates, predictions, data frames and report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.api import frames
from crossover.api.evaluation import Evaluation
from crossover.api.exports import Exported, export, training_data
from crossover.api.objects import plain
from crossover.api.runnables import runnable_of
from crossover.api.watch import Watch
from crossover.data.textfile import as_path
from crossover.engine.journal import JournalReader
from crossover.errors import OptionError, StudyError
from crossover.prompts.record import Version
from crossover.prompts.store import Registry
from crossover.publish.base import Published
from crossover.publish.open import publish
from crossover.report.notebook import study_html, verdict_html
from crossover.report.page import write_report
from crossover.report.rows import chosen, provisional
from crossover.report.slices import SliceRow, slice_rows
from crossover.report.verdict import headline
from crossover.serve.predict import Answer, Predictor, inputs_of, texts_of
from crossover.study.again import measure_curve
from crossover.study.evaluate import evaluate
from crossover.study.folder import StudyFolder, read_json
from crossover.study.listener import Listener, check_listener
from crossover.study.own import MADE
from crossover.study.read import read_candidate, read_results, read_task, tested_run
from crossover.study.redecide import redecide
from crossover.study.registered import add_candidate
from crossover.study.results import CandidateReport, Results
from crossover.study.watching import Watching
from crossover.types import Candidate

if TYPE_CHECKING:
    import pandas

SPLITS = ("test", "dev")


@dataclass(frozen=True)
class Verdict:
    """What the study decided. `choice` is a candidate's name, None when undecided; `provisional` is then what to use."""

    kind: str
    headline: str
    choice: str | None
    provisional: str | None
    target_met: bool | None
    needed_test_items: int | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        return self.headline

    def _repr_html_(self) -> str:
        return verdict_html(self.headline, self.reasons, self.warnings)


@dataclass(frozen=True)
class Prediction:
    """A measured answer. `score` is None where the call failed, and `error` says why; `source` names the data's row."""

    candidate: str
    split: str
    id: str
    source: str
    input: str
    gold: str
    prediction: str
    score: float | None
    valid: bool | None
    relevance: float | None
    error: str | None


@dataclass(frozen=True)
class Study:
    """A finished study's folder, read when it is asked. `redecided`: the file of a decision that was made again on it."""

    folder: StudyFolder
    redecided: Path | None = None

    @property
    def path(self) -> Path:
        """The study's folder."""
        return self.folder.path

    @cached_property
    def results(self) -> Results:
        """Everything that the report shows. Raises `StudyError` for a damaged folder."""
        return read_results(self.folder, self.redecided)

    @property
    def decision(self) -> dict[str, Any]:
        """The content of decision.json."""
        return self.results.decision

    @property
    def verdict(self) -> Verdict:
        """The verdict, with candidates by name."""
        found = self.decision["verdict"]
        named, meanwhile = chosen(self.results), provisional(self.results)
        return Verdict(
            kind=found["kind"],
            headline=headline(self.results),
            choice=named.name if named else None,
            provisional=meanwhile.name if meanwhile else None,
            target_met=found["target_met"],
            needed_test_items=found["needed_test_items"],
            reasons=tuple(found["reasons"]),
            warnings=tuple(found["warnings"]),
        )

    @property
    def curve(self) -> list[dict[str, Any]]:
        """The points of the learning curves: each family's mean with its interval at each number of labels."""
        return list(self.decision["crossover"]["curve"])

    @property
    def candidates(self) -> tuple[CandidateReport, ...]:
        """What was measured of each candidate, in ladder order."""
        return self.results.candidates

    @property
    def slices(self) -> tuple[SliceRow, ...]:
        """The test results by label, by group and by the task's `slices`; the choice's weakest first."""
        return tuple(slice_rows(self.results))

    def candidate(self, name: str | None = None) -> Candidate:
        """A candidate to deploy: the verdict's choice (when undecided, the provisional one), or by name or id.

        Raises `StudyError`.
        """
        return read_candidate(self.folder, name or self._named())[0]

    def predictions(self, name: str | None = None, split: str = "test") -> list[Prediction]:
        """The measured answers on "test" or "dev" of a candidate, by name or id; without one, of all measured there.

        Where all rows were tested over folds, those on "test" are what its rung made without each row.

        Raises `OptionError` for another split, `StudyError` for an unknown candidate.
        """
        if split not in SPLITS:
            raise OptionError(f"there are no predictions on '{split}'; valid: {', '.join(SPLITS)}")
        row = read_candidate(self.folder, name)[1] if name is not None else {}
        if row.get("status") == MADE:
            raise StudyError(f"'{name}' was {MADE}: the study has no answers of it; valid is one of its own candidates")
        wanted = row.get("id")
        journal, found = JournalReader(self.folder.journal), []
        try:
            for candidate in self.candidates:
                if wanted not in (None, candidate.id):
                    continue
                run = tested_run(journal, candidate.id) if split == "test" else journal.run(candidate.id, split)
                found += [_prediction(candidate.name, split, record) for record in (run or {"records": []})["records"]]
        finally:
            journal.close()
        return found

    def predictor(self, name: str | None = None) -> Predictor:
        """A candidate that answers, through the renderer and the model that were measured. Raises `StudyError`,
        `ModelError`."""
        return Predictor.open(self.folder, name or self._named())

    def runnable(self, name: str | None = None) -> Any:
        """A candidate as a runnable of LangChain's, from a text to its answer: `ChatPromptTemplate | model | parser`, each
        step of a chain of prompts before the next. The model is opened once: keep it.

        Raises `MissingExtra`, `StudyError`, `ModelError`.
        """
        return runnable_of(self.predictor(name))

    def predict(self, inputs: str | Sequence[str], name: str | None = None) -> list[Answer]:
        """Answer new inputs. The model is opened each time: keep a `predictor` for many calls. Raises `DataError` for what
        is no text."""
        texts = texts_of(inputs)  # before the model is opened
        return self.predictor(name).answer(texts)

    def predict_rows(self, data: Any, name: str | None = None) -> list[Answer]:
        """Answer the rows of a file, or of a table in memory, which has the columns of the task's input. Raises
        `DataError`."""
        texts = inputs_of(read_task(self.folder), data)
        return self.predictor(name).answer(texts)

    def export(
        self,
        out: Path | str,
        candidate: str | None = None,
        tool: str | None = None,
        merge: bool = False,
        check: bool = True,
        llamacpp: Path | str | None = None,
        outtype: str | None = None,
    ) -> Exported:
        """Write a candidate (else the choice) as a folder that works without Crossover, as `crossover export` does. `tool`:
        "langchain", "llamacpp", "ollama" or "vllm", else plain transformers and PEFT; `merge`: an adapter into its base;
        `check`: load it again and replay up to 50 measured rows; `llamacpp`: a checkout of llama.cpp, where its converter
        is not on the PATH; `outtype`: its name for a precision. Raises `StudyError`, `ModelError`, `OptionError`."""
        where, named = as_path(out, "export", StudyError), candidate or self._named()
        checkout = None if llamacpp is None else as_path(llamacpp, "llama.cpp", StudyError)
        return export(self.folder, where, tool, named, merge, check, checkout, outtype)

    def export_training_data(
        self, out: Path | str, form: str, candidate: str | None = None, epochs: int = 3, price: float | None = None
    ) -> Exported:
        """Write train and dev as files to tune another model with, in a candidate's prompt. `form`: "openai", "vertex" or
        "trl"; `price`: of a million training tokens, for the preview over `epochs`. Raises `OptionError`, `DataError`."""
        where = as_path(out, "export_training_data", StudyError)
        return training_data(self.folder, where, form, candidate or self._named(), epochs, price)

    def keep_prompt(
        self, called: str, name: str | None = None, *, label: str = "", note: str = "", folder: Path | str | None = None
    ) -> Version:
        """Keep a candidate's prompt (else the verdict's choice's) in the prompt registry under the name `called`, with what
        was measured of it; `folder`: where the prompts lie, as for `crossover.prompts.get`.

        Raises `StudyError` where there is no such candidate, and `PromptError`.
        """
        return add_candidate(Registry(folder), called, self.folder, name or self._named(), note, label=label)

    def report(self, path: Path | str | None = None) -> Path:
        """Write the report, one HTML file, and return its path (else `report.html` in the folder, or beside the file of a
        decision that was made again). Raises `StudyError`."""
        usual = self.redecided.with_suffix(".html") if self.redecided else self.folder.report
        return write_report(self.results, usual if path is None else as_path(path, "report", StudyError))

    def publish(
        self,
        to: str,
        label: str | None = None,
        candidate: str | None = None,
        url: str | None = None,
        name: str | None = None,
        rows: bool = False,
        dry_run: bool = False,
    ) -> Published:
        """Publish the study to "mlflow" or its prompt to "promptlayer", as `crossover publish` does; again, it is
        brought up to date. `label`: what the prompt of the choice, or of the `candidate`, is released as; `rows`:
        send rows too.

        Raises `OptionError`, `MissingExtra`, and `StudyError` where the service fails, with what is there by then.
        """
        return publish(self.folder, to, candidate or self._named(), label, url, name, rows, dry_run)

    def redecide(self, **changes: Any) -> Study:
        """The study decided again, with keys of the task file as for `run_study`: `margin=0.02`,
        `limits={"requests_per_month": 50000}`, `prices={"input": 0.2}`. No model is asked; this one stays as it is.

        Raises `OptionError` for a key that would need measuring, `TaskError` for a value that is not valid.
        """
        return Study(self.folder, redecide(self.folder, _settings("redecide", changes), by="redecide"))

    def _named(self) -> str | None:
        """Whom a decision that was made again names; for the first, the folder's own decision says it."""
        found = self.decision["verdict"] if self.redecided else {}
        name: str | None = found.get("choice") or found.get("provisional")
        return name

    def candidates_frame(self) -> pandas.DataFrame:
        """A row for each candidate. Shares are in [0, 1], latencies in milliseconds. Raises `MissingExtra`."""
        return frames.candidates(self.candidates)

    def comparisons_frame(self) -> pandas.DataFrame:
        """A row for each tested pair, candidates by name. Raises `MissingExtra`."""
        return frames.comparisons(self.results)

    def slices_frame(self) -> pandas.DataFrame:
        """A row for each slice and tested candidate; what the choice loses or gains there is `difference`, a share.

        Raises `MissingExtra`.
        """
        return frames.slices(self.slices)

    def curve_frame(self) -> pandas.DataFrame:
        """A row for each run of the learning curves, failed ones without a value; none where no curve was measured.

        `labels` are training and dev rows, `value` a share in [0, 1]; `split` "test": what the study itself measured with
        all labels. Raises `MissingExtra`.
        """
        return frames.curve(self.results)

    def measure_curve(
        self, sizes: Sequence[int] = (), seeds: int | None = None, listener: Listener | None = None, **changes: Any
    ) -> Study:
        """The study with its learning curves, which are measured now where they were not: at these numbers of labels (else
        doubling up to all), each drawn `seeds` times. `changes`: keys of the task, as for `redecide`. Raises
        `CrossoverError` for what can be mended."""
        settings = _settings("measure_curve", changes)
        return Study(measure_curve(self.folder, sizes, seeds, settings, listener, by="measure_curve"))

    def evaluate(
        self,
        data: Any,
        candidates: Sequence[str] = (),
        money: float | None = None,
        listener: Listener | None = None,
    ) -> Evaluation:
        """Measure candidates (else the choice, and each side's champion) on labelled rows that came after the study: a
        file, or a table in memory, with the task's own columns. The verdict stays as it is; what was found is kept in
        `evaluations/`. `money`: the most that the calls may cost. Raises `StudyError`, `DataError`, `ModelError`,
        `BudgetExceeded`."""
        if listener is not None:
            check_listener(listener)
        if isinstance(candidates, str):
            candidates = [candidates]
        file = evaluate(self.folder, data, candidates, money, listener)
        return Evaluation(file, read_json(file))

    def watch(self, log: Path | str, labels: Path | str | None = None, candidate: str | None = None) -> Watch:
        """Whether the log of a served candidate (else the choice) shows drift from what was measured, and whether the
        verdict holds. `labels`: a file of right answers, joined by input or the log's id. Raises `StudyError`, `DataError`,
        `OptionError`."""
        return Watch(Watching.open(self.folder, log, labels, candidate or self._named()).look())

    def predictions_frame(self, name: str | None = None, split: str = "test") -> pandas.DataFrame:
        """`predictions`, a row each. Raises `MissingExtra` too."""
        return frames.predictions(self.predictions(name, split), Prediction)

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r}): {self.verdict}"

    def _repr_html_(self) -> str:
        return study_html(self.results)


def _settings(called: str, changes: Mapping[str, Any]) -> list[str]:
    """Keys of the task as a command line has them."""
    return [f"{name}={_written(called, plain(value))}" for name, value in _flat(changes).items()]


def _flat(changes: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Keys inside mappings as a command line has them, with dots."""
    found: dict[str, Any] = {}
    for key, value in changes.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found


def _written(called: str, value: Any) -> str:
    """A value as on a command line; nothing takes a key away."""
    if value is not None and not isinstance(value, (bool, int, float, str, list, tuple)):
        raise OptionError(
            f"{called}: received a {type(value).__name__}; valid is a number, text, or a range of two numbers"
        )
    return "" if value is None else json.dumps(value)


def open_study(path: Study | StudyFolder | Path | str, unfinished: bool = False) -> Study:
    """The finished study in a folder such as `runs/NAME`. `unfinished`: also one without a verdict yet, as far as it
    is. Raises `StudyError` where there is none."""
    if not isinstance(path, (Study, StudyFolder, PathLike, str)):
        raise StudyError(f"open_study: received a {type(path).__name__}; valid is the folder of a run, such as 'runs/NAME'")
    study = path if isinstance(path, Study) else Study(StudyFolder.at(path))
    if unfinished and study.folder.begun:
        read_results(study.folder)
    else:
        study.folder.read_decision()
    return study


def _prediction(candidate: str, split: str, record: dict[str, Any]) -> Prediction:
    return Prediction(
        candidate=candidate,
        split=split,
        id=record["id"],
        source=record["source"],
        input=record["input"],
        gold=record["gold"],
        prediction=record["prediction"],
        score=record["value"],
        valid=record["valid"],
        relevance=record["relevance"],
        error=record["error"],
    )
