"""A task completed by its data, with a sentence for everything that was assumed."""

import pytest

from crossover.data.infer import complete, prepare
from crossover.data.infer_kind import infer_kind
from crossover.data.splits import make_splits
from crossover.errors import DataError
from crossover.types import Example
from tests.data.builders import jsonl, sentence, table, task, write


def kind_of(outputs):
    return infer_kind([Example(str(n), "text", output) for n, output in enumerate(outputs)])


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        (["yes", "no", "no", "yes", "yes", "no"], "classify"),
        (["same"] * 6, "classify"),
        (["a", "b", "c"] * 4 + ["d"], "classify"),
        (["a", "b", "c"] * 5 + ["d", "e"], "generate"),  # too many that never come again
        (["a", "b", "c"] * 2, "generate"),  # too many for the rows
        ([str(n) for n in range(30)], "generate"),
        (["x" * 61] * 9, "generate"),
        (["two\nlines"] * 9, "generate"),
        (['{"a": 1}', "{}"] * 3, "extract"),
        (['{"a": 1}', "{a}"] * 3, "classify"),
        (["[1]"] * 6, "classify"),
    ],
)
def test_the_kind_shows_in_the_outputs(outputs, kind):
    assert kind_of(outputs) == kind


def test_classify_is_completed_with_labels_and_metric(tmp_path):
    write(tmp_path, "rows.csv", table({"left": 10, "back": 10, "right": 10}))
    prepared = prepare(task(tmp_path, "rows.csv"))
    done = prepared.task
    assert (done.kind, done.metric, done.labels) == ("classify", "accuracy", {"back": "", "left": "", "right": ""})
    assert done.assumptions == (
        "kind: classify, because few short outputs come again and again",
        "labels: the 3 of the training rows (back, left, right)",
        "metric: accuracy, as the task is to classify",
        "splits: cut from the one table with seed 0 (train 18, dev 6, test 6 rows)",
        "defaults: model pocket, margin 0.01, tolerance 0.03, seed 0",
    )
    assert complete(done, prepared.splits).assumptions == done.assumptions
    assert prepared.findings == []


def test_what_is_given_is_not_assumed(tmp_path):
    write(tmp_path, "rows.csv", table({"left": 10, "right": 10}))
    given = {"kind": "classify", "labels": {"right": "to the right", "left": ""}, "metric": "macro_f1"}
    prepared = prepare(task(tmp_path, "rows.csv", **given, seed=3, margin=0.0, tolerance=0.1, model="hf:x"))
    assert prepared.task.assumptions == ("splits: cut from the one table with seed 3 (train 12, dev 4, test 4 rows)",)
    assert prepared.task.labels == given["labels"]
    assert prepared.task.metric == "macro_f1"


def test_listed_labels_mean_classify(tmp_path):
    write(tmp_path, "rows.csv", table({"a": 4, "b": 4, "c": 4, "d": 4, "e": 4, "f": 4}))
    done = prepare(task(tmp_path, "rows.csv", labels=list("abcdef"))).task
    assert done.kind == "classify"
    assert "kind: classify, because the task lists labels" in done.assumptions


def test_extract_and_generate_have_their_metrics(tmp_path):
    jsonl(tmp_path, "slots.jsonl", [{"text": sentence(n), "label": {"n": n}} for n in range(9)])
    done = prepare(task(tmp_path, "slots.jsonl")).task
    assert (done.kind, done.metric, done.labels) == ("extract", "field_f1", {})
    jsonl(tmp_path, "numbers.jsonl", [{"text": sentence(n), "label": n} for n in range(9)])
    done = prepare(task(tmp_path, "numbers.jsonl")).task
    assert (done.kind, done.metric) == ("generate", "exact_match")
    jsonl(tmp_path, "long.jsonl", [{"text": sentence(n), "label": f"{sentence(n)} and three words"} for n in range(9)])
    done = prepare(task(tmp_path, "long.jsonl")).task
    assert (done.kind, done.metric) == ("generate", "rouge_l")
    assert "metric: rouge_l, as the outputs are long (median 6 words)" in done.assumptions


@pytest.mark.parametrize(
    ("answer", "metric"),
    [
        ("今天下午三点我们会把包裹送到您的家门口", "rouge_l"),
        ("荷物は明日の午後に届きますのでお待ちください", "rouge_l"),
        ("เด็กผู้หญิงไปโรงเรียนแล้วกลับบ้านกับแม่ตอนเย็น", "rouge_l"),
        ("北京大学", "exact_match"),
        ("ประเทศไทย", "exact_match"),
    ],
)
def test_answers_in_scripts_without_spaces_are_as_long_as_they_are(answer, metric, tmp_path):
    jsonl(tmp_path, "rows.jsonl", [{"text": sentence(n), "label": f"{answer}{n}"} for n in range(9)])
    assert prepare(task(tmp_path, "rows.jsonl")).task.metric == metric


def test_a_given_kind_that_the_outputs_do_not_have(tmp_path):
    rows = [{"text": sentence(n), "label": {"n": n}} for n in range(9)]
    jsonl(tmp_path, "slots.jsonl", [*rows, {"text": "a tenth", "label": "none"}])
    with pytest.raises(DataError, match=r"^slots.jsonl, line 10: the output: not valid JSON"):
        prepare(task(tmp_path, "slots.jsonl", kind="extract"))
    assert prepare(task(tmp_path, "slots.jsonl")).task.kind == "generate"


def test_dev_alone_may_be_cut(tmp_path):
    write(tmp_path, "train.csv", table({"a": 10, "b": 10}))
    write(tmp_path, "test.csv", "text,label\nfirst scarlet thing,a\nsecond ochre one,b\n")
    done = prepare(task(tmp_path, {"train": "train.csv", "test": "test.csv"})).task
    assert "splits: dev cut from train with seed 0 (train 16, dev 4, test 2 rows)" in done.assumptions


class TestChatInstruction:
    def chat(self, folder, name, systems, instruction=""):
        rows = [
            {
                "messages": [
                    *([{"role": "system", "content": system}] if system else []),
                    {"role": "user", "content": sentence(n)},
                    {"role": "assistant", "content": "xy"[n % 2]},
                ]
            }
            for n, system in enumerate(systems)
        ]
        jsonl(folder, name, rows)
        return prepare(task(folder, name, input="input", output="output", instruction=instruction))

    def test_a_common_system_message_is_the_instruction(self, tmp_path):
        prepared = self.chat(tmp_path, "chat.jsonl", ["Say x or y."] * 10)
        assert prepared.task.instruction == "Say x or y."
        assert "instruction: the system message that every row has" in prepared.task.assumptions
        assert {e.input for e in prepared.splits.all} == {sentence(n) for n in range(10)}
        assert make_splits(prepared.task) == prepared.splits

    def test_an_instruction_of_the_task_wins(self, tmp_path):
        prepared = self.chat(tmp_path, "chat.jsonl", ["Say x or y."] * 10, "Decide.")
        assert prepared.task.instruction == "Decide."
        assert {e.input for e in prepared.splits.all} == {f"Say x or y.\n\n{sentence(n)}" for n in range(10)}

    @pytest.mark.parametrize("other", ["Or z.", ""])
    def test_differing_system_messages_stay_in_the_inputs(self, tmp_path, other):
        prepared = self.chat(tmp_path, "chat.jsonl", ["Say x or y."] * 9 + [other])
        assert prepared.task.instruction == ""
        assert sum(e.input.startswith("Say x or y.\n\n") for e in prepared.splits.all) == 9
