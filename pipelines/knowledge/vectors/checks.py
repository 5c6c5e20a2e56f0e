"""What must hold of chunks and vectors before anything is built on them; each returns what is wrong, in words."""

import numpy as np

from pipelines.core.protocols import StoredTable
from pipelines.core.vectors import matrix
from pipelines.knowledge.chunks.checks import _UNIT


def without_vector(embeddings: StoredTable) -> int:
    """Return how many chunks have zeros for a vector: the model refused their texts."""
    return sum(int((~matrix(table).any(axis=1)).sum()) for table in embeddings.batches(["vector"]))


def embedding_faults(embeddings: StoredTable, chunks: StoredTable) -> list[str]:
    """Return a line for each missing, surplus or repeated key, vector that is not of length 1, and second model.

    Zeros stand for a text that the model refused: see `without_vector`.
    """
    wanted = {key for table in chunks.batches(["chunk_id"]) for key in table["chunk_id"].to_pylist()}
    faults: list[str] = []
    keys: list[str] = []
    models: set[str] = set()
    for table in embeddings.batches(["chunk_id", "model", "vector"]):
        norms, names = np.linalg.norm(matrix(table), axis=1), table["chunk_id"].to_pylist()
        wrong = np.flatnonzero(~(np.abs(norms - 1) <= _UNIT) & (norms != 0))
        faults += [f"vector {names[row]}: length {norms[row]:.3f}" for row in wrong]
        keys += names
        models |= set(table["model"].to_pylist())
    missing = [f"chunk {key}: no vector" for key in sorted(wanted - set(keys))]
    missing += [f"vector {key}: no chunk" for key in sorted(set(keys) - wanted)]
    if len(keys) != len(set(keys)):
        missing.append("a chunk has two vectors")
    several = [f"vectors of several models: {', '.join(sorted(models))}"] if len(models) > 1 else []
    return missing + faults + several
