"""Small chunks are found, their parents are read: the siblings of a hit, merged by their spans."""

from collections.abc import Sequence

from pipelines.answering.retrieval import Row, row_terms
from pipelines.protocols import GraphStore

_GAP = 2
"""Characters of white space that chunkers leave out between two siblings; the store does not hold them."""


def expand(rows: Sequence[Row], store: GraphStore) -> list[Row]:
    """Return the rows with each parent's best child made the whole parent, the parent's other hits left out.

    Spans stay exact: where siblings do not meet, only the run of siblings around the hit is merged.
    """
    parents = [key for key in dict.fromkeys(row.get("parent_id") or "" for row in rows) if key]
    if not parents:
        return list(rows)
    siblings: dict[str, list[Row]] = {}
    for child in store.siblings_of(parents):
        siblings.setdefault(child["parent_id"], []).append(child)
    found: list[Row] = []
    for row in rows:
        covered = any(
            row["document_id"] == other["document_id"] and other["start"] <= row["start"] and row["end"] <= other["end"]
            for other in found
        )
        if not covered:
            found.append(_merged(row, siblings.get(row.get("parent_id") or "", [])))
    return found


def _merged(row: Row, siblings: Sequence[Row]) -> Row:
    run = next((run for run in _runs(siblings) if any(child["chunk_id"] == row["chunk_id"] for child in run)), [])
    if len(run) < 2:
        return row
    start, text = run[0]["start"], run[0]["text"]
    for child in run[1:]:
        place = child["start"] - start
        # Line breaks end sentences as the white space between chunks does, so that no quote holds them.
        text = text[:place].ljust(place, "\n") + child["text"] if child["end"] - start > len(text) else text
    tokens = sum(child["tokens"] for child in run)
    merged = row | {"start": start, "end": start + len(text), "text": text, "tokens": tokens}
    return merged | {"terms": row_terms(merged)}


def _runs(siblings: Sequence[Row]) -> list[list[Row]]:
    runs: list[list[Row]] = []
    for child in siblings:
        end = max((one["end"] for one in runs[-1]), default=0) if runs else 0
        if runs and runs[-1][0]["document_id"] == child["document_id"] and child["start"] <= end + _GAP:
            runs[-1].append(child)
        else:
            runs.append([child])
    return runs
