"""The log-probability of given texts, from llama.cpp's server, which has no route for it.

A token's logit is raised so far that the server writes it, and it reports the log-probability that the model gave it,
before any of that. So a text is asked for token by token, each behind those before it, which the server remembers. No
grammar could do it at once: llama.cpp's let no token pass that is a part of a character, as it is in other alphabets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SURELY = 1000.0  # added to a logit
LEAST = -104.0  # the logarithm of the least float32 above 0: what is below it is told as the least of all numbers


def steps(answers: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """The beginnings of answers, each once and behind those that it goes on from."""
    yield from dict.fromkeys(tuple(answer[:end]) for answer in answers for end in range(1, len(answer) + 1))


def asked_for(prompt: Sequence[int], step: Sequence[int]) -> dict[str, Any]:
    """A body for the route `/completion`: the last token of a step, behind the prompt and the tokens before it."""
    *before, token = step
    body: dict[str, Any] = {"prompt": [*prompt, *before], "n_predict": 1, "n_probs": 1, "temperature": 0.0}
    return body | {"cache_prompt": True, "logit_bias": [[token, SURELY]]}


def logprob_in(found: Mapping[str, Any], token: int) -> float | None:
    """The token's log-probability; None where another was written. Raises `ValueError`, `KeyError` and `TypeError`."""
    written = found.get("completion_probabilities") or []
    if [int(one["id"]) for one in written] != [token]:
        return None
    return min(0.0, max(float(written[0]["logprob"]), LEAST))


def sums(answers: Sequence[Sequence[int]], logprobs: Mapping[tuple[int, ...], float]) -> tuple[float, ...]:
    """The log-probability of each whole answer, of those of all `steps`."""
    return tuple(sum(logprobs[tuple(answer[:end])] for end in range(1, len(answer) + 1)) for answer in answers)
