"""Hand-made situations whose right verdict anybody can say: it is reached, and for the right reason.

Costs are given by hand here; `test_scenarios.py` has those that follow from prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from crossover import registry
from crossover.data.economics import Limits
from crossover.decision.advice import expectation
from crossover.decision.contenders import Contender, finalists, standing
from crossover.decision.costs import Cost, break_even
from crossover.decision.label_crossing import crossing
from crossover.decision.limits import removal
from crossover.decision.recommend import Verdict, recommend
from crossover.decision.resolution import resolution
from crossover.decision.situation import situation
from crossover.decision.wording import Wording
from crossover.evaluation.curve import fit
from crossover.evaluation.probe import Probe
from crossover.types import Estimate, Family
from tests.decision.builders import contender, pattern, run
from tests.evaluation.simulated import exactly, rectified, runs

ACCURACY = registry.create("metrics", "accuracy")
NOTHING, MONTHS = Cost(0.0, 0.0), 12


@dataclass(frozen=True)
class Way:
    """A candidate as it was measured: which test items it has right (None: not tested), what it costs, who removed it."""

    name: str
    family: Family
    right: Sequence[bool] | None
    cost: Cost = NOTHING
    removed: str | None = None

    def contender(self, requests: float) -> Contender:
        made = contender(self.name, self.family, cost=self.cost.over(requests), removed=self.removed)
        values = {**vars(made), "cost": self.cost}
        return Contender(**values)


def decide(
    *ways: Way,
    requests: float = 120_000,
    margin: float = 0.01,
    target: float | None = None,
    floor: Estimate | None = None,
    tolerance: float = 0.03,
) -> Verdict:
    """The whole decision: who is tested, who stands for each family, and the verdict."""
    contenders = [way.contender(requests) for way in ways]
    tests = {f"id-{way.name}": run(way.name, way.right) for way in ways if way.right is not None}
    chosen = {c.id for c in finalists(contenders, margin)}
    kept = {identity: test for identity, test in tests.items() if identity in chosen}
    best = standing(contenders, margin, kept)
    wording = Wording("accuracy", requests)
    return recommend(best, kept, ACCURACY, margin, target, 0, wording, floor, tolerance)[0]


def said(verdict: Verdict) -> str:
    return " ".join((*verdict.reasons, *verdict.warnings))


def better(right: Sequence[bool], gained: int) -> list[bool]:
    """The pattern with so many of its wrong answers made right."""
    wrong = [i for i, hit in enumerate(right) if not hit][:gained]
    return [hit or i in wrong for i, hit in enumerate(right)]


GOOD = pattern(1500, 1275)  # 85 %
MAJORITY = Way("majority", "control", pattern(1500, 300))


def test_1_tiny_data_proves_nothing_and_says_what_would() -> None:
    verdict = decide(
        Way("majority", "control", pattern(8, 2)),
        Way("few_shot", "prompt", pattern(8, 6), Cost(0, 1)),
        Way("lora", "weights", pattern(8, 7), Cost(20, 0.2)),
    )
    assert (verdict.kind, verdict.choice, verdict.confidence) == ("undecided", None, "open")
    assert verdict.provisional is not None
    assert verdict.needed_test_items is not None
    assert verdict.needed_test_items > 50
    assert "The test items cannot tell the ways apart" in said(verdict)
    assert "where they differ by about 95 points or more" in resolution(8, ["test"])[0]
    assert expectation(situation(rows=40, kind="classify")).expected == "prompt"


def test_2_without_access_to_weights_the_best_prompt_is_the_answer_and_nothing_is_said_of_tuning() -> None:
    verdict = decide(MAJORITY, Way("few_shot", "prompt", GOOD, Cost(0, 1)))
    assert (verdict.kind, verdict.confidence) == ("prompt", "proven")
    assert "fine-tuning" not in said(verdict)
    found = expectation(situation(rows=5000, kind="classify", access="api"))
    assert (found.expected, found.certain) == ("prompt", True)


def test_3_private_data_remove_what_runs_elsewhere_however_good_it_is() -> None:
    limits = Limits(data_stays_here=True)
    elsewhere = removal(limits, "few_shot", local=False, probe=None)
    assert elsewhere == "few_shot is removed: data must stay here, and its model runs elsewhere"
    assert removal(limits, "lora", local=True, probe=None) is None
    verdict = decide(
        MAJORITY,
        Way("few_shot", "prompt", better(GOOD, 200), Cost(0, 1), elsewhere),
        Way("lora", "weights", GOOD, Cost(20, 0.2)),
    )
    assert (verdict.kind, verdict.choice) == ("weights", "id-lora")
    assert "few_shot" not in said(verdict), "a candidate that may not be had is no rival"


LONG, TUNED = Cost(0.0, 4.0), Cost(60.0, 0.4)  # a prompt of many demonstrations; weights that answer from the input alone


def test_4_at_huge_volume_equal_quality_goes_to_the_weights_and_at_little_to_the_prompt() -> None:
    ways = (MAJORITY, Way("few_shot", "prompt", GOOD, LONG), Way("lora", "weights", GOOD, TUNED))
    huge, small = decide(*ways, requests=12_000_000), decide(*ways, requests=1_200)
    assert (huge.kind, huge.confidence) == ("weights", "proven")
    assert (small.kind, small.confidence) == ("prompt", "proven")
    crossing_at = break_even(TUNED, LONG)
    assert crossing_at == pytest.approx(1000 * 60 / 3.6)
    assert f"From {crossing_at:,.0f} requests on, lora also costs less than few_shot" in said(huge)
    assert "12,000,000 are planned" in said(huge)
    almost_free = Way("lora", "weights", GOOD, Cost(0.001, 0.4))
    assert "From the first request on, lora also costs less than few_shot" in said(decide(*ways[:2], almost_free))


def test_5_a_long_prompt_that_is_cached_cheaply_keeps_its_place_at_the_same_volume() -> None:
    cached = Cost(0.0, 0.55)  # the same tokens, of which most cost a tenth
    ways = (MAJORITY, Way("few_shot", "prompt", GOOD, cached), Way("lora", "weights", GOOD, TUNED))
    assert decide(*ways, requests=120_000).kind == "prompt"
    dear = (MAJORITY, Way("few_shot", "prompt", GOOD, LONG), Way("lora", "weights", GOOD, TUNED))
    assert decide(*dear, requests=120_000).kind == "weights"


def test_6_a_task_that_changes_weekly_pays_for_its_weights_again_and_again() -> None:
    weekly = Cost(52 * TUNED.fixed, TUNED.per_1k)
    ways = (MAJORITY, Way("few_shot", "prompt", GOOD, LONG))
    once = decide(*ways, Way("lora", "weights", GOOD, TUNED), requests=240_000)
    again = decide(*ways, Way("lora", "weights", GOOD, weekly), requests=240_000)
    assert (once.kind, again.kind) == ("weights", "prompt")
    assert again.confidence == "proven"
    assert f"{1000 * weekly.fixed / 3.6:,.0f} requests on, lora also costs less" in said(again)


def test_7_a_strict_latency_removes_the_best_and_says_its_number() -> None:
    slow = Probe(900, 1400, 1200, 1700, 20, Estimate(20, 1.0, 0.84, 1.0))
    reason = removal(Limits(latency_p95_ms=300), "chain_of_thought", True, slow)
    assert reason is not None
    assert "95 % of its answers take up to 1400 ms (95 % interval 1200 ms to 1700 ms, over 20 requests)" in reason
    assert "the limit is 300 ms" in reason
    verdict = decide(
        MAJORITY,
        Way("chain_of_thought", "prompt", better(GOOD, 150), Cost(0, 6), reason),
        Way("few_shot", "prompt", GOOD, Cost(0, 1)),
        Way("lora", "weights", better(GOOD, 90), Cost(20, 0.2)),
    )
    assert (verdict.kind, verdict.choice) == ("weights", "id-lora")
    quick = Probe(90, 140, 120, None, 20, Estimate(20, 1.0, 0.84, 1.0))
    assert removal(Limits(latency_p95_ms=300), "lora", True, quick) is None


def test_8_a_deployment_by_the_hour_is_a_floor_that_little_volume_does_not_pay() -> None:
    hosted = Cost(60 + 1.2 * 24 * 365, 0.0)
    ways = (MAJORITY, Way("few_shot", "prompt", GOOD, LONG), Way("lora", "weights", GOOD, hosted))
    assert decide(*ways, requests=120_000).kind == "prompt"
    assert decide(*ways, requests=24_000_000).kind == "weights"
    assert break_even(hosted, LONG) == pytest.approx(1000 * hosted.fixed / 4)


def test_9_a_falling_curve_gives_no_crossing_and_a_reason() -> None:
    falling = fit(exactly(lambda n: 0.7 - 0.05 * (n / 100)))
    found = crossing(falling, [fit(exactly(lambda n: 0.75))])
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.reason == "the weights do not surely get better with more labels"


def test_10_one_seed_gives_no_crossing_and_a_reason() -> None:
    alone = fit(runs(rectified(0.1, 0.95, 200, 1.1), seeds=1))
    found = crossing(alone, [fit(runs(lambda n: 0.5))])
    assert found.value is None
    assert "seed" in found.reason


def test_11_equal_candidates_go_to_the_cheapest_and_never_prove_a_dear_one() -> None:
    ways = (Way("few_shot", "prompt", GOOD, Cost(0, 1)), Way("lora", "weights", GOOD, Cost(50, 1)))
    both = (*ways, Way("instruction+lora", "hybrid", GOOD, Cost(80, 2)))
    many = decide(MAJORITY, *both)
    assert (many.kind, many.confidence) == ("prompt", "proven")
    few = [Way(w.name, w.family, pattern(60, 51, shift), w.cost) for shift, w in enumerate(both)]
    verdict = decide(Way("majority", "control", pattern(60, 12)), *few)
    assert verdict.confidence != "proven"
    assert (verdict.choice or verdict.provisional) == "id-few_shot"


def test_12_where_nothing_works_no_winner_is_named_to_be_used() -> None:
    floor = Estimate(200, 0.5, 0.43, 0.57)
    verdict = decide(
        Way("majority", "control", pattern(200, 100)),
        Way("few_shot", "prompt", pattern(200, 98, 1), Cost(0, 1)),
        Way("lora", "weights", pattern(200, 100, 3), Cost(20, 0.2)),
        floor=floor,
        target=0.9,
    )
    assert verdict.falls_short is not None
    assert verdict.target_met is False
    assert verdict.reasons[0].startswith("None of these does the task")
    assert "A larger model is the next thing to try" in verdict.reasons[0]


def test_13_what_the_budget_cut_off_is_neither_chosen_nor_spoken_of_as_beaten() -> None:
    verdict = decide(MAJORITY, Way("few_shot", "prompt", GOOD, Cost(0, 1)), Way("lora", "weights", None, Cost(20, 0.2)))
    assert verdict.kind == "prompt"
    assert "lora" not in said(verdict)
    nothing = decide(MAJORITY, Way("few_shot", "prompt", None), Way("lora", "weights", None))
    assert (nothing.kind, nothing.choice, nothing.provisional) == ("undecided", None, None)
    assert "No model was measured on the test items" in said(nothing)


def test_14_a_control_that_does_as_well_means_that_no_language_model_is_needed() -> None:
    verdict = decide(
        Way("classifier", "control", GOOD, Cost(1, 0.01)),
        Way("few_shot", "prompt", pattern(1500, 900), Cost(0, 1)),
        Way("lora", "weights", GOOD, Cost(20, 0.2)),
    )
    assert (verdict.kind, verdict.choice) == ("neither", "id-classifier")
    assert verdict.reasons[0].startswith("You do not need a language model for this")


def test_15_failed_calls_that_would_change_the_winner_leave_it_unproven() -> None:
    prompt = pattern(400, 300)
    lora: list[bool | None] = list(better(prompt, 24))
    for i in [i for i, hit in enumerate(prompt) if hit][:14]:
        lora[i] = None
    verdict = decide(
        Way("majority", "control", pattern(400, 40)),
        Way("few_shot", "prompt", prompt, Cost(0, 1)),
        Way("lora", "weights", lora, Cost(50, 2)),  # type: ignore[arg-type]
    )
    assert verdict.confidence != "proven"
    assert "Calls failed, and with them counted as wrong answers" in said(verdict)


# ---- what has no number says so -------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [pattern(60, 45), pattern(400, 300)])
def test_a_margin_of_0_ends_in_a_choice_and_a_bound(right: list[bool]) -> None:
    n = len(right)
    ways = (Way("few_shot", "prompt", right, Cost(0, 1)), Way("lora", "weights", right, Cost(50, 1)))
    verdict = decide(Way("majority", "control", pattern(n, n // 5)), *ways, margin=0.0)
    assert (verdict.choice or verdict.provisional) == "id-few_shot"
    assert verdict.regret is not None
    assert 0 <= verdict.regret.upper < 0.1
    assert verdict.needed_test_items is None or verdict.needed_test_items > n


@pytest.mark.parametrize(("prompt", "tuned"), [(NOTHING, NOTHING), (Cost(0, 1), Cost(50, 1)), (Cost(0, 1), Cost(50, 2))])
def test_zero_prices_and_no_saving_give_no_crossing(prompt: Cost, tuned: Cost) -> None:
    assert break_even(tuned, prompt) is None
    verdict = decide(MAJORITY, Way("few_shot", "prompt", GOOD, prompt), Way("lora", "weights", GOOD, tuned))
    assert verdict.kind == "prompt", "at equal quality and cost the simpler way"
    assert "requests on" not in said(verdict)


def test_zero_requests_count_only_what_is_paid_once() -> None:
    ways = (MAJORITY, Way("few_shot", "prompt", GOOD, LONG), Way("lora", "weights", GOOD, TUNED))
    assert decide(*ways, requests=0).kind == "prompt"
