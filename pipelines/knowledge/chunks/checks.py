"""What is wrong with stored chunks: spans that do not hold their text or their sentences."""

import pyarrow as pa

from pipelines.core.protocols import StoredTable

_UNIT = 1e-3


def span_faults(chunks: StoredTable, documents: StoredTable) -> list[str]:
    """Return a line for each chunk that is not the text at its span or whose sentences do not stand in it one after
    another, each repeated id, and each document without a chunk."""
    places = chunks.batches(["document_id"])
    present = {key for table in places for key in table["document_id"].to_pylist()}
    faults: list[str] = []
    seen: set[str] = set()
    found: set[str] = set()
    for texts in documents.batches(["document_id", "text"]):
        by_id = dict(zip(texts["document_id"].to_pylist(), texts["text"].to_pylist(), strict=True))
        found |= by_id.keys()
        for table in chunks.batches(where=("document_id", sorted(by_id.keys() & present))):
            faults += _wrong_spans(table, by_id, seen)
    faults += [f"chunk of {key}: its document is gone" for key in sorted(present - found)]
    return sorted(faults) + [f"document {key}: no chunk" for key in sorted(found - present)]


def _wrong_spans(chunks: pa.Table, texts: dict[str, str], seen: set[str]) -> list[str]:
    faults = []
    for row in chunks.select(["chunk_id", "document_id", "path", "start", "end", "text", "sentence_spans"]).to_pylist():
        place = f"chunk {row['chunk_id']} of {row['path']}"
        if texts[row["document_id"]][row["start"] : row["end"]] != row["text"]:
            faults.append(f"{place}: another text stands at {row['start']}-{row['end']}")
        places = [0, *row["sentence_spans"], len(row["text"])]
        if len(places) % 2 or places != sorted(places):
            faults.append(f"{place}: its sentences do not stand in it one after another")
        if row["chunk_id"] in seen:
            faults.append(f"{place}: the id is there twice")
        seen.add(row["chunk_id"])
    return faults
