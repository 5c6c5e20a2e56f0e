"""Retrieval over the graph: `local` walks from the question's entities, `global` starts from community summaries."""

from collections.abc import Iterable, Sequence

import numpy as np

from pipelines.answering.modes.native import NativeRetriever
from pipelines.answering.search.entities import entity_names, is_named, near_entities
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.search import Fact, Retrieved, Row, Search, ranked_by_words
from pipelines.text.terms import coverage, terms, with_pairs

_STARTING_CHUNKS = 3


_KEPT = 2


_NEAR_ENTITY = 0.76
"""Similarity from which a question speaks of an entity that it does not name."""


_CONTEXT = 12


class LocalRetriever:
    """Entities of the question and of the best chunks → their relations → the chunks that mention both ends."""

    def __init__(self, search: Search) -> None:
        self.search, self.native = search, NativeRetriever(search)

    def retrieve(self, question: str, k: int) -> Retrieved:
        store = self.search.store
        vector = self.search.vector(question)
        ranked, rows, weights = self.native.ranked(question, vector)
        start = [rows[key] for key in ranked[:_STARTING_CHUNKS]]
        seeds = self._named(question) | self._near(question, vector, k)
        bridges = {key for row in start for key in self._named(row["text"])}
        relations = store.relations_of(sorted(seeds | bridges))[: 5 * self.search.settings.candidates]
        ends = {relation[end] for relation in relations for end in ("source_id", "target_id")}
        entities = {row["entity_id"]: row for row in store.rows("entities", sorted(seeds | bridges | ends))}
        reached = self._chunks(entities, seeds | bridges, relations, weights)
        rows |= {row["chunk_id"]: row for row in self.search.chunk_rows([key for key in reached if key not in rows])}
        # What the best chunk already says need not be said again: the second hop is what is still open.
        open_terms = _open(weights, start[:1])
        walked = ranked_by_words(question, [rows[key] for key in reached if key in rows], open_terms)
        # What answers in one hop stays on top; the walk fills the rest.
        fused = fuse([(1.0, ranked), (1.0, walked), (0.5, reached)])
        chosen = [key for key in dict.fromkeys([*ranked[:_KEPT], *fused]) if key in rows][:k]
        names = frozenset(name.lower() for row in entities.values() for name in entity_names(row))
        facts = _facts(entities, relations, weights, self.search, rows)
        return Retrieved([rows[key] for key in chosen], facts, weights, names)

    def _near(self, question: str, vector: np.ndarray | None, k: int) -> set[str]:
        """Return those of the k nearest entities that are near enough."""
        scale = self.search.similarity.question_scale(question) if vector is not None else None
        if vector is None or scale is None:
            return set()
        near = self.search.store.search_vector("entities", vector, k)
        similar = scale.relative(np.array([cosine for _, cosine in near]))
        return {key for (key, _), value in zip(near, similar, strict=True) if value >= _NEAR_ENTITY}

    def _named(self, text: str) -> set[str]:
        """Return the entities whose name or alias stands in the text."""
        found = near_entities(self.search.store, text, 2 * self.search.settings.candidates)
        return {row["entity_id"] for row in found if is_named(row, text)}

    def _chunks(
        self, entities: dict[str, Row], near: set[str], relations: Sequence[Row], weights: dict[str, float]
    ) -> list[str]:
        """Return the chunks of the entities and relations: those of more, and of rarer, entities first."""
        votes: dict[str, float] = {}
        for key, row in entities.items():
            chunks = row["chunk_ids"] or []
            for chunk in chunks:
                votes[chunk] = votes.get(chunk, 0.0) + (1.0 if key in near else 0.25) / len(chunks)
        for relation in relations:
            value = 0.5 * coverage(weights, with_pairs(terms(relation["description"] or "")))
            for chunk in relation["chunk_ids"] or []:
                votes[chunk] = votes.get(chunk, 0.0) + value
        return sorted(votes, key=lambda chunk: (-votes[chunk], chunk))[: 2 * self.search.settings.candidates]


def _open(weights: dict[str, float], rows: Iterable[Row]) -> dict[str, float]:
    said = {term for row in rows for term in row["terms"]}
    return {term: weight * (0.3 if term in said else 1.0) for term, weight in weights.items()}


def _facts(
    entities: dict[str, Row],
    relations: Sequence[Row],
    weights: dict[str, float],
    search: Search,
    rows: dict[str, Row],
) -> list[Fact]:
    """Return descriptions of entities and relations that speak of the question, best first.

    With filters only of those that no chunk knows which does not pass: which sentence is whose is not stored.
    """
    told = [(f"{row['name']}: {row['description']}", row) for row in entities.values() if row["description"]]
    told += [(relation["description"], relation) for relation in relations if relation["description"]]
    scores = {text: coverage(weights, with_pairs(terms(text))) for text, _ in told}
    homes: dict[str, list[str]] = {}
    for text, row in told:
        if scores[text] > 0:
            homes.setdefault(text, []).extend(row["chunk_ids"] or [])
    best = sorted(search.inside(homes), key=lambda text: (-scores[text], text))[:_CONTEXT]
    return search.standing([(Fact("fact", text), homes[text]) for text in best], rows)
