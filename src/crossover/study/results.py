"""What a finished study found, as it is written to disk and as the report, the tables and the commands read it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.decision.costs import CURRENCY
from crossover.study.evaluated import Evaluated
from crossover.types import Epoch, Estimate, Family, Message, to_json

OVER_FOLDS = "folds"  # where the journal has a run over folds: as "test" it would pass for the candidate's own answers


@dataclass(frozen=True)
class Change:
    """A difference to the baseline on the test split, in the metric's unit, with its 95 % interval."""

    difference: float
    low: float
    high: float
    p_adjusted: float | None = None


@dataclass(frozen=True)
class Tried:
    """What a rung scored on its way: the prompt and the recipe in short, and its dev estimate."""

    id: str
    instruction: str
    template: str
    demonstrations: int
    selection: str
    calibrated: bool
    samples: int
    dev: Estimate
    recipe: dict[str, Any] | None = None  # of the tune that made its weights
    stopped: bool = False  # it could not be the best, and met a part of dev
    model: str = ""  # its specification; "" in a study of an earlier version


@dataclass(frozen=True)
class Stopped:
    """A race on the test split ended for a candidate after so many rows. `lost_to`: the id of who was surely better; None
    where nothing was left to tell."""

    after: int
    of: int
    lost_to: str | None = None


@dataclass(frozen=True)
class Followed:
    """An input's way through a chain: step -> what it answered; the answer may be an error."""

    input: str
    gold: str
    steps: dict[str, str]
    answer: str


