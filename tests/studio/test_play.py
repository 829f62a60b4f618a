"""The playground: candidates answer as they were measured, edits are edits, and a good one meets dev and no other row."""

from __future__ import annotations

import hashlib
import html
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover import open_study
from crossover.data.task import Task
from crossover.engine.journal import JournalReader
from crossover.errors import OptionError, StudyError
from crossover.models.base import Listener, Token
from crossover.prompts.store import Registry
from crossover.serve.export import export
from crossover.serve.openai.catalogue import Catalogue
from crossover.serve.parity import measured as measured_last
from crossover.serve.predict import NO_ANSWER, Predictor
from crossover.studio.editing import edited
from crossover.studio.opened import Lane, Ready
from crossover.studio.play import Cell, Play, history, remember
from crossover.study.evaluate import evaluate
from crossover.study.folder import StudyFolder
from crossover.study.own import OwnCandidates
from crossover.study.read import read_candidate
from crossover.study.registered import add_candidate
from crossover.study.watching import Watching
from crossover.types import Candidate, Decoding, Demonstration, Message, Prompt, Reply, Request, Step
from tests.studio.conftest import EVIL, Browser, ids, waited


def run(browser: Browser, used: list[str], text: str, **fields: str) -> dict[str, list[dict[str, Any]]]:
    """What the stream of a run says of each candidate."""
    told = browser.post("/study/notes/play", data={"input": text, "use": used, **fields})
    assert told.status_code == 200, told.text
    address = told.text.split('data-events="')[1].split('"')[0]
    stream = browser.get(address)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert "event: end" in stream.text
    events = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith('data: {"cell')]
    return {identity: [event for event in events if event["cell"] == identity] for identity in used}


def measured(place: Path, identity: str) -> list[dict[str, Any]]:
    journal = JournalReader(place / "runs" / "notes" / "study.db")
    try:
        found: list[dict[str, Any]] = journal.run(identity, "dev")["records"]
        return found
    finally:
        journal.close()


def test_candidates_answer_side_by_side_as_they_were_measured(place: Path, browser: Browser) -> None:
    known = ids(place)
    used = [known[name] for name in ("zero_shot", "few_shot", "lora", "chain_of_thought")]
    record = measured(place, used[0])[0]
    found = run(browser, used, record["input"])
    for identity in used:
        recorded = next(r for r in measured(place, identity) if r["id"] == record["id"])
        last = html.unescape(found[identity][-1]["html"])
        assert f'<p class="answer">{recorded["prediction"]}</p>' in last or (
            not recorded["prediction"] and NO_ANSWER in last
        )
        assert f"{recorded['tokens_in']} tokens in" in last
    assert "log-probability" in found[used[0]][-1]["html"]
    assert "garden" in found[used[0]][-1]["html"]
    assert any(event["text"] and "html" not in event for event in found[used[3]]) or found[used[3]][-1]["text"], (
        "it is heard"
    )


def test_the_page_has_one_of_each_kind_and_keeps_a_history(place: Path, browser: Browser) -> None:
    known = ids(place)
    page = browser.get("/study/notes/play").text
    assert page.count('class="column"') == 3, "the bare prompt, the best prompt, the best weights"
    run(browser, [known["zero_shot"]], f"{EVIL} in the pot")
    [entry] = json.loads((place / "runs" / "notes" / "studio" / "history.json").read_text(encoding="utf-8"))
    assert entry["input"] == f"{EVIL} in the pot"
    listed = browser.get("/study/notes/play/history").text
    assert "&lt;script&gt;document" in listed
    assert "<script>document" not in listed
    again = browser.get(f"/study/notes/play?again={entry['id']}").text
    assert again.count('class="column"') == 1
    assert "<script>document" not in again


