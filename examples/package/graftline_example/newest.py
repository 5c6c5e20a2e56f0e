"""A mode: what the full-text search finds, the newest documents first."""

from pipelines.answering.search.search import Retrieved, Search


class Newest:
    """A retriever over what all modes share: both searches, document titles and the filters."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k newest of the best full-text matches."""
        found = self.search.worded("chunks", question, self.search.settings.candidates)
        rows = self.search.chunk_rows([key for key, _ in found])
        documents = self.search.store.rows("documents", sorted({row["document_id"] for row in rows}))
        dates = {row["document_id"]: row.get("date") or "" for row in documents}
        # Sorting keeps the search's own order among documents of one day, and those without a date come last.
        newest = sorted(rows, key=lambda row: dates[row["document_id"]], reverse=True)
        return Retrieved(newest[:k], [], {})
