"""What must hold of chunks and vectors before anything is built on them; each returns what is wrong, in words."""

import numpy as np
import pyarrow as pa

from pipelines.knowledge.embedding import matrix

_UNIT = 1e-3


def span_faults(chunks: pa.Table, documents: pa.Table) -> list[str]:
    """Return a line for each chunk that is not the text at its span, repeated id, and document without a chunk."""
    texts = dict(zip(documents["document_id"].to_pylist(), documents["text"].to_pylist(), strict=True))
    faults, seen, covered = [], set(), set()
    for row in chunks.to_pylist():
        place = f"chunk {row['chunk_id']} of {row['path']}"
        if row["document_id"] not in texts:
            faults.append(f"{place}: its document is gone")
        elif texts[row["document_id"]][row["start"] : row["end"]] != row["text"]:
            faults.append(f"{place}: another text stands at {row['start']}-{row['end']}")
        if row["chunk_id"] in seen:
            faults.append(f"{place}: the id is there twice")
        seen.add(row["chunk_id"])
        covered.add(row["document_id"])
    return faults + [f"document {key}: no chunk" for key in sorted(texts.keys() - covered)]


def embedding_faults(embeddings: pa.Table, chunks: pa.Table) -> list[str]:
    """Return a line for each missing, surplus or repeated key, vector that is not of length 1, and second model."""
    keys, wanted = embeddings["chunk_id"].to_pylist(), set(chunks["chunk_id"].to_pylist())
    faults = [f"chunk {key}: no vector" for key in sorted(wanted - set(keys))]
    faults += [f"vector {key}: no chunk" for key in sorted(set(keys) - wanted)]
    if len(keys) != len(set(keys)):
        faults.append("a chunk has two vectors")
    if keys:
        norms = np.linalg.norm(matrix(embeddings), axis=1)
        wrong = np.flatnonzero(~(np.abs(norms - 1) <= _UNIT))
        faults += [f"vector {keys[row]}: length {norms[row]:.3f}" for row in wrong]
    models = sorted(set(embeddings["model"].to_pylist()))
    return faults + ([f"vectors of several models: {', '.join(models)}"] if len(models) > 1 else [])
