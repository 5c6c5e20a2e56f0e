"""Finding what a question needs: what the modes share; all ranking is above the store."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from pipelines.answering.prompts.prompt_files import Prompts, load_prompts
from pipelines.answering.question import holds_answer_kind
from pipelines.answering.search.graph_index import GraphIndex, read_index
from pipelines.answering.search.neighbourhood import Neighbourhood, read_neighbourhood
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.search.trace import Step
from pipelines.answering.settings import AnswerSettings
from pipelines.core.filters import EVERYTHING
from pipelines.core.protocols import Embedder, GraphStore, LanguageModel
from pipelines.text.languages.languages import language_of
from pipelines.text.tables import head_in_header
from pipelines.text.terms import coverage, terms, with_pairs

Row = dict[str, Any]
_STANDING = 3
"""Chunks that are looked up for what the graph adds to a prompt."""


@dataclass(frozen=True)
class Fact:
    """A text beside the passages, with what it stands on.

    The graph adds facts of entities and relations, a community's report, or the table that a query came to; the agent
    a calculation over numbers of passages; a model that read reports for this question a point of them. `chunks` are
    rows as in `Retrieved`, the best of them first; none where it is not known what it was written from.
    """

    kind: Literal["fact", "report", "point", "calculation", "table"]
    text: str
    chunks: tuple[Row, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Retrieved:
    """Chunk rows with their document's `title` and `date`, best first; `context` is what the graph adds to the prompt.

    `names` are the entities met on the way (small letters): what may link two sentences. `weights` is the rarity of
    each question term among all candidates. `broad`: the sources are many voices rather than one passage. `stuffed`:
    the passages go into the prompt whole instead of sentence by sentence. `trace` is how they were found, where a
    mode took several steps or asked the model.
    """

    chunks: list[Row]
    context: list[Fact]
    weights: dict[str, float]
    names: frozenset[str] = field(default_factory=frozenset)
    broad: bool = False
    stuffed: bool = False
    trace: tuple[Step, ...] = ()


class Retriever(Protocol):
    """Finds what a question needs."""

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k best chunks and what else the graph says."""
        ...


@runtime_checkable
class SteppingRetriever(Retriever, Protocol):
    """A retriever that tells of its steps as it takes them."""

    def steps(self, question: str, k: int) -> Generator[Step, None, Retrieved]:
        """Yield each step when it is done; return what `retrieve` does, without the trace."""
        ...


def retrieval_steps(retriever: Retriever, question: str, k: int) -> Generator[Step, None, Retrieved]:
    """Yield a retriever's steps, at its end where it tells of them only then; return what it found."""
    if isinstance(retriever, SteppingRetriever):
        return (yield from retriever.steps(question, k))
    found = retriever.retrieve(question, k)
    yield from found.trace
    return found


