"""The rows of a graph table as the embedded store keeps them, and how its next version is staged from a former one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.core.delta import compare_versions
from pipelines.core.graph_tables import GraphTables
from resources.graph.lance_search import DATE, FORMAT, TERMS, make_indexes, sql_literal
from resources.graph.rows import KEYS, SEARCHED, row_digests, search_terms, searched_text
from resources.tables.lance_upkeep import rewrite_deleted
from resources.tables.versions import Versions

if TYPE_CHECKING:
    import lance

DIGEST = "_digest"
HIDDEN = (DIGEST, TERMS, FORMAT, DATE)
_MOST_FRAGMENTS = 16
_IDS_A_FILTER = 1000


@dataclass(frozen=True)
class StagedTable:
    """The version that was staged (or the former one, where nothing differs) and its rows; how many rows differed."""

    state: dict[str, int]
    written: int
    deleted: int


def prepared(name: str, graph: GraphTables) -> pa.Table:
    """Return the rows as stored: with their digest, where searched their terms, and for chunks what filters ask of
    their documents. A chunk whose document has another date is written again."""
    table = getattr(graph, name).replace_schema_metadata(None)
    if name == "chunks":
        known = {row["document_id"]: row for row in graph.documents.to_pylist()}
        for column, source in ((FORMAT, "format"), (DATE, "date")):
            values = [known[key].get(source) or "" for key in table["document_id"].to_pylist()]
            table = table.append_column(column, pa.array(values, pa.string()))
    digests = row_digests(table)
    if name not in SEARCHED:
        return table.append_column(DIGEST, pa.array(digests, pa.string()))
    # The columns that are searched belong to the digest: rows whose terms came from others are written again.
    told = " ".join(SEARCHED[name])
    stored = table.append_column(DIGEST, pa.array([f"{digest} {told}" for digest in digests], pa.string()))
    rows = table.select([column for column in SEARCHED[name] if column in table.column_names]).to_pylist()
    return stored.append_column(TERMS, pa.array([search_terms(searched_text(row, name)) for row in rows], pa.string()))


def stage(
    name: str, versions: Versions, stored: pa.Table, state: dict[str, int] | None, sweep: bool, approximate_from: int
) -> StagedTable:
    """Bring a dataset up to date beside its current version; `sweep` takes deleted rows out of their files."""
    key = KEYS[name]
    dataset = versions.at(state["version"]) if state else None
    if dataset is None or not dataset.schema.equals(stored.schema):
        gone = set(dataset.to_table(columns=[key])[key].to_pylist()) if dataset else set()
        dataset = versions.stage_whole(stored)
        _index(name, dataset, approximate_from)
        gone -= set(stored[key].to_pylist())
        return StagedTable({"version": dataset.version, "rows": len(stored)}, len(stored), len(gone))
    before = dataset.to_table(columns=[key, DIGEST]).to_pydict()
    after = dict(zip(stored[key].to_pylist(), stored[DIGEST].to_pylist(), strict=True))
    delta = compare_versions(after, dict(zip(before[key], before[DIGEST], strict=True)))
    if state and not delta.todo and not delta.gone:
        return StagedTable(state, 0, 0)
    dataset = versions.stage_from(dataset.version)
    _change(name, dataset, stored, delta.todo, delta.gone)
    if sweep:
        rewrite_deleted(dataset)
    _index(name, dataset, approximate_from)
    return StagedTable({"version": dataset.version, "rows": len(stored)}, len(delta.todo), len(delta.gone))


def digests(stored: pa.Table, key: str) -> list[str]:
    """Return a line a row, sorted: its id and its digest."""
    pairs = zip(stored[key].to_pylist(), stored[DIGEST].to_pylist(), strict=True)
    return sorted(f"{row_id} {digest}" for row_id, digest in pairs)


def among(column: str, values: Sequence[str]) -> str:
    """Return the SQL condition that a column has one of these values."""
    return f"{column} IN ({', '.join(map(sql_literal, values))})"


def _change(name: str, dataset: "lance.LanceDataset", stored: pa.Table, todo: list[str], gone: list[str]) -> None:
    import pyarrow.compute as pc

    key = KEYS[name]
    if todo:
        rows = stored.filter(pc.is_in(stored[key], pa.array(todo)))
        dataset.merge_insert(key).when_matched_update_all().when_not_matched_insert_all().execute(rows)
    for start in range(0, len(gone), _IDS_A_FILTER):
        dataset.delete(among(key, gone[start : start + _IDS_A_FILTER]))
    if len(dataset.get_fragments()) > _MOST_FRAGMENTS:
        dataset.optimize.compact_files()


def _index(name: str, dataset: "lance.LanceDataset", approximate_from: int) -> None:
    if name in SEARCHED:
        make_indexes(dataset, KEYS[name], approximate_from)
    elif dataset.count_rows() >= approximate_from:
        dataset.create_scalar_index(KEYS[name], "BTREE", replace=True)
