"""The modes vector, bm25 and hybrid: search, fuse, follow links, rerank, diversify, then widen or narrow."""

from collections.abc import Sequence

import numpy as np

from pipelines.answering.modes.names import SearchMode
from pipelines.answering.question import question_terms
from pipelines.answering.search.compression import compress_passages
from pipelines.answering.search.fusion import diversify, fuse, fusion_named, overlap, reordered
from pipelines.answering.search.links import linked_chunks
from pipelines.answering.search.parents import expand_to_parents
from pipelines.answering.search.search import Retrieved, Row, Search
from pipelines.core.protocols import Reranker
from pipelines.text.terms import term_weights

_WEIGHED = 20
"""Candidates among which the rarity of the question's words is counted."""


class PassageRetriever:
    """Passages by one search or both; written once, above any store."""

    def __init__(self, search: Search, mode: SearchMode, reranker: Reranker | None = None) -> None:
        self.search, self.mode, self.reranker = search, mode, reranker
        self.settings = search.settings.retrieval

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k best passages, more only where `compress` cuts one in two."""
        vector = None if self.mode == "bm25" else self.search.vector(question)
        ranked = self.ranked(question, vector)
        pool = {row["chunk_id"]: row for row in self.search.chunk_rows(ranked[: max(k, _WEIGHED)])}
        ranked = [key for key in ranked if key in pool]
        if self.reranker is not None and self.settings.reranked:
            judged = ranked[: self.settings.reranked]
            scores = self.reranker.score(question, [_shown(pool[key]) for key in judged])
            ranked = reordered(ranked, dict(zip(judged, scores, strict=True)))
        if self.settings.diversity:
            ranked = diversify(ranked, self._alike(question, [pool[key] for key in ranked]), self.settings.diversity, k)
        weights = term_weights(question_terms(question), [row["terms"] for row in pool.values()])
        chosen = [pool[key] for key in ranked[:k]]
        if self.settings.parents:
            chosen = expand_to_parents(chosen, self.search.store)
        if self.settings.compress:
            chosen = compress_passages(
                question, chosen, weights, self.search.similarity if vector is not None else None
            )
        return Retrieved(chosen, [], weights)

    def ranked(self, question: str, vector: np.ndarray | None) -> list[str]:
        """Return chunk ids best first, before anything looks at their texts but the second hop."""
        settings, n = self.settings, self.settings.candidates
        near = self.search.near("chunks", vector, n) if vector is not None else []
        worded = self.search.worded("chunks", question, n) if self.mode != "vector" else []
        if self.mode != "hybrid":
            return [key for key, _ in near or worded]
        first = fusion_named(settings.fusion)(near, worded, settings)
        if not settings.links:
            return first
        second = linked_chunks(self.search, question, self.search.rows(first[: settings.links]))
        kept = first[: settings.kept]
        rest, more = [key for key in first if key not in kept], [key for key in second if key not in kept]
        return [*kept, *fuse([(1.0, rest), (settings.link_weight, more)], settings.rank_constant)]

    def _alike(self, question: str, rows: Sequence[Row]) -> np.ndarray:
        alike = self.search.similarity.among(question, [_shown(row) for row in rows])
        return overlap([row["terms"] for row in rows]) if alike is None else np.clip(alike, 0.0, 1.0)


def _shown(row: Row) -> str:
    return f"{row['title']}\n{row['text']}" if row["title"] and row["title"] not in row["text"] else row["text"]
