"""Putting scores together: the fusions of two searches, and maximal marginal relevance."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipelines.answering.settings import RetrievalSettings
from pipelines.core.errors import ConfigurationError

Scored = Sequence[tuple[str, float]]
Fusion = Callable[[Scored, Scored, RetrievalSettings], list[str]]
_RANK_CONSTANT = 60
"""Of reciprocal-rank fusion (Cormack, Clarke and Büttcher, 2009)."""


def blend(near: Scored, worded: Scored, vector_weight: float) -> list[str]:
    """Return ids by the weighted mean of both searches' scores, best first; equal ones by id.

    Cosines are scaled from the worst to the best of the list, BM25 from 0 to the best (a convex combination, as in
    Bruch, Gai and Ingber, 2023). What one search did not return counts 0 there.

    >>> blend([("a", 0.9), ("b", 0.5)], [("b", 4.0), ("c", 2.0)], 0.5)
    ['a', 'b', 'c']
    """
    scores = blended(near, worded, vector_weight)
    return sorted(scores, key=lambda key: (-round(scores[key], 9), key))


def blended(near: Scored, worded: Scored, vector_weight: float) -> dict[str, float]:
    """Return the scores that `blend` sorts by."""
    scores: dict[str, float] = {}
    if near:
        best, worst = near[0][1], near[-1][1]
        for key, score in near:
            share = (score - worst) / (best - worst) if best > worst else 1.0
            scores[key] = vector_weight * share
    for key, score in worded:
        scores[key] = scores.get(key, 0.0) + (1 - vector_weight) * score / worded[0][1]
    return scores


def fuse(rankings: Sequence[tuple[float, Sequence[str]]], constant: int = _RANK_CONSTANT) -> list[str]:
    """Return ids by weighted reciprocal-rank fusion, best first; equal scores by id.

    >>> fuse([(1.0, ["a", "b"]), (1.0, ["b", "c"])])
    ['b', 'a', 'c']
    """
    scores: dict[str, float] = {}
    for weight, ids in rankings:
        for rank, key in enumerate(ids, start=1):
            scores[key] = scores.get(key, 0.0) + weight / (constant + rank)
    return sorted(scores, key=lambda key: (-scores[key], key))


def _ranks(near: Scored, worded: Scored, settings: RetrievalSettings) -> list[str]:
    weights = (settings.vector_weight, 1 - settings.vector_weight)
    lists = ([key for key, _ in found] for found in (near, worded))
    return fuse(list(zip(weights, lists, strict=True)), settings.rank_constant)


FUSIONS: dict[str, Fusion] = {
    "blend": lambda near, worded, settings: blend(near, worded, settings.vector_weight),
    "ranks": _ranks,
}
"""How the hits by vector and by words become one list, by the name that `RetrievalSettings.fusion` has for it."""


def fusion_named(name: str) -> Fusion:
    """Return a fusion; ConfigurationError where there is none of that name."""
    if name not in FUSIONS:
        raise ConfigurationError(
            "RetrievalSettings.fusion", repr(name), f"one of {', '.join(FUSIONS)}", 'fusion="blend"'
        )
    return FUSIONS[name]


def diversify(ids: Sequence[str], alike: np.ndarray, diversity: float, k: int) -> list[str]:
    """Return k ids by maximal marginal relevance (Carbonell and Goldstein, 1998).

    Relevance falls evenly with the place in `ids`; `alike[i, j]` is the similarity of two of them, 0 to 1.
    """
    left, chosen = list(range(len(ids))), list[int]()
    while left and len(chosen) < k:

        def value(row: int) -> float:
            nearest = max((float(alike[row, other]) for other in chosen), default=0.0)
            return (1 - diversity) * (1 - row / len(ids)) - diversity * nearest

        pick = max(left, key=lambda row: (round(value(row), 9), -row))
        left.remove(pick)
        chosen.append(pick)
    return [ids[row] for row in chosen]


def overlap(term_sets: Sequence[frozenset[str]]) -> np.ndarray:
    """Return the similarity of each two term sets (Jaccard): for languages that the embedder does not read."""
    size = len(term_sets)
    alike = np.eye(size)
    for row in range(size):
        for other in range(row):
            union = len(term_sets[row] | term_sets[other])
            share = len(term_sets[row] & term_sets[other]) / union if union else 1.0
            alike[row, other] = alike[other, row] = share
    return alike


def reordered(ids: Sequence[str], scores: Mapping[str, float]) -> list[str]:
    """Return ids with the scored ones first, best first; the others follow in their order."""
    judged = sorted((key for key in ids if key in scores), key=lambda key: -scores[key])
    return [*judged, *(key for key in ids if key not in scores)]
