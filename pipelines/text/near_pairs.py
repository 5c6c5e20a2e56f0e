"""Which of many texts are nearly the same: those that share a band, by what is their own.

A band that many different texts share says that they have much in common (an instruction before every row's input).
What nearly all of such a crowd hold is left out of the comparison, and the crowd is parted anew by the rest. No crowd
is enumerated, so that the work grows with the texts and not with their square.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipelines.text.near_duplicates import band_keys, grams, jaccard

CROWD = 10
"""More different texts than that in one band are a crowd: what they share is no sign that two of them are one."""
_SAMPLE, _NEARLY_ALL = 64, 0.9
"""So many of a crowd are looked at, and what this share of them holds is common to all."""
_ROUNDS = 12
_WINDOW = 64
"""Members of one group that are linked with each; of more, each with the next ones."""
_MIX = np.random.default_rng(20_261_129).integers(1, 2**63, 64, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_NONE = np.zeros(0, dtype=np.uint64)

Pairs = dict[tuple[int, int], float]
"""{(smaller key, larger key): similarity}"""


@dataclass(frozen=True)
class NearPairs:
    """Which of the texts of some keys are nearly the same.

    `common` are the n-grams (sorted hashes) that were left out. `crowds` is the digest of the crowds that they were
    found in: pairs of an earlier run hold only under the same; "" where they hold under none.
    """

    pairs: Pairs
    keys: np.ndarray
    common: np.ndarray = field(default_factory=lambda: _NONE)
    crowds: str = ""


@dataclass(frozen=True)
class _Layer:
    """Texts by their bands: of the first all, in each further one what was in a crowd, by its own n-grams."""

    places: np.ndarray
    bands: np.ndarray


def likeness(one: np.ndarray, other: np.ndarray, common: np.ndarray) -> float:
    """Return how alike two texts are by their n-grams: by all, and by those that are not common to many texts.

    >>> a, b = np.array([1, 2, 3, 8], dtype=np.uint64), np.array([1, 2, 3, 9], dtype=np.uint64)
    >>> likeness(a, b, np.zeros(0, dtype=np.uint64)), likeness(a, b, np.array([1, 2, 3], dtype=np.uint64))
    (0.6, 0.0)
    """
    value = jaccard(one, other)
    if value in (0.0, 1.0) or not common.size:
        return value
    left, right = own_part(one, common), own_part(other, common)
    return min(value, jaccard(left, right)) if left.size or right.size else value


def own_part(hashes: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Return the n-grams that are not among the common ones (both sorted)."""
    if not common.size:
        return hashes
    near = np.searchsorted(common, hashes).clip(max=common.size - 1)
    return hashes[common[near] != hashes]


def near_pairs(
    keys: np.ndarray,
    bands: np.ndarray,
    text: Callable[[int], str],
    similarity: float,
    earlier: NearPairs | None = None,
) -> NearPairs:
    """Return the pairs of texts at least `similarity` alike, by their keys (unique, uint64).

    Pairs of an earlier run are not compared again, unless another text became common to many.
    """
    hashes: dict[int, np.ndarray] = {}

    def hashed(place: int) -> np.ndarray:
        if place not in hashes:
            hashes[place] = grams(text(place))
        return hashes[place]

    first, members = _alike_by_bands(bands)
    common, layers, crowds = _parted(_Layer(first, bands[first]), hashed)
    if max((len(group) for group in members.values()), default=0) > _WINDOW:
        crowds = ""
    pairs: Pairs = {}
    fresh = np.ones(len(keys), dtype=bool)
    if earlier and crowds and earlier.crowds == crowds:
        fresh = ~np.isin(keys, earlier.keys)
        pairs = _still_there(earlier.pairs, keys[~fresh])

    def keep(one: int, other: int, value: float) -> None:
        low, high = sorted((int(keys[one]), int(keys[other])))
        pairs[low, high] = value

    for group in members.values():
        for i, j in _linked(group):
            keep(i, j, 1.0)
    touched = np.array([any(fresh[place] for place in members.get(one, (one,))) for one in first.tolist()], dtype=bool)
    touched_places = np.zeros(len(keys), dtype=bool)
    touched_places[first[touched]] = True
    for i, j in _candidates_of(layers, touched_places):
        value = likeness(hashed(i), hashed(j), common)
        if value >= similarity:
            for one in members.get(i, [i])[:_WINDOW]:
                for other in members.get(j, [j])[:_WINDOW]:
                    keep(one, other, value)
    return NearPairs(pairs, keys, common, crowds)


def _still_there(pairs: Pairs, keys: np.ndarray) -> Pairs:
    here = np.isin(np.array(list(pairs), dtype=np.uint64).reshape(-1, 2), keys)
    both = (here[:, 0] & here[:, 1]).tolist()
    return {pair: value for (pair, value), there in zip(pairs.items(), both, strict=True) if there}


