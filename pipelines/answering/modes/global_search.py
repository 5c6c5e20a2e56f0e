"""The mode `global`: map-reduce over the reports of communities; their chunks are what an answer cites.

A model that can read chooses the reports level by level, then takes points from them, and the writer's answer is the
reduction. The packaged small model is not asked: reports are chosen by vectors and words.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipelines.answering.modes.reports.by_model import points_of, relevant_reports
from pipelines.answering.modes.reports.reading import Point
from pipelines.answering.question import question_terms
from pipelines.answering.question_patterns import asks_for_overview
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.report_tree import ReportTree, read_tree
from pipelines.answering.search.reports import cited_chunks, member_chunks, report_facts, report_text, shown_reports
from pipelines.answering.search.search import Fact, Retrieved, Row, Search, ranked_by_words
from pipelines.answering.search.trace import Step, drained
from pipelines.text.terms import coverage, term_weights, terms, with_pairs

_READ = 60
"""Reports that are looked up where no model rates them."""


class GlobalRetriever:
    """Map: the reports that speak of the question, and the points of a model that read them; their chunks are cited."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.tree: ReportTree = read_tree(search)

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the passages, points and reports; how they were chosen is the `trace`."""
        found, trace = drained(self.steps(question, k))
        return replace(found, trace=trace)

    def steps(self, question: str, k: int) -> Generator[Step, None, Retrieved]:
        """Yield each step when it is done; return what `retrieve` does, without the trace."""
        search, model = self.search, self.search.language_model
        capable = model is not None and not model.packaged
        # What has no terms is near to nothing: it is not embedded.
        vector = None if asks_for_overview(question) and not capable else search.vector(question)
        points: list[tuple[Point, list[Row]]] = []
        reports: list[Row] = []
        # With filters what a report says may come from chunks that do not pass: only those that pass whole are read.
        if capable and model is not None and search.settings.retrieval.filters.empty:
            scores = self.tree.scores(question, vector)
            reports = yield from relevant_reports(search, model, self.tree, question, scores)
        chosen, chunks = shown_reports(search, reports, len(reports)) if reports else self.by_search(question, vector)
        if not reports:
            unrated = "none rated relevant" if capable and self.search.settings.retrieval.filters.empty else ""
            yield Step("reports", "", told_choice(question, chosen, f" ({unrated or 'no model rated them'})"))
        if capable and model is not None and chosen:
            points = yield from points_of(search, model, question, chosen)
        first = [cited_chunks(row) for _, rows in points for row in rows]
        return self.found(question, vector, k, chosen, [*first, *chunks], points)

    def by_search(self, question: str, vector: np.ndarray | None) -> tuple[list[Row], list[list[str]]]:
        """Return the reports that speak of the question by vectors, words and rating, and the chunks of each.

        Those that outline all documents, where it only asks what these are about.
        """
        if asks_for_overview(question):
            return self._outlined()
        some = [key for key in self.tree.ids if key != self.tree.root]  # the root speaks of everything
        ranked = self.tree.ranked(some, self.tree.scores(question, vector))[:_READ]
        found = self.search.store.rows("communities", [key for key in ranked if key in self.tree.places])
        wanted = question_terms(question)
        said = {row["community_id"]: with_pairs(terms(f"{row['title']} {report_text(row)}")) for row in found}
        weights = term_weights(wanted, said.values())
        by_words = sorted(said, key=lambda key: (-coverage(weights, said[key]), key))
        best = {row["community_id"]: row for row in found}
        order = fuse([(1.0, list(best)), (1.0, by_words)])
        return shown_reports(self.search, [best[key] for key in order], self.search.settings.communities)

    def _outlined(self) -> tuple[list[Row], list[list[str]]]:
        """Return the reports that outline all documents with the chunks of each; the root's, which are theirs, last."""
        search, root = self.search, [self.tree.root] if self.tree.root else []
        most = search.settings.communities
        whole, of_whole = shown_reports(search, search.store.rows("communities", root), 1)
        parts = search.store.rows("communities", self.tree.parts(most)[:_READ])
        shown, chunks = shown_reports(search, parts, most)
        return [*whole, *shown], [*chunks, *of_whole]

    def found(
        self,
        question: str,
        vector: np.ndarray | None,
        k: int,
        reports: Sequence[Row],
        chunks: Sequence[Sequence[str]],
        points: Sequence[tuple[Point, list[Row]]] = (),
    ) -> Retrieved:
        """Return the passages that reports stand on, best first, and points and reports as context."""
        ranked = fuse([(1.0, keys) for keys in chunks])
        rows = {row["chunk_id"]: row for row in self.search.chunk_rows(ranked)}
        weights = term_weights(question_terms(question), [row["terms"] for row in rows.values()])
        if asks_for_overview(question):
            chosen = in_turn(chunks, rows, k)
        else:
            rankings = [(1.0, ranked), (2.0, ranked_by_words(question, list(rows.values()), weights))]
            if vector is not None:
                rankings.append((1.0, self._near(vector, rows)))
            chosen = spread([rows[key] for key in fuse(rankings) if key in rows], k)
        told = [
            (
                Fact("point", point.text, title="; ".join(row["title"] for row in held)),
                [key for row in held for key in cited_chunks(row) or member_chunks(self.search, row)],
            )
            for point, held in points
        ]
        context = self.search.standing([*told, *report_facts(self.search, reports)], rows)
        return Retrieved(chosen, context, weights, broad=True)

    def _near(self, vector: np.ndarray, rows: dict[str, Row]) -> list[str]:
        near = self.search.near("chunks", vector, 4 * self.search.settings.candidates)
        return [key for key, _ in near if key in rows]


def told_choice(question: str, reports: Sequence[Row], why: str = "") -> str:
    """Return what the trace says of reports that no model chose; no title of what may not pass the filters."""
    titles = ", ".join(row["title"] for row in reports)
    how = "by rating" if asks_for_overview(question) else "by vectors and words"
    return f"{how}{why}: {len(reports)} reports{f': {titles}' if titles else ''}"


def spread(rows: Sequence[Row], k: int) -> list[Row]:
    """Return k rows, one a document as long as there are others: a broad answer wants many voices."""
    seen: set[str] = set()
    first: list[Row] = []
    later: list[Row] = []
    for row in rows:
        (later if row["document_id"] in seen else first).append(row)
        seen.add(row["document_id"])
    return (first + later)[:k]


def in_turn(reports: Sequence[Sequence[str]], rows: Mapping[str, Row], k: int) -> list[Row]:
    """Return k rows, one of each report in turn: of documents that were not heard first, then of any."""
    taken, heard = dict[str, Row](), set[str]()
    for only_new in (True, False):
        before = -1
        while before < len(taken) < k:
            before = len(taken)
            for keys in reports:
                left = (rows[key] for key in keys if key in rows and key not in taken)
                row = next((one for one in left if not only_new or one["document_id"] not in heard), None)
                if row is not None and len(taken) < k:
                    taken[row["chunk_id"]] = row
                    heard.add(row["document_id"])
    return list(taken.values())
