"""What a study decided, written down: decision.json (version 1), the candidates, and the rows that the report reads."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from crossover.data.finding import Finding
from crossover.data.task import Task
from crossover.decision.costs import CURRENCY
from crossover.decision.deciding import Decided, Evidence
from crossover.decision.flip import Flips
from crossover.decision.judging import doubts, told
from crossover.decision.learning import Learning
from crossover.decision.pairs import Pair
from crossover.decision.tested import compare_pairs
from crossover.engine.journal import Journal
from crossover.evaluation.judging import JudgeCheck
from crossover.metrics.base import Metric
from crossover.study.decided import cost_detail, crossover_json, decided_json, pair_json, slices_of, status_of
from crossover.study.engines import engines_json
from crossover.study.evidence import WARNINGS, keep_evidence
from crossover.study.folder import VERSION, StudyFolder, write_json
from crossover.study.forgetting import Account
from crossover.study.history import keep_verdict
from crossover.study.ladder import Climbed
from crossover.study.results import OVER_FOLDS, CandidateReport, Followed, Stopped, Tried
from crossover.study.seeds import spread
from crossover.study.several import specs_of
from crossover.types import Epoch, Estimate, Message, Record, Run, content_hash, to_json

FOLLOWED = 5  # inputs that are shown step by step


@dataclass(frozen=True)
class Outcome:
    """A finished study, in memory. `runs`: the test runs by contender id; `traces` (of tuning) and `prompts` (one
    as it is asked): by rung name; `asked`: the models that are, by specification."""

    task: Task
    task_path: str
    options: tuple[str, ...]
    data_sha256: str
    splits: Mapping[str, int]
    metric: Metric
    climbed: Sequence[Climbed]
    evidence: Evidence
    decided: Decided
    flips: Flips
    runs: Mapping[str, Run]
    traces: Mapping[str, Sequence[Epoch]]
    findings: Sequence[Finding]
    assumptions: Sequence[str]
    warnings: Sequence[str]
    relevance: str
    wall_seconds: float
    forgetting: Account
    overfitting: Sequence[str]
    judge: JudgeCheck | None
    prompts: Mapping[str, tuple[Message, ...]]
    learning: Learning | None = None
    folds: int = 0
    asked: Sequence[str] = ()


def write_outcome(outcome: Outcome, folder: StudyFolder, journal: Journal) -> None:
    """Write decision.json last: where it is, everything it speaks of is there too."""
    for made in outcome.climbed:
        if made.candidate is not None and made.same_as is None:
            body = to_json(made.candidate)
            if made.candidate.weights:
                body["weights"]["path"] = Path(made.candidate.weights.path).relative_to(folder.path).as_posix()
            write_json(folder.candidate(made.candidate.id), body)
            assert made.dev is not None
            journal.set_run(made.candidate.id, "dev", _run(made.dev))
            test = outcome.runs.get(made.candidate.id)
            if test is not None:
                journal.set_run(made.candidate.id, OVER_FOLDS if test.folds else "test", _run(test))
    keep_evidence(outcome.evidence, journal)
    journal.set_fact(WARNINGS, {"before": list(outcome.warnings), "after": _after(outcome)})
    for report in _reports(outcome, journal):
        journal.set_candidate(report.name, report.details())
    facts, decision = _facts(outcome), _decision(outcome, journal)
    keep_verdict(folder, journal, decision, facts["task"])
    for name, body in facts.items():
        journal.set_fact(name, body)
    write_json(folder.decision, decision)
    journal.set_fact("so far", None)


def write_so_far(outcome: Outcome, ahead: Sequence[str], journal: Journal) -> None:
    """What a study has that is not finished, for who looks at it meanwhile: nothing of an earlier verdict is touched.

    `ahead`: the rungs that are still to be climbed.
    """
    decision = _decision(outcome, journal)
    decision["verdict"]["ahead"] = list(ahead)
    rows = {report.name: report.details() for report in _reports(outcome, journal)}
    journal.set_fact("so far", {**_facts(outcome), "decision": decision, "rows": rows})


def _facts(outcome: Outcome) -> dict[str, Any]:
    """What the report says of the task, by the names of the journal's facts."""
    task = outcome.task
    beside = {"path": str(outcome.task_path), "folder": str(task.folder.resolve()), "output_form": task.output_form}
    return {
        "task": task.model_dump(mode="json") | beside,
        "options": list(outcome.options),
        "findings": to_json(outcome.findings),
        "assumptions": list(outcome.assumptions),
    }


