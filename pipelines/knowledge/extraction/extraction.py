"""Chunks to entity and relation mentions: only chunks that are new, failed before, or were read by other rules."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Work, compare_versions
from pipelines.core.schemas import EXTRACTIONS
from pipelines.knowledge.extraction.ledger import FAILED, READ, dropped_text, status_of
from pipelines.knowledge.mentions import Extraction, Extractor, Passage
from pipelines.text.sentence_spans import sentence_spans


def extract(chunks: pa.Table, previous: pa.Table | None, extractor: Extractor) -> tuple[pa.Table, Work]:
    """Return EXTRACTIONS, one row a chunk, and what was done; `chunks` is a CHUNKS table.

    A chunk's id covers its text, so that a known id with the same extractor is not read again, even where the
    text moved in its document (it counts as changed: its spans move with it). A failed chunk is a row with its
    reason, and the next run tries it again, and those alone.
    """
    known = _known(previous)
    rows = {row["chunk_id"]: row for row in chunks.to_pylist()}
    delta = compare_versions(
        {key: f"{extractor.name} {row['start']}" for key, row in rows.items()},
        {key: f"{row['extractor']} {row['start']}" if row["status"] in READ else "" for key, row in known.items()},
    )
    todo = [key for key in delta.todo if not _is_read(known.get(key), extractor.name)]
    results = extractor.extract([passage_of(rows[key]) for key in todo]) if todo else []
    done = {key: _row(rows[key], found, extractor.name) for key, found in zip(todo, results, strict=True)}
    merged = [done[key] if key in done else _moved(known[key], rows[key]) for key in sorted(rows)]
    failed = sum(row["status"] == FAILED for row in done.values())
    return pa.Table.from_pylist(merged, EXTRACTIONS), Work.of(delta, extractions=len(done), failures=failed)


def passage_of(chunk: Mapping[str, Any]) -> Passage:
    """Return what an extractor reads of a row of CHUNKS."""
    return Passage(chunk["text"], sentence_spans(chunk), chunk["chunk_id"], chunk["path"])


def _known(previous: pa.Table | None) -> dict[str, dict[str, Any]]:
    """Return the rows of the previous table by chunk; none of a table of another layout."""
    if previous is None or not previous.schema.equals(EXTRACTIONS):
        return {}
    return {row["chunk_id"]: row for row in previous.to_pylist()}


def _is_read(row: Mapping[str, Any] | None, extractor: str) -> bool:
    return row is not None and row["status"] in READ and row["extractor"] == extractor


def _moved(row: dict[str, Any], chunk: Mapping[str, Any]) -> dict[str, Any]:
    """Return a known row for the place where its chunk stands now."""
    offset = chunk["start"] - row["start"]
    if not offset:
        return row
    places = {
        name: [{**one, "start": one["start"] + offset, "end": one["end"] + offset} for one in row[name]]
        for name in ("entities", "relations")
    }
    return {**row, "start": chunk["start"], **places}


def _row(chunk: Mapping[str, Any], found: Extraction, extractor: str) -> dict[str, Any]:
    status, reason = status_of(found)
    return {
        **{name: chunk[name] for name in ("chunk_id", "document_id", "start")},
        "extractor": extractor,
        "status": status,
        "reason": reason,
        "dropped": dropped_text(found),
        "entities": [asdict(entity.moved(chunk["start"])) for entity in found.entities],
        "relations": [asdict(relation.moved(chunk["start"])) for relation in found.relations],
    }
