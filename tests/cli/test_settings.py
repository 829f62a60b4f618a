"""Keys of the task file that are set on the command line, and what is said before anything heavy is loaded."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.task import load_task, load_with_settings
from crossover.data.yamlfile import read_value
from crossover.errors import TaskError
from tests.cli.small import Terminal, write_task


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_task(tmp_path)


def test_a_setting_takes_the_place_of_the_files_own_and_is_recorded(crossover: Terminal, here: Path) -> None:
    said = crossover("run", "task.yaml", "--set", "strategies=[zero_shot]", "--set", "limits.minutes=30", "--quiet")
    assert (said.status, said.err) == (0, "")
    decision = json.loads(Path("runs/parcels/decision.json").read_text())
    assert [c["name"] for c in decision["candidates"]] == ["majority", "zero_shot"]
    command = "crossover run task.yaml --set 'strategies=[zero_shot]' --set limits.minutes=30"
    assert command in " ".join(crossover("show", "runs/parcels").out.split())
    assert command in html.unescape(Path("runs/parcels/report.html").read_text())


def test_the_model_may_be_set_too_and_has_its_own_folder(crossover: Terminal, here: Path) -> None:
    assert crossover("run", "task.yaml", "--set", "model=fake:answer=billing", "--quiet").status == 0
    [made] = Path("runs").iterdir()
    assert made.name.startswith("parcels-fake-answer-billing")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("target", "--set target: valid is KEY=VALUE"),
        ("=0.8", "valid is KEY=VALUE"),
        ("limits..minutes=1", "valid is KEY=VALUE"),
        ("tarket=0.8", "--set, key 'tarket': unknown key; did you mean 'target'?"),
        ("limit.minutes=3", "--set, key 'limit': unknown key; did you mean 'limits'?"),
        ("limits.minuts=3", "--set, key 'limits.minuts': unknown key; did you mean 'minutes'?"),
        ("limits.minutes=soon", "--set, key 'limits.minutes': received 'soon'; valid is a number from 0 up"),
        ("target=8", "--set, key 'target': received 8; valid is a number from 0 to 1"),
        ("strategies=[lora", "--set strategies=[lora: the value is not valid YAML"),
        ("input={text} {label}", """quotes: --set 'input="{text} {label}"'"""),
        ("strategies=[{lora: {rank: -3}}]", "item 1: strategy 'lora', option 'rank': received -3, valid is 1 or more"),
        ("strategies=[{full: {epochs: 0}}]", "item 1: strategy 'full', option 'epochs': received 0, valid is 1 or more"),
        ("strategies=[{soft_prompt: {tokens: 0}}]", "strategy 'soft_prompt', option 'tokens': received 0, valid is 1"),
        ("strategies=[{distill: {learning_rate: 0}}]", "option 'learning_rate': received 0.0, valid is a number above 0"),
        ("strategies=[{lora: {patience: -1}}]", "option 'patience': received -1, valid is 0 or more"),
        ("input.more=x", "--set input.more=x: 'input' has no keys of its own; valid is --set input=VALUE"),
        ("strategies=[{few_shot: {shot: 3}}]", "--set, key 'strategies', item 1: strategy 'few_shot' has no option 'shot'"),
        ("input=", "the key 'input' is missing"),
    ],
)
def test_a_setting_is_checked_like_the_file(setting: str, says: str, crossover: Terminal, here: Path) -> None:
    said = crossover("run", "task.yaml", "--set", setting)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err
    assert not Path("runs").exists()


def test_an_empty_value_takes_a_key_away_and_text_is_kept_as_it_is(tmp_path: Path) -> None:
    path = write_task(tmp_path, target=0.5)
    task = load_with_settings(path, ["target=", "instruction=Say: yes or {no}", "labels.yes=it is # so"]).task
    assert (task.target, task.instruction, task.labels) == (None, "Say: yes or {no}", {"yes": "it is # so"})


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_a_value_is_text_a_number_a_truth_value_or_valid_yaml(text: str) -> None:
    try:
        value = read_value(text)
    except ValueError:
        assert text.lstrip()[0] in "[{\"'"
        return
    if isinstance(value, str) and text.lstrip()[:1] not in tuple("[{\"'"):
        assert value == text


def test_options_are_checked_with_file_and_line_before_torch_is_loaded(here: Path) -> None:
    here.write_text(here.read_text() + "- lora:\n    rank: many\n")
    lines = here.read_text().splitlines()
    code = (
        "import sys; sys.argv = ['crossover', 'run', 'task.yaml']\n"
        "from crossover.cli.main import main\n"
        "try: main()\nexcept SystemExit as left: print(left.code, 'torch' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=here.parent, check=False)
    assert done.stdout.split() == ["2", "False", "False"], done.stderr
    place = f"task.yaml, line {lines.index('- lora:') + 1}, key 'strategies', item 4"
    assert f"{place}: strategy 'lora', option 'rank': received 'many'" in done.stderr


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_data_file_in_the_place_of_a_task_says_that_init_is_meant(name: str, crossover: Terminal, here: Path) -> None:
    said = crossover("run", name)
    assert said.status == 2
    assert f"{name} is a data file, no task file; this writes one: crossover init {name}" in said.err


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("rnu", "did you mean 'run'?"),
        ("exprot", "did you mean 'export'?"),
        ("task.yaml", "did you mean: crossover run task.yaml (valid: "),
        ("rows.csv", "did you mean: crossover init rows.csv (valid: "),
        ("my rows.csv", "did you mean: crossover init 'my rows.csv' (valid: "),
        ("history", "'crossover show runs/NAME' names the earlier verdicts; valid: init, "),
        ("strategies", "'crossover list strategies' names them"),
        ("xyzzy", "valid: advise, curve, evaluate, export, import, init, list"),
    ],
)
def test_a_misspelt_command_has_a_suggestion(word: str, meant: str, crossover: Terminal) -> None:
    said = crossover(word)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert f"there is no command '{word}'; " in said.err
    assert meant in said.err


@pytest.mark.parametrize("model", ["gpt-5", "claude-sonnet-5", "gemini-3-pro", "anthropic:claude"])
def test_a_hosted_models_name_is_known_and_says_what_is_there(model: str, crossover: Terminal, here: Path) -> None:
    said = crossover("run", "task.yaml", "--model", model)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert f"'{model}' here: it is the name of one that runs at a provider" in said.err
    assert "'crossover list models' shows them" in said.err
    assert not Path("runs").exists()


def test_a_refused_study_leaves_no_folder_and_a_begun_one_stays(crossover: Terminal, here: Path) -> None:
    for wrong in ("metric=rouge_l", "strategies=[zero_shot, lora]", "chain=[{name: a, template: '{b}'}]"):
        assert crossover("run", "task.yaml", "--set", wrong, "--quiet").status == 2
        assert not Path("runs").exists(), wrong
    assert crossover("run", "task.yaml", "--quiet").status == 0
    assert crossover("run", "task.yaml", "--set", "metric=rouge_l", "--quiet").status == 2
    assert Path("runs/parcels/decision.json").is_file()


def test_a_setting_in_a_mapping_that_the_file_lacks(tmp_path: Path) -> None:
    assert load_with_settings(write_task(tmp_path), ["limits.calls=7"]).task.limits.calls == 7
    with pytest.raises(TaskError, match=r"--set, key .limits\.calls.: received 1\.5"):
        load_with_settings(write_task(tmp_path), ["limits.calls=1.5"])


@pytest.mark.parametrize("folder", ["two words", "it's", "do$HOME", "-lead", "new\nline", "naïve"])
def test_a_command_that_is_said_reads_the_file_that_is_meant(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(folder) / "rows.csv"
    with pytest.raises(TaskError) as said:
        load_task(file)
    command = str(said.value).partition("this writes one: ")[2]
    done = subprocess.run(
        ["bash", "-c", f'crossover() {{ printf "%s\\0" "$@"; }}; {command}'], capture_output=True, text=True, check=True
    )
    verb, path, _ = done.stdout.split("\0")
    assert (verb, Path(path)) == ("init", file)
    assert not path.startswith("-")


def test_an_empty_folder_is_not_the_working_directory(crossover: Terminal, here: Path) -> None:
    before = sorted(here.parent.iterdir())
    said = crossover("run", here, "--out", "")
    assert (said.status, sorted(here.parent.iterdir())) == (2, before)
    assert "--out: received ''; valid is a path" in said.err


@pytest.mark.parametrize(
    "words",
    [
        *(("report", "r", "--out", ""), ("init", "rows.csv", "--out", ""), ("export", "r", ""), ("show", ""), ("run", "")),
        *(("import", ""), ("import", "a.eval", ""), ("serve", "pocket", ""), ("watch", "", "--log", "x")),
        *(("evaluate", "r", "--data", ""), ("prompts", "add", "x", ""), ("prompts", "add", "x", "p.txt", "--folder", "")),
        *(("prompts", one, "--folder", "") for one in ("list", "scores")),
        *(("prompts", one, "x", "--folder", "") for one in ("show", "diff", "restore")),
        ("prompts", "label", "x", "production", "--folder", ""),
    ],
)
def test_an_empty_path_is_refused_by_every_command(words: tuple[str, ...], crossover: Terminal) -> None:
    said = crossover(*words)
    assert said.status == 2
    assert "received ''; valid is a path" in said.err
