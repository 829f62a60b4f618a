"""The log-probability of given texts, from llama.cpp's server, which has no route for it.

A token's logit is raised so far that the server writes it, and it reports the log-probability that the model gave it,
before any of that. So a text is asked for token by token, each behind those before it, which the server remembers. Of a
token that ends within a character, as it does in other alphabets, the server reports nothing, nor lets its grammars pass
it: in its place the end is written, with the log-probabilities of all tokens.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any

SURELY = 1000.0  # added to a logit
ALL = 10_000_000  # tokens of a vocabulary
LEAST = -104.0  # the logarithm of the least float32 above 0: what is below it is told as the least of all numbers

Begun = tuple[int, ...]  # the beginning of an answer
Scoring = Generator[dict[str, Any], Mapping[str, Any], tuple[float, ...] | None]


def scoring(prompt: Sequence[int], answers: Sequence[Sequence[int]], parts: set[int]) -> Scoring:
    """Bodies for the route `/completion`, each to be sent what the server says to it; at last the log-probability of each
    answer behind the prompt, or None where the server does not tell.

    Answers end with the same token. `parts` are the tokens that are known to end within a character: kept by the caller,
    and added to. Raises `ValueError`, `LookupError` and `TypeError` for what no such server says.
    """
    found: dict[Begun, float] = {}
    told: dict[Begun, dict[int, float]] = {}  # of all tokens, behind a step
    for step in dict.fromkeys(tuple(answer[:end]) for answer in answers for end in range(1, len(answer) + 1)):
        before, token = step[:-1], step[-1]
        if token not in parts and before not in told:
            written = (yield _asked(prompt, before, token, 1)).get("completion_probabilities") or []
            if written:
                if [int(one["id"]) for one in written] != [token]:
                    return None
                found[step] = _known(written[0])
                continue
            parts.add(token)
        if before not in told:
            written = (yield _asked(prompt, before, answers[0][-1], ALL)).get("completion_probabilities") or []
            told[before] = {int(one["id"]): _known(one) for whole in written for one in whole["top_logprobs"]}
        if token not in told[before]:
            return None
        found[step] = told[before][token]
    return tuple(sum(found[tuple(answer[:end])] for end in range(1, len(answer) + 1)) for answer in answers)


def _asked(prompt: Sequence[int], before: Begun, token: int, most: int) -> dict[str, Any]:
    """For the token behind the prompt and those before it, and the `most` likeliest there."""
    body = {"prompt": [*prompt, *before], "n_predict": 1, "n_probs": most, "temperature": 0.0, "cache_prompt": True}
    return body | {"logit_bias": [[token, SURELY]]}


def logprob(value: float) -> float:
    """A log-probability as a server tells it. Raises `ValueError` for what is no number, and for infinity: either would
    pass as certain."""
    if math.isnan(value) or value == math.inf:
        raise ValueError("a log-probability is no number")
    return min(0.0, max(value, LEAST))


def _known(one: Mapping[str, Any]) -> float:
    return logprob(float(one["logprob"]))
