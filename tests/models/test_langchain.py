"""Chat models and runnables of LangChain's as models: from a file, or from Python."""

from __future__ import annotations

import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langchain_core import exceptions
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import PrivateAttr, SecretStr

import crossover
from crossover.api.objects import with_objects
from crossover.engine.journal import JournalReader
from crossover.errors import MissingExtra, ModelError
from crossover.models import _http, langchain
from crossover.models.langchain import Langchain, hold
from crossover.models.langchain.described import described
from crossover.models.open import open_model
from crossover.testing.models import check_model
from crossover.types import LOST, Decoding, Message, Request

KEY = "sk-live-0123456789abcdef"
FILE = '''"""A model of mine."""
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

always = FakeListChatModel(responses=["green"])
last = RunnableLambda(lambda messages: messages[-1].text.split()[-1])
number = 3
'''


class Speaker(BaseChatModel):
    """Says the last word, under its settings; holds answers to a form where it `forms`."""

    model_name: str = "speaker"
    api_key: SecretStr = SecretStr("")
    max_tokens: int | None = None
    temperature: float | None = None
    forms: bool = False
    answer: str = ""
    reason: str = "stop"
    _fails: list[Exception] = PrivateAttr(default_factory=list)
    _asked: list[Any] = PrivateAttr(default_factory=list)

    @property
    def asked(self) -> list[Any]:
        return self._asked

    def failing(self, *errors: Exception) -> Speaker:
        self._fails += errors
        return self

    @property
    def _llm_type(self) -> str:
        return "speaker"

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **more: Any) -> ChatResult:
        self.asked.append({"max_tokens": self.max_tokens, "temperature": self.temperature, **more})
        if self._fails:
            raise self._fails.pop(0)
        text = self.answer or messages[-1].text.split()[-1]
        calls = [{"name": "answer", "args": {"label": text}, "id": "1"}] if more.get("tools") else []
        message = AIMessage(
            "" if calls else text,
            tool_calls=calls,
            response_metadata={"model_name": "speaker-1", "finish_reason": self.reason},
            usage_metadata={
                "input_tokens": 9,
                "output_tokens": 2,
                "total_tokens": 11,
                "input_token_details": {"cache_read": 4},
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def with_structured_output(self, schema: Any, *, include_raw: bool = False, **more: Any) -> Any:
        if not self.forms:
            return super().with_structured_output(schema, include_raw=include_raw, **more)
        return Former(bound=self, tools=[schema]).chain()


class Former:
    """Structured output as LangChain's own gives it with `include_raw`."""

    def __init__(self, bound: Speaker, tools: list[Any]) -> None:
        self.bound = bound.bind(tools=tools)

    def chain(self) -> Runnable[Any, Any]:
        return self.bound | RunnableLambda(
            lambda raw: {"raw": raw, "parsed": raw.tool_calls[0]["args"], "parsing_error": None}
        )


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.002)


def model(thing: Any, **options: Any) -> Langchain:
    return Langchain(hold(thing).removeprefix("langchain:"), **options)


def asked(*texts: str, **how: Any) -> list[Request]:
    return [Request((Message("system", "Be brief."), Message("user", text)), Decoding(**how)) for text in texts]


LABELS = ("spam", "not spam")


@pytest.mark.parametrize(
    "thing",
    [
        Speaker(),
        Speaker(forms=True),
        Speaker().with_retry(),
        RunnableLambda(lambda messages: messages[-1].text[-5:]),
        FakeListChatModel(responses=["yes"]),
        RunnableLambda(lambda messages: {"messages": [*messages, AIMessage("no")]}),
    ],
    ids=["chat", "structured", "with_retry", "function", "list", "agent"],
)
def test_they_keep_the_contract(thing: Any) -> None:
    check_model(model(thing, window=100))


def test_what_an_answer_took_is_told() -> None:
    [reply] = model(Speaker()).complete(asked("say this", max_tokens=7))
    assert (reply.text, reply.model, reply.finish) == ("this", "speaker-1", "stop")
    assert (reply.usage.tokens_in, reply.usage.tokens_out, reply.usage.cached_in) == (9, 2, 4)
    [reply] = model(RunnableLambda(lambda messages: "x" * 40)).complete(asked("say this"))
    assert reply.usage.tokens_in > 4, "where nothing is told it is reckoned"
    assert reply.usage.tokens_out == 14


def test_its_own_settings_stand_and_what_it_leaves_open_is_the_calls() -> None:
    for own, wanted in ((None, 7), (50, 50)):
        speaker = Speaker(max_tokens=own)
        model(speaker).complete(asked("a", max_tokens=7) + asked("b", max_tokens=7, temperature=0.5))
        assert sorted(speaker.asked, key=str) == [
            {"max_tokens": wanted, "temperature": 0.5},
            {"max_tokens": wanted, "temperature": None},
        ]
    assert model(Speaker(max_tokens=50)).at_most(asked("a")[0]).tokens_out == 50
    assert model(Speaker()).at_most(asked("a", max_tokens=7)[0]).tokens_out == 7


def test_labels_by_structured_output_where_the_model_has_it() -> None:
    speaker = Speaker(forms=True)
    chosen = model(speaker)
    requests = [*asked("it is spam", labels=LABELS), *asked("say thing", schema=json.dumps({"type": "object"}))]
    assert [reply.text for reply in chosen.complete(requests)] == ["spam", '{"label": "thing"}']
    assert speaker.asked[0]["tools"][0]["properties"]["label"]["enum"] == list(LABELS)
    [sentence] = chosen.told
    assert sentence.endswith("' is held to a form by the model's structured output")
    assert [reply.text for reply in model(speaker, labels="text").complete(asked("so: spam", labels=LABELS))] == ["spam"]
    assert "tools" not in speaker.asked[-1]


def test_labels_are_read_out_of_the_text_where_it_has_none_or_its_service_refuses_it() -> None:
    plain = model(Speaker())
    assert [reply.text for reply in plain.complete(asked("it is spam", labels=LABELS))] == ["spam"]
    assert [sentence.partition("' ")[2] for sentence in plain.told] == ["is read out of the text"]
    speaker = Speaker(forms=True).failing(exceptions.ModelInvalidRequestError("no tools here"))
    refused = model(speaker, in_flight=1)
    assert [reply.text for reply in refused.complete(asked("a spam", "b spam", labels=LABELS))] == ["spam"] * 2
    assert ["tools" in one for one in speaker.asked] == [True, False, False]
    with pytest.raises(ModelError, match="has no structured output; valid is labels=text"):
        model(Speaker(), labels="structured")


class Odd(Exception):
    """As clients have it that know nothing of LangChain's exceptions."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


def unsent(error: Exception) -> Exception:
    error.__cause__ = ConnectionRefusedError("nobody listens")
    return error


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ModelRateLimitError("busy"),
        exceptions.ModelAPIError("down"),
        unsent(exceptions.ModelConnectionError("off")),
        unsent(exceptions.ModelTimeoutError("slow")),
        Odd(503),
    ],
    ids=repr,
)
def test_what_passes_is_sent_again(error: Exception) -> None:
    speaker = Speaker().failing(error, error)
    assert [reply.text for reply in model(speaker).complete(asked("say this"))] == ["this"]
    assert len(speaker.asked) == 3


@pytest.mark.parametrize(
    ("error", "finish"),
    [
        (exceptions.ModelTimeoutError("slow"), LOST),
        (exceptions.ModelConnectionError("cut off on its way"), LOST),
        (exceptions.ContextOverflowError("too long"), ""),
        (exceptions.ModelInvalidRequestError("odd"), ""),
        (exceptions.ModelRefusalError(), LOST),
        (ValueError(f"no luck with {KEY}"), LOST),
        (Odd(422), ""),
    ],
    ids=repr,
)
def test_what_may_have_been_paid_for_or_is_refused_fails_alone(error: Exception, finish: str) -> None:
    speaker = Speaker(api_key=SecretStr(KEY)).failing(error)
    found = model(speaker, in_flight=1).complete(asked("one", "two"))
    assert [reply.finish for reply in found] == [finish, "stop"]
    assert found[0].error
    assert KEY not in found[0].error
    assert len(speaker.asked) == 2


@pytest.mark.parametrize("error", [exceptions.ModelAuthenticationError(f"bad {KEY}"), Odd(404)], ids=repr)
def test_what_no_call_would_survive_ends_it(error: Exception) -> None:
    with pytest.raises(ModelError, match="the model cannot be asked") as told:
        model(Speaker(api_key=SecretStr(KEY)).failing(error)).complete(asked("one"))
    assert KEY not in str(told.value)


def test_an_empty_a_withheld_and_a_strange_answer_are_failed_calls_and_a_late_one_is_given_up() -> None:
    for thing, why in (
        (Speaker(answer=" ", reason="length"), "the model's answer is empty, after 2 tokens"),
        (Speaker(reason="content_filter"), "the model withheld the answer"),
        (
            RunnableLambda(lambda messages: AIMessage("", additional_kwargs={"refusal": "I can't."})),
            "the model refused to answer: I can't.",
        ),
        (
            RunnableLambda(lambda messages: AIMessage([{"type": "refusal", "refusal": "I can't."}])),
            "the model refused to answer: I can't.",
        ),
        (RunnableLambda(lambda messages: 3), "the model gave a int; valid is a message or a text"),
    ):
        [reply] = model(thing).complete(asked("one"))
        assert reply.error == why
        assert (reply.finish == LOST) == (not reply.usage.tokens_in), "what it took counts as the most where it is not told"
    over = threading.Event()
    slow = RunnableLambda(lambda messages: over.wait(60) and "late")
    [reply] = model(slow, timeout=0.05).complete(asked("one"))
    over.set()
    assert (reply.error, reply.finish) == ("no answer within 0.05 seconds", LOST)


def test_identity_is_class_and_parameters_and_never_a_key() -> None:
    def named(**fields: Any) -> str:
        return model(Speaker(**fields)).identity

    assert named() == named(api_key=SecretStr(KEY)) == named(cache=False)
    assert len({named(), named(model_name="other"), named(temperature=0.3), named(forms=True)}) == 4
    assert named().startswith("langchain Speaker ")
    chain = ChatPromptTemplate.from_messages([("human", "{x}")]) | Speaker(api_key=SecretStr(KEY))
    assert KEY not in json.dumps(described({"a": chain, "default_headers": {"x": KEY}, "url": "https://me:pw@host/v1"}))
    one, two = (RunnableLambda(lambda m: "a"), RunnableLambda(lambda m: "b"))
    assert model(one).identity != model(two).identity
    assert described(one) == described(RunnableLambda(lambda m: "a"))


class Plain(Runnable[Any, str]):
    """A runnable without fields."""

    def __init__(self, word: str, api_key: str = "") -> None:
        self.word, self.api_key, self.client = word, api_key, object()

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> str:
        return self.word


def test_identity_is_also_what_a_function_is_bound_to_and_what_a_runnable_keeps() -> None:
    def saying(word: str, api_key: str = "") -> Runnable[Any, str]:
        def said(messages: Any) -> str:
            return f"{word}{said.__name__ if api_key else ''}"

        return RunnableLambda(said)

    def given(messages: Any, word: str = "a") -> str:
        return word

    ways: list[Any] = [saying, Plain, lambda word, _="": RunnableLambda(partial(given, word=word))]
    ways.append(lambda word, key="": RunnableLambda(Plain(word, key).invoke))
    for way in ways:
        assert described(way("a", KEY)) == described(way("a", ""))
        assert described(way("a")) != described(way("b"))
        assert KEY not in str(described(way("a", KEY)))
    assert hold(Plain("a")) != hold(Plain("b"))


def test_objects_stand_wherever_a_task_names_a_model() -> None:
    speaker = Speaker()
    keys = with_objects({"models": {"a": {"spec": speaker, "local": True}, "b": "pocket"}, "model": speaker, "seed": 1})
    assert keys == {
        "models": {"a": {"spec": hold(speaker), "local": True}, "b": "pocket"},
        "model": hold(speaker),
        "seed": 1,
    }
    assert hold(speaker) == hold(Speaker())


def test_a_file_of_the_users_is_run_and_hashed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FILE)
    found = open_model("langchain:mine.py:last", tmp_path)
    assert [reply.text for reply in found.complete(asked("say this"))] == ["this"]
    assert isinstance(found, Langchain)
    assert found.code is not None
    assert found.code[0] == tmp_path / "mine.py"
    assert not found.local
    assert open_model("langchain:mine.py:last?local=true&window=9", tmp_path).local
    (tmp_path / "mine.py").write_text(FILE + "# other\n")
    assert open_model("langchain:mine.py:last", tmp_path).identity != found.identity


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("langchain:mine.py:lost", r"mine\.py has no 'lost'; did you mean 'last'\? valid: always, last"),
        ("langchain:mine.py:number", r"mine\.py has 'number', a int and no chat model or runnable"),
        ("langchain:none.py:last", r"there is no file none\.py with a model 'last'"),
        ("langchain:mine.py", r"names no model; valid is langchain:FILE\.py:NAME"),
        ("langchain:", r"names no model; valid is langchain:FILE\.py:NAME"),
        ("langchain:broken.py:x", r"broken\.py, line 2: ZeroDivisionError"),
        ("langchain:python/Speaker-0", r"handed over in Python, and not in this process"),
        ("langchain:mine.py:last?in_flight=0", r"in_flight and timeout are numbers above 0"),
        ("langchain:mine.py:last?speed=1", r"no option 'speed'"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(spec: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "broken.py").write_text("x = 0\n1 / x\n")
    with pytest.raises(ModelError, match=sentence):
        open_model(spec, tmp_path)


def test_without_langchain_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(langchain.importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'crossover\[langchain\]'"):
        Langchain("mine.py:last")


def test_a_study_of_an_object_from_python_and_of_one_in_a_file(tmp_path: Path) -> None:
    words = ["red", "green", "blue"]
    rows = [{"text": f"thing {i} is {words[i % 3]}", "label": words[i % 3]} for i in range(60)]
    speaker = Speaker(forms=True)
    keys: dict[str, Any] = {
        "input": "text",
        "output": "label",
        "name": "colours",
        "strategies": ["majority", "zero_shot"],
        "forgetting": False,
    }
    study = crossover.run_study(data=rows, model=speaker, out=tmp_path / "one", **keys)
    assert study.verdict.choice == "zero_shot"
    assert study.predict("it is blue")[0].text == "blue"
    calls = len(speaker.asked)
    assert crossover.run_study(data=rows, model=speaker, out=tmp_path / "one", **keys).verdict.choice == "zero_shot"
    assert len(speaker.asked) == calls, "nothing is asked twice"
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = {**keys, "data": "rows.jsonl", "model": "langchain:mine.py:last"}
    (tmp_path / "task.yaml").write_text(json.dumps(task))
    study = crossover.run_study(tmp_path / "task.yaml", out=tmp_path / "two")
    assert study.verdict.choice == "zero_shot"
    journal = JournalReader(study.folder.journal)
    said = journal.fact("assumptions")
    journal.close()
    assert any(sentence.startswith("the model langchain:mine.py:last runs the code in ") for sentence in said)
