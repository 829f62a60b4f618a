"""The task file: what it may hold, and one clear sentence for everything else."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crossover.data.task import Files, LimitsSpec, StrategySpec, Task, check_task, load_task
from crossover.errors import TaskError
from tests.data.builders import task, write

LEAST = "name: parcels\ndata: rows.csv\ninput: text\noutput: label\n"


def load(folder, text):
    return load_task(write(folder, "task.yaml", text))


def complaint(folder, text):
    with pytest.raises(TaskError) as caught:
        load(folder, text)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{folder}{os.sep}")


def test_the_smallest_task_has_the_documented_defaults(tmp_path):
    found = load(tmp_path, LEAST)
    assert (found.name, found.data, found.input, found.output) == ("parcels", "rows.csv", "text", "label")
    assert (found.instruction, found.kind, found.labels, found.group, found.metric) == ("", None, {}, None, None)
    assert (found.target, found.margin, found.model, found.strategies, found.seed) == (None, 0.01, "pocket", [], 0)
    assert found.limits == LimitsSpec()
    assert found.limits.money is None
    assert found.limits.data_stays_here is False
    assert (found.folder, found.assumptions) == (tmp_path, ())


def test_a_full_task_is_read_whole(tmp_path):
    found = load(
        tmp_path,
        """
name: parcels-2.b
instruction: Say where the parcel is.
data: {train: a.csv, dev: b.csv, test: c.csv}
input: "{question}\\n{context}"
output: answer
kind: classify
labels: {here: at the depot, there: }
group: customer
metric: accuracy
target: 1
margin: 0.02
model: hf:./folder
strategies:
  - zero_shot
  - few_shot: {shots: [0, 2]}
  - instruction+lora
  - lora:
