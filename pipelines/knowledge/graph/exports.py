"""The graph in formats that other tools read: a table of them, and one function that writes any."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from pipelines.core.files import beside
from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.knowledge.graph.html_view import LIMITS, write_view
from pipelines.knowledge.graph.view_data import WHOLE, degrees, shown_of_all, view_data, without_vectors

Tables = Mapping[str, pa.Table]

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INSTEAD = "\ufffd"
_NODE = {
    "label": "string",
    "type": "string",
    "description": "string",
    "aliases": "string",
    "mentions": "long",
    "degree": "long",
    "documents": "string",
}
_EDGE = {"label": "string", "weight": "double", "description": "string", "chunks": "long", "documents": "string"}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'


@dataclass(frozen=True)
class Written:
    """A file or folder that was written, and what of the graph is in it."""

    path: Path
    told: str


def write_html(tables: Tables, folder: Path) -> Written:
    """Write the interactive page."""
    data = view_data(tables, LIMITS)
    return Written(write_view(data, folder / "knowledge_graph.html"), shown_of_all(data))


def write_graphml(tables: Tables, folder: Path) -> Written:
    """Write entities as nodes and relations as edges; characters that XML has no way to write become U+FFFD."""
    path, replaced = folder / "knowledge_graph.graphml", [0]
    with beside(path, private=True) as new, new.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_graphml(tables, replaced))
    told = f"{tables['entities'].num_rows:,} nodes, {tables['relations'].num_rows:,} edges"
    return Written(path, told + (f", {replaced[0]} characters that XML cannot hold replaced" if replaced[0] else ""))


def write_parquet(tables: Tables, folder: Path) -> Written:
    """Write the five tables as they are stored, vectors too."""
    import pyarrow.parquet as pq

    place = folder / "parquet"
    with beside(place, folder=True) as new:
        for name in GRAPH_TABLES:
            pq.write_table(tables[name], new / f"{name}.parquet")
    return Written(place, ", ".join(f"{tables[name].num_rows:,} {name}" for name in GRAPH_TABLES))


FORMATS: dict[str, Callable[[Tables, Path], Written]] = {
    "html": write_html,
    "graphml": write_graphml,
    "parquet": write_parquet,
}
"""A further one is a function and its line here."""
WITH_VECTORS = ("parquet",)


def _graphml(tables: Tables, replaced: list[int]) -> Iterator[str]:
    """Yield the file; `replaced` is added up."""
    levels = sorted({level for level in tables["communities"]["level"].to_pylist() if level != WHOLE})
    nodes = {**_NODE, **{f"community_{level}": "string" for level in levels}}
    yield _HEAD
    for kind, keys in (("node", nodes), ("edge", _EDGE)):
        for name, form in keys.items():
            yield f'<key id="{kind}_{name}" for="{kind}" attr.name="{name}" attr.type="{form}"/>\n'
    yield '<graph id="knowledge_graph" edgedefault="directed">\n'
    paths = _paths(tables)
    for row in _entities(tables, paths):
        yield f"<node id={quoteattr(row['id'])}>{_data('node', nodes, row, replaced)}</node>\n"
    for row in _rows(tables["relations"]):
        ends = f"source={quoteattr(row['source_id'])} target={quoteattr(row['target_id'])}"
        values = row | {"label": row["type"], "chunks": len(row["chunk_ids"]), "documents": paths(row["chunk_ids"])}
        yield f"<edge id={quoteattr(row['relation_id'])} {ends}>{_data('edge', _EDGE, values, replaced)}</edge>\n"
    yield "</graph>\n</graphml>\n"


def _entities(tables: Tables, paths: Callable[[Iterable[str]], str]) -> Iterator[dict[str, Any]]:
    degree, homes = degrees(tables["relations"]), _homes(tables["communities"])
    for row in _rows(tables["entities"]):
        yield {
            **row,
            "id": row["entity_id"],
            "label": row["name"],
            "aliases": "\n".join(row["aliases"]),
            "degree": degree.get(row["entity_id"], 0),
            "documents": paths(row["chunk_ids"]),
            **homes.get(row["entity_id"], {}),
        }


def _homes(communities: pa.Table) -> dict[str, dict[str, str]]:
    """Return by entity the titles of its communities (the id, where one has none), under the names of the columns."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows(communities):
        for key in row["entity_ids"]:
            found[key][f"community_{row['level']}"] = row.get("title") or row["community_id"]
    return found


def _paths(tables: Tables) -> Callable[[Iterable[str]], str]:
    """Return what gives the paths of some chunks' documents, a line each, sorted."""
    columns = (tables["chunks"][name].to_pylist() for name in ("chunk_id", "document_id"))
    document_of = dict(zip(*columns, strict=True))
    columns = (tables["documents"][name].to_pylist() for name in ("document_id", "path"))
    path_of = dict(zip(*columns, strict=True))
    return lambda chunk_ids: "\n".join(sorted({path_of.get(document_of.get(key, ""), "") for key in chunk_ids} - {""}))


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in without_vectors(table).to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _data(kind: str, keys: Mapping[str, str], row: Mapping[str, Any], replaced: list[int]) -> str:
    return "".join(
        f'<data key="{kind}_{name}">{_xml_text(row[name], replaced)}</data>'
        for name in keys
        if row.get(name) not in (None, "")
    )


def _xml_text(value: Any, replaced: list[int]) -> str:
    text, count = _NOT_XML.subn(_INSTEAD, str(value))
    replaced[0] += count
    return escape(text, {"\r": "&#13;"})
