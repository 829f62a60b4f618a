"""Labels by the log-probabilities of an answer's first token, where a service gives enough of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.gbnf import grammar_of_texts
from crossover.models._presets import Constraint

SURE = 0.5  # of the first token's probability, that has to fall on beginnings of labels
UNCLEAR = 0.01  # of it, that may fall on what begins several labels
NEVER = 1e-9  # the probability of what is not listed, where the list is all there is
MOST_LABELS = 500  # that a schema or grammar lists
FIELD = "label"


def scores_of(labels: Sequence[str], top: Mapping[str, float]) -> tuple[float, ...] | None:
    """The log-probability of each label, of the first token's (`top`: token -> log-probability), or None: not enough.

    A token counts for the one label that it begins. A label that none of them begins is at most as probable as the least of
    them, and as all that is not listed: it gets the less of both. None where the tokens that begin several
    labels, or none, have more than their share.
    """
    mass = [0.0] * len(labels)
    unclear = 0.0
    for token, logprob in top.items():
        text = token.lstrip()
        begun = [place for place, label in enumerate(labels) if text and label.startswith(text)]
        if len(begun) == 1:
            mass[begun[0]] += math.exp(logprob)
        elif len(begun) > 1:
            unclear += math.exp(logprob)
    if sum(mass) < SURE or unclear > UNCLEAR:
        return None
    rest = 1.0 - sum(math.exp(logprob) for logprob in top.values())
    least = min(*top.values(), math.log(max(rest, NEVER)))
    return tuple(min(0.0, math.log(part)) if part else least for part in mass)


def held_to(labels: Sequence[str], constraint: Constraint) -> dict[str, Any]:
    """What is added to a request so that its answer is one of the labels; nothing where the service cannot."""
    if constraint == "none" or len(labels) > MOST_LABELS:
        return {}
    if constraint == "choice":
        return {"structured_outputs": {"choice": list(labels)}}
    if constraint == "grammar":
        return {"grammar": grammar_of_texts(labels)}
    field = {"type": "string", "enum": list(labels)}
    return formed({"type": "object", "properties": {FIELD: field}, "required": [FIELD], "additionalProperties": False})


def formed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What is added to a request so that its answer is JSON of a schema; strictly where all fields are required."""
    strict = sorted(schema.get("required", ())) == sorted(schema.get("properties", ()))
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": strict, "schema": schema}}
    }


def label_in(text: str) -> str:
    """The label in an answer that was held to a schema; the text itself where it is none."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    return body[FIELD] if isinstance(body, dict) and isinstance(body.get(FIELD), str) else text
