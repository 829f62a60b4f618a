"""What each command does, from Python: the same figures, the same files, and mistakes as sentences."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import crossover
from crossover import registry
from crossover.api.study import Study
from crossover.cli.main import COMMANDS
from crossover.data.task import KEYS
from crossover.errors import CrossoverError, DataError, OptionError, StudyError, TaskError
from crossover.models.fake import Fake
from crossover.types import Reply, Request
from tests.cli.small import Terminal, rows, table, task, write_task
from tests.importing.logs import FILES

PAGE = Path(__file__).parents[2] / "docs" / "from-python.md"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("commands")
    crossover.run_study(write_task(place), out=place / "study")
    return place


@pytest.fixture(scope="module")
def study(place: Path) -> Study:
    return crossover.open_study(place / "study")


def test_the_page_has_every_command() -> None:
    listed = re.findall(r"^\| `crossover ([a-z]+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    beside = {"report": "show`, `report", "studio": "`crossover studio` is a page"}
    text = PAGE.read_text(encoding="utf-8")
    assert {*listed, *(name for name, words in beside.items() if words in text)} == set(COMMANDS)


def test_a_draft_is_what_init_writes_and_replaces_nothing(terminal: Terminal, tmp_path: Path) -> None:
    data = tmp_path / "parcels.csv"
    data.write_text(table(rows()))
    found = crossover.draft(data)
    assert not (tmp_path / "task.yaml").exists()
    assert terminal("init", data).status == 0
    assert found.text == (tmp_path / "task.yaml").read_text() == str(found)
    assert found.task.input == "text"
    assert any(one.startswith("kind: classify") for one in found.assumed)
    with pytest.raises(TaskError, match=r"task\.yaml exists already: name another file, or replace it with force=True"):
        found.write()
    own = crossover.draft(str(data), instruction="Say where it goes: <b>now</b>.")
    assert (
        crossover.load_task(own.write(force=True)).instruction == own.task.instruction == "Say where it goes: <b>now</b>."
    )
    assert "&lt;b&gt;now" in own._repr_html_()
    assert "<b>now" not in own._repr_html_()
    assert own.write(tmp_path / "other.yaml") == tmp_path / "other.yaml"
    with pytest.raises(DataError, match=r"gone\.csv"):
        crossover.draft(tmp_path / "gone.csv")
    assert crossover.draft(data, input="Say: {text}", output="label").task.input == "Say: {text}"


def test_a_plan_is_that_of_the_command_and_leaves_nothing(
    terminal: Terminal, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = crossover.plan(place / "task.yaml")
    body = json.loads(terminal("run", place / "task.yaml", "--plan", "--json").out)

    def counted(plan: dict[str, Any]) -> list[Any]:
        return [(stage["name"], stage["calls"], stage["tokens_in"], stage["tokens_out"]) for stage in plan["stages"]]

    assert counted(found.to_json()) == counted(body)
    assert found.total.calls == body["total"]["calls"] > 0
    assert found.smallest_difference == body["smallest_difference"]
    assert found.paid_models == ()
    assert str(found).startswith(f"parcels: {found.total.calls} calls, ")
    assert "zero_shot" in found._repr_html_()
    fewer = crossover.plan(place / "task.yaml", strategies=["zero_shot"])
    assert fewer.total.calls < found.total.calls
    held = [{"text": text, "label": label} for text, label in rows()]
    own = crossover.plan(data=held, input="text", output="label", model="fake", strategies=["zero_shot"])
    assert own.total.calls == fewer.total.calls
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TaskError, match="there is no strategy 'lorra'"):
        crossover.plan(place / "task.yaml", strategies=["lorra"])


def test_logs_are_read_as_import_reads_them(terminal: Terminal, tmp_path: Path) -> None:
    files = sorted((FILES / "inspect").glob("[ls]*.eval"))
    found = crossover.read_logs(files)
    assert json.loads(json.dumps(found.body)) == json.loads(terminal("import", *files, "--json").out)
    assert [log["tool"] for log in found.logs] == ["Inspect", "Inspect"]
    assert found.differences[0]["comparison"]["n"] > 0
    assert "paired" in found._repr_html_()
    assert any("rows" in sentence for sentence in found.write(tmp_path / "tickets"))
    assert (tmp_path / "tickets" / "task.yaml").is_file()
    assert crossover.read_logs(str(files[0]), tool="inspect").logs == found.logs[:1]
    with pytest.raises(OptionError, match="read_logs: received no file"):
        crossover.read_logs([])


def test_an_export_is_that_of_the_command(study: Study, tmp_path: Path) -> None:
    made = study.export(tmp_path / "out", "majority", check=False)
    assert {"README.md", "candidate.json"} <= set(made.files)
    assert (made.path, made.parity, made.equal) == (tmp_path / "out", "", None)
    rows_of = study.export_training_data(str(tmp_path / "rows"), "openai", "instruction", epochs=2, price=3.0)
    assert {"train.jsonl", "validation.jsonl"} <= set(rows_of.files)
    assert any(name.startswith("cost") for name, _ in rows_of.preview)
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("there is no export for 'olama'; did you mean 'ollama'", lambda: study.export(tmp_path / "a", tool="olama")),
        (
            "option llamacpp is for llamacpp or ollama; this export is for vllm",
            lambda: study.export(tmp_path / "a", tool="vllm", llamacpp="b"),
        ),
        (
            "option outtype is for llamacpp; this export is for transformers",
            lambda: study.export(tmp_path / "a", outtype="f16"),
        ),
        ("there is no training data format 'opnai'", lambda: study.export_training_data(tmp_path / "a", "opnai")),
        ("has no candidate 'lora'", lambda: study.export(tmp_path / "a", "lora")),
        ("out", lambda: study.export(tmp_path / "out")),
    ]
    for said, call in wrong:
        with pytest.raises(CrossoverError, match=said):
            call()
    assert not (tmp_path / "a").exists()


def test_a_server_runs_beside_the_program_and_ends(study: Study, tmp_path: Path) -> None:
    with crossover.start_server(
        f"{study.path}:zero_shot", folder=tmp_path / "served", log=tmp_path / "log.jsonl"
    ) as server:
        assert server.names == ["parcels-zero_shot"]
        assert server.base_url == f"{server.url}/v1"
        body = json.dumps({"input": "where is my fig", "model": "parcels-zero_shot"}).encode()
        request = urllib.request.Request(f"{server.url}/predict", body, {"Content-Type": "application/json"})
        answer = json.loads(urllib.request.urlopen(request).read())["answer"]
        assert "parcels-zero_shot" in repr(server)
    assert answer == study.predict("where is my fig", "zero_shot")[0].text
    assert json.loads((tmp_path / "log.jsonl").read_text())["output"] == answer
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(server.url)
    with pytest.raises(OptionError, match="start_server: received nothing to serve"):
        crossover.start_server()


def test_rows_of_a_file_or_at_hand_are_answered(study: Study, place: Path) -> None:
    texts = [text for text, _ in rows()[:3]]
    expected = [answer.text for answer in study.predict(texts, "instruction")]
    held = [{"text": text, "other": 1} for text in texts]
    assert [answer.text for answer in study.predict_rows(held, "instruction")] == expected
    assert [answer.text for answer in study.predict_rows(place / "rows.csv", "instruction")][:3] == expected
    with pytest.raises(DataError, match="has no column 'text'"):
        study.predict_rows([{"note": "a"}])
    with pytest.raises(DataError, match="received 3; valid is a path"):
        study.predict_rows(3)


def test_what_a_command_line_writes_with_dots_are_mappings_in_mappings(place: Path, tmp_path: Path) -> None:
    models = {"large": {"spec": "fake", "prices": {"input": 2, "output": 8}}, "small": {"spec": "fake:echo"}}
    body = task(model=None, models=models, strategies=["zero_shot"], name="two")
    (tmp_path / "two.yaml").write_text(body)
    (tmp_path / "rows.csv").write_text(table(rows()))
    found = crossover.run_study(tmp_path / "two.yaml", out=tmp_path / "run")
    again = found.redecide(models={"large": {"prices": {"output": 4}}}, limits={"requests_per_month": 5})
    changed = " ".join(again.decision["redecided"]["changed"])
    assert "output" in changed
    assert "requests_per_month" in changed
    with pytest.raises(OptionError, match="redecide: received a set; valid is a number, text"):
        found.redecide(margin={1})


def test_a_study_without_a_verdict_is_opened_where_that_is_asked(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete, answered = Fake.complete, 0

    def interrupted(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        nonlocal answered
        if answered >= 29:  # in the last rung
            raise KeyboardInterrupt
        answered += len(requests)
        return complete(self, requests)

    path = write_task(tmp_path)
    with monkeypatch.context() as context:
        context.setattr(Fake, "complete", interrupted)
        with pytest.raises(KeyboardInterrupt):
            crossover.run_study(path, out=tmp_path / "run")
    with pytest.raises(StudyError, match="holds a study without a verdict"):
        crossover.open_study(tmp_path / "run")
    found = crossover.open_study(tmp_path / "run", unfinished=True)
    assert found.verdict.kind == "unfinished"
    assert [one.name for one in found.candidates] == ["majority", "zero_shot"]
    assert "zero_shot" in found._repr_html_()
    assert found.report().is_file()
    assert crossover.open_study(study.path, unfinished=True).decision == study.decision
    with pytest.raises(StudyError, match="holds no study"):
        crossover.open_study(tmp_path, unfinished=True)


def test_what_is_installed_and_what_may_be_written_is_known() -> None:
    assert crossover.installed("metrics") == {entry.name: entry.summary for entry in registry.entries("metrics")}
    assert {"pocket", "ollama:", "hf"} <= crossover.installed("models").keys()
    assert {one.name: one.default for one in crossover.options("strategies", "lora")}["rank"] == "16"
    found = crossover.keys()
    assert tuple(one.name for one in found) == KEYS
    assert {one.name for one in crossover.keys("limits")} >= {"limits.money", "limits.minutes"}
    with pytest.raises(OptionError, match="there is no metric 'acuracy'"):
        crossover.options("metrics", "acuracy")
    with pytest.raises(OptionError, match=r"no keys inside 'metric'; .*valid: chain, curve"):
        crossover.keys("metric")


def test_the_keys_are_listed(terminal: Terminal) -> None:
    body = json.loads(terminal("list", "keys", "--json").out)
    assert tuple(body) == KEYS
    assert body["margin"] == {
        "default": "0.01",
        "valid": "a number from 0 to 1",
        "about": "differences below it do not matter to you",
    }
    assert "limits.latency_p95_ms" in json.loads(terminal("list", "keys", "limits", "--json").out)
    assert list(json.loads(terminal("list", "keys", "limits.money", "--json").out)) == ["limits.money"]
    assert "crossover list keys data|models" in terminal("list", "keys").out
    wrong = terminal("list", "keys", "limit")
    assert (wrong.status, "there is no key 'limit'; did you mean 'limits'" in wrong.err) == (2, True)


def test_advice_shows_itself() -> None:
    shown = crossover.advise(rows=300, kind="classify")._repr_html_()
    assert "What published evidence expects" in shown
    assert shown.startswith("<pre")
