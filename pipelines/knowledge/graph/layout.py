"""Places for a picture of the graph: communities are discs within discs, what is related lies near; no randomness."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

Links = Mapping[tuple[int, int], float]
"""Weights by pair of numbers."""

_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
_GAP = 7.0
_MARGIN = 8.0
_STEPS, _PASSES = 100, 80
_ENOUGH = 0.5
_ALL_PAIRS = 100


def nested_places(
    radii: Sequence[float], links: Links, homes: Sequence[int], parents: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return (x, y) of each entity, shape (entities, 2), and (x, y, radius) of each community, shape (communities, 3).

    `homes` are the entities' smallest communities and `parents` the communities' own (-1: none). A community's disc
    holds its members and no stranger; discs within one disc and entities do not overlap.
    """
    count, groups = len(radii), len(parents)
    outer = count + groups  # one number a node: entities, then communities, then the whole
    above = [outer if home < 0 else count + home for home in homes]
    above += [outer if parent < 0 else count + parent for parent in parents]
    below: dict[int, list[int]] = defaultdict(list)
    for node, parent in enumerate(above):
        below[parent].append(node)
    between = _by_disc(links, above, outer)
    sizes = np.concatenate([np.asarray(radii, dtype=float).reshape(-1), np.zeros(groups + 1)])
    offsets = np.zeros((outer + 1, 2))
    for disc in _inside_out(below, outer):
        children = below[disc]
        links_here = _numbered(between[disc], children)
        offsets[children], sizes[disc] = _arranged(sizes[children], links_here, disc == outer)
    for disc in reversed(_inside_out(below, outer)):
        offsets[below[disc]] += offsets[disc]
    return offsets[:count], np.column_stack([offsets[count:outer], sizes[count:outer]])


def _inside_out(below: Mapping[int, Sequence[int]], outer: int) -> list[int]:
    """Return the discs that hold something, each after those inside it."""
    order, left = [], [outer]
    while left:
        disc = left.pop()
        order.append(disc)
        left += [child for child in below.get(disc, ()) if child in below]
    return [disc for disc in reversed(order) if disc in below]


def _by_disc(links: Links, above: Sequence[int], outer: int) -> dict[int, dict[tuple[int, int], float]]:
    """Return by disc the weights between what lies directly in it: where the ways of two entities outwards meet."""
    found: dict[int, dict[tuple[int, int], float]] = defaultdict(lambda: defaultdict(float))

    def way(node: int) -> list[int]:
        nodes = [node]
        while nodes[-1] != outer:
            nodes.append(above[nodes[-1]])
        return nodes[::-1]

    for (one, other), weight in links.items():
        if one == other:
            continue
        disc = outer
        for first, second in zip(way(one)[1:], way(other)[1:], strict=False):
            if first != second:
                found[disc][min(first, second), max(first, second)] += weight
                break
            disc = first
    return found


def _numbered(links: Links, children: Sequence[int]) -> list[tuple[int, int, float]]:
    place = {child: number for number, child in enumerate(children)}
    return [(place[one], place[other], weight) for (one, other), weight in sorted(links.items())]


def _arranged(radii: np.ndarray, links: Sequence[tuple[int, int, float]], outermost: bool) -> tuple[np.ndarray, float]:
    """Return places around (0, 0) of circles that do not overlap, and the radius of a disc that holds them all.

    What has no link lies in rings around the rest, `outermost` on shelves below it.
    """
    linked = sorted({end for one, other, _ in links for end in (one, other)})
    places = np.zeros((len(radii), 2))
    radius = 0.0
    if linked:
        number = {place: order for order, place in enumerate(linked)}
        inner = [(number[one], number[other], weight) for one, other, weight in links]
        places[linked] = _settled(radii[linked], inner)
        radius = float((np.linalg.norm(places[linked], axis=1) + radii[linked]).max())
    alone = [place for place in range(len(radii)) if place not in set(linked)]
    alone.sort(key=lambda place: (-radii[place], place))
    if alone and outermost:
        lowest = float((places[linked, 1] + radii[linked]).max(initial=0.0))
        places[alone] = _shelves(radii[alone], lowest, radius)
    elif alone:
        places[alone], radius = _rings(radii[alone], radius)
    return places, radius + _MARGIN


def _shelves(radii: np.ndarray, above: float, half: float) -> np.ndarray:
    """Return places of circles, largest first, in rows of twice the width `half` that begin below `above`."""
    places = np.zeros((len(radii), 2))
    width = max(half, float(np.sqrt((2 * radii + _GAP) @ (2 * radii + _GAP))) / 2)
    across, down, deepest = -width, above + 3 * _GAP, 0.0
    for number, radius in enumerate(radii):
        if across > -width and across + 2 * radius > width:
            across, down = -width, down + deepest + _GAP
        deepest = 2 * float(radius) if across == -width else deepest
        places[number] = across + radius, down + radius
        across += 2 * float(radius) + _GAP
    return places


