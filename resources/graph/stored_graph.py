"""The graph as it lies in the home, version by version and column by column: for views, exports and comparisons.

The embedded store holds every graph, also where Neo4j answers; vectors are read only where they are asked for.
"""

from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipelines.core.graph_tables import GRAPH_TABLES
from resources.graph.lance_rows import HIDDEN
from resources.graph.rows import KEYS, nothing_stored
from resources.tables.versions import Pointer, Versions

Which = Literal["current", "previous"]


def stored_graph(home: Path, which: Which = "current", vectors: bool = False) -> dict[str, pa.Table] | None:
    """Return a version's tables, rows sorted by id, or None where there is none."""
    root = home / "graph"
    pointer = Pointer(root / "current.json").read() or {}
    state = pointer.get(which)
    if not state:
        return None
    tables = {}
    for name in GRAPH_TABLES:
        dataset = Versions(root / f"{name}.lance").at(state[name]["version"])
        left_out = HIDDEN if vectors else (*HIDDEN, "vector")
        columns = [column for column in dataset.schema.names if column not in left_out]
        tables[name] = dataset.to_table(columns=columns).sort_by(KEYS[name]).combine_chunks()
    return tables


def current_graph(home: Path, vectors: bool = False) -> dict[str, pa.Table]:
    """Return the current version's tables; NotMaterializedError where there is none."""
    tables = stored_graph(home, "current", vectors)
    if tables is None:
        raise nothing_stored("embedded")
    return tables
