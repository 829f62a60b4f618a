"""Advice before anything is measured: each statement has its source, and a known situation the right expectation."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.decision.advice import APPLIES, expectation, statements
from crossover.decision.evidence import SURE, evidence
from crossover.decision.situation import QUESTIONS, Situation, situation
from crossover.errors import OptionError

UNSOURCED = ("definition", "arithmetic", "judgement")
SITUATIONS = st.builds(
    Situation,
    rows=st.none() | st.integers(0, 100_000),
    kind=st.none() | st.sampled_from(["extract", "generate"]),
    access=st.sampled_from([None, "weights", "tuning_api", "api"]),
    requests_per_month=st.none() | st.floats(0, 1e9),
    latency_p95_ms=st.none() | st.floats(1, 1e5),
    money=st.none() | st.floats(0, 1e6),
    changes=st.sampled_from([None, "never", "yearly", "monthly", "weekly"]),
    consistency=st.sampled_from([None, "high", "normal"]),
    skill=st.sampled_from([None, "none", "some", "much"]),
) | st.builds(Situation, rows=st.integers(0, 50_000), kind=st.just("classify"), labels=st.integers(2, 200))


def keys(**known: Any) -> set[str]:
    return {one.key for one in statements(situation(**known))}


def test_every_statement_has_a_rule_and_a_source_that_can_be_found() -> None:
    found = evidence()
    assert set(found.claims) == set(APPLIES)
    cited = set()
    for key, claim in found.claims.items():
        assert claim.sure in SURE, key
        assert bool(claim.sources) != (claim.sure in UNSOURCED), f"{key}: {claim.sure}"
        assert claim.sure not in ("several", "each", "disputed") or len(claim.sources) > 1, key
        cited |= set(claim.sources)
    assert cited == set(found.sources.values())
    for source in found.sources.values():
        assert re.search(r"arXiv \d{4}\.\d{5}$", source.where), source
        assert 2000 < source.year <= 2026


def test_the_criteria_of_the_literature_are_all_there() -> None:
    named = "complexity, flexibility, cost, access, custom behaviour, reusability, data, privacy, update rate"
    assert ", ".join(one.name for one in evidence().criteria) == named


@given(SITUATIONS)
@settings(max_examples=150)
def test_any_situation_is_answered_in_whole_sentences(known: Situation) -> None:
    found = expectation(known)
    assert found.said.endswith(".")
    assert found.expected in ("prompt", "weights", "hybrid", "open")
    for one in statements(known):
        assert "{" not in one.says
        assert "  " not in one.says
        assert one.cited()
    if known.access == "api":
        assert (found.expected, found.certain) == ("prompt", True)
    assert known.training_rows is not None or found.expected in ("open", "prompt")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"rows": 40, "kind": "classify"}, "prompt"),
        ({"rows": 40, "kind": "extract"}, "prompt"),
        ({"rows": 200, "kind": "classify"}, "open"),  # break-even
        ({"rows": 200, "kind": "classify", "labels": 2}, "prompt"),
        ({"rows": 1000, "kind": "classify"}, "hybrid"),
        ({"rows": 5000, "kind": "generate", "requests_per_month": 1e6}, "hybrid"),
        ({"rows": 5000, "access": "api"}, "prompt"),
        ({"rows": 600, "kind": "extract", "changes": "weekly", "skill": "none"}, "prompt"),
        ({"rows": 600, "kind": "classify", "changes": "weekly"}, "open"),
        ({"kind": "classify"}, "open"),
    ],
)
def test_what_is_expected(known: dict[str, Any], expected: str) -> None:
    assert expectation(situation(**known)).expected == expected


def test_the_statements_are_those_that_bear_on_the_situation() -> None:
    assert "few_requests" in keys(rows=500, requests_per_month=100)
    assert "many_requests" in keys(rows=500, requests_per_month=1e6)
    assert keys(rows=500, access="api") == {"no_weights", "strong_model"}
    assert {"stays_here", "private_rows"} <= keys(private=True)
    assert "private_rows" not in keys(private=False)
    assert "prompt_format" in keys(consistency="high")
    assert "prompt_format" not in keys(consistency="normal")
    assert {"changing_task", "changing_facts"} <= keys(changes="weekly")
    assert not keys(changes="never")
    [few] = [one for one in statements(situation(rows=50)) if one.key == "few_rows"]
    assert "About 30 training rows are few." in few.says, "three fifths of one table are for training"
    assert few.cited() == "Le Scao and Rush 2021; Bertsch et al. 2024; studies agree"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"rows": -1}, "advise, rows: received -1; valid is a whole number from 0 up"),
        ({"rows": 1.5}, "advise, rows: received 1.5; valid is a whole number"),
        ({"kind": "sort"}, "advise, kind: received 'sort'; valid is classify, extract or generate"),
        ({"changes": "often"}, "advise, changes: received 'often'; valid is never, yearly, monthly or weekly"),
        ({"latency_p95_ms": 0}, "advise, latency_p95_ms: received 0; valid is a number above 0"),
        ({"volume": 3}, "advise: there is no 'volume'; valid: "),
        ({"private": True, "access": "api"}, "private says that the data must stay here, and access api sends them"),
        ({"kind": "generate", "labels": 3}, "labels are for kind classify, and the kind is generate"),
    ],
)
def test_what_is_not_valid_or_contradicts_itself_is_one_sentence(known: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as error:
        situation(**known)
    assert said in str(error.value)


def test_what_is_unknown_can_be_asked() -> None:
    assert situation().unknown() == [name for name in QUESTIONS if name != "labels"]
    assert situation(kind="classify").unknown() == [name for name in QUESTIONS if name != "kind"]


def test_where_no_statement_speaks_for_either_none_is_said_to() -> None:
    found = expectation(situation(rows=420, train=252, kind="classify", labels=10))
    assert (found.expected, found.certain) == ("open", False)
    assert found.said == "Open: nothing known of such a task speaks for a prompt or for tuning."
