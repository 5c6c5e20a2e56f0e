from itertools import pairwise

import numpy as np

from pipelines.knowledge.communities.hierarchy import _shared_neighbours, hierarchy


def _edges(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.array(pairs).T
    return one, other


def test_triangles_are_counted_at_each_of_their_edges():
    # 0-1-2 and 1-2-3 are triangles, 3-4 is in none.
    sources, targets = _edges((0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4))
    degrees = np.bincount(sources, minlength=5) + np.bincount(targets, minlength=5)
    assert _shared_neighbours(degrees, sources, targets).tolist() == [1, 1, 2, 1, 1, 0]


def test_a_node_joins_those_it_shares_neighbours_with_and_not_over_a_bridge():
    sources, targets = _edges((0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5))
    (labels,) = hierarchy(sources, targets, np.ones(7), np.arange(6, dtype=np.uint64), [[0.0]])
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_weight_below_the_resolution_joins_nobody():
    sources, targets = _edges((0, 1))
    assert hierarchy(sources, targets, np.ones(1), np.zeros(2, np.uint64), [[1.1]])[0].tolist() == [0, 1]
    assert hierarchy(sources, targets, np.ones(1), np.zeros(2, np.uint64), [[0.9]])[0].tolist() == [0, 0]


def test_coarser_levels_are_made_of_finer_ones():
    draw = np.random.default_rng(3)
    pairs = {(min(a, b), max(a, b)) for a, b in draw.integers(0, 200, (500, 2)).tolist() if a != b}
    sources, targets = _edges(*sorted(pairs))
    hashes = draw.integers(0, 2**63, 200).astype(np.uint64)
    levels = hierarchy(sources, targets, np.ones(len(pairs)), hashes, [[0.0], [0.0], [0.0]])
    counts = [len(set(labels.tolist())) for labels in levels]
    assert counts == sorted(counts) and counts[0] < counts[1] < counts[2] < 200
    for coarse, fine in pairwise(levels):
        assert len(set(zip(coarse.tolist(), fine.tolist(), strict=True))) == len(set(fine.tolist()))
