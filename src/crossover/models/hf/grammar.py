"""Answers that are JSON of a schema: before each token, what would leave the schema is ruled out (llguidance)."""

from __future__ import annotations

import json
from typing import Any

import llguidance
import llguidance.hf
import numpy

from crossover.errors import ModelError

KEPT = 64  # schemas: a server may be asked for any number
STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}  # json.dumps's own


class Grammars:
    """Compiles schemas for one tokenizer, and keeps the latest. `vocabulary`: how many logits the model has."""

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        self._tokenizer, self._vocabulary = tokenizer, vocabulary
        self._table: Any = None
        self._compiled: dict[str, Any] = {}

    def writer(self, schema: str) -> Writer:
        """A fresh writer of one answer. Raises `ModelError` for a schema that cannot be used."""
        if self._table is None:
            self._table = llguidance.hf.from_tokenizer(self._tokenizer, n_vocab=self._vocabulary)
        if schema not in self._compiled:
            styled = json.dumps({**json.loads(schema), "x-guidance": STYLE})
            grammar = llguidance.LLMatcher.grammar_from_lark(f"start: / ?/ answer\nanswer: %json {styled}\n")
            matcher = llguidance.LLMatcher(self._table, grammar, log_level=0)
            if matcher.is_error():
                raise ModelError(f"the answers' JSON schema cannot be used: {matcher.get_error().splitlines()[0]}")
            if len(self._compiled) >= KEPT:
                del self._compiled[next(iter(self._compiled))]
            self._compiled[schema] = matcher
        return Writer(self._compiled[schema].deep_copy(), self._vocabulary)


class Writer:
    """Where one answer is in its grammar. `error`: why it cannot be gone on with, once it came to such a place."""

    error = ""

    def __init__(self, matcher: Any, vocabulary: int) -> None:
        self._matcher, self._vocabulary = matcher, vocabulary

    def allowed(self) -> Any:
        """Which tokens may come next, as bits, the lowest first: (vocabulary / 8, rounded up) of numpy's uint8."""
        bits = numpy.frombuffer(self._matcher.compute_bitmask(), dtype=numpy.uint8)
        return bits[: -(-self._vocabulary // 8)]

    def take(self, token: int) -> bool:
        """Go on behind a token; whether the answer is complete."""
        consumed = self._matcher.consume_token(token)
        if not consumed or self._matcher.is_error():  # nothing fits, or the grammar grew beyond the library's limits
            self.error = f"it breaks off ({str(self._matcher.get_error()).splitlines()[0]})"
        return bool(self.error or self._matcher.is_stopped())
