"""Which texts are alike: cosine of TF-IDF vectors over words and word pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Index:
    """Vectors of some texts, of length one. Texts without a single word are compared by their characters."""

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        try:
            self.matrix: Any = self._vectorizer.fit_transform(texts)
        except ValueError:
            self._vectorizer = TfidfVectorizer(analyzer="char")
            self.matrix = self._vectorizer.fit_transform(texts)

    def order(self, text: str) -> list[int]:
        """The indices of the texts, the most similar to `text` first; ties go to the earlier one."""
        import numpy

        similarity = (self.matrix @ self._vectorizer.transform([text]).T).toarray().ravel()
        return [int(i) for i in numpy.argsort(-similarity.round(9), kind="stable")]