def _decision(outcome: Outcome, journal: Journal) -> dict[str, Any]:
    calls, usage = journal.spent()
    changes = _changes(outcome)
    slices = slices_of(outcome.decided, outcome.evidence, outcome.task)
    after = [*(slices.warnings if slices else ()), *_after(outcome)]
    made = decided_json(outcome.decided, outcome.flips, outcome.task, outcome.warnings, after, outcome.learning)
    return {
        "version": VERSION,
        "task": outcome.task.name,
        "model": outcome.task.model,
        "seed": outcome.task.seed,
        "created": journal.fact("created"),
        "crossover_version": _version("crossover"),
        "versions": {name: _version(name) for name in ("torch", "transformers", "peft")},
        "metric": outcome.task.metric,
        "judge": _judge(outcome.judge, specs_of(outcome.task)) if outcome.judge else None,
        "relevance": outcome.relevance,
        "target": made["target"],
        "margin": made["margin"],
        "tolerance": made["tolerance"],
        "splits": dict(outcome.splits),
        "folds": outcome.folds or None,
        "data_sha256": outcome.data_sha256,
        "candidates": [report.to_json() for report in _reports(outcome, journal)],
        "engines": engines_json(outcome.asked, journal),
        "prompt_sensitivity": _sensitivity(outcome, journal),
        "comparisons": [*made["comparisons"], *(pair_json(pair, "baseline") for pair in changes)],
        "forgetting": {"replay": list(outcome.forgetting.replay), "said": list(outcome.forgetting.said)},
        "slices": slices.to_json() if slices else None,
        "crossover": crossover_json(made),
        "flips": made["flips"],
        "verdict": made["verdict"],
        "spent": {
            "calls": calls,
            "cached_calls": journal.cached(),
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "seconds": round(outcome.wall_seconds, 1),
            "money": round(usage.money, 9),  # a database adds large tables up in another order each time
            "tuning_epochs": journal.tuned(),
        },
    }


@cache  # it is written after every rung, and reading it takes milliseconds
def _version(package: str) -> str:
    return importlib.metadata.version(package)


def _judge(check: JudgeCheck, models: Sequence[str]) -> dict[str, Any]:
    body: dict[str, Any] = to_json(check)
    return body | {"said": told(check), "doubts": doubts(check, models)}


def _after(outcome: Outcome) -> list[str]:
    """What is warned of behind the verdict's own warnings."""
    return [*outcome.overfitting, *outcome.forgetting.warnings]


def _sensitivity(outcome: Outcome, journal: Journal) -> dict[str, Any] | None:
    """The range on dev of one clear instruction over its phrasings and formats, none of them calibrated; of several models
    that of the first that has one."""
    first, several = outcome.task.model, bool(outcome.task.models)
    rows = [row for made in outcome.climbed if made.strategy == "instruction" for row in journal.tries(made.name)]
    for spec in specs_of(outcome.task):
        own = [row for row in rows if (row.get("model") or first) == spec]
        known = {row["id"]: row["dev"]["value"] for row in own if not row["calibrated"] and not row.get("stopped")}
        if len(known) > 1:
            found = {"tried": len(known), "low": round(min(known.values()), 6), "high": round(max(known.values()), 6)}
            return found | ({"model": spec} if several else {})
    return None


def _reports(outcome: Outcome, journal: Journal) -> list[CandidateReport]:
    return [_report(outcome, made, journal) for made in outcome.climbed]