def _alike_by_bands(bands: np.ndarray) -> tuple[np.ndarray, dict[int, list[int]]]:
    """Return a place of each set of n-grams, and by it all places of those sets that several texts have."""
    marks = (bands * _MIX[: bands.shape[1]]).sum(axis=1, dtype=np.uint64) if len(bands) else _NONE
    _, first, inverse, counts = np.unique(marks, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(counts)
    members = {
        int(first[n]): order[ends[n] - counts[n] : ends[n]].tolist()
        for n in np.flatnonzero(counts > 1).tolist()
        if bands[first[n]].any()  # a text without a word has no band: it is like no other
    }
    return np.sort(first), members


def _parted(layer: _Layer, hashed: Callable[[int], np.ndarray]) -> tuple[np.ndarray, list[_Layer], str]:
    """Return what is common to crowds, the layers of texts without a crowd but in the last, and the crowds' digest."""
    common, layers = _NONE, [layer]
    digest = hashlib.blake2b(digest_size=12)
    for _ in range(_ROUNDS):
        crowded, crowds = _crowds(layers[-1])
        digest.update(b"".join(key.tobytes() for key, _ in crowds))
        if not crowds:
            return common, layers, digest.hexdigest()
        shared = [_held_by_nearly_all([hashed(int(place)) for place in group[:_SAMPLE]]) for _, group in crowds]
        common = np.unique(np.concatenate([common, *shared]))
        digest.update(common.tobytes())
        own = np.stack([band_keys(own_part(hashed(int(place)), common)) for place in crowded])
        layers.append(_Layer(crowded, own))
    return common, layers, ""


def _crowds(layer: _Layer) -> tuple[np.ndarray, list[tuple[np.uint64, np.ndarray]]]:
    """Return the places that stand in a crowd, and each crowd's band key with its places."""
    crowds = [
        (key, layer.places[group])
        for column in layer.bands.T
        for key, group in _groups(column, np.arange(len(column)), CROWD + 1)
    ]
    return np.unique(np.concatenate([group for _, group in crowds])) if crowds else np.zeros(0, int), crowds


def _groups(column: np.ndarray, places: np.ndarray, least: int = 2) -> Iterator[tuple[np.uint64, np.ndarray]]:
    """Yield each key of a column that so many of these places share, with them in order; 0 is no key."""
    order = places[np.argsort(column[places], kind="stable")]
    keys = column[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, int)
    ends = np.r_[starts[1:], len(keys)]
    for n in np.flatnonzero((ends - starts >= least) & (keys[starts] != 0)):
        yield keys[starts[n]], order[starts[n] : ends[n]]


def _held_by_nearly_all(sample: list[np.ndarray]) -> np.ndarray:
    values, counts = np.unique(np.concatenate(sample), return_counts=True)
    return values[counts >= _NEARLY_ALL * len(sample)]


def _candidates_of(layers: list[_Layer], fresh: np.ndarray) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for n, layer in enumerate(layers):
        places = layer.places.tolist()
        last = n == len(layers) - 1
        pairs = candidates(layer.bands, fresh[layer.places], last)
        found.update((places[i], places[j]) if places[i] < places[j] else (places[j], places[i]) for i, j in pairs)
    return found


def candidates(bands: np.ndarray, fresh: np.ndarray, link_crowds: bool = False) -> set[tuple[int, int]]:
    """Return pairs (i < j) of rows of `bands` (n, BANDS) that share a band, where at least one is `fresh`.

    A crowd's band makes none, or with `link_crowds` those of its neighbours.
    """
    found: set[tuple[int, int]] = set()
    wanted = np.unique(bands[fresh])  # a key knows its band: those of one are none of another's
    if not len(wanted):
        return found
    shared = _among(bands, wanted)
    for column, looked in zip(bands.T, shared.T, strict=True):
        for _, group in _groups(column, np.flatnonzero(looked)):
            if len(group) <= CROWD or link_crowds:
                found.update((i, j) for i, j in _linked(group.tolist()) if fresh[i] or fresh[j])
    return found


def _linked(group: list[int]) -> Iterator[tuple[int, int]]:
    """Yield pairs of a group's members: each with each, or of many each with the next ones."""
    return ((one, other) for n, one in enumerate(group) for other in group[n + 1 : n + _WINDOW])


def _among(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return for each value whether it is one of `wanted` (sorted)."""
    # Few are: looking at 16 bits first is 10 times as fast as searching for every value.
    marked = np.zeros(1 << 16, dtype=bool)
    marked[wanted & np.uint64(0xFFFF)] = True
    found = marked[values & np.uint64(0xFFFF)]
    maybe = values[found]
    found[found] = wanted[np.searchsorted(wanted, maybe).clip(max=len(wanted) - 1)] == maybe
    return found
