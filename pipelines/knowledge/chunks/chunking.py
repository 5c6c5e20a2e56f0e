"""From documents to chunks: each knows its exact characters, its section and page, and what it belongs to."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipelines.core.formats import CODE
from pipelines.core.identity import content_id
from pipelines.core.schemas import CHUNKS
from pipelines.knowledge.chunks.headers import contextual_headers, table_heads
from pipelines.knowledge.chunks.outline import outline, with_those_around
from pipelines.knowledge.chunks.pieces import CountTokens
from pipelines.knowledge.chunks.semantic import Embed
from pipelines.knowledge.chunks.strategies import ChunkSettings, chunk_spans
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences
from pipelines.text.tables import chunk_header


def chunk_documents(
    documents: pa.Table,
    versions: Mapping[str, str],
    settings: ChunkSettings,
    count_tokens: CountTokens,
    embed: Embed | None = None,
) -> pa.Table:
    """Return the chunks of the documents (schema CHUNKS), by id, each with the version of its document by its id.

    `embed` is what the semantic strategy finds its seams with.
    """
    rows = [
        {**row, "version": versions[document["document_id"]]}
        for document in documents.to_pylist()
        for row in _cut(document, settings, count_tokens, embed)
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["chunk_id"]), schema=CHUNKS)


def _cut(
    document: dict[str, Any], settings: ChunkSettings, count_tokens: CountTokens, embed: Embed | None
) -> list[dict[str, Any]]:
    text, format, pages = document["text"], document["format"] or "", document["pages"] or []
    found = chunk_spans(text, settings, count_tokens, format, embed)
    told = outline(text, format)
    sections = [told.path(span.start, span.end) for span in found]
    headers = {}
    if settings.headers:
        headers = contextual_headers(document["title"] or "", sections, settings.header_tokens, count_tokens)
    heads = {} if format in CODE else table_heads(text, [span.start for span in found], count_tokens)
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
                "sections": with_those_around([section, *told.paths(span.start, span.end)]),
                "page": bisect_right(pages, span.start),
                "parent_id": parent_id.of(text, *span.parent) if span.parent else "",
                "header": chunk_header(headers.get(section, ""), heads.get(span.start, "")),
                "sentence_spans": flat_spans(sentences(text[span.start : span.end])),
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