def _report(outcome: Outcome, made: Climbed, journal: Journal) -> CandidateReport:
    contender = next((c for c in outcome.decided.contenders if made.candidate and c.id == made.candidate.id), None)
    measured = made.candidate is not None and made.dev is not None and contender is not None
    candidate = made.candidate if measured else None
    dev = made.dev if measured else None
    test = outcome.runs.get(candidate.id) if candidate else None
    train, probe, shown = (made.train, made.probe, test or dev) if measured else (None, None, None)
    own = dev if shown and shown.folds else shown  # what its own requests took
    bill = next((one.bill for one in outcome.evidence.measured if contender and one.id == contender.id), None)
    doubt = outcome.decided.spreads.get(contender.id) if contender else None
    return CandidateReport(
        id=candidate.id if candidate else content_hash({"failed": made.name}),
        name=made.name,
        strategy=made.strategy,
        family=made.family,
        rung=contender.rung if contender else "other",
        dev=dev.estimate if dev else None,
        test=test.estimate if test else None,
        stopped=_stopped(test) if test else None,
        change=None,
        relevance=shown.relevance if shown else None,
        consistency=probe.consistency if probe else None,
        failures=sum(run.failures for run in (dev, test) if run),
        train_gap=train.estimate.value - dev.estimate.value if train and dev else None,
        latency_p50_ms=probe.p50 if probe else None,
        latency_p95_ms=probe.p95 if probe else None,
        latency_p50_interval=(probe.p50_low, probe.p50_high) if probe else None,
        latency_p95_interval=(probe.low, probe.high) if probe else None,
        latency_requests=probe.n if probe else 0,
        latency_others=probe.load.others if probe and probe.load else None,
        latency_contended=probe.contended if probe else False,
        latency_known=probe.known if probe else 0,
        tokens_in=round(mean(usage.tokens_in for usage in own.taken), 1) if own else 0,
        tokens_out=round(mean(usage.tokens_out for usage in own.taken), 1) if own else 0,
        cost_fixed=contender.cost.fixed if contender else 0.0,
        cost_per_1k=contender.cost.per_1k if contender else 0.0,
        currency=outcome.task.prices.currency or CURRENCY,
        cost=cost_detail(contender, doubt, bill) if contender and bill else None,
        status=status_of(contender, outcome.decided.champions, test is not None),
        note="; ".join(filter(None, [made.same_as and f"the same candidate as {made.same_as}", made.note])),
        trace=tuple(outcome.traces.get(made.name, ())),
        prompt=outcome.prompts.get(made.name, ()),
        tried=tuple(Tried(**row | {"dev": Estimate(**row["dev"])}) for row in journal.tries(made.name)),
        test_gap=train.estimate.value - test.estimate.value if train and test and not test.folds else None,
        seeds=spread(journal.tries(made.name), candidate.id) if candidate and candidate.weights else None,
        forgetting=outcome.forgetting.by_name.get(made.name) if measured else None,
        followed=_followed(made),
        same_as=made.same_as,
        metric=outcome.task.metric,
        model=candidate.model if candidate else None,
        parent=candidate.provenance.parent if candidate else None,
    )


def _changes(outcome: Outcome) -> tuple[Pair, ...]:
    """Every tested candidate against the baseline; adjusted among themselves, apart from the verdict's pairs."""
    tested = [c for c in outcome.decided.contenders if c.id in outcome.runs]
    baseline = next((c for c in tested if c.rung == "baseline"), None)
    if baseline is None:
        return ()
    others = [(c, baseline) for c in tested if c.id != baseline.id]
    return compare_pairs(others, outcome.runs, outcome.metric, outcome.task.seed).pairs


def _stopped(test: Run) -> Stopped | None:
    return Stopped(len(test.records), test.raced.of, test.raced.lost_to) if test.raced and test.stopped else None


def _run(run: Run) -> dict[str, Any]:
    return {
        "metric": run.metric,
        "raced": to_json(run.raced),
        "estimate": to_json(run.estimate),
        "relevance": to_json(run.relevance) if run.relevance else None,
        **({"folds": run.folds, "design": run.design, "leaning": run.leaning} if run.folds else {}),
        "records": [_record(record) for record in run.records],
    }


def _followed(made: Climbed) -> tuple[Followed, ...]:
    """The first dev inputs through a chain, step by step."""
    records = made.dev.records[:FOLLOWED] if made.dev and made.candidate and made.candidate.prompt.steps else ()
    return tuple(
        Followed(r.example.input, r.example.output, dict(r.steps), r.prediction or r.reply.error or "") for r in records
    )


def _record(record: Record) -> dict[str, Any]:
    return {
        "id": record.example.id,
        "source": record.example.source,
        "input": record.example.input,
        "gold": record.example.output,
        "slices": dict(record.example.slices),
        "prediction": record.prediction,
        "error": record.reply.error,
        "value": record.score.value if record.score else None,
        "valid": record.score.valid if record.score else None,
        "counts": to_json(record.score.counts) if record.score else {},
        "relevance": record.relevance,
        "group": record.example.group,
        "tokens_in": record.reply.usage.tokens_in,
        "tokens_out": record.reply.usage.tokens_out,
        "money": record.reply.usage.money,
    }
