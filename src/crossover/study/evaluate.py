"""Candidates of a finished study on labelled rows that came later; neither the study nor its verdict is touched.

Everything lies in `evaluations/` in the study's folder: a journal of its own, so that no call is paid twice, and for each
evaluation what was found and every answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossover.data.clusters import clusters
from crossover.data.economics import LimitsSpec
from crossover.data.labelled import Labelled, check_labelled, read_labelled, unmet
from crossover.data.splits import make_splits
from crossover.data.task import Task
from crossover.decision import numbers
from crossover.decision.costs import cost_of
from crossover.decision.crossing import Doubt
from crossover.decision.deciding import Measured, prices_of
from crossover.decision.pairs import ALPHA
from crossover.engine.follow import calls_of
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import BudgetExceeded, CrossoverError, OptionError, StudyError
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.open import open_bench
from crossover.evaluation.paired import compare, holm
from crossover.evaluation.relevance import relevance_scorer
from crossover.evaluation.unpaired import unpaired
from crossover.models.base import Model, Weighted
from crossover.models.open import open_model
from crossover.study.evidence import read_evidence
from crossover.study.folder import EVALUATIONS, StudyFolder, read_json, write_json, write_text
from crossover.study.listener import Listener, Quiet, Stage
from crossover.study.models import open_measured
from crossover.study.paying import is_paid, need_prices
from crossover.study.read import read_candidate, read_task, tested_run
from crossover.study.scoring import TESTED, Scoring, scoring
from crossover.types import Candidate, Estimate, Example, Run, Score, to_json

VERSION = 1
INSTEAD = "evaluate in a copy of the study's folder"


class _Beside(Journal):
    """A journal that also knows the answers of the study's own, which it does not write."""

    def __init__(self, path: Path, study: JournalReader) -> None:
        super().__init__(path)
        self._study = study

    def replies(self, keys: Iterable[str]) -> dict[str, Any]:
        wanted = list(keys)
        found = super().replies(wanted)
        return {**self._study.replies([key for key in wanted if key not in found]), **found}


@dataclass(frozen=True)
class _Asked:
    """What is to be measured, all of it read and checked before anything is asked."""

    folder: StudyFolder
    decision: dict[str, Any]
    task: Task
    new: Labelled
    candidates: tuple[tuple[Candidate, dict[str, Any]], ...]  # each with its row of decision.json
    rule: Scoring
    models: dict[str, Model]

    def model_of(self, spec: str) -> Model:
        if spec not in self.models:  # a judge's
            self.models[spec] = open_model(spec, self.task.folder)
        return self.models[spec]


def paid_evaluation(place: StudyFolder | Path | str, data: Any, candidates: Sequence[str] = ()) -> tuple[list[str], int]:
    """The models of an evaluation whose calls cost money or leave this machine, and how many calls of theirs it takes at
    the most. Raises as `evaluate` does."""
    asked = _asked(place, data, candidates)
    judge = [asked.rule.judge] if asked.rule.judge else []
    paid = [spec for spec in dict.fromkeys((*asked.models, *judge)) if is_paid(asked.task, spec, asked.model_of(spec))]
    rows = len(asked.new.examples)
    calls = sum(rows * calls_of(candidate) for candidate, _ in asked.candidates if candidate.model in paid)
    return paid, calls + (rows * len(asked.candidates) if asked.rule.judge in paid else 0)


