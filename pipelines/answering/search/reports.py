"""The reports of communities: which chunks they stand on, what of them may be shown, and what a prompt reads."""

from collections.abc import Iterable, Sequence

from pipelines.answering.search.search import Fact, Row, Search

_LINE = "\n- "


def report_text(row: Row, findings: bool = True) -> str:
    """Return what a report says: its summary, then its findings, which an older store's reports do not have."""
    return _LINE.join([row["summary"] or "", *((row.get("findings") or []) if findings else [])]).strip()


def report_rating(row: Row) -> float:
    """Return how much a report matters, 0 to 10; 0 where nobody has said."""
    return float(row.get("rating") or 0.0)


def cited_chunks(row: Row) -> list[str]:
    """Return the chunks that a report cites: those of its summary, then those of its findings."""
    findings = (key for found in row.get("finding_chunk_ids") or [] for key in found.split())
    return list(dict.fromkeys([*(row["chunk_ids"] or []), *findings]))


def member_chunks(search: Search, row: Row) -> list[str]:
    """Return the chunks that a report cites, then the others that name a member of its community."""
    members = search.store.rows("entities", row["entity_ids"] or [])
    others = sorted({chunk for member in members for chunk in member["chunk_ids"] or []})
    return list(dict.fromkeys([*cited_chunks(row), *others]))


def shown_reports(search: Search, rows: Iterable[Row], most: int) -> tuple[list[Row], list[list[str]]]:
    """Return the reports that may be shown, and the chunks of the first `most` that have any which pass the filters.

    A title and a summary hold names and sentences of all members: with filters they are shown only where every chunk
    that names a member passes. A report of all documents has no members of its own: it is shown where nothing is
    filtered.
    """
    settings, shown, chunks = search.settings, list[Row](), list[list[str]]()
    for row in rows:
        known = member_chunks(search, row)
        passing = search.passing(known)
        if not passing and known:
            continue
        chunks.append(passing[: 2 * settings.candidates])
        if settings.retrieval.filters.empty or (known and row["entity_ids"] and len(passing) == len(known)):
            shown.append(row)
        if len(chunks) == most:
            break
    return shown, chunks


def report_facts(search: Search, rows: Sequence[Row], findings: bool = True) -> list[tuple[Fact, list[str]]]:
    """Return reports as `Search.standing` takes them: each with the chunks that it stands on."""
    return [
        (
            Fact("report", report_text(row, findings), title=row["title"]),
            cited_chunks(row) or member_chunks(search, row),
        )
        for row in rows
    ]
