"""Near duplicates, between two lists of texts or inside one: TF-IDF over character 4-grams, cosine from a threshold up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

SIZE = 4  # characters of an n-gram
PAIRS = 5_000_000  # pairs of texts held in memory at once
VALUES = 1 << 22  # values of a matrix that are worked on at once
MARGIN = 0.05  # the share of a text's squared norm that is looked up beyond what a pair must share
SLACK = 1e-6  # by which the squared norm of a vector of length one may be off in single precision
WIDER = 1.2  # how much more one level of cuts looks up than the one before


def untold(done: int, total: int) -> None:
    """Nobody is told how far it is."""


def near_pairs(
    left: Sequence[str], right: Sequence[str], threshold: float = 0.9, told: Callable[[int, int], None] = untold
) -> list[tuple[int, int]]:
    """For each text of `left` its most similar text of `right`, where the cosine reaches the threshold: index pairs.

    `told`: how many texts are looked up, of how many.
    """
    if not any(text.strip() for text in left) or not any(text.strip() for text in right):
        return []
    matrix = _vectors([*left, *right])
    best: dict[int, tuple[float, int]] = {}
    for i, j, cosine in _reaching(matrix, slice(0, len(left)), slice(len(left), None), threshold, told):
        found = (cosine, -j)
        best[i] = max(found, best.get(i, found))
    return [(i, -best[i][1]) for i in sorted(best)]


def near_twins(
    texts: Sequence[str], threshold: float = 0.9, told: Callable[[int, int], None] = untold
) -> list[tuple[int, int]]:
    """All pairs of places in `texts`, the lower first, whose texts' cosine (as in `near_pairs`) reaches the threshold."""
    if not any(text.strip() for text in texts):
        return []
    whole = slice(0, None)
    return [(i, j) for i, j, _ in _reaching(_vectors(texts), whole, whole, threshold, told, upper=True)]


