"""A served candidate beside what its study measured: whether its log shows drift, and whether the verdict still holds.

Of all logs without a change, at most 5 % are ever said to have one, whenever and however often one looks. Where labels
arrive, most of that is spent on a fall of the metric, else on answers and inputs alike. What is said of the target, of a
limit, and of other candidates is said at 5 % each; of the last only once a fall is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from crossover.data.clusters import clusters
from crossover.data.labelled import read_labelled
from crossover.data.load import load_rows
from crossover.data.served import ServedLog, ServedRow
from crossover.data.task import Task
from crossover.data.template import columns_of
from crossover.data.text import comparable
from crossover.data.textfile import as_path
from crossover.decision import numbers
from crossover.engine.journal import JournalReader
from crossover.errors import DataError, NoRows, OptionError, StudyError
from crossover.evaluation import shapes
from crossover.evaluation.drift import Watched, fallen
from crossover.evaluation.stopped import estimated
from crossover.metrics.base import Judging, Metric, score_of
from crossover.metrics.open import metric_of
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate, read_task, tested_run
from crossover.types import Example, Score, to_json

VERSION = 1
ALPHA = 0.05
# of the error where labels arrive: a fall from the first row on, one that begins later, and what needs no labels
DROP, LATE, UNLABELLED = 0.043, 0.003, 0.004
LATER = 0.2  # without labels: the part for what begins later
UNLISTED = 3  # labels that the study does not know, which are named
SLOW = 0.05  # of the requests may take longer than a limit of the 95th percentile

One = TypeVar("One")


@dataclass
class Watching:
    """A study's candidate and the log of its answers; `look` says what the log shows so far."""

    decision: dict[str, Any]
    task: Task
    metric: Metric
    row: dict[str, Any]  # the candidate's, of decision.json
    test: dict[str, Any]  # its journaled test run
    rivals: dict[str, dict[str, Any]]  # the test runs of the other champions, by name
    log: ServedLog
    labels: Path | None
    _known: tuple[float, list[Example], str] | None = field(default=None, repr=False)

    @classmethod
    def open(
        cls,
        place: StudyFolder | Path | str,
        log: Path | str,
        labels: Path | str | None = None,
        candidate: str | None = None,
    ) -> Watching:
        """The verdict's choice, or the candidate of that name. Raises `StudyError`, `DataError`, `OptionError`."""
        folder = StudyFolder.at(place).existing()
        decision, task = folder.read_decision(), read_task(folder)
        _, row = read_candidate(folder, candidate)
        metric = metric_of(task, "watch")
        if labels is not None and isinstance(metric, Judging):
            raise OptionError(
                "watch asks no model, and the metric is a judge: valid is watch without labels, or 'crossover evaluate'"
                " with the labelled rows"
            )
        with closing(JournalReader(folder.journal)) as journal:
            test = tested_run(journal, row["id"])
            others = [one for one in decision["candidates"] if one["status"] == "champion" and one["id"] != row["id"]]
            rivals = {one["name"]: tested_run(journal, one["id"]) for one in others}
        if not test or not any(record["error"] is None for record in test["records"]):
            tested = ", ".join(one["name"] for one in decision["candidates"] if one["test"]) or "none"
            raise StudyError(f"'{row['name']}' was not tested, so there is nothing to compare with; tested are: {tested}")
        return cls(
            decision,
            task,
            metric,
            row,
            test,
            {name: run for name, run in rivals.items() if run},
            ServedLog(as_path(log, "the log", DataError)),
            None if labels is None else as_path(labels, "the labels", DataError),
        )

    @property
    def stamp(self) -> tuple[float, float]:
        """What changes with the files that are looked at."""
        log, labels = self.log.path, self.labels
        return (
            log.stat().st_size if log.is_file() else 0,
            labels.stat().st_mtime if labels is not None and labels.is_file() else 0.0,
        )

    def look(self, ended: bool = True) -> dict[str, Any]:
        """What there is to say now. `ended`: the log's last line is whole though it has no line break.

        Raises `DataError` for a log without an answer of the candidate, or labels that cannot be read.
        """
        self.log.more(ended)
        own, others = self._own()
        quality, joined, reasons = self._quality(own)
        rows = _first(own, lambda row: row.input)
        found = self._shapes(rows, UNLABELLED if quality else ALPHA)
        reasons += self._slow(own)
        times = sorted(row.time for row in own if row.time)
        return {
            "version": VERSION,
            "study": self.decision["task"],
            "candidate": {"id": self.row["id"], "name": self.row["name"]},
            "metric": self.task.metric,
            "log": {
                "path": str(self.log.path),
                "rows": len(own),
                "different": len(rows),
                "failed": sum(row.error is not None for row in own),
                "others": others,
                "broken": list(self.log.broken),
                "models": sorted({row.model for row in own if not row.candidate and row.model}),
                "from": times[0] if times else None,
                "to": times[-1] if times else None,
            },
            "labels": joined,
            "quality": quality,
            "shapes": found,
            "latency_ms": _latency(own),
            "drift": any(one["proven"] for one in (*([quality] if quality else []), *found)),
            "verdict": {"kind": self.decision["verdict"]["kind"], "holds": not reasons, "reasons": reasons},
        }

    def _own(self) -> tuple[list[ServedRow], int]:
        """The candidate's rows, and how many are others'."""
        own = [row for row in self.log.rows if row.candidate in ("", self.row["id"])]
        if self.log.rows and not own:
            names = ", ".join(sorted({row.model or row.candidate for row in self.log.rows})[:5])
            raise DataError(
                f"{self.log.path} has no answer of '{self.row['name']}' as this study made it; it has those of {names}"
            )
        return own, len(self.log.rows) - len(own)

    @property
    def among(self) -> int:
        """How many candidates test does not tell apart from this one, which is counted too. Who is chosen of them on test
        looks better there than it is, so its rows would seem a fall: each has a part of the error (Bonferroni)."""
        pairs = [pair for pair in self.decision["comparisons"] if pair.get("family", "verdict") == "verdict"]
        own = [pair for pair in pairs if self.row["id"] in (pair["a"], pair["b"])]
        return 1 + len([pair for pair in own if pair["p_adjusted"] >= ALPHA])

    # with labels

    def _quality(self, own: Sequence[ServedRow]) -> tuple[dict[str, Any] | None, dict[str, Any] | None, list[str]]:
        """The metric beside that of the test split, how labels and answers belong together, and what of the verdict does
        not hold any more."""
        if self.labels is None:
            return None, None, []
        examples, by = self._labelled(self.labels, own)
        answers: dict[str, ServedRow] = {}
        for row in own:
            answers.setdefault(row.id if by == "id" else comparable(row.input), row)
        keyed = [(example, example.input.strip() if by == "id" else comparable(example.input)) for example in examples]
        met = [(example, answers[key]) for example, key in keyed if key in answers]
        asked = [Example(one.id, row.input, one.output, one.group, one.source) for one, row in met]
        scores: dict[str, float] = {}
        for name, (example, row) in zip(clusters(asked), met, strict=True):
            if row.error is None and name not in scores:  # an input that comes again is no further evidence
                scores[name] = score_of(self.metric, example.output, row.output).value
        values = list(scores.values())
        errors = DROP / self.among, LATE / self.among
        found = fallen(_units(self.test), values, *errors, self.test.get("design", 1.0), self.metric.binary)
        known = set(self.task.labels) if self.task.kind == "classify" else set()
        unlisted = [example.output for example, _ in met if known and example.output not in known]
        counts = {"rows": len(examples), "matched": len(met), "counted": len(values), "unlisted": len(unlisted)}
        return (
            {**_body(found), "among": self.among},
            {"path": str(self.labels), "by": by, **counts, "such_as": sorted(set(unlisted))[:UNLISTED]},
            self._broken(found, values),
        )

    def _labelled(self, path: Path, own: Sequence[ServedRow]) -> tuple[list[Example], str]:
        """The labels in their order, and whether they are joined by id or by input: read again where the file changed."""
        stamp = self.stamp[1]
        if self._known is not None and self._known[0] == stamp:
            return self._known[1], self._known[2]
        try:
            return self._joined(path, own, stamp)
        except NoRows:  # a file that waits for labels: a header, or rows that nobody has labelled yet
            return [], "input"

    def _joined(self, path: Path, own: Sequence[ServedRow], stamp: float) -> tuple[list[Example], str]:
        rows, ids, wanted = load_rows(path), {row.id for row in own if row.id}, columns_of(self.task.input)
        columns = {name for row in rows for name in row.fields}
        has_inputs = set(wanted) <= columns
        named = any(str(row.fields.get("id")) in ids for row in rows) or ("id" in columns and not has_inputs)
        if not named and not has_inputs:
            raise DataError(
                f"{path} has neither the ids of the log ('id') nor the input ({', '.join(wanted)}), so its labels belong to"
                " no answer"
            )
        group = self.task.group if self.task.group in columns else None
        changes: dict[str, Any] = {"input": "id" if named else self.task.input, "group": group, "slices": []}
        examples, by = list(read_labelled(self.task.model_copy(update=changes), path).examples), "id" if named else "input"
        if named:
            _check_ids(examples)
        if own:  # else nobody knows yet what they are joined by
            self._known = stamp, examples, by
        return examples, by

    def _broken(self, found: Watched, scores: Sequence[float]) -> list[str]:
        """Why the verdict does not hold any more, by what labels say."""
        name, target, reasons = self.row["name"], self.decision["target"], list[str]()
        if target is not None and self.decision["verdict"]["target_met"] is not False and scores:
            now = estimated([Score(score) for score in scores])
            if now.high < target:
                reasons.append(f"“{name}” misses the target of {numbers.percent(target)}: {numbers.estimate(now)}")
        for rival, run in self.rivals.items() if found.proven else ():
            units = _units(run)
            told = fallen(units, scores, ALPHA, 0.0, run.get("design", 1.0), self.metric.binary).proven
            if fmean(units) < found.before and told:
                reasons.append(
                    f"“{rival}” may win now: “{name}” is surely below the {numbers.percent(fmean(units))} that it reached"
                    " on test; whether that has fallen too, its own answers to the labelled rows tell"
                )
        return reasons

    # without labels

    def _shapes(self, rows: Sequence[ServedRow], alpha: float) -> list[dict[str, Any]]:
        """What of inputs and answers is as on test: what is shown to be otherwise first, then by how much."""
        records = _first(self.test["records"], lambda record: record["input"])
        test = [(record["input"], record["prediction"] if record["error"] is None else None) for record in records]
        served = [(row.input, row.output if row.error is None else None) for row in rows]
        design = len(records) / len(set(clusters(_examples(records))))  # rows of a group may all say the same
        shares = (1 - LATER) * alpha, LATER * alpha
        found = shapes.compared(test, served, self.task.kind == "classify", *shares, design)
        return [{"side": one.side, "kind": one.kind, "what": one.what, **_body(how)} for one, how in found]

    def _slow(self, own: Sequence[ServedRow]) -> list[str]:
        limit = self.task.limits.latency_p95_ms
        if limit is None:
            return []
        over = estimated([Score(float(row.milliseconds > limit)) for row in own if row.milliseconds is not None])
        if over.low <= SLOW:
            return []
        return [f"{numbers.estimate(over)} of the answers take longer than the limit of {limit:g} ms, which 5 % may"]