def test_a_run_ends_once_it_is_in_the_history(place: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(of: Play) -> None:
        time.sleep(0.5)  # a disk that is slow
        remember(of)

    monkeypatch.setattr("crossover.studio.play.remember", slowly)
    run(browser, [ids(place)["zero_shot"]], "a pot of soil")
    assert history(StudyFolder(place / "runs" / "notes"))[0]["input"] == "a pot of soil"


def test_a_dev_row_is_offered_and_never_a_test_row(place: Path, browser: Browser) -> None:
    dev = {r["input"] for r in measured(place, ids(place)["zero_shot"])}
    for _ in range(5):
        shown = html.unescape(browser.get("/study/notes/play/row").text)
        assert any(f">\n{text}</textarea>" in shown for text in dev)


def test_wrong_runs_are_said(place: Path, browser: Browser) -> None:
    known = ids(place)
    one = known["zero_shot"]
    for body, said in [
        *(({"input": blank, "use": [one]}, "empty") for blank in (" ", "\u200b\ufeff")),
        ({"input": "x", "use": []}, "1 to 4"),
        ({"input": "x", "use": list(known.values())[:5]}, "1 to 4"),
        ({"input": "x", "use": [one], f"template-{one}": "nothing"}, "no place for the input"),
        ({"input": "x", "use": [one], f"template-{one}": "{input} {other}"}, "other"),
        ({"input": "x", "use": [one], f"temperature-{one}": "nan"}, "temperature"),
        ({"input": "x", "use": [one], f"max_tokens-{one}": "1e9"}, "max_tokens"),
    ]:
        told = browser.post("/study/notes/play", data=body)
        assert (told.status_code, said in told.text) == (400, True), told.text
    assert browser.post("/study/notes/play", data={"input": "x", "use": ["0" * 16]}).status_code == 404
    assert browser.get("/study/notes/play/nothing/events").status_code == 404


def test_an_edit_becomes_a_candidate_that_meets_dev_alone(place: Path, browser: Browser) -> None:
    study = place / "runs" / "notes"
    kept = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in study.rglob("*") if path.is_file()}
    one = ids(place)["instruction"]
    fields = {"of": one, f"instruction-{one}": "Garden, kitchen or journey?", f"name-{one}": EVIL[:60]}
    assert browser.post("/study/notes/candidates", data={"of": one}).status_code == 400, "nothing was edited"
    made = browser.post("/study/notes/candidates", data=fields)
    assert made.status_code == 200, made.text
    assert "the test split is not asked" in made.text
    page = waited(lambda: (text := browser.get("/study/notes/candidates").text) and "every 1s" not in text and text)
    assert "made here" in page
    assert "against instruction, p " in page
    assert "<script>document" not in page
    again = browser.post("/study/notes/candidates", data=fields | {f"name-{one}": "other"})
    assert (again.status_code, "already" in again.text) == (400, True)
    with closing(sqlite3.connect(study / "studio" / "calls.db")) as calls:
        purposes = {purpose for (purpose,) in calls.execute("SELECT DISTINCT purpose FROM uses")}
        [(asked,)] = calls.execute("SELECT count(*) FROM calls")
    assert all(purpose.endswith("on dev") for purpose in purposes), "test is never asked"
    assert asked == len({r["input"] for r in measured(place, one)})
    for path, before in kept.items():
        if path.suffix not in (".db-shm", ".db-wal"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == before, f"{path} was changed"
    own = json.loads(next((study / "studio" / "candidates").glob("*.json")).read_text(encoding="utf-8"))
    assert f'value="{own["id"]}"' in browser.get("/study/notes/play").text, "it can be tried as well"
    found = run(browser, [own["id"]], "the soup is cold")
    assert 'class="answer"' in found[own["id"]][-1]["html"]
    assert "made here" not in browser.delete(f"/study/notes/candidates/{own['id']}").text


def made_one(place: Path, browser: Browser, name: str) -> StudyFolder:
    """A study with a candidate that was made in the studio, by an edit of "instruction"."""
    one = ids(place)["instruction"]
    fields = {"of": one, f"instruction-{one}": "Garden, kitchen or journey?", f"name-{one}": name}
    assert browser.post("/study/notes/candidates", data=fields).status_code == 200
    waited(lambda: "every 1s" not in browser.get("/study/notes/candidates").text)
    return StudyFolder(place / "runs" / "notes")


def test_what_was_made_in_the_studio_is_used_by_its_name_everywhere(place: Path, browser: Browser) -> None:
    folder = made_one(place, browser, "mine")
    one = ids(place)["instruction"]
    told = browser.post("/study/notes/candidates", data={"of": one, f"instruction-{one}": "?", f"name-{one}": "a:b"})
    assert (told.status_code, "no ':'" in told.text) == (400, True), "it would not be found as STUDY:NAME"
    [own] = OwnCandidates(folder).every()
    answered = {row["input"]: row["prediction"] for row in OwnCandidates(folder).records(own.id)}
    assert len(answered) > 5
    said = Predictor.open(folder, "mine").answer(list(answered)[:5])
    assert [answer.text for answer in said] == list(answered.values())[:5], "it answers as it was measured"
    recorded = dict(next(iter(Catalogue([f"{folder.path}:mine"]))).recorded)
    assert recorded
    assert recorded.items() <= answered.items(), "the parity proof replays its dev rows"
    split, records = measured_last(folder, own.id)
    assert (split, {record["input"]: record["prediction"] for record in records}) == ("dev", answered)
    export(folder, place / "out", "mine")
    assert "dev items, made in the studio by looking at them" in (place / "out" / "README.md").read_text(encoding="utf-8")
    (place / "late.csv").write_text("note,topic\nweeds between roses,garden\nsoup of the day,kitchen\n", encoding="utf-8")
    body = json.loads(evaluate(folder, place / "late.csv", ["mine", "lora"]).read_text(encoding="utf-8"))
    assert (body["candidates"][0]["name"], body["candidates"][0]["test"]) == ("mine", None)
    assert body["candidates"][0]["estimate"]["n"] == 2
    assert "Measured since" in browser.get("/study/notes").text
    version = add_candidate(Registry(place / "prompts"), "notes", folder, "mine")
    assert version.prompt.instruction == "Garden, kitchen or journey?"
    with pytest.raises(StudyError, match="'mine' was not tested"):
        Watching.open(folder, place / "late.csv", candidate="mine")
    with pytest.raises(StudyError, match="was made in the studio: the study has no answers of it"):
        open_study(folder.path).predictions("mine", "dev")
    with pytest.raises(StudyError, match=r"has no candidate 'mien'; did you mean 'mine'"):
        read_candidate(folder, "mien")
    OwnCandidates(folder).put(replace(own, estimate=None))
    with pytest.raises(StudyError, match="'mine' was made in the studio, and its dev rows are not all answered"):
        read_candidate(folder, "mine")


def test_a_study_that_is_deleted_meanwhile_does_not_come_back(place: Path, browser: Browser) -> None:
    folder = StudyFolder(place / "runs" / "notes")
    play = Play(folder, "the soup is cold", [])
    shutil.rmtree(folder.path)
    with pytest.raises(StudyError, match="holds no finished study any more"):
        remember(play)
    assert not folder.path.exists()
    assert browser.post("/study/notes/play", data={"input": "x", "use": ["0" * 16]}).status_code == 404


def test_a_run_of_several_models_is_remembered_once(place: Path) -> None:
    """The last two may end at the same moment."""
    folder, meet = StudyFolder(place / "runs" / "notes"), threading.Barrier(2)
    cells = [
        Cell(Ready(str(n), str(n), "prompt", ONE, Lane(Writer(), ThreadPoolExecutor(1)), Task.model_construct()), ONE)
        for n in range(2)
    ]
    play = Play(folder, "count", cells)

    class Met(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            meet.wait(60)
            raise OptionError("it failed")

    threads = [threading.Thread(target=play._finish, args=(cell, Met())) for cell in cells]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(history(folder)) == 1


def test_a_study_without_a_verdict_has_no_playground_yet(place: Path, browser: Browser) -> None:
    (place / "runs" / "notes" / "decision.json").unlink()
    assert browser.get("/study/notes/play").status_code == 404
    assert "no verdict yet" in browser.get("/study/notes/play").text


PROMPT = Prompt("Say it.", "{input}\nIt is:", (Demonstration("a", "b"),), "nearest", 1)
ONE = Candidate("pocket", PROMPT, Decoding(("x", "y"), (0.1, 0.2)))


TEXT = st.text(st.characters(exclude_characters="\r{}", exclude_categories=("Cs",)))


@given(TEXT, TEXT.map(lambda text: f"{text}{{input}}"))
def test_what_was_not_changed_is_the_same_candidate(instruction: str, template: str) -> None:
    own = replace(ONE, prompt=replace(PROMPT, instruction=instruction, template=template))
    sent = {
        "instruction": own.prompt.instruction.replace("\n", "\r\n"),  # as browsers send it
        "template": own.prompt.template,
        "temperature": "0.0",
        "max_tokens": "64",
        "seed": "",
    }
    assert edited(own, sent, "") is own


def test_an_edited_prompt_loses_the_calibration_that_was_measured_with_another() -> None:
    made = edited(ONE, {"instruction": "Say it again."}, "mine")
    assert made.decoding.label_bias == ()
    assert made.prompt.demonstrations == PROMPT.demonstrations
    assert (made.provenance.parent, made.provenance.name) == (ONE.id, "mine")
    assert made.id != ONE.id
    plain = edited(ONE, {}, "", plain=True)
    assert (plain.prompt.demonstrations, plain.prompt.shots) == ((), 0)
    warm = edited(replace(ONE, decoding=Decoding()), {"temperature": "0.7"}, "")
    assert warm.decoding.temperature == 0.7


@dataclass
class Writer:
    """A model that writes three words, and notes how many it was let write."""

    written: int = 0
    identity: str = "writer"
    local: bool = True
    context_window: int = 100

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 1

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return self.tell(requests, [None] * len(requests))

    def tell(self, requests: Sequence[Request], listeners: Sequence[Listener | None]) -> list[Reply]:
        text = ""
        for place, word in enumerate(("one", " two", " three")):
            text, self.written = text + word, self.written + 1
            if listeners[0] and listeners[0].hear(text, Token(word.encode()), place, place == 2):
                break
        return [Reply(text)] * len(requests)


def test_an_answer_is_heard_while_it_is_written_and_stops_where_nobody_waits() -> None:
    model, free = Writer(), Candidate("writer", Prompt(), Decoding())
    lane, heard = Lane(model, ThreadPoolExecutor(1)), list[str]()
    found = lane.answer(free, "count", heard.append, lambda: False)
    assert (heard, found.answer) == (["one", "one two", "one two three"], "one two three")
    lane.answer(free, "count", heard.append, lambda: len(heard) >= 4)
    assert model.written == 3 + 2, "for who goes after the first word there is no third"
    assert lane.answer(free, "count", heard.append, lambda: True).reply.error is not None
    assert model.written == 5


def test_the_template_of_a_chain_may_name_its_steps() -> None:
    chain = replace(PROMPT, steps=(Step("topic", Prompt(), Decoding()),), template="{topic}:")
    one = replace(ONE, prompt=chain)
    assert edited(one, {"template": "About {topic}?"}, "").prompt.template == "About {topic}?"
    with pytest.raises(OptionError, match="valid: input, topic"):
        edited(one, {"template": "{topic} {other}"}, "")
