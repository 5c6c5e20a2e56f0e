"""Swap: another embedding model, here a LlamaIndex class of our own, named by EMBEDDING_MODEL.

Any sentence-transformers name or folder works as well, and with EMBEDDING_BASE_URL any OpenAI-compatible server.
"""

import hashlib

from small_world import run, small_world

from llama_index.core.base.embeddings.base import BaseEmbedding  # isort: skip


class HashedWords(BaseEmbedding):
    """Each word falls into one of 64 boxes: no model, and enough to see the swap."""

    def _get_text_embedding(self, text: str) -> list[float]:
        boxes = [0.001] * 64
        for word in text.lower().split():
            boxes[hashlib.blake2b(word.encode()).digest()[0] % 64] += 1.0
        return boxes

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


if __name__ == "__main__":
    with small_world(EMBEDDING_MODEL="llamaindex:examples.another_embedder.HashedWords") as root:
        run("documents,chunks,chunk_embeddings")
        from resources.tables.tables import TableStore

        vectors = TableStore(root / "home" / "tables").read("chunk_embeddings")
        print(f"{vectors.num_rows} vectors of {vectors['vector'].type.list_size} numbers by {vectors['model'][0]}")
