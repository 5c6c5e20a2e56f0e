"""The ways to cut a document, by name, and the settings that choose one and its sizes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.errors import ConfigurationError
from pipelines.core.formats import CODE
from pipelines.core.identity import json_digest
from pipelines.knowledge.chunks.code import by_code
from pipelines.knowledge.chunks.pieces import CountTokens, Span, chunk_span, fill_chunks, pieces, pieces_within
from pipelines.knowledge.chunks.semantic import Embed, by_meaning
from pipelines.knowledge.chunks.structure import by_structure
from pipelines.text.sections import marked_headings

Strategy = Literal["sentences", "structure", "code", "semantic", "parent-child"]


class ChunkSettings(BaseModel):
    """How documents are cut; part of every chunk's id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: Strategy = Field(
        default="sentences",
        description="What prose is cut by (GRAFTLINE_CHUNKER); source code is cut by its own structure in all of them.",
    )
    max_tokens: int = Field(
        default=160,
        ge=8,
        description="Most tokens of the embedding model in a chunk (GRAFTLINE_CHUNK_TOKENS); what the model cannot "
        "read whole is counted in the metadata of chunk_embeddings.",
    )
    overlap_sentences: int = Field(
        default=1, ge=0, description="Last sentences of a chunk that start the next one as well, within one section."
    )
    parent_tokens: int = Field(default=640, ge=8, description="parent-child: most tokens of a parent.")
    percentile: float = Field(
        default=95.0, ge=0, le=100, description="semantic: share of neighbouring sentences that are no border."
    )
    headers: bool = Field(
        default=True,
        description="Whether title and section path are put before a chunk's text when it is embedded "
        "(GRAFTLINE_CHUNK_HEADERS).",
    )
    header_tokens: int = Field(default=48, ge=0, description="Most tokens of such a header.")

    @property
    def digest(self) -> str:
        """What a chunk's id depends on: the settings of its strategy; a header is no part of it."""
        used = {"max_tokens": self.max_tokens, "overlap_sentences": self.overlap_sentences}
        if self.strategy != "sentences":
            used |= {"strategy": self.strategy}  # type: ignore[dict-item]
        if self.strategy == "parent-child":
            used |= {"parent_tokens": self.parent_tokens}
        if self.strategy == "semantic":
            used |= {"percentile": self.percentile}  # type: ignore[dict-item]
        return json_digest(used)


def chunk_spans(
    text: str,
    settings: ChunkSettings,
    count_tokens: CountTokens,
    format: str = "markdown",
    embed: Embed | None = None,
) -> list[Span]:
    """Return the chunks of a text: in order, none inside another, together all of it but white space.

    ConfigurationError where the strategy is semantic and nothing embeds.
    """
    if settings.strategy == "parent-child":
        return _children(text, settings, count_tokens, format)
    if format in CODE:
        return by_code(text, format, settings.max_tokens, count_tokens)
    if settings.strategy == "semantic":
        if embed is None:
            raise ConfigurationError(
                "GRAFTLINE_CHUNKER", "semantic without an embedder", "an embedder", "set GRAFTLINE_CHUNKER=structure"
            )
        return by_meaning(text, settings.max_tokens, settings.percentile, count_tokens, embed)
    if settings.strategy == "sentences":
        found = pieces(text, settings.max_tokens, count_tokens)
        return [
            chunk_span(found, *ends) for ends in fill_chunks(found, settings.max_tokens, settings.overlap_sentences)
        ]
    return by_structure(text, settings.max_tokens, settings.overlap_sentences, count_tokens)


def _children(text: str, settings: ChunkSettings, count_tokens: CountTokens, format: str) -> list[Span]:
    """Return the small chunks of large ones, each with its parent's place; no chunk reaches across two parents."""
    most, budget = max(settings.parent_tokens, settings.max_tokens), settings.max_tokens
    is_code = format in CODE
    parents = by_code(text, format, most, count_tokens) if is_code else by_structure(text, most, 0, count_tokens)
    marked = frozenset() if is_code else marked_headings(text)
    children: list[Span] = []
    for parent in parents:
        place = (parent.start, parent.end)
        if is_code:
            inner = by_code(text[parent.start : parent.end], format, budget, count_tokens)
            children += [Span(parent.start + c.start, parent.start + c.end, c.tokens, place) for c in inner]
        else:
            found = pieces_within(text, *place, marked, budget, count_tokens)
            ends = fill_chunks(found, budget, settings.overlap_sentences)
            children += [chunk_span(found, first, last, place) for first, last in ends]
    return children
