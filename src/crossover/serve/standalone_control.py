"""Answers inputs with an exported control, without Crossover: python predict.py "a text", or texts on standard input.

No language model: the nearest rows of `demonstrations.jsonl` vote, or the logistic regression in `head` reads a text's
embedding. Needs numpy; scikit-learn, or where there is a folder `embedding` sentence-transformers; safetensors for a head.
With --json each line of standard input is a JSON string, and each answer an object with `answer`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy

HERE = Path(__file__).parent


class Exported:
    """The control as it was measured."""

    def __init__(self, folder: Path = HERE) -> None:
        candidate = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
        self.shots: int = candidate["prompt"]["shots"]
        self.labels: list[str] = candidate["decoding"]["labels"]
        self.encoder: Any = None
        if (folder / "embedding").is_dir():
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()
            self.encoder = SentenceTransformer(str(folder / "embedding"), device="cpu", local_files_only=True)
        self.head: Any = None
        if (folder / "head").is_dir():
            self._read_head(folder / "head" / "head.safetensors")
        else:
            text = (folder / "demonstrations.jsonl").read_text(encoding="utf-8")
            self.pool: list[dict[str, str]] = [json.loads(line) for line in text.split("\n") if line]
            self._build_index([shown["input"] for shown in self.pool])

    def answer(self, text: str) -> str:
        """The most probable label, or the vote of the nearest rows, of which the nearest decides a tie."""
        if self.head is not None:
            scores = self.scores(text)
            return max(self.labels, key=lambda label: round(scores[label], 6))
        if self.encoder is not None:
            similarity = (self.matrix @ self._embedded([text])[0]).round(5)
        else:
            similarity = (self.matrix @ self.vectorizer.transform([text]).T).toarray().ravel().round(9)
        nearest = (-similarity).argsort(kind="stable")[: self.shots]
        return Counter(self.pool[int(i)]["output"] for i in nearest).most_common(1)[0][0]

    def scores(self, text: str) -> dict[str, float]:
        """The log-probability of each label; -100 for one that no training row had."""
        vector = self._embedded_whole(text)
        logits = self.head["coefficients"].astype("float64") @ vector + self.head["intercepts"]
        top = logits.max()
        logs = numpy.minimum(logits - top - numpy.log(numpy.exp(logits - top).sum()), 0.0)
        known = dict(zip(self.head["labels"], logs.clip(min=-100.0).tolist()))  # noqa: B905
        return {label: known.get(label, -100.0) for label in self.labels}

    def _read_head(self, path: Path) -> None:
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            self.head = {name: file.get_tensor(name) for name in ("coefficients", "intercepts")}
            self.head["labels"] = json.loads(file.metadata()["head"])["labels"]

    def _build_index(self, inputs: list[str]) -> None:
        if self.encoder is not None:
            self.matrix: Any = self._embedded(inputs)
            return
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.vectorizer: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        try:
            self.matrix = self.vectorizer.fit_transform(inputs)
        except ValueError:  # no word in any of them
            self.vectorizer = TfidfVectorizer(analyzer="char")
            self.matrix = self.vectorizer.fit_transform(inputs)

    def _embedded(self, texts: list[str]) -> Any:
        return self.encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    def _embedded_whole(self, text: str) -> Any:
        """A text beyond the embedding model's window is the mean of the vectors of its pieces."""
        tokenizer, window = self.encoder.tokenizer, self.encoder.max_seq_length
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        room = max(window - tokenizer.num_special_tokens_to_add(), 1) if window else len(ids)
        if len(ids) <= room:
            return self._embedded([text])[0]
        pieces = [tokenizer.decode(ids[start : start + room]) for start in range(0, len(ids), room)]
        total = self._embedded(pieces).sum(axis=0)
        return total / max(float(numpy.linalg.norm(total)), 1e-12)


def main() -> None:
    """Answer the arguments, or else the lines of standard input."""
    exported = Exported()
    if sys.argv[1:] == ["--json"]:
        for line in sys.stdin.read().splitlines():
            sys.stdout.write(json.dumps({"answer": exported.answer(json.loads(line))}) + "\n")
        return
    for line in sys.argv[1:] or filter(str.strip, sys.stdin.read().splitlines()):
        sys.stdout.write(exported.answer(line) + "\n")


if __name__ == "__main__":
    main()
