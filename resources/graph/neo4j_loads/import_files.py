"""A graph as the files of `neo4j-admin database import full`: the quickest way into a server that may be stopped.

What is imported is what a run would have written, its version included: the next run finds nothing to write, and makes
the constraints and the full-text and vector indexes, which an import cannot bring.
"""

import base64
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.core.errors import InputError
from pipelines.core.files import write_atomically
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables
from resources.graph.cypher import ALSO, LABELS, type_label
from resources.graph.neo4j_loads.staging import links
from resources.graph.neo4j_rows import node_properties, relationship
from resources.graph.rows import KEYS, refuse_broken, row_digests

_DELIMITERS = [chr(code) for code in (0x1F, 0x1E, 0x1D, *range(0xE000, 0xE020))]
"""Between the items of a list; the first that no text of the graph has."""
_COMMAND = ("neo4j-admin", "database", "import", "full", "neo4j", "--overwrite-destination", "--multiline-fields=true")
_ENDS = {
    "PART_OF": ("chunks", "documents"),
    "NEXT_CHUNK": ("chunks", "chunks"),
    "HAS_ENTITY": ("chunks", "entities"),
    "IN_COMMUNITY": ("entities", "communities"),
    "PARENT_COMMUNITY": ("communities", "communities"),
}


class Cell(NamedTuple):
    """A value as it stands in a file, and the type of its column there."""

    text: str
    kind: str


def state(graph: GraphTables, version: str) -> dict[str, str]:
    """Return what tells of a stored graph: its tables' Arrow schemas and its version."""
    schemas = {name: getattr(graph, name).schema.remove_metadata().serialize() for name in GRAPH_TABLES}
    encoded = {name: base64.b64encode(schema).decode() for name, schema in schemas.items()}
    return {"schemas": json.dumps(encoded), "version": version}


