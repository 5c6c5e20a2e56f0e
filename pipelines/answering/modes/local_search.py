"""The mode `local`: the passages of `ppr`, and what the graph says of the entities that question and walk came by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.answering.modes.ppr import PprRetriever, Walked
from pipelines.answering.search.entities import entity_names
from pipelines.answering.search.reports import report_facts, shown_reports
from pipelines.answering.search.search import Fact, Retrieved, Row, Search
from pipelines.answering.search.trace import Step
from pipelines.answering.search.walk import heaviest
from pipelines.text.terms import coverage, terms, with_pairs

_NEAR_ENTITY = 0.76
"""Similarity from which a question speaks of an entity that it does not name."""
_NEAREST, _MET = 8, 40
_NAMED = 2.0
"""Weight of an entity that the question names; of those that a walk went by, the one with most mass has 1."""
_TOLD, _READ, _SHOWN = 60, 12, 3
"""Relations and reports that are looked up, and reports that are shown."""
_SPARE = 8
"""Tokens that a source takes beside its words: its number and the lines around it."""


@dataclass(frozen=True)
class _Part:
    """What of one kind fits into its tokens: which texts, what they take, and how many do not fit."""

    places: list[int]
    tokens: int
    left: int

    def told(self, kind: str) -> str:
        """Return what the trace says of it."""
        return f"{len(self.places)} {kind} ({self.tokens} tokens){f', {self.left} left out' if self.left else ''}"


class LocalRetriever:
    """Question → walk → passages; beside them relations and descriptions, and reports, each within its tokens."""

    def __init__(self, search: Search) -> None:
        self.search, self.ppr = search, PprRetriever(search)
        self.around = search.neighbourhood

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the passages in the order of `ppr`, and the context; what it is made of is the last step."""
        return self.told(question, self.ppr.walked(question), k)

    def told(self, question: str, walked: Walked, k: int, extra: Mapping[int, float] | None = None) -> Retrieved:
        """Return what a walk found and what surrounds its entities; `extra` are places of more, with their weights."""
        settings, budget = self.search.settings, self._budget()
        ranked, weights = self.ppr.chosen(question, walked, k)
        rows = {row["chunk_id"]: row for row in ranked}
        mass = self._weighed(question, walked, extra or {})
        entities = self._entities(mass)
        passages = "\n".join(row["text"] for row in ranked[:k])
        facts, facts_part = self._facts(entities, mass, weights, rows, passages, int(budget * settings.local_facts))
        reports, reports_part = self._reports(mass, rows, int(budget * settings.local_reports))
        # What facts and reports leave is the passages', of which the first is there in any case.
        left = budget - facts_part.tokens - reports_part.tokens
        part = self._fitting([row["text"] for row in ranked[:k]], left, first=True)
        chosen = [ranked[place] for place in part.places]
        names = frozenset(name.lower() for row in entities for name in entity_names(row))
        parts = part.told("passages"), facts_part.told("facts"), reports_part.told("reports")
        step = Step("context", f"{budget} tokens", "; ".join(parts))
        return Retrieved(chosen, [*facts, *reports], weights, names, trace=(step,))

    def _budget(self) -> int:
        """Return the tokens for all sources: no more than half of what the model reads."""
        model, budget = self.search.language_model, self.search.settings.local_tokens
        most = model.context_tokens if model is not None else None
        return budget if most is None else min(budget, most // 2)

    def _weighed(self, question: str, walked: Walked, extra: Mapping[int, float]) -> np.ndarray:
        """Return a weight for every entity of the index: of what is asked about, of what the walk went by."""
        best = heaviest(walked.met)[:_MET]
        weights = np.zeros(len(walked.met))
        if len(best):
            weights[best] = walked.met[best] / walked.met[best[0]]
        for place, weight in extra.items():
            weights[place] = max(weights[place], weight)
        named = [*walked.asked.tolist(), *self.near(question, walked.vector)]
        weights[np.array(named, np.int64)] = _NAMED
        return weights

    def near(self, question: str, vector: np.ndarray | None) -> list[int]:
        """Return the places of the nearest entities that are near enough to be meant without being named."""
        scale = self.search.similarity.question_scale(question) if vector is not None else None
        if vector is None or scale is None or not self.ppr.index.entity_ids:
            return []
        found, places = self.search.store.search_vector("entities", vector, _NEAREST), self.ppr.index.entity_places
        similar = scale.relative(np.array([cosine for _, cosine in found]))
        return [
            places[key]
            for (key, _), value in zip(found, similar, strict=True)
            if value >= _NEAR_ENTITY and key in places
        ]

    def _entities(self, mass: np.ndarray) -> list[Row]:
        ids = [self.ppr.index.entity_ids[place] for place in heaviest(mass)[:_MET]]
        return self.search.store.rows("entities", ids) if ids else []

    def _facts(
        self,
        entities: Sequence[Row],
        mass: np.ndarray,
        weights: Mapping[str, float],
        rows: Mapping[str, Row],
        passages: str,
        budget: int,
    ) -> tuple[list[Fact], _Part]:
        """Return descriptions and relations that speak of the question, best first, none that a passage says.

        With filters only those that no chunk knows which does not pass: which sentence is whose is not stored.
        """
        relations = self.search.store.rows("relations", self.around.relations(mass, _TOLD))
        told = [(f"{row['name']}: {row['description']}", row) for row in entities if row["description"]]
        told += [(row["description"], row) for row in relations if row["description"]]
        homes: dict[str, list[str]] = {}
        for text, row in told:
            if row["description"] not in passages:
                homes.setdefault(text, []).extend(row["chunk_ids"] or [])
        scores = {text: coverage(weights, with_pairs(terms(text))) for text in homes}
        inside = self.search.inside({text: ids for text, ids in homes.items() if scores[text] > 0})
        best = sorted(inside, key=lambda text: (-scores[text], text))
        part = self._fitting(best, budget)
        chosen = [best[place] for place in part.places]
        return self.search.standing([(Fact("fact", text), homes[text]) for text in chosen], rows), part

    def _reports(self, mass: np.ndarray, rows: Mapping[str, Row], budget: int) -> tuple[list[Fact], _Part]:
        """Return the reports of the communities that hold most of the entities' weight."""
        found = self.search.store.rows("communities", self.around.communities(mass, _READ))
        found = [row for row in found if row["summary"] and row["entity_ids"]]
        shown = (
            found[:_SHOWN]
            if self.search.settings.retrieval.filters.empty
            else shown_reports(self.search, found, _SHOWN)[0]
        )
        facts = report_facts(self.search, shown, findings=False)
        part = self._fitting([f"{fact.title}\n{fact.text}" for fact, _ in facts], budget)
        return self.search.standing([facts[place] for place in part.places], rows), part

    def _fitting(self, texts: Sequence[str], budget: int, first: bool = False) -> _Part:
        """Return which texts fit, in order; what is too long for what is left gives way to what comes after it."""
        costs = [count + _SPARE for count in self.search.embedder.count_tokens(texts)] if texts else []
        kept, spent = list[int](), 0
        for place, cost in enumerate(costs):
            if spent + cost <= budget or (first and not kept):
                kept.append(place)
                spent += cost
        return _Part(kept, spent, len(texts) - len(kept))
