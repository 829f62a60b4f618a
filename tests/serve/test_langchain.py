"""A candidate as a runnable of LangChain's: in this process, and as an export where Crossover is not."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.exceptions import ModelError
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableSequence

from crossover.api.study import open_study
from crossover.engine.follow import follow
from crossover.engine.render import Renderer
from crossover.errors import MissingExtra, OptionError
from crossover.serve.export import export
from crossover.serve.runnables import Together, runnable, template
from crossover.study.folder import StudyFolder
from crossover.study.run import run_study
from crossover.types import Candidate, Decoding, Demonstration, Message, Prompt, Reply, Request, Step
from tests.bare import Bare
from tests.models.service import Service, said, serving
from tests.models.tiny import build
from tests.serve.studies import NEAREST, NOTES, REASONED, recorded, write_task

RUNGS = ["majority", "zero_shot", "instruction", {"few_shot": NEAREST}, {"chain_of_thought": REASONED}, "chain"]
EXPORTED = ["instruction", "few_shot", "chain_of_thought", "chain"]  # labels, nearest ones, free text, several prompts

# Runs where Crossover is not, in each export's folder: the rows at once, and one in every other way.
DRIVER = """
import asyncio, importlib, json, os, sys
wanted, found = json.load(sys.stdin), {}
for name, (folder, texts) in wanted.items():
    os.chdir(folder)
    sys.path.insert(0, folder)
    module = importlib.import_module("chain")
    chain = module.load()
    ways = [chain.invoke(texts[0]), asyncio.run(chain.ainvoke({"input": texts[0]})), "".join(chain.stream(texts[0]))]
    try:
        chain.invoke("endless " * 3000)
    except Exception as error:
        ways += [type(error).__name__, str(error)]
    found[name] = [chain.batch(texts), ways, [type(step).__name__ for step in chain.steps]]
    sys.path.remove(folder)
    del sys.modules["chain"]
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Prompts of every kind on 50 rows of dev, and as many of test; the majority control too. The model is a random
    one of a few thousand weights, whose answers differ."""
    folder = tmp_path_factory.mktemp("prompts")
    build(folder / "model")
    rows = [{"text": text, "place": label} for label, texts in NOTES.items() for text in texts.split("|")]
    seen = [row for number, row in enumerate(rows) if number % 6]
    told = [{**row, "text": f"Listen, please: {row['text'].lower()}"} for row in seen]
    parts = {"train": rows[::6], "dev": seen, "test": told}
    for name, part in parts.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, part)), encoding="utf-8")
    steps = [
        {"name": "topic", "template": "Note: {input}\nIt is about", "max_tokens": 6},
        {"name": "place", "instruction": "Which part of the house?", "template": "{input} It is about {topic}.\nPlace:"},
    ]
    task = {
        "name": "prompts",
        "instruction": "Say which part of the house a note is about.",
        "data": {name: f"{name}.jsonl" for name in parts},
        "input": "text",
        "output": "place",
        "kind": "classify",
        "model": "model",
        "strategies": RUNGS,
        "chain": steps,
    }
    return run_study(write_task(folder / "task.yaml", task), folder / "run")


def test_the_export_answers_fifty_rows_as_measured_where_crossover_is_not(
    study: StudyFolder, bare: Bare, tmp_path: Path
) -> None:
    work = {}
    for name in EXPORTED:
        files = export(study, tmp_path / name, name, chain=True).files
        assert {"chain.py", "predict.py", "README.md"} <= set(files)
        work[name] = (str(tmp_path / name), list(recorded(study, name)))
        assert len(work[name][1]) == 50
    done = bare([sys.executable, "-c", DRIVER], given=json.dumps(work))
    assert done.returncode == 0, done.stderr
    for name, (answers, ways, steps) in json.loads(done.stdout).items():
        measured = list(recorded(study, name).values())
        assert len(set(measured)) > 1
        assert answers == measured
        assert ways[:4] == [measured[0]] * 3 + ["ModelError"]
        assert "tokens, the window is" in ways[4]
        assert [step for step in steps if "Runnable" not in step] == ["ChatPromptTemplate", "MeasuredModel", "AnswerParser"]


@pytest.mark.usefixtures("tried_bare")
def test_it_is_tried_by_replaying_measured_rows_and_the_readme_says_how_to_use_it(
    study: StudyFolder, tmp_path: Path
) -> None:
    done = export(study, tmp_path / "out", "zero_shot", check=True, chain=True)
    assert done.parity is not None
    assert done.parity.equal
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "from chain import load" in readme
    assert "all answers are as measured" in readme


def test_a_control_that_asks_nothing_is_no_chain(study: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'majority' is a control that asks nothing"):
        export(study, tmp_path / "out", "majority", chain=True)
    assert not (tmp_path / "out").exists()


def test_without_langchain_what_to_install_is_said(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'crossover\[langchain\]'"):
        open_study(study).runnable()


def test_a_study_gives_its_candidates_as_runnables(study: StudyFolder) -> None:
    found = open_study(study)
    for name in ("few_shot", "chain"):
        chain, measured = found.runnable(name), recorded(study, name)
        assert isinstance(chain, RunnableSequence)
        assert chain.batch(list(measured), {"max_concurrency": 16}) == list(measured.values())
        assert asyncio.run(chain.ainvoke(next(iter(measured)))) == next(iter(measured.values()))
    model = found.runnable("zero_shot").steps[2]
    message = model.invoke("The roses need water.")
    scores = message.response_metadata["label_scores"]
    assert set(scores) == set(NOTES)
    assert message.text == max(scores, key=scores.get)
    assert message.usage_metadata["input_tokens"] > 0
    for wrong in ({"text": "x"}, 3, None, " ", "\u200b\ufeff"):
        with pytest.raises(ValueError, match=r"valid is a text|the input is empty"):
            found.runnable("zero_shot").invoke(wrong)


PIECES = ["a", "{", "}", "{input}", "{topic}", "{other}", "{{", " ", "\n", "é", "%"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(TEXT, TEXT, TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=4), st.booleans(), TEXT)
@settings(max_examples=100)
def test_the_template_asks_as_the_renderer_does(
    instruction: str, form: str, text: str, shown: list[tuple[str, str]], nearest: bool, topic: str
) -> None:
    demonstrations = tuple(Demonstration(asked, answer, (("topic", topic),)) for asked, answer in shown)
    prompt = Prompt(instruction, form, demonstrations, "nearest" if nearest else "fixed", 2 if nearest else 0)
    renderer = Renderer(prompt)
    written = template(renderer, ["input", "topic"]).format_messages(input=text, topic=topic)
    roles = {"system": "system", "human": "user", "ai": "assistant"}
    found = tuple(Message(roles[m.type], m.content) for m in written)  # type: ignore[arg-type]
    assert found == renderer.messages(text, {"topic": topic})


DRAWN = Decoding(("spam", "ham"), pattern=r"is (\w+)", samples=3, temperature=0.5)


def by_draw(requests: Sequence[Request]) -> list[Reply]:
    return [Reply(("<think>is ham</think>It is spam.", "It is ham.", "is SPAM")[request.repeat]) for request in requests]


def test_several_draws_are_a_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = Candidate("m", Prompt("Judge."), DRAWN)
    [measured] = follow(candidate, Renderer(candidate.prompt), ["a text"], by_draw)
    chain = runnable(candidate, Renderer(candidate.prompt), by_draw)
    assert chain.invoke("a text") == measured.answer == "spam"


def test_any_chat_model_may_stand_in_and_its_text_is_read() -> None:
    def never(requests: Sequence[Request]) -> list[Reply]:
        raise AssertionError("the model that was measured is not asked")

    steps = (Step("topic", Prompt("Name it."), Decoding()),)
    candidate = Candidate("m", Prompt("Judge.", "{input} {topic}", steps=steps), Decoding(("not spam", "spam")))
    model = FakeListChatModel(responses=["money", "<think>spam?</think>The answer is **not spam**."])
    assert runnable(candidate, Renderer(candidate.prompt), never, model).invoke("a text") == "not spam"


def test_a_failed_call_is_langchains_error_and_a_stop_is_refused() -> None:
    candidate = Candidate("m")
    chain = runnable(candidate, Renderer(candidate.prompt), lambda requests: [Reply(error="too long")] * len(requests))
    with pytest.raises(ModelError, match="too long"):
        chain.invoke("a text")
    with pytest.raises(ValueError, match="'stop' is not taken"):
        chain.steps[2].invoke("a text", stop=["x"])  # type: ignore[attr-defined]


def test_requests_of_several_threads_are_asked_together() -> None:
    sizes: list[int] = []

    def complete(requests: Sequence[Request]) -> list[Reply]:
        sizes.append(len(requests))
        while len(sizes) == 1 and len(requests) + len(together._waiting) < 12:  # until all of the first have come
            time.sleep(0.001)
        if any(request.messages[0].content == "bad" for request in requests):
            raise OSError("gone")
        return [Reply(request.messages[0].content) for request in requests]

    together, found = Together(complete), {}

    def ask(text: str) -> None:
        try:
            found[text] = together.ask(Request((Message("user", text),))).text
        except OSError as error:
            found[text] = str(error)

    for texts in ([str(i) for i in range(12)], ["bad"], ["after"]):
        threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {**{str(i): str(i) for i in range(12)}, "bad": "gone", "after": "after"}
    assert (sum(sizes), len(sizes) <= 4) == (14, True), "who came while the first was asked for were asked for together"


def test_a_hosted_winner_is_asked_at_its_service_as_it_was_measured(bare: Bare, tmp_path: Path) -> None:
    words = ["red", "green", "blue"]
    lines = [f"thing {i} is {words[i % 3]},{words[i % 3]}" for i in range(60)]
    (tmp_path / "rows.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    with serving(Service(logprobs=lambda body: {said(body): -0.1}, keys={"k-123456"})) as service:
        task: dict[str, Any] = {
            "name": "colours",
            "data": "rows.csv",
            "input": "text",
            "output": "label",
            "kind": "classify",
            "model": f"openai:m?url={service.url}&key=KEY_OF_MINE",
            "strategies": ["zero_shot"],
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KEY_OF_MINE", "k-123456")
            folder = run_study(write_task(tmp_path / "task.yaml", task), tmp_path / "run")
        before = service.number
        files = export(folder, tmp_path / "out", "zero_shot", check=True, chain=True).files
        assert service.number == before, "nothing is paid for by an export"
        assert {"chain.py", "predict.py", "settings.json"} <= set(files)
        assert all("k-123456" not in (tmp_path / "out" / name).read_text() for name in files)
        measured = recorded(folder, "zero_shot")
        texts = "".join(json.dumps(text) + "\n" for text in measured)
        for script in ("chain.py", "predict.py"):
            command = [sys.executable, script, "--json"]
            for key, status in (("k-123456", 0), ("", 1)):
                done = bare(command, tmp_path / "out", texts, KEY_OF_MINE=key)
                assert done.returncode == status, done.stderr
                found = [json.loads(line) for line in done.stdout.splitlines()]
                if key:
                    assert [one["answer"] for one in found] == list(measured.values())
                else:
                    assert "the environment variable KEY_OF_MINE holds no key" in found[0]["error"]
