"""The embedded graph store: one Lance dataset a table, written beside and switched by one pointer file."""

import json
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipelines.core.delta import compare
from pipelines.core.errors import ConfigurationError, NotMaterializedError
from pipelines.core.files import write_atomically
from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, StoreChanges
from resources.graph.lance_search import APPROXIMATE_FROM, DATE, FORMAT, TERMS, literal, make_indexes, matching, nearest
from resources.graph.rows import (
    KEYS,
    SEARCHED,
    nothing_stored,
    refuse_broken,
    refuse_filters,
    row_digests,
    search_terms,
    searched_text,
)
from resources.tables.lance_upkeep import due, forget_old_versions, rewrite_deleted, today

if TYPE_CHECKING:
    import lance

_DIGEST = "_digest"
_HIDDEN = (_DIGEST, TERMS, FORMAT, DATE)
_KEPT_FOR_READERS = timedelta(hours=1)
_DAYS_OF_PREVIOUS = 7
"""How long a rollback is kept for where nothing changes: the previous version holds what was deleted since."""
_MOST_FRAGMENTS = 16
_IDS_A_FILTER = 1000

State = dict[str, dict[str, int]]
"""By table: the dataset's version and its number of rows."""


class EmbeddedGraphStore:
    """A graph below one folder. `current.json` names each table's version: a reader sees the old or the new one whole.

    A run that fails before the switch leaves versions that nothing names; the next one starts from the named ones.
    """

    name = "embedded"

    def __init__(self, root: Path, approximate_from: int = APPROXIMATE_FROM) -> None:
        self.root, self._approximate_from = root, approximate_from
        self._open: dict[tuple[str, int], lance.LanceDataset] = {}

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make the store equal to `graph`, writing only rows that differ; the switch comes last.

        Raises InputError for a graph that refers to rows it does not hold.
        """
        refuse_broken(graph)
        pointer = self._pointer()
        current, former = pointer.get("current") or {}, pointer.get("model", "")
        sweep = due(pointer.get("swept"))
        state: State = {}
        written, deleted = {}, {}
        for name in GRAPH_TABLES:
            stored = _prepared(name, graph)
            state[name], written[name], deleted[name] = self._update(name, stored, current.get(name), sweep)
        if state != current:
            self._switch({"current": state, "model": graph.embedder}, {"current": current or None, "model": former})
        elif pointer.get("previous") and due(pointer.get("swept"), _DAYS_OF_PREVIOUS):
            self._switch({"current": state, "model": graph.embedder}, {"current": None})
        elif former != graph.embedder:
            self._write({**pointer, "model": graph.embedder})
        return StoreChanges(written, deleted)

    def rollback(self) -> dict[str, int]:
        """Switch to the previous version (a second rollback switches back) and return its counts."""
        pointer = self._pointer()
        if not pointer.get("previous"):
            raise NotMaterializedError(
                "the embedded graph store", "no previous version", "two different graphs stored", "graftline run"
            )
        back = {"current": pointer["previous"], "model": pointer.get("previous_model", "")}
        self._switch(back, pointer)
        return self.counts()

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
        return nearest(dataset, KEYS[table], vector, k, filters, exact)

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        """Return the k best matches by BM25 over words (stemmed) and pairs of Chinese characters."""
        dataset = self._dataset(table, self._state())
        refuse_filters(table, filters, dataset.schema.names)
        return matching(dataset, KEYS[table], search_terms(query), k, filters)

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
        columns = [name for name in dataset.schema.names if name not in ("vector", *_HIDDEN)]
        found = []
        for start in range(0, len(wanted), _IDS_A_FILTER):
            condition = _among(column, wanted[start : start + _IDS_A_FILTER])
            found += dataset.to_table(columns=columns, filter=condition).to_pylist()
        return found

    def _pointer(self) -> dict[str, Any]:
        path = self.root / "current.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def _state(self) -> State:
        state = self._pointer().get("current")
        if not state:
            raise nothing_stored(self.name)
        return state

    def _folder(self, name: str) -> Path:
        return self.root / f"{name}.lance"

    def _dataset(self, name: str, state: State) -> "lance.LanceDataset":
        import lance

        place = (name, state[name]["version"])
        if place not in self._open:
            self._open[place] = lance.dataset(str(self._folder(name)), version=place[1])
        return self._open[place]

    def _read(self, name: str, state: State) -> pa.Table:
        dataset = self._dataset(name, state)
        columns = [column for column in dataset.schema.names if column not in _HIDDEN]
        return dataset.to_table(columns=columns).sort_by(KEYS[name]).combine_chunks()

    def _switch(self, to: dict[str, Any], since: dict[str, Any]) -> None:
        """Make one version and its model current and keep another as the previous one, then tidy up."""
        state, previous = to["current"], since["current"]
        self._write({**to, "previous": previous, "previous_model": since.get("model", ""), "swept": today()})
        self._open = {place: dataset for place, dataset in self._open.items() if state[place[0]]["version"] == place[1]}
        for name in GRAPH_TABLES:
            dataset = self._dataset(name, state)
            tags, former = dataset.tags.list(), (previous or state)[name]["version"]
            # Lance never cleans up a tagged version: these two are what the pointer names.
            for tag, version in (("current", state[name]["version"]), ("previous", former)):
                (dataset.tags.update if tag in tags else dataset.tags.create)(tag, version)
            forget_old_versions(dataset, _KEPT_FOR_READERS)

    def _write(self, pointer: dict[str, Any]) -> None:
        write_atomically(self.root / "current.json", json.dumps(pointer))

    def _update(
        self, name: str, stored: pa.Table, state: dict[str, int] | None, sweep: bool
    ) -> tuple[dict[str, int], int, int]:
        """Bring one dataset up to date beside what is current; return its new state, rows written and deleted."""
        import lance

        key, folder = KEYS[name], self._folder(name)
        # A handle of its own: writing moves it on, while readers stay on the version that they opened.
        dataset = lance.dataset(str(folder), version=state["version"]) if state else None
        if dataset is None or not dataset.schema.equals(stored.schema):
            gone = set(dataset.to_table(columns=[key])[key].to_pylist()) if dataset else set()
            dataset = _write_whole(folder, stored)
            self._index(name, dataset)
            gone -= set(stored[key].to_pylist())
            return {"version": dataset.version, "rows": len(stored)}, len(stored), len(gone)
        before = dataset.to_table(columns=[key, _DIGEST]).to_pydict()
        after = dict(zip(stored[key].to_pylist(), stored[_DIGEST].to_pylist(), strict=True))
        delta = compare(after, dict(zip(before[key], before[_DIGEST], strict=True)))
        if state and not delta.todo and not delta.gone:
            return state, 0, 0
        _change(name, dataset, stored, delta.todo, delta.gone)
        if sweep:
            rewrite_deleted(dataset)
        self._index(name, dataset)
        return {"version": dataset.version, "rows": len(stored)}, len(delta.todo), len(delta.gone)

    def _index(self, name: str, dataset: "lance.LanceDataset") -> None:
        if name in SEARCHED:
            make_indexes(dataset, KEYS[name], self._approximate_from)
        elif dataset.count_rows() >= self._approximate_from:
            dataset.create_scalar_index(KEYS[name], "BTREE", replace=True)


def _among(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(literal, values))})"


def _prepared(name: str, graph: GraphTables) -> pa.Table:
    """Return the rows as stored: with their digest, where searched their terms, and for chunks what filters ask of
    their documents. A chunk whose document has another date is written again."""
    table = getattr(graph, name).replace_schema_metadata(None)
    if name == "chunks":
        known = {row["document_id"]: row for row in graph.documents.to_pylist()}
        for column, source in ((FORMAT, "format"), (DATE, "date")):
            values = [known[key].get(source) or "" for key in table["document_id"].to_pylist()]
            table = table.append_column(column, pa.array(values, pa.string()))
    stored = table.append_column(_DIGEST, pa.array(row_digests(table), pa.string()))
    if name not in SEARCHED:
        return stored
    rows = table.select(list(SEARCHED[name])).to_pylist()
    return stored.append_column(TERMS, pa.array([search_terms(searched_text(row, name)) for row in rows], pa.string()))


def _write_whole(folder: Path, stored: pa.Table) -> "lance.LanceDataset":
    import lance

    if folder.exists() and not (folder / "_versions").exists():
        shutil.rmtree(folder)  # what a crash left of a first write
    folder.parent.mkdir(parents=True, exist_ok=True)
    return lance.write_dataset(stored, str(folder), mode="overwrite" if folder.exists() else "create")


def _change(name: str, dataset: "lance.LanceDataset", stored: pa.Table, todo: list[str], gone: list[str]) -> None:
    import pyarrow.compute as pc

    key = KEYS[name]
    if dataset.latest_version != dataset.version:
        dataset.restore()  # newer versions are a failed run's, or what a rollback left
    if todo:
        rows = stored.filter(pc.is_in(stored[key], pa.array(todo)))
        dataset.merge_insert(key).when_matched_update_all().when_not_matched_insert_all().execute(rows)
    for start in range(0, len(gone), _IDS_A_FILTER):
        dataset.delete(_among(key, gone[start : start + _IDS_A_FILTER]))
    if len(dataset.get_fragments()) > _MOST_FRAGMENTS:
        dataset.optimize.compact_files()
