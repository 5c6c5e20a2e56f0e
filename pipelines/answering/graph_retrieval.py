"""Retrieval over the graph: `local` walks from the question's entities, `global` starts from community summaries."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from pipelines.answering.retrieval import NativeRetriever, Retrieved, Row, Search, by_words, fuse
from pipelines.answering.terms import coverage, question_terms, term_weights, terms, with_pairs
from pipelines.characters import HAN_CHARACTER

_STARTING_CHUNKS = 3
_KEPT = 2
_NEAR_ENTITY = 0.55
_CONTEXT = 12
_SHORTEST_NAME = 2


class LocalRetriever:
    """Entities of the question and of the best chunks → their relations → the chunks that mention both ends."""

    def __init__(self, search: Search) -> None:
        self.search, self.native = search, NativeRetriever(search)

    def retrieve(self, question: str, k: int) -> Retrieved:
        store = self.search.store
        vector = self.search.vector(question)
        ranked, rows, weights = self.native.ranked(question, vector)
        start = [rows[key] for key in ranked[:_STARTING_CHUNKS]]
        near = store.search_vector("entities", vector, k) if vector is not None else []
        seeds = self._named(question) | {key for key, similarity in near if similarity >= _NEAR_ENTITY}
        bridges = {key for row in start for key in self._named(row["text"])}
        relations = store.relations_of(sorted(seeds | bridges))[: 5 * self.search.settings.candidates]
        ends = {relation[end] for relation in relations for end in ("source_id", "target_id")}
        entities = {row["entity_id"]: row for row in store.rows("entities", sorted(seeds | bridges | ends))}
        reached = self._chunks(entities, seeds | bridges, relations, weights)
        rows |= {row["chunk_id"]: row for row in self.search.chunk_rows([key for key in reached if key not in rows])}
        # What the best chunk already says need not be said again: the second hop is what is still open.
        open_terms = _open(weights, start[:1])
        walked = by_words(question, [rows[key] for key in reached if key in rows], open_terms)
        # What answers in one hop stays on top; the walk fills the rest.
        fused = fuse([(1.0, ranked), (1.0, walked), (0.5, reached)])
        chosen = [key for key in dict.fromkeys([*ranked[:_KEPT], *fused]) if key in rows][:k]
        names = frozenset(name.lower() for row in entities.values() for name in _names(row))
        facts = _facts(entities, relations, weights, self.search)
        return Retrieved([rows[key] for key in chosen], facts, weights, names)

    def _named(self, text: str) -> set[str]:
        """Return the entities whose name or alias stands in the text."""
        store, n = self.search.store, 2 * self.search.settings.candidates
        found = store.rows("entities", [key for key, _ in store.search_text("entities", text, n)])
        return {row["entity_id"] for row in found if any(stands_in(name, text) for name in _names(row))}

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


class GlobalRetriever:
    """Map: the communities whose summaries speak of the question; their chunks are the evidence."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        store = self.search.store
        vector = self.search.vector(question)
        found = store.rows("communities", fuse(self.search.ids("communities", question, vector)))
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
        rankings = [(1.0, ranked), (2.0, by_words(question, list(rows.values()), weights))]
        if vector is not None:
            rankings.append((1.0, self._near(vector, rows)))
        chosen = spread([rows[key] for key in fuse(rankings) if key in rows], k)
        return Retrieved(chosen, [f"{row['title']}: {row['summary']}" for row in communities], weights, broad=True)

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


def stands_in(name: str, text: str) -> bool:
    """Say whether a name stands in a text as a whole, not inside a longer word; Chinese has no word borders."""
    if len(name) < _SHORTEST_NAME:
        return False
    if HAN_CHARACTER.search(name):
        return name in text
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None


def _names(row: Row) -> list[str]:
    return [row["name"], *(row["aliases"] or [])]


def _open(weights: dict[str, float], rows: Iterable[Row]) -> dict[str, float]:
    said = {term for row in rows for term in row["terms"]}
    return {term: weight * (0.3 if term in said else 1.0) for term, weight in weights.items()}


def _facts(entities: dict[str, Row], relations: Sequence[Row], weights: dict[str, float], search: Search) -> list[str]:
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
    return sorted(search.inside(homes), key=lambda text: (-scores[text], text))[:_CONTEXT]
