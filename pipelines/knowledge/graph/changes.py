"""What differs between two versions of the graph: entities and relations that are new, gone and changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Tables = Mapping[str, pa.Table]
COMPARED = ("entities", "relations")
NEW, GONE, CHANGED = "new", "gone", "changed"
_WEIGHT = {"entities": "mentions", "relations": "weight"}


@dataclass(frozen=True)
class TableChanges:
    """The rows of one table that differ, the weightiest first; a changed one with the columns that differ."""

    new: list[dict[str, Any]]
    gone: list[dict[str, Any]]
    changed: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are new, gone and changed."""
        return {NEW: len(self.new), GONE: len(self.gone), CHANGED: len(self.changed)}

    @property
    def columns(self) -> dict[str, int]:
        """In how many changed rows each column differs, the most frequent first."""
        found = Counter(column for *_, columns in self.changed for column in columns)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


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
        for kind, rows in ((NEW, found.new), (GONE, found.gone)):
            yield from ({"what": f"{kind} {_ONE[name]}", "which": said(row), "how": ""} for row in rows[:most])
        for before, after, columns in found.changed[:most]:
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
    former = {row[key]: row for row in before.select(columns).to_pylist()}
    new, changed = [], []
    for row in after.select(columns).to_pylist():
        old = former.pop(row[key], None)
        if old is None:
            new.append(row)
        elif old != row:
            changed.append((old, row, tuple(name for name in columns if old[name] != row[name])))

    def order(row: Mapping[str, Any]) -> tuple[float, str]:
        return -row[weight], row[key]

    gone = sorted(former.values(), key=order)
    return TableChanges(sorted(new, key=order), gone, sorted(changed, key=lambda found: order(found[1])))


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