def _check_ids(examples: Sequence[Example]) -> None:
    """Raise `DataError` for an id (the input here) that has two labels: which one is right, nobody can tell."""
    first: dict[str, Example] = {}
    for example in examples:
        other = first.setdefault(example.input.strip(), example)
        if comparable(other.output) != comparable(example.output):
            raise DataError(
                f"{example.source}: the id '{example.input.strip()}' has the label '{example.output}', and"
                f" '{other.output}' in {other.source}; valid is one label for each id"
            )


def _first(rows: Iterable[One], text: Any) -> list[One]:
    """The first row of each input: one that comes again is no further evidence."""
    found: dict[str, One] = {}
    for row in rows:
        found.setdefault(comparable(text(row)), row)
    return list(found.values())


def _examples(records: Sequence[Mapping[str, Any]]) -> list[Example]:
    return [Example(r["id"], r["input"], r["gold"], r["group"], r["source"]) for r in records]


def _units(run: Mapping[str, Any]) -> list[float]:
    """The scores of a journaled run by independent unit: rows of one group, or with one input, are one."""
    records = [record for record in run["records"] if record["value"] is not None]
    found: dict[str, list[float]] = {}
    for name, record in zip(clusters(_examples(records)), records, strict=True):
        found.setdefault(name, []).append(record["value"])
    return [fmean(values) for values in found.values()]


def _body(found: Watched) -> dict[str, Any]:
    return {
        "n": found.n,
        **{name: round(getattr(found, name), 6) for name in ("before", "now", "difference", "low", "high", "least")},
        "proven": to_json(found.proven) if found.proven else None,
    }


def _latency(own: Sequence[ServedRow]) -> dict[str, float] | None:
    taken = sorted(row.milliseconds for row in own if row.milliseconds is not None)
    if not taken:
        return None
    return {"n": len(taken), "p50": taken[len(taken) // 2], "p95": taken[min(int(0.95 * len(taken)), len(taken) - 1)]}
