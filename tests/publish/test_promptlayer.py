"""PromptLayer: a prompt goes there and comes back the same, to the byte; answers go there once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from crossover.engine.conversation import conversation, prompt_of
from crossover.errors import CrossoverError, DataError, OptionError, StudyError
from crossover.importing.folder import body_of, write
from crossover.importing.open import read
from crossover.importing.promptlayer import messages_of, turns_of
from crossover.publish.open import publish
from crossover.publish.promptlayer import template_of
from crossover.strategies.given import read_messages
from crossover.study.folder import StudyFolder, read_json, write_json
from crossover.study.read import read_candidate, read_results
from crossover.types import Message, Prompt, to_json
from tests.cli.small import Terminal
from tests.engine.test_conversation import PROMPTS
from tests.publish.layer import Layer
from tests.publish.local import running

KEY = "pl-test"


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Layer]:
    at = Layer(keys=(KEY,))
    with running(at):
        monkeypatch.setenv("PROMPTLAYER_API_KEY", KEY)
        monkeypatch.setenv("PROMPTLAYER_BASE_URL", at.url)
        yield at


@given(PROMPTS)
def test_a_template_means_the_prompt_to_the_byte(prompt: Prompt) -> None:
    messages = tuple(conversation(prompt))
    template = json.loads(json.dumps(template_of(messages)))
    assert messages_of(turns_of(template, "it"), "it") == messages
    from promptlayer.template_cache import render_response  # as its own client fills it in

    filled = render_response({"prompt_template": template}, {"input": "an {input} é"})["prompt_template"]["messages"]
    texts = [message["content"][0]["text"] for message in filled]
    assert texts == [one.content for one in messages[:-1]] + [messages[-1].content.replace("{input}", "an {input} é")]


HARD = [
    Message("system", "Labels: {a}, {{b}}, %} {% raw %} {{ input }} {input}\n\n é e\u0301 \u200b\U0001f600 \\n"),
    Message("user", "Text: x}{\r\nLabel:"),
    Message("assistant", '{"json": {"a": [1, {}]}}'),
    Message("user", "Text: {{x}} {input}\r\nLabel:"),
    Message("assistant", ""),
    Message("user", "Text: {input}\r\nLabel:"),
]


def test_a_hard_prompt_goes_there_and_back_through_the_commands(
    made: StudyFolder, layer: Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt, run = prompt_of(HARD), Terminal(monkeypatch, capsys)
    copy = with_prompt(made, tmp_path, prompt)
    sent = run("publish", copy.path, "--to", "promptlayer", "--label", "production", "-c", "zero_shot", "--rows")
    assert sent.status == 0, sent.err
    back = run("import", "promptlayer:parcels@production", "--out", tmp_path / "back")
    assert back.status == 0, back.err
    assert "given: {prompt: prompt.json}" in back.out
    assert read_messages(tmp_path / "back" / "prompt.json") == prompt
    assert json.loads((tmp_path / "back" / "prompt.json").read_text()) == to_json(HARD)


def with_prompt(study: StudyFolder, folder: Path, prompt: Prompt) -> StudyFolder:
    """A copy whose zero_shot candidate has another prompt."""
    copy = StudyFolder(Path(shutil.copytree(study.path, folder / "copy")))
    file = copy.candidate(read_candidate(copy, "zero_shot")[1]["id"])
    write_json(file, read_json(file) | {"prompt": to_json(prompt)})
    return copy


def test_the_template_says_what_it_is(made: StudyFolder, layer: Layer) -> None:
    done = publish(made, "promptlayer", candidate="instruction", label="production")
    [kept] = layer.templates["parcels"]
    assert kept["tags"] == ["crossover"]
    assert "instruction" in kept["commit_message"]
    assert layer.labels == {("parcels", "production"): 1}
    assert done.sent == ("the prompt of 'instruction' as 'production': version 1 of 'parcels'",)
    assert layer.requests == []


def test_a_label_that_stays_elsewhere_is_said(made: StudyFolder, layer: Layer) -> None:
    publish(made, "promptlayer", candidate="instruction", label="production")
    layer.moves = False
    with pytest.raises(StudyError, match="under the label 'production' another one is given back; move the label by hand"):
        publish(made, "promptlayer", candidate="zero_shot", label="production")


def test_a_service_that_changes_the_text_is_said(made: StudyFolder, layer: Layer) -> None:
    answer = layer._get

    def stripped(name: str, body: dict[str, Any]) -> Any:
        status, found = answer(name, body)
        return status, json.loads(json.dumps(found).replace("Topic:", "Topic: ").replace("Label:", "Label: "))

    layer._get = stripped  # type: ignore[method-assign]
    with pytest.raises(StudyError, match="another one is given back"):
        publish(made, "promptlayer", candidate="instruction")


def test_answers_go_there_with_their_scores_each_once(made: StudyFolder, layer: Layer) -> None:
    publish(made, "promptlayer", candidate="instruction", label="production", rows=True)
    report = next(one for one in read_results(made).candidates if one.name == "instruction")
    assert report.test is not None
    assert len(layer.requests) == report.test.n
    assert sum(one["score"] for one in layer.requests) == pytest.approx(100 * report.test.n * report.test.value)
    [first, *_] = layer.requests
    assert first["prompt_name"] == "parcels"
    assert first["prompt_version_number"] == 1
    assert first["score_name"] == "accuracy"
    assert first["prompt_input_variables"]["input"] in first["input"]["messages"][-1]["content"][0]["text"]
    assert first["output"]["messages"][0]["role"] == "assistant"
    assert first["metadata"]["gold"]
    again = publish(made, "promptlayer", candidate="instruction", label="production", rows=True)
    assert len(layer.requests) == report.test.n
    assert any(f"{report.test.n} of them were there" in sentence for sentence in again.sent)


def test_a_kill_in_the_middle_of_a_note_costs_one_answer(made: StudyFolder, layer: Layer, tmp_path: Path) -> None:
    copy = StudyFolder(Path(shutil.copytree(made.path, tmp_path / "copy", ignore=shutil.ignore_patterns("published*"))))
    publish(copy, "promptlayer", candidate="instruction", rows=True)
    count, notes = len(layer.requests), copy.path / "published.jsonl"
    notes.write_text(notes.read_text()[:-20])
    publish(copy, "promptlayer", candidate="instruction", rows=True)
    publish(copy, "promptlayer", candidate="instruction", rows=True)
    assert len(layer.requests) == count + 1


def test_a_hosted_model_is_named_as_promptlayer_runs_it(made: StudyFolder, layer: Layer, tmp_path: Path) -> None:
    copy = with_prompt(made, tmp_path, Prompt("Be brief.", "{input}"))
    _, row = read_candidate(copy, "zero_shot")
    file = copy.candidate(row["id"])
    for spec, wanted in {"openai:gpt-5-mini": ("openai", "gpt-5-mini"), "openai:m?url=http://h/v1": None}.items():
        write_json(file, read_json(file) | {"model": spec})
        publish(copy, "promptlayer", candidate="zero_shot", name=f"n{len(layer.templates)}")
        metadata = list(layer.templates.values())[-1][0]["metadata"]
        assert (metadata and (metadata["model"]["provider"], metadata["model"]["name"])) == wanted


def test_no_key_is_a_sentence(made: StudyFolder, layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMPTLAYER_API_KEY")
    with pytest.raises(OptionError, match="PROMPTLAYER_API_KEY holds no key"):
        publish(made, "promptlayer", candidate="instruction")
    with pytest.raises(OptionError, match="PROMPTLAYER_API_KEY holds no key"):
        read([Path("promptlayer:a")])


def test_a_wrong_key_is_said_and_not_shown(made: StudyFolder, layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTLAYER_API_KEY", "pl-wrong-0123456789")
    with pytest.raises(StudyError, match="Invalid API key …; nothing was published"):
        publish(made, "promptlayer", candidate="instruction")
    with pytest.raises(DataError, match=r"did not give 'parcels': .*Invalid API key …"):
        read([Path("promptlayer:parcels")])


def kept(layer: Layer, template: Any, name: str = "mine") -> None:
    layer.templates[name] = [{"prompt_template": template}]


def message(role: str, text: str, form: str = "f-string") -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}], "template_format": form}


@pytest.mark.parametrize(
    ("template", "messages", "instruction", "wording"),
    [
        (
            [message("system", "Be {{so}}."), message("user", "{question}")],
            "Be {so}.|{input}",
            "Be {so}.",
            "question",
        ),
        ([message("user", "Q: {{ q }}\nA:\n", "jinja2")], "Q: {input}\nA:", "", "Q: {q}\nA:"),
        ([message("user", "{a} and {b} }}")], "", "", "{a} and {b} }}"),
        ([message("system", "For {who}."), message("user", "{q}")], "", "", "q"),
        ([message("developer", "x"), message("user", "{q} {{input}}")], "", "x", "{q} {{input}}"),
    ],
)
def test_prompts_of_others_are_read(
    template: list[Any], messages: str, instruction: str, wording: str, layer: Layer, tmp_path: Path
) -> None:
    kept(layer, {"type": "chat", "messages": template})
    [reading] = read([Path("promptlayer:mine")])
    [found] = reading.wordings
    assert "|".join(one.content for one in found.messages) == messages
    assert (found.instruction, found.template) == (instruction, wording)
    assert bool(reading.remarks) == (not messages)
    write(tmp_path / "out", [reading], body_of([reading]))
    assert (tmp_path / "out" / "prompt.json").exists() == bool(messages)


def test_a_completion_is_one_message(layer: Layer) -> None:
    kept(layer, {"type": "completion", "content": [{"type": "text", "text": "Say {x}"}], "template_format": "f-string"})
    [reading] = read([Path("promptlayer:mine")])
    assert reading.wordings[0].messages == (Message("user", "Say {input}"),)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([message("tool", "x")], "message 1: received the role 'tool'; valid: system, user and assistant"),
        ([message("user", "{a!r}")], "message 1 is no template that can be filled in"),
        ([message("user", "{a:>3}")], "message 1 is no template"),
        ([message("user", "{0}")], "message 1 is no template"),
        ([message("user", "lone } brace")], "message 1 is no template"),
        ([message("user", "{% for a in b %}{% endfor %}", "jinja2")], "has more of Jinja than names"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "content of the type 'image_url'"),
        ([], "has no messages"),
    ],
)
def test_a_template_with_more_than_text_is_named(written: list[Any], told: str, layer: Layer) -> None:
    kept(layer, {"type": "chat", "messages": written})
    with pytest.raises(DataError, match="the prompt 'mine'.*" + told):
        read([Path("promptlayer:mine")])


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("promptlayer:", "valid is promptlayer:NAME@LABEL"),
        ("promptlayer:@production", "valid is promptlayer:NAME@LABEL"),
        ("promptlayer:none", "PromptLayer has no prompt 'none'"),
        ("promptlayer:mine@next", "PromptLayer has no prompt 'mine' labelled 'next'"),
    ],
)
def test_what_is_not_there_is_said(spec: str, told: str, layer: Layer) -> None:
    kept(layer, {"type": "chat", "messages": [message("user", "{q}")]})
    with pytest.raises(CrossoverError, match=told):
        read([Path(spec)])
