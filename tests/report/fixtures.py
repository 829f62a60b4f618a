"""Made-up results of finished studies, for the tests of the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from crossover.study.results import (
    CandidateReport,
    Change,
    Confusion,
    Disagreement,
    FieldRow,
    Forgetting,
    Lost,
    Notice,
    Results,
)
from crossover.types import Epoch, Estimate, Family, Message

LABELS = ("billing", "card lost", "delivery", "login", "refund", "returns", "shipping cost", "other")
EVIL = "<script>alert('x')</script> & \"quoted\" $x^2$ {{ 7*7 }}"


def candidate(number: int, name: str, family: Family, rung: str, value: float | None, **changes: Any) -> CandidateReport:
    """A candidate whose test estimate is `value`, on 160 items; None: it was not measured."""
    estimate = None if value is None else Estimate(160, value, max(0.0, value - 0.062), min(1.0, value + 0.051))
    dev = None if value is None else Estimate(120, value + 0.012, value - 0.06, min(1.0, value + 0.07))
    change = None if value is None or rung == "baseline" else Change(value - 0.412, value - 0.47, value - 0.34, 0.0004)
    asked = "Decide which queue a customer's message goes to.\nAnswer with one label: " + ", ".join(LABELS)
    result = CandidateReport(
        id=f"{number:016x}",
        name=name,
        strategy=name,
        family=family,
        rung=rung,
        dev=dev,
        test=estimate,
        change=change,
        relevance=None if value is None else Estimate(160, value - 0.05, max(0.0, value - 0.1), value),
        consistency=Estimate(20, 1.0, 0.84, 1.0) if family == "prompt" and value is not None else None,
        failures=0,
        train_gap=0.048 if family in ("weights", "hybrid") else None,
        latency_p50_ms=None if value is None else 4.2 + 9 * number,
        latency_p95_ms=None if value is None else 9.1 + 14 * number,
        tokens_in=30 + 80 * number,
        tokens_out=2.4,
        cost_fixed=0.0 if family in ("control", "prompt") else 1.84,
        cost_per_1k=0.0031 * (number + 1),
        currency="EUR",
        status="failed" if value is None else "finalist",
        note="",
        prompt=()
        if family == "control"
        else (
            Message("system", asked),
            Message("user", "My parcel says delivered, but the doormat is empty."),
        ),
        trace=trace() if family in ("weights", "hybrid") else (),
    )
    return dataclasses.replace(result, **changes)


def trace() -> tuple[Epoch, ...]:
    """Seven epochs that learn, converge, then overfit."""
    train = (1.93, 1.12, 0.71, 0.44, 0.27, 0.15, 0.09)
    dev = (1.41, 0.96, 0.74, 0.66, 0.67, 0.72, 0.81)
    metric = (0.52, 0.68, 0.79, 0.842, 0.858, 0.85, 0.842)
    words = ("learning", "learning", "learning", "learning", "converging", "overfitting", "overfitting")
    return tuple(Epoch(i + 1, *line, 3.1) for i, line in enumerate(zip(train, dev, metric, words, strict=True)))


def forgotten(name: str = "general suite") -> Forgetting:
    """A tune that lost a quarter of what the bare model could, and nothing of a task of the user's."""
    kinds = ((f"{name} sums", 14, 0.714, 0.286), (f"{name} topic", 12, 0.667, 0.5))
    return Forgetting(
        (
            Lost(name, "accuracy", 158, 0.582, 0.323, Change(-0.259, -0.353, -0.163, 0.0001), kinds),
            Lost(f"{name} of theirs", "macro_f1", 60, 0.4, 0.41, Change(0.01, -0.05, 0.07, 0.8)),
        ),
        (401.0, 9530.0),
    )


def ladder() -> tuple[CandidateReport, ...]:
    return (
        candidate(0, "majority", "control", "control", 0.168),
        candidate(1, "zero_shot", "prompt", "baseline", 0.412),
        candidate(2, "instruction", "prompt", "engineered prompt", 0.581),
        candidate(3, "few_shot", "prompt", "few-shot", 0.694, note="8 nearest examples, best of 2, 4, 8 on dev"),
        candidate(4, "lora", "weights", "tuned", 0.856),
        candidate(5, "full", "weights", "tuned", None, status="removed", note="needs 3.1 GB, the limit is 2 GB"),
        candidate(6, "instruction+lora", "hybrid", "hybrid", 0.881, failures=1),
        candidate(7, "few_shot+lora", "hybrid", "hybrid", 0.83, test=None, change=None, status="candidate"),
    )


