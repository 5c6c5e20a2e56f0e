"""The embedded graph store: one Lance dataset a table, staged beside and switched by one pointer file."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipelines.core.errors import ConfigurationError, NotMaterializedError, ServiceError
from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, StoreChanges
from resources.graph import lance_rows
from resources.graph.lance_search import APPROXIMATE_FROM, matching_rows, nearest_rows
from resources.graph.rows import KEYS, nothing_stored, refuse_broken, refuse_filters, search_terms
from resources.graph.staged_graph import UNDECIDED, StagedGraph, decided, identity
from resources.tables.lance_upkeep import today, upkeep_is_due
from resources.tables.versions import Pointer, Versions, previous, succeeding

if TYPE_CHECKING:
    import lance

_KEPT_FOR_READERS = timedelta(hours=1)
_DAYS_OF_PREVIOUS = 7
"""How long a rollback is kept for where nothing changes: the previous version holds what was deleted since."""
_IDS_A_FILTER = 1000
_LOG = logging.getLogger("graftline")

State = dict[str, dict[str, int]]
"""By table: the dataset's version and its number of rows."""


class EmbeddedGraphStore:
    """A graph below one folder. `current.json` names each table's version: a reader sees the old or the new one whole.

    A run that fails before the switch leaves versions that nothing names; the next one starts from the named ones.
    """

    name = "embedded"

    def __init__(self, root: Path, approximate_from: int = APPROXIMATE_FROM) -> None:
        self.root, self._approximate_from = root, approximate_from
        self._file = Pointer(root / "current.json")
        self._open: dict[tuple[str, int], lance.LanceDataset] = {}

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make the store equal to `graph`, writing only rows that differ; the switch comes last.

        Raises InputError for a graph that refers to rows it does not hold.
        """
        staged = self.stage(graph)
        self.switch(staged)
        self.finish(staged)
        return staged.changes

    def rollback(self) -> dict[str, int]:
        """Switch to the previous version (a second rollback switches back) and return its counts."""
        staged = self.stage_previous()
        self.switch(staged)
        self.finish(staged)
        return self.counts()

    def stage(self, graph: GraphTables) -> StagedGraph:
        """Write what differs beside the current version; readers see it after `switch`, and never without."""
        refuse_broken(graph)
        began_from = self._pointer()
        former = decided(began_from)
        current, swept = former.get("current") or {}, former.get("swept")
        state: State = {}
        written, deleted, digests = {}, {}, {}
        for name in GRAPH_TABLES:
            stored = lance_rows.prepared(name, graph)
            table = lance_rows.stage(
                name, self._versions(name), stored, current.get(name), upkeep_is_due(swept), self._approximate_from
            )
            state[name], written[name], deleted[name] = table.state, table.written, table.deleted
            digests[name] = lance_rows.digests(stored, KEYS[name])
        to: dict[str, Any] = {"current": state, "model": graph.embedder, "graph": identity(digests, graph.embedder)}
        if state != current:
            to = succeeding({**to, "swept": today()}, former)
        elif former.get("previous") and upkeep_is_due(swept, _DAYS_OF_PREVIOUS):
            to = {**to, "previous": None, "swept": today()}
        else:
            to = {**former, **to}
        return StagedGraph(to, began_from, StoreChanges(written, deleted))

    def stage_previous(self) -> StagedGraph:
        """Return the previous version as one to switch to; NotMaterializedError where there is none."""
        began_from = self._pointer()
        to = previous(began_from)
        if to is None:
            raise NotMaterializedError(
                "the embedded graph store", "no previous version", "two different graphs stored", "graftline run"
            )
        if "graph" not in to:  # an earlier release's
            columns = {name: [KEYS[name], lance_rows.DIGEST] for name in GRAPH_TABLES}
            stored = {name: self._dataset(name, to["current"]).to_table(columns=columns[name]) for name in GRAPH_TABLES}
            digests = {name: lance_rows.digests(table, KEYS[name]) for name, table in stored.items()}
            to["graph"] = identity(digests, to.get("model", ""))
        nothing = dict.fromkeys(GRAPH_TABLES, 0)
        to = succeeding({**to, "swept": today()}, decided(began_from))
        return StagedGraph(to, began_from, StoreChanges(nothing, nothing))

    def switch(self, staged: StagedGraph, undecided: bool = False) -> None:
        """Make what was staged current, by one file; `undecided` keeps the former pointer in it until `finish`.

        ServiceError where another run has switched since this one began: its graph stays.
        """
        if self._pointer() != staged.former:
            found, wanted = "the graph of another run, which ended meanwhile", "one run at a time"
            raise ServiceError(str(self.root), found, wanted, "graftline run --select knowledge_graph")
        if staged.pointer != staged.former:
            self._file.switch(staged.with_way_back if undecided else staged.pointer)
            state = staged.pointer["current"]
            self._open = {place: table for place, table in self._open.items() if state[place[0]]["version"] == place[1]}

    def undo(self, staged: StagedGraph, undecided: bool = False) -> None:
        """Make current again what was before an undecided `switch`; `undecided` keeps the way on to its graph."""
        if self._pointer() == staged.with_way_back:
            former = decided(staged.former)
            self._file.switch({**former, UNDECIDED: staged.pointer} if undecided else former)

    def finish(self, staged: StagedGraph) -> None:
        """Forget the way back and what no pointer names. What fails here is told, and done after the next switch."""
        state, former = staged.pointer["current"], staged.pointer.get("previous")
        try:
            if self._pointer() == staged.with_way_back:
                self._file.switch(staged.pointer)
            if (state, former) == (staged.former.get("current"), staged.former.get("previous")):
                return
            for name in GRAPH_TABLES:
                versions = self._versions(name)
                versions.keep(current=state[name]["version"], previous=(former or state)[name]["version"])
                versions.forget(_KEPT_FOR_READERS)
        except (OSError, RuntimeError, ValueError) as error:
            _LOG.warning("%s holds the new graph; its old versions could not be forgotten (%s)", self.root, error)

    def version(self) -> str | None:
        """Return the version of the current graph, None before one had any."""
        return self._pointer().get("graph")

    def is_at(self, version: str | None) -> bool:
        """Return whether the current graph is this version; None stands for one that has none yet."""
        return self._pointer().get("graph") == version

    def follow(self, version: str | None) -> bool:
        """Switch to this version where an interrupted switch left the way to it; say whether it did."""
        other = self._pointer().get(UNDECIDED)
        if other is None or other.get("graph") != version or self.is_at(version):
            return False
        self._file.switch(other)
        return True

    def model(self) -> str:
        """Return the embedding model (name and revision) of the current version's vectors; "" where none is known."""
        return str(self._pointer().get("model", ""))

    def graph(self, which: str = "current") -> GraphTables | None:
        """Return the whole graph of the `current` or `previous` version, or None."""
        state = self._pointer().get(which)
        return GraphTables(**{name: self._read(name, state) for name in GRAPH_TABLES}) if state else None

    def table(self, name: str) -> pa.Table:
        """Return a table as it was applied, rows sorted by id."""
        return self._read(name, self._state())

    def counts(self) -> dict[str, int]:
        """Return the number of rows by table; zeros before the first run."""
        state = self._pointer().get("current") or {}
        return {name: state[name]["rows"] if name in state else 0 for name in GRAPH_TABLES}

    def languages(self) -> dict[str, int]:
        """Return the number of chunks by language; one column is read."""
        found = self._dataset("chunks", self._state()).to_table(columns=["language"])["language"].value_counts()
        return {one["values"]: one["counts"] for one in found.to_pylist()}

    def search_vector(
        self, table: str, vector: np.ndarray, k: int, filters: Filters = EVERYTHING, exact: bool = False
    ) -> list[tuple[str, float]]:
        """Return the k rows of highest cosine similarity; exact for small tables, else by an HNSW index and refined."""
        dataset = self._dataset(table, self._state())
        refuse_filters(table, filters, dataset.schema.names)
        dimensions = dataset.schema.field("vector").type.list_size
        if len(vector) != dimensions:
            raise ConfigurationError(
                "EMBEDDING_MODEL", f"a query of {len(vector)} dimensions", f"{dimensions} as stored", "graftline run"
            )
        return nearest_rows(dataset, KEYS[table], vector, k, filters, exact)

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        """Return the k best matches by BM25 over words (stemmed) and pairs of Chinese characters."""
        dataset = self._dataset(table, self._state())
        refuse_filters(table, filters, dataset.schema.names)
        return matching_rows(dataset, KEYS[table], search_terms(query), k, filters)

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows with these ids in their order, without vectors."""
        found = {row[KEYS[table]]: row for row in self._where(table, KEYS[table], ids)}
        return [found[key] for key in ids if key in found]

    def relations_of(self, entity_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the relations that touch any of these entities, heaviest first, then by id."""
        ends = self._where("relations", "source_id", entity_ids) + self._where("relations", "target_id", entity_ids)
        found = {row["relation_id"]: row for row in ends}
        return sorted(found.values(), key=lambda row: (-row["weight"], row["relation_id"]))

    def siblings_of(self, parent_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the chunks of these parents, by document and place."""
        found = self._where("chunks", "parent_id", [key for key in parent_ids if key])
        return sorted(found, key=lambda row: (row["document_id"], row["start"], row["chunk_id"]))

    def close(self) -> None:
        """Let go of the open datasets."""
        self._open.clear()

    def _where(self, table: str, column: str, values: Sequence[str]) -> list[dict[str, Any]]:
        dataset, wanted = self._dataset(table, self._state()), sorted(set(values))
        columns = [name for name in dataset.schema.names if name not in ("vector", *lance_rows.HIDDEN)]
        found = []
        for start in range(0, len(wanted), _IDS_A_FILTER):
            condition = lance_rows.among(column, wanted[start : start + _IDS_A_FILTER])
            found += dataset.to_table(columns=columns, filter=condition).to_pylist()
        return found

    def _pointer(self) -> dict[str, Any]:
        return self._file.read() or {}

    def _state(self) -> State:
        state = self._pointer().get("current")
        if not state:
            raise nothing_stored(self.name)
        return state

    def _versions(self, name: str) -> Versions:
        return Versions(self.root / f"{name}.lance")

    def _dataset(self, name: str, state: State) -> "lance.LanceDataset":
        place = (name, state[name]["version"])
        if place not in self._open:
            self._open[place] = self._versions(name).at(place[1])
        return self._open[place]

    def _read(self, name: str, state: State) -> pa.Table:
        dataset = self._dataset(name, state)
        columns = [column for column in dataset.schema.names if column not in lance_rows.HIDDEN]
        return dataset.to_table(columns=columns).sort_by(KEYS[name]).combine_chunks()
