"""What is particular to a tool's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossover.data.task import load_task
from crossover.errors import DataError
from crossover.importing.analysis import differences, figures
from crossover.importing.base import Item, Log, Printed
from crossover.importing.folder import body_of, write
from crossover.importing.open import read
from tests.importing.logs import FILES, files


def test_epochs_of_inspect_are_one_item_each() -> None:
    [reading] = read([FILES / "inspect" / "twice.eval", FILES / "inspect" / "large.eval"])
    twice = reading.logs[0]
    assert len(twice.items) == 24
    exact = figures(twice)[0]
    assert (exact.estimate.n, exact.treatment) == (12, "same")
    assert exact.estimate.value == pytest.approx(10 / 12)
    assert differences(reading.logs)[0].comparison.n == 12


def test_a_json_log_of_inspect_reads_as_a_packed_one() -> None:
    [reading] = read([FILES / "inspect" / "log.json", FILES / "inspect" / "large.eval"])
    first, second = reading.logs
    assert [(item.id, item.row) for item in first.items] == [(item.id, item.row) for item in second.items]
    assert reading.wordings[0].instruction == "Answer with one word: billing, technical or delivery."


def test_filters_of_lm_eval_are_metrics_of_the_same_answers() -> None:
    [results] = (FILES / "lm-eval" / "large").glob("results_*.json")
    chosen, generating = read([results])
    assert (chosen.name, generating.name) == ("tickets", "tickets_gen")
    [generated] = generating.logs
    assert {f.metric: f.estimate.value for f in figures(generated)} == {
        "exact_match (strict)": pytest.approx(11 / 12),
        "exact_match (first)": 0,
    }
    assert all(f.treatment == "same" for f in figures(generated))


def test_results_of_lm_eval_without_samples_say_what_is_missing(tmp_path: Path) -> None:
    [results] = (FILES / "lm-eval" / "large").glob("results_*.json")
    (tmp_path / results.name).write_text(results.read_text())
    with pytest.raises(DataError, match="no samples of its run lie beside it; valid is a run with --log_samples"):
        read([tmp_path / results.name])


def test_one_page_of_an_openai_export_is_not_taken_for_all(tmp_path: Path) -> None:
    first = (FILES / "openai" / "items_first.jsonl").read_text().splitlines()[0]
    (tmp_path / "items.jsonl").write_text(first + "\n")
    with pytest.raises(DataError, match="has 12 output items, 7 are here: fetch all pages"):
        read([FILES / "openai" / "runs.json", tmp_path / "items.jsonl"])


def test_an_openai_export_comes_in_whole() -> None:
    [reading] = read(files("openai-evals"))
    assert [definition["object"] for definition in reading.definitions] == ["eval", "eval.run", "eval.run"]
    assert (reading.template, reading.output, reading.metric) == ("text", "label", "exact_match")
    assert reading.wordings[0].instruction == "Name the topic of this message in one word."
    assert [log.system for log in reading.logs] == ["first, small-model", "second, large-model"]


def test_an_export_of_several_evals_is_a_task_each(tmp_path: Path) -> None:
    lines = [line for file in files("openai-evals") for line in file.read_text().splitlines()]
    things = [
        json.loads((FILES / "openai" / "eval.json").read_text()),
        *json.loads((FILES / "openai" / "runs.json").read_text())["data"],
    ]
    things += [thing for line in lines if line.startswith('{"object": "list"') for thing in json.loads(line)["data"]]
    other = json.loads(
        json.dumps(things).replace("eval_tickets", "eval_2").replace("evalrun_", "evalrun_2").replace("outputitem_", "o2")
    )
    other[0]["name"] = "tickets / again"
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(thing) + "\n" for thing in (*things, *other)))
    readings = read([tmp_path / "all.jsonl"])
    body = body_of(readings)
    assert [log["task"] for log in body["logs"]] == ["tickets", "tickets", "tickets / again", "tickets / again"]
    assert [(found["first"], found["second"]) for found in body["differences"] if found["metric"] == "passed"] == [
        (0, 1),
        (2, 3),
    ]
    write(tmp_path / "out", readings, body)
    for place in ("tickets", "tickets-again"):
        assert load_task(tmp_path / "out" / place / "task.yaml").name == place


def test_a_configuration_of_promptfoo_is_data_and_prompts() -> None:
    [reading] = read([FILES / "promptfoo" / "promptfooconfig.yaml"])
    assert not reading.logs
    assert len(reading.rows) == 12
    assert [(w.instruction, w.template) for w in reading.wordings] == [
        ("Name the topic of this message in one word.", "text"),
        ("", "Topic of: {text}"),
    ]
    assert (reading.output, reading.metric) == ("label", "exact_match")


def test_tests_in_a_csv_beside_the_configuration_are_read(tmp_path: Path) -> None:
    (tmp_path / "tests.csv").write_text("text,__expected\nIt hums,technical\nIt costs,contains: billing\n")
    (tmp_path / "ask.txt").write_text("Sort it.\n{{ text }}")
    (tmp_path / "c.yaml").write_text("prompts: [file://ask.txt]\ntests: file://tests.csv\nproviders: [x]\n")
    [reading] = read([tmp_path / "c.yaml"])
    assert [dict(row) for row in reading.rows] == [
        {"text": "It hums", "expected": "technical"},
        {"text": "It costs", "expected": "billing"},
    ]
    assert reading.wordings[0].instruction == "Sort it."
    assert "no metric of ours stands for the assertion contains" in reading.remarks


@pytest.mark.parametrize("place", ["../secret.txt", "/etc/hostname.txt"])
def test_a_configuration_reads_no_file_outside_its_folder(place: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a secret")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "c.yaml").write_text(json.dumps({"prompts": [f"file://{place}"], "tests": [], "providers": []}))
    with pytest.raises(DataError, match="which lies outside its folder"):
        read([inner / "c.yaml"])


def test_a_prediction_that_dspy_does_not_have_is_a_failed_call(tmp_path: Path) -> None:
    rows = json.loads((FILES / "dspy" / "dspy_small.json").read_text())
    # as DSPy writes a call that raised: nothing is shared, so nothing is prefixed, and the score is its failure_score
    rows[0] = {"id": "t1", "text": rows[0]["text"], "label": "billing", "metric": 0.0}
    (tmp_path / "small.json").write_text(json.dumps(rows))
    [reading] = read([tmp_path / "small.json", FILES / "dspy" / "dspy_large.json"])
    [figure] = figures(reading.logs[0])
    assert (figure.estimate.n, figure.failed, figure.treatment) == (11, 1, "failed as zero")
    assert differences(reading.logs)[0].comparison.n == 11


def test_a_program_of_dspy_gives_its_instruction() -> None:
    [reading] = read([FILES / "dspy" / "dspy_cot_program.json", FILES / "dspy" / "dspy_small.json"])
    assert [w.instruction for w in reading.wordings] == ["Name the topic of a customer's message."]
    assert (reading.template, reading.output) == ("text", "label")


def item(n: int, value: float | None, data: str | None = None) -> Item:
    return Item(str(n), {"text": data or f"text {n}"}, "", {"m": value})


def log(*items: Item, printed: tuple[Printed, ...] = ()) -> Log:
    return Log("tool", "task", "system", items, printed)


def test_logs_in_another_order_are_paired_by_their_data() -> None:
    values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    there = log(*(item(n, v) for n, v in enumerate(values)))
    back = log(*(item(n, v, f"text {5 - n}") for n, v in enumerate(reversed(values))))
    [found] = differences([there, back])
    assert (found.comparison.n, found.comparison.difference, found.apart) == (6, 0.0, 0)


def test_other_data_under_the_same_number_is_no_pair() -> None:
    [found] = differences([log(item(1, 1.0), item(2, 0.0)), log(item(1, 0.0, "other"), item(2, 0.0))])
    assert (found.comparison.n, found.apart) == (1, 2)


def test_scores_outside_0_and_1_keep_their_unit() -> None:
    a = log(*(item(n, 10.0 + n % 3) for n in range(30)), printed=(Printed("m", "mean", 11.0),))
    b = log(*(item(n, 14.0 + n % 3) for n in range(30)))
    [figure] = figures(a)
    assert figure.treatment == "same"
    assert figure.estimate.low < figure.estimate.value < figure.estimate.high
    assert figure.estimate.value == pytest.approx(11.0)
    [found] = differences([a, b])
    assert found.comparison.difference == pytest.approx(4.0)
    assert found.comparison.low > 2.5


def test_p_is_adjusted_over_the_pairs_of_a_metric() -> None:
    one = log(*(item(n, float(n < 2)) for n in range(12)))
    two = log(*(item(n, float(n < 10)) for n in range(12)))
    alone = differences([one, two])[0]
    twice = differences([one, two, two])
    assert alone.p == pytest.approx(2 * 0.5**8)
    assert [found.p for found in twice] == pytest.approx([2 * alone.p, 2 * alone.p])


def test_rows_that_stand_twice_are_paired_by_their_ids() -> None:
    """As a tool that answers several at a time writes them: in the order in which they came."""
    right = [item(n, float(n % 2), f"row {n // 2}") for n in range(10)]
    [found] = differences([log(*right), log(*reversed(right))])
    assert found.comparison.n == 10
    same = [item(n, 1.0, f"row {n // 2}") for n in range(10)]
    assert found.comparison == differences([log(*right), log(*right)])[0].comparison
    assert found.comparison != differences([log(*right), log(*same)])[0].comparison


def test_a_likelihood_too_large_to_be_one_is_left_out(tmp_path: Path) -> None:
    [path] = [path for path in files("lm-eval") if path.name.startswith("samples_tickets_2")][:1]
    body = [json.loads(line) for line in path.read_text().splitlines()]
    body[0]["filtered_resps"][0][0] = 10**400
    changed = tmp_path / path.name
    changed.write_text("\n".join(json.dumps(one) for one in body))
    assert read([changed])[0].logs[0].items[0].answer == ""


@pytest.mark.parametrize(("target", "told"), [(-1, "-1"), ("9" * 5000, "9" * 5000), (1, "technical"), ("1", "technical")])
def test_a_target_of_lm_eval_that_is_no_options_number_stays_as_it_is(target: object, told: str, tmp_path: Path) -> None:
    [path] = [path for path in files("lm-eval") if path.name.startswith("samples_tickets_2")][:1]
    body = [json.loads(line) for line in path.read_text().splitlines()]
    body[0]["target"] = target
    changed = tmp_path / path.name
    changed.write_text("\n".join(json.dumps(one) for one in body))
    assert read([changed])[0].logs[0].items[0].row["target"] == told


def test_a_score_of_inspect_is_read_as_its_own_code_does(tmp_path: Path) -> None:
    body = json.loads((FILES / "inspect" / "log.json").read_text())
    written = {"5e-1": 0.5, "-.5": -0.5, "C": 1.0, "9" * 400: None, "nan": None, "well": None}
    body.pop("reductions")
    for sample, value in zip(body["samples"], written, strict=False):
        sample["scores"] = {"own": {"value": value}}
    (tmp_path / "log.json").write_text(json.dumps(body))
    [reading] = read([tmp_path / "log.json"])
    ids = [sample["id"] for sample in body["samples"]]
    found = {item.id: item.scores.get("own") for item in reading.logs[0].items}
    assert [found[identity] for identity in ids[: len(written)]] == list(written.values())


def output_items() -> list[dict[str, Any]]:
    pages = map(json.loads, (FILES / "openai" / "items_first.jsonl").read_text().splitlines())
    return [one for page in pages for one in page["data"]]


def test_output_items_of_openai_without_the_rows_number_are_several(tmp_path: Path) -> None:
    items = [{key: value for key, value in one.items() if key != "datasource_item_id"} for one in output_items()]
    (tmp_path / "items.json").write_text(json.dumps(items))
    [reading] = read([tmp_path / "items.json"])
    assert figures(reading.logs[0])[0].estimate.n == 12


def test_what_dspy_gives_a_failed_call_is_in_its_own_number(tmp_path: Path) -> None:
    rows = json.loads((FILES / "dspy" / "dspy_small.json").read_text())
    rows[0] = {"id": "t1", "text": rows[0]["text"], "label": "billing", "metric": 0.5}
    (tmp_path / "small.json").write_text(json.dumps(rows))
    [printed] = read([tmp_path / "small.json"])[0].logs[0].printed
    assert printed.value == pytest.approx(round(100 * sum(row["metric"] for row in rows) / len(rows), 2))


def test_hostile_values_are_a_sentence_or_left_out(tmp_path: Path) -> None:
    rows = json.loads((FILES / "dspy" / "dspy_small.json").read_text())

    def written(field: str, value: object) -> str:
        (tmp_path / "it.json").write_text(json.dumps([{**rows[0], field: value}, *rows[1:]]))
        readings = read([tmp_path / "it.json"])
        return " ".join(write(tmp_path / field, readings, body_of(readings)))

    deep: object = []
    for _ in range(800):
        deep = [deep]
    with pytest.raises(DataError, match="nested too deep"):
        written("text", deep)
    assert not (tmp_path / "text").exists()
    assert "not written: the column 'label' has text with half a surrogate pair" in written("example_label", "\ud800x")
    assert "task.yaml: for  crossover run" in written("metric", 1e308)


@pytest.mark.parametrize("value", [1e17, -1e17, 1e90])
def test_one_large_score_is_a_figure(value: float) -> None:
    assert figures(log(item(1, value), item(2, value)))[0].estimate.value == pytest.approx(value)


def test_graders_of_openai_whose_names_begin_alike_are_two(tmp_path: Path) -> None:
    items = output_items()
    tails = ("3f6bc8f8-9b2e-4c1d-8e5f-0123456789ab", "3f6bc8f8-9b2e-4c1d-8e5f-0123456789ac")
    for number, one in enumerate(items):
        one["results"] = [
            {"name": f"is-{what}-{tail}", "type": "python", "passed": passed, "score": float(passed)}
            for what, tail, passed in zip(("short", "right"), tails, (True, number % 2 == 0), strict=True)
        ]
    (tmp_path / "items.json").write_text(json.dumps(items))
    [reading] = read([tmp_path / "items.json"])
    found = {figure.metric: figure.estimate.value for figure in figures(reading.logs[0])}
    assert found["is-short passed"] == 1.0
    assert found["is-right passed"] == pytest.approx(0.5)
