"""Chunks to entity and relation mentions: only chunks that are new, failed before, or were read by other rules."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Work, compare_versions
from pipelines.core.schemas import EXTRACTIONS
from pipelines.knowledge.mentions import BY_MODEL, Extraction, Extractor, Passage
from pipelines.text.sentence_spans import sentence_spans

OK, FAILED = "ok", "failed"


def extract(chunks: pa.Table, previous: pa.Table | None, extractor: Extractor) -> tuple[pa.Table, Work]:
    """Return EXTRACTIONS, one row a chunk, and what was done; `chunks` is a CHUNKS table.

    A chunk's id covers its text, so that a known id with the same extractor is not read again, even where the
    text moved in its document (it counts as changed: its spans move with it). A failed chunk is a row with its
    reason, and the next run tries it again.
    """
    known = _known(previous)
    rows = {row["chunk_id"]: row for row in chunks.to_pylist()}
    delta = compare_versions(
        {key: f"{extractor.name} {row['start']}" for key, row in rows.items()},
        {key: f"{row['extractor']} {row['start']}" if row["status"] == OK else "" for key, row in known.items()},
    )
    todo = [key for key in delta.todo if not _is_read(known.get(key), extractor.name)]
    passages = [Passage(rows[key]["text"], sentence_spans(rows[key])) for key in todo]
    results = extractor.extract(passages) if todo else []
    done = {key: _row(rows[key], found, extractor.name) for key, found in zip(todo, results, strict=True)}
    merged = [done[key] if key in done else _moved(known[key], rows[key]) for key in sorted(rows)]
    failed = sum(row["status"] == FAILED for row in done.values())
    return pa.Table.from_pylist(merged, EXTRACTIONS), Work.of(delta, extractions=len(done), failures=failed)


def _known(previous: pa.Table | None) -> dict[str, dict[str, Any]]:
    """Return the rows of the previous table by chunk; none of a table of another layout."""
    if previous is None or not previous.schema.equals(EXTRACTIONS):
        return {}
    return {row["chunk_id"]: row for row in previous.to_pylist()}


def _is_read(row: Mapping[str, Any] | None, extractor: str) -> bool:
    return row is not None and row["status"] == OK and row["extractor"] == extractor


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


def failed_share(extractions: pa.Table) -> float:
    """Return the share of chunks whose extraction failed."""
    statuses = extractions.column("status").to_pylist()
    return statuses.count(FAILED) / len(statuses) if statuses else 0.0


def empty_share(extractions: pa.Table) -> float:
    """Return the share of the chunks that a language model read in which it found nothing; rules find what there is."""
    rows = extractions.select(["extractor", "status", "entities"]).to_pylist()
    read = [row for row in rows if row["extractor"].startswith(BY_MODEL) and row["status"] == OK]
    return sum(not row["entities"] for row in read) / len(read) if read else 0.0


def noted_chunks(extractions: pa.Table) -> int:
    """Return how many chunks were read with a note: of their answers, something was cut."""
    return sum(row["status"] == OK and bool(row["reason"]) for row in extractions.to_pylist())


def _row(chunk: Mapping[str, Any], found: Extraction, extractor: str) -> dict[str, Any]:
    return {
        **{name: chunk[name] for name in ("chunk_id", "document_id", "start")},
        "extractor": extractor,
        "status": FAILED if found.failure else OK,
        "reason": found.failure or found.note,
        "entities": [asdict(entity.moved(chunk["start"])) for entity in found.entities],
        "relations": [asdict(relation.moved(chunk["start"])) for relation in found.relations],
    }