def decision(kind: str = "weights", choice: str | None = f"{4:016x}", **verdict: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "task": "support",
        "model": "pocket",
        "seed": 7,
        "created": "2025-01-02T03:04:05Z",
        "crossover_version": "0.1.0",
        "versions": {"torch": "2.13.0", "python": "3.11.9"},
        "splits": {"train": 420, "dev": 120, "test": 160},
        "relevance": "lexical relevance (made up)",
        "data_sha256": "9f" * 32,
        "candidates": [],
        "comparisons": [
            {
                "a": f"{a:016x}",
                "b": f"{b:016x}",
                "difference": d,
                "low": d - 0.06,
                "high": d + 0.06,
                "p": p / 3,
                "p_adjusted": p,
                "family": "baseline" if b == 1 else "verdict",
                "test": "McNemar, exact",
                "n": 160,
            }
            for a, b, d, p in ((4, 3, 0.162, 0.0002), (6, 4, 0.025, 0.31), (4, 1, 0.444, 0.00001))
        ],
        "crossover": {
            "have": 540,
            "labels": {
                "value": 140,
                "low": 90,
                "high": 210,
                "reason": "",
                "weights": "lora",
                "series": "weights",
                "prompt": "few_shot",
            },
            "requests": {"value": 12400, "low": 9800, "high": 16000},
            "curve": [
                {"labels": n, "series": series, "name": name, "value": v, "low": v - 0.05, "high": v + 0.05, "seeds": 3}
                | {"items": 300}
                for series, name, values in (
                    ("prompt", "few_shot", (0.6, 0.65, 0.68, 0.694)),
                    ("weights", "lora", (0.31, 0.57, 0.76, 0.856)),
                )
                for n, v in zip((50, 100, 200, 540), values, strict=True)
            ],
            "fits": [
                {"labels": n, "series": series, "name": name, "value": v, "low": v - 0.03, "high": v + 0.03}
                for series, name, values in (
                    ("prompt", "few_shot", (0.6, 0.66, 0.69, 0.7)),
                    ("weights", "lora", (0.31, 0.7, 0.85, 0.9)),
                )
                for n, v in zip((50, 160, 500, 1080), values, strict=True)
            ],
            "runs": [],
            "double": [],
            "target": [],
            "said": [
                "From about 140 labels (90 to 210) on, lora is ahead of few_shot; you have 540.",
                "540 more labels (as many again) bring lora +3.1 points (+0.4 to +5.2).",
            ],
        },
        "verdict": {
            "choice": choice,
            "kind": kind,
            "target_met": True,
            "needed_test_items": None,
            "confidence": "open" if kind == "undecided" else "proven",
            "regret": {"expected": 0.004, "upper": 0.021},
            "reasons": [
                "“lora” beats the best prompt, “few_shot”, by 16.2 points (10.2 to 22.2), adjusted p below 0.001.",
                "“instruction+lora” is 2.5 points higher, but the test cannot tell the two apart (adjusted p 0.31).",
                "Of the two, “lora” is the cheaper over 12 months at 20,000 requests a month.",
            ],
            "warnings": ["The intervals are wide: 160 test items."],
            **verdict,
        },
        "spent": {
            "calls": 2140,
            "cached_calls": 388,
            "tokens_in": 402_118,
            "tokens_out": 5120,
            "seconds": 141.2,
            "money": 0.0,
        },
    }


