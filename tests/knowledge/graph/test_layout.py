"""Places on the map: members in their community's disc, nothing upon anything else, the same each time."""

import itertools

import numpy as np
import pytest

from pipelines.knowledge.graph.layout import nested_places

RADII = [4.0 + number % 5 for number in range(40)]
HOMES = [2 + number % 3 for number in range(30)] + [-1] * 10
PARENTS = [-1, -1, 0, 0, 1]
LINKS = {(one, other): 1.0 for one, other in itertools.pairwise(range(32))} | {(0, 29): 5.0}


def overlaps(places: np.ndarray, radii: list[float]) -> float:
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) - np.add.outer(radii, radii)
    np.fill_diagonal(gaps, 1.0)
    return float(-gaps.min())


def test_circles_do_not_overlap_and_lie_within_their_communities():
    places, discs = nested_places(RADII, LINKS, HOMES, PARENTS)
    assert overlaps(places, RADII) < 0
    for (x, y), radius, home in zip(places, RADII, HOMES, strict=True):
        while home >= 0:
            assert np.hypot(x - discs[home][0], y - discs[home][1]) + radius <= discs[home][2]
            home = PARENTS[home]
    siblings = discs[2:4]
    assert overlaps(siblings[:, :2], siblings[:, 2].tolist()) < 0


def test_a_disc_holds_no_stranger():
    places, discs = nested_places(RADII, LINKS, HOMES, PARENTS)
    strangers = [place for place, home in zip(places, HOMES, strict=True) if home != 4]
    assert all(np.hypot(*(place - discs[4][:2])) > discs[4][2] for place in strangers)


def test_the_same_graph_gives_the_same_places():
    first, second = (nested_places(RADII, dict(links), HOMES, PARENTS) for links in (LINKS, reversed(LINKS.items())))
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])


def test_what_is_linked_lies_nearer_than_what_is_not():
    count = 60
    groups = [number % 3 for number in range(count)]
    links = {(a, b): 1.0 for a in range(count) for b in range(a + 1, count) if groups[a] == groups[b]}
    places, _ = nested_places([5.0] * count, links, [-1] * count, [])
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    same = np.equal.outer(groups, groups) & ~np.eye(count, dtype=bool)
    assert gaps[same].mean() < gaps[~same & ~np.eye(count, dtype=bool)].mean()


@pytest.mark.parametrize("count", [0, 1, 250])
def test_entities_without_any_link_lie_side_by_side(count: int):
    places, discs = nested_places([3.0] * count, {}, [-1] * count, [])
    assert places.shape == (count, 2) and discs.shape == (0, 3)
    assert count < 2 or overlaps(places, [3.0] * count) < 0
