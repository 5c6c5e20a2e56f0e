"""The mode `ppr`: personalised PageRank over the chunks and entities of the stored graph; no model is asked.

After the ideas of HippoRAG 2 (Gutiérrez and others, 2025: passages and phrases in one walk, seeded by both) and
LinearRAG (Zhuang and others, 2025: no relations, entities chosen by what the question is near to). What is of this
project: each step weighs where it may end by the question, so that a walk takes the entity that leads to something
asked for, and the walk itself is the ranking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.answering.question import question_terms
from pipelines.answering.question_forms import sets_side_by_side
from pipelines.answering.search.entities import entity_names, is_named, named_sides, near_entities
from pipelines.answering.search.fusion import blended
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
_LED = 0.3
"""Share of the walks that begin at the entities of reports, where there are any."""
_BY_SIDE = 0.5
"""Share of the walks that begin at each side alike, where a question sets things side by side. Chosen on the even
questions of 2Wiki-101, of which 0.3 is as good: else the side that the searches like better has nearly all of them.
"""


@dataclass(frozen=True)
class Walked:
    """Where a walk came to: chunks best first, the mass that went by each entity, the entities that are asked about."""

    order: list[str]
    met: np.ndarray
    asked: np.ndarray
    vector: np.ndarray | None


class PprRetriever:
    """Seeds by both searches, then a walk; the graph is read into memory once, when the mode is opened."""

    def __init__(self, search: Search, settings: WalkSettings | None = None) -> None:
        self.search, self.settings = search, settings or WalkSettings()
        self.index = search.index

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k chunks where most walks end, and the names of the entities that they went by."""
        walked = self.walked(question)
        chosen, weights = self.chosen(question, walked, k)
        return Retrieved(chosen[:k], [], weights, self.names(heaviest(walked.met)[:_MET]))

    def walked(self, question: str, leads: Mapping[int, float] | None = None) -> Walked:
        """Return where walks from both searches' hits come to; some begin at `leads`, weights by an entity's place."""
        index, search = self.index, self.search
        vector = search.vector(question)
        near = search.near("chunks", vector, _CANDIDATES) if vector is not None else []
        worded = search.worded("chunks", question, _CANDIDATES)
        scores = blended(near, worded, _VECTOR_WEIGHT)
        relevance = self._relevance(vector, scores)
        named = near_entities(search.store, question, _NAMED) if index.entity_ids else []
        known = [row for row in named if is_named(row, question)]
        asked = self._places([row["entity_id"] for row in known])
        seeds = self._led(self._seeds(scores), relevance, leads) if leads else self._seeds(scores)
        mass, met = walk(index, seeds, relevance, asked, self.settings)
        if sets_side_by_side(question):
            sides = [self._from_side(seeds, keys) for keys in named_sides(known, question)]
            walks = [walk(index, side, relevance, asked, self.settings) for side in sides if side.any()]
            if len(walks) > 1:
                mass = (1 - _BY_SIDE) * mass + _BY_SIDE * np.mean([ends for ends, _ in walks], axis=0)
                met = (1 - _BY_SIDE) * met + _BY_SIDE * np.mean([by for _, by in walks], axis=0)
        # What no walk reached keeps the place that the searches gave it: a graph without entities is plain search.
        order = [index.chunk_ids[place] for place in heaviest(mass)]
        order += sorted(scores.keys() - set(order), key=lambda key: (-round(scores[key], 9), key))
        return Walked(order, met, asked, vector)

    def chosen(self, question: str, walked: Walked, k: int) -> tuple[list[Row], dict[str, float]]:
        """Return at least the k best chunks that pass the filters, and the weights of the question's terms."""
        rows = self._first(walked.order, max(k, _WEIGHED))
        return rows, term_weights(question_terms(question), [row["terms"] for row in rows])

    def names(self, places: Sequence[int] | np.ndarray) -> frozenset[str]:
        """Return the names of entities by their places, in small letters."""
        ids = [self.index.entity_ids[place] for place in places]
        rows = self.search.store.rows("entities", ids) if ids else []
        return frozenset(name.lower() for row in rows for name in entity_names(row))

    def _places(self, keys: Sequence[str]) -> np.ndarray:
        return np.array([self.index.entity_places[key] for key in keys if key in self.index.entity_places], np.int64)

    def _from_side(self, seeds: np.ndarray, keys: Sequence[str]) -> np.ndarray:
        """Return the seeds that name one of these entities."""
        _, chunks, _ = self.index.chunks_of.from_nodes(self._places(keys))
        return np.where(np.bincount(chunks, minlength=len(seeds)) > 0, seeds, 0.0)

    def _seeds(self, scores: Mapping[str, float]) -> np.ndarray:
        seeds = np.zeros(len(self.index.chunk_ids))
        for key, score in scores.items():
            if key in self.index.chunk_places:  # not where another graph was stored since this one was read
                seeds[self.index.chunk_places[key]] = score**_SEED_POWER
        return seeds

    def _led(self, seeds: np.ndarray, relevance: np.ndarray, leads: Mapping[int, float]) -> np.ndarray:
        """Return the seeds with a share at the chunks of entities, by the entity's weight and the chunk's relevance."""
        entities, weights = np.array(list(leads), np.int64), np.array(list(leads.values()))
        places, chunks, values = self.index.chunks_of.from_nodes(entities)
        led = np.bincount(chunks, values * weights[places] * relevance[chunks], minlength=len(seeds))
        if not led.sum() > 0:
            return seeds
        own = seeds / seeds.sum() if seeds.sum() > 0 else seeds
        return (1 - _LED) * own + _LED * led / led.sum()

    def _relevance(self, vector: np.ndarray | None, scores: Mapping[str, float]) -> np.ndarray:
        """Return what the question makes of every chunk, 0 to 1: by its vector, by the hits where it has none."""
        if vector is None:
            found = self._seeds(scores) ** (1 / _SEED_POWER)
            return found / found.max() if found.any() else found
        return among_all(self.index.vectors, vector, _UNRELATED)

    def _first(self, order: Sequence[str], count: int) -> list[Row]:
        """Return the rows of the first `count` chunks that pass the filters, in order."""
        found: list[Row] = []
        for start in range(0, len(order), count):
            found += self.search.chunk_rows(order[start : start + count])
            if len(found) >= count:
                break
        return found[:count]
