"""The reports of a store as a tree in memory: which is above which, and how near each is to a question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.answering.search.fusion import blended
from pipelines.answering.search.reports import report_rating
from pipelines.answering.search.search import Search
from pipelines.answering.search.similarity import nearest_first

ROOT_LEVEL = -1
"""Level of the report of all documents, where there is one; an older store has none."""
_VECTOR_WEIGHT, _WORDED = 0.5, 200
_RATED = 0.1
"""What a report's own rating adds to its score at most."""


@dataclass(frozen=True)
class ReportTree:
    """Reports by their place in the stored table; only those that say something are here."""

    search: Search
    ids: list[str]
    levels: list[int]
    parents: list[str]
    sizes: list[int]
    """How many entities each community has."""
    ratings: np.ndarray
    vectors: np.ndarray

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each report."""
        return {key: place for place, key in enumerate(self.ids)}

    @cached_property
    def root(self) -> str:
        """The report of all documents, "" where there is none."""
        return next((key for key, level in zip(self.ids, self.levels, strict=True) if level == ROOT_LEVEL), "")

    @cached_property
    def tops(self) -> list[str]:
        """The reports below the root, or those that have nothing above them."""
        known = self.places.keys() - {self.root}
        return [
            key for key, parent in zip(self.ids, self.parents, strict=True) if key != self.root and parent not in known
        ]

    def below(self, keys: Iterable[str]) -> list[str]:
        """Return the children of these reports."""
        wanted = set(keys)
        return [key for key, parent in zip(self.ids, self.parents, strict=True) if parent in wanted]

    def scores(self, question: str, vector: np.ndarray | None) -> np.ndarray:
        """Return how much each report has to do with a question: by vector and by words, a little by its rating."""
        near = [] if vector is None else nearest_first(self.ids, self.vectors, vector)
        found = blended(near, self.search.worded("communities", question, _WORDED), _VECTOR_WEIGHT)
        return np.array([found.get(key, 0.0) for key in self.ids]) + _RATED * self.ratings / 10

    def parts(self, least: int) -> list[str]:
        """Return reports that together speak of all, none below another, by rating: so many where there are as many.

        While there are fewer, those of the largest community's parts stand for its own: one that holds nearly all has
        no more to say than a small one beside it.
        """
        chosen = sorted(self.tops, key=lambda key: (self.sizes[self.places[key]], key))
        while 0 < len(chosen) < least:
            split = next((key for key in reversed(chosen) if self.below([key])), "")
            if not split:
                break
            chosen = [key for key in chosen if key != split] + self.below([split])
            chosen.sort(key=lambda key: (self.sizes[self.places[key]], key))
        return self.ranked(chosen, self.ratings)

    def ranked(self, keys: Sequence[str], scores: np.ndarray) -> list[str]:
        """Return reports by their scores, best first, equal ones by id."""
        return sorted(keys, key=lambda key: (-round(float(scores[self.places[key]]), 9), key))


def read_tree(search: Search) -> ReportTree:
    """Return the tree of a store as it is now: its table of communities is read once, whole."""
    table = search.store.table("communities")
    rows = [row for row in table.to_pylist() if row["summary"]] if len(table) else []
    vectors = [row["vector"] for row in rows]
    return ReportTree(
        search,
        [row["community_id"] for row in rows],
        [int(row.get("level") or 0) for row in rows],
        [row.get("parent_id") or "" for row in rows],
        [len(row["entity_ids"] or []) for row in rows],
        np.array([report_rating(row) for row in rows]),
        np.array(vectors, np.float32) if rows else np.zeros((0, search.embedder.dimensions), np.float32),
    )
