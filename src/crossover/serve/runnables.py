"""A candidate as one of LangChain's runnables: `ChatPromptTemplate | model | parser`, a step of a chain before the next."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from langchain_core import exceptions
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.example_selectors import BaseExampleSelector
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import BaseOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult, Generation
from langchain_core.prompts import (
    AIMessagePromptTemplate,
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    HumanMessagePromptTemplate,
)
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough
from pydantic import PrivateAttr

from crossover.data.text import is_blank
from crossover.engine.answer import prediction, vote
from crossover.engine.follow import each_call
from crossover.engine.render import Renderer, filled
from crossover.types import Candidate, Decoding, Message, Reply, Request, Role

Complete = Callable[[Sequence[Request]], Sequence[Reply]]
INPUT = "input"
SCORES = "label_scores"  # in a message's response_metadata: label -> log-probability
SPEAKERS: Mapping[str, Role] = {"system": "system", "human": "user", "ai": "assistant"}


def runnable(candidate: Candidate, renderer: Renderer, complete: Complete, model: Any = None) -> Runnable[Any, str]:
    """A candidate from a text, or a mapping with it as `input`, to its answer. `renderer`: of its prompt.

    `complete` answers its requests; where there is a `model`, any of LangChain's chat models, that does. A call that fails
    raises LangChain's `ModelError`; what is no text, or an empty one, a `ValueError`.
    """
    together, steps = Together(complete), candidate.prompt.steps
    names = [INPUT, *(step.name for step in steps)]

    def asking(own: Renderer, decoding: Decoding) -> Runnable[Any, str]:
        prompt, parser = template(own, names), AnswerParser(decoding)
        answering = MeasuredModel(together, decoding, candidate) if model is None else model
        if decoding.samples == 1:
            return prompt | answering | parser
        draws = range(decoding.samples)
        drawn = {str(draw): answering.bind(repeat=draw) if model is None else answering for draw in draws}
        return prompt | RunnableParallel(drawn) | RunnableLambda(parser.elected)

    found: Runnable[Any, Any] = RunnableLambda(text_in)
    for step, own in zip(steps, renderer.steps, strict=True):
        found = found | RunnablePassthrough.assign(**{step.name: asking(own, step.decoding)})
    return found | asking(renderer, candidate.decoding)


def text_in(given: Any) -> dict[str, str]:
    """What the first prompt takes. Raises `ValueError`."""
    text = given.get(INPUT) if isinstance(given, Mapping) else given
    if not isinstance(text, str):
        raise ValueError(f"received a {type(text).__name__}; valid is a text, or a mapping with a text as '{INPUT}'")
    if is_blank(text):
        raise ValueError("the input is empty")
    return {INPUT: text}


def template(renderer: Renderer, names: Sequence[str]) -> ChatPromptTemplate:
    """A renderer's prompt, with `names` as its variables."""
    prompt = renderer.prompt
    parts: list[Any] = [SystemMessage(prompt.instruction)] if prompt.instruction else []
    if prompt.selection != "fixed" and prompt.demonstrations:
        turn = [HumanMessagePromptTemplate.from_template("{asked}"), AIMessagePromptTemplate.from_template("{answer}")]
        nearest = FewShotChatMessagePromptTemplate(
            input_variables=[INPUT],
            example_selector=Nearest(renderer),
            example_prompt=ChatPromptTemplate.from_messages(turn),
        )
        parts.append(nearest)
    else:
        for one in turns(renderer, ""):
            parts += [HumanMessage(one["asked"]), AIMessage(one["answer"])]
    parts.append(HumanMessagePromptTemplate.from_template(as_f_string(prompt.template, names)))
    return ChatPromptTemplate.from_messages(parts)


def turns(renderer: Renderer, text: str) -> list[dict[str, str]]:
    """The demonstrations before an input, each as what the user says and the answer to it."""
    form = renderer.prompt.template
    return [
        {"asked": filled(form, {**dict(one.steps), INPUT: one.input}), "answer": one.output} for one in renderer.shown(text)
    ]


def as_f_string(form: str, names: Sequence[str]) -> str:
    """A template of ours as LangChain reads one: braces that are no name's are doubled."""
    parts = re.split(r"\{(\w+)\}", form)
    named = [f"{{{part}}}" if odd % 2 and part in names else f"{{{{{part}}}}}" for odd, part in enumerate(parts)]
    plain = [part.replace("{", "{{").replace("}", "}}") for part in parts]
    return "".join(named[odd] if odd % 2 else plain[odd] for odd in range(len(parts)))


