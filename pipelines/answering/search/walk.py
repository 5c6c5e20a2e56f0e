"""Personalised PageRank from chunk to entity to chunk, in which a question says how likely each step is."""

from dataclasses import dataclass

import numpy as np

from pipelines.answering.search.graph_index import GraphIndex


@dataclass(frozen=True)
class WalkSettings:
    """How a walk goes. Chosen on the even questions of MuSiQue-100 and 2Wiki-101, without titles
    (`docs/benchmarks/retrieval.md` has the odd ones beside them).
    """

    follow: float = 0.7
    """Chance that a walk goes on instead of ending where it is: the damping of PageRank."""
    hops: int = 2
    """Steps from chunk to chunk; what is left of the mass after them ends where it is."""
    sources: int = 20
    """Chunks with most mass that a step starts from."""
    aside: float = 0.05
    """Relevance that a chunk has of which the question says nothing."""
    sharpness: float = 2.0
    """Exponent of the relevance of a chunk that a step may end in."""
    asked: float = 0.0
    """Weight of entities that the question names: the searches have been where they lead."""
    common: float = 0.2
    """Share of the chunks from which an entity is in too many of them to lead anywhere."""


def walk(
    index: GraphIndex,
    seeds: np.ndarray,
    relevance: np.ndarray,
    asked: np.ndarray,
    settings: WalkSettings | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mass of every chunk and of every entity after a walk; each sums to at most 1.

    `seeds` is where walks begin, a value for each chunk, `relevance` what the question makes of a chunk (0 to 1), and
    `asked` are the entities that it names. A step leaves a chunk by an entity, by its weight there, its rarity and the
    best chunk that it leads to, and ends in a chunk of that entity, by weight and relevance.
    """
    settings = settings or WalkSettings()
    total, met = np.zeros(len(index.chunk_ids)), np.zeros(len(index.entity_ids))
    if not seeds.sum() > 0:
        return total, met
    ends = settings.aside + np.clip(relevance, 0.0, None) ** settings.sharpness
    leads = _leads(index, asked, settings)
    front = seeds / seeds.sum()
    total += (1 - settings.follow) * front
    for _ in range(settings.hops):
        front, through = _step(index, front, ends, leads, settings.sources)
        front *= settings.follow
        total += (1 - settings.follow) * front
        met += through
    return total, met / settings.hops


def heaviest(mass: np.ndarray) -> np.ndarray:
    """Return the places that have any mass, those with most first, equal ones in their order."""
    some = np.flatnonzero(np.round(mass, 12) > 0)
    return some[np.argsort(-np.round(mass[some], 12), kind="stable")]


def _leads(index: GraphIndex, asked: np.ndarray, settings: WalkSettings) -> np.ndarray:
    """Return the weight of each entity as a way on: rare ones more, those of one chunk or of very many none."""
    chunks = np.diff(index.chunks_of.starts)
    leads = index.rarity * ((chunks > 1) & (chunks <= max(2, settings.common * len(index.chunk_ids))))
    leads[asked] *= settings.asked
    return leads


def _step(
    index: GraphIndex, front: np.ndarray, ends: np.ndarray, leads: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mass of chunks after a step from those of `front` with most, and the mass that went by each entity."""
    none = np.zeros(len(front)), np.zeros(len(leads))
    sources = heaviest(front)[:most]
    places, entities, weights = index.entities_of.from_nodes(sources)
    weights = weights * leads[entities]
    places, entities, weights = places[weights > 0], entities[weights > 0], weights[weights > 0]
    if not len(entities):
        return none
    ways, chunks, values = index.chunks_of.from_nodes(entities)
    values = values * ends[chunks] * (chunks != sources[places][ways])
    first = np.flatnonzero(np.diff(ways, prepend=-1))
    best, sums = np.maximum.reduceat(values, first), np.add.reduceat(values, first)
    weights = weights * best
    left = np.bincount(places, weights, minlength=len(sources))
    share = front[sources][places] * np.divide(weights, left[places], out=np.zeros_like(weights), where=weights > 0)
    by_way = np.divide(share, sums, out=np.zeros_like(share), where=sums > 0)
    return (
        np.bincount(chunks, values * by_way[ways], minlength=len(front)),
        np.bincount(entities, share, minlength=len(leads)),
    )
