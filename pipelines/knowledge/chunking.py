"""From documents to chunks: whole sentences up to a token budget, with exact character spans."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.delta import Work, compare
from pipelines.identity import content_id, json_digest
from pipelines.knowledge.sections import SEPARATOR, Sections, headings
from pipelines.knowledge.sentences import sentences
from pipelines.schemas import CHUNKS

CountTokens = Callable[[Sequence[str]], list[int]]


class ChunkSettings(BaseModel):
    """How documents are cut; part of every chunk's id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_tokens: int = Field(
        default=160,
        ge=8,
        description="Most tokens of the embedding model in a chunk; MiniLM reads 256 and was trained on 128.",
    )
    overlap_sentences: int = Field(
        default=1, ge=0, description="Last sentences of a chunk that start the next one as well, within one section."
    )
    headers: bool = Field(
        default=True, description="Whether title and section path are put before a chunk's text when it is embedded."
    )

    @property
    def digest(self) -> str:
        """What a chunk's id depends on; a header is no part of it."""
        return json_digest(self.model_dump(exclude={"headers"}))


@dataclass(frozen=True)
class _Piece:
    """A sentence, or a part of one that is longer than a chunk."""

    start: int
    end: int
    tokens: int
    heading: bool


def chunk_documents(
    documents: pa.Table, previous: pa.Table | None, settings: ChunkSettings, count_tokens: CountTokens, tokenizer: str
) -> tuple[pa.Table, Work]:
    """Return the chunks (schema CHUNKS) and what was done; only documents with another text or setting are cut again.

    `tokenizer` names what counts the tokens. The counters are of chunks; one that only moved counts as changed.
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
        fresh = [{**row, "version": version} for row in _cut(document, settings, count_tokens)]
        rows += fresh
        cut, computed = cut + 1, computed + len(fresh)
    rows.sort(key=lambda row: row["chunk_id"])
    delta = compare(_places(rows), _places(row for stored in kept.values() for row in stored))
    return pa.Table.from_pylist(rows, schema=CHUNKS), Work.of(delta, documents=cut, chunks=computed)


def spans(text: str, settings: ChunkSettings, count_tokens: CountTokens) -> list[tuple[int, int, int]]:
    """Return (start, end, tokens) of each chunk: in order, none inside another, together all text but white space."""
    pieces = _pieces(text, settings.max_tokens, count_tokens)
    found, first = [], 0
    while first < len(pieces):
        last = _fill(pieces, first, settings.max_tokens)
        chosen = pieces[first : last + 1]
        found.append((chosen[0].start, chosen[-1].end, sum(piece.tokens for piece in chosen)))
        first = _next_start(pieces, first, last, settings)
    return found


def _cut(document: dict[str, Any], settings: ChunkSettings, count_tokens: CountTokens) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    sections, pages = Sections(headings(document["text"])), document["pages"] or []
    rows = []
    for start, end, tokens in spans(document["text"], settings, count_tokens):
        text = document["text"][start:end]
        # The same text twice in a document: its first, second, … occurrence, whatever stands between.
        chunk_id = content_id("chunk", document["document_id"], settings.digest, text, seen[text])
        seen[text] += 1
        rows.append(
            {
                "chunk_id": chunk_id,
                "document_id": document["document_id"],
                "path": document["path"],
                "language": document["language"],
                "start": start,
                "end": end,
                "tokens": tokens,
                "text": text,
                "section": sections.path(start),
                "page": bisect_right(pages, start),
                "parent_id": "",
                "header": header(document["title"] or "", sections.path(start)) if settings.headers else "",
            }
        )
    return rows


def header(title: str, section: str) -> str:
    """Return title and section path as one line; a path that begins with the title does not repeat it."""
    parts = [] if section == title or section.startswith(title + SEPARATOR) else [title]
    return SEPARATOR.join(part for part in [*parts, section] if part)


def _version(document: dict[str, Any], settings: ChunkSettings, tokenizer: str) -> str:
    """Return the digest of all that a document's chunks depend on."""
    content = (document[name] or "" for name in ("path", "language", "title", "text"))
    pages = " ".join(map(str, document["pages"] or []))
    return content_id("cut", *content, pages, settings.digest, str(settings.headers), tokenizer)


def _pieces(text: str, budget: int, count_tokens: CountTokens) -> list[_Piece]:
    found = sentences(text)
    pieces = []
    for (start, end), tokens in zip(found, count_tokens([text[start:end] for start, end in found]), strict=True):
        if tokens <= budget:
            pieces.append(_Piece(start, end, tokens, text[start] == "#"))
        else:
            pieces += _parts(text, start, end, budget, count_tokens)
    return pieces


def _parts(text: str, start: int, end: int, budget: int, count_tokens: CountTokens) -> Iterable[_Piece]:
    """Cut an over-long sentence, at a space or comma where there is one in the second half of what fits."""
    while start < end:
        stop, tokens = end, count_tokens([text[start:end]])[0]
        while tokens > budget and stop - start > 1:
            fits = start + max(1, min(stop - start - 1, int((stop - start) * budget / tokens)))
            stop = _break_before(text, (start + fits) // 2, fits)
            tokens = count_tokens([text[start:stop]])[0]
        yield _Piece(start, stop, tokens, False)
        start = stop
        while start < end and text[start].isspace():
            start += 1


def _break_before(text: str, earliest: int, latest: int) -> int:
    for position in range(latest, earliest, -1):
        if text[position - 1] in " \t\r\n,;，、；：:|":
            return position - (text[position - 1].isspace() and position - 1 > earliest)
    return latest


def _fill(pieces: Sequence[_Piece], first: int, budget: int) -> int:
    """Return the last piece of the chunk that starts at `first`."""
    last, tokens = first, pieces[first].tokens
    while last + 1 < len(pieces) and tokens + pieces[last + 1].tokens <= budget:
        if pieces[last + 1].heading and tokens >= budget // 2:
            return last  # a section starts a chunk when the one before it is half full
        last += 1
        tokens += pieces[last].tokens
    # A heading stands with what it heads, unless there is nothing else.
    while last > first and pieces[last].heading and last + 1 < len(pieces):
        last -= 1
    return last


def _next_start(pieces: Sequence[_Piece], first: int, last: int, settings: ChunkSettings) -> int:
    """Return where the next chunk starts: some sentences back, if a new one fits behind them and no section starts."""
    following = last + 1
    if following >= len(pieces) or pieces[following].heading:
        return following
    for start in range(max(first + 1, following - settings.overlap_sentences), following):
        repeated = pieces[start:following]
        if any(piece.heading for piece in repeated):
            continue
        if sum(piece.tokens for piece in repeated) + pieces[following].tokens <= settings.max_tokens:
            return start
    return following


def _places(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {row["chunk_id"]: f"{row['start']} {row['end']}" for row in rows}


def _by_document(previous: pa.Table | None) -> dict[str, list[dict[str, Any]]]:
    kept: dict[str, list[dict[str, Any]]] = {}
    if previous is not None and previous.schema.names == CHUNKS.names:
        for row in previous.to_pylist():
            kept.setdefault(row["document_id"], []).append(row)
    return kept
