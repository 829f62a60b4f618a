"""A candidate's identity is what would be deployed, whatever it is called and however it came to be."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crossover.types import (
    Candidate,
    Decoding,
    Demonstration,
    Prompt,
    Provenance,
    Step,
    Weights,
    candidate_from_json,
    to_json,
)

SHOWN = Demonstration("in", "out", (("product", "tea"),))
STEP = Step("product", Prompt("Name it."), Decoding(labels=("tea", "jam")))
WHOLE = Candidate(
    "pocket",
    Prompt("Sort it.", "{input}: {product}", (SHOWN,), steps=(STEP,)),
    Decoding(labels=("a", "b"), label_bias=(0.1, 0.2)),
    Weights("adapter", "ab" * 32, "here"),
    Provenance("few_shot", {"shots": (2,)}, 3, "0" * 16, "best of two", "few_shot (shots [2])"),
)


@given(st.builds(Provenance, strategy=st.text(), seed=st.integers(), parent=st.text(), note=st.text(), name=st.text()))
def test_how_it_came_to_be_stands_beside_it(provenance: Provenance) -> None:
    assert replace(WHOLE, provenance=provenance).id == WHOLE.id


def test_where_weights_lie_is_not_what_they_are() -> None:
    assert replace(WHOLE, weights=Weights("adapter", "ab" * 32, "there")).id == WHOLE.id


def test_whatever_would_be_deployed_is_part_of_it() -> None:
    others = [
        replace(WHOLE, model="fake"),
        replace(WHOLE, prompt=replace(WHOLE.prompt, steps=())),
        replace(WHOLE, prompt=replace(WHOLE.prompt, demonstrations=(replace(SHOWN, steps=()),))),
        replace(WHOLE, decoding=replace(WHOLE.decoding, label_bias=())),
        replace(WHOLE, decoding=replace(WHOLE.decoding, top_p=0.5)),
        replace(WHOLE, weights=None),
        replace(WHOLE, weights=Weights("full", "ab" * 32)),
        replace(WHOLE, weights=Weights("adapter", "cd" * 32)),
    ]
    assert len({candidate.id for candidate in [WHOLE, *others]}) == len(others) + 1


def test_it_comes_back_from_disk_as_it_was() -> None:
    back = candidate_from_json(json.loads(json.dumps(to_json(WHOLE))))
    assert back.id == WHOLE.id
    assert back == replace(WHOLE, provenance=replace(WHOLE.provenance, options={"shots": [2]}))


def test_an_exports_measured_id_is_a_text_and_of_what_was_exported() -> None:
    body = {**to_json(WHOLE), "id_here": WHOLE.id}
    assert candidate_from_json(body | {"id": "as measured"}).id == "as measured"
    assert candidate_from_json(body | {"id": "as measured", "id_here": "of another"}).id == WHOLE.id
    assert [candidate_from_json(body | {"id": broken}).id for broken in (None, "")] == [WHOLE.id] * 2
    assert candidate_from_json(body).id == WHOLE.id


def test_a_field_that_came_later_leaves_ids_as_they_were() -> None:
    assert "top_p" not in to_json(Decoding())
    nucleus = replace(WHOLE, decoding=Decoding(top_p=0.5))
    assert candidate_from_json(json.loads(json.dumps(to_json(nucleus)))).decoding == nucleus.decoding