def _rings(radii: np.ndarray, inside: float) -> tuple[np.ndarray, float]:
    """Return places of circles, largest first, in rings around a disc of radius `inside`, and the radius of it all."""
    places = np.zeros((len(radii), 2))
    done = 0
    if not inside:
        inside, done = float(radii[0]), 1
    while done < len(radii):
        widest = float(radii[done])
        middle = inside + _GAP + widest
        room = max(1, int(np.pi / np.arcsin(min(1.0, (widest + _GAP / 2) / middle))))
        here = min(room, len(radii) - done)
        angles = np.linspace(0, 2 * np.pi, here, endpoint=False)
        places[done : done + here] = middle * np.column_stack([np.cos(angles), np.sin(angles)])
        inside, done = middle + widest, done + here
    return places, inside


def _settled(radii: np.ndarray, links: Sequence[tuple[int, int, float]]) -> np.ndarray:
    """Return places by springs along the links, a pull to the middle, and circles that push each other apart.

    The start is a sunflower's spiral, the best linked in the middle: a force-directed layout (Fruchterman and
    Reingold, 1991) with the circles' own sizes as distances.
    """
    count = len(radii)
    ends = np.array([(one, other) for one, other, _ in links], dtype=int)
    pull = np.sqrt(np.array([weight for *_, weight in links], dtype=float))
    strength = np.bincount(ends.ravel(), weights=np.repeat(pull, 2), minlength=count)
    places = np.zeros((count, 2))
    order = np.lexsort((np.arange(count), -strength))
    reach = np.sqrt(np.cumsum((radii[order] + _GAP) ** 2) * 1.6) - radii[order[0]]
    angles = _GOLDEN_ANGLE * np.arange(count)
    places[order] = reach[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    share = pull / np.maximum(strength[ends[:, 0]], strength[ends[:, 1]])
    rest = radii[ends[:, 0]] + radii[ends[:, 1]] + _GAP
    for step in range(_STEPS):
        gaps = places[ends[:, 1]] - places[ends[:, 0]]
        length = np.maximum(np.linalg.norm(gaps, axis=1), 1e-6)
        moves = gaps * (0.35 * share * np.maximum(length - 1.3 * rest, 0) / length)[:, None]
        places += _summed(ends[:, 0], ends[:, 1], moves, count)
        places *= 0.995
        _push_apart(places, radii, 0.6 + 0.4 * (step % 2))
    for _ in range(_PASSES):
        if _push_apart(places, radii, 1.0) < _ENOUGH:
            break
    for _ in range(_PASSES):
        if (worst := _push_apart(places, radii, 0.0)) < _ENOUGH:
            break
        places *= 1.02 + min(0.2, worst / float(np.abs(places).max() + 1))
    return places - (places.max(axis=0) + places.min(axis=0)) / 2


def _push_apart(places: np.ndarray, radii: np.ndarray, share: float) -> float:
    """Move what overlaps apart by a share of the overlap; return the largest overlap that there was."""
    first, second = _near(places, radii)
    gaps = places[first] - places[second]
    far = np.linalg.norm(gaps, axis=1) + 1e-3
    over = np.maximum(radii[first] + radii[second] + _GAP - far, 0)
    moves = gaps * (over * 0.5 * share / far)[:, None]
    met = np.bincount(np.concatenate([first[over > 0], second[over > 0]]), minlength=len(places))
    places += _summed(first, second, moves, len(places)) / np.maximum(1.0, np.sqrt(met))[:, None]
    return float(over.max(initial=0.0))


def _near(places: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of circles that may touch, each once.

    The widest circles are asked for one by one: all pairs within twice their radius would be nearly all pairs.
    """
    if len(places) <= _ALL_PAIRS:
        return np.triu_indices(len(places), 1)
    from scipy.spatial import cKDTree

    wide = radii > 3 * np.median(radii)
    slim, numbers = np.flatnonzero(~wide), np.arange(len(radii))
    pairs = cKDTree(places[slim]).query_pairs(2 * float(radii[slim].max()) + _GAP, output_type="ndarray")
    first, second = [slim[pairs[:, 0]]], [slim[pairs[:, 1]]]
    for one in np.flatnonzero(wide):
        close = np.linalg.norm(places - places[one], axis=1) < radii + radii[one] + _GAP
        others = np.flatnonzero(close & (~wide | (numbers > one)))
        first.append(np.full(len(others), one))
        second.append(others)
    return np.concatenate(first), np.concatenate(second)


def _summed(first: np.ndarray, second: np.ndarray, moves: np.ndarray, count: int) -> np.ndarray:
    """Return each circle's own moves: those of pairs it is the first of, less those that it is the second of."""
    sums = [np.bincount(first, moves[:, axis], count) - np.bincount(second, moves[:, axis], count) for axis in range(2)]
    return np.column_stack(sums)
