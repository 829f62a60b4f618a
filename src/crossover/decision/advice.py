"""What published evidence expects of a task before it is measured: which statements apply, and where they point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from crossover.decision import numbers
from crossover.decision.evidence import SURE, Claim, Favours, Source, Sure, evidence
from crossover.decision.situation import Situation

Expected = Literal["prompt", "weights", "hybrid", "open"]

WAYS: Mapping[Expected, str] = {
    "prompt": "a prompt",
    "weights": "fine-tuning",
    "hybrid": "both, a prompt and fine-tuning",
    "open": "neither way clearly",
}
# Training rows: below FEW a tune has little to learn from; from there to ENOUGH lies break-even (Pecher et al. 2025).
FEW, ENOUGH = 50, 300
HIGH_VOLUME, LOW_VOLUME = 100_000, 1_000  # requests a month
STRICT = 500  # milliseconds
MANY_LABELS = 20
LITTLE_MONEY = 50
# A statement weighs by how sure it is; what is disputed, and a caution, weighs nothing.
WEIGHT: Mapping[Sure, int] = {"several": 2, "arithmetic": 2, "each": 1, "one": 1, "judgement": 1}
CLEAR = 3


@dataclass(frozen=True)
class Statement:
    """What is said of this task. `favours` is "care" for a caution; `sure`: how sure, in words."""

    key: str
    favours: Favours
    says: str
    sure: str
    sources: tuple[Source, ...]

    def cited(self) -> str:
        """ "Liu et al. 2022; one study"."""
        return "; ".join([*(source.short for source in self.sources), self.sure])


@dataclass(frozen=True)
class Expectation:
    """Where the statements point. `certain`: nothing else is possible; `clear`: by how much more they weigh."""

    expected: Expected
    certain: bool
    clear: bool
    said: str


def statements(known: Situation) -> list[Statement]:
    """Those that apply, in the order of evidence.yaml."""
    figures = _figures(known)
    claims = evidence().claims
    return [_statement(key, claims[key], figures) for key, applies in APPLIES.items() if applies(known)]


def expectation(known: Situation) -> Expectation:
    """What the statements together expect, in a sentence; "open" where they are even, or the rows are not known."""
    if known.access == "api":
        return Expectation("prompt", True, True, "A prompt: nothing else can be changed.")
    train = known.training_rows
    if train is None:
        said = "Open: how many labelled examples there are decides most, and it is not known."
        return Expectation("open", False, False, said)
    weights: Counter[str] = Counter()
    for key, applies in APPLIES.items():
        claim = evidence().claims[key]
        if claim.favours in ("prompt", "weights") and applies(known):
            weights[claim.favours] += WEIGHT.get(claim.sure, 0)
    for_prompts, for_tuning = weights["prompt"], weights["weights"]
    if not (for_prompts or for_tuning):
        return Expectation("open", False, False, "Open: nothing known of such a task speaks for a prompt or for tuning.")
    ahead = for_prompts - for_tuning
    if not ahead or (abs(ahead) == 1 and for_prompts and for_tuning):
        counted = _counted(max(for_prompts, for_tuning), min(for_prompts, for_tuning))
        return Expectation("open", False, False, f"Open: what is known points both ways ({counted}).")
    counted = f"{_counted(max(for_prompts, for_tuning), min(for_prompts, for_tuning))} for it"
    expected: Expected = "prompt" if ahead > 0 else "hybrid" if APPLIES["together"](known) else "weights"
    clear = abs(ahead) >= CLEAR
    how = "likely" if clear else "a little more likely than not"
    return Expectation(expected, False, clear, f"{_capital(WAYS[expected])}, {how} ({counted}).")


def _counted(more: int, less: int) -> str:
    return f"weighed by how sure they are, the statements stand {more} to {less}"


def _statement(key: str, claim: Claim, figures: Mapping[str, str]) -> Statement:
    return Statement(key, claim.favours, claim.says.format_map(figures), SURE[claim.sure], claim.sources)


def _figures(known: Situation) -> dict[str, str]:
    def count(value: float | None) -> str:
        return "" if value is None else numbers.count(value)

    return {
        "train": count(known.training_rows),
        "labels": count(known.labels),
        "requests": count(known.requests_per_month),
        "latency": "" if known.latency_p95_ms is None else f"{known.latency_p95_ms:g}",
        "changes": known.changes or "",
        "money": count(known.money),
    }


def _tunable(s: Situation) -> bool:
    return s.access != "api"


def _rows(s: Situation, low: int, high: float = float("inf")) -> bool:
    return s.training_rows is not None and low <= s.training_rows < high


APPLIES: Mapping[str, Callable[[Situation], bool]] = {
    "no_weights": lambda s: not _tunable(s),
    "strong_model": lambda s: s.access in ("api", "tuning_api"),
    "few_rows": lambda s: _tunable(s) and _rows(s, 0, FEW),
    "break_even": lambda s: _tunable(s) and s.kind == "classify" and _rows(s, FEW, ENOUGH),
    "two_labels": lambda s: _tunable(s) and s.labels == 2 and _rows(s, FEW, 2 * ENOUGH),
    "many_rows_labels": lambda s: _tunable(s) and s.kind == "classify" and _rows(s, ENOUGH),
    "many_rows": lambda s: _tunable(s) and s.kind != "classify" and _rows(s, ENOUGH),
    "same_rows": lambda s: _tunable(s) and _rows(s, FEW // 2, ENOUGH),
    "many_labels": lambda s: s.labels is not None and s.labels >= MANY_LABELS and not _rows(s, 10 * ENOUGH),
    "written_answers": lambda s: _tunable(s) and s.kind == "generate",
    "small_encoder": lambda s: s.kind == "classify",
    "together": lambda s: _tunable(s) and _rows(s, 2 * FEW),
    "many_requests": lambda s: _tunable(s) and (s.requests_per_month or 0) >= HIGH_VOLUME,
    "few_requests": lambda s: _tunable(s) and s.requests_per_month is not None and s.requests_per_month < LOW_VOLUME,
    "cached_prompt": lambda s: _strict(s) or (s.requests_per_month or 0) >= HIGH_VOLUME,
    "strict_latency": lambda s: _tunable(s) and _strict(s),
    "changing_task": lambda s: _tunable(s) and s.changes in ("weekly", "monthly"),
    "changing_facts": lambda s: s.changes in ("weekly", "monthly"),
    "prompt_format": lambda s: s.consistency == "high",
    "no_skill": lambda s: _tunable(s) and s.skill == "none",
    "guidance": lambda s: _tunable(s) and s.skill == "none" and s.kind == "classify",
    "stays_here": lambda s: bool(s.private),
    "private_rows": lambda s: bool(s.private),
    "forgetting": lambda s: _tunable(s) and _rows(s, 2 * FEW),
    "dear_labels": lambda s: _tunable(s) and s.money is not None and s.money < LITTLE_MONEY,
}


def _strict(s: Situation) -> bool:
    return s.latency_p95_ms is not None and s.latency_p95_ms <= STRICT


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