limits: {money: 2.5, minutes: 30, data_stays_here: yes, latency_p95_ms: 400}
seed: 7
""",
    )
    assert found.data == Files(train="a.csv", dev="b.csv", test="c.csv")
    assert found.labels == {"here": "at the depot", "there": ""}
    assert found.target == 1.0
    assert [(spec.name, spec.options) for spec in found.strategies] == [
        ("zero_shot", {}),
        ("few_shot", {"shots": [0, 2]}),
        ("instruction+lora", {}),
        ("lora", {}),
    ]
    assert found.limits == LimitsSpec(money=2.5, minutes=30, data_stays_here=True, latency_p95_ms=400)


def test_a_task_survives_its_own_json_without_folder_and_assumptions(tmp_path):
    original = task(
        tmp_path,
        Files(train="a.csv"),
        labels=["x", "y"],
        strategies=["lora", {"few_shot": {"shots": [1]}}],
        assumptions=("one",),
    )
    body = original.model_dump(mode="json")
    assert body["strategies"] == ["lora", {"few_shot": {"shots": [1]}}]
    assert "folder" not in body
    assert "assumptions" not in body
    again = Task.model_validate_json(original.model_dump_json())
    assert again.model_dump() == original.model_dump()
    assert again.strategies[1] == StrategySpec(name="few_shot", options={"shots": [1]})


def test_labels_are_text_as_written(tmp_path):
    found = load(tmp_path, LEAST + "labels: [yes, no, 1, 007, 1.50, null, 2024-01-01]\n")
    assert list(found.labels) == ["yes", "no", "1", "007", "1.50", "null", "2024-01-01"]
    found = load(tmp_path, LEAST + "labels: {on: 1, off: }\n")
    assert found.labels == {"on": "1", "off": ""}


def test_a_key_without_a_value_is_as_if_absent(tmp_path):
    assert load(tmp_path, LEAST + "metric:\nlimits:\n") == load(tmp_path, LEAST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LEAST + "metrik: accuracy\n", "task.yaml, line 5, key 'metrik': unknown key; did you mean 'metric'? valid: "),
        (LEAST + "folder: x\n", "task.yaml, line 5, key 'folder': unknown key; "),
        (
            LEAST + "limits:\n  money: 1\n  minute: 2\n",
            "task.yaml, line 7, key 'limits.minute': unknown key; did you mean 'minutes'? valid: calls, data_stays_here, ",
        ),
        (
            LEAST.replace("rows.csv", "{train: a.csv, tset: b.csv}"),
            "task.yaml, line 2, key 'data.tset': unknown key; did you mean 'test'? valid: dev, test, train",
        ),
        (
            LEAST.replace("rows.csv", "{test: b.csv}"),
            "task.yaml, line 2, key 'data.train': it is missing; valid is a file",
        ),
        (
            LEAST.replace("rows.csv", "{train: a.csv, test: a.csv}"),
            "task.yaml, line 2, key 'data': two splits are the same",
        ),
        (LEAST.replace("rows.csv", "[a.csv]"), "task.yaml, line 2, key 'data': received ['a.csv']; valid is a file"),
        (LEAST.replace("rows.csv", "''"), "task.yaml, line 2, key 'data': received ''; valid is a file"),
        (LEAST.replace("output: label\n", ""), "task.yaml: the key 'output' is missing; valid is a column"),
        (LEAST.replace("output: label", "output:"), "task.yaml: the key 'output' is missing; valid is a column"),
        (
            LEAST.replace("parcels", "../up"),
            "task.yaml, line 1, key 'name': received '../up'; valid is 1 to 100 letters",
        ),
        (LEAST.replace("parcels", ".."), "task.yaml, line 1, key 'name': received '..'; valid is 1 to 100 letters"),
        (LEAST.replace("parcels", "2024"), "task.yaml, line 1, key 'name': received 2024; valid is 1 to 100 letters"),
        (LEAST.replace("text", "'{a'"), "task.yaml, line 3, key 'input': '{' is not a placeholder; write {column}"),
        (LEAST.replace("text", "'{} b'"), "task.yaml, line 3, key 'input': '{}' is not a placeholder"),
        (LEAST + "kind: clasify\n", "task.yaml, line 5, key 'kind': received 'clasify'; valid is classify, extract or"),
        (LEAST + "target: 80\n", "task.yaml, line 5, key 'target': received 80; valid is a number from 0 to 1"),
        (LEAST + "target: '0.8'\n", "task.yaml, line 5, key 'target': received '0.8'; valid is a number from 0 to 1"),
        (LEAST + "target: .nan\n", "task.yaml, line 5, key 'target': received nan; valid is a number from 0 to 1"),
        (LEAST + "margin: -0.1\n", "task.yaml, line 5, key 'margin': received -0.1; valid is a number from 0 to 1"),
        (LEAST + "seed: 1.5\n", "task.yaml, line 5, key 'seed': received 1.5; valid is a whole number"),
        (LEAST + "seed: true\n", "task.yaml, line 5, key 'seed': received true; valid is a whole number"),
        (
            LEAST + "instruction: 2024-01-01\n",
            "task.yaml, line 5, key 'instruction': received '2024-01-01'; valid is text",
        ),
        (
            LEAST + "tuning: {processes: 0}\n",
            "task.yaml, line 5, key 'tuning.processes': received 0; valid is a whole number",
        ),
        (LEAST + "tuning: {cards: 2}\n", "task.yaml, line 5, key 'tuning.cards': unknown key; valid: processes"),
        (LEAST + "tuning: 2\n", "task.yaml, line 5, key 'tuning': received 2; valid is a mapping, as in {processes: 2}"),
        (LEAST + "limits: 5\n", "task.yaml, line 5, key 'limits': received 5; valid is a mapping of limits"),
        (
            LEAST + "limits:\n  money: -1\n",
            "task.yaml, line 6, key 'limits.money': received -1; valid is a number from 0",
        ),
        (LEAST + "limits:\n  money: .inf\n", "task.yaml, line 6, key 'limits.money': received inf; valid is a number"),
        (
            LEAST + "limits: {data_stays_here: 1}\n",
            "task.yaml, line 5, key 'limits.data_stays_here': received 1; valid is t",
        ),
        (
            LEAST + "limits: {data_stays_here: }\n",
            "task.yaml, line 5, key 'limits.data_stays_here': received nothing; ",
        ),
        (LEAST + "labels: [a, b, a]\n", "task.yaml, line 5, key 'labels': the label 'a' stands twice"),
        (LEAST + "labels: [a, '']\n", "task.yaml, line 5, key 'labels': received an empty label; valid is text"),
        (LEAST + "labels: [a, [b]]\n", "task.yaml, line 5, key 'labels': received the label ['b']; valid is text"),
        (
            LEAST + "labels: a\n",
            "task.yaml, line 5, key 'labels': received 'a'; valid is a list of labels, or a mapping",
        ),
        (LEAST + "labels: {a: [b]}\n", "task.yaml, line 5, key 'labels': received ['b']; valid is a list of labels"),
        (
            LEAST + "labels: [a, b]\nkind: generate\n",
            "task.yaml: labels are for kind classify, and the kind is generate",
        ),
        (
            LEAST + "metric: acuracy\n",
            "task.yaml, line 5, key 'metric': there is no metric 'acuracy'; did you mean 'accuracy'",
        ),
        (
            LEAST + "strategies: lora\n",
            "task.yaml, line 5, key 'strategies': received 'lora'; valid is a list of strategies",
        ),
        (
            LEAST + "strategies:\n- lora\n- few_shoot\n",
            "task.yaml, line 7, key 'strategies', item 2: there is no strategy 'few_shoot'; did you mean 'few_shot'?",
        ),
        (
            LEAST + "strategies: [instruction+lorra]\n",
            "task.yaml, line 5, key 'strategies', item 1: there is no strategy 'lorra'; did you mean 'lora'? valid: ",
        ),
        (
            LEAST + "strategies: [then]\n",
            "task.yaml, line 5, key 'strategies', item 1: 'then' is written with a plus sign, as in instruction+lora",
        ),
        (
            LEAST + "strategies:\n- lora\n- majority+few_shot\n",
            "task.yaml, line 7, key 'strategies', item 2: 'majority+few_shot' joins a control with other strategies, and"
            " 'majority' leaves no language model to prompt or tune; valid is 'majority' by itself",
        ),
        (
            LEAST + "strategies: [lora*classifier]\n",
            "task.yaml, line 5, key 'strategies', item 1: 'lora*classifier' joins a control with other strategies",
        ),
        (LEAST + "strategies: [lora+]\n", "task.yaml, line 5, key 'strategies', item 1: there is no strategy ''"),
        (
            LEAST + "strategies:\n- few_shot:\n  shots: [1]\n",
            "task.yaml, line 6, key 'strategies', item 1: received a mapping with the keys few_shot, shots; valid",
        ),
        (
            LEAST + "strategies:\n- few_shot: 2\n",
            "task.yaml, line 6, key 'strategies', item 1: received 2; valid is a mapping of options",
        ),
        (LEAST + "strategies: [3]\n", "task.yaml, line 5, key 'strategies', item 1: received 3; valid is a list of"),
        (LEAST + "seed: 1\nseed: 2\n", "task.yaml, line 6, key 'seed': it stands on line 5 already"),
        (
            LEAST + "limits:\n  money: 1\n  money: 2\n",
            "task.yaml, line 7, key 'limits.money': it stands on line 6 already",
        ),
        (
            LEAST + "limits: {minutes: 1:30}\n",  # 90 to YAML 1.1
            "task.yaml, line 5, key 'limits.minutes': received '1:30'; valid is a number from 0 up",
        ),
        ("- name\n", "task.yaml holds a list; valid is a YAML mapping with the keys of a task file"),
        ("just words\n", "task.yaml holds a single value; valid is a YAML mapping"),
        ("# a comment\n", "task.yaml holds nothing; valid is a YAML mapping"),
        ("", "task.yaml is empty"),
        (" \n\n", "task.yaml is empty"),
        (LEAST + "limits: {money: 1\n", "task.yaml, line 6, column 1: not valid YAML: expected ',' or '}'"),
        (LEAST + "\tseed: 1\n", "task.yaml, line 5, column 1: not valid YAML: found character '\\t'"),
        (
            LEAST + "seed: !!python/name:os.system\n",
            "task.yaml, line 5, column 7: not valid YAML: could not determine a con",
        ),
        (LEAST + "seed: 'a\x07'\n", "task.yaml, line 5: not valid YAML: special characters are not allowed"),
        (LEAST + "labels: &a [*a]\n", "task.yaml, line 5, column 13: not valid YAML: the alias 'a' stands"),
        ("!!set {name, data}\n", "task.yaml holds a value of type tag:yaml.org,2002:set; valid is a YAML mapping"),
        (LEAST + "? [a, b]\n: c\n", "task.yaml, line 5: a key is a list or a mapping; valid is text"),
        (LEAST + "labels: " + "[" * 3000, "task.yaml: not valid YAML: nested too deep"),
        (LEAST + "---\nname: two\n", "task.yaml, line 5, column 1: not valid YAML: but found another document"),
        (b"\xff\xfen\x00a\x00\xd8", "task.yaml begins as UTF-16 text does and is none, or damaged; save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", "task.yaml, line 3: a NUL byte; the file is binary or damaged"),
        (
            LEAST.encode() + "instruction: déjà\n".encode("latin-1"),
            "task.yaml, line 5: byte 0xe9 is not UTF-8; save the",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_file_line_and_key(tmp_path, text, message):
    assert complaint(tmp_path, text).startswith(message)


def test_a_long_value_is_cut(tmp_path):
    message = complaint(tmp_path, LEAST + f"seed: {'x' * 500}\n")
    assert len(message) < 250
    assert "; valid is a whole number" in message


def test_aliases_that_would_grow_without_end_are_a_sentence(tmp_path):
    levels = [f"- &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12)]
    assert "key 'seed': received [" in complaint(tmp_path, LEAST + f"seed:\n- &l0 [x]\n{''.join(levels[:5])}")
    grown = complaint(tmp_path, LEAST + f"metric: {{judge: &l0 [x]}}\nseed:\n{''.join(levels)}")
    assert grown == "task.yaml, line 12, column 38: not valid YAML: its aliases stand for over 1,000,000 values"


def test_an_absent_file_names_its_neighbours(tmp_path):
    with pytest.raises(TaskError, match=r"its folder has no file that ends in \.yaml or \.yml$"):
        load_task(tmp_path / "tusk.yaml")
    write(tmp_path, "task.yaml", LEAST)
    write(tmp_path, "rows.csv", "no task file, so no valid name for one")
    with pytest.raises(TaskError, match=r"there is no file .*tusk\.yaml; did you mean 'task\.yaml'\? valid: task\.yaml$"):
        load_task(tmp_path / "tusk.yaml")
    with pytest.raises(TaskError, match=r"its folder does not exist either"):
        load_task(tmp_path / "nowhere" / "task.yaml")
    with pytest.raises(TaskError, match=r"is a folder; valid is a file"):
        load_task(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    assert load(tmp_path, b"\xef\xbb\xbf" + LEAST.encode()).name == "parcels"


def test_a_task_made_in_python_is_checked_and_frozen(tmp_path):
    with pytest.raises(TaskError, match=r"^the task, key 'target': received 2; valid is a number from 0 to 1$"):
        task(tmp_path, "rows.csv", target=2)
    with pytest.raises(TaskError, match=r"^the task, key 'limits\.minuets': unknown key$"):
        task(tmp_path, "rows.csv", limits={"minuets": 3})
    with pytest.raises(ValidationError):
        task(tmp_path, "rows.csv").seed = 3
    with pytest.raises(TaskError, match=r"^key 'strategies', item 1: there is no strategy 'lorra'"):
        check_task(task(tmp_path, "rows.csv", strategies=["lorra"]))
    assert task(tmp_path, "rows.csv").model_copy(update={"model": "hf:x"}).model == "hf:x"


def test_a_metric_in_a_file_or_with_options_is_read_and_written_back(tmp_path):
    (tmp_path / "own.py").write_text("def f(gold, answer): return 1\n")
    assert load(tmp_path, LEAST + "metric: own.py:f\n").metric == "own.py:f"
    found = load(tmp_path, LEAST + "metric: {judge: {rubric: Be kind, grades: [bad, good]}}\n")
    assert (found.metric, found.metric_options) == ("judge", {"rubric": "Be kind", "grades": ["bad", "good"]})
    assert Task(**found.model_dump()).metric_options == found.metric_options
    for text, said in (
        ("metric: gone.py:f\n", r"task.yaml, line 5, key 'metric': there is no file .*gone\.py with a metric 'f'"),
        ("metric: own.py\n", r"task.yaml, line 5, key 'metric': 'own\.py' names no metric; valid is FILE\.py:NAME"),
        ("metric: {judge: 3}\n", r"task.yaml, line 5, key 'metric': received 3; valid is a mapping of options"),
        ("metric_options: {}\n", r"key 'metric_options': unknown key; did you mean 'metric'"),
    ):
        with pytest.raises(TaskError, match=said):
            load(tmp_path, LEAST + text)
    with pytest.raises(TaskError, match=r"line 2, key 'data': received \[\{.*valid is a file, hf://ORG/NAME"):
        load(tmp_path, LEAST.replace("rows.csv", "[{text: a, label: b}]"))


PIECES = [
    *LEAST.splitlines(keepends=True),
    *("name", "labels: ", "limits: ", "strategies: ", "yes", "1", ".nan", "2024-13-45", "~"),
    *(":", "- ", "\n", " ", "{", "}", "[", "&a ", "*a", "<<: ", "? ", "!!set ", "'", '"', "\t", "#", "|", "\u2028"),
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.binary(max_size=60))
def test_any_file_is_a_task_or_a_task_error(tmp_path, text):
    path = write(tmp_path, "task.yaml", text)
    try:
        found = load_task(path)
    except TaskError as problem:
        found, message = None, str(problem)
    assert found or message.startswith(str(path))


@pytest.mark.parametrize(("text", "value"), [("1e-3", 1e-3), ("2E5", 2e5), ("-1.5e+2", -150.0)])
def test_a_number_with_an_exponent_is_a_number(tmp_path, text, value):
    assert load(tmp_path, f"{LEAST}strategies: [lora: {{learning_rate: {text}}}]\n").strategies[0].options == {
        "learning_rate": value
    }


def test_what_must_not_be_forgotten_is_true_false_or_other_task_files(tmp_path):
    write(tmp_path, "other.yaml", LEAST + "forgetting: [task.yaml]\n")  # two tasks may name each other
    assert load(tmp_path, LEAST).forgetting is True
    assert load(tmp_path, LEAST + "forgetting: false\n").forgetting is False
    assert load(tmp_path, LEAST + "forgetting: [other.yaml]\n").forgetting == ["other.yaml"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("2", "received 2; valid is true, false, or a list of other task files"),
        ("[]", "received []; valid is true, false, or a list of other task files"),
        ("[1]", "received [1]; valid is true, false, or a list of other task files"),
        ("{suite: a.csv}", "valid is true, false, or a list of other task files"),
        ("[a.yaml, a.yaml]", "a task file stands twice"),
        ("[absent.yaml]", "there is no file"),
        ("[rows.csv]", "is no task file; this writes one for data: crossover init /"),
        ("[bad.yaml]", "bad.yaml, line 5, key 'kinds': unknown key"),
    ],
)
def test_a_wrong_list_of_what_must_not_be_forgotten_is_one_sentence(tmp_path, given, said):
    write(tmp_path, "rows.csv", "text,label\na,b\n")
    write(tmp_path, "bad.yaml", LEAST + "kinds: classify\n")
    message = complaint(tmp_path, LEAST + f"forgetting: {given}\n")
    assert said in message
    assert given.startswith("[bad") or "key 'forgetting'" in message