@dataclass(frozen=True)
class Lost:
    """One suite before and after a tune, in its metric, paired by item; `kinds` of items: name, items, before, after.

    `p` is that of the `test`, not adjusted.
    """

    suite: str
    metric: str
    n: int
    before: float
    after: float
    change: Change
    kinds: tuple[tuple[str, int, float, float], ...] = ()
    p: float | None = None
    test: str = ""

    def to_json(self) -> dict[str, Any]:
        change = self.change
        return {
            "suite": self.suite,
            "metric": self.metric,
            "before": round(self.before, 6),
            "after": round(self.after, 6),
            **{name: round(getattr(change, name), 6) for name in ("difference", "low", "high")},
            "p": self.p,
            "test": self.test,
            "n": self.n,
            "p_adjusted": change.p_adjusted,
            "kinds": [
                {"name": name, "n": n, "before": round(before, 6), "after": round(after, 6)}
                for name, n, before, after in self.kinds
            ],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Lost:
        change = Change(body["difference"], body["low"], body["high"], body["p_adjusted"])
        kinds = tuple((kind["name"], kind["n"], kind["before"], kind["after"]) for kind in body["kinds"])
        before, after = body["before"], body["after"]
        return cls(body["suite"], body["metric"], body["n"], before, after, change, kinds, body["p"], body["test"])


@dataclass(frozen=True)
class Forgetting:
    """What tuned weights forgot: the general suite first. `perplexity` of general prose, per token: before, after."""

    suites: tuple[Lost, ...]
    perplexity: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        general, *others = (suite.to_json() for suite in self.suites)
        perplexity = None
        if self.perplexity:
            before, after = self.perplexity
            perplexity = {"before": round(before, 3), "after": round(after, 3), "ratio": round(after / before, 4)}
        return {**general, "perplexity": perplexity, "tasks": others}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Forgetting:
        perplexity = body["perplexity"]
        return cls(
            tuple(Lost.from_json(suite) for suite in (body, *body["tasks"])),
            (perplexity["before"], perplexity["after"]) if perplexity else None,
        )


@dataclass(frozen=True)
class CostDetail:
    """What a candidate costs over the user's `horizon`, all in all, and 95 % intervals over items, measured speed and
    prices given as ranges. `parts` of what does not depend on the requests: labels, calls, tuning, hosting. `labels` and
    `calls`: how many making it took."""

    horizon: float
    horizon_interval: tuple[float, float] | None
    fixed_interval: tuple[float, float] | None
    per_1k_interval: tuple[float, float] | None
    labels: int
    calls: int
    parts: Mapping[str, float]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> CostDetail:
        known: dict[str, Any] = {name: body[name] for name in ("horizon", "labels", "calls", "parts")}
        ends = ("horizon_interval", "fixed_interval", "per_1k_interval")
        known |= {name: tuple(body[name]) if body[name] else None for name in ends}
        return cls(**known)


@dataclass(frozen=True)
class CandidateReport:
    """A row of the ladder. Metrics are in [0, 1], tokens are means per request, `cost_per_1k` is for 1,000 of them.

    On disk most of it is a row of decision.json (`to_json`); what only the report shows is in the journal (`details`).
    Numbers are rounded there; `change` is read off the comparisons.
    """

    id: str
    name: str
    strategy: str
    family: Family
    rung: str  # "control", "baseline", "engineered prompt", "few-shot", "tuned", "hybrid" or "other"
    dev: Estimate | None
    test: Estimate | None
    change: Change | None  # against the baseline, on test
    relevance: Estimate | None
    consistency: Estimate | None  # of repeated answers
    failures: int
    train_gap: float | None  # train minus dev metric: overfitting
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    tokens_in: float
    tokens_out: float
    cost_fixed: float
    cost_per_1k: float
    currency: str
    status: str  # "finalist", "champion", "candidate", "failed", "removed"
    note: str
    trace: tuple[Epoch, ...] = ()
    prompt: tuple[Message, ...] = ()  # one rendered prompt, for the reader
    tried: tuple[Tried, ...] = ()  # in the order of the search
    test_gap: float | None = None  # train minus test metric
    seeds: dict[str, Any] | None = None  # `study/seeds.py`
    forgetting: Forgetting | None = None  # of tuned weights
    followed: tuple[Followed, ...] = ()  # a chain: what its steps answered to a few inputs
    latency_p95_interval: tuple[float, float | None] | None = None  # 95 %; an upper end that few requests cannot give: None
    latency_contended: bool = False  # something else than the candidate may have taken the time
    latency_requests: int = 0
    latency_known: int = 0  # of them a server had been asked the text before
    latency_others: float | None = None  # cores that others kept busy meanwhile
    same_as: str | None = None  # the name of an earlier rung that ended in the same candidate
    metric: str | None = None
    model: str | None = None  # its specification
    parent: str | None = None  # the id of the candidate that its rung began with
    stopped: Stopped | None = None  # its test figures are then of some rows, and hold whenever one stops
    latency_p50_interval: tuple[float, float | None] | None = None  # as that of p95
    cost: CostDetail | None = None

    def to_json(self) -> dict[str, Any]:
        """Its row of decision.json."""
        latency = cost = None
        if self.latency_p50_ms is not None and self.latency_p95_ms is not None:
            low, high = self.latency_p95_interval or (None, None)
            middle_low, middle_high = self.latency_p50_interval or (None, None)
            latency = {
                "p50": round(self.latency_p50_ms, 2),
                "p50_low": None if middle_low is None else round(middle_low, 2),
                "p50_high": None if middle_high is None else round(middle_high, 2),
                "p95": round(self.latency_p95_ms, 2),
                "p95_low": None if low is None else round(low, 2),
                "p95_high": None if high is None else round(high, 2),
                "n": self.latency_requests,
                "others": None if self.latency_others is None else round(self.latency_others, 2),
                "contended": self.latency_contended,
                **({"known": self.latency_known} if self.latency_known else {}),
            }
        if self.status != "failed":
            cost = {"fixed": self.cost_fixed, "per_1k_requests": self.cost_per_1k, "currency": self.currency}
            cost |= to_json(self.cost) if self.cost else {}
        return {
            "id": self.id,
            "name": self.name,
            "strategy": self.strategy,
            "family": self.family,
            "metric": self.metric,
            "model": self.model,
            "same_as": self.same_as,
            "parent": self.parent,
            "dev": _estimate(self.dev),
            "test": _estimate(self.test),
            "stopped": to_json(self.stopped) if self.stopped else None,
            "failures": self.failures,
            "relevance": _rounded(self.relevance.value if self.relevance else None),
            "relevance_interval": _estimate(self.relevance),
            "consistency": _rounded(self.consistency.value if self.consistency else None),
            "consistency_interval": _estimate(self.consistency),
            "forgetting": self.forgetting.to_json() if self.forgetting else None,
            "train_gap": _rounded(self.train_gap),
            "test_gap": _rounded(self.test_gap),
            "seeds": self.seeds,
            "latency_ms": latency,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "cost": cost,
            "status": self.status,
            "note": self.note,
        }

    def details(self) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {name: to_json(getattr(self, name)) for name in ("rung", "trace", "prompt", "tried", "followed")}

    @classmethod
    def from_json(cls, row: Mapping[str, Any], details: Mapping[str, Any]) -> CandidateReport:
        """From its row of decision.json and its details; what a version before did not write is left open."""
        latency = row["latency_ms"] or {"p50": None, "p95": None}
        cost = row["cost"] or {"fixed": 0.0, "per_1k_requests": 0.0, "currency": CURRENCY}
        same = ("id", "name", "strategy", "family", "failures", "train_gap", "tokens_in", "tokens_out", "status", "note")
        known: dict[str, Any] = {name: row[name] for name in same}
        known |= {name: row.get(name) for name in ("metric", "model", "parent", "same_as", "test_gap", "seeds")}
        return cls(
            **known,
            dev=_read_estimate(row["dev"]),
            test=_read_estimate(row["test"]),
            stopped=Stopped(**row["stopped"]) if row.get("stopped") else None,
            change=None,
            relevance=_read_estimate(row["relevance_interval"]),
            consistency=_read_estimate(row["consistency_interval"]),
            forgetting=Forgetting.from_json(row["forgetting"]) if row["forgetting"] else None,
            latency_p50_ms=latency["p50"],
            latency_p95_ms=latency["p95"],
            latency_p50_interval=None if latency.get("p50_low") is None else (latency["p50_low"], latency["p50_high"]),
            latency_p95_interval=None if latency.get("p95_low") is None else (latency["p95_low"], latency["p95_high"]),
            latency_requests=latency.get("n", 0),
            latency_others=latency.get("others"),
            latency_contended=latency.get("contended", False),
            latency_known=latency.get("known", 0),
            cost_fixed=cost["fixed"],
            cost_per_1k=cost["per_1k_requests"],
            currency=cost["currency"],
            cost=CostDetail.from_json(cost) if "horizon" in cost else None,
            rung=details.get("rung", "other"),
            trace=tuple(Epoch(**epoch) for epoch in details.get("trace", ())),
            prompt=tuple(Message(**message) for message in details.get("prompt", ())),
            tried=tuple(Tried(**tried | {"dev": Estimate(**tried["dev"])}) for tried in details.get("tried", ())),
            followed=tuple(Followed(**followed) for followed in details.get("followed", ())),
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {"n": estimate.n, **{name: round(getattr(estimate, name), 6) for name in ("value", "low", "high")}}


def _read_estimate(body: Mapping[str, Any] | None) -> Estimate | None:
    return Estimate(**body) if body else None


def measured_on(row: Mapping[str, Any]) -> str:
    """On what a candidate's figure is, by its row of decision.json: "215 test items", "64 of 215 test items"."""
    shown, split = (row["test"], "test") if row["test"] else (row["dev"], "dev")
    of = f" of {row['stopped']['of']}" if row["test"] and row.get("stopped") else ""
    return f"{shown['n']}{of} {split} items"


@dataclass(frozen=True)
class Notice:
    """A finding of the data checks: `level` is "error", "warning" or "info"; `rows` name the rows concerned."""

    level: str
    code: str
    message: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Confusion:
    """Test items counted by gold label (rows) and predicted label (columns), both in the order of `labels`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    candidate: str  # its name


@dataclass(frozen=True)
class FieldRow:
    """One field of an extraction task, over the test split."""

    name: str
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Disagreement:
    """A test item that the candidates answer differently: name -> prediction, and name -> whether it is right."""

    input: str
    gold: str
    source: str
    answers: dict[str, str]
    correct: dict[str, bool]


@dataclass(frozen=True)
class Past:
    """A verdict that another took the place of: its file, when it was written, its kind and candidate, what of the task
    was changed after it, and whether it was that nothing does the task (`short`)."""

    file: str
    ended: str
    kind: str
    name: str | None
    changed: tuple[str, ...]
    short: bool = False


@dataclass(frozen=True)
class Results:
    """Everything a reader is shown. `decision` is decision.json as it is; `candidates` are in ladder order.

    The verdict's kind is "unfinished" where there is none yet; its `ahead` then names the rungs that are left.
    `task` has the keys name, instruction, kind, metric, target, model, labels, input, output.
    """

    decision: dict[str, Any]
    task: dict[str, Any]
    candidates: tuple[CandidateReport, ...]
    findings: tuple[Notice, ...]
    assumptions: tuple[str, ...]
    confusion: Confusion | None  # classify: the chosen (or best tested) candidate
    fields: tuple[FieldRow, ...]  # extract
    invalid_json: int  # extract: answers that did not parse
    disagreements: tuple[Disagreement, ...]
    folder: Path
    task_path: str
    options: tuple[str, ...] = ()  # of the command that ran it, as they were given
    history: tuple[Past, ...] = ()
    redecisions: tuple[Past, ...] = ()  # decided again on what was measured, with what was changed for it
    evaluations: tuple[Evaluated, ...] = ()  # on rows that came after the study
    later: tuple[str, ...] | None = None  # beside a verdict: the rungs left of a later run that is not finished
