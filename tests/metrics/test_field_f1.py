"""field_f1: JSON objects, field by field."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from crossover.errors import DataError
from crossover.evaluation.aggregate import estimate
from crossover.metrics.field_f1 import FieldF1
from crossover.types import Counts

GOLD = '{"date": "7 August", "people": "4"}'
score = FieldF1().score


def test_each_field_is_right_wrong_missed_or_invented():
    found = score(GOLD, '{"date": "7  AUGUST ", "people": "5", "name": "Ines"}')
    assert found.counts == {"date": Counts(tp=1), "people": Counts(fp=1, fn=1), "name": Counts(fp=1)}
    assert found.value == pytest.approx(2 * 1 / (2 + 3))
    assert score(GOLD, '{"date": "7 august"}').counts == {"date": Counts(tp=1), "people": Counts(fn=1)}


def test_empty_gold_and_empty_answer_is_1():
    assert score("{}", "{}").value == 1
    assert score("{}", '{"date": null}').value == 1
    assert score("{}", '{"date": "today"}').value == 0


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no booking",
        '{"date": "7 August"',
        '["date", "7 August"]',
        '{"date": NaN}',
        "{date: 7 August}",
        '{"date": "7 August", {"people": "4"}',
        '{"a":' * 3000 + "1" + "}" * 3000,
        "{" * 10_000,
        "}{",
    ],
)
def test_invalid_json_misses_every_gold_field(answer):
    found = score(GOLD, answer)
    assert (found.valid, found.value) == (False, 0)
    assert found.counts == {"date": Counts(fn=1), "people": Counts(fn=1)}


@pytest.mark.parametrize(
    "answer",
    [
        f"```json\n{GOLD}\n```",
        f"Here it is: {GOLD} I hope it helps {{}}",
        f"In the format {{field: value}}: {GOLD}",
        '{"people": 4, "date": "7 August"}',
        '{"people": 4.0, "date": "7 August", "name": null, "phone": " "}',
    ],
)
def test_text_around_the_object_and_number_types_are_forgiven(answer):
    assert score(GOLD, answer).value == 1


def test_the_first_object_counts():
    assert score(GOLD, '{"date": "7 August"}' + GOLD).counts["people"] == Counts(fn=1)


def test_braces_and_quotes_inside_strings_do_not_end_the_object():
    gold = json.dumps({"note": 'a } and a \\" { here'})
    assert score(gold, f"answer: {gold}").value == 1


def test_nested_values_are_compared_as_canonical_json():
    gold = '{"items": [{"name": "Tea", "count": 2}]}'
    assert score(gold, '{"items": [{"count": "2", "name": " tea"}]}').value == 1
    assert score(gold, '{"items": [{"count": 3, "name": "tea"}]}').value == 0
    assert score('{"tags": ["a", "b"]}', '{"tags": ["b", "a"]}').value == 0
    assert score('{"open": true}', '{"open": "True"}').value == 1


@pytest.mark.parametrize("gold", ["7 August", "[1]", "", '{"a": '])
def test_a_gold_output_that_is_no_object_is_the_datas_fault(gold):
    with pytest.raises(DataError, match="field_f1 needs a JSON object"):
        score(gold, "{}")


VALUES = st.sampled_from(["one", "two"])
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES)


@given(st.lists(st.tuples(OBJECTS, OBJECTS), min_size=1, max_size=12))
def test_micro_f1_is_that_of_scikit_learn_over_field_value_pairs(rows):
    scores = [score(json.dumps(gold), json.dumps(answer)) for gold, answer in rows]
    everything = [(field, value) for field in "abc" for value in ("one", "two")]
    gold = [int(g.get(f) == v) for g, _ in rows for f, v in everything]
    answer = [int(a.get(f) == v) for _, a in rows for f, v in everything]
    expected = f1_score(gold, answer, zero_division=1)
    assert abs(estimate(scores, "micro_f1", binary=False).value - expected) < 1e-12


@given(OBJECTS, st.text(max_size=80))
def test_any_answer_gets_a_score(gold, answer):
    for text in (answer, "{" + answer + "}", json.dumps({"a": answer})):
        assert 0 <= score(json.dumps(gold), text).value <= 1


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ('{"price": 2.0}', '{"price": "2.0"}'),
        ('{"price": "2.0"}', '{"price": 2}'),
        ('{"price": 1.5}', '{"price": "1.50"}'),
        ('{"prices": [1, {"net": "3"}]}', '{"prices": [1.0, {"net": 3.0}]}'),
        ('{"where": {"city": "Rome", "street": null}}', '{"where": {"city": "rome"}}'),
        ('{"items": [], "where": {}, "name": "x"}', '{"name": "x"}'),
        ('{"where": {"street": null}, "name": "x"}', '{"name": "x", "items": [""]}'),
        ('{"a": 1e22}', '{"a": "10000000000000000000000"}'),
    ],
)
def test_a_number_is_its_text_and_nothing_is_absent_on_every_level(gold, answer):
    assert (score(gold, answer).value, score(answer, gold).value) == (1, 1)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ('{"code": "007"}', '{"code": 7}'),
        ('{"phone": "+49"}', '{"phone": 49}'),
        ('{"version": "1.10"}', '{"version": "1.1"}'),
        ('{"on": true}', '{"on": 1}'),
        ('{"on": false}', "{}"),
        ('{"n": 0}', "{}"),
        ('{"list": ["x"]}', '{"list": "x"}'),
        ('{"list": ["x", null]}', '{"list": ["x"]}'),
        ('{"n": "12a"}', '{"n": 12}'),
        ('{"n": 12345678901234567890}', '{"n": "12345678901234567891"}'),
    ],
)
def test_what_only_looks_alike_is_another_value(gold, answer):
    assert score(gold, answer).value < 1
    assert score(answer, gold).value < 1


def test_objects_within_objects_without_end_are_compared_or_wrong():
    deep = '{"a": ' * 400 + "1" + "}" * 400
    assert 0 <= score(GOLD, deep).value <= 1
    assert 0 <= score(GOLD.replace('"4"', deep), GOLD.replace('"4"', deep)).value <= 1
