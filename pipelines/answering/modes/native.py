"""The mode `native`: vectors and full text over the chunks, fused with a ranking by the question's words."""

import numpy as np

from pipelines.answering.question import question_terms
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.search import Retrieved, Row, Search, ranked_by_words
from pipelines.text.terms import term_weights


class NativeRetriever:
    """Vector and full text over chunks, fused with a ranking by the question's words."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        ranked, rows, weights = self.ranked(question, self.search.vector(question))
        return Retrieved([rows[key] for key in ranked[:k]], [], weights)

    def ranked(self, question: str, vector: np.ndarray | None) -> tuple[list[str], dict[str, Row], dict[str, float]]:
        """Return (chunk ids best first, their rows by id, the weights of the question's terms)."""
        rankings = self.search.ids("chunks", question, vector)
        rows = self.search.chunk_rows(fuse(rankings))
        weights = term_weights(question_terms(question), [row["terms"] for row in rows])
        rankings.append((1.0, ranked_by_words(question, rows, weights)))
        return fuse(rankings), {row["chunk_id"]: row for row in rows}, weights
