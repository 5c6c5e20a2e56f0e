"""Vectors of an Arrow column as one matrix."""

import numpy as np
import pyarrow as pa


def matrix(table: pa.Table) -> np.ndarray:
    """Return the vectors of an embedding table as float32 of shape (rows, dimensions)."""
    column = table["vector"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(table), column.type.list_size)
