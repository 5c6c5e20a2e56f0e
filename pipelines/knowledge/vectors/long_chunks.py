"""Chunks that are longer, as they are embedded, than the model reads: their ends are not in their vectors."""

from pipelines.core.delta import batched
from pipelines.core.protocols import Embedder, StoredTable
from pipelines.knowledge.vectors.vector_changes import embedded_texts

_JOINT = 8
"""Tokens that header and text may have more together than apart: the line's end, and a word begun otherwise."""
_CHUNKS_A_QUERY = 4096


def longer_than_model(chunks: StoredTable, embedder: Embedder) -> int | None:
    """Return how many chunks with their headers have more tokens than the model reads; None where it does not say.

    Counted are only the texts that the stored counts do not settle: by the default budget, none.
    """
    most = embedder.max_tokens
    if most is None:
        return None
    sizes = {
        key: (tokens, header)
        for table in chunks.batches(["chunk_id", "tokens", "header"])
        for key, tokens, header in zip(*(column.to_pylist() for column in table.columns), strict=True)
    }
    # A token stands for a byte at least, so that most headers need not be counted either.
    near = {
        key: (tokens, header)
        for key, (tokens, header) in sizes.items()
        if tokens + len(header.encode()) + _JOINT > most
    }
    headers = sorted({header for _, header in near.values()})
    header_tokens = dict(zip(headers, embedder.count_tokens(headers), strict=True)) if headers else {}
    unsettled = sorted(key for key, (tokens, header) in near.items() if tokens + header_tokens[header] + _JOINT > most)
    return sum(
        tokens > most
        for part in batched(unsettled, _CHUNKS_A_QUERY)
        for table in chunks.batches(["header", "text"], where=("chunk_id", part))
        for tokens in embedder.count_tokens(embedded_texts(table))
    )
