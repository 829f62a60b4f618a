"""`crossover prompts`: what a person sees of the registry, and what comes of a wrong word."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crossover.prompts import Registry
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from crossover.types import Prompt
from tests.cli.small import Said, Terminal, write_task

HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]{{ 7*7 }}{% for x in y %}<script>alert(1)</script>\u202egnp.exe :smile:\r\nnext"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and an author."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("CROSSOVER_PROMPTS", raising=False)


def right(said: Said) -> str:
    assert (said.status, said.err) == (0, "")
    return said.out


def test_a_prompt_from_its_first_version_to_a_restored_one(crossover: Terminal) -> None:
    Path("first.txt").write_bytes(b"Say which queue.\r\nOne word.")
    Path("second.txt").write_text("Say which queue it is.\nOne word.")
    said = right(crossover("prompts", "add", "support", "first.txt", "--label", "production", "--note", "the beginning"))
    one = Registry().get("support@1")
    assert said.splitlines() == [f"support@{one.identity}: version 1", f"production → support@{one.identity}"]
    assert one.prompt == Prompt("Say which queue.\r\nOne word."), "a line break stays what it is"
    said = right(crossover("prompts", "add", "support", "second.txt", "--template", "Text: {input}"))
    two = Registry().get("support")
    assert said.splitlines() == [f"support@{two.identity}: version 2, after {one.identity}"]
    assert two.prompt == Prompt("Say which queue it is.\nOne word.", "Text: {input}")

    lines = right(crossover("prompts", "diff", "support@production", "support")).splitlines()
    assert lines[:2] == [f"--- support@{one.identity}", f"+++ support@{two.identity}"]
    assert "-    Say which queue.\\r\\n\\" in lines
    assert "+    Say which queue it is." in lines
    assert lines == right(crossover("prompts", "diff", "support")).splitlines(), "of a name alone, what it changed last"
    assert "are equal" in right(crossover("prompts", "diff", "support@1", "support@production"))

    assert right(crossover("prompts", "label", "support@2", "production")) == f"production → support@{two.identity}\n"
    said = right(crossover("prompts", "restore", "support@1", "--note", "was better", "--by", "Bob"))
    three = Registry().get("support@3")
    assert said == f"support@{three.identity}: version 3, after {two.identity}\n"
    assert three.text == one.text
    assert "the latest already" in right(crossover("prompts", "restore", "support@1"))

    listed = right(crossover("prompts", "list"))
    for part in ("support", "3", three.identity, "Bob", "production → 2", "was better"):
        assert part in listed
    history = [" ".join(line.split()) for line in right(crossover("prompts", "list", "support")).splitlines()]
    for part in (
        f"Ada version {one.identity} from the file first.txt the beginning",
        f"Ada production → {two.identity}",
        f"Bob version {three.identity} from version {one.identity} was better",
    ):
        assert any(part in line for line in history)
    assert (
        right(crossover("prompts", "label", "support", "production", "--remove"))
        == "support has no label production any more\n"
    )
    assert Registry().labels("support") == {}


def test_json_has_every_letter(crossover: Terminal) -> None:
    Path("evil.txt").write_bytes(HOSTILE.encode())
    right(crossover("prompts", "add", "evil", "evil.txt", "--note", HOSTILE, "--label", "live"))
    said = right(crossover("prompts", "show", "evil@live", "--json"))
    assert all(c.isprintable() or c == "\n" for c in said)
    shown = json.loads(said)
    assert (shown["prompt"]["instruction"], shown["labels"], shown["by"]) == (HOSTILE, ["live"], "Ada")
    [listed] = json.loads(right(crossover("prompts", "list", "--json")))
    assert (listed["name"], listed["versions"], listed["labels"]) == ("evil", 1, {"live": shown["identity"]})
    one = json.loads(right(crossover("prompts", "list", "evil", "--json")))
    assert [change["kind"] for change in one["history"]] == ["version", "label"]
    assert json.loads(right(crossover("prompts", "scores", "--json"))) == []


@pytest.mark.parametrize("command", ["show evil@1", "list", "list evil", "diff evil@1 evil@2", "restore evil@1"])
def test_nothing_that_a_prompt_holds_steers_the_terminal(crossover: Terminal, command: str) -> None:
    registry = Registry()
    registry.add("evil", Prompt(HOSTILE), note=HOSTILE, by=HOSTILE, source=HOSTILE)
    registry.add("evil", Prompt("tame"), note=HOSTILE)
    said = right(crossover("prompts", *command.split()))
    assert all(c.isprintable() or c == "\n" for c in said)
    if command.startswith(("show", "diff")):
        for part in ("[bold red]{{ 7*7 }}{% for x in y %}<script>alert(1)</script>", ":smile:\\r\\n", "\\x1b", "\\u202e"):
            assert part in said, "as it is written"


def test_a_text_with_the_input_in_it_is_the_users_message(crossover: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("whole.md").write_text("Which queue? {input}\n")
    right(crossover("prompts", "add", "whole", "whole.md"))
    assert Registry().get("whole").prompt == Prompt(template="Which queue? {input}\n")
    typed = io.TextIOWrapper(io.BytesIO(b"Say it.\r\n"))
    monkeypatch.setattr(sys, "stdin", typed)
    right(crossover("prompts", "add", "typed", "-"))
    assert Registry().get("typed").prompt == Prompt("Say it.\r\n")


def test_a_version_may_be_added_from_its_own_file_and_parts_from_yaml_or_json(crossover: Terminal) -> None:
    body = {"instruction": "Say it.", "demonstrations": [{"input": "a", "output": "b"}]}
    Path("parts.json").write_text(json.dumps(body))
    Path("parts.yaml").write_text("instruction: Say it.\ndemonstrations:\n- {input: a, output: b}\n")
    right(crossover("prompts", "add", "support", "parts.json"))
    assert "the latest already" in right(crossover("prompts", "add", "support", "parts.yaml"))
    [path] = Path("prompts/support/versions").iterdir()
    right(crossover("prompts", "add", "copy", path))
    assert Registry().get("copy").prompt == Registry().get("support").prompt
    assert Registry().get("copy").prompt.demonstrations[0].output == "b"


def test_a_candidate_is_added_with_what_its_study_measured(crossover: Terminal, finished: Path) -> None:
    study = finished / "study"
    right(crossover("prompts", "add", "parcels", f"{study}:instruction"))
    candidate, row = read_candidate(StudyFolder(study), "instruction")
    version = Registry().get("parcels")
    assert (version.prompt, version.decoding) == (candidate.prompt, candidate.decoding)
    assert "the study parcels of" in version.source
    [score] = Registry().scores("parcels")
    split = "test" if row["test"] else "dev"
    assert (score.split, score.value, score.model) == (split, row[split]["value"], "fake")
    shown = " ".join(right(crossover("prompts", "show", "parcels")).split())
    assert f"parcels fake parcels@{version.identity} instruction accuracy {100 * score.value:.1f}" in shown
    assert "comparable are figures of the same task, data" in " ".join(right(crossover("prompts", "scores")).split())


def wrong(crossover: Terminal, *words: str | Path) -> str:
    before = sorted(Path().rglob("*"))
    said = crossover("prompts", *words)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("crossover: ")
    assert said.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before, "nothing is half-written"
    return said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["shwo"], "there is no command 'prompts shwo'; did you mean 'show'?"),
        (["show", "support"], "there is no prompt 'support', and prompts holds none"),
        (["show", "../support"], "the prompt's name: received '../support'; valid is 1 to 80 letters"),
        (["add", "a/b", "good.txt"], "the prompt's name: received 'a/b'"),
        (["add", "support", "none.txt"], "there is no file none.txt"),
        (["add", "support", "empty.txt"], "empty.txt is empty"),
        (["add", "support", "latin.txt"], "byte 0xe9 is not UTF-8"),
        (["add", "support", "bare.yaml"], "the bare input, without a word around it"),
        (["add", "support", "key.yaml"], "key.yaml has no option 'instrction'; did you mean 'instruction'?"),
        (["add", "support", "bomb.yaml"], "bomb.yaml: line 1: an alias"),
        (["add", "support", "list.json"], "list.json: received [1]; valid is a mapping"),
        (["add", "support", "half.json"], "half a character"),
        (["add", "support", "broken.json"], "broken.json: not valid JSON"),
        (["add", "support", "shows.json"], "shows.json, demonstrations, item 1: received {'input': 'x'}"),
        (["add", "support", "good.txt", "--template", "no place"], "valid is a text with {input} in it"),
        (["add", "support", "whole.txt", "--template", "{input}!"], "--template: the prompt has {input} itself"),
        (["add", "support", "good.txt", "--label", "v2"], "means a version"),
        (["add", "support", "."], "holds no study"),
        (["add", "support", ".:lora"], "holds no study"),
    ],
)
def test_a_mistake_is_one_sentence(crossover: Terminal, words: list[str], says: str) -> None:
    for name, body in {
        "good.txt": b"Say it.",
        "whole.txt": b"Say it: {input}",
        "empty.txt": b" \n",
        "latin.txt": b"caf\xe9",
        "bare.yaml": b"template: '{input}'\n",
        "key.yaml": b"instrction: x\n",
        "bomb.yaml": b"a: &a [x]\nb: [*a, *a]\n",
        "list.json": b"[1]",
        "half.json": b'{"instruction": "\\ud800"}',
        "broken.json": b"{",
        "shows.json": b'{"instruction": "x", "demonstrations": [{"input": "x"}]}',
    }.items():
        Path(name).write_bytes(body)
    assert says in wrong(crossover, *words)


def test_with_prompts_there_too(crossover: Terminal) -> None:
    Registry().add("support", Prompt("first"))
    assert "'support' has one version, and nothing before it" in wrong(crossover, "diff", "support")
    assert "'support' has no label 'live'; valid: 1" in wrong(crossover, "show", "support@live")
    assert "'support' has no label 'live'" in wrong(crossover, "label", "support", "live", "--remove")
    assert "there is no prompt 'suport' in prompts; did you mean 'support'?" in wrong(crossover, "restore", "suport@1")
    [path] = Path("prompts/support/versions").iterdir()
    path.write_text(path.read_text().replace("first", "other"))
    assert f"{path} is not as it was written" in wrong(crossover, "show", "support")
    assert "is not as it was written" in right(crossover("prompts", "list")), "the others are still listed"


def test_a_control_has_no_prompt(crossover: Terminal, finished: Path) -> None:
    said = wrong(crossover, "add", "support", f"{finished / 'study'}:majority")
    assert "'majority' of" in said
    assert "is a control, which has no prompt" in said


def test_without_a_command_it_explains_itself_and_without_prompts_it_says_so(crossover: Terminal) -> None:
    assert "who changed what when" in crossover("prompts").out
    assert (
        right(crossover("prompts", "list"))
        == "there are no prompts in prompts; 'crossover prompts add NAME FILE' adds one\n"
    )
    assert "nothing was measured yet" in right(crossover("prompts", "scores"))


def test_a_study_takes_a_prompt_by_its_label_keeps_its_version_and_enters_its_scores(crossover: Terminal) -> None:
    registry = Registry()
    one = registry.add("parcels", Prompt("Say the queue.", "Text: {input}\nQueue:"), label="production")
    registry.add("other", Prompt("Another."))
    rungs = ["majority", "zero_shot", {"registered": {"prompt": "parcels@production"}}]
    task = write_task(Path(), strategies=rungs)
    assert "registered" in right(crossover("run", task, "--plan", "--quiet"))
    assert crossover("run", task, "--out", "study", "--quiet").status == 0
    candidate, row = read_candidate(StudyFolder(Path("study")), "registered")
    assert (candidate.prompt, row["family"]) == (one.prompt, "prompt")
    assert f"parcels {one.identity} of the prompt registry" in row["note"]
    [score] = registry.scores("parcels")
    assert (score.version, score.task, score.model, score.candidate) == (one.identity, "parcels", "fake", candidate.id)
    assert not registry.scores("other")

    assert crossover("run", task, "--out", "study", "--quiet").status == 0
    assert len(registry.scores("parcels")) == 1, "the same study has one score"
    two = registry.add("parcels", Prompt("Name the queue.", "Text: {input}\nQueue:"), label="production")
    said = crossover("run", task, "--out", "study")
    assert "since the last run in study the task has changed: strategies" in " ".join((said.out + said.err).split())
    assert {one.version for one in registry.scores("parcels")} == {one.identity, two.identity}


def test_a_prompt_that_is_not_there_stops_a_study_before_it_begins(crossover: Terminal) -> None:
    Registry().add("parcels", Prompt("Say the queue."))
    for prompt, says in {
        "parcels@production": "'parcels' has no label 'production'; valid: 1",
        "parcel": "there is no prompt 'parcel' in prompts; did you mean 'parcels'?",
        "": "strategy 'registered', option 'prompt': ",
    }.items():
        task = write_task(Path(), strategies=["zero_shot", {"registered": {"prompt": prompt}}])
        said = crossover("run", task, "--out", "study", "--quiet")
        assert (said.status, said.err.count("\n")) == (2, 1)
        assert f"task.yaml, line 13, key 'strategies', item 2: {says}" in said.err or f"item 2: {says}" in said.err
        assert not Path("study").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_git_sees_the_files_and_no_others(crossover: Terminal) -> None:
    Path("first.txt").write_text("Say it.")
    right(crossover("prompts", "add", "support", "first.txt", "--label", "production"))
    subprocess.run(["git", "init", "-q"], check=True)
    seen = subprocess.run(["git", "status", "--porcelain", "-uall", "prompts"], capture_output=True, text=True, check=True)
    assert len(seen.stdout.splitlines()) == 3
    assert "prompts/.gitignore" in seen.stdout
