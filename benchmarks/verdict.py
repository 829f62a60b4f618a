"""Whether the verdict keeps its promises: simulated studies of known truth, through the project's own decision.

    python -m benchmarks.verdict [--quick] [--json FILE] [--only PART ...] [--studies N] [--seed N]

No model is asked: candidates are right or wrong by a threshold on a difficulty that an item has for all of them, plus noise
of their own. Each part is a function in `PARTS`; `--quick` draws fewer studies (under five minutes).
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist, mean
from typing import Any

import numpy as np

from benchmarks.board import Board
from crossover import registry
from crossover.data.economics import Limits
from crossover.decision.contenders import FAMILIES, Contender
from crossover.decision.costs import Cost
from crossover.decision.limits import removal
from crossover.decision.recommend import TOLERANCE, Verdict, recommend
from crossover.decision.settled import Settled, settle
from crossover.decision.tested import tested, views_of
from crossover.decision.thin import thin
from crossover.decision.wording import Wording
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.looks import looks
from crossover.evaluation.paired import compare, holm
from crossover.evaluation.selection import beaten
from crossover.strategies._worth import surely_best
from crossover.study.race import Race
from crossover.types import Candidate, Counts, Estimate, Example, Family, Prompt, Record, Reply, Run, Score, SplitName

Truth = Mapping[Family, float]
FEW = Estimate(1, 0.5, 0.0, 1.0)  # of a run whose estimate nobody looks at
MOST = 20_000  # items of a study that is simulated
RHO = 0.5  # of an item's difficulty in all that decides an answer
COSTS: Truth = {"control": 0.0, "prompt": 10.0, "weights": 20.0, "hybrid": 40.0}
NORMAL = NormalDist()
ACCURACY = registry.create("metrics", "accuracy")
TRUTHS: dict[str, Truth] = {
    "all equal": dict.fromkeys(FAMILIES, 0.7),
    "control low, the rest equal": {"control": 0.4, "prompt": 0.8, "weights": 0.8, "hybrid": 0.8},
    "trained +3": {"control": 0.4, "prompt": 0.8, "weights": 0.83, "hybrid": 0.83},
    "trained +5": {"control": 0.4, "prompt": 0.8, "weights": 0.85, "hybrid": 0.85},
    "hybrid +5, weights as prompt": {"control": 0.4, "prompt": 0.8, "weights": 0.8, "hybrid": 0.85},
    "hybrid +10, weights +5": {"control": 0.4, "prompt": 0.75, "weights": 0.8, "hybrid": 0.85},
    "prompt +3": {"control": 0.4, "prompt": 0.83, "weights": 0.8, "hybrid": 0.8},
    "weights +12, hybrid +16": {"control": 0.4, "prompt": 0.72, "weights": 0.84, "hybrid": 0.88},
    "weights +12, hybrid +8": {"control": 0.4, "prompt": 0.72, "weights": 0.84, "hybrid": 0.8},
}


@functools.cache
def record(item: int, value: float) -> Record:
    return Record(Example(str(item), f"input {item}", "gold"), Reply(), "answer", Score(value))


@functools.cache
def champion(family: Family) -> Contender:
    rung = {"control": "control", "prompt": "few-shot", "weights": "tuned", "hybrid": "hybrid"}[family]
    cost, order = COSTS[family], FAMILIES.index(family)
    dev = Estimate(100, 0.5, 0.4, 0.6)
    return Contender(family, f"id-{family}", family, rung, order, dev, Cost(0.0, cost), cost)  # type: ignore[arg-type]


def answers(rng: Any, base: Any, rho: float, share: float) -> Any:
    """1 where the candidate is right: with probability `share`, given the items' difficulty `base` of variance `rho`."""
    return (base + math.sqrt(1 - rho) * rng.standard_normal(len(base)) < NORMAL.inv_cdf(share)).astype(int)


def difficulty(rng: Any, n: int, rho: float = RHO) -> Any:
    return math.sqrt(rho) * rng.standard_normal(n)


