"""The mode `global`: the communities whose summaries speak of the question, and the chunks they were written from."""

from collections.abc import Sequence

import numpy as np

from pipelines.answering.question import question_terms
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.search import Fact, Retrieved, Row, Search, ranked_by_words
from pipelines.text.terms import coverage, term_weights, terms, with_pairs


class GlobalRetriever:
    """Map: the communities whose summaries speak of the question; their chunks are the evidence."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        store = self.search.store
        vector = self.search.vector(question)
        near = store.rows("communities", fuse(self.search.ids("communities", question, vector)))
        found = [row for row in near if row["entity_ids"]]  # the root speaks of everything
        wanted = question_terms(question)
        said = {row["community_id"]: with_pairs(terms(f"{row['title']} {row['summary']}")) for row in found}
        weights = term_weights(wanted, said.values())
        order = fuse(
            [
                (1.0, [row["community_id"] for row in found]),
                (1.0, sorted(said, key=lambda key: (-coverage(weights, said[key]), key))),
            ]
        )
        best = {row["community_id"]: row for row in found}
        communities, chunks = self._speaking([best[key] for key in order])
        ranked = fuse([(1.0, keys) for keys in chunks])
        rows = {row["chunk_id"]: row for row in self.search.chunk_rows(ranked)}
        weights = term_weights(wanted, [row["terms"] for row in rows.values()])
        rankings = [(1.0, ranked), (2.0, ranked_by_words(question, list(rows.values()), weights))]
        if vector is not None:
            rankings.append((1.0, self._near(vector, rows)))
        chosen = spread([rows[key] for key in fuse(rankings) if key in rows], k)
        reports = [
            (Fact("report", row["summary"], title=row["title"]), row["chunk_ids"] or self._chunks(row))
            for row in communities
        ]
        return Retrieved(chosen, self.search.standing(reports, rows), weights, broad=True)

    def _speaking(self, ranked: Sequence[Row]) -> tuple[list[Row], list[list[str]]]:
        """Return the communities to be shown, and the chunks of the first ones that have any which pass the filters.

        A title and a summary hold names and sentences of all members: with filters they are shown only where every
        chunk that names a member passes.
        """
        settings = self.search.settings
        shown: list[Row] = []
        chunks: list[list[str]] = []
        for community in ranked:
            known = self._chunks(community)
            passing = self.search.passing(known)
            if not passing and known:
                continue
            chunks.append(passing[: 2 * settings.candidates])
            if settings.retrieval.filters.empty or (known and len(passing) == len(known)):
                shown.append(community)
            if len(chunks) == settings.communities:
                break
        return shown, chunks

    def _chunks(self, community: Row) -> list[str]:
        """Return the chunks that the summary was written from, then the others that name its members."""
        members = self.search.store.rows("entities", community["entity_ids"] or [])
        others = sorted({chunk for row in members for chunk in row["chunk_ids"] or []})
        return list(dict.fromkeys([*(community["chunk_ids"] or []), *others]))

    def _near(self, vector: np.ndarray, rows: dict[str, Row]) -> list[str]:
        near = self.search.near("chunks", vector, 4 * self.search.settings.candidates)
        return [key for key, _ in near if key in rows]


def spread(rows: Sequence[Row], k: int) -> list[Row]:
    """Return k rows, one a document as long as there are others: a broad answer wants many voices."""
    seen: set[str] = set()
    first: list[Row] = []
    later: list[Row] = []
    for row in rows:
        (later if row["document_id"] in seen else first).append(row)
        seen.add(row["document_id"])
    return (first + later)[:k]