def evaluate(
    place: StudyFolder | Path | str,
    data: Any,
    candidates: Sequence[str] = (),
    money: float | None = None,
    listener: Listener | None = None,
) -> Path:
    """Measure candidates of a finished study on new labelled rows, and return the file of what was found.

    `data`: a file, a data set or a table in memory with the columns of the study's task. `candidates`: names or ids, of
    which the first is what the others are compared with; without any the verdict's choice and the champions of all sides.
    `money`: the most that the calls made now may cost. The same rows and candidates again give the same file. Raises
    `StudyError`, `DataError`, `ModelError`, and `BudgetExceeded` at the limit: what is answered stays.
    """
    asked, told = _asked(place, data, candidates), listener or Quiet()
    if money is not None:
        _check_prices(asked, money)
    home = StudyFolder(asked.folder.path / EVALUATIONS)
    with closing(JournalReader(asked.folder.journal)) as study:
        known, lacking = _known(asked, study)
        findings = check_labelled(asked.task, asked.new, known)
        for sentence in (*lacking, *asked.rule.said(), *(f"{one.level}: {one.said}" for one in findings)):
            told.say(sentence)
        with (
            home.kept_if_spent(),
            home.locked(INSTEAD),
            closing(_Beside(home.journal, study)) as journal,
        ):
            try:
                runs = _measured(asked, money, journal, home, told)
            except BudgetExceeded as error:
                kept = "what was answered is kept: evaluate again with more, and it continues"
                raise BudgetExceeded(f"{error}; {kept}") from error
            body = _body(asked, runs, known, study)
            body["findings"] = to_json(findings)
            body["said"] = [*_sentences(body, asked.task), *lacking]
            return _kept(asked.folder, body, runs)


def _asked(place: StudyFolder | Path | str, data: Any, names: Sequence[str]) -> _Asked:
    folder = StudyFolder.at(place).existing()
    decision, task = folder.read_decision(), read_task(folder)
    new = read_labelled(task, data)
    found: dict[str, tuple[Candidate, dict[str, Any]]] = {}
    for name in names or _usual(decision):
        candidate, row = read_candidate(folder, name)
        found.setdefault(candidate.id, (candidate, row))
    models: dict[str, Model] = {}
    for candidate, _ in found.values():
        if candidate.model not in models:
            models[candidate.model] = open_measured(folder, candidate, task.folder)
        model = models[candidate.model]
        if candidate.weights is not None and isinstance(model, Weighted):
            model.check_weights(candidate.weights)
    rule = scoring(task, "evaluate", new.examples)
    with closing(JournalReader(folder.journal)) as journal:
        before = journal.fact(TESTED)
    if before is not None and (before["name"], before["id"]) != (rule.name, rule.id):
        raise StudyError(
            f"{folder.path} scored its test split with another version of the metric {rule.name}; valid is that version,"
            " as nothing else can be compared with it"
        )
    return _Asked(folder, decision, task, new, tuple(found.values()), rule, models)


def _check_prices(asked: _Asked, money: float) -> None:
    """Raise `OptionError` where a limit cannot be kept, as nobody knows what a call costs."""
    limited = asked.task.model_copy(update={"limits": LimitsSpec(money=money)})
    for spec in filter(None, dict.fromkeys((*asked.models, asked.rule.judge))):
        try:
            need_prices(limited, spec, asked.model_of(spec))
        except OptionError as error:
            raise OptionError(
                f"evaluate, money {money:g}: what '{spec}' costs is not known in the study, so no limit can be kept; valid"
                " is none"
            ) from error


def _usual(decision: dict[str, Any]) -> list[str | None]:
    """The verdict's choice (else the provisional one), and the champions."""
    champions = [row["id"] for row in decision["candidates"] if row["status"] == "champion" and not row.get("same_as")]
    return [decision["verdict"]["choice"] or decision["verdict"]["provisional"], *champions]


def _known(asked: _Asked, journal: JournalReader) -> tuple[dict[str, Sequence[Example]], list[str]]:
    """The study's rows by split; and what has to be said where they are not all there."""
    try:
        splits = make_splits(asked.task)
        if splits.sha256 == journal.fact("data")["sha256"]:
            return dict(splits.items()), []
        reason = "the data are others now"
    except CrossoverError as error:
        reason = str(error)
    found: dict[str, Sequence[Example]] = {}
    for row in asked.decision["candidates"]:
        for split, run in (("dev", journal.run(row["id"], "dev")), ("test", tested_run(journal, row["id"]))):
            if run and len(run["records"]) > len(found.get(split, ())):
                found[split] = [Example(r["id"], r["input"], r["gold"], r["group"], r["source"]) for r in run["records"]]
    return found, [f"the study's training rows cannot be read any more ({reason}): only dev and test were looked through"]


