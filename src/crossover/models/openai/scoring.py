"""The log-probability of a given text, from llama.cpp's server, which has no route for it.

A grammar makes it write the text's own tokens, and it reports of each the log-probability that the model gave it, before
any grammar. A token that ends the turn can be in no grammar where the server knows it as such: its logit is raised, so that
it is written where the grammar allows an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.gbnf import grammar_of_tokens

SURELY = 1000.0  # added to a logit


def scorings(prompt: Sequence[int], answer: Sequence[int]) -> list[dict[str, Any]]:
    """Bodies for the route `/completion`, to be sent until `score_in` finds a score: the last token as one that ends the
    turn, and as any other."""
    body = {"prompt": [*prompt], "n_predict": len(answer), "n_probs": 1, "temperature": 0.0, "cache_prompt": True}
    ended = {"logit_bias": [[answer[-1], SURELY]], "grammar": grammar_of_tokens([answer[:-1]])}
    return [body | ended, body | {"grammar": grammar_of_tokens([answer])}]


def score_in(found: Mapping[str, Any], answer: Sequence[int]) -> float | None:
    """The sum over the answer's tokens; None where others were written. Raises `ValueError`, `KeyError` and `TypeError`."""
    written = found.get("completion_probabilities") or []
    if [int(one["id"]) for one in written] != [*answer]:
        return None
    return sum(float(one["logprob"]) for one in written)
