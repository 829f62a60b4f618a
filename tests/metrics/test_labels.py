"""accuracy and macro_f1: labels compared after trimming and case-folding."""

from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from crossover.evaluation.aggregate import estimate
from crossover.metrics.accuracy import Accuracy
from crossover.metrics.macro_f1 import MacroF1
from crossover.types import Counts

LABELS = st.sampled_from(["refund", "delivery", "login", "other"])


def test_accuracy_forgives_case_and_outer_space_only():
    metric = Accuracy()
    assert metric.score("Late delivery", " late DELIVERY\n").value == 1
    assert metric.score("Straße", "STRASSE").value == 1
    assert metric.score("Late delivery", "late  delivery").value == 0
    assert metric.score("refund", "refund.").value == 0
    assert metric.score("refund", "").value == 0


def test_macro_f1_counts_a_miss_for_gold_and_a_false_positive_for_the_answer():
    metric = MacroF1()
    assert metric.score("Refund", "refund ").counts == {"refund": Counts(tp=1)}
    assert metric.score("refund", "login").counts == {"refund": Counts(fn=1), "login": Counts(fp=1)}
    assert metric.score("refund", " ").counts == {"refund": Counts(fn=1)}


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40))
def test_macro_f1_is_that_of_scikit_learn(rows):
    scores = [MacroF1().score(gold, answer) for gold, answer in rows]
    expected = f1_score([g for g, _ in rows], [a for _, a in rows], average="macro", zero_division=0)
    assert abs(estimate(scores, "macro_f1", binary=False).value - expected) < 1e-12
