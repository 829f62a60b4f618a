"""Candidates of a finished study on later rows, where calls cost money; what the command line shows is in tests/cli."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.errors import BudgetExceeded, OptionError
from crossover.study.evaluate import evaluate, paid_evaluation
from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from tests.models.service import Service, said, serving
from tests.study.test_hosted import WORDS, task


def new_rows(folder: Path, rows: int) -> Path:
    path = folder / "new.csv"
    path.write_text("text,label\n" + "".join(f"thing {i} of June is {WORDS[i % 3]},{WORDS[i % 3]}\n" for i in range(rows)))
    return path


def test_at_the_limit_of_money_what_is_answered_stays_and_is_not_paid_again(tmp_path: Path) -> None:
    with serving(Service(logprobs=lambda body: {said(body): -0.1})) as service:
        folder = run_study(task(tmp_path, service.url, more="prices: {input: 1, output: 4}\n"), tmp_path / "out")
        path, before = new_rows(tmp_path, 30), folder.decision.read_bytes()
        first = service.number
        with pytest.raises(BudgetExceeded, match="what was answered is kept: evaluate again with more, and it continues"):
            evaluate(folder, path, ["zero_shot"], money=0.0006)
        answered = service.number - first
        assert 0 < answered < 30
        body = json.loads(evaluate(folder, path, ["zero_shot"], money=1).read_text())
        assert service.number - first == 30
        assert body["candidates"][0]["estimate"]["n"] == 30
        assert body["took"]["money"] > 0
        assert body["candidates"][0]["cost"]["per_1k_requests"] > 0
        evaluate(folder, path, ["zero_shot"])
        assert service.number - first == 30
        assert folder.decision.read_bytes() == before


def test_without_prices_no_limit_of_money_can_be_kept(tmp_path: Path) -> None:
    with serving(Service(logprobs=lambda body: {said(body): -0.1})) as service:
        folder = run_study(task(tmp_path, service.url), tmp_path / "out")
        path = new_rows(tmp_path, 6)
        assert paid_evaluation(folder, path, ["zero_shot"]) == ([], 0), "a service on this machine costs nothing"
        model = service.url.replace("127.0.0.1", "127.0.0.2")
        for file in (tmp_path / "out" / "candidates").rglob("candidate.json"):
            file.write_text(file.read_text().replace(service.url, model))
        with pytest.raises(OptionError, match=r"money 1: what 'openai:m.* costs is not known in the study"):
            evaluate(folder, path, ["zero_shot"], money=1)
        assert paid_evaluation(folder, path, ["zero_shot"]) == ([f"openai:m?url={model}"], 6)
        assert not (tmp_path / "out" / "evaluations").exists()


def test_only_files_that_are_numbered_are_evaluations(tmp_path: Path) -> None:
    for name in ("evaluations/2.json", "evaluations/²³.json", "history/redecided-1.json", "history/redecided-①.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    folder = StudyFolder(tmp_path)
    assert [path.name for path in (*folder.evaluations, *folder.redecisions)] == ["2.json", "redecided-1.json"]


def test_outputs_are_taken_out_of_lists_as_the_study_took_them(tmp_path: Path) -> None:
    def rows(name: str, first: int, more: str = "") -> Path:
        lines = [f'{{"q": "thing {n} of {n * 7}", "a": "[\\"{WORDS[n % 3]}\\"]"}}\n' for n in range(first, first + 30)]
        (tmp_path / name).write_text("".join(lines) + more)
        return tmp_path / name

    rows("rows.jsonl", 0)
    task_file = tmp_path / "task.yaml"
    task_file.write_text("name: t\ninstruction: Do it.\ndata: rows.jsonl\ninput: q\noutput: a\nmodel: fake\n"
                         "strategies: [zero_shot]\nforgetting: false\n")  # fmt: skip
    folder = run_study(task_file, tmp_path / "out")
    body = json.loads(
        (found := evaluate(folder, rows("new.jsonl", 50, '{"q": "more", "a": "[\\"x\\", \\"y\\"]"}\n'))).read_text()
    )
    golds = [json.loads(line)["gold"] for line in found.with_suffix(".jsonl").read_text().splitlines()]
    assert set(golds) == {*WORDS, '["x", "y"]'}
    [finding] = [one["message"] for one in body["findings"] if one["code"] == "output_form"]
    assert "1 row whose output is not the text of a list of one, as the study's are" in finding