def _reaching(
    matrix: Any, left: slice, right: slice, threshold: float, told: Callable[[int, int], None], upper: bool = False
) -> Iterator[tuple[int, int, float]]:
    """The places in two parts of the rows whose cosine reaches the threshold, and the cosine.

    `upper`: only those whose left place is the lower.

    Exact, at a fraction of the cost of all products. N-grams are cut in two, the rare and the common ones, at a place that
    depends on the left row. The product over the rare is cheap; that over the common is at most the product of both rows'
    norms there (Cauchy and Schwarz), so only pairs that could still reach the threshold are multiplied in full (after
    Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007, section 4, and Anastasiu and Karypis, "L2AP",
    2014). A pair must share more than 1 - threshold² of a squared norm, so with that much and a MARGIN looked up, one that
    shares no rare n-gram never reaches it.
    """
    import numpy as np

    a, b = matrix[left], matrix[right]
    sizes = np.diff(a.indptr).astype(np.int64)
    by_rarity = np.argsort(np.bincount(matrix.indices, minlength=matrix.shape[1]), kind="stable")
    rank = np.empty(len(by_rarity), dtype=np.int32)
    rank[by_rarity] = np.arange(len(by_rarity), dtype=np.int32)
    rare_first, sought = _renumbered(a, rank), _renumbered(b, rank).T.tocsr()
    needed = _cuts(rare_first, min(1.0, 1 - threshold**2 + MARGIN))
    levels = np.ceil(np.log(np.maximum(sought.indptr[needed], 1)) / np.log(WIDER)).astype(np.int64)
    done, total = 0, int(np.count_nonzero(needed))
    for level in np.unique(levels[needed > 0]):
        rows = np.flatnonzero((levels == level) & (needed > 0))
        cut = int(needed[rows].max())
        rare, there = _upto(sought, cut), _norms_of_rest(_upto(sought, cut), axis=1)
        block = max(1, PAIRS // b.shape[0])
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            asked = rare_first[some][:, :cut]
            partial = (asked @ rare).tocoo()
            here = _norms_of_rest(asked, axis=0)
            kept = partial.data >= threshold - here[partial.row] * there[partial.col] - 1e-5
            firsts, seconds = some[partial.row[kept]], partial.col[kept]
            if upper:
                firsts, seconds = firsts[lower := firsts < seconds], seconds[lower]
            for i, j in _by_size(firsts, seconds, sizes[firsts]):
                cosines = np.asarray(a[i].multiply(b[j]).sum(axis=1)).ravel()
                for k in np.flatnonzero(cosines >= threshold - 1e-6):
                    yield int(i[k]), int(j[k]), float(cosines[k])
            done += len(some)
            told(done, total)


def _by_size(firsts: Any, seconds: Any, sizes: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of places, some at a time: of long texts few, as a pair is worked on with all values of its first."""
    import numpy as np

    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // VALUES)) + 1
    yield from zip(np.split(firsts, cuts), np.split(seconds, cuts), strict=True)


def _renumbered(matrix: Any, rank: Any) -> Any:
    """The matrix with its columns in another order: each row from the smallest rank on."""
    from scipy.sparse import csr_matrix

    again = csr_matrix((matrix.data.copy(), rank[matrix.indices], matrix.indptr), shape=matrix.shape)
    again.sort_indices()
    return again


def _cuts(matrix: Any, share: float) -> Any:
    """For each row how many of the first columns have that share of its squared norm together; 0 for an empty row."""
    import numpy as np

    cuts = np.zeros(matrix.shape[0], dtype=np.int64)
    for row, (start, stop) in enumerate(zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)):
        if stop > start:
            squares = np.cumsum(matrix.data[start:stop].astype(np.float64) ** 2)
            cuts[row] = matrix.indices[start + min(int(np.searchsorted(squares, share)), stop - start - 1)] + 1
    return cuts


def _upto(matrix: Any, rows: int) -> Any:
    """The first rows, without a copy."""
    from scipy.sparse import csr_matrix

    stop = matrix.indptr[rows]
    parts = matrix.data[:stop], matrix.indices[:stop], matrix.indptr[: rows + 1]
    return csr_matrix(parts, shape=(rows, matrix.shape[1]), copy=False)


def _norms_of_rest(part: Any, axis: int) -> Any:
    """The norm of what is not in this part of vectors of length one, to SLACK: of each row (axis 0) or column (1)."""
    import numpy as np

    squares = part.data.astype(np.float64) ** 2
    where = part.indices if axis else np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
    return np.sqrt(np.maximum(0.0, 1 + SLACK - np.bincount(where, squares, minlength=part.shape[axis])))


def _vectors(texts: Sequence[str]) -> Any:
    """(texts, n-grams), of length one: each word of a text, a space before and behind it, by its character 4-grams.

    An n-gram's weight is its count times 1 + ln((1 + texts) / (1 + texts that have it)). They are those of scikit-learn's
    TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4)), which takes a second to import: every command that reads rows
    would wait for it. A word is taken apart once: n-grams of texts are words of texts times n-grams of words.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    words: dict[str, int] = {}
    places, ends = array("i"), array("q", [0])
    for text in texts:
        places.extend([words.setdefault(word, len(words)) for word in text.lower().split()])
        ends.append(len(places))
    of_words = _grams(list(words))
    shape = len(texts), len(words)
    matrix = (
        csr_matrix((np.ones(len(places), np.int32), np.array(places, np.int32), np.array(ends)), shape=shape) @ of_words
    )
    matrix.sort_indices()
    rarity = np.log((1 + len(texts)) / (1 + np.bincount(matrix.indices, minlength=matrix.shape[1]))) + 1
    weights = np.empty(matrix.nnz, dtype=np.float32)
    start = 0
    while start < len(texts):  # some rows at a time: their weights have double precision until they have length one
        stop = max(start + 1, int(np.searchsorted(matrix.indptr, matrix.indptr[start] + VALUES, side="right")) - 1)
        some = slice(matrix.indptr[start], matrix.indptr[stop])
        weight = matrix.data[some] * rarity[matrix.indices[some]]
        row = np.repeat(np.arange(stop - start), np.diff(matrix.indptr[start : stop + 1]))
        weights[some] = weight / np.sqrt(np.bincount(row, weight**2, minlength=stop - start))[row]
        start = stop
    return csr_matrix((weights, matrix.indices, matrix.indptr), shape=matrix.shape)


def _grams(words: Sequence[str]) -> Any:
    """(words, n-grams): how often each word, a space before and behind it, has each n-gram; n-grams in their order."""
    import numpy as np
    from scipy.sparse import csr_matrix

    known: dict[str, int] = {}
    columns, counts, ends = array("i"), array("i"), array("q", [0])
    for word in words:
        padded = f" {word} "
        counted = Counter(padded[start : start + SIZE] for start in range(max(1, len(padded) - SIZE + 1)))
        columns.extend([known.setdefault(gram, len(known)) for gram in counted])
        counts.extend(counted.values())
        ends.append(len(columns))
    places = np.empty(len(known), dtype=np.int32)
    places[[known[gram] for gram in sorted(known)]] = np.arange(len(known), dtype=np.int32)
    column = places[np.array(columns, dtype=np.int32)]
    return csr_matrix((np.array(counts, np.int32), column, np.array(ends)), shape=(len(words), len(known)))
