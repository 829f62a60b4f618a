"""Near duplicates, between two lists of texts or inside one: TF-IDF over character 4-grams, cosine from a threshold up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

SIZE = 4  # characters of an n-gram
PAIRS = 5_000_000  # pairs of texts held in memory at once
RARE = 0.75  # the share of a text's squared norm that its rarest n-grams have together


def near_pairs(left: Sequence[str], right: Sequence[str], threshold: float = 0.9) -> list[tuple[int, int]]:
    """For each text of `left` its most similar text of `right`, where the cosine reaches the threshold: index pairs."""
    if not any(text.strip() for text in left) or not any(text.strip() for text in right):
        return []
    matrix = _vectors([*left, *right])
    best: dict[int, tuple[float, int]] = {}
    for i, j, cosine in _reaching(matrix, slice(0, len(left)), slice(len(left), None), threshold):
        found = (cosine, -j)
        best[i] = max(found, best.get(i, found))
    return [(i, -best[i][1]) for i in sorted(best)]


def near_twins(texts: Sequence[str], threshold: float = 0.9) -> list[tuple[int, int]]:
    """All pairs of places in `texts`, the lower first, whose texts' cosine (as in `near_pairs`) reaches the threshold."""
    if not any(text.strip() for text in texts):
        return []
    whole = slice(0, None)
    return [(i, j) for i, j, _ in _reaching(_vectors(texts), whole, whole, threshold) if i < j]


def _reaching(matrix: Any, left: slice, right: slice, threshold: float) -> Iterator[tuple[int, int, float]]:
    """The places in two parts of the rows whose cosine reaches the threshold, and the cosine.

    Exact, at a fraction of the cost of all products: with the common n-grams left out of one side, a product is too low
    by at most the norm of what was left out, so only pairs that could still reach the threshold are multiplied in full
    (the bound of Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007, section 4).
    """
    import numpy as np

    a, b = matrix[left], matrix[right]
    rare, transposed = _rarest(a, np.bincount(matrix.indices, minlength=matrix.shape[1])), b.T.tocsr()
    could = threshold - (1 - RARE) ** 0.5 - 1e-5
    block = max(1, PAIRS // b.shape[0])
    for start in range(0, a.shape[0], block):
        partial = (rare[start : start + block] @ transposed).tocoo()
        kept = partial.data >= could
        rows, columns = partial.row[kept] + start, partial.col[kept]
        for part in range(0, len(rows), 10_000):
            i, j = rows[part : part + 10_000], columns[part : part + 10_000]
            cosines = np.asarray(a[i].multiply(b[j]).sum(axis=1)).ravel()
            for k in np.flatnonzero(cosines >= threshold - 1e-6):
                yield int(i[k]), int(j[k]), float(cosines[k])


def _vectors(texts: Sequence[str]) -> Any:
    """(texts, n-grams), of length one: each word of a text, a space before and behind it, by its character 4-grams.

    An n-gram's weight is its count times 1 + ln((1 + texts) / (1 + texts that have it)). They are those of scikit-learn's
    TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4)), which takes a second to import: every command that reads rows
    would wait for it.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    known: dict[str, int] = {}
    columns, counts, ends = array("q"), array("q"), [0]
    for text in texts:
        counted = Counter(
            padded[start : start + SIZE]
            for word in text.lower().split()
            for padded in [f" {word} "]
            for start in range(max(1, len(padded) - SIZE + 1))
        )
        columns.extend(known.setdefault(gram, len(known)) for gram in counted)
        counts.extend(counted.values())
        ends.append(len(columns))
    places = np.empty(len(known), dtype=np.int64)
    places[[known[gram] for gram in sorted(known)]] = np.arange(len(known))
    column, starts = places[np.array(columns, dtype=np.int64)], np.array(ends)
    rarity = np.log((1 + len(texts)) / (1 + np.bincount(column, minlength=len(known)))) + 1
    weight = np.array(counts, dtype=np.float64) * rarity[column]
    row = np.repeat(np.arange(len(texts)), np.diff(starts))
    weight /= np.sqrt(np.bincount(row, weight**2, minlength=len(texts)))[row]
    matrix = csr_matrix((weight.astype(np.float32), column, starts), shape=(len(texts), len(known)))
    matrix.sort_indices()
    return matrix


def _rarest(matrix: Any, frequency: Any) -> Any:
    """The matrix with only each row's rarest n-grams: as many as have the share RARE of its squared norm."""
    import numpy as np
    from scipy.sparse import csr_matrix

    keep = np.zeros(len(matrix.data), dtype=bool)
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        order = np.argsort(frequency[matrix.indices[start:stop]], kind="stable")
        squares = np.cumsum(matrix.data[start:stop][order].astype(np.float64) ** 2)
        keep[start + order[: int(np.searchsorted(squares, RARE)) + 1]] = True
    pointers = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    return csr_matrix((matrix.data[keep], matrix.indices[keep], pointers), shape=matrix.shape)
