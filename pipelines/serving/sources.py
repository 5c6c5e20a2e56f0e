"""What a reader opens behind an answer: search hits, a document's text around a span, and the graph of some chunks."""

from typing import Any

from pipelines.answering.modes.names import Mode
from pipelines.answering.question import checked_question
from pipelines.answering.search.entities import entity_names, is_named, near_entities
from pipelines.answering.search.search import Row
from pipelines.core.errors import NotMaterializedError
from pipelines.core.protocols import GraphStore
from pipelines.serving.warm import Opened
from resources.tables.tables import TableStore

_AROUND = 2_000
_MOST_HITS = 50
_MOST_ENTITIES = 40
_NAMED = 30


def search(opened: Opened, query: str, mode: Mode, k: int) -> list[dict[str, Any]]:
    """Return the k best chunks of a mode, 1 to 50: {chunk_id, document, title, section, page, start, end, text}.

    ConfigurationError for a query that is no text.
    """
    k = min(max(1, k), _MOST_HITS)
    retrieved = opened.answerer.retrieve(checked_question(query), mode, k)
    return [_hit(row) for row in retrieved.chunks[:k]]


def read_document(tables: TableStore, path: str, start: int = 0, end: int | None = None) -> dict[str, Any]:
    """Return {document, title, version, start, end, text, length}: the text with some of what is around the span.

    `start` and `end` are where the returned text stands in the document, in characters. Raises NotMaterializedError
    for a path that is no document.
    """
    for table in tables.handle("documents").batches(["path", "title", "version", "text"], ("path", [path])):
        for row in table.to_pylist():
            text, until = row["text"], start if end is None else end
            first, last = max(0, min(start, until) - _AROUND), min(len(row["text"]), max(start, until) + _AROUND)
            return {
                "document": row["path"],
                "title": row["title"],
                "version": row["version"],
                "start": first,
                "end": last,
                "text": text[first:last],
                "length": len(text),
            }
    raise NotMaterializedError(f"document '{path[:200]}'", "none of that path", "a document's path", "graftline plan")


def subgraph(store: GraphStore, chunk_ids: list[str]) -> dict[str, Any]:
    """Return {entities, relations} that stand in these chunks: what an answer's passages say of the graph."""
    wanted, entities = set(chunk_ids), dict[str, Row]()
    for chunk in store.rows("chunks", chunk_ids[:_MOST_HITS]):
        for row in near_entities(store, chunk["text"], _NAMED):
            if is_named(row, chunk["text"]) and wanted & set(row["chunk_ids"] or []):
                entities[row["entity_id"]] = row
    chosen = dict(sorted(entities.items(), key=lambda item: (-item[1]["mentions"], item[0]))[:_MOST_ENTITIES])
    relations = [
        row
        for row in store.relations_of(sorted(chosen))
        if row["source_id"] in chosen and row["target_id"] in chosen and wanted & set(row["chunk_ids"] or [])
    ]
    return {"entities": [_entity(row) for row in chosen.values()], "relations": [_relation(row) for row in relations]}


def neighbours(store: GraphStore, name: str) -> dict[str, Any]:
    """Return {entities, relations} around the entities that a name means; NotMaterializedError where there is none."""
    found = [
        row
        for row in near_entities(store, name, _NAMED)
        if name.casefold() in {one.casefold() for one in entity_names(row)}
    ]
    if not found:
        names = ", ".join(row["name"] for row in near_entities(store, name, 3)) or "none"
        raise NotMaterializedError(
            f"entity '{name[:200]}'", "none of that name", f"an entity ({names})", "search first"
        )
    relations = store.relations_of([row["entity_id"] for row in found])[: 2 * _MOST_ENTITIES]
    ends = {row[end] for row in relations for end in ("source_id", "target_id")} - {row["entity_id"] for row in found}
    others = store.rows("entities", sorted(ends))
    return {
        "entities": [_entity(row) for row in (*found, *others)],
        "relations": [_relation(row) for row in relations],
    }


def _hit(row: Row) -> dict[str, Any]:
    known = {name: row.get(name) for name in ("chunk_id", "title", "section", "page", "start", "end", "text")}
    return {"document": row["path"], **known}


def _entity(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("entity_id", "name", "type", "aliases", "description", "mentions")}


def _relation(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("source_id", "target_id", "type", "description", "weight")}
