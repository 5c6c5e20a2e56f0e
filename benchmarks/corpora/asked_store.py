"""A store that is asked the same again and again: what it answered is remembered, and passages can be hidden."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.protocols import GraphStore

_MOST_HIDDEN = 8


class AskedStore:
    """Searches of a store, remembered; `hidden` are chunks that it does not have for now. No filters."""

    def __init__(self, store: GraphStore) -> None:
        self._store, self._known = store, dict[tuple[Any, ...], Any]()
        self.name, self.hidden = store.name, frozenset[str]()

    def hide(self, chunk_ids: Collection[str]) -> None:
        """Answer as if these chunks, eight at most, were not there; none: as the store does."""
        if len(chunk_ids) > _MOST_HIDDEN:
            raise ValueError(f"{len(chunk_ids)} chunks to hide, {_MOST_HIDDEN} at most")
        self.hidden = frozenset(chunk_ids)

    def search_vector(
        self, table: str, vector: np.ndarray, k: int, filters: Filters = EVERYTHING, exact: bool = False
    ) -> list[tuple[str, float]]:
        """Return what the store does, without what is hidden."""
        key = ("vector", table, vector.tobytes(), k, exact)
        return self._shown(key, k, lambda n: self._store.search_vector(table, vector, n, filters, exact))

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        """Return what the store does, without what is hidden."""
        return self._shown(("text", table, query, k), k, lambda n: self._store.search_text(table, query, n, filters))

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return what the store does, without what is hidden."""
        wanted = [key for key in ids if key not in self.hidden]
        unknown = [key for key in wanted if ("row", table, key) not in self._known]
        found = {row[_KEYS[table]]: row for row in self._store.rows(table, unknown)} if unknown else {}
        self._known.update({("row", table, key): found.get(key) for key in unknown})
        rows = (self._known["row", table, key] for key in wanted)
        return [dict(row) for row in rows if row is not None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _shown(
        self, key: tuple[Any, ...], k: int, search: Callable[[int], list[tuple[str, float]]]
    ) -> list[tuple[str, float]]:
        if key not in self._known:
            self._known[key] = search(k + _MOST_HIDDEN)
        return [hit for hit in self._known[key] if hit[0] not in self.hidden][:k]


_KEYS = {
    "documents": "document_id",
    "chunks": "chunk_id",
    "entities": "entity_id",
    "communities": "community_id",
}