class Nearest(BaseExampleSelector):
    """The demonstrations that are most similar to an input, the most similar last."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def add_example(self, example: dict[str, str]) -> Any:
        """Raises `NotImplementedError`: what is shown is what was measured."""
        raise NotImplementedError("the demonstrations are those that were measured")

    def select_examples(self, input_variables: dict[str, str]) -> list[dict[str, Any]]:
        """Those before the input among the variables."""
        return [*turns(self._renderer, input_variables[INPUT])]


class Together:
    """Requests of several threads at once: who comes first asks for all that are waiting."""

    def __init__(self, complete: Complete) -> None:
        self._complete, self._asking = complete, threading.Lock()
        self._waiting: deque[tuple[Request, Future[Reply]]] = deque()

    def ask(self, request: Request) -> Reply:
        """The reply to a request. Raises what `complete` raises."""
        found: Future[Reply] = Future()
        self._waiting.append((request, found))
        with self._asking:
            if not found.done():
                self._answer([self._waiting.popleft() for _ in range(len(self._waiting))])
        return found.result()

    def _answer(self, taken: Sequence[tuple[Request, Future[Reply]]]) -> None:
        try:
            replies = self._complete([request for request, _ in taken])
        except BaseException as error:  # noqa: BLE001  it is raised by each who waits
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), reply in zip(taken, replies, strict=True):
            future.set_result(reply)


class MeasuredModel(BaseChatModel):
    """What answers a candidate's calls as it was measured: a label by its log-probability, which the message's
    `response_metadata` then has of each."""

    _together: Any = PrivateAttr()
    _decoding: Any = PrivateAttr()
    _candidate: Any = PrivateAttr()

    def __init__(self, together: Together, decoding: Decoding, candidate: Candidate) -> None:
        super().__init__()
        self._together, self._decoding, self._candidate = together, each_call(decoding), candidate

    @property
    def _llm_type(self) -> str:
        return "crossover"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self._candidate.model, "candidate": self._candidate.id}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if stop:
            raise ValueError("it ends its answers where it was measured to: 'stop' is not taken")
        said = tuple(Message(SPEAKERS[message.type], str(message.text)) for message in messages)
        request = Request(said, self._decoding, self._candidate.weights, kwargs.get("repeat", 0))
        reply = self._together.ask(request)
        if reply.error is not None:
            raise exceptions.ModelError(reply.error)
        return ChatResult(generations=[ChatGeneration(message=as_message(reply, self._decoding.labels))])


class AnswerParser(BaseOutputParser[str]):
    """The answer in a message, as it was measured: never a thought, and a label where it states one."""

    _decoding: Any = PrivateAttr()

    def __init__(self, decoding: Decoding) -> None:
        super().__init__()
        self._decoding = decoding

    @property
    def _type(self) -> str:
        return "crossover_answer"

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> str:
        """By the log-probabilities of labels, where the message has them."""
        message = getattr(result[0], "message", None)
        return self.parse(result[0].text) if message is None else prediction(as_reply(message), self._decoding)

    def parse(self, text: str) -> str:
        """In plain text."""
        return prediction(Reply(text), self._decoding)

    def elected(self, drawn: Mapping[str, BaseMessage]) -> str:
        """The most frequent answer of several messages."""
        return vote([as_reply(message) for message in drawn.values()], self._decoding)[1]


def as_message(reply: Reply, labels: Sequence[str]) -> AIMessage:
    """A reply as LangChain has one; its text is the most probable label where the model gave nothing but these."""
    scores, usage = reply.label_scores, reply.usage
    text = reply.text or (labels[scores.index(max(scores))] if scores else "")
    tokens = {
        "input_tokens": usage.tokens_in,
        "output_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }
    return AIMessage(
        text,
        response_metadata={SCORES: dict(zip(labels, scores, strict=True))} if scores else {},
        usage_metadata=tokens if usage.tokens_in else None,
    )


def as_reply(message: BaseMessage) -> Reply:
    """The inverse of `as_message`; of another model's message its text."""
    return Reply(str(message.text), tuple(message.response_metadata.get(SCORES, {}).values()))