def _measured(asked: _Asked, money: float | None, journal: Journal, home: StudyFolder, told: Listener) -> dict[str, Run]:
    """Each candidate's run on the new rows, by its id. What earlier evaluations cost is no part of this one's `money`."""
    most = None if money is None else money + journal.spent()[1].money
    task = asked.task.model_copy(update={"limits": LimitsSpec(money=most)})
    bench = open_bench(
        task, (), (), home.path, journal, asked.model_of, relevance_scorer(), told.progress, metric=asked.rule.metric
    )
    runs = {}
    for number, (candidate, row) in enumerate(asked.candidates, 1):
        told.stage(Stage("new", row["name"], number, len(asked.candidates)))
        runs[candidate.id] = bench.evaluator.run(candidate, "new", asked.new.examples)
    return runs


def _body(asked: _Asked, runs: dict[str, Run], known: dict[str, Sequence[Example]], study: JournalReader) -> dict[str, Any]:
    task, new, rule = asked.task, asked.new, asked.rule
    groups, fresh = clusters(new.examples), unmet(new, known)
    try:
        evidence = read_evidence(study, rule.metric, rule.name, task.seed)
        measured = {one.id: one for one in evidence.measured}
    except CrossoverError:  # an earlier version kept too little: there is no cost to tell
        measured = {}
    rows = []
    for candidate, row in asked.candidates:
        run = runs[candidate.id]
        without = estimate(_fresh(run, fresh), rule.metric.aggregate, rule.metric.binary, groups, task.seed)
        usages = run.taken
        rows.append(
            {
                **{key: row[key] for key in ("id", "name", "family", "status")},
                "model": candidate.model,
                "chosen": row["chosen"],
                "estimate": to_json(run.estimate),
                "failures": run.failures,
                "test": row["test"],
                "change": _change(without, row),
                "unmet": to_json(without) if not all(fresh) and any(fresh) else None,
                "tokens_in": round(sum(usage.tokens_in for usage in usages) / len(usages), 1),
                "tokens_out": round(sum(usage.tokens_out for usage in usages) / len(usages), 1),
                "cost": _cost(run, measured.get(candidate.id), task),
            }
        )
    total = [runs[candidate.id].usage for candidate, _ in asked.candidates]
    return {
        "version": VERSION,
        "at": None,
        "study": asked.decision["task"],
        "metric": rule.name,
        "target": asked.decision["target"],
        "data": {
            "name": new.name,
            "sha256": new.sha256,
            "rows": len(new.examples),
            "blank": len(new.blank),
            "met": fresh.count(False),
        },
        "candidates": rows,
        "comparisons": _comparisons(asked, runs, groups, fresh),
        "took": {
            "tokens_in": sum(usage.tokens_in for usage in total),
            "tokens_out": sum(usage.tokens_out for usage in total),
            "money": sum(usage.money for usage in total),
        },
    }


def _fresh(run: Run, fresh: Sequence[bool]) -> list[Score | None]:
    """The scores of rows that the study has not met: what it chose by, learned or tested on is no new evidence."""
    return [record.score if is_new else None for record, is_new in zip(run.records, fresh, strict=True)]


def _change(new: Estimate, row: dict[str, Any]) -> dict[str, Any] | None:
    """New rows minus test; None where none is new."""
    if not row["test"] or not new.n:
        return None
    difference, low, high = unpaired(new, replace(new, **row["test"]))
    return {"difference": difference, "low": low, "high": high}


def _cost(run: Run, measured: Measured | None, task: Task) -> dict[str, Any] | None:
    """What a thousand requests like these cost, at the study's prices and speed."""
    if measured is None:
        return None
    usages = run.taken
    bill = replace(
        measured.bill,
        tokens_in=tuple(usage.tokens_in for usage in usages),
        tokens_out=tuple(usage.tokens_out for usage in usages),
        money=tuple(usage.money for usage in usages),
    )
    prices = prices_of(task, measured.model)
    low, high = Doubt(prices, task.seed).spread(bill).per_1k
    return {"per_1k_requests": float(cost_of(bill, prices).per_1k), "low": low, "high": high, "currency": prices.currency}


