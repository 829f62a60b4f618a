from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from crossover.data.schema import schema_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), min_size=1, max_size=6)


@given(OBJECTS)
def test_every_row_fits_the_schema_that_is_read_off_the_rows(rows: list[dict[str, Any]]) -> None:
    schema = json.loads(schema_of([json.dumps(row) for row in rows]))
    Draft202012Validator.check_schema(schema)
    for row in rows:
        Draft202012Validator(schema).validate(row)


def test_fields_that_always_occur_are_required_and_others_unknown() -> None:
    schema = json.loads(schema_of(['{"time": "6pm", "people": 2}', '{"people": 3}']))
    assert schema["required"] == ["people"]
    assert list(schema["properties"]) == ["people", "time"]
    assert not Draft202012Validator(schema).is_valid({"people": 2, "date": "today"})
    assert not Draft202012Validator(schema).is_valid({"people": "two"})