def runs_of(rng: Any, truth: Truth, n: int, rho: float = RHO) -> dict[str, Run]:
    """Test runs of this truth, by contender id."""
    base = difficulty(rng, n, rho)
    runs = {}
    for family, share in truth.items():
        records = tuple(record(i, float(v)) for i, v in enumerate(answers(rng, base, rho, share)))
        runs[f"id-{family}"] = Run(
            f"id-{family}", "test", "accuracy", records, estimate([r.score for r in records], "mean", True)
        )
    return runs


def study(
    rng: Any,
    truth: Truth,
    n: int,
    margin: float = 0.01,
    target: float | None = None,
    rho: float = RHO,
    tolerance: float = 0.03,
) -> Verdict:
    """One study of this truth."""
    runs, champions = runs_of(rng, truth, n, rho), {family: champion(family) for family in truth}
    return recommend(champions, runs, ACCURACY, margin, target, 0, Wording("accuracy", 1000), tolerance=tolerance)[0]


def settled(rng: Any, truth: Truth, n: int) -> Settled:
    """The same without words and without a plan for what is open, which takes longest."""
    runs, champions = runs_of(rng, truth, n), {family: champion(family) for family in truth}
    views = views_of(tested(list(runs), runs, ACCURACY, 0), runs)
    found = settle(champions, runs, views, 0.01, None, None, TOLERANCE, ())
    assert found is not None
    return found


def chosen(verdict: Verdict) -> Family:
    return (verdict.choice or verdict.provisional or "").removeprefix("id-")  # type: ignore[return-value]


def percent(found: Sequence[bool]) -> float:
    return 100 * mean(found) if found else 0.0


# ---- the parts: each takes a generator, how many studies, and the board --------------------------------------------


def equal(rng: Any, studies: int, board: Board) -> None:
    """Identical candidates."""
    for n in (30, 150, 500):
        found = [study(rng, TRUTHS["all equal"], n) for _ in range(studies)]
        dear = [v.confidence == "proven" and v.kind in ("weights", "hybrid") for v in found]
        board.add(
            f"equal candidates, {n} items: a dear one proven better", [percent(dear)], 5 + slack(5, studies), lower=True
        )


def hidden(rng: Any, studies: int, board: Board) -> None:
    """The hybrid is three points better than prompt and weights."""
    truth: Truth = {"control": 0.4, "prompt": 0.8, "weights": 0.8, "hybrid": 0.83}
    for margin in (0.01, 0.02):
        wrong = []
        for _ in range(studies):
            verdict = study(rng, truth, 500, margin, rho=0.8)
            wrong.append(verdict.confidence == "proven" and verdict.kind == "prompt")
        name = f"hybrid truly +3, margin {100 * margin:.0f}: prompt proven"
        board.add(name, [percent(wrong)], 5 + slack(5, studies), lower=True)


def different(rng: Any, studies: int, board: Board) -> None:
    """Identical candidates, also where dev chose each champion among several: any two of them called different."""
    for n in (30, 150, 500):
        found = [_told_apart(runs_of(rng, TRUTHS["all equal"], n)) for _ in range(studies)]
        board.add(f"identical candidates called different, {n} items", [percent(found)], 5 + slack(5, studies), lower=True)
    for k in (3, 6, 12):
        found = []
        for _ in range(studies):
            dev, test, runs = difficulty(rng, 100), difficulty(rng, 100), {}
            for family in FAMILIES:
                tried = [answers(rng, dev, RHO, 0.7).mean() for _ in range(k)]  # the best of them goes to test
                values = answers(rng, test, RHO, 0.7)
                records = tuple(record(i, float(v)) for i, v in enumerate(values))
                runs[f"id-{family}"] = Run(
                    f"id-{family}", "test", "accuracy", records, Estimate(100, float(max(tried)), 0, 1)
                )
            found.append(_told_apart(runs))
        name = f"identical candidates called different, each the best of {k} on dev"
        board.add(name, [percent(found)], 5 + slack(5, studies), lower=True)


