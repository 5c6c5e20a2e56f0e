"""The stored graph as arrays in memory: which entities a chunk names, and which chunks name an entity."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.answering.search.spotting import Spotter
from pipelines.core.protocols import GraphStore

_OPENS = 2.0
"""What the first entity of a chunk, which is mostly what the chunk is about, has above the others."""
_LENGTH = 0.5
"""How far length counts against a chunk (the b of BM25): a long one has many names, and costs tokens."""
_SPOTTED = 0.5
"""Weight of a name that the extractor did not see."""


@dataclass(frozen=True)
class Links:
    """From nodes of one kind to nodes of another, rows compressed: those of node `n` are `starts[n]:starts[n + 1]`."""

    starts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, count: int) -> "Links":
        """Return the links of `count` nodes from one (source, target, weight) a link."""
        order = np.lexsort((targets, sources))
        starts = np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=count))])
        return cls(starts, targets[order], weights[order])

    def from_nodes(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return all links of these nodes: each one's place in `nodes`, its target and its weight, in order."""
        counts = self.starts[nodes + 1] - self.starts[nodes]
        places = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        links = np.repeat(self.starts[nodes], counts) + within
        return places, self.targets[links], self.weights[links]


@dataclass(frozen=True)
class GraphIndex:
    """Chunks and entities by their place in the stored tables.

    A link weighs more the more often the chunk has a name of the entity; `rarity` is an entity's inverse document
    frequency among the chunks. `vectors` are the chunks'.
    """

    chunk_ids: list[str]
    entity_ids: list[str]
    vectors: np.ndarray
    entities_of: Links
    chunks_of: Links
    rarity: np.ndarray

    @cached_property
    def chunk_places(self) -> dict[str, int]:
        """The place of each chunk."""
        return {key: place for place, key in enumerate(self.chunk_ids)}

    @cached_property
    def entity_places(self) -> dict[str, int]:
        """The place of each entity."""
        return {key: place for place, key in enumerate(self.entity_ids)}


def read_index(store: GraphStore) -> GraphIndex:
    """Return the index of a store as it is now: its three tables are read once, whole."""
    stored, table, entities = (store.table(name) for name in ("documents", "chunks", "entities"))
    titles = dict(zip(*(_values(stored, column) for column in ("document_id", "title")), strict=True))
    ids = table["chunk_id"].to_pylist()
    pairs = zip(table["document_id"].to_pylist(), table["text"].to_pylist(), strict=True)
    texts = [f"{titles.get(document) or ''}\n{text}" for document, text in pairs]
    names = [
        [name, *(aliases or [])]
        for name, aliases in zip(*(_values(entities, column) for column in ("name", "aliases")), strict=True)
    ]
    found = _stated(names, _values(entities, "chunk_ids"), ids, texts)
    found |= _spotted(names, _values(entities, "type"), texts, found)
    links = np.array([(*key, place) for key, (place, _) in found.items()], np.int64).reshape(-1, 3)
    sources, targets, places = links.T
    known = np.array([weight for _, weight in found.values()], np.float64)
    weights = known + np.minimum(known, 1) * _OPENS * _is_first(targets, places)
    entity_ids = _values(entities, "entity_id")
    homes = np.bincount(sources, minlength=len(entity_ids))
    return GraphIndex(
        ids,
        entity_ids,
        _vectors(table),
        Links.of(targets, sources, weights, len(ids)),
        Links.of(sources, targets, weights * _by_length(texts)[targets], len(entity_ids)),
        np.log(1 + (len(ids) - homes + 0.5) / (homes + 0.5)),
    )


_Found = dict[tuple[int, int], tuple[int, float]]
"""By entity and chunk: where the chunk names it first, and the weight of that."""


def _stated(names: list[list[str]], chunk_ids: list[list[str]], ids: list[str], texts: list[str]) -> _Found:
    """Return the chunks that the graph knows an entity from: the more often one names it, the more it weighs."""
    place_of, small = {key: place for place, key in enumerate(ids)}, [text.lower() for text in texts]
    found: _Found = {}
    for entity, (spellings, homes) in enumerate(zip(names, chunk_ids, strict=True)):
        spelt = {one.lower() for one in spellings}
        for chunk in {place_of[key] for key in homes or [] if key in place_of}:
            text = small[chunk]
            places = [place for place in (text.find(one) for one in spelt) if place >= 0]
            times = max([1, *(text.count(one) for one in spelt)])
            found[entity, chunk] = min(places, default=len(text)), 1 + math.log(times)
    return found


def _spotted(names: list[list[str]], types: list[str], texts: list[str], stated: _Found) -> _Found:
    """Return where a name stands that the extractor did not see there."""
    spotter = Spotter(names, [kind == "PERSON" for kind in types])
    found: _Found = {}
    for chunk, text in enumerate(texts):
        for entity, place in spotter.spot(text):
            if (entity, chunk) not in stated and (entity, chunk) not in found:
                found[entity, chunk] = place, _SPOTTED
    return found


def _by_length(texts: list[str]) -> np.ndarray:
    """Return the factor of each chunk, 1 at the mean length (the pivoted normalisation of BM25)."""
    lengths = np.array([len(text) for text in texts], np.float64)
    return 1 / (1 - _LENGTH + _LENGTH * lengths / max(float(lengths.mean()), 1.0)) if texts else lengths


def _is_first(chunks: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Say of each link whether no other entity of its chunk stands before its own."""
    first = np.full(int(chunks.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, chunks, places)
    return places == first[chunks]


def _vectors(chunks: pa.Table) -> np.ndarray:
    values = chunks["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return values.astype(np.float32, copy=False).reshape(len(chunks), -1)


def _values(table: pa.Table, column: str) -> list[Any]:
    """Return a column's values; a table without rows need have no columns."""
    return table[column].to_pylist() if len(table) else []
