"""A study whose model is at a service."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from crossover.engine.journal import JournalReader
from crossover.errors import OptionError
from crossover.report.page import render
from crossover.study.read import read_results
from crossover.study.redecide import redecide
from crossover.study.run import paid, preview_study, run_study
from tests.forked import begun
from tests.models.service import Body, Service, said, serving

WORDS = ["red", "green", "blue"]


def task(folder: Path, url: str, rows: int = 60, more: str = "") -> Path:
    lines = [f"thing {i} is {WORDS[i % 3]},{WORDS[i % 3]}" for i in range(rows)]
    (folder / "rows.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    path = folder / "task.yaml"
    path.write_text(
        f"name: colours\ndata: rows.csv\ninput: text\noutput: label\nkind: classify\nmodel: openai:m?url={url}\n"
        f"strategies: [majority, zero_shot]\nmetric: accuracy\n{more}"
    )
    return path


def assumptions(path: Path) -> list[str]:
    """What the report says was assumed or found out."""
    journal = JournalReader(path)
    try:
        return list(journal.fact("assumptions"))
    finally:
        journal.close()


def test_a_study_at_a_service_ends_in_a_verdict_and_asks_nothing_twice(tmp_path: Path) -> None:
    with serving(Service(logprobs=lambda body: {said(body): -0.1})) as service:
        path = task(tmp_path, service.url, more="prices: {input: 1, output: 4}\nlimits: {money: 1}\n")
        folder = run_study(path, tmp_path / "out")
        decision = json.loads(folder.decision.read_text())
        assert decision["verdict"]["kind"] == "prompt"
        assert decision["spent"]["money"] > 0
        assert "a label of 'openai:m' is chosen by log-probability" in assumptions(folder.journal)
        before = service.number
        run_study(path, tmp_path / "out")
        assert service.number == before
        assert "a label of 'openai:m' is chosen by log-probability" in assumptions(folder.journal)


@pytest.mark.parametrize(("words", "cheaper"), [(20, False), (3000, True)])
def test_a_beginning_is_paid_as_cached_where_services_remember_one_as_long(
    words: int, cheaper: bool, tmp_path: Path
) -> None:
    with serving(Service(usage={"prompt_tokens": 6000, "completion_tokens": 1})) as service:
        prices = "prices: {input: 1, cached_input: 0.1, output: 0}\n"
        path = task(tmp_path, service.url, more=f"{prices}instruction: {'Say its colour. ' * (words // 3)}\n")
        path.write_text(path.read_text().replace("zero_shot]", "zero_shot, instruction: {formats: 0}]"))
        folder = run_study(path, tmp_path / "out")
    costs = {c["name"]: c["cost"]["per_1k_requests"] for c in json.loads(folder.decision.read_text())["candidates"]}
    assert costs["zero_shot"] == pytest.approx(6.0)
    assert (costs["instruction"] < 5.0) == cheaper
    assert cheaper or costs["instruction"] == pytest.approx(6.0)


@pytest.mark.parametrize(("rows", "known"), [(90, None), (24, "some")])
def test_a_service_that_keeps_what_it_read_is_timed_by_what_it_did_not_read(
    rows: int, known: str | None, tmp_path: Path
) -> None:
    kept: set[str] = set()

    def slowly(number: int, body: Body) -> str:
        if (text := str(body["messages"])) not in kept:
            kept.add(text)
            time.sleep(0.005)
        return ""

    with serving(Service(plan=slowly)) as service:
        path = task(tmp_path, service.url, rows=rows)
        path.write_text(path.read_text().replace("[majority, zero_shot]", "[few_shot: {shots: [12], orders: 1}]"))
        folder = run_study(path, tmp_path / "out")
        [row] = [row for row in json.loads(folder.decision.read_text())["candidates"] if row["name"] == "few_shot"]
        taken = row["latency_ms"]
        before = service.number
        run_study(path, tmp_path / "out")
        assert service.number == before  # the same rows are those that time it
    page = render(read_results(folder))
    if known is None:
        assert taken["p50_low"] >= 5
        assert "known" not in taken
        assert "asked before" not in page
    else:
        assert 0 < taken["known"] <= taken["n"]
        assert f"{taken['known']} of {taken['n']} texts asked before" in page
        assert "which a server may answer more quickly: there were no others" in page


def test_a_proxy_on_this_machine_costs_what_it_is_said_to_cost(tmp_path: Path) -> None:
    """The plan, what is asked before, what making took: by tokens where they have a price, else by the machine's time."""
    with serving(Service()) as service:
        path = task(tmp_path, service.url, more="prices: {input: 1000, output: 4000}\n")
        about = path.read_text().replace("[majority, zero_shot]", "[{few_shot: {shots: [2], selection: [random]}}]")
        path.write_text(about)
        found = preview_study(path)
        assert found.models == (f"openai:m?url={service.url}",)
        [stage] = [part for part in found.parts if part.name == "few_shot"]
        assert stage.money is not None
        assert stage.money > 0.1
        decision = json.loads(run_study(path, tmp_path / "out").decision.read_text())
        [row] = [row for row in decision["candidates"] if row["name"] == "few_shot"]
        each = (10 * 1000 + 2 * 4000) / 1e6  # what the service counts
        assert row["cost"]["parts"]["calls"] >= row["cost"]["calls"] * each > 0
        assert paid(path, tmp_path / "other") == [f"openai:m?url={service.url}"]
        path.write_text(about.replace("prices:", "# "))
        assert paid(path, tmp_path / "other") == []


