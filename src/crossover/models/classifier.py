"""A linear classifier over sentence embeddings: labels without a language model."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from crossover.errors import ModelError, OptionError
from crossover.models.base import CONTROL, Runtime
from crossover.models.embedding import VARIABLE, Embedder, need_embedder
from crossover.types import Candidate, Message, Reply, Request, Usage, Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEAD = "head.safetensors"
UNSEEN = -100.0  # the log-probability, in nats, of a label that no training row had


@dataclass(frozen=True)
class Head:
    """A softmax over `labels`: `coefficients` (labels, width) times the embedding, plus `intercepts` (labels,)."""

    labels: tuple[str, ...]
    coefficients: NDArray[Any]
    intercepts: NDArray[Any]

    def scores(self, vector: NDArray[Any], labels: Sequence[str]) -> tuple[float, ...]:
        """The log-probability of each of `labels`, of an embedding (width,)."""
        logits = self.coefficients.astype("float64") @ vector + self.intercepts
        top = logits.max()
        logs = numpy.minimum(logits - top - numpy.log(numpy.exp(logits - top).sum()), 0.0)
        known = {label: max(float(log), UNSEEN) for label, log in zip(self.labels, logs, strict=True)}
        return tuple(known.get(label, UNSEEN) for label in labels)


def save_head(head: Head, embedder: Embedder, folder: Path) -> Weights:
    """Write a head to `folder`/head.safetensors, with its labels and what embeddings it reads in the file's header."""
    made_for = {"labels": head.labels, "embedding": embedder.name, "fingerprint": embedder.fingerprint}
    tensors = {  # in C order: safetensors writes the memory as it lies
        "coefficients": numpy.ascontiguousarray(head.coefficients, dtype="float32"),
        "intercepts": numpy.ascontiguousarray(head.intercepts, dtype="float32"),
    }
    path, temporary = folder / HEAD, folder / f"{HEAD}.new"
    save_file(tensors, temporary, metadata={"head": json.dumps(made_for)})
    os.replace(temporary, path)
    return Weights("head", _sha256(path), str(folder))


def read_head(path: Path) -> tuple[Head, dict[str, Any]]:
    """A head, and what its header says that it was made for. Raises what safetensors raises, or of a strange header."""
    with safe_open(path, framework="numpy") as file:
        made_for = json.loads(file.metadata()["head"])
        head = Head(tuple(made_for["labels"]), file.get_tensor("coefficients"), file.get_tensor("intercepts"))
    return head, made_for


@dataclass
class Classifier:
    """`classifier:NAME` reads the last message with the embedding model NAME, and a request's weights are its head.

    Without a head it knows nothing: all labels are equally likely. A text beyond the embedding model's window is read
    in pieces. Raises `ModelError` when the embedding model here has another name, `MissingExtra` or `OptionError` when
    there is none.

    - `target`: the name of the embedding model.
    """

    target: str = ""
    _heads: dict[str, Head] = field(default_factory=dict, init=False, repr=False)
    local = True
    control = True
    context_window = 1 << 16

    def __post_init__(self) -> None:
        self.embedder = need_embedder("the model 'classifier'")
        if self.target not in ("", self.embedder.name):
            raise ModelError(
                f"the classifier reads the embeddings of '{self.target}', and here is '{self.embedder.name}':"
                f" name the folder of '{self.target}' in {VARIABLE}"
            )

    @property
    def identity(self) -> str:
        return f"classifier:{self.embedder.name}:{self.embedder.fingerprint}"

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.embedder.count_tokens(messages[-1].content)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        try:
            tokens = [self.count_tokens(request.messages) for request in requests]
            started = time.perf_counter()  # the model is loaded by now
            read = [i for i, count in enumerate(tokens) if count <= self.context_window]
            vectors = self.embedder.encode_whole([requests[i].messages[-1].content for i in read])
        except OptionError as error:  # the embedding model does not load
            raise ModelError(str(error)) from error
        answers = {i: self._answer(requests[i], vector) for i, vector in zip(read, vectors, strict=True)}
        seconds = (time.perf_counter() - started) / max(len(requests), 1)
        return [
            Reply(*answers[i], Usage(count, 1, seconds))
            if i in answers
            else Reply(error=f"the prompt has {count} tokens, the window is {self.context_window}")
            for i, count in enumerate(tokens)
        ]

    def _answer(self, request: Request, vector: NDArray[Any]) -> tuple[str, tuple[float, ...]]:
        asked = request.decoding.labels
        if request.weights is None:
            return (asked[0] if asked else ""), (-math.log(max(len(asked), 1)),) * len(asked)
        head = self._head(request.weights)
        labels = asked or head.labels
        scores = head.scores(vector, labels)
        return labels[scores.index(max(scores))], scores if asked else ()

    def runtime(self, candidate: Candidate) -> Runtime:
        about = {
            "head": f"the logistic regression, with its labels in the header of `{HEAD}`",
            "embedding": "the embedding model, for sentence-transformers",
        }
        needs = ("numpy", "safetensors", "sentence-transformers")
        folders = {"embedding": Path(self.embedder.folder)}
        return Runtime("crossover.serve.standalone_control", needs, folders=folders, about=about, note=CONTROL)

    def check_weights(self, weights: Weights) -> None:
        """Raise `ModelError` when `weights` are no head of these embeddings or do not match their hash."""
        self._head(weights)

    def _head(self, weights: Weights) -> Head:
        if weights.sha256 not in self._heads:
            self._heads[weights.sha256] = self._read(weights)
        return self._heads[weights.sha256]

    def _read(self, weights: Weights) -> Head:
        path = Path(weights.path) / HEAD
        if weights.kind != "head" or not path.is_file():
            raise ModelError(f"the classifier's weights in '{weights.path}' lack {HEAD}: moved, or not saved by Crossover")
        if _sha256(path) != weights.sha256:
            raise ModelError(f"{path} was changed: its SHA-256 is no longer {weights.sha256[:16]}…")
        try:
            head, made_for = read_head(path)
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} is not a classifier's head: {error}") from error
        if made_for.get("fingerprint") != self.embedder.fingerprint:
            raise ModelError(
                f"{path} was made with the embedding model '{made_for.get('embedding')}' ({made_for.get('fingerprint')}),"
                f" and here is '{self.embedder.name}' ({self.embedder.fingerprint})"
            )
        return head


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
