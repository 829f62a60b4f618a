"""Whether a server answers with the adapter whose name it is asked by, and not with the bare model in its place."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crossover.models.engine.adapters import Ignored
from crossover.models.engine.ways import Ask, scores
from crossover.types import Decoding, Message, Reply, Request, Weights, to_json

SAME, FELT = 0.01, 0.1  # nats a token: less is no difference at a server, more than an adapter's 16 bits can hide

Complete = Callable[[Sequence[Request]], Sequence[Reply]]


class Another(Exception):
    """The server answered by another name than it was asked by: that."""


def question(request: Request, reply: Reply, prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> str:
    """What a reply with label scores is asked for once more by. `prompt`, `answers`: as tokens."""
    told = {"messages": to_json(request.messages), "labels": list(request.decoding.labels)}
    return json.dumps({"prompt": prompt, "answers": list(map(list, answers)), "scores": list(reply.label_scores), **told})


def apart(here: Sequence[float], there: Sequence[float], tokens: Sequence[int]) -> list[float]:
    """How far log-probabilities of the same texts are apart, a token of each. `tokens`: of each text."""
    return [abs(a - b) / count for a, b, count in zip(here, there, tokens, strict=True)]


def by_name(ask: Ask, name: str) -> Ask:
    """The same server, held to a name. vLLM says in an answer by which it was made, and may be told to take any: to one
    that it does not know, or has lost, it then answers with the bare model. Raises `Another`."""

    async def held(route: str, body: Mapping[str, Any]) -> Any:
        said = await ask(route, body)
        if (by := said.get("model", name)) != name:
            raise Another(by)
        return said

    return held


async def prove(ask: Ask, way: str, name: str, weights: Weights, known: Mapping[str, Any], here: Complete) -> None:
    """Raise `Ignored` where a server answers the question by which it is `known` (`question`) with an adapter as without
    it, and the model `here` does not."""
    if "messages" not in known:  # of an earlier version
        return
    lengths = list(map(len, known["answers"]))
    there = await scores(way, by_name(ask, name), name, known["prompt"], known["answers"])
    if max(apart(known["scores"], there, lengths)) > SAME:
        return
    asked = Request(tuple(Message(**message) for message in known["messages"]), Decoding(labels=tuple(known["labels"])))
    bare, adapted = await asyncio.to_thread(here, [asked, dataclasses.replace(asked, weights=weights)])
    if not (bare.error or adapted.error) and max(apart(bare.label_scores, adapted.label_scores, lengths)) > FELT:
        raise Ignored(
            f"the engine answers with the bare model in the place of the adapter in {weights.path}: valid is one that"
            " answers with adapters under their names (vLLM: --enable-lora), or the study without an engine"
        )