@pytest.mark.parametrize("price", [1.0, None])
def test_finalists_behind_a_proxy_on_this_machine_race_where_it_has_a_price(price: float | None, tmp_path: Path) -> None:
    with serving(Service()) as service:
        more = "" if price is None else f"prices: {{input: {price}, output: {price}}}\n"
        folder = run_study(task(tmp_path, service.url, more=more), tmp_path / "out")
        races = [line for line in assumptions(folder.journal) if "meet the test rows block by block" in line]
        assert bool(races) == (price is not None)


def test_a_limit_of_money_without_prices_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with serving(Service()) as service:
        path = task(tmp_path, service.url.replace("127.0.0.1", "127.0.0.2"), more="limits: {money: 1}\n")
        with pytest.raises(OptionError, match=r"what 'openai:m.* costs is not known"):
            run_study(path, tmp_path / "out")
        assert service.number == 0


def test_a_killed_run_goes_on_and_asks_again_no_more_than_was_under_way(tmp_path: Path) -> None:
    with serving(Service(latency=0.2)) as service:
        path = task(tmp_path, f"{service.url}&in_flight=4", rows=100)
        process = begun("run", path, "--out", tmp_path / "out", "--quiet")
        while len(service.bodies) < 20 and process.is_alive():
            time.sleep(0.02)
        process.kill()
        process.join()
        while service.under_way:  # what was sent is answered
            time.sleep(0.02)
        service.latency = 0.0
        assert process.exitcode == -signal.SIGKILL
        run_study(path, tmp_path / "out")
        again = sum(service.paid.values()) - len(service.paid)
        probes = json.loads((tmp_path / "out" / "decision.json").read_text())["spent"]["calls"]
        assert sum(service.paid.values()) - probes <= 4, f"{again} texts were asked more than once"


def test_making_is_paid_at_todays_prices_and_for_todays_task_alone(tmp_path: Path) -> None:
    """By hand: each call is 10 tokens in and 2 out. Decided again, or run again, at ten times the price, what was asked on
    the way costs ten times as much; what another instruction asked before in the same folder is nobody's cost."""

    def paid_for(path: Path) -> tuple[int, float]:
        [row] = [row for row in json.loads(path.read_text())["candidates"] if row["name"] == "instruction"]
        return row["cost"]["calls"], row["cost"]["parts"]["calls"]

    with serving(Service()) as service:
        path = task(tmp_path, service.url, more="instruction: Name the colour.\nprices: {input: 1000, output: 4000}\n")
        path.write_text(path.read_text().replace("zero_shot]", "zero_shot, {instruction: {formats: 0}}]"))
        folder = run_study(path, tmp_path / "out")
        calls, money = paid_for(folder.decision)
        assert calls == 4 * 12, "four phrasings, 12 dev rows"
        assert money == pytest.approx(calls * (10 * 1000 + 2 * 4000) / 1e6)
        dearer = redecide(folder, ["prices.input=10000", "prices.output=40000"])
        assert paid_for(dearer) == (calls, pytest.approx(10 * money))
        ranged = json.loads(redecide(folder, ["prices.input=[0, 2000]", "prices.output=4000"]).read_text())
        [cost] = [row["cost"] for row in ranged["candidates"] if row["name"] == "instruction"]
        assert cost["fixed"] == pytest.approx(money)
        assert cost["fixed_interval"][0] < 0.6 * money
        path.write_text(path.read_text().replace("Name the colour.", "Which colour is it?"))
        run_study(path, tmp_path / "out")
        once = 0.018  # its first call finds out how the service answers, which the bare input's did before
        assert paid_for(folder.decision) == (calls, pytest.approx(money + once))
        before = service.number
        path.write_text(path.read_text().replace("input: 1000, output: 4000", "input: 500, output: 2000"))
        run_study(path, tmp_path / "out")
        assert paid_for(folder.decision) == (calls, pytest.approx((money + once) / 2))
        assert service.number == before
