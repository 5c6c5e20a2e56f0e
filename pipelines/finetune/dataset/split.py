"""Train and test: by the hash of the source, whatever else there is; what is alike stays together."""

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

_PLACES = float(1 << 64)


class SplitSettings(BaseModel):
    """How rows are held out, and how alike two texts are before they count as one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test_share: float = Field(
        default=0.2, gt=0, lt=1, description="share of the sources that are held out for evaluation"
    )
    salt: str = Field(default="graftline", description="another salt holds out other sources")
    similarity: float = Field(
        default=0.8, gt=0, description="share of n-grams in common from which texts are near-duplicates; above 1: never"
    )


def split_rows(
    places: np.ndarray,
    links: Iterable[tuple[int, int]],
    settings: SplitSettings,
    never: np.ndarray | None = None,
) -> tuple[np.ndarray, str]:
    """Return `held_out`, and why it is nothing where too few sources leave one side without a row ("" where not).

    A few rows are trained on without a held-out figure: they would be too few to say anything. Rows of `never` are
    never held out, and move no other: the caller leaves out those that ask what is held out.
    """
    never = np.zeros(len(places), dtype=bool) if never is None else never
    free = np.flatnonzero(~never)
    index = np.full(len(places), -1)
    index[free] = np.arange(len(free))
    between = ((index[one], index[other]) for one, other in links if not never[one] and not never[other])
    held = np.zeros(len(places), dtype=bool)
    held[free] = held_out_rows(places[free], between, settings)
    if held[free].any() and not held[free].all():
        return held, ""
    sources = len(np.unique(places[free]))
    note = (
        f"nothing is held out: {len(free)} rows of {sources} sources are too few to part, so all of them are trained "
        "on; held-out loss, evaluation and promotion need rows of other sources"
    )
    return np.zeros(len(held), dtype=bool), note


def held_out_rows(places: np.ndarray, links: Iterable[tuple[int, int]], settings: SplitSettings) -> np.ndarray:
    """Return for each row whether it is held out, from its source's place; linked rows and sources stay together.

    `links` are pairs of indices into `places`. A group goes where the source with the smallest hash goes, by a hash of
    its own: as many groups are held out as sources, and a new row moves none but those that it is alike.
    """
    sources, inverse = np.unique(places, return_inverse=True)
    parent: dict[int, int] = {}  # of those that are linked: most speak for themselves

    def root(n: int) -> int:
        while n in parent:
            parent[n] = parent.get(parent[n], parent[n])
            n = parent[n]
        return n

    # A permutation of the places decides who speaks for a group: by the place itself, large groups were held out more.
    rank = (sources * np.uint64(0x9E3779B97F4A7C15)) ^ (sources >> np.uint64(31))
    for one, other in links:
        left, right = root(int(inverse[one])), root(int(inverse[other]))
        if left != right:
            low, high = sorted((left, right), key=lambda n: (int(rank[n]), n))
            parent[high] = low
    roots = np.arange(len(sources))
    for n in list(parent):
        roots[n] = root(n)
    return (sources[roots] / _PLACES < settings.test_share)[inverse] if len(sources) else np.zeros(0, dtype=bool)
