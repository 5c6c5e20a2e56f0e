"""Nested communities whose members are decided by their neighbourhood alone, on whole arrays at a time.

Affinity clustering (Bateni et al., 2017), that is Borůvka's rounds (1926): every node joins the neighbour that it is
closest to, and what is joined is a node of the next round. No sum runs over the whole graph and nothing is tried until
all of it is at rest, so that a change is felt by the nodes beside it and by no others. How close two nodes are is the
weight between them, as a share of both ends' strengths, times the cosine of their neighbourhoods (SCAN: Xu et al.,
2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_NEAR = 1e-9
"""Part of a weight below which two are equal: sums of the same weights differ by less, whatever their order."""
_BATCH = 100_000
"""Edges whose neighbours are compared at a time: bounds the memory."""


@dataclass(frozen=True)
class Graph:
    """Symmetric weights as a scipy CSR matrix without a diagonal, each node's strength and its hash."""

    weights: Any
    strengths: np.ndarray
    hashes: np.ndarray


def hierarchy(
    sources: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    hashes: np.ndarray,
    resolutions: Sequence[Sequence[float]],
) -> list[np.ndarray]:
    """Return by level, coarsest first, each node's community; every community is connected and inside a coarser one.

    The undirected edges are given once, the nodes by their hashes. `resolutions` are those of a level's rounds, the
    finest level first: two are joined where their weight is more than the resolution times both strengths.
    """
    strengths = np.bincount(sources, weights, len(hashes)) + np.bincount(targets, weights, len(hashes))
    shares = weights / np.sqrt(strengths[sources] * strengths[targets])
    graph = _graph(sources, targets, shares, hashes)
    alike = _neighbourhood_cosines(len(hashes), sources, targets)
    closest: Graph | None = _graph(sources, targets, shares * alike, hashes)
    labels, levels = np.arange(len(hashes)), []
    for rounds in resolutions:
        for resolution in rounds:
            found = _joins(closest or graph, resolution)
            closest, labels = None, found[labels]
            graph = _joined(graph, found)
        levels.append(labels)
    return levels[::-1]


def _graph(sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, hashes: np.ndarray) -> Graph:
    from scipy.sparse import csr_matrix

    ends = (np.concatenate([sources, targets]), np.concatenate([targets, sources]))
    matrix = csr_matrix((np.concatenate([weights, weights]), ends), shape=(len(hashes), len(hashes)))
    return Graph(matrix, np.asarray(matrix.sum(axis=1)).ravel(), hashes)


def _neighbourhood_cosines(nodes: int, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return for each edge how alike its ends' neighbourhoods are, the edge itself counted as one shared neighbour."""
    degrees = np.bincount(sources, minlength=nodes) + np.bincount(targets, minlength=nodes)
    return (1 + _shared_neighbours(degrees, sources, targets)) / np.sqrt(degrees[sources] * degrees[targets])


def _shared_neighbours(degrees: np.ndarray, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return for each edge how many triangles it is in.

    Each edge is seen from its end of lower degree, so that a node of many neighbours has few to be compared: a triangle
    is found once, at the edge of its two lowest nodes.
    """
    from scipy.sparse import csr_matrix

    rank = np.empty(len(degrees), dtype=np.int64)
    rank[np.argsort(degrees, kind="stable")] = np.arange(len(degrees))
    turned = rank[sources] > rank[targets]
    low, high = np.where(turned, targets, sources), np.where(turned, sources, targets)
    numbers = csr_matrix((np.arange(1.0, len(low) + 1), (low, high)), shape=(len(degrees), len(degrees)))
    ones = csr_matrix((np.ones(len(low)), numbers.indices, numbers.indptr), shape=numbers.shape)
    counts = np.zeros(len(low), dtype=np.int64)
    for start in range(0, len(low), _BATCH):
        one, other = low[start : start + _BATCH], high[start : start + _BATCH]
        beside_one = numbers[one].multiply(ones[other]).tocsr()
        beside_other = ones[one].multiply(numbers[other]).tocsr()
        counts[start : start + _BATCH] += np.diff(beside_one.indptr)
        for found in (beside_one, beside_other):
            counts += np.bincount(found.data.astype(np.int64) - 1, minlength=len(low))
    return counts


def _joins(graph: Graph, resolution: float) -> np.ndarray:
    """Return labels of what is joined when every node joins its closest neighbour; hashes decide between equals."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    count, columns, starts = graph.weights.shape[0], graph.weights.indices, graph.weights.indptr
    degrees = np.diff(starts)
    rows, some = np.repeat(np.arange(count, dtype=columns.dtype), degrees), degrees > 0
    least = resolution * graph.strengths[rows] * graph.strengths[columns]
    close = np.where(graph.weights.data > least, graph.weights.data, 0.0)
    best = np.full(count, np.inf)
    if some.any():
        best[some] = np.maximum.reduceat(close, starts[:-1][some]) * (1 - _NEAR)
    equal = np.flatnonzero((close >= best[rows]) & (close > 0))
    equal = equal[np.lexsort((graph.hashes[columns[equal]], rows[equal]))]
    last = equal[np.diff(rows[equal], append=-1) != 0]
    chosen = csr_matrix((np.ones(len(last)), (rows[last], columns[last])), shape=(count, count))
    return np.asarray(connected_components(chosen, directed=False)[1])


def _joined(graph: Graph, labels: np.ndarray) -> Graph:
    """Return the graph whose nodes are the communities; the least hash of its members is a community's."""
    from scipy.sparse import csr_matrix

    count, nodes = int(labels.max()) + 1, len(labels)
    members, starts = np.argsort(labels, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(labels))])
    gather = csr_matrix((np.ones(nodes), members, starts), shape=(count, nodes))
    between = (gather @ (graph.weights @ gather.T.tocsr())).tocsr()
    rows = np.repeat(np.arange(count, dtype=np.int32), np.diff(between.indptr))
    kept = rows != between.indices
    kept_starts = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=count))])
    weights = csr_matrix((between.data[kept], between.indices[kept], kept_starts), shape=(count, count))
    strengths = np.bincount(labels, graph.strengths, minlength=count)
    return Graph(weights, strengths, np.minimum.reduceat(graph.hashes[members], starts[:-1]))
