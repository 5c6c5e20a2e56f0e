"""What the flows ask of the outside world; `resources/` holds the implementations, `tests/fakes.py` the fakes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GraphTables, StoreChanges

Messages = list[dict[str, str]]
"""A conversation in OpenAI form: [{"role": "user", "content": "…"}]."""


@dataclass(frozen=True)
class Completion:
    """One generated text with its token counts; `cached` when no model ran for it.

    `finish_reason` is the model's ("stop", CUT, or "" where none is told); with a `failure`, why this prompt
    alone has no text. `calls` are the calls of tools that its server made of what it wrote (OpenAI's `tool_calls`, as
    JSON), "" where there are none. `prefix_tokens` of the prompt's its server had read before.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    cached: bool = False
    finish_reason: str = ""
    failure: str = ""
    calls: str = ""
    prefix_tokens: int = 0


CUT = "length"
"""The `finish_reason` of a text that the token limit cut."""

Usable = Callable[[int, Completion], bool]
"""Says whether the completion of the prompt with this number is one that its reader can use."""


class Embedder(Protocol):
    """Turns texts, and questions about them, into vectors of one space."""

    @property
    def name(self) -> str:
        """Model and revision: part of every cache key."""
        ...

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def tokenizer(self) -> str:
        """What counts the tokens; models that share it cut documents alike."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Most tokens of a text that its vector is made of, as `count_tokens` counts them; None: the model's secret."""
        ...

    @property
    def asymmetric(self) -> bool:
        """Whether a question has another vector than the same words as a text."""
        ...

    @property
    def computed(self) -> int:
        """Texts that the model has run for so far; those from a cache do not count."""
        ...

    def reads(self, language: str) -> bool:
        """Say whether texts of a language (its ISO 639-1 code) get vectors that tell them apart."""
        ...

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised; zeros for a text that has no vector."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does, for questions; the same unless the embedder is `asymmetric`."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in this model's tokens, without the special ones."""
        ...


class Reranker(Protocol):
    """Judges passages against a question, each pair on its own: slower and better than comparing vectors."""

    @property
    def name(self) -> str:
        """Model and revision."""
        ...

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers the question, higher is better; only their order means something."""
        ...


class StoredTable(Protocol):
    """A table on disk at one version: read in batches, so that memory does not grow with it."""

    @property
    def digest(self) -> str:
        """The same for the same rows, in whatever order they were written."""
        ...

    @property
    def inputs(self) -> str:
        """What the rows were made from, as their `Change` named it."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Columns as stored."""
        ...

    def __len__(self) -> int: ...

    def batches(
        self, columns: Sequence[str] | None = None, where: tuple[str, Sequence[str]] | None = None
    ) -> Iterator[pa.Table]:
        """Yield the rows, or those whose column (the first of `where`) is among its values, in no order."""
        ...

    def to_table(self) -> pa.Table:
        """Return all rows, sorted by the first column."""
        ...


class LanguageModel(Protocol):
    """Completes conversations, greedily unless it says otherwise."""

    @property
    def name(self) -> str:
        """Model and revision: part of every cache key."""
        ...

    @property
    def packaged(self) -> bool:
        """Whether it is the packaged small model: good enough to choose among sentences, not to write them."""
        ...

    @property
    def context_tokens(self) -> int | None:
        """Tokens that the model reads and writes together; None where nobody says."""
        ...

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        """Return one completion a prompt, in order, without the model's reasoning.

        Calls in the on-disk cache cost nothing; only what is `usable` (unless given: any text) is kept there and taken
        from there. What fails for one prompt is told in its `failure`; ServiceError where the model fails for all.
        """
        ...

    def stream(self, messages: Messages, max_tokens: int, usable: Usable | None = None) -> Iterator[str | Completion]:
        """Yield the pieces of one answer while it is written, without the model's reasoning, and last the completion.

        The cache is as for `complete`. Raises ServiceError where the model fails.
        """
        ...


class GraphStore(Protocol):
    """A knowledge graph that can be searched; one contract suite runs against every implementation."""

    name: str

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make the store equal to `graph`, writing and deleting only what differs; all or nothing for a reader."""
        ...

    def table(self, name: str) -> pa.Table:
        """Return one of GRAPH_TABLES as stored, rows sorted by id, in the schema it was applied with."""
        ...

    def counts(self) -> dict[str, int]:
        """Return the number of rows by table."""
        ...

    def languages(self) -> dict[str, int]:
        """Return the number of chunks by language (its ISO 639-1 code)."""
        ...

    def search_vector(
        self, table: str, vector: np.ndarray, k: int, filters: Filters = EVERYTHING, exact: bool = False
    ) -> list[tuple[str, float]]:
        """Return (id, cosine similarity) of the k nearest rows of chunks, entities or communities, best first.

        Large tables are searched by an approximate index unless `exact`. Filters are for chunks alone, and what
        passes them is never missed for being rare.
        """
        ...

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        """Return (id, score) of the best full-text matches in chunks, entities or communities; any language."""
        ...

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows with these ids in the order of `ids`, without their vectors; unknown ids are left out."""
        ...

    def relations_of(self, entity_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the relations that touch any of these entities, heaviest first, then by id."""
        ...

    def siblings_of(self, parent_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the chunks of these parents without vectors, by document and place; none for the parent ""."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True)
class GraphSchema:
    """What a graph is made of, as a query has to name it, the frequent first.

    `relations` are (type of the source, type, type of the target, how many); `properties` are by label.
    """

    entity_types: tuple[tuple[str, int], ...]
    relations: tuple[tuple[str, str, str, int], ...]
    properties: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class QueryResult:
    """The table that a query came to, values as texts, and of each row the chunks that it stands on.

    `statement` is what ran; `more` says that there were rows beyond those asked for.
    """

    statement: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chunk_ids: tuple[tuple[str, ...], ...]
    more: bool = False


@runtime_checkable
class CypherStore(Protocol):
    """A graph store that answers Cypher, and only such as reads."""

    def graph_schema(self) -> GraphSchema:
        """Return what the stored graph is made of."""
        ...

    def read_cypher(self, statement: str, rows: int, seconds: float) -> QueryResult:
        """Run one statement that only reads; QueryError for any other, one that the server refuses, or a slow one."""
        ...