def results(**changes: Any) -> Results:
    """A classification study with all families, whose verdict is to fine-tune."""
    counts = tuple(
        tuple(17 if row == column else (row * 3 + column * 5) % 7 // 4 for column in range(len(LABELS)))
        for row in range(len(LABELS))
    )
    made = Results(
        decision=decision(),
        task={
            "name": "support",
            "instruction": "Decide which queue a customer's message goes to.",
            "kind": "classify",
            "metric": "accuracy",
            "target": 0.8,
            "model": "pocket",
            "labels": LABELS,
            "input": "text",
            "output": "queue",
        },
        candidates=ladder(),
        findings=(
            Notice("warning", "near_leak", "3 test inputs are nearly the same as a training input.",
                   ("test.csv, row 12", "test.csv, row 40", "test.csv, row 77")),
            Notice("info", "imbalance", "“billing” has 4 times as many examples as “other”."),
        ),
        assumptions=("kind is classify: the column queue has 8 different values in 700 rows.",),
        confusion=Confusion(LABELS, counts, "lora"),
        fields=(),
        invalid_json=0,
        disagreements=tuple(
            Disagreement(
                text, gold, f"test.csv, row {row}",
                {"instruction": "billing", "few_shot": "delivery", "lora": gold},
                {"instruction": gold == "billing", "few_shot": gold == "delivery", "lora": True},
            )
            for row, (text, gold) in enumerate((
                ("My parcel says delivered, but the doormat is empty.", "delivery"),
                ("Charged twice for the same month, please look into it.", "billing"),
                ("I posted the shoes back a week ago. When do I see the money again? " * 6, "refund"),
                ("It wants a code from my old phone and I no longer have that phone.", "login"),
            ), start=2)
        ),
        folder=Path("runs/support"),
        task_path="examples/support/task.yaml",
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def only(*candidates: CandidateReport, **changes: Any) -> Results:
    """The study with these candidates, and the comparisons between them."""
    ids = {candidate.id for candidate in candidates}
    body = decision()
    body["comparisons"] = [pair for pair in body["comparisons"] if {pair["a"], pair["b"]} <= ids]
    return results(decision=body, candidates=candidates, disagreements=(), **changes)


def undecided() -> Results:
    """Nothing could be told apart: no choice, a number of items needed, no crossover point, no target."""
    body = decision(
        "undecided",
        None,
        provisional=f"{3:016x}",
        target_met=None,
        needed_test_items=1240,
        reasons=["The two best differ by 1.1 points."],
    )
    body["crossover"] = {"labels": None, "requests": None, "curve": []}
    return results(decision=body, task={**results().task, "target": None}, confusion=None, disagreements=())


def extraction() -> Results:
    """An extraction study with a field table and a hybrid verdict."""
    task = {**results().task, "kind": "extract", "metric": "field_f1", "labels": ()}
    fields = (FieldRow("date", 40, 3, 7, 0.93, 0.851, 0.889), FieldRow("people", 52, 1, 2, 0.981, 0.963, 0.972))
    return results(decision=decision("hybrid", f"{6:016x}"), task=task, confusion=None, fields=fields, invalid_json=3)


def hostile() -> Results:
    """Every text that a user or a model can write holds markup."""
    rows = tuple(
        dataclasses.replace(
            row, name=f"{EVIL} {row.name}", note=EVIL, strategy=EVIL, prompt=(Message("user", EVIL),),
            trace=tuple(dataclasses.replace(line, observation=EVIL) for line in row.trace),
        )
        for row in ladder()
    )  # fmt: skip
    body = decision(reasons=[EVIL], warnings=[EVIL])
    for point in (*body["crossover"]["curve"], *body["crossover"]["fits"]):
        point["name"] = f"{EVIL} {point['series']}"
    body["crossover"]["said"] = [EVIL]
    body |= {"task": EVIL, "model": EVIL, "created": EVIL, "data_sha256": EVIL, "crossover_version": EVIL}
    names = [row.name for row in rows]
    return results(
        decision=body,
        task={
            **results().task,
            "name": EVIL,
            "instruction": EVIL,
            "metric": EVIL,
            "model": EVIL,
            "input": EVIL,
            "output": EVIL,
        },
        candidates=rows,
        findings=(Notice("warning", EVIL, EVIL, (EVIL,) * 20),),
        assumptions=(EVIL,),
        confusion=Confusion((EVIL, "b"), ((3, 1), (0, 4)), EVIL),
        fields=(FieldRow(EVIL, 1, 1, 1, 0.5, 0.5, 0.5),),
        disagreements=(Disagreement(EVIL * 9, EVIL, EVIL, dict.fromkeys(names, EVIL), dict.fromkeys(names, False)),),
        folder=Path(EVIL),
        task_path=EVIL,
    )


def failed() -> Results:
    """One candidate, and it failed: nothing was measured."""
    body = decision("neither", None, target_met=False, reasons=["The only candidate failed."], warnings=[])
    body["comparisons"] = []
    body["crossover"] = {"labels": None, "requests": None, "curve": None}
    only = candidate(1, "zero_shot", "prompt", "baseline", None, note="the model did not load", prompt=())
    return results(decision=body, candidates=(only,), findings=(), assumptions=(), confusion=None, disagreements=())
