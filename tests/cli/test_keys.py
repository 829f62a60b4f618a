"""A key has one place, an environment variable. Given anywhere else it is refused and not shown; from there it goes nowhere
but to its service: what the places are stands in the tests' names."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from crossover.cli.main import main
from tests.cli.small import Terminal, write_task
from tests.forked import started
from tests.models.service import Service, serving

KEY = "AZ9canary4711bcdefghijklmnopqrstuv"  # of a service whose keys begin with nothing of their own
HERE = "http://127.0.0.1:9/v1"
BY_FLAG = [
    f"openai:m?key={KEY}",
    f"openai:m?api_key={KEY}",
    f"openai:m?api-key={KEY}",
    f"openai:m?token:{KEY}",
    f"openai:m&key={KEY}",
    f"openai:m key={KEY}",
    f"openai:sk-{KEY}",
    f"openai:m?url=http://user:{KEY}@127.0.0.1:9/v1",
    f"openai:m?url=user:{KEY}@127.0.0.1:9/v1",
    f"openai:m?url={HERE}?api-key={KEY}",
    f"openai:m?url={HERE}?key={KEY}",
    f"openai:m?url={quote(f'{HERE}?key={KEY}', safe='')}",
    f"openai:m?url={HERE}#{KEY}",
    f"openai:m?url={HERE}/sk-{KEY}",
    f"azure:m?url={HERE}&api_key={KEY}",
    f"vertex:m?project=p&key={KEY}",
    f"vertex:m?project=p&url=http://user:{KEY}@127.0.0.1:9",
    f"vertex:m?project=p&url=http://127.0.0.1:9?key={KEY}",
    f"{HERE}?key={KEY}",
    f"http://user:{KEY}@127.0.0.1:9/v1",
    f"gpt-5?key={KEY}",
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> bytes:
    """All that lies in a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("spec", BY_FLAG)
def test_shell_history_a_key_by_flag_is_refused_and_not_shown(spec: str, crossover: Terminal, here: Path) -> None:
    write_task(here)
    for command in (["run", "task.yaml", "--model", spec], ["run", "task.yaml", "--set", f"model={spec}"]):
        told = crossover(*command, "--out", "study", "--yes")
        assert told.status == 2
        assert KEY not in told.out + told.err
        assert KEY.encode() not in written(here)


@pytest.mark.parametrize("spec", BY_FLAG)
def test_task_file_a_key_in_it_is_refused_and_not_shown(spec: str, crossover: Terminal, here: Path) -> None:
    placed: list[dict[str, Any]] = [
        {"model": spec},
        {"model": None, "models": {"one": spec, "two": "fake"}},
        {"metric": {"judge": {"model": spec, "rubric": "good"}}},
        {"strategies": ["zero_shot", {"distill": {"teacher": spec}}]},
    ]
    for changes in placed:
        write_task(here, **changes)
        for command in (["run", "task.yaml", "--out", "study", "--yes"], ["run", "task.yaml", "--plan"]):
            told = crossover(*command)
            assert told.status == 2, changes
            assert KEY not in told.out + told.err


@pytest.mark.parametrize(
    "model",
    [
        {"spec": "openai:m", "api_key": KEY},
        {"spec": "openai:m", "key": KEY},
        {"spec": "openai:m", "url": f"{HERE}?key={KEY}"},
        {"spec": "openai:m", "url": f"http://user:{KEY}@127.0.0.1:9/v1"},
        {"spec": "openai:m", "headers": {"Authorization": f"Bearer {KEY}"}},
        {"api_key": KEY, "name": "m"},
    ],
)
def test_task_file_a_model_written_as_a_mapping(model: dict[str, Any], crossover: Terminal, here: Path) -> None:
    for changes in ({"model": model}, {"model": None, "models": {"one": model, "two": "fake"}}):
        write_task(here, **changes)
        told = crossover("run", "task.yaml", "--out", "study", "--yes")
        assert told.status == 2
        assert KEY not in told.out + told.err


def test_serving_a_key_in_the_place_of_its_variable_is_refused_and_not_shown(crossover: Terminal, here: Path) -> None:
    for options in (["--key-env", KEY], ["--key-env", KEY, "--host", "0.0.0.0"]):
        told = crossover("serve", "fake", *options)
        assert told.status == 2
        assert KEY not in told.out + told.err
    for spec in BY_FLAG:
        told = crossover("serve", spec)
        assert told.status == 2
        assert KEY not in told.out + told.err


