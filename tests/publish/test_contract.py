"""What holds of publishing wherever it goes: again is no second time, failures go on, rows and keys stay."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crossover.api.study import open_study
from crossover.engine.journal import Journal
from crossover.errors import MissingExtra, OptionError, StudyError
from crossover.publish.open import SERVICES, publish
from crossover.study.folder import StudyFolder
from tests.cli.small import Terminal, rows
from tests.publish.layer import Layer
from tests.publish.local import Local, running
from tests.publish.tracking import Tracking

INPUTS = [text for text, _ in rows()]
KEY = "pl-canary-5d41402abc4b2a76"
TOKEN = "token-canary-7d793037a0760186"
OTHER = "sk-canary-b9719d911017c592"


@dataclass
class Place:
    """A service with what it holds, as something that can be compared."""

    name: str
    local: Local
    held: Callable[[], Any]

    def __call__(self, study: StudyFolder, **options: Any) -> Any:
        return publish(study, self.name, url=self.local.url, **options)


def _tracking() -> Place:
    at = Tracking()

    def held() -> Any:
        runs = [(r.info["run_name"], r.info["status"], r.params, r.metrics, r.tags, r.files) for r in at.alive]
        told = json.dumps([sorted(map(str, runs)), at.prompts, [len(run.history) for run in at.alive]])
        return json.loads(re.sub(rf"\b({'|'.join(at.runs)})\b", "ID", told))

    return Place("mlflow", at, held)


def _layer() -> Place:
    at = Layer(keys=(KEY,))
    return Place("promptlayer", at, lambda: json.loads(json.dumps([at.templates, str(at.labels), at.requests])))


PLACES = {"mlflow": _tracking, "promptlayer": _layer}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("PROMPTLAYER_API_KEY", KEY)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_API_KEY", OTHER)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    at = PLACES[request.param]()
    with running(at.local):
        yield at


def once(number: int) -> Callable[[Any], Any]:
    """A refusal of the so-manieth request."""
    count = iter(range(10_000))
    words = f"no more of it: Bearer {TOKEN} {KEY}"
    return lambda sent: (403, {"error_code": "PERMISSION_DENIED", "message": words}) if next(count) == number else None


def test_every_service_is_tested() -> None:
    assert set(SERVICES) == set(PLACES)


def test_again_brings_up_to_date_and_doubles_nothing(made: StudyFolder, place: Place) -> None:
    first = place(made, label="production")
    before = place.held()
    second = place(made, label="production")
    assert place.held() == before
    assert len(first.sent) == len(second.sent)
    assert any("the same as before" in sentence for sentence in second.sent)


def test_again_without_a_label_doubles_nothing(made: StudyFolder, place: Place) -> None:
    place(made, candidate="instruction")
    before = place.held()
    assert "the same as before" in place(made, candidate="instruction").sent[-1]
    assert place.held() == before


def test_two_prompts_under_two_labels_take_turns(made: StudyFolder, place: Place) -> None:
    place(made, label="production", candidate="instruction")
    place(made, label="next", candidate="zero_shot")
    before = place.held()
    place(made, label="production", candidate="instruction")
    place(made, label="next", candidate="zero_shot")
    after = place.held()
    assert after[1] == before[1]


@pytest.mark.parametrize("part", [0.0, 0.65, 0.99])
@pytest.mark.parametrize("kind", ["fail", "lose"])
def test_a_service_that_fails_halfway_is_gone_on_with(kind: str, part: float, made: StudyFolder, place: Place) -> None:
    place(made, label="production")
    total, other = len(place.local.sent), PLACES[place.name]()
    with running(other.local):
        setattr(other.local, kind, once(int(part * total)))
        with pytest.raises(StudyError) as failed:
            other(made, label="production")
        told = str(failed.value)
        assert "did not take" in told
        assert "no more of it" in told
        assert told.endswith("the same command goes on")
        assert ("nothing was published" in told) or ("published by then: the" in told)
        assert KEY not in told
        assert TOKEN not in told
        other(made, label="production")
        assert other.held() == place.held()


def test_no_row_leaves_unless_that_is_said(made: StudyFolder, place: Place) -> None:
    done = place(made, candidate="instruction")
    sent = place.local.everything()
    assert not [text for text in INPUTS if text in sent]
    assert any("--rows" in sentence for sentence in done.notes)
    place(made, candidate="few_shot", rows=True)
    sent = place.local.everything()
    assert sum(text in sent for text in INPUTS) >= 8


def test_a_prompt_that_shows_rows_stays_here(made: StudyFolder, place: Place) -> None:
    if place.name == "promptlayer":
        with pytest.raises(OptionError, match="the prompt of 'few_shot' cannot be published: it shows 2 of your rows"):
            place(made, candidate="few_shot")
        assert place.local.sent == []
    else:
        done = place(made, candidate="few_shot")
        assert any("few_shot" in sentence and "2 of your rows" in sentence for sentence in done.notes)
        assert not [text for text in INPUTS if text in place.local.everything()]


def test_rows_that_must_stay_go_to_no_other_machine(
    made: StudyFolder, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = StudyFolder(Path(shutil.copytree(made.path, tmp_path / "copy")))
    with closing(Journal(copy.journal)) as journal:
        task = journal.fact("task")
        journal.set_fact("task", {**task, "limits": {**task["limits"], "data_stays_here": True}})
    place(copy, rows=True, candidate="few_shot")  # a server here
    with pytest.raises(OptionError, match="data_stays_here is true, so no rows of the data go to"):
        publish(copy, place.name, url="https://example.invalid", rows=True)


def test_no_key_leaves_or_is_kept(
    made: StudyFolder, place: Place, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    place(made, label="production", rows=True, candidate="few_shot")
    place.local.fail = once(0)
    with pytest.raises(StudyError):
        place(made)
    sent = place.local.everything()
    own = "" if place.name == "mlflow" else sent.replace(json.dumps({"api_key": KEY})[1:-1], "")  # its client sends it so
    out, err = capfd.readouterr()
    written = "".join(path.read_text(errors="replace") for path in made.path.rglob("*") if path.is_file())
    for key in (KEY, TOKEN, OTHER):
        for text in (own or sent, out, err, caplog.text, written):
            assert key not in text
    heads = [one.headers for one in place.local.sent]
    assert all(TOKEN not in str(head) for head in heads) if place.name == "promptlayer" else KEY not in str(heads)


def test_a_prompt_with_a_key_in_it_stays_here(made: StudyFolder, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "Say what the message is about.")  # the task's instruction
    if place.name == "promptlayer":
        with pytest.raises(OptionError, match="holds a key that the environment has too"):
            place(made, candidate="instruction")
        return
    done = place(made, candidate="instruction")
    assert any("holds a key" in sentence for sentence in done.notes)
    assert "Say what the message is about." not in place.local.everything()


def test_a_dry_run_asks_nothing_and_says_what_would_be_sent(made: StudyFolder, place: Place) -> None:
    dry = place(made, label="production", dry_run=True)
    assert place.local.sent == []
    done = place(made, label="production")
    assert [sentence.split(":")[0] for sentence in done.sent] == [sentence.split(":")[0] for sentence in dry.sent]


def test_a_missing_part_is_a_sentence_with_the_command(
    made: StudyFolder, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name.partition(".")[0] in ("mlflow", "promptlayer"):
            raise ImportError(name)
        return usual(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(MissingExtra, match=rf"pip install 'crossover\[{place.name}\]'"):
        place(made)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://me:s3cret-word@127.0.0.1:1", "more than an address"),
        ("http://127.0.0.1:1/?token=s3cret-word", "more than an address"),
        ("s3cret-word", "no http address"),
        ("http://[s3cret-word", "no address"),
    ],
)
def test_an_address_with_a_key_in_it_is_refused_unseen(url: str, told: str, made: StudyFolder, place: Place) -> None:
    with pytest.raises(OptionError, match=told) as refused:
        publish(made, place.name, url=url)
    assert "s3cret" not in str(refused.value)


def test_who_does_not_answer_is_said(made: StudyFolder, place: Place) -> None:
    with pytest.raises(StudyError, match=r"http://127.0.0.1:9 does not answer; nothing was published"):
        publish(made, place.name, url="http://127.0.0.1:9")


def test_an_answer_that_is_none_is_a_sentence(made: StudyFolder, place: Place) -> None:
    place.local.fail = lambda sent: (200, "<html>a proxy's page</html>")
    with pytest.raises(StudyError, match="did not take"):
        place(made)


@pytest.mark.parametrize("option", [{"label": "a b"}, {"label": ""}, {"name": "a/b"}, {"name": ".hidden"}])
def test_a_label_and_a_name_are_checked_before_anything(option: Any, made: StudyFolder, place: Place) -> None:
    with pytest.raises(OptionError, match="valid are letters, digits"):
        place(made, **option)
    assert place.local.sent == []


def test_a_control_has_no_prompt_to_publish(made: StudyFolder, place: Place) -> None:
    if place.name == "promptlayer":
        with pytest.raises(OptionError, match="a control has no language model"):
            place(made, candidate="majority")
    else:
        assert not any("the prompt of" in sentence for sentence in place(made, candidate="majority").sent)


def test_the_command_and_python_say_the_same(
    made: StudyFolder, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = open_study(made).publish(place.name, label="production", candidate="instruction", url=place.local.url)
    again = Terminal(monkeypatch, capsys)(
        *("publish", made.path, "--to", place.name, "--label", "production", "-c", "instruction", "--url", place.local.url)
    )
    assert again.status == 0, again.err
    assert done.place in again.out
    assert again.out.count("published ") == len(done.sent)
    wrong = Terminal(monkeypatch, capsys)("publish", made.path, "--to", "mlfow")
    assert wrong.status == 2
    assert "did you mean 'mlflow'?" in wrong.err
