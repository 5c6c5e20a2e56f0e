"""Finding what a question needs: `native` here, `local` and `global` over the graph; all ranking is above the store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from pipelines.answering.settings import AnswerSettings, Mode
from pipelines.answering.terms import coverage, holds_answer_kind, question_terms, term_weights, terms, with_pairs
from pipelines.errors import NotMaterializedError
from pipelines.knowledge.words import is_chinese
from pipelines.protocols import Embedder, GraphStore

Row = dict[str, Any]

# Reciprocal-rank fusion (Cormack, Clarke and Büttcher, 2009) and its constant.
_FUSION = 60
_ENGLISH_ONLY = "all-MiniLM"


@dataclass(frozen=True)
class Retrieved:
    """Chunk rows with their document's `title`, best first; `context` are texts that the graph adds to the prompt.

    `names` are the entities met on the way (small letters): what may link two sentences. `weights` is the rarity of
    each question term among all candidates. `broad`: the sources are many voices rather than one passage.
    """

    chunks: list[Row]
    context: list[str]
    weights: dict[str, float]
    names: frozenset[str] = field(default_factory=frozenset)
    broad: bool = False


class Retriever(Protocol):
    """Finds what a question needs."""

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k best chunks and what else the graph says."""
        ...


def open_retriever(mode: Mode, store: GraphStore, embedder: Embedder, settings: AnswerSettings) -> Retriever:
    """Return the retriever of a mode; NotMaterializedError when the store is empty."""
    from pipelines.answering.graph_retrieval import GlobalRetriever, LocalRetriever

    counts = store.counts()
    wanted = "communities" if mode == "global" else "chunks"
    if not counts.get(wanted):
        raise NotMaterializedError(
            f"the knowledge graph ({store.name})", f"no {wanted}", "the documents' chunks and communities",
            "graftline run",
        )
    kinds: dict[Mode, Callable[[Search], Retriever]] = {
        "native": NativeRetriever, "local": LocalRetriever, "global": GlobalRetriever,
    }
    return kinds[mode](Search(store, embedder, settings))


def fuse(rankings: Sequence[tuple[float, Sequence[str]]]) -> list[str]:
    """Return ids by weighted reciprocal-rank fusion, best first; equal scores by id.

    >>> fuse([(1.0, ["a", "b"]), (1.0, ["b", "c"])])
    ['b', 'a', 'c']
    """
    scores: dict[str, float] = {}
    for weight, ids in rankings:
        for rank, key in enumerate(ids, start=1):
            scores[key] = scores.get(key, 0.0) + weight / (_FUSION + rank)
    return sorted(scores, key=lambda key: (-scores[key], key))


class Search:
    """What the modes share: both searches, document titles, and ranking by the question's words."""

    def __init__(self, store: GraphStore, embedder: Embedder, settings: AnswerSettings) -> None:
        self.store, self.embedder, self.settings = store, embedder, settings

    def vector(self, question: str) -> np.ndarray | None:
        """Return the question's vector; None where the model does not read its language."""
        if is_chinese(question) and _ENGLISH_ONLY in self.embedder.name:
            return None
        return self.embedder.embed([question])[0]

    def ids(self, table: str, question: str, vector: np.ndarray | None) -> list[tuple[float, list[str]]]:
        """Return the rankings of a table by vector and by full text."""
        n = self.settings.candidates
        near = self.store.search_vector(table, vector, n) if vector is not None else []
        worded = self.store.search_text(table, question, n)
        return [(1.0, [key for key, _ in near]), (1.0, [key for key, _ in worded])]

    def chunk_rows(self, ids: Sequence[str]) -> list[Row]:
        """Return chunk rows with `title` and `terms`."""
        rows = self.store.rows("chunks", ids)
        documents = self.store.rows("documents", sorted({row["document_id"] for row in rows}))
        titles = {row["document_id"]: row["title"] or "" for row in documents}
        found = []
        for row in rows:
            title = titles.get(row["document_id"], "")
            found.append(row | {"title": title, "terms": with_pairs(terms(f"{title}\n{row['path']}\n{row['text']}"))})
        return found


def by_words(question: str, rows: Sequence[Row], weights: dict[str, float]) -> list[str]:
    """Return the chunk ids by their share of the question's words; those that can hold the answer come first."""
    scored = [
        (-coverage(weights, row["terms"]) * (1.0 if holds_answer_kind(question, row["text"]) else 0.8), row["chunk_id"])
        for row in rows
    ]
    return [key for score, key in sorted(scored) if score < 0]


class NativeRetriever:
    """Vector and full text over chunks, fused with a ranking by the question's words."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        ranked, rows, weights = self.ranked(question, self.search.vector(question))
        return Retrieved([rows[key] for key in ranked[:k]], [], weights)

    def ranked(
        self, question: str, vector: np.ndarray | None
    ) -> tuple[list[str], dict[str, Row], dict[str, float]]:
        """Return (chunk ids best first, their rows by id, the weights of the question's terms)."""
        rankings = self.search.ids("chunks", question, vector)
        rows = self.search.chunk_rows(fuse(rankings))
        weights = term_weights(question_terms(question), [row["terms"] for row in rows])
        rankings.append((1.0, by_words(question, rows, weights)))
        return fuse(rankings), {row["chunk_id"]: row for row in rows}, weights