def _told_apart(runs: Mapping[str, Run]) -> bool:
    ids = list(runs)
    sides = [[r.score for r in runs[id].records] for id in ids]
    ps = [compare(a, b, "mean", True).p for a, b in itertools.combinations(sides, 2)]
    return min(holm(ps)) < 0.05


def coverage(rng: Any, studies: int, board: Board) -> None:
    """Whether intervals hold the truth as often as they say: single and paired, small, graded, and of clustered rows."""
    for n in (30, 150):
        one, two = [], []
        for _ in range(studies):
            shares = rng.uniform(0.5, 0.95, 2)
            base = difficulty(rng, n)
            sides = [[Score(float(v)) for v in answers(rng, base, RHO, float(share))] for share in shares]
            found, pair = estimate(sides[0], "mean", True), compare(sides[0], sides[1], "mean", True)
            one.append(found.low <= shares[0] <= found.high)
            two.append(pair.low <= shares[0] - shares[1] <= pair.high)
        _held(board, f"coverage, a share of {n} items", one)
        _held(board, f"coverage, a difference of shares, {n} items", two)
    for n in (30, 150):
        one, two = [], []
        for _ in range(studies):
            base = difficulty(rng, n)
            values = [1 / (1 + np.exp(-(1 + base + 0.7 * rng.standard_normal(n) + shift))) for shift in (0.0, 0.2)]
            sides = [[Score(float(v)) for v in side] for side in values]
            found, pair = estimate(sides[0], "mean", False), compare(sides[1], sides[0], "mean", False)
            one.append(found.low <= GRADED[0] <= found.high)
            two.append(pair.low <= GRADED[1] - GRADED[0] <= pair.high)
        _held(board, f"coverage, a mean of graded scores, {n} items", one)
        _held(board, f"coverage, a difference of graded scores, {n} items", two)
    for clusters_, size in ((30, 4), (50, 10)):
        one, two, groups = [], [], [str(i // size) for i in range(clusters_ * size)]
        for _ in range(studies):
            shared = np.repeat(difficulty(rng, clusters_, 0.6), size)
            sides = []
            for share in (0.7, 0.8):
                own = np.repeat(difficulty(rng, clusters_, 0.15), size)  # a candidate's own luck with a group
                noise = math.sqrt(0.25) * rng.standard_normal(len(shared))
                sides.append([Score(float(v)) for v in shared + own + noise < NORMAL.inv_cdf(share)])
            found, pair = estimate(sides[0], "mean", True, groups), compare(sides[1], sides[0], "mean", True, groups)
            one.append(found.low <= 0.7 <= found.high)
            two.append(pair.low <= 0.1 <= pair.high)
        _held(board, f"coverage, a share, {clusters_} groups of {size} rows", one)
        _held(board, f"coverage, a difference, {clusters_} groups of {size} rows", two)


def _graded() -> tuple[float, float]:
    """The true means of the graded scores of `coverage`."""
    noise = math.sqrt(RHO + 0.49) * np.random.default_rng(0).standard_normal(2_000_000)
    return float(np.mean(1 / (1 + np.exp(-(1 + noise))))), float(np.mean(1 / (1 + np.exp(-(1.2 + noise)))))


GRADED = _graded()


def _held(board: Board, name: str, held: Sequence[bool]) -> None:
    """The share that holds the truth, with both bars."""
    share = percent([bool(one) for one in held])
    board.add(f"{name}: held", [share], 93 - slack(5, len(held)))
    board.add(f"{name}: held, no wider than needed", [share], 97 + slack(3, len(held)), lower=True)


def regrets(rng: Any, studies: int, board: Board) -> None:
    """What the choice costs in truth, against what was said."""
    over, lost, said, expected = [], [], [], []
    for n in (30, 150, 500, 1000):
        undecided, claimed = [], []
        for truth in TRUTHS.values():
            best, worse = max(truth.values()), []
            for _ in range(max(studies // 2, 1)):
                found = settled(rng, truth, n)
                true = best - truth[found.chosen.family]
                worse.append(true > found.risk.upper + 1e-9)
                undecided.append(found.confidence == "open")
                if not undecided[-1]:
                    claimed.append(true > TOLERANCE + 1e-9 and found.confidence == "bounded")
                if n in (150, 500):
                    lost.append(100 * true)
                    said.append(100 * found.risk.upper)
                    expected.append(100 * found.risk.expected)
            over.append(percent(worse))
        board.add(f"undecided, {n} items, gaps of 0 to 5 points", [percent(undecided)], None, lower=True)
        board.add(f"of those decided, more than the tolerance lost, {n} items", [percent(claimed)], 5, lower=True)
    board.add("true regret above its bound: the worst truth", [max(over)], 5 + slack(5, studies // 2, 2.5), lower=True)
    board.add("true regret above its bound: all truths", over, 5, lower=True)
    board.add("mean true regret, 150 and 500 items", [mean(lost)], 1.0, "points", lower=True)
    board.add("mean expected regret as said", [mean(expected)], None, "points", lower=True)
    board.add("mean bound as said", [mean(said)], None, "points", lower=True)


def needed(rng: Any, studies: int, board: Board) -> None:
    """With the items named, four studies of five should settle it: averaged over what truths may be, and for each."""
    kept = []
    for _ in range(studies):  # truths as a person may meet them
        prompt = float(rng.uniform(0.6, 0.9))
        weights, hybrid = (float(np.clip(prompt + rng.normal(0, 0.04), 0.05, 0.98)) for _ in range(2))
        drawn: Truth = {"control": 0.4, "prompt": prompt, "weights": weights, "hybrid": hybrid}
        kept += [again for _, again in _asked(rng, drawn)]
    board.add("settled with the items named, truths drawn", [percent(kept)], None)
    board.add("the same: distance from 80", [abs(percent(kept) - 80)], 10, "points", lower=True)
    for name, truth in TRUTHS.items():
        found = [one for _ in range(max(studies // 3, 1)) for one in _asked(rng, truth)]
        board.add(f"settled with the items named, {name}", [percent([again for _, again in found])], None)
        items = float(np.median([items for items, _ in found])) if found else 0.0
        board.add(f"items named where there are 100, {name}", [items], None, "items", lower=True)
        board.add(
            f"undecided without a number, {name}", [percent([math.isinf(items) for items, _ in found])], 0, lower=True
        )


def _asked(rng: Any, truth: Truth) -> list[tuple[float, bool]]:
    """Of a study with 100 items that ends undecided: the items that it names, and whether a study with them is settled."""
    verdict = study(rng, truth, 100)
    if verdict.kind != "undecided":
        return []
    items = verdict.needed_test_items
    if items is None:
        return [(math.inf, False)]
    return [(items, study(rng, truth, items).kind != "undecided")] if items <= MOST else []


def target(rng: Any, studies: int, board: Board) -> None:
    """Four equal candidates exactly at the target, just under it for what the choice among them adds."""
    for n in (30, 150):
        met = [study(rng, dict.fromkeys(FAMILIES, 0.8), n, target=0.8).target_met is True for _ in range(studies)]
        board.add(f"target called met at the target, {n} items", [percent(met)], 2.5 + slack(2.5, studies), lower=True)


MACROS = (
    *(("5 uneven", 150, 0.7), ("20", 150, 0.7), ("20", 150, 0.95)),
    *(("77", 78, 0.7), ("77", 100, 0.7), ("77", 150, 0.7), ("77", 500, 0.7)),
    *((f"{k} of Zipf's frequencies", n, 0.7) for k in (10, 30, 77) for n in (78, 150, 400)),
)


def macro(rng: Any, studies: int, board: Board) -> None:
    """The interval of a macro F1 over many labels; errors spread evenly. No goal where it is said that rows are too few."""
    for name, n, share in MACROS:
        k = int(name.split()[0])
        prior = np.array([0.5, 0.25, 0.15, 0.07, 0.03]) if "uneven" in name else np.full(k, 1 / k)
        if "Zipf" in name:
            prior = 1 / np.arange(1, k + 1) / np.sum(1 / np.arange(1, k + 1))
        confusion = np.full((k, k), (1 - share) / (k - 1))
        np.fill_diagonal(confusion, share)
        joint = prior[:, None] * confusion
        truth = float(np.mean(2 * np.diag(joint) / (joint.sum(0) + joint.sum(1))))
        held, wide, rough = [], [], []
        for _ in range(max(studies // 2, 1)):
            gold = rng.choice(k, n, p=prior)
            right = rng.random(n) < share
            given = np.where(right, gold, (gold + rng.integers(1, k, n)) % k)
            scores = [labelled(g, a) for g, a in zip(gold, given, strict=True)]
            found = estimate(scores, "macro_f1", False)
            held.append(found.low <= truth <= found.high)
            wide.append(100 * (found.high - found.low))
            rough.append(thin(scores, "macro_f1") is not None)
        text = f"macro F1 of {name} labels, {n} items, {100 * share:.0f} % right"
        goal = None if percent(rough) > 50 else 93 - slack(5, len(held))
        board.add(f"{text}: held", [percent(held)], goal)
        board.add(f"{text}: width", [mean(wide)], None, "points", True)
        board.add(f"{text}: called too few", [percent(rough)], None, lower=True)


def labelled(gold: int, answer: int) -> Score:
    if gold == answer:
        return Score(1.0, {str(gold): Counts(tp=1)})
    return Score(0.0, {str(gold): Counts(fn=1), str(answer): Counts(fp=1)})


def twins(rng: Any, studies: int, board: Board) -> None:
    """Equal candidates; every row stands twice, with the same answer."""
    for n in (60, 200):
        alarms, held = [], []
        for _ in range(max(studies // 4, 1)):
            base = difficulty(rng, n // 2)
            sides = [np.tile(answers(rng, base, RHO, 0.7), 2) for _ in range(3)]
            groups = [str(i % (n // 2)) for i in range(n)]
            scores = [[Score(float(v)) for v in side] for side in sides]
            ps = [compare(a, b, "mean", True, groups).p for a, b in itertools.combinations(scores, 2)]
            alarms.append(min(holm(ps)) < 0.05)
            one = estimate(scores[0], "mean", True, groups)
            held.append(one.low <= 0.7 <= one.high)
        board.add(f"rows twice, {n} rows: equal ones told apart", [percent(alarms)], 5 + slack(5, len(alarms)), lower=True)
        board.add(f"rows twice, {n} rows: interval holds", [percent(held)], 93 - slack(5, len(held)))


def consistency(rng: Any, studies: int, board: Board) -> None:
    """The interval of the share of answers that agree, over all pairs of four draws of 21 items."""
    for name, certain in (("half of the items certain", 0.5), ("all items alike", None)):
        many = rng.uniform(0.5, 1, 200_000)
        p = np.full(len(many), 0.8) if certain is None else np.where(rng.random(len(many)) < certain, 1.0, many)
        truth, held = float(np.mean(p * p + (1 - p) ** 2)), []
        for _ in range(studies):
            q = p[rng.integers(0, len(p), 21)]
            draws = rng.random((21, 4)) < q[:, None]
            shares = [Score(mean(a == b for a, b in itertools.combinations(row, 2))) for row in draws.tolist()]
            found = estimate(shares, "mean", False)
            held.append(found.low <= truth <= found.high)
        board.add(f"consistency, {name}: interval holds", [percent(held)], 93 - slack(5, studies))


class Script:
    """As much of an evaluator as a race takes. `sides`: what each candidate is right about, by its instruction."""

    def __init__(self, sides: Mapping[str, Any]) -> None:
        self.sides = sides

    def blocks(
        self, candidate: Candidate, split: SplitName, examples: Sequence[Example], ends: Sequence[int]
    ) -> Iterator[Run]:
        side = self.sides[candidate.prompt.instruction]
        records = [record(int(example.id), float(side[int(example.id)])) for example in examples]
        for end in ends:
            met = tuple(records[:end])
            found = estimate([r.score for r in met], "mean", True)
            yield Run(candidate.prompt.instruction, split, "accuracy", met, found)


def raced(rng: Any, truth: Truth, n: int, among: int = 1) -> tuple[Verdict, float]:
    """A study whose finalists are raced, and its share of the calls that all of them on all items take.

    `among`: of how many equally good ones each is the best on 100 dev rows; what is particular about it stays on test.
    """
    base, dev = difficulty(rng, n), difficulty(rng, 100)
    sides = {}
    for family, share in truth.items():
        tried = [(answers(rng, dev, RHO, share).mean(), answers(rng, base, RHO, share)) for _ in range(among)]
        sides[f"id-{family}"] = max(tried, key=lambda one: one[0])[1]
    race = Race(Script(sides), [record(i, 1.0).example for i in range(n)], int(rng.integers(1 << 30)))  # type: ignore[arg-type]
    for family in truth:
        race.enter(champion(family), Candidate("m", Prompt(instruction=f"id-{family}")), True)
    race.go()
    runs, champions = race.runs(), {family: champion(family) for family in truth}
    verdict = recommend(champions, runs, ACCURACY, 0.01, None, 0, Wording("accuracy", 1000), tolerance=1.0)[0]
    return verdict, sum(len(run.records) for run in runs.values()) / (n * len(truth))


def races(rng: Any, studies: int, board: Board) -> None:
    """Finalists that are raced: the errors stay what they are, and clear losers are asked little."""
    for n in (150, 500, 2000):
        found = [raced(rng, TRUTHS["all equal"], n) for _ in range(studies)]
        dear = [v.confidence == "proven" and v.kind in ("weights", "hybrid") for v, _ in found]
        name = f"raced, equal candidates, {n} items: a dear one proven better"
        board.add(name, [percent(dear)], 5 + slack(5, studies), lower=True)
    for k in (3, 6, 12):
        found = [raced(rng, TRUTHS["all equal"], 150, k) for _ in range(studies)]
        dear = [v.confidence == "proven" and v.kind in ("weights", "hybrid") for v, _ in found]
        name = f"the same, 150 items, each the best of {k} on dev"
        board.add(name, [percent(dear)], 5 + slack(5, studies), lower=True)
    over, lost, most = [], [], 0.0
    for n, truth in itertools.product((150, 500), TRUTHS.values()):
        worse = []
        for _ in range(max(studies // 4, 1)):
            verdict, share = raced(rng, truth, n)
            assert verdict.regret is not None
            true = max(truth.values()) - truth[chosen(verdict)]
            worse.append(true > verdict.regret.upper + 1e-9)
            lost.append(100 * true)
            most = max(most, 100 * share)
        over.append(percent(worse))
    board.add(
        "raced, true regret above its bound: the worst truth", [max(over)], 5 + slack(5, studies // 4, 2.5), lower=True
    )
    board.add("raced, mean true regret, 150 and 500 items", [mean(lost)], 1.0, "points", lower=True)
    board.add("raced, calls of all of them: at most", [most], 100, lower=True)
    for gap, n, goal in ((5, 500, None), (10, 300, None), (5, 2500, 100 / 3), (10, 1000, 100 / 3), (20, 400, 100 / 3)):
        truth = {family: 0.9 - (3 - i) * gap / 100 for i, family in enumerate(FAMILIES)}
        found = [raced(rng, truth, n) for _ in range(max(studies // 4, 1))]
        name = f"raced, {gap} points from each to the next, {n} items"
        board.add(f"{name}: calls of all of them", [100 * share for _, share in found], goal, lower=True)
        board.add(f"{name}: the best chosen", [percent([v.choice == "id-hybrid" for v, _ in found])])


def choices(rng: Any, studies: int, board: Board) -> None:
    """The best of several on dev, where those that cannot be it, or surely are not, stop."""
    for k, gap, n in itertools.product((3, 6, 12), (0, 5, 10, 20), (100, 1000)):
        shares, kept, calls = [0.8] + [0.8 - gap / 100] * (k - 1), [], []
        for _ in range(max(studies // 10, 1)):
            base = difficulty(rng, n)
            order = rng.permutation(k)
            sides = [[record(i, float(v)) for i, v in enumerate(answers(rng, base, RHO, shares[j]))] for j in order]
            values = [mean(r.score.value for r in side if r.score) for side in sides]
            out: dict[int, str] = {}
            met = [0] * k
            for end in looks([r.example for r in sides[0]]):
                racing = [i for i in range(k) if i not in out]
                met = [end if i in racing else met[i] for i in range(k)]
                runs = [Run(str(i), "dev", "accuracy", tuple(side[: met[i]]), FEW) for i, side in enumerate(sides)]
                out |= beaten(runs, [], racing, n)
            calls.append(100 * sum(met) / (n * k))
            best = max((i for i in range(k) if i not in out), key=lambda i: values[i])
            kept.append(shares[order[best]] == 0.8)
        name = f"best of {k} on {n} dev rows, {gap} points ahead"
        goal = 100 if gap == 0 else 100 / 3 if k > 3 and gap * n >= 20_000 else None  # the best itself meets all rows
        board.add(f"{name}: calls of all of them", calls, goal, lower=True)
        if gap:
            board.add(f"{name}: found", [percent(kept)])


SPLITS: tuple[SplitName, ...] = ("dev", "test")


class Dev:
    """As much of a bench as a choice on dev takes."""

    def better(self, run: Run, reference: Run) -> bool:
        return run.estimate.value > reference.estimate.value + 1e-9


def adoption(rng: Any, studies: int, board: Board) -> None:
    """How often a start is left for the best of k that are no better."""
    for n, k in itertools.product((30, 100), (3, 6, 12)):
        left = []
        for _ in range(studies):
            base, tried = difficulty(rng, n, 0.9), []
            for number in range(k + 1):
                found = tuple(record(i, float(v)) for i, v in enumerate(answers(rng, base, 0.9, 0.75)))
                value = mean(r.score.value for r in found if r.score)
                run = Run("c", "dev", "accuracy", found, Estimate(n, value, 0, 1))
                tried.append((Candidate("m", Prompt(instruction=str(number))), run))
            left.append(surely_best(tried, Dev()) is not tried[0][0])  # type: ignore[arg-type]
        board.add(
            f"start left for the best of {k}, none better, {n} dev rows",
            [percent(left)],
            5 + slack(5, studies),
            lower=True,
        )


def failures(rng: Any, studies: int, board: Board) -> None:
    """How often a candidate is removed for failed calls, by its true rate, on dev or test."""
    for rate, goal in ((0.01, 5.0), (0.02, 10.0)):
        for n in (30, 100, 400):
            removed = []
            for _ in range(studies):
                runs = []
                for split in SPLITS:
                    failed = rng.random(n) < rate
                    records = tuple(Record(Example("0", "x", "y"), Reply(), "", None if f else Score(1.0)) for f in failed)
                    runs.append(Run("c", split, "accuracy", records, Estimate(n, 1, 0, 1)))
                removed.append(removal(Limits(), "c", True, None, *runs) is not None)
            board.add(f"removed with {100 * rate:.0f} % failed calls, {n} items", [percent(removed)], goal, lower=True)


def slack(goal: float, studies: int, errors: float = 2.0) -> float:
    """So many standard errors of the simulation, in points."""
    return errors * math.sqrt(goal * (100 - goal) / max(studies, 1))


PARTS: dict[str, Callable[[Any, int, Board], None]] = {
    f.__name__: f
    for f in (
        *(equal, different, coverage, hidden, regrets, needed, target, macro, twins, consistency, races, choices, adoption),
        failures,
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer studies: under five minutes")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--studies", type=int, help="in each setting (default 1000, quick 100)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    studies = given.studies if given.studies is not None else (100 if given.quick else 1000)
    if studies < 1:
        parser.error(f"--studies is {given.studies}; valid is 1 or more")
    board = Board(given.json or Path("verdict.json"))
    for name in given.only:
        began = time.perf_counter()
        PARTS[name](np.random.default_rng(given.seed), studies, board)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        if given.json:
            board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