class Search:
    """What the modes share: both searches, document titles, ranking by the question's words, the model, its prompts.

    `language_model` is for modes that ask it while they search; None where there is none.
    """

    def __init__(
        self,
        store: GraphStore,
        embedder: Embedder,
        settings: AnswerSettings,
        language_model: LanguageModel | None = None,
        prompts: Prompts | None = None,
    ) -> None:
        self.store, self.embedder, self.settings, self.language_model = store, embedder, settings, language_model
        self.prompts = load_prompts() if prompts is None else prompts
        self.similarity = Similarity(embedder)

    @cached_property
    def index(self) -> GraphIndex:
        """Which chunks and entities name each other: read at the first use, and kept."""
        return read_index(self.store)

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        """The relations and communities of the index's entities: read at the first use, and kept."""
        return read_neighbourhood(self.store, self.index)

    def vector(self, question: str) -> np.ndarray | None:
        """Return the question's vector; None where the model does not read its language, or refuses it."""
        if not self.embedder.reads(language_of(question).code):
            return None
        vector = self.embedder.embed_queries([question])[0]
        return vector if vector.any() else None

    def near(self, table: str, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        """Return the nearest rows of a table; of chunks, those that pass the filters."""
        settings = self.settings.retrieval
        filters = settings.filters if table == "chunks" else EVERYTHING
        return self.store.search_vector(table, vector, n, filters, settings.exact)

    def worded(self, table: str, query: str, n: int) -> list[tuple[str, float]]:
        """Return the best full-text matches of a table; of chunks, those that pass the filters."""
        filters = self.settings.retrieval.filters if table == "chunks" else EVERYTHING
        return self.store.search_text(table, query, n, filters)

    def ids(self, table: str, question: str, vector: np.ndarray | None) -> list[tuple[float, list[str]]]:
        """Return the rankings of a table by vector and by full text."""
        n = self.settings.candidates
        near = self.near(table, vector, n) if vector is not None else []
        return [(1.0, [key for key, _ in near]), (1.0, [key for key, _ in self.worded(table, question, n)])]

    def rows(self, ids: Sequence[str]) -> list[Row]:
        """Return the chunk rows that pass the filters, with their document's `title` and `date`."""
        rows, filters = self.store.rows("chunks", ids), self.settings.retrieval.filters
        found = self.store.rows("documents", sorted({row["document_id"] for row in rows}))
        documents = {row["document_id"]: row for row in found}
        return [
            row | {name: documents.get(row["document_id"], {}).get(name) or "" for name in ("title", "date")}
            for row in rows
            if filters.empty or filters.passes(row, documents.get(row["document_id"], {}))
        ]

    def passing(self, ids: Sequence[str]) -> list[str]:
        """Return those of these chunks that pass the filters, in their order; nothing is looked up without filters."""
        return list(ids) if self.settings.retrieval.filters.empty else [row["chunk_id"] for row in self.rows(ids)]

    def inside(self, evidence: Mapping[str, Sequence[str]]) -> set[str]:
        """Return the keys whose chunks all pass the filters, as a text written from them must before it is shown.

        What is known of no chunk passes only where nothing is filtered.
        """
        if self.settings.retrieval.filters.empty:
            return set(evidence)
        passing = set(self.passing(sorted({chunk for chunks in evidence.values() for chunk in chunks})))
        return {key for key, chunks in evidence.items() if chunks and passing.issuperset(chunks)}

    def standing(self, facts: Sequence[tuple[Fact, Sequence[str]]], rows: Mapping[str, Row]) -> list[Fact]:
        """Return facts on the first of their chunks, those of `rows` first; all others are looked up at once."""
        chosen = [
            sorted(ids, key=lambda key: key not in rows)[:_STANDING]  # the sort is stable: else in the fact's own order
            for _, ids in facts
        ]
        unknown = sorted({key for ids in chosen for key in ids if key not in rows})
        known = {**rows, **{row["chunk_id"]: row for row in (self.chunk_rows(unknown) if unknown else [])}}
        return [
            replace(fact, chunks=tuple(known[key] for key in ids if key in known))
            for (fact, _), ids in zip(facts, chosen, strict=True)
        ]

    def chunk_rows(self, ids: Sequence[str]) -> list[Row]:
        """Return chunk rows with `title` and `terms`."""
        return [row | {"terms": row_terms(row)} for row in self.rows(ids)]


def row_terms(row: Row) -> frozenset[str]:
    """Return the terms and pairs of a chunk, of its title, of its path, and of the table's head that it lacks."""
    return with_pairs(terms(f"{row['title']}\n{row['path']}\n{head_in_header(row)}\n{row['text']}"))


def ranked_by_words(question: str, rows: Sequence[Row], weights: dict[str, float]) -> list[str]:
    """Return the chunk ids by their share of the question's words; those that can hold the answer come first."""
    scored = [
        (-coverage(weights, row["terms"]) * (1.0 if holds_answer_kind(question, row["text"]) else 0.8), row["chunk_id"])
        for row in rows
    ]
    return [key for score, key in sorted(scored) if score < 0]
