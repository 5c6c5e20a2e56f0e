"""What differs between two versions of the graph: entities and relations that are new, gone and changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Tables = Mapping[str, pa.Table]
COMPARED = ("entities", "relations")
NEW, GONE, CHANGED = "new", "gone", "changed"
_BETWEEN = "\x1f\x00"
_WEIGHT = {"entities": "mentions", "relations": "weight"}


@dataclass(frozen=True)
class TableChanges:
    """The rows of one table that differ, the weightiest first: of changed ones, before and after, row by row.

    `differing` says for each column in which of the changed rows it differs.
    """

    new: pa.Table
    gone: pa.Table
    before: pa.Table
    after: pa.Table
    differing: Mapping[str, pa.ChunkedArray]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are new, gone and changed."""
        return {NEW: len(self.new), GONE: len(self.gone), CHANGED: len(self.after)}

    @property
    def columns(self) -> dict[str, int]:
        """In how many changed rows each column differs, the most frequent first."""
        found = {column: pc.sum(where).as_py() or 0 for column, where in self.differing.items()}
        return dict(
            sorted(((name, count) for name, count in found.items() if count), key=lambda one: (-one[1], one[0]))
        )

    def changed(self, most: int) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[str]]]:
        """Yield the first changed rows before and after, and the columns that differ."""
        pairs = zip(self.before.slice(0, most).to_pylist(), self.after.slice(0, most).to_pylist(), strict=True)
        for number, (before, after) in enumerate(pairs):
            yield before, after, [column for column, where in self.differing.items() if where[number].as_py()]


@dataclass(frozen=True)
class GraphChanges:
    """The changes by table, and the names of entities, of both versions."""

    tables: Mapping[str, TableChanges]
    names: Mapping[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """Figures by table and kind: entities_new, relations_changed."""
        return {f"{name}_{kind}": count for name in COMPARED for kind, count in self.tables[name].counts.items()}

    def examples(self, most: int) -> list[dict[str, str]]:
        """Return rows for a table, at most so many of each table and kind."""
        return [row for name in COMPARED for row in self._of(name, most)]

    def _of(self, name: str, most: int) -> Iterator[dict[str, str]]:
        found = self.tables[name]
        said = self._entity if name == "entities" else self._relation
        for kind, table in ((NEW, found.new), (GONE, found.gone)):
            rows = table.slice(0, most).to_pylist()
            yield from ({"what": f"{kind} {_ONE[name]}", "which": said(row), "how": ""} for row in rows)
        for before, after, columns in found.changed(most):
            how = "; ".join(_difference(column, before[column], after[column]) for column in columns)
            yield {"what": f"{CHANGED} {_ONE[name]}", "which": said(after), "how": how}

    def _entity(self, row: Mapping[str, Any]) -> str:
        return f"{row['name']} ({row['type']})"

    def _relation(self, row: Mapping[str, Any]) -> str:
        source, target = (self.names.get(row[end], row[end]) for end in ("source_id", "target_id"))
        return f"{source} → {row['type']} → {target}"


_ONE = {"entities": "entity", "relations": "relation"}


def graph_changes(before: Tables, after: Tables) -> GraphChanges:
    """Compare the entities and relations of two versions by id; vectors and communities are not looked at.

    A column that only one version has says nothing of a row.
    """
    names: dict[str, str] = {}
    for tables in (before, after):
        rows = zip(*(tables["entities"][name].to_pylist() for name in ("entity_id", "name")), strict=True)
        names.update(rows)
    return GraphChanges({name: _changes(before[name], after[name], _WEIGHT[name]) for name in COMPARED}, names)


def _changes(before: pa.Table, after: pa.Table, weight: str) -> TableChanges:
    columns = [name for name in after.column_names if name in before.column_names and name != "vector"]
    key = columns[0]
    order = [(weight, "descending"), (key, "ascending")]
    former, latter = before.select(columns).sort_by(key), after.select(columns).sort_by(key)
    lost, made = (
        pc.invert(pc.is_in(one[key], value_set=other[key])) for one, other in ((former, latter), (latter, former))
    )
    gone, new = former.filter(lost).sort_by(order), latter.filter(made).sort_by(order)
    former, latter = former.filter(pc.invert(lost)), latter.filter(pc.invert(made))  # the same ids, in the same order
    differing = {name: pc.not_equal(_comparable(former[name]), _comparable(latter[name])) for name in columns[1:]}
    anywhere = reduce(pc.or_, differing.values(), pc.is_null(latter[key]))
    place = latter.filter(anywhere).append_column("place", _places(anywhere)).sort_by(order)["place"]
    chosen = {name: where.take(place) for name, where in differing.items()}
    return TableChanges(new, gone, former.take(place), latter.take(place), chosen)


def _places(where: pa.ChunkedArray) -> pa.Array:
    # Arrow's own indices_nonzero ends the process where an array has no chunk.
    return pa.array(np.flatnonzero(where.to_numpy()), pa.int64())


def _comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values that Arrow compares row by row; of a list, its items as one text."""
    if not pa.types.is_list(column.type):
        return pc.fill_null(column, "" if pa.types.is_string(column.type) else 0)
    flat = pc.cast(column, pa.list_(pa.string()))
    return pc.fill_null(pc.binary_join(flat, _BETWEEN), "")


def _difference(column: str, before: Any, after: Any) -> str:
    """Say how a value differs: numbers in full, of lists what came and went, of texts only that."""
    if isinstance(after, int | float):
        return f"{column} {before:g} → {after:g}"
    if isinstance(after, list) and all(isinstance(value, str) for value in [*before, *after]):
        came, went = _without(after, before), _without(before, after)
        if column.endswith("_ids") or not (came or went):
            return f"{column} +{len(came)} −{len(went)}"
        return f"{column} " + ", ".join([*(f"+{value}" for value in came), *(f"−{value}" for value in went)])
    return f"{column} {before} → {after}" if column in ("name", "type") else column


def _without(values: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(others)
    return [value for value in values if value not in known]