class Used:
    """What was done with a key from its variable, and what that left: in the folder, on the terminal, among processes."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.folder, self.service = folder, service
        self.told, self.processes = b"", b""

    def crossover(self, *arguments: str, key: str = KEY) -> int:
        """The exit status; while a command asks the service, the command lines of all processes are read."""
        told = self.folder / "told"
        process = started(debugged, arguments, self.folder, told, {"MY_SERVICE_KEY": key, "OPENAI_LOG": "debug"})
        before = self.service.number
        while process.is_alive():
            process.join(0.05)
            if self.service.number > before and not self.processes and Path("/proc/self/cmdline").exists():
                self.processes = b"".join(map(commanded, Path("/proc").glob("[0-9]*/cmdline")))
        self.told += told.read_bytes()
        told.unlink()
        assert process.exitcode is not None
        return process.exitcode


def debugged(arguments: tuple[str, ...], folder: Path, told: Path, environment: dict[str, str]) -> None:
    """The command line, while every library tells all that it can."""
    with told.open("wb") as file:
        for standard in (1, 2):
            os.dup2(file.fileno(), standard)
    os.chdir(folder)
    os.environ.update(environment)
    logging.basicConfig(level=logging.DEBUG)
    sys.argv = ["crossover", *arguments]
    main()


def commanded(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    def plan(number: int, body: dict[str, Any]) -> str:
        return "400" if number == 30 else {5: "429", 7: "500"}.get(number % 17, "")

    words = ["red", "green", "blue"]
    folder = tmp_path_factory.mktemp("used")
    rows = "\n".join(f"thing {i} is {words[i % 3]},{words[i % 3]}" for i in range(60))
    (folder / "rows.csv").write_text(f"text,label\n{rows}\n")
    with serving(Service(keys={KEY}, plan=plan, said=f"your key is {KEY}, or Bearer {KEY}", latency=0.01)) as service:
        about = {
            "name": "colours",
            "data": "rows.csv",
            "input": "text",
            "output": "label",
            "kind": "classify",
            "model": {"spec": "openai:m", "url": service.url, "key": "MY_SERVICE_KEY"},
            "prices": {"input": 1, "output": 4},
            "strategies": ["majority", "zero_shot"],
        }
        (folder / "task.yaml").write_text(yaml.safe_dump(about))
        config = {
            "prompts": ["Say it: {{q}}"],
            "providers": [{"id": "openai:m", "config": {"apiKey": KEY}}],
            "tests": [{"vars": {"q": f"text {i}"}, "assert": [{"type": "equals", "value": "x"}]} for i in range(3)],
        }
        (folder / "elsewhere").mkdir()
        (folder / "elsewhere" / "promptfooconfig.yaml").write_text(yaml.safe_dump(config))
        found = Used(folder, service)
        assert found.crossover("run", "task.yaml", "--out", "study", "--yes") == 0
        service.plan = lambda number, body: ""
        for arguments in (
            ("report", "study"),
            ("show", "study"),
            ("redecide", "study", "--set", "prices.output=8"),
            ("advise", "study"),
            ("advise", "task.yaml", "--write", "first.yaml"),
            ("predict", "study", "thing 7 is red"),
            ("export", "study", "export"),
            ("export", "study", "rows", "--training-data", "openai"),
            ("import", "elsewhere/promptfooconfig.yaml", "--out", "imported"),
        ):
            assert found.crossover(*arguments) == 0, found.told[-800:]
        wrong = found.crossover("run", "task.yaml", "--out", "other", "--yes", key=f"{KEY}wrong")
        assert wrong == 2
        (folder / "elsewhere" / "promptfooconfig.yaml").unlink()  # which is the user's own
        yield found


@pytest.mark.parametrize(
    ("place", "holds"),
    [
        ("study/study.db", b"your key is"),  # what the service said is there, without the key
        ("study/report.html", b"zero_shot"),
        ("study/decision.json", b"MY_SERVICE_KEY"),
        ("study", b"redecided"),
        ("export", b"MY_SERVICE_KEY"),
        ("rows", b"assistant"),
        ("imported", b"text 2"),
        ("first.yaml", b"MY_SERVICE_KEY"),
        ("", b""),
    ],
)
def test_from_its_variable_a_key_comes_into_no_file(place: str, holds: bytes, used: Used) -> None:
    path = used.folder / place
    found = path.read_bytes() if path.is_file() else written(path) + " ".join(map(str, path.rglob("*"))).encode()
    assert holds in found
    assert KEY.encode() not in found


def test_logs_and_exceptions_have_no_key_whatever_the_service_and_its_libraries_say(used: Used) -> None:
    assert b"DEBUG" in used.told  # they do talk
    assert b"refuses the key" in used.told
    assert KEY.encode() not in used.told


def test_the_process_list_has_no_key(used: Used) -> None:
    assert KEY.encode() not in used.processes


def test_a_key_goes_to_its_service_alone(used: Used) -> None:
    assert any(KEY in head for head in used.service.sent)
