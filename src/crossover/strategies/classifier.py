"""The control that learns labels without a language model: logistic regression on sentence embeddings."""

from __future__ import annotations

import functools
import random
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from crossover.errors import OptionError
from crossover.models.classifier import Head, save_head
from crossover.models.embedding import need_embedder
from crossover.strategies._choice import noted
from crossover.strategies._options import check
from crossover.strategies.base import Bench
from crossover.types import Candidate, Decoding, Example, Family, Weights, content_hash

MOST = 2000  # rows that choose the regularisation: more of them would only take longer


@dataclass(frozen=True)
class Classifier:
    """The head of SetFit (Tunstall et al. 2022) on embeddings as they are. Needs the extra `embeddings` and its model.

    - `inverse_regularisation`: the values of scikit-learn's `C` to try, by accuracy in a cross-validation over up to
      2,000 training rows (groups stay whole); equally good ones, and rows too few to be parted, leave it to the first.
    - `folds`: the parts of that cross-validation.
    """

    family: ClassVar[Family] = "control"

    inverse_regularisation: tuple[float, ...] = (10.0, 1.0, 100.0)
    folds: int = 5

    def __post_init__(self) -> None:
        strengths = self.inverse_regularisation
        check(
            "classifier",
            self,
            ("inverse_regularisation", "some numbers above 0", bool(strengths) and min(strengths) > 0),
            ("folds", "2 or more", self.folds >= 2),
        )

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        if bench.task.kind != "classify":
            raise OptionError(f"strategy 'classifier' needs a task of kind classify, received kind '{bench.task.kind}'")
        embedder = need_embedder("strategy 'classifier'")
        if len({example.output for example in bench.train}) < 2:
            raise OptionError(
                f"strategy 'classifier': all training rows have the label '{bench.train[0].output}'; valid are two or more"
            )

        @functools.cache
        def vectors() -> Any:
            bench.tell("classifier: embedding the training rows", 0, len(bench.train))
            return embedder.encode_whole([example.input for example in bench.train])

        rows = [(example.input, example.output, example.group) for example in bench.train]
        key = content_hash({"embedding": embedder.fingerprint, "rows": rows, "options": self, "seed": bench.seed})
        choice = bench.remember(f"classifier {key}", lambda: self._choose(vectors(), bench))

        def make(folder: Path) -> Weights:
            bench.tell("classifier: fitting", 0, 1)
            return save_head(_fit(vectors(), bench.train, choice["c"]), embedder, folder)

        made = Candidate(
            f"classifier:{embedder.name}",
            decoding=Decoding(labels=start.decoding.labels, max_tokens=start.decoding.max_tokens),
            weights=bench.store(key, make),
            provenance=start.provenance,
        )
        return noted(made, f"logistic regression on {embedder.name}, C = {choice['c']:g}, {choice['why']}")

    def _choose(self, vectors: Any, bench: Bench) -> dict[str, Any]:
        """`c` by cross-validation, and `why`."""
        chosen = list(range(len(bench.train)))
        if len(chosen) > MOST:
            chosen = sorted(random.Random(bench.seed).sample(chosen, MOST))
        rows = [bench.train[i] for i in chosen]
        strengths, folds = self.inverse_regularisation, self._folds(rows)
        if len(strengths) == 1:
            return {"c": strengths[0], "why": "as given"}
        parts = _parts(rows, folds, bench.seed) if folds > 1 else []
        judged = sum(len(judge) for _, judge in parts)
        if 2 * judged < len(rows):
            return {"c": strengths[0], "why": "with too few rows to choose it by"}
        right = dict.fromkeys(strengths, 0)
        for number, c in enumerate(strengths):
            bench.tell("classifier: cross-validation", number, len(strengths))
            for learn, judge in parts:
                head = _fit(vectors[[chosen[i] for i in learn]], [rows[i] for i in learn], c)
                logits = vectors[[chosen[i] for i in judge]] @ head.coefficients.T + head.intercepts
                found = [head.labels[best] for best in logits.argmax(axis=1)]
                right[c] += sum(rows[i].output == label for i, label in zip(judge, found, strict=True))
        best = max(strengths, key=lambda c: right[c])  # of equal ones the first
        return {"c": best, "why": f"by {folds}-fold cross-validation ({100 * right[best] / judged:.1f} % of {judged} rows)"}

    def _folds(self, rows: Sequence[Example]) -> int:
        """As many as asked for, but no more than the most frequent label has rows, or there are groups."""
        frequent = Counter(row.output for row in rows).most_common(1)[0][1]
        groups = len({row.group or row.id for row in rows})
        return min(self.folds, frequent, groups)


def _parts(rows: Sequence[Example], folds: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Rows to learn from and rows to judge by, `folds` times; labels are spread evenly, groups stay whole.

    A part whose other rows have one label only cannot be learnt from, and is left out.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    labels = [row.output for row in rows]
    groups = [row.group or f"row {row.id}" for row in rows]
    grouped = any(row.group for row in rows)
    splitter = (StratifiedGroupKFold if grouped else StratifiedKFold)(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of labels with fewer rows than parts
        parts = [(list(learn), list(judge)) for learn, judge in splitter.split(labels, labels, groups)]
    return [(learn, judge) for learn, judge in parts if judge and len({labels[i] for i in learn}) > 1]


def _fit(vectors: Any, rows: Sequence[Example], c: float) -> Head:
    import numpy
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a fit that stops at the last iteration is good enough
        model.fit(vectors, [row.output for row in rows])
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row that speaks for the second label
        coefficients = numpy.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = numpy.concatenate([-intercepts / 2, intercepts / 2])
    return Head(tuple(str(label) for label in model.classes_), coefficients, intercepts)
