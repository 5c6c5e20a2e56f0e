"""What both graph stores share: row keys and digests, search terms, the k best with ties by id, refused graphs."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import pyarrow as pa

from pipelines.core.errors import ConfigurationError, InputError, NotMaterializedError
from pipelines.core.filters import Filters
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, orphans
from pipelines.core.identity import json_digest
from pipelines.core.vectors import matrix

KEYS = {
    "documents": "document_id",
    "chunks": "chunk_id",
    "entities": "entity_id",
    "relations": "relation_id",
    "communities": "community_id",
}
SEARCHED = {
    "chunks": ("header", "text"),
    "entities": ("name", "aliases", "description"),
    "communities": ("title", "summary"),
}
"""Columns of the full-text search by table; these tables carry the vectors too. A chunk's header is found with it: a
late row of a table by the name of its column. What all chunks of a document share weighs little (BM25's idf)."""

_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUN = re.compile(rf"(?P<cjk>[{_CJK}]+)|\d+(?:[.,]\d+)+|[^\W_{_CJK}]+(?:'[^\W_{_CJK}]+)*")
_SPARE = 8


def row_digests(table: pa.Table) -> list[str]:
    """Return one digest a row: of its values, and of the columns' names and types."""
    plain = table.drop_columns(["vector"]) if "vector" in table.column_names else table
    columns = [f"{field.name}:{field.type}" for field in table.schema]
    vectors = [""] * len(table)
    if plain is not table:
        vectors = [hashlib.blake2b(row.tobytes(), digest_size=12).hexdigest() for row in matrix(table)]
    return [json_digest([columns, row, vector]) for row, vector in zip(plain.to_pylist(), vectors, strict=True)]


def search_terms(text: str) -> str:
    """Return the terms of a text, by spaces: small-letter words, and Han, kana and hangul as overlapping pairs.

    The pairs are those of Lucene's CJK analyzer: a name is found inside a sentence without any dictionary. No
    character that a query parser reads as an operator is left.

    >>> search_terms("腾讯公司's Q1 (AND)")
    '腾讯 讯公 公司 s q1 and'
    """
    terms = []
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).replace("’", "'").lower()):
        run = match.group()
        pairs = match.group("cjk") and len(run) > 1
        terms += [run[place : place + 2] for place in range(len(run) - 1)] if pairs else [run]
    return " ".join(terms)


def searched_text(row: dict[str, object], name: str) -> str:
    """Return the text of a row that full-text search covers; a list's items stand on lines of their own."""
    values = (row.get(column) for column in SEARCHED[name])
    return "\n".join("\n".join(value) if isinstance(value, list) else str(value or "") for value in values)


def best_rows(fetch: Callable[[int], list[tuple[str | None, float]]], k: int) -> list[tuple[str, float]]:
    """Return the k best hits, equal scores by id, whatever the order and edge that the engine cuts them at.

    `fetch(n)` returns the engine's n best (id, score), fewer only when there are no more; id None is somebody else's.
    """
    wanted = k + _SPARE
    while k > 0:
        hits = [(key, round(float(score), 6)) for key, score in fetch(wanted)]
        own = sorted(((key, score) for key, score in hits if key is not None), key=lambda hit: (-hit[1], hit[0]))
        if len(hits) < wanted or (len(own) >= k and own[k - 1][1] > min(score for _, score in hits)):
            return own[:k]
        wanted *= 2
    return []


def refuse_broken(graph: GraphTables) -> None:
    """Raise InputError for a graph with a repeated id or a row that refers to one that is not there."""
    for name in GRAPH_TABLES:
        ids = getattr(graph, name)[KEYS[name]].to_pylist()
        twice = sorted(key for key, count in Counter(ids).items() if count > 1)
        if twice:
            found = f"{len(twice)} repeated ids, first {twice[0]}"
            raise InputError(f"knowledge_graph, {name}", found, "one row an id", f"graftline run --select {name}")
    broken = orphans(graph)
    if broken:
        raise InputError(
            "knowledge_graph",
            f"{len(broken)} references to missing rows, first {broken[0]}",
            "rows that refer only to rows of the same graph",
            "graftline run --select chunks,extractions,entity_graph,communities,community_summaries,knowledge_graph",
        )


def refuse_filters(table: str, filters: Filters, columns: Sequence[str]) -> None:
    """Raise ConfigurationError for filters on anything but chunks: only they know document, language and section.

    NotMaterializedError for a filter that needs a column which the stored chunks have not got yet.
    """
    if table != "chunks" and not filters.empty:
        raise ConfigurationError("filters", f"a filtered search in {table}", "chunks", "search chunks, or drop them")
    filters.refuse_old(columns)


def nothing_stored(store: str) -> NotMaterializedError:
    """Return the error of a search in a store that no run has filled."""
    return NotMaterializedError(
        f"the {store} graph store", "no graph", "an earlier run", "graftline run --select knowledge_graph"
    )
