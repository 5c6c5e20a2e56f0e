"""Chunks to entity and relation mentions: only chunks that are new, failed before, or were read by other rules."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipelines.delta import Work, compare
from pipelines.knowledge.mentions import Extraction, Extractor
from pipelines.schemas import EXTRACTIONS

OK, FAILED = "ok", "failed"


def extract(chunks: pa.Table, previous: pa.Table | None, extractor: Extractor) -> tuple[pa.Table, Work]:
    """Return EXTRACTIONS, one row a chunk, and what was done; `chunks` is a CHUNKS table.

    A chunk's id covers its text, so that a known id with the same extractor is not read again. A failed chunk
    is a row with its reason, and the next run tries it again.
    """
    known = {row["chunk_id"]: row for row in previous.to_pylist()} if previous is not None else {}
    rows = {row["chunk_id"]: row for row in chunks.to_pylist()}
    delta = compare(
        dict.fromkeys(rows, extractor.name),
        {key: row["extractor"] if row["status"] == OK else "" for key, row in known.items()},
    )
    results = extractor.extract([(rows[key]["text"], rows[key]["language"]) for key in delta.todo]) if delta.todo else []
    done = {key: _row(rows[key], found, extractor.name) for key, found in zip(delta.todo, results, strict=True)}
    merged = [done.get(key) or known[key] for key in sorted(rows)]
    failed = sum(row["status"] == FAILED for row in done.values())
    return pa.Table.from_pylist(merged, EXTRACTIONS), Work.of(delta, extractions=len(done), failures=failed)


def failed_share(extractions: pa.Table) -> float:
    """Return the share of chunks whose extraction failed."""
    statuses = extractions.column("status").to_pylist()
    return statuses.count(FAILED) / len(statuses) if statuses else 0.0


def _row(chunk: Mapping[str, Any], found: Extraction, extractor: str) -> dict[str, Any]:
    entities = [entity.moved(chunk["start"]) for entity in found.entities]
    return {
        "chunk_id": chunk["chunk_id"], "document_id": chunk["document_id"], "extractor": extractor,
        "status": FAILED if found.failure else OK, "reason": found.failure,
        "entities": [{"name": e.name, "type": e.type, "start": e.start, "end": e.end} for e in entities],
        "relations": [
            {"source": r.source, "target": r.target, "type": r.type, "evidence": r.evidence, "weight": r.weight}
            for r in found.relations
        ],
    }  # fmt: skip
