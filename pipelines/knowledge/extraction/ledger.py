"""The ledger of the extraction: what became of each chunk, why, and what was dropped on the way."""

import json
from collections import Counter

import pyarrow as pa

from pipelines.knowledge.mentions import BY_MODEL, Extraction

OK, REPAIRED, EMPTY, FAILED = "ok", "repaired", "empty", "failed"
READ = (OK, REPAIRED, EMPTY)
"""The statuses of chunks that were read: they are not read again, and what they name is in the graph."""
NOTHING = "nothing is named"


def status_of(found: Extraction) -> tuple[str, str]:
    """Return a chunk's status and its reason."""
    if found.failure:
        return FAILED, found.failure
    if not found.entities:
        return EMPTY, found.note or NOTHING
    return (REPAIRED, found.note) if found.note else (OK, "")


def dropped_text(found: Extraction) -> str:
    """Return the counts by reason as a row keeps them: JSON, "" for none."""
    counts = {reason: count for reason, count in sorted(found.dropped.items()) if count}
    return json.dumps(counts, ensure_ascii=False) if counts else ""


def dropped_totals(extractions: pa.Table) -> dict[str, int]:
    """Return how much was dropped in all chunks, by reason, the most frequent first."""
    totals: Counter[str] = Counter()
    for text in extractions["dropped"].to_pylist():
        totals.update(json.loads(text) if text else {})
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def statuses(extractions: pa.Table) -> dict[str, int]:
    """Return the number of chunks by status."""
    found = Counter(extractions["status"].to_pylist())
    return {status: found[status] for status in (*READ, FAILED)}


def failed_share(extractions: pa.Table) -> float:
    """Return the share of chunks whose extraction failed."""
    return statuses(extractions)[FAILED] / extractions.num_rows if extractions.num_rows else 0.0


def empty_share(extractions: pa.Table) -> float:
    """Return the share of the chunks that a language model read in which it found nothing; rules find what there is."""
    rows = extractions.select(["extractor", "status"]).to_pylist()
    read = [row["status"] for row in rows if row["extractor"].startswith(BY_MODEL) and row["status"] in READ]
    return read.count(EMPTY) / len(read) if read else 0.0