def _comparisons(asked: _Asked, runs: dict[str, Run], groups: Sequence[str], fresh: Sequence[bool]) -> list[dict[str, Any]]:
    """Each further candidate minus the first, on the same rows that are new; p adjusted over them (Holm)."""
    (first, _), *others = asked.candidates
    rule, scores = asked.rule.metric, {id: _fresh(run, fresh) for id, run in runs.items()}
    found = [
        compare(scores[other.id], scores[first.id], rule.aggregate, rule.binary, groups, asked.task.seed)
        for other, _ in others
    ]
    adjusted = holm([one.p for one in found])
    return [
        {"a": other.id, "b": first.id, **to_json(one), "p_adjusted": p}
        for (other, _), one, p in zip(others, found, adjusted, strict=True)
    ]


def _sentences(body: dict[str, Any], task: Task) -> list[str]:
    """What a reader should take from it: who is better here, what fell since test, and the target."""
    first = body["candidates"][0]
    names = {row["id"]: row["name"] for row in body["candidates"]}
    said = [
        f"here “{names[pair['a']]}” is {'better' if pair['difference'] > 0 else 'worse'} than “{first['name']}”:"
        f" {_points(pair)}, p = {numbers.p_value(pair['p_adjusted'])}"
        for pair in body["comparisons"]
        if pair["p_adjusted"] < ALPHA
    ]
    if not said and body["comparisons"] and body["data"]["met"] < body["data"]["rows"]:
        said.append(f"on these rows no other is told apart from “{first['name']}”")
    for row in body["candidates"]:
        change = row["change"]
        if change and (change["high"] < 0 or change["low"] > 0):
            how = "worse" if change["high"] < 0 else "better"
            said.append(f"“{row['name']}” does {how} here than on test: {_points(change)}")
    target, now = body["target"], first["unmet"] or first["estimate"]
    if body["data"]["met"] == body["data"]["rows"]:
        return [*said, "the study has met every row of these: they show nothing of rows that come later"]
    if target is not None and now["n"] and not now["low"] <= target <= now["high"]:
        how = "misses" if now["high"] < target else "reaches"
        said.append(f"“{first['name']}” {how} the target of {numbers.percent(target)} here")
    if body["data"]["met"]:
        rest = first["unmet"]
        without = f"; without them, as in all differences here, “{first['name']}” has {numbers.estimate(Estimate(**rest))}"
        said.append(f"the study has met {numbers.plural(body['data']['met'], 'row')} of these{without}")
    return said


def _points(found: dict[str, Any]) -> str:
    return f"{numbers.difference(found['difference'], found['low'], found['high'])} points"


def _kept(folder: StudyFolder, body: dict[str, Any], runs: dict[str, Run]) -> Path:
    """The file of an evaluation: one that says the same is not written twice. The answers lie beside it."""
    files = folder.evaluations
    fresh = json.loads(json.dumps(body))
    for path in files:
        known = read_json(path)
        if isinstance(known, dict) and known | {"at": None} == fresh:
            return path
    body["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    path = folder.path / EVALUATIONS / f"{int(files[-1].stem) + 1 if files else 1}.json"
    names = {row["id"]: row["name"] for row in body["candidates"]}
    answers = [
        {
            "candidate": names[id],
            "id": record.example.id,
            "source": record.example.source,
            "input": record.example.input,
            "gold": record.example.output,
            "prediction": record.prediction,
            "score": None if record.score is None else record.score.value,
            "error": record.reply.error,
        }
        for id, run in runs.items()
        for record in run.records
    ]
    write_text(path.with_suffix(".jsonl"), "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in answers))
    write_json(path, body)
    return path
