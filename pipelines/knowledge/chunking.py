"""From documents to chunks with exact character spans: only documents with another text or setting are cut again."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from pipelines.delta import Work, compare
from pipelines.identity import content_id
from pipelines.knowledge.cutting.pieces import CountTokens
from pipelines.knowledge.cutting.semantic import Embed
from pipelines.knowledge.cutting.strategies import ChunkSettings, spans
from pipelines.knowledge.headers import contextual_headers, section_paths
from pipelines.schemas import CHUNKS


def chunk_documents(
    documents: pa.Table,
    previous: pa.Table | None,
    settings: ChunkSettings,
    count_tokens: CountTokens,
    tokenizer: str,
    embed: Embed | None = None,
) -> tuple[pa.Table, Work]:
    """Return the chunks (schema CHUNKS) and what was done; only documents with another text or setting are cut again.

    `tokenizer` names what counts the tokens and, for the semantic strategy, embeds. The counters are of chunks; one
    that only moved counts as changed.
    """
    kept = _by_document(previous)
    rows: list[dict[str, Any]] = []
    cut = computed = 0
    for document in documents.to_pylist():
        version = _version(document, settings, tokenizer)
        stored = kept.get(document["document_id"], [])
        if stored and all(row["version"] == version for row in stored):
            rows += stored
            continue
        fresh = [{**row, "version": version} for row in _cut(document, settings, count_tokens, embed)]
        rows += fresh
        cut, computed = cut + 1, computed + len(fresh)
    rows.sort(key=lambda row: row["chunk_id"])
    delta = compare(_places(rows), _places(row for stored in kept.values() for row in stored))
    return pa.Table.from_pylist(rows, schema=CHUNKS), Work.of(delta, documents=cut, chunks=computed)


def _cut(
    document: dict[str, Any], settings: ChunkSettings, count_tokens: CountTokens, embed: Embed | None
) -> list[dict[str, Any]]:
    text, format, pages = document["text"], document["format"] or "", document["pages"] or []
    found = spans(text, settings, count_tokens, format, embed)
    sections = section_paths(text, format, [(span.start, span.end) for span in found])
    headers = {}
    if settings.headers:
        headers = contextual_headers(document["title"] or "", sections, settings.header_tokens, count_tokens)
    chunk_id = _Ids("chunk", document["document_id"], settings.digest)
    parent_id = _Ids("parent", document["document_id"], settings.digest)
    rows = []
    for span, section in zip(found, sections, strict=True):
        rows.append(
            {
                "chunk_id": chunk_id.of(text, span.start, span.end),
                "document_id": document["document_id"],
                "path": document["path"],
                "language": document["language"],
                "start": span.start,
                "end": span.end,
                "tokens": span.tokens,
                "text": text[span.start : span.end],
                "section": section,
                "page": bisect_right(pages, span.start),
                "parent_id": parent_id.of(text, *span.parent) if span.parent else "",
                "header": headers.get(section, ""),
            }
        )
    return rows


class _Ids:
    """Ids of places in a document by their text; the same text twice is its first, second, … occurrence."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts
        self._seen: Counter[str] = Counter()
        self._made: dict[tuple[int, int], str] = {}

    def of(self, text: str, start: int, end: int) -> str:
        if (start, end) not in self._made:
            own = text[start:end]
            self._made[start, end] = content_id(*self._parts, own, self._seen[own])
            self._seen[own] += 1
        return self._made[start, end]


def _version(document: dict[str, Any], settings: ChunkSettings, tokenizer: str) -> str:
    """Return the digest of all that a document's chunks depend on."""
    content = (document[name] or "" for name in ("path", "language", "format", "title", "text"))
    pages = " ".join(map(str, document["pages"] or []))
    headers = settings.header_tokens if settings.headers else -1
    return content_id("cut", *content, pages, settings.digest, headers, tokenizer)


def _places(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {row["chunk_id"]: f"{row['start']} {row['end']}" for row in rows}


def _by_document(previous: pa.Table | None) -> dict[str, list[dict[str, Any]]]:
    kept: dict[str, list[dict[str, Any]]] = {}
    if previous is not None and previous.schema.names == CHUNKS.names:
        for row in previous.to_pylist():
            kept.setdefault(row["document_id"], []).append(row)
    return kept
