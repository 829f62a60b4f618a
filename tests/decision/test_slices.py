"""What is said of slices: a candidate that wins on average and loses a slice is flagged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from crossover import registry
from crossover.decision.contenders import Contender
from crossover.decision.slices import Sliced, sliced
from crossover.types import Run
from tests.decision.builders import contender, run

ACCURACY = registry.create("metrics", "accuracy")
PROMPT, LORA = contender("few_shot", "prompt"), contender("lora", "weights", cost=20)
CHANNELS = ["web"] * 100 + ["phone"] * 40


def channelled(c: Contender, right: Sequence[bool]) -> Run:
    made = run(c.name, right)
    records = (
        replace(record, example=replace(record.example, slices={"channel": channel}))
        for record, channel in zip(made.records, CHANNELS, strict=True)
    )
    return replace(made, records=tuple(records))


def found(lora: Sequence[bool], prompt: Sequence[bool], chosen: Contender | None = LORA) -> Sliced:
    runs = {LORA.id: channelled(LORA, lora), PROMPT.id: channelled(PROMPT, prompt)}
    made = sliced([PROMPT, LORA], runs, ACCURACY, "accuracy", (None, None), chosen and chosen.id, 0)
    assert made is not None
    return made


def test_a_winner_that_significantly_loses_a_slice_is_flagged_with_numbers() -> None:
    made = found([True] * 100 + [False] * 20 + [True] * 20, [False] * 50 + [True] * 50 + [True] * 40)
    [warning] = made.warnings
    assert warning.startswith(
        "Where channel is phone (40 test items), lora is worse than few_shot, though it is better over all: −50.0 (−"
    )
    assert warning.endswith("p < 0.001, adjusted for 2 comparisons by slice.")


def test_who_is_as_good_over_all_is_not_said_to_be_better() -> None:
    [warning] = found([True] * 100 + [False] * 40, [False] * 40 + [True] * 60 + [True] * 40).warnings
    assert "lora is worse than few_shot, though they are alike over all: −100.0" in warning


def test_of_many_lost_slices_those_where_most_is_lost_are_named_once_and_the_others_counted() -> None:
    third = contender("instruction", "prompt")
    wrong = {"web": 0, "post": 14, "phone": 30, "shop": 20, "fax": 16, "mail": 15}  # of 40 each
    channels = [channel for channel in wrong for _ in range(40)]
    own = [not n < count for count in wrong.values() for n in range(40)]
    runs = {}
    for c, right in (
        (LORA, own),
        (PROMPT, [False] * 40 + [True] * 200),
        (third, [False] * 40 + [n % 9 > 0 for n in range(200)]),
    ):
        made = run(c.name, right)
        records = zip(made.records, channels, strict=True)
        sliced_records = (replace(r, example=replace(r.example, slices={"channel": channel})) for r, channel in records)
        runs[c.id] = replace(made, records=tuple(sliced_records))
    found = sliced([third, PROMPT, LORA], runs, ACCURACY, "accuracy", (None, None), LORA.id, 0)
    assert found is not None
    *named, more = found.warnings
    assert [warning.split()[3] for warning in named] == ["phone", "shop", "fax"]
    assert all("worse than few_shot" in warning for warning in named), "who is furthest ahead there"
    assert more == "In 2 more slices lora is worse than another candidate too: the report has all."


def test_a_small_loss_in_a_slice_is_no_warning_and_nobody_chosen_is_none() -> None:
    right = [True] * 100 + [False] * 3 + [True] * 37
    assert found(right, [False] * 50 + [True] * 90).warnings == ()
    assert found([True] * 100 + [False] * 40, [True] * 140, None).warnings == ()


def test_a_loss_where_it_is_behind_over_all_too_is_not_called_better() -> None:
    [warning] = found([True] * 100 + [False] * 30 + [True] * 10, [True] * 140).warnings
    assert "though" not in warning


def test_a_removed_contender_is_no_rival_and_nothing_tested_is_none() -> None:
    removed = replace(PROMPT, removed="too slow")
    runs = {c.id: channelled(c, [c is LORA] * 140) for c in (LORA, PROMPT)}
    made = sliced([removed, LORA], runs, ACCURACY, "accuracy", (None, None), LORA.id, 0)
    assert made is not None
    assert set(made.estimates) == {LORA.id}
    assert sliced([PROMPT], {}, ACCURACY, "accuracy", (None, None), None, 0) is None


def test_json_has_a_row_for_each_slice_with_every_estimate_and_comparison() -> None:
    body = json.loads(json.dumps(found([True] * 140, [False] * 140).to_json()))
    assert [(row["column"], row["value"], row["items"]) for row in body["rows"]] == [
        ("channel", "web", 100),
        ("channel", "phone", 40),
    ]
    row = body["rows"][1]
    assert set(row["estimates"]) == {LORA.id, PROMPT.id}
    assert row["estimates"][LORA.id]["n"] == 40
    [against] = row["against"]
    assert (against["other"], against["difference"], against["n"]) == (PROMPT.id, 1.0, 40)
