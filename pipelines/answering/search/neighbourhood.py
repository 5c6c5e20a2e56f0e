"""What surrounds the entities of a graph index, as arrays in memory: their relations and their communities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.answering.search.graph_index import GraphIndex, Links
from pipelines.core.protocols import GraphStore


@dataclass(frozen=True)
class Neighbourhood:
    """Relations and communities by their place in the stored tables, by the place of an entity in its index.

    `ends` has a row a relation: the places of its source and its target. `sizes` are the members of each community.
    """

    relation_ids: list[str]
    ends: np.ndarray
    relations_of: Links
    community_ids: list[str]
    sizes: np.ndarray
    communities_of: Links

    def relations(self, weights: np.ndarray, most: int) -> list[str]:
        """Return the relations whose ends weigh most together, best first; those of no weight are left out."""
        touched = np.unique(self.relations_of.from_nodes(np.flatnonzero(weights))[1])
        return _best(self.relation_ids, weights[self.ends[touched]].sum(axis=1), touched, most)

    def communities(self, weights: np.ndarray, most: int) -> list[str]:
        """Return the communities whose members weigh most, best first; a large one has to hold more of them."""
        some = np.flatnonzero(weights)
        places, found, _ = self.communities_of.from_nodes(some)
        sums = np.bincount(found, weights[some][places], minlength=len(self.community_ids))
        touched = np.flatnonzero(sums)
        return _best(self.community_ids, sums[touched] / np.sqrt(self.sizes[touched]), touched, most)


def _best(ids: Sequence[str], scores: np.ndarray, places: np.ndarray, most: int) -> list[str]:
    order = np.argsort(-np.round(scores, 12), kind="stable")[:most]
    return [ids[place] for place in places[order]]


def read_neighbourhood(store: GraphStore, index: GraphIndex) -> Neighbourhood:
    """Return the relations and communities of a store as it is now; what joins no entity of the index is left out."""
    relations, communities = store.table("relations"), store.table("communities")
    known, count = index.entity_places, len(index.entity_ids)
    ends = [
        (key, known[source], known[target])
        for key, source, target in zip(
            *(_values(relations, name) for name in ("relation_id", "source_id", "target_id")), strict=True
        )
        if source in known and target in known
    ]
    places = np.array([pair for _, *pair in ends], np.int64).reshape(-1, 2)
    groups = [[known[key] for key in members or [] if key in known] for members in _values(communities, "entity_ids")]
    members = np.array([place for group in groups for place in group], np.int64)
    sizes = np.array([len(group) for group in groups], np.int64)
    return Neighbourhood(
        [key for key, *_ in ends],
        places,
        _links(places.T.ravel(), np.tile(np.arange(len(ends)), 2), count),
        _values(communities, "community_id"),
        np.maximum(sizes, 1),
        _links(members, np.repeat(np.arange(len(groups)), sizes), count),
    )


def _links(sources: np.ndarray, targets: np.ndarray, count: int) -> Links:
    return Links.of(sources, targets, np.ones(len(sources)), count)


def _values(table: pa.Table, column: str) -> list[Any]:
    """Return a column's values; a table without rows need have no columns."""
    return table[column].to_pylist() if len(table) else []
