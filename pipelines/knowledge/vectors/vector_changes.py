"""From the table of chunks to the change of their vectors: only texts without a vector of this model are embedded."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from pipelines.core.delta import Change, batched, compare_versions, with_schema
from pipelines.core.embedders import refuse_other_model, stored_model
from pipelines.core.identity import content_id
from pipelines.core.protocols import Embedder, StoredTable
from pipelines.core.schemas import chunk_embeddings
from pipelines.core.vectors import matrix
from pipelines.knowledge.vectors.embedding import vector_table

_LOG = logging.getLogger("graftline")
_CHUNKS_A_BATCH = 4096
_REFUSED = ""
"""The `content` of a row whose text the model refused: its vector is zeros."""


def embedded_texts(chunks: pa.Table) -> list[str]:
    """Return what chunks are embedded as: each its header, where it has one, and its text."""
    pairs = zip(chunks["header"].to_pylist(), chunks["text"].to_pylist(), strict=True)
    return [f"{header}\n{text}" if header else text for header, text in pairs]


def vector_changes(
    chunks: StoredTable, stored: StoredTable | None, embedder: Embedder, reembed: bool = False
) -> Change:
    """Return the change that brings the chunks' vectors up to date. ConfigurationError for another model.

    A text that already has a vector keeps it under whatever chunk it stands now: a renamed file embeds nothing.
    """
    inputs = content_id("vectors", chunks.digest, embedder.name)
    refuse_other_model(stored_model(stored), embedder, reembed)
    usable = with_schema(stored, chunk_embeddings(embedder.dimensions))
    if usable is not None and usable.inputs == inputs and not _has_refused(usable):
        return Change("chunk_id", [], (), inputs, computed={"vectors": 0})
    current = {
        key: content
        for table in chunks.batches(["chunk_id", "header", "text"])
        for key, content in zip(table["chunk_id"].to_pylist(), _contents(table), strict=True)
    }
    previous = {
        row["chunk_id"]: (row["content"], row["model"])
        for table in (usable.batches(["chunk_id", "content", "model"]) if usable is not None else ())
        for row in table.to_pylist()
    }
    delta = compare_versions({key: f"{content} {embedder.name}" for key, content in current.items()},
                    {key: " ".join(pair) for key, pair in previous.items()})  # fmt: skip
    holders = {content: key for key, (content, model) in sorted(previous.items()) if model == embedder.name}
    making = _Making(chunks, stored, embedder, current, holders)
    return Change("chunk_id", sorted(delta.changed + delta.gone), making.tables(delta.todo), inputs,
                  computed=making.computed)  # fmt: skip


class _Making:
    """Vectors in the making, some thousand chunks at a time."""

    def __init__(
        self,
        chunks: StoredTable,
        stored: StoredTable | None,
        embedder: Embedder,
        contents: dict[str, str],
        holders: dict[str, str],
    ) -> None:
        self.chunks, self.stored, self.embedder = chunks, stored, embedder
        self.contents, self.holders = contents, holders
        self.computed = {"vectors": 0}

    def tables(self, keys: Sequence[str]) -> Iterator[pa.Table]:
        """Yield rows of the schema `chunk_embeddings`."""
        if keys:
            _LOG.info("%d chunks without a vector of %s", len(keys), self.embedder.name)
        for part in batched(keys, _CHUNKS_A_BATCH):
            vectors = self._kept({self.contents[key] for key in part})
            vectors |= self._made([key for key in part if self.contents[key] not in vectors])
            yield self._table(part, vectors)

    def _kept(self, contents: set[str]) -> dict[str, np.ndarray]:
        """Return the stored vectors of these texts, by the texts' digests."""
        keys = sorted(self.holders[content] for content in contents if content in self.holders)
        if not keys or self.stored is None:
            return {}
        found: dict[str, np.ndarray] = {}
        for table in self.stored.batches(["content", "vector"], where=("chunk_id", keys)):
            found |= dict(zip(table["content"].to_pylist(), matrix(table), strict=True))
        return found

    def _made(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Embed the texts of these chunks, equal ones once: a page's footer is in every document."""
        texts = {
            content: text
            for table in (self.chunks.batches(["header", "text"], where=("chunk_id", keys)) if keys else ())
            for content, text in zip(_contents(table), embedded_texts(table), strict=True)
        }
        before, contents = self.embedder.computed, sorted(texts)
        if not contents:
            return {}
        made = np.asarray(self.embedder.embed([texts[content] for content in contents]), dtype=np.float32)
        self.computed["vectors"] += self.embedder.computed - before
        return dict(zip(contents, made, strict=True))

    def _table(self, keys: Sequence[str], vectors: dict[str, np.ndarray]) -> pa.Table:
        table = vector_table("chunk_id", {key: vectors[self.contents[key]] for key in keys}, self.embedder)
        # Without its content a row is tried again by the next run.
        contents = [self.contents[key] if vectors[self.contents[key]].any() else _REFUSED for key in keys]
        return table.append_column("content", pa.array(contents, pa.string()))


def _has_refused(stored: StoredTable) -> bool:
    return any(len(table) for table in stored.batches(["chunk_id"], where=("content", [_REFUSED])))


def _contents(table: pa.Table) -> list[str]:
    return [content_id("text", text) for text in embedded_texts(table)]
