"""From chunks to vectors: only texts without a vector of this model are embedded."""

import logging

import numpy as np
import pyarrow as pa

from pipelines.core.delta import Work, compare_versions
from pipelines.core.protocols import Embedder
from pipelines.core.schemas import embeddings
from pipelines.core.vectors import matrix

_LOG = logging.getLogger("graftline")


def embed_chunks(chunks: pa.Table, previous: pa.Table | None, embedder: Embedder) -> tuple[pa.Table, Work]:
    """Return the vectors of the chunks (schema `embeddings("chunk_id", …)`, by chunk id) and what was done.

    A chunk's id stands for its text, so that id and model are the key; the model is not loaded when nothing is new.
    """
    kept = _vectors(previous, embedder)
    texts = dict(zip(chunks["chunk_id"].to_pylist(), chunks["text"].to_pylist(), strict=True))
    models = _models(previous)
    delta = compare_versions(dict.fromkeys(texts, embedder.name), models)
    todo = [key for key in sorted(texts) if key not in kept]
    if todo:
        _LOG.info("embedding %d chunks with %s", len(todo), embedder.name)
        # Equal texts are embedded once: a page's footer is in every document.
        unique = sorted({texts[key] for key in todo})
        made = dict(zip(unique, np.asarray(embedder.embed(unique), dtype=np.float32), strict=True))
        kept |= {key: made[texts[key]] for key in todo}
    return vector_table("chunk_id", {key: kept[key] for key in sorted(texts)}, embedder), Work.of(
        delta, vectors=len(todo)
    )


def vector_table(key: str, vectors: dict[str, np.ndarray], embedder: Embedder) -> pa.Table:
    """Return vectors by key as an embedding table, in the order given."""
    schema = embeddings(key, embedder.dimensions)
    flat = np.concatenate(list(vectors.values())) if vectors else np.zeros(0, dtype=np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), embedder.dimensions)
    return pa.table(
        [pa.array(list(vectors), pa.string()), pa.array([embedder.name] * len(vectors), pa.string()), column],
        schema=schema,
    )


def _models(previous: pa.Table | None) -> dict[str, str]:
    if previous is None:
        return {}
    return dict(zip(previous["chunk_id"].to_pylist(), previous["model"].to_pylist(), strict=True))


def _vectors(previous: pa.Table | None, embedder: Embedder) -> dict[str, np.ndarray]:
    if previous is None or previous["vector"].type.list_size != embedder.dimensions:
        return {}
    rows = zip(_models(previous).items(), matrix(previous), strict=True)
    return {key: vector for (key, model), vector in rows if model == embedder.name and vector.any()}