def write_import_files(graph: GraphTables, version: str, folder: Path) -> str:
    """Write header and data files of all nodes and relationships into a folder; return the command that imports them.

    Raises InputError for a graph that refers to rows it does not hold, or a folder that holds other files.
    """
    refuse_broken(graph)
    if folder.exists() and any(folder.iterdir()):
        raise InputError(str(folder), "a folder that is not empty", "an empty one", "name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    delimiter = _delimiter(graph)
    options = [f"--array-delimiter=U+{ord(delimiter):04X}"]
    for name in LABELS:
        options += _write(folder, "nodes", name, _nodes(graph, name, delimiter))
    options += _write(folder, "nodes", "state", [_state_row(graph, version)])
    for kind, pairs in links(graph).items():
        start, end = _ENDS[kind]
        rows = ({f":START_ID({start})": _text(a), f":END_ID({end})": _text(b), ":TYPE": _text(kind)} for a, b in pairs)
        options += _write(folder, "relationships", kind.lower(), rows)
    options += _write(folder, "relationships", "relations", _relations(graph, delimiter))
    command = " ".join((*_COMMAND, *options))
    write_atomically(folder / "import.sh", f"#!/bin/sh\n# Server stopped; in the folder of this file.\n{command}\n")
    return command


def _nodes(graph: GraphTables, name: str, delimiter: str) -> Iterator[dict[str, Cell]]:
    table, key = getattr(graph, name), KEYS[name]
    kinds = {field.name: field.type for field in table.schema}
    for row, digest in _rows(table):
        labels = [LABELS[name], *ALSO.get(name, ()), *([type_label(row["type"])] if name == "entities" else ())]
        cells = {f"id:ID({name})": _text(row[key]), ":LABEL": _text(delimiter.join(labels))}
        cells |= _properties(node_properties(row, key), kinds, delimiter) | {"graftline": _text(digest)}
        if "vector" in row:
            cells["embedding"] = Cell(delimiter.join(map(repr, row["vector"])), "float[]")
        yield cells


def _relations(graph: GraphTables, delimiter: str) -> Iterator[dict[str, Cell]]:
    kinds = {field.name: field.type for field in graph.relations.schema}
    for row, digest in _rows(graph.relations):
        found = relationship(row)
        ends = {":START_ID(entities)": _text(found["source"]), ":END_ID(entities)": _text(found["target"])}
        properties = _properties(found["properties"], kinds, delimiter)
        yield {**ends, ":TYPE": _text(found["type"]), **properties, "graftline": _text(digest)}


def _rows(table: pa.Table) -> Iterator[tuple[dict[str, Any], str]]:
    rows = chain.from_iterable(batch.to_pylist() for batch in table.to_batches(max_chunksize=10_000))
    return zip(rows, row_digests(table), strict=True)


def _state_row(graph: GraphTables, version: str) -> dict[str, Cell]:
    told = {key: _text(value) for key, value in state(graph, version).items()}
    return {
        "id:ID(state)": _text("graph"),
        ":LABEL": _text("__Graftline__"),
        "complete": Cell("true", "boolean"),
    } | told


def _properties(values: Mapping[str, Any], kinds: Mapping[str, pa.DataType], delimiter: str) -> dict[str, Cell]:
    """Return what is stored of a row; a null is no property."""
    return {
        name: _cell(value, kinds.get(name, pa.string()), delimiter)
        for name, value in values.items()
        if value is not None
    }


def _cell(value: Any, kind: pa.DataType, delimiter: str) -> Cell:
    """Return a value with its type; a list that a file cannot hold (empty, or with an empty text) is JSON."""
    if isinstance(value, list):
        if not value or "" in value:
            return _text(json.dumps(value, ensure_ascii=False))
        plain = [_cell(one, kind.value_type, delimiter) for one in value]
        items = delimiter.join(
            one if isinstance(one, str) else cell.text for one, cell in zip(value, plain, strict=True)
        )
        return Cell(_quoted(items), f"{plain[0].kind}[]")
    if isinstance(value, bool):
        return Cell(str(value).lower(), "boolean")
    if isinstance(value, int):
        return Cell(str(value), "long")
    if isinstance(value, float):
        return Cell(repr(value).replace("inf", "Infinity").replace("nan", "NaN"), "double")
    return _text(str(value))


def _text(value: str) -> Cell:
    return Cell(_quoted(value), "string")


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def _write(folder: Path, what: str, name: str, rows: Iterable[Mapping[str, Cell]]) -> list[str]:
    """Write the rows, those with the same columns into one file; return the options that name them."""
    open_files: dict[tuple[str, ...], Any] = {}
    options = []
    try:
        for row in rows:
            header = tuple(column if ":" in column else f"{column}:{cell.kind}" for column, cell in row.items())
            if header not in open_files:
                file = f"{name}-{len(open_files) + 1}"
                (folder / f"{file}-header.csv").write_text(",".join(header) + "\n", encoding="utf-8")
                open_files[header] = (folder / f"{file}.csv").open("w", encoding="utf-8", newline="")
                options.append(shlex.quote(f"--{what}={file}-header.csv,{file}.csv"))
            open_files[header].write(",".join(cell.text for cell in row.values()) + "\n")
    finally:
        for opened in open_files.values():
            opened.close()
    return options


def _delimiter(graph: GraphTables) -> str:
    """Return the first character of _DELIMITERS that stands in no list of the graph and no type."""
    import pyarrow.compute as pc

    columns = [graph.entities["type"]]
    for name in GRAPH_TABLES:
        table = getattr(graph, name)
        columns += [
            pc.list_flatten(table[field.name])
            for field in table.schema
            if pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type)
        ]
    for one in _DELIMITERS:
        if not any(pc.any(pc.match_substring(column, one)).as_py() for column in columns):
            return one
    raise InputError("knowledge_graph", "lists with every delimiter", "texts without U+001F", "correct the documents")
