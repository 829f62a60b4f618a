"""The command: tables, a folder, what `show` makes of it, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.small import Terminal
from tests.importing.logs import FILES, LOGS, files


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_shown_with_its_number_and_the_pair_with_its_interval(name: str, crossover: Terminal) -> None:
    said = crossover("import", *files(name))
    assert said.status == 0
    assert "the same items, paired" in said.out
    assert "B − A" in said.out
    assert "0.062" in said.out or name == "promptfoo"  # adjusted over its three pairs
    assert "to keep it, with the data as a task: --out FOLDER" in said.out


def test_what_is_written_is_shown_again(crossover: Terminal, tmp_path: Path) -> None:
    said = crossover("import", *files("inspect"), "--out", tmp_path / "it", "--metric", "exact")
    assert "next: read it, then  crossover run" in said.out
    again = crossover("show", tmp_path / "it")
    assert again.status == 0
    assert said.out.startswith(again.out.rstrip())
    body = json.loads(crossover("show", tmp_path / "it", "--json").out)
    assert body == json.loads(crossover("import", *files("inspect"), "--metric", "exact", "--json").out)


def test_a_prompt_of_langchains_becomes_a_task_to_complete(crossover: Terminal, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from langchain_core.prompts import ChatPromptTemplate\n"
        "prompt = ChatPromptTemplate.from_messages([('system', 'Be brief.'), ('human', 'Say {word}!')])\n"
    )
    said = crossover("import", f"{tmp_path}/mine.py:prompt", "--out", tmp_path / "it")
    assert said.status == 0
    assert "data: 1 prompt" in said.out
    assert "mine.pywasrun(SHA-256" in "".join(said.out.split())  # a line is broken where the path is long
    assert "input: Say {word}!" in (tmp_path / "it" / "task.yaml").read_text()


def test_a_file_does_not_steer_the_terminal(crossover: Terminal, tmp_path: Path) -> None:
    rows = (
        (FILES / "promptfoo" / "results.json")
        .read_text()
        .replace('"provider":"small"', '"provider":"\\u001b]0;x\\u0007[red]small"')
    )
    (tmp_path / "it.json").write_text(rows)
    said = crossover("import", tmp_path / "it.json")
    assert "\x1b" not in said.out
    assert "\x07" not in said.out
    assert "\\x1b]0;x\\x07[red]small" in said.out


def test_the_export_that_the_readme_gives_is_read_whole(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openai, httpx = pytest.importorskip("openai"), pytest.importorskip("httpx")
    client = served(openai, httpx)
    monkeypatch.setattr(openai, "OpenAI", lambda: client)
    monkeypatch.chdir(tmp_path)
    readme = (FILES.parents[2] / "README.md").read_text(encoding="utf-8")
    [script] = [part.split("```")[0] for part in readme.split("```python\n") if "client.evals.list()" in part]
    exec(script, {})
    body = json.loads(crossover("import", "evals.jsonl", "--json").out)
    assert body == {**json.loads(crossover("import", *files("openai-evals"), "--json").out), "logs": body["logs"]}
    assert [log["items"] for log in body["logs"]] == [12, 12]


def served(openai: Any, httpx: Any) -> Any:
    """OpenAI's client before a server that has the export's pages."""
    pages = {name: (FILES / "openai" / f"items_{name}.jsonl").read_text().splitlines() for name in ("first", "second")}

    def answer(request: Any) -> Any:
        path, after = request.url.path, request.url.params.get("after")
        if path.endswith("output_items"):
            name = path.split("/")[-2].removeprefix("evalrun_")
            return httpx.Response(200, json=json.loads(pages[name][1 if after else 0]))
        if path.endswith("runs"):
            return httpx.Response(200, json=json.loads((FILES / "openai" / "runs.json").read_text()))
        one = json.loads((FILES / "openai" / "eval.json").read_text())
        return httpx.Response(200, json={"object": "list", "data": [one], "has_more": False})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return openai.OpenAI(api_key="none", base_url="http://server/v1", http_client=http)


def test_nothing_is_written_over_and_nothing_is_left_half(crossover: Terminal, tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "mine.txt").write_text("mine")
    said = crossover("import", *files("dspy"), "--out", tmp_path / "it")
    assert said.status == 2
    assert "exists and is not an empty folder: name a new one" in said.err
    assert [path.name for path in tmp_path.rglob("*")] == ["it", "mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.eval"], "there is no file nothing.eval"),
        (
            [FILES / "dspy" / "dspy_small.json", "--from", "inspct"],
            "--from inspct: there is no such tool; did you mean 'inspect'?",
        ),
        ([FILES / "dspy" / "dspy_small.json", "--from", "inspect"], "is no file of Inspect; valid are Inspect: a log"),
        ([FILES / "dspy" / "dspy_small.json", "--metric", "f1"], "--metric f1: no log has it; valid: metric"),
        ([FILES / "dspy" / "dspy_small.json"] * 2, "stands twice among the files"),
        ([FILES], "is a folder; valid is a file"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str | Path], sentence: str, crossover: Terminal) -> None:
    said = crossover("import", *arguments)
    assert said.status == 2
    assert sentence in said.err.replace("\n", " ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("metric", ["exact", "half \ud800 a character"])
def test_a_number_that_is_none_and_half_a_character_are_no_mistake_of_ours(
    metric: str, crossover: Terminal, tmp_path: Path
) -> None:
    rows = [{"question": "a \ud83d b", "example_answer": "x", "pred_answer": "y", metric: n} for n in (1, 0, 10**400)]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    body = json.loads(crossover("import", path, "--json").out)
    assert (body["logs"][0]["figures"][0]["metric"], body["logs"][0]["figures"][0]["failed"]) == (metric, 1)
    assert crossover("import", path, "--out", tmp_path / "out").status == 0
    kept = [json.loads(line) for line in (tmp_path / "out" / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kept[0]["row"]["question"] == "a \ud83d b"
