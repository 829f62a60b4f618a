"""Behind llama.cpp's server the likeliest whole label is the answer, not the one whose beginning is likeliest."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from crossover.errors import ModelError
from crossover.models.open import open_model
from crossover.models.openai import Openai
from crossover.types import Decoding, Message, Request
from tests.llama_server import Refused, Routes, serving

pytest.importorskip("openai")
END = 2
TOO_LONG = "word " * 30
LABELS = ("transfer", "transfer fee", "top up")
ASKED = Request((Message("system", "Which?"), Message("user", "a fee")), Decoding(labels=LABELS))


def rendered(body: Any) -> Any:
    turns = [f"<{m['role']}>{' ' * (m['role'] == 'assistant')}{m['content']}</s>" for m in body["messages"]]
    return {"prompt": "".join(turns) + "<assistant>" * (body["messages"][-1]["role"] == "user")}


def tokens(body: Any) -> Any:
    parts = re.split("(</s>)", body["content"]) if body["parse_special"] else [body["content"]]
    ids = [id_ for part in parts for id_ in ([END] if part == "</s>" else map(ord, part))]
    return {"tokens": [1, *ids] if body["add_special"] else ids}


def written(seen: list[Any]) -> Any:
    """A token is likely, an end behind a `transfer` is not."""

    def route(body: Any) -> Any:
        seen.append(body)
        if len(body["prompt"]) > 100:
            raise Refused("the request exceeds the available context size")
        [[last, raised]] = body.get("logit_bias", [[None, 0]])
        named = [int(one) for one in re.findall(r"<\[(\d+)\]>", body["grammar"])]
        ids = [*named, last] if raised else named
        text = "".join(map(chr, ids[:-1]))
        each = [{"id": one, "logprob": -0.01} for one in ids]
        each[-1]["logprob"] = -3.0 if text == " transfer" else -1.0
        each[1]["logprob"] = -2.0 if text == " top up" else -0.01
        return {"completion_probabilities": each}

    return route


def routes(seen: list[Any]) -> Routes:
    return {
        "/apply-template": rendered,
        "/tokenize": tokens,
        "/props": lambda body: {"eos_token": "</s>"},
        "/completion": written(seen),
    }


def test_each_label_is_scored_whole_with_its_end() -> None:
    seen: list[Any] = []
    with serving(routes(seen)) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        assert isinstance(model, Openai)
        [first, again] = model.complete([ASKED, ASKED])
    assert first.error is None
    assert first.label_scores == again.label_scores
    assert first.label_scores == pytest.approx((-0.09 - 3.0, -0.13 - 1.0, -0.06 - 2.0 - 1.0))
    prompt = [1, *map(ord, "<system>Which?"), END, *map(ord, "<user>a fee"), END, *map(ord, "<assistant>")]
    assert all(body["prompt"] == prompt for body in seen)
    assert seen[0]["logit_bias"] == [[END, 1000.0]]
    assert first.usage.tokens_in == len(prompt)
    assert first.usage.tokens_out == sum(len(label) + 2 for label in LABELS)  # a space before, the end behind
    assert model.told == ["a label of 'llamacpp:m' is chosen by log-probability of each whole label"]
    most = replace(model).at_most(ASKED)  # before anything was found out
    assert (most.tokens_in, most.tokens_out) > (first.usage.tokens_in, first.usage.tokens_out)


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
    seen: list[Any] = []
    many = tuple(f"label {number}" for number in range(33))
    said = {"choices": [{"message": {"content": "label 7"}, "finish_reason": "stop"}], "usage": {}}
    with serving({**routes(seen), "/v1/chat/completions": lambda body: said}) as url:
        [reply] = open_model(f"llamacpp:m?url={url}/v1").complete([replace(ASKED, decoding=Decoding(labels=many))])
    assert (reply.text, seen) == ("label 7", [])


def test_a_prompt_that_is_too_long_is_a_failed_call_and_changes_no_way() -> None:
    seen: list[Any] = []
    with serving(routes(seen)) as url:
        model = open_model(f"llamacpp:m?url={url}/v1")
        [long] = model.complete([replace(ASKED, messages=(Message("user", TOO_LONG),))])
        [short] = model.complete([ASKED])
    assert "status 400" in str(long.error) or "answered 400" in str(long.error)
    assert short.label_scores


def test_whole_labels_are_llama_cpps_alone() -> None:
    with pytest.raises(ModelError, match=r"scored by llama\.cpp's server alone"):
        open_model("vllm:m?labels=whole")
    assert "labels=whole" in open_model("llamacpp:m").identity  # what a grammar chose is another answer
    assert "labels" not in open_model("vllm:m").identity
