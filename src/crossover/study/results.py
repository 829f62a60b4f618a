"""What a finished study found, as the report, the tables and the commands read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.types import Epoch, Estimate, Family, Message


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


@dataclass(frozen=True)
class Followed:
    """An input's way through a chain: step -> what it answered; the answer may be an error."""

    input: str
    gold: str
    steps: dict[str, str]
    answer: str


@dataclass(frozen=True)
class Lost:
    """One suite before and after a tune, in its metric, paired by item; `kinds` of items: name, items, before, after."""

    suite: str
    metric: str
    n: int
    before: float
    after: float
    change: Change
    kinds: tuple[tuple[str, int, float, float], ...] = ()


@dataclass(frozen=True)
class Forgetting:
    """What tuned weights forgot: the general suite first. `perplexity` of general prose, per token: before, after."""

    suites: tuple[Lost, ...]
    perplexity: tuple[float, float] | None


@dataclass(frozen=True)
class CandidateResult:
    """A row of the ladder. Metrics are in [0, 1], tokens are means per request, `cost_per_1k` is for 1,000 of them."""

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
    """A verdict that another took the place of: its file, when it was written, its kind and candidate, and what of the
    task was changed after it."""

    file: str
    ended: str
    kind: str
    name: str | None
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """Everything a reader is shown. `decision` is decision.json as it is; `candidates` are in ladder order.

    The verdict's kind is "unfinished" where there is none yet; its `ahead` then names the rungs that are left.
    `task` has the keys name, instruction, kind, metric, target, model, labels, input, output.
    """

    decision: dict[str, Any]
    task: dict[str, Any]
    candidates: tuple[CandidateResult, ...]
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
    later: tuple[str, ...] | None = None  # beside a verdict: the rungs left of a later run that is not finished
