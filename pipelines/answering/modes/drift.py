"""The mode `drift`: reports first, then a walk for each question that they raise; after graphrag's DRIFT search.

A model that can read writes a first answer from the best reports, and the questions that it leaves open; each is looked
up as in `local`, once. The packaged small model is not asked: the reports' entities lead the question's own walk.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from pipelines.answering.modes.global_search import GlobalRetriever, told_choice
from pipelines.answering.modes.local_search import LocalRetriever
from pipelines.answering.modes.reports.by_model import completed_primer
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.reports import cited_chunks, report_facts
from pipelines.answering.search.search import Fact, Retrieved, Row, Search
from pipelines.answering.search.trace import Step, drained

_ASKED, _FOLLOWED = 1.0, 0.7
"""Weights of what was found for the question itself, and for one that the reports raise."""


class DriftRetriever:
    """Reports → a first answer and follow-up questions → `local` for each → all that was found, as one."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.reports, self.local = GlobalRetriever(search), LocalRetriever(search)

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return what the question and its follow-ups found; the steps are the `trace`."""
        found, trace = drained(self.steps(question, k))
        return replace(found, trace=trace)

    def steps(self, question: str, k: int) -> Generator[Step, None, Retrieved]:
        """Yield each step when it is done; return what `retrieve` does, without the trace."""
        search, model = self.search, self.search.language_model
        reports, _ = self.reports.by_search(question, search.vector(question))
        yield Step("reports", "", told_choice(question, reports))
        answer, asked = "", list[str]()
        if model is not None and not model.packaged and reports:
            answer, asked = yield from completed_primer(search, model, question, reports)
        if not asked:
            return (yield from self._led(question, k, reports))
        found = [self.local.retrieve(question, k)]
        yield Step("local", question, f"{len(found[0].chunks)} passages")
        for one in asked:
            found.append(self.local.retrieve(one, k))
            yield Step("local", one, f"{len(found[-1].chunks)} passages")
        return self._merged(found, k, answer, reports)

    def _led(self, question: str, k: int, reports: Sequence[Row]) -> Generator[Step, None, Retrieved]:
        """Yield the step and return the walk that starts from the reports' entities beside the question's own hits."""
        places = self.local.ppr.index.entity_places
        members = [[places[key] for key in row["entity_ids"] or [] if key in places] for row in reports]
        # The best report leads most; a large one has no more to say than a small one.
        weights = dict[int, float]()
        for rank, held in enumerate(members):
            for place in held:
                weights[place] = max(weights.get(place, 0.0), 1.0 / (1 + rank) / np.sqrt(len(held)))
        walked = self.local.ppr.walked(question, weights)
        found = self.local.told(question, walked, k, weights)
        yield Step("local", question, f"no follow-up was asked by a model: {len(weights)} entities of the reports lead")
        yield from found.trace
        return replace(found, context=self._context(found.context, reports), broad=True, trace=())

    def _merged(self, found: Sequence[Retrieved], k: int, answer: str, reports: Sequence[Row]) -> Retrieved:
        """Return the searches as one: passages by their ranks in all, and what the graph says once each."""
        rows = {row["chunk_id"]: row for one in reversed(found) for row in one.chunks}
        weighed = [_ASKED, *[_FOLLOWED] * (len(found) - 1)]
        order = fuse(
            [(weight, [row["chunk_id"] for row in one.chunks]) for weight, one in zip(weighed, found, strict=True)]
        )
        point = [(Fact("point", answer), [key for row in reports for key in cited_chunks(row)])] if answer else []
        context = [fact for one in found for fact in one.context]
        names = frozenset().union(*(one.names for one in found))
        known = self.search.standing(point, rows)
        chunks = [rows[key] for key in order[:k]]
        return Retrieved(chunks, [*known, *self._context(context, reports)], found[0].weights, names, broad=True)

    def _context(self, context: Sequence[Fact], reports: Sequence[Row]) -> list[Fact]:
        """Return facts, then the reports that it began with, no text twice."""
        shown = self.search.standing(report_facts(self.search, reports), {})
        facts = [fact for fact in context if fact.kind != "report"]
        return list({fact.text: fact for fact in [*facts, *shown, *context]}.values())
