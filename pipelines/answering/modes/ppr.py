"""The mode `ppr`: personalised PageRank over the chunks and entities of the stored graph; no model is asked.

After the ideas of HippoRAG 2 (Gutiérrez and others, 2025: passages and phrases in one walk, seeded by both) and
LinearRAG (Zhuang and others, 2025: no relations, entities chosen by what the question is near to). What is of this
project: each step weighs where it may end by the question, so that a walk takes the entity that leads to something
asked for, and the walk itself is the ranking.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.answering.question import question_terms
from pipelines.answering.search.entities import entity_names, is_named, near_entities
from pipelines.answering.search.fusion import blended
from pipelines.answering.search.graph_index import read_index
from pipelines.answering.search.search import Retrieved, Row, Search
from pipelines.answering.search.similarity import among_all
from pipelines.answering.search.walk import WalkSettings, heaviest, walk
from pipelines.text.terms import term_weights

_VECTOR_WEIGHT = 0.9
_SEED_POWER = 5.0
"""Seeds are the scores of both searches to this power: the best hits have nearly all of it."""
_CANDIDATES = 50
_UNRELATED = 0.5
"""Quantile of the cosines of all chunks at which relevance begins."""
_NAMED, _WEIGHED, _MET = 40, 20, 40


class PprRetriever:
    """Seeds by both searches, then a walk; the graph is read into memory once, when the mode is opened."""

    def __init__(self, search: Search, settings: WalkSettings | None = None) -> None:
        self.search, self.settings = search, settings or WalkSettings()
        self.index = read_index(search.store)

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k chunks where most walks end, and the names of the entities that they went by."""
        index, search = self.index, self.search
        vector = search.vector(question)
        near = search.near("chunks", vector, _CANDIDATES) if vector is not None else []
        worded = search.worded("chunks", question, _CANDIDATES)
        scores = blended(near, worded, _VECTOR_WEIGHT)
        relevance = self._relevance(vector, scores)
        named = near_entities(search.store, question, _NAMED) if index.entity_ids else []
        known = [row["entity_id"] for row in named if is_named(row, question)]
        asked = [index.entity_places[key] for key in known if key in index.entity_places]
        mass, met = walk(index, self._seeds(scores), relevance, np.array(asked, np.int64), self.settings)
        # What no walk reached keeps the place that the searches gave it: a graph without entities is plain search.
        order = [index.chunk_ids[place] for place in heaviest(mass)]
        order += sorted(scores.keys() - set(order), key=lambda key: (-round(scores[key], 9), key))
        rows = {row["chunk_id"]: row for row in self._first(order, max(k, _WEIGHED))}
        chosen = [rows[key] for key in order if key in rows]
        weights = term_weights(question_terms(question), [row["terms"] for row in chosen])
        return Retrieved(chosen[:k], [], weights, self._names(met))

    def _seeds(self, scores: Mapping[str, float]) -> np.ndarray:
        seeds = np.zeros(len(self.index.chunk_ids))
        for key, score in scores.items():
            if key in self.index.chunk_places:  # not where another graph was stored since this one was read
                seeds[self.index.chunk_places[key]] = score**_SEED_POWER
        return seeds

    def _relevance(self, vector: np.ndarray | None, scores: Mapping[str, float]) -> np.ndarray:
        """Return what the question makes of every chunk, 0 to 1: by its vector, by the hits where it has none."""
        if vector is None:
            found = self._seeds(scores) ** (1 / _SEED_POWER)
            return found / found.max() if found.any() else found
        return among_all(self.index.vectors, vector, _UNRELATED)

    def _first(self, order: Sequence[str], count: int) -> list[Row]:
        """Return the rows of the first `count` chunks that pass the filters."""
        found: list[Row] = []
        for start in range(0, len(order), count):
            found += self.search.chunk_rows(order[start : start + count])
            if len(found) >= count:
                break
        return found[:count]

    def _names(self, met: np.ndarray) -> frozenset[str]:
        best = [self.index.entity_ids[place] for place in heaviest(met)[:_MET]]
        rows = self.search.store.rows("entities", best) if best else []
        return frozenset(name.lower() for row in rows for name in entity_names(row))
