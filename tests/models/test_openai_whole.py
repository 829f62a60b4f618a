"""Behind llama.cpp's server the likeliest whole label is the answer, not the one whose beginning is likeliest."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from crossover.errors import ModelError
from crossover.models import _http
from crossover.models.open import open_model
from crossover.models.openai import Openai
from crossover.types import Decoding, Message, Request
from tests.llama_server import Refused, Routes, serving
from tests.loopback import own_port

pytest.importorskip("openai")
END = 2
TOO_LONG = "word " * 30
LABELS = ("transfer", "transfer fee", "top up")
ASKED = Request((Message("system", "Which?"), Message("user", "a fee")), Decoding(labels=LABELS))


@dataclass
class Served:
    """A server that takes a character for a token. `marks`: its special tokens; `ends`: the one that ends a turn; `opens`:
    what a prompt for an answer ends with, unless it is told not to think; `system`: whether its template takes one."""

    ends: str = "</s>"
    opens: str = ""
    system: bool = True
    marks: Mapping[str, int] = field(default_factory=lambda: {"</s>": END, "<turn>": 3})
    path: str = "/models/a.gguf"
    template: str = "{{ messages }}"
    silent: Sequence[int] = ()  # tokens of which it reports nothing, as they end within a character
    seen: list[Any] = field(default_factory=list)  # bodies
    told: list[Any] = field(default_factory=list)  # what templates were told

    def routes(self) -> Routes:
        caps = {"supports_system_role": self.system}
        return {
            "/apply-template": self.rendered,
            "/tokenize": lambda body: {"tokens": self.tokens(**body)},
            "/props?model=m": lambda body: {"eos_token": "</s>", "chat_template_caps": caps, **self.own},
            "/completion": self.written,
        }

    @property
    def own(self) -> Mapping[str, str]:
        return {"model_path": self.path, "chat_template": self.template}

    def rendered(self, body: Any) -> Any:
        self.told.append(body["chat_template_kwargs"])
        turns = [f"<{m['role']}>{' ' * (m['role'] == 'assistant')}{m['content']}{self.ends}" for m in body["messages"]]
        return {"prompt": "".join(turns) + f"<assistant>{self.opens}" * (body["messages"][-1]["role"] == "user")}

    def tokens(self, model: str, content: str, add_special: bool, parse_special: bool) -> list[int]:
        assert model == "m"  # a server of several models wants to be told
        parts = re.split(f"({'|'.join(self.marks)})", content) if parse_special else [content]
        ids = [id_ for part in parts for id_ in ([self.marks[part]] if part in self.marks else map(ord, part))]
        return [1, *ids] if add_special else ids

    def written(self, body: Any) -> Any:
        """A token is likely, an end behind a `transfer` is not."""
        self.seen.append(body)
        if len(body["prompt"]) > 100:
            raise Refused("the request exceeds the available context size")
        [[token, _]] = body["logit_bias"]
        if body["n_probs"] > 1:
            every = [{"id": one, "logprob": -4.0 if one in self.silent else -9.0} for one in range(256)]
            return {"completion_probabilities": [{"id": token, "logprob": -1.0, "top_logprobs": every}]}
        if token in self.silent:
            return {"completion_probabilities": []}
        said = "".join(map(chr, body["prompt"])).rpartition("<assistant>")[2]
        unlikely = {" transfer": -3.0} if token in self.marks.values() else {" t": -2.0} if token == ord("o") else {}
        usual = -1.0 if token in self.marks.values() else -0.01
        return {"completion_probabilities": [{"id": token, "logprob": unlikely.get(said, usual)}]}


def test_each_label_is_scored_whole_with_its_end() -> None:
    server = Served()
    with serving(server.routes()) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        assert isinstance(model, Openai)
        [first, again] = model.complete([ASKED, ASKED])
    assert first.error is None
    assert first.label_scores == again.label_scores
    assert first.label_scores == pytest.approx((-0.09 - 3.0, -0.13 - 1.0, -0.06 - 2.0 - 1.0))
    prompt = [1, *map(ord, "<system>Which?"), END, *map(ord, "<user>a fee"), END, *map(ord, "<assistant>")]
    once = server.seen[: len(server.seen) // 2]
    asked = [(*body["prompt"][len(prompt) :], body["logit_bias"][0][0]) for body in once]
    assert all(body["prompt"][: len(prompt)] == prompt for body in once)
    ways = [[*map(ord, f" {label}"), END] for label in LABELS]
    assert sorted(asked) == sorted({tuple(way[:end]) for way in ways for end in range(1, len(way) + 1)})  # each once
    assert (first.usage.tokens_in, first.usage.tokens_out) == (len(prompt), len(asked))
    assert model.told == ["a label of 'llamacpp:m' is chosen by log-probability of each whole label"]
    most = replace(model).at_most(ASKED)  # before anything was found out
    assert (most.tokens_in, most.tokens_out) > (first.usage.tokens_in, first.usage.tokens_out)


def test_a_server_that_is_started_anew_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "WAIT", 0.01)
    monkeypatch.setattr(_http, "SOON", 0.03)
    requests = [replace(ASKED, messages=(Message("user", f"fee {number}"),)) for number in range(6)]
    with serving(Served().routes(), own_port()) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        [before] = model.complete([ASKED])
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(model.complete, [ASKED, *requests])
        time.sleep(0.6)  # six tries of each and thrice as many refusals in all were long enough
        assert not asked.done()
        with serving(Served().routes(), int(url.rpartition(":")[2])):
            replies = asked.result(60)
    assert [reply.error for reply in replies] == [None] * 7
    assert replies[0].label_scores == before.label_scores


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Served(path="/models/b.gguf"), r"was '/models/a\.gguf' and is '/models/b\.gguf' now: start it with the one"),
        (Served(template="{{ other }}"), "has another chat template now than before"),
    ],
)
def test_a_server_that_is_started_anew_with_another_model_ends_it(other: Served, said: str) -> None:
    with serving(Served().routes(), own_port()) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        model.complete([ASKED])
    with serving(other.routes(), int(url.rpartition(":")[2])), pytest.raises(ModelError, match=said):
        model.complete([ASKED])
    assert other.seen == [], "no label of the one was written by the other"


def test_a_server_without_these_routes_is_held_to_a_grammar() -> None:
    chats: list[Any] = []

    def chat(body: Any) -> Any:
        chats.append(body)
        return {"choices": [{"message": {"content": "top up"}, "finish_reason": "stop"}], "usage": {}}

    with serving({"/v1/chat/completions": chat}) as url:
        [reply] = open_model(f"llamacpp:m?url={url}/v1").complete([ASKED])
    assert (reply.text, reply.label_scores, reply.error) == ("top up", (), None)
    assert chats[-1]["grammar"] == 'root ::= "transfer" | "transfer fee" | "top up"'


def test_of_many_labels_none_is_a_request_of_its_own() -> None:
    server = Served()
    many = tuple(f"label {number}" for number in range(33))
    said = {"choices": [{"message": {"content": "label 7"}, "finish_reason": "stop"}], "usage": {}}
    with serving({**server.routes(), "/v1/chat/completions": lambda body: said}) as url:
        [reply] = open_model(f"llamacpp:m?url={url}/v1").complete([replace(ASKED, decoding=Decoding(labels=many))])
    assert (reply.text, server.seen) == ("label 7", [])


def test_a_prompt_that_is_too_long_is_a_failed_call_and_changes_no_way() -> None:
    with serving(Served().routes()) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        [long] = model.complete([replace(ASKED, messages=(Message("user", TOO_LONG),))])
        [short] = model.complete([ASKED])
    assert "status 400" in str(long.error) or "answered 400" in str(long.error)
    assert short.label_scores


@pytest.mark.parametrize(
    ("server", "behind"),
    [
        (Served(ends="<turn>"), [*map(ord, "<assistant>")]),  # which is not the one that ends any text
        (Served(opens="<think>\n"), [*map(ord, "<assistant><think>\n\n</think>\n\n")]),
    ],
)
def test_a_label_stands_where_the_template_has_an_answer(server: Served, behind: list[int]) -> None:
    with serving(server.routes()) as url:
        [reply] = open_model(f"llamacpp:m?url={url}/v1").complete([ASKED])
    assert reply.label_scores
    prompt = server.seen[0]["prompt"]
    assert prompt[-len(behind) :] == behind
    last = {body["logit_bias"][0][0] for body in server.seen if body["prompt"][-2:] == [*map(ord, "up")]}
    assert last == {server.marks[server.ends]}
    assert all(told["enable_thinking"] is False for told in server.told)


def test_where_a_template_takes_no_system_turn_it_opens_the_users() -> None:
    server = Served(system=False)
    with serving(server.routes()) as url:
        open_model(f"llamacpp:m?url={url}/v1").complete([ASKED])
    assert server.seen[0]["prompt"] == [1, *map(ord, "<user>Which?\n\na fee"), END, *map(ord, "<assistant>")]


def test_a_token_that_ends_within_a_character_is_looked_up_among_all() -> None:
    server = Served(silent=[ord("ï"), ord("é")])
    asked = replace(ASKED, decoding=Decoding(labels=("naïve", "naéve")))
    with serving(server.routes()) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        [first], once = model.complete([asked]), len(server.seen)
        [again] = model.complete([asked])
    assert first.label_scores == again.label_scores == pytest.approx((-0.05 - 4.0 - 1.0, -0.05 - 4.0 - 1.0))
    assert len(server.seen) - once == once - 1  # what it reports nothing of is known by then
    assert sum(body["n_probs"] > 1 for body in server.seen[:once]) == 1  # for both


def test_a_probability_that_no_number_holds_is_the_least() -> None:
    server = Served()
    never = {"completion_probabilities": [{"id": ord("t"), "logprob": -3.4028234663852886e38}]}
    routes: Routes = {
        **server.routes(),
        "/completion": lambda body: never if body["logit_bias"][0][0] == ord("t") else server.written(body),
    }
    with serving(routes) as url:
        [reply] = open_model(f"llamacpp:m?url={url}/v1").complete([ASKED])
    assert reply.label_scores[0] == pytest.approx(-104 - 0.08 - 3.0)


def test_whole_labels_are_llama_cpps_alone() -> None:
    with pytest.raises(ModelError, match=r"scored by llama\.cpp's server alone"):
        open_model("vllm:m?labels=whole")
    assert "labels=whole" in open_model("llamacpp:m").identity  # what a grammar chose is another answer
    assert "labels" not in open_model("vllm:m").identity
